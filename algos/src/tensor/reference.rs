//! The subspace power method as Kileel & Pereira have it, for reading and auditing.
//!
//! Algorithm 1 of arXiv:1912.04007, in our words, for `T` of order `m` with `n = ⌈m/2⌉`; details from the authors' code:
//!
//! ```text
//! 1  flatten T to a d^n × d^{m−n} matrix
//! 2  orthonormal bases V (and, for odd m, U) of its column and row space, and the inverse core D₁ = D^{−ᵀ} of
//!    mat(T) = V D Uᵀ, by an eigendecomposition sorted by magnitude or a singular value decomposition
//! 3  R ← the number of eigenvalues above the threshold
//! 4  for k = R … 1
//! 5     x ← maximise F(x) = ‖Vᵀx^{⊗n}‖² on the sphere by the shifted power method, until F ≈ 1
//! 6     even m:  y = D₁ Vᵀx^{⊗n},                      λ = 1/(x^{⊗n}ᵀ V y)
//!       odd m:   y_U = D₁ Uᵀx^{⊗n−1},  y_V = D₁ᵀ Vᵀx^{⊗n},  λ = 1/(x^{⊗n}ᵀ V y_U)
//! 7     rotate V so that its last column is along y (y_U), U likewise (y_V), D₁ with them; drop the last columns
//! 8  return all x, λ
//! ```
//!
//! Line 7 is exact: `D − λ α_V α_Uᵀ` is singular just for this `λ`, with null vectors `y_V` on the right and `y_U` on the
//! left; compressing `D₁` to their complements inverts what is left. For generic components the two must not change places.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::driver::{
    Model, Parts, Weight, enter, one_by_one, rank, reciprocal, reflect_core, reflection, times, transposed_times,
};
use super::flattening::Flattening;
use super::monomials::Monomials;
use super::options::Options;
use super::outcome::Decomposition;
use super::power::Ascent;
use super::short::{combine, dots};
use super::symmetric::SymmetricTensor;
use crate::linalg::{Svd, symmetric_eigen, thin_svd};
use crate::{Error, Outcome};

/// The subspace power method with full, unpacked bases.
///
/// Cost: `9N³` flops for the decomposition of the `N×N` flattening, `2d^n k` for each power step and `4d^n k` for each
/// deflation with `k` components left. Memory: `8 d^n R` bytes beside the flattening.
///
/// # Errors
///
/// As [`decompose`](super::decompose).
pub fn spm(tensor: &SymmetricTensor, options: &Options) -> Result<Outcome<Decomposition>, Error> {
    enter(tensor, options, |tensor, options| {
        let (mut model, spectrum, extraction_flops) = Full::extract(tensor, options)?; // lines 1 to 3
        let mut parts = Parts { spectrum, ..Parts::default() };
        parts.phases.extraction_flops = extraction_flops;
        one_by_one(&mut model, options, &mut parts)?; // lines 4 to 8
        Ok(parts)
    })
}

/// Bases of the column and row space, and the inverse core.
#[derive(Debug, Clone)]
pub struct Full {
    d: usize,
    n: usize,
    /// `V: d^n×k`.
    v: Columns,
    /// `U: d^{n−1}×k`, for odd orders.
    u: Option<Columns>,
    /// `D₁ = D^{−ᵀ}: k×k`.
    core: Mat<f64>,
}

/// Contiguous columns, so that their entries can be seen as another matrix.
#[derive(Debug, Clone)]
struct Columns {
    rows: usize,
    entries: Vec<f64>,
}

impl Columns {
    fn count(&self) -> usize {
        self.entries.len() / self.rows
    }

