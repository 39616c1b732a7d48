//! QR factorizations whose orthogonal factor is kept as a product of reflectors.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
    apply_block_householder_sequence_on_the_right_in_place_scratch as apply_right_scratch,
    apply_block_householder_sequence_on_the_right_in_place_with_conj as apply_right,
    apply_block_householder_sequence_transpose_on_the_left_in_place_scratch as apply_transposed_scratch,
    apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj as apply_transposed,
};
use faer::linalg::qr::{col_pivoting::factor as pivoted, no_pivoting::factor as plain};
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use faer::{Conj, Mat, MatMut, MatRef, Par, Spec};

use crate::error::NumericalError;

/// `A = Q R` for `A: m×n`, `m ≥ n`; the signs of the diagonal of `R` are arbitrary.
#[derive(Debug, Clone)]
pub struct Reflectors {
    /// `R` above the reflectors.
    packed: Mat<f64>,
    coefficients: Mat<f64>,
}

/// Householder's QR factorization of `A: m×n`, `m ≥ n`. Cost: `2mn² − ⅔n³` flops.
///
/// # Panics
/// If `m < n`.
pub fn householder(a: MatRef<'_, f64>) -> Reflectors {
    let (m, n) = a.shape();
    assert!(m >= n, "at least as many rows as columns");
    let mut packed = a.to_owned();
    let mut coefficients = Mat::zeros(plain::recommended_block_size::<f64>(m, n), n);
    let size = coefficients.nrows();
    let mut memory = MemBuffer::new(plain::qr_in_place_scratch::<f64>(m, n, size, Par::Seq, Spec::default()));
    plain::qr_in_place(packed.as_mut(), coefficients.as_mut(), Par::Seq, MemStack::new(&mut memory), Spec::default());
    Reflectors { packed, coefficients }
}

/// The same with column pivoting: column `j` of `Q R` is column `order[j]` of `A`, and the rows of `R` have decreasing
/// size.
///
/// # Panics
/// If `m < n`.
pub fn pivoted_householder(a: MatRef<'_, f64>) -> (Reflectors, Vec<usize>) {
    let (m, n) = a.shape();
    assert!(m >= n, "at least as many rows as columns");
    let mut packed = a.to_owned();
    let mut coefficients = Mat::zeros(pivoted::recommended_block_size::<f64>(m, n), n);
    let size = coefficients.nrows();
    let (mut order, mut inverse) = (vec![0usize; n], vec![0usize; n]);
    let mut memory = MemBuffer::new(pivoted::qr_in_place_scratch::<usize, f64>(m, n, size, Par::Seq, Spec::default()));
    pivoted::qr_in_place(
        packed.as_mut(),
        coefficients.as_mut(),
        &mut order,
        &mut inverse,
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    );
    (Reflectors { packed, coefficients }, order)
}

/// `A⁻¹ B` for `A: n×n`, by Householder QR. Cost: `4n³/3 + 3n²k` flops for `B: n×k`.
///
/// # Errors
///
/// [`NumericalError::RankDeficient`]: a diagonal entry of `R` below `1e-14` of the largest.
///
/// # Panics
/// If the shapes do not fit.
pub fn solve(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<Mat<f64>, NumericalError> {
    let qr = householder(a);
    let r = qr.r();
    let largest = (0..r.ncols()).map(|j| r[(j, j)].abs()).fold(0.0, f64::max);
    if let Some(column) = (0..r.ncols()).find(|&j| r[(j, j)].abs() <= 1e-14 * largest) {
        return Err(NumericalError::RankDeficient { column });
    }
    let mut x = b.to_owned();
    qr.apply_transposed(x.as_mut());
    solve_upper_triangular_in_place(r.as_ref(), x.as_mut(), Par::Seq);
    Ok(x)
}

impl Reflectors {
    /// `R: n×n`.
    pub fn r(&self) -> Mat<f64> {
        let n = self.packed.ncols();
        Mat::from_fn(n, n, |i, j| if i <= j { self.packed[(i, j)] } else { 0.0 })
    }

    /// `B ← Q B` for `B: m×k`, with all of the `m×m` matrix `Q`. Cost: `4mnk − 2n²k` flops.
    ///
    /// # Panics
    /// If `B` has not `m` rows.
    pub fn apply(&self, b: MatMut<'_, f64>) {
        let size = self.coefficients.nrows();
        let mut memory = MemBuffer::new(apply_scratch::<f64>(self.packed.nrows(), size, b.ncols()));
        let stack = MemStack::new(&mut memory);
        apply(self.packed.as_ref(), self.coefficients.as_ref(), Conj::No, b, Par::Seq, stack);
    }

    /// `B ← Qᵀ B` for `B: m×k`. Cost: `4mnk − 2n²k` flops.
    ///
    /// # Panics
    /// If `B` has not `m` rows.
    pub fn apply_transposed(&self, b: MatMut<'_, f64>) {
        let size = self.coefficients.nrows();
        let mut memory = MemBuffer::new(apply_transposed_scratch::<f64>(self.packed.nrows(), size, b.ncols()));
        let stack = MemStack::new(&mut memory);
        apply_transposed(self.packed.as_ref(), self.coefficients.as_ref(), Conj::No, b, Par::Seq, stack);
    }

    /// `B ← B Q` for `B: k×m`. Cost: `4mnk − 2n²k` flops.
    ///
    /// # Panics
    /// If `B` has not `m` columns.
    pub fn apply_right(&self, b: MatMut<'_, f64>) {
        let size = self.coefficients.nrows();
        let mut memory = MemBuffer::new(apply_right_scratch::<f64>(self.packed.nrows(), size, b.nrows()));
        let stack = MemStack::new(&mut memory);
        apply_right(self.packed.as_ref(), self.coefficients.as_ref(), Conj::No, b, Par::Seq, stack);
    }

    /// `Q [B; 0]: m×k` for `B: n×k`.
    pub fn embed(&self, b: MatRef<'_, f64>) -> Mat<f64> {
        let mut image = Mat::zeros(self.packed.nrows(), b.ncols());
        image.as_mut().subrows_mut(0, b.nrows()).copy_from(b);
        self.apply(image.as_mut());
        image
    }
}