    /// The entries as a matrix with this number of rows.
    fn seen_as(&self, rows: usize) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.entries, rows, self.entries.len() / rows)
    }

    /// `Vᵀ w`.
    fn transposed_times(&self, w: &[f64]) -> Vec<f64> {
        gemv(self.seen_as(self.rows).transpose(), w)
    }

    /// `V ← V(I − hhᵀ)` without its last column.
    fn rotate(&mut self, h: &[f64]) {
        let along = gemv(self.seen_as(self.rows), h);
        for (column, h) in self.entries.chunks_exact_mut(self.rows).zip(h) {
            column.iter_mut().zip(&along).for_each(|(v, a)| *v -= a * h);
        }
        self.entries.truncate(self.entries.len() - self.rows);
    }
}

/// `A w`.
fn gemv(a: MatRef<'_, f64>, w: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.nrows()];
    let to = MatMut::from_column_major_slice_mut(&mut out, a.nrows(), 1);
    matmul(to, Accum::Replace, a, MatRef::from_column_major_slice(w, w.len(), 1), 1.0, Par::Seq);
    out
}

/// How a component is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// By a rotation of each basis to its own null vector.
    Rotation,
    /// The last column is dropped without a rotation. A negative control.
    Drop,
    /// For odd orders the two rotations change places. A negative control.
    Swapped,
}

impl Full {
    /// Lines 1 to 3. Returns also the absolute spectrum, descending, and the flops counted.
    ///
    /// # Errors
    ///
    /// As [`decompose`](super::decompose).
    pub fn extract(tensor: &SymmetricTensor, options: &Options) -> Result<(Self, Vec<f64>, u64), Error> {
        let (m, d) = (tensor.order(), tensor.dimension());
        let n = m.div_ceil(2);
        let flattening = tensor.flatten(n)?; // line 1, in packed coordinates
        let (left, right, signed, flops) = factor(&flattening, m)?; // line 2
        let spectrum: Vec<f64> = signed.iter().map(|s| s.abs()).collect();
        let rank = rank(&spectrum, options)?; // line 3
        let v = expand(&flattening.rows, left.as_ref().subcols(0, rank));
        let u = right.map(|right| expand(&flattening.columns, right.as_ref().subcols(0, rank)));
        let core = Mat::from_fn(rank, rank, |i, j| if i == j { 1.0 / signed[i] } else { 0.0 });
        Ok((Self { d, n, v, u, core }, spectrum, flops))
    }

    /// `V`, orthonormal columns.
    pub fn basis(&self) -> MatRef<'_, f64> {
        self.v.seen_as(self.v.rows)
    }

    /// The flattened power `x^{⊗n}` and its coordinates `Vᵀx^{⊗n}`.
    pub fn coordinates(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let power = power(x, self.n);
        let alpha = self.v.transposed_times(&power);
        (power, alpha)
    }

    /// Line 6: the weight of a component, and the null vectors of what is left without it.
    ///
    /// # Errors
    ///
    /// [`NumericalError::Deflation`](crate::NumericalError::Deflation): the point is not in the column space.
    pub fn weight_of(&mut self, x: &[f64]) -> Result<Weight, Error> {
        self.weight(x, 0)
    }

    /// Line 7. Cost: `4d^n k` flops.
    pub fn remove(&mut self, weight: &Weight, removal: Removal) {
        let k = self.core.nrows();
        let right = weight.right.as_ref().unwrap_or(&weight.left);
        let (g, h) = match removal {
            Removal::Rotation => (reflection(&weight.left), reflection(right)),
            Removal::Swapped => (reflection(right), reflection(&weight.left)),
            Removal::Drop => (vec![0.0; k], vec![0.0; k]),
        };
        self.v.rotate(&g);
        if let Some(u) = &mut self.u {
            u.rotate(&h);
        }
        self.core = reflect_core(&self.core, &g, &h);
    }
}

impl Ascent for Full {
    fn dimension(&self) -> usize {
        self.d
    }

    fn degree(&self) -> usize {
        self.n
    }

    fn evaluate(&mut self, x: &[f64], y: &mut [f64]) -> f64 {
        // C: d×k, V contracted n−1 times with x.
        let c = dots(&self.v.entries, &power(x, self.n - 1));
        let z = dots(&c, x); // z = Cᵀx
        combine(&c, &z, y); // y = Cz
        x.iter().zip(&*y).map(|(x, y)| x * y).sum::<f64>().clamp(0.0, 1.0) // f = xᵀy
    }

    fn flops(&self) -> u64 {
        let (d, k) = (self.d as u64, self.v.count() as u64);
        2 * self.v.rows as u64 * k + 4 * d * k
    }
}

impl Model for Full {
    fn width(&self) -> usize {
        self.core.nrows()
    }

    fn weight(&mut self, x: &[f64], component: usize) -> Result<Weight, Error> {
        let alpha = self.v.transposed_times(&power(x, self.n));
        match &self.u {
            None => {
                let y = times(&self.core, &alpha);
                Ok(Weight { lambda: reciprocal(&alpha, &y, component)?, left: y, right: None })
            }
            Some(u) => {
                let alpha_u = u.transposed_times(&power(x, self.n - 1));
                let y_u = times(&self.core, &alpha_u);
                let y_v = transposed_times(&self.core, &alpha);
                Ok(Weight { lambda: reciprocal(&alpha, &y_u, component)?, left: y_u, right: Some(y_v) })
            }
        }
    }

    fn deflate(&mut self, weight: &Weight) {
        self.remove(weight, Removal::Rotation);
    }

    fn deflation_flops(&self) -> u64 {
        let (k, u) = (self.core.nrows() as u64, self.u.as_ref().map_or(0, |u| u.rows));
        6 * (self.v.rows + u) as u64 * k + 12 * k * k
    }
}

/// Line 2: left and (for odd orders) right singular vectors, signed eigenvalues or singular values by descending
/// magnitude, and flops.
pub(super) type Factors = (Mat<f64>, Option<Mat<f64>>, Vec<f64>, u64);

/// Line 2 in packed coordinates.
pub(super) fn factor(flattening: &Flattening, m: usize) -> Result<Factors, Error> {
    let s = flattening.matrix.as_ref();
    let (rows, columns) = (s.nrows() as u64, s.ncols() as u64);
    if m % 2 == 1 {
        let Svd { left, values, right } = thin_svd(s)?;
        return Ok((left, Some(right), values, 4 * rows * columns * columns + 9 * columns.pow(3)));
    }
    let (values, vectors) = symmetric_eigen(s)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
    let mut sorted = Mat::zeros(vectors.nrows(), vectors.ncols());
    for (to, &from) in order.iter().enumerate() {
        sorted.col_as_slice_mut(to).copy_from_slice(vectors.col_as_slice(from));
    }
    Ok((sorted, None, order.iter().map(|&i| values[i]).collect(), 9 * rows.pow(3)))
}

/// From weighted packed coordinates to all `d^n` entries: columns stay orthonormal.
fn expand(monomials: &Monomials, packed: MatRef<'_, f64>) -> Columns {
    let (d, n) = (monomials.dimension(), monomials.degree());
    let multiplicities = monomials.multiplicities();
    let rows = d.pow(n as u32);
    let mut places = Vec::with_capacity(rows);
    let mut index = vec![0; n];
    for row in 0..rows {
        let mut rest = row;
        for i in &mut index {
            *i = rest % d;
            rest /= d;
        }
        index.sort_unstable();
        let p = monomials.position(&index);
        places.push((p, 1.0 / multiplicities[p].sqrt()));
    }
    let entries =
        packed.col_iter().flat_map(|column| places.iter().map(move |&(p, scale)| scale * column[p])).collect();
    Columns { rows, entries }
}

/// `x^{⊗n}`, the first index fastest.
fn power(x: &[f64], n: usize) -> Vec<f64> {
    (0..n).fold(vec![1.0], |below, _| x.iter().flat_map(|x| below.iter().map(move |b| b * x)).collect())
}
