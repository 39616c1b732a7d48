//! Small dense decompositions, always on one thread: their last bits depend on the number of threads.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, evd_real, evd_scratch, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, MatMut, MatRef, Par, Spec};

use super::extreme::maximum;
use super::pivoted_householder;
use crate::error::{Error, NumericalError};

/// Eigenvalues, *ascending*, and orthonormal eigenvectors of a symmetric matrix, of which the lower triangle is read.
/// `O(n³)`.
///
/// # Errors
///
/// An iteration that does not converge, as on input that is not finite.
pub fn symmetric_eigen(a: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), Error> {
    let n = a.nrows();
    let mut values = Diag::zeros(n);
    let mut vectors = Mat::zeros(n, n);
    let mut memory =
        MemBuffer::new(self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default()));
    self_adjoint_evd(a, values.as_mut(), Some(vectors.as_mut()), Par::Seq, MemStack::new(&mut memory), Spec::default())
        .map_err(|_| NumericalError::Factorization { what: "symmetric eigendecomposition" })?;
    Ok((values.column_vector().iter().copied().collect(), vectors))
}

/// Eigenvectors of a real matrix whose eigenvalues are real up to rounding, as columns; of a complex pair the real and the
/// imaginary part. `O(n³)`.
///
/// # Errors
///
/// As [`symmetric_eigen`].
pub fn real_eigenvectors(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let n = a.nrows();
    let (mut re, mut im) = (Diag::zeros(n), Diag::zeros(n));
    let mut vectors = Mat::zeros(n, n);
    let (no, yes) = (ComputeEigenvectors::No, ComputeEigenvectors::Yes);
    let mut memory = MemBuffer::new(evd_scratch::<f64>(n, no, yes, Par::Seq, Spec::default()));
    let stack = MemStack::new(&mut memory);
    evd_real(a, re.as_mut(), im.as_mut(), None, Some(vectors.as_mut()), Par::Seq, stack, Spec::default())
        .map_err(|_| NumericalError::Factorization { what: "eigendecomposition" })?;
    Ok(vectors)
}

/// A thin singular value decomposition `A = P diag(σ) Wᵀ`, `σ` descending.
pub struct Svd {
    /// `P`.
    pub left: Mat<f64>,
    /// `σ`.
    pub values: Vec<f64>,
    /// `W`.
    pub right: Mat<f64>,
}

/// The thin singular value decomposition of `A: m×n`, in `O(mn·min(m, n))`.
///
/// # Errors
///
/// As [`symmetric_eigen`].
pub fn thin_svd(a: MatRef<'_, f64>) -> Result<Svd, Error> {
    let (m, n) = a.shape();
    let k = m.min(n);
    let mut values = Diag::zeros(k);
    let mut left = Mat::zeros(m, k);
    let mut right = Mat::zeros(n, k);
    let thin = ComputeSvdVectors::Thin;
    let mut memory = MemBuffer::new(svd_scratch::<f64>(m, n, thin, thin, Par::Seq, Spec::default()));
    svd(
        a,
        values.as_mut(),
        Some(left.as_mut()),
        Some(right.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .map_err(|_| NumericalError::Factorization { what: "singular value decomposition" })?;
    Ok(Svd { left, values: values.column_vector().iter().copied().collect(), right })
}

/// The right singular vectors `W: n×n` of `A: m×n`, `m ≥ n`, in the order of descending singular values, in `O(mn²)`.
///
/// # Errors
///
/// As [`symmetric_eigen`].
pub fn right_singular_vectors(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let (m, n) = a.shape();
    let mut values = Diag::zeros(m.min(n));
    let mut right = Mat::zeros(n, n);
    let (no, full) = (ComputeSvdVectors::No, ComputeSvdVectors::Full);
    let mut memory = MemBuffer::new(svd_scratch::<f64>(m, n, no, full, Par::Seq, Spec::default()));
    let stack = MemStack::new(&mut memory);
    svd(a, values.as_mut(), None, Some(right.as_mut()), Par::Seq, stack, Spec::default())
        .map_err(|_| NumericalError::Factorization { what: "singular value decomposition" })?;
    Ok(right)
}

/// The singular values of `A: m×n`, descending, in `O(mn·min(m, n))`.
///
/// # Errors
///
/// As [`symmetric_eigen`].
pub fn singular_values(a: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
    let (m, n) = a.shape();
    let mut values = Diag::zeros(m.min(n));
    let no = ComputeSvdVectors::No;
    let mut memory = MemBuffer::new(svd_scratch::<f64>(m, n, no, no, Par::Seq, Spec::default()));
    svd(a, values.as_mut(), None, None, Par::Seq, MemStack::new(&mut memory), Spec::default())
        .map_err(|_| NumericalError::Factorization { what: "singular value decomposition" })?;
    Ok(values.column_vector().iter().copied().collect())
}

/// The orthonormal factor `Q: d×k` of a QR factorization `A = QR` with positive diagonal, for `A` of full column rank.
///
/// Gram–Schmidt with every projection done twice: as orthogonal as Householder's method, and for the few columns of a
/// low-rank factor its summation order, hence every bit, is the same on all processors. `4dk²` flops.
///
/// # Errors
///
/// A column that depends on those before it, to `1e-14` of its norm.
pub fn orthonormal_basis(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let mut q = a.to_owned();
    for j in 0..q.ncols() {
        let before = norm(q.col_as_slice(j));
        for _ in 0..2 {
            for k in 0..j {
                let along: f64 = q.col_as_slice(k).iter().zip(q.col_as_slice(j)).map(|(p, v)| p * v).sum();
                for i in 0..q.nrows() {
                    let part = along * q[(i, k)];
                    q[(i, j)] -= part;
                }
            }
        }
        let after = norm(q.col_as_slice(j));
        if after <= 1e-14 * before || after.is_nan() {
            return Err(NumericalError::Factorization { what: "QR factorization of a rank-deficient matrix" }.into());
        }
        for entry in q.col_as_slice_mut(j) {
            *entry /= after;
        }
    }
    Ok(q)
}

/// `‖v‖₂`, scaled so that neither overflow nor underflow touches it. NaN if an entry is, else infinite if one is.
pub fn norm(v: &[f64]) -> f64 {
    let scale = maximum(std::iter::once(0.0).chain(v.iter().map(|x| x.abs())));
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * v.iter().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt()
}

/// `⟨a, b⟩` in eight interleaved partial sums, which the compiler can keep in vector registers.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..8 {
            lanes[l] += a[l] * b[l];
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// `Σ v_j²`, as [`dot`].
pub(crate) fn sum_of_squares(v: &[f64]) -> f64 {
    dot(v, v)
}

/// The power of two at or below the largest modulus of a vector, or 1 where that is no normal number: dividing by it is
/// exact and brings the largest entry near 1.
pub(crate) fn power_of_two_scale(v: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (chunks, rest) = v.as_chunks::<8>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = if x.abs() > *lane { x.abs() } else { *lane };
        }
    }
    let largest = lanes.iter().chain(rest).fold(0.0, |l: f64, x| l.max(x.abs()));
    if largest.is_normal() { f64::from_bits(largest.to_bits() & (0x7FF << 52)) } else { 1.0 }
}

/// The exponent of the power of two at or below the largest modulus; 0 where squares and products of such numbers are
/// well inside the range of doubles, and for what is zero or not finite.
pub(crate) fn exponent(largest: f64) -> i32 {
    let ordinary = largest == 0.0 || !largest.is_finite() || (1e-100..=1e100).contains(&largest);
    if ordinary { 0 } else { largest.log2().floor() as i32 }
}

/// Two powers of two whose product is `2^e`, each in range. For `|e| > 2000` that of 2000, which is as far out of it.
pub(crate) fn halves(e: i32) -> [f64; 2] {
    let e = e.clamp(-2000, 2000);
    [e / 2, e - e / 2].map(|e| f64::powi(2.0, e))
}

/// The triangular factor `R: min(m,n)×n` of a Householder QR factorization `A = QR`; signs of rows are arbitrary.
pub fn triangular_factor(a: MatRef<'_, f64>) -> Mat<f64> {
    let (m, n) = a.shape();
    let size = m.min(n);
    let mut h = a.to_owned();
    let block = recommended_block_size::<f64>(m, n);
    let mut coefficients = Mat::zeros(block, size);
    let mut memory = MemBuffer::new(qr_in_place_scratch::<f64>(m, n, block, Par::Seq, Spec::default()));
    qr_in_place(h.as_mut(), coefficients.as_mut(), Par::Seq, MemStack::new(&mut memory), Spec::default());
    Mat::from_fn(size, n, |i, j| if i <= j { h[(i, j)] } else { 0.0 })
}

/// The lower triangular `L` with `A = L Lᵀ`, of which the lower triangle is read; `None` when a pivot is not above
/// `tolerance` times the largest diagonal entry.
pub fn cholesky(a: MatRef<'_, f64>, tolerance: f64) -> Option<Mat<f64>> {
    let n = a.nrows();
    let largest = (0..n).map(|i| a[(i, i)]).fold(0.0, f64::max);
    let mut l = Mat::<f64>::zeros(n, n);
    for j in 0..n {
        let mut column: Vec<f64> = (j..n).map(|i| a[(i, j)]).collect();
        for k in 0..j {
            let (factor, done) = (l[(j, k)], l.col_as_slice(k));
            column.iter_mut().zip(&done[j..]).for_each(|(c, x)| *c -= factor * x);
        }
        if column[0].is_nan() || column[0] <= tolerance * largest {
            return None;
        }
        let root = column[0].sqrt();
        l.col_as_slice_mut(j)[j..].iter_mut().zip(&column).for_each(|(x, c)| *x = c / root);
    }
    Some(l)
}

/// `B ← L⁻¹ B` for a lower triangular `L`.
///
/// # Panics
/// If the shapes do not fit.
pub fn solve_lower(l: MatRef<'_, f64>, b: MatMut<'_, f64>) {
    solve_lower_triangular_in_place(l, b, Par::Seq);
}

/// The solution of least norm of `min ‖A x − b‖₂`, for any shape and rank of `A: m×n`.
///
/// By Householder QR with column pivoting, of `Aᵀ` if `m < n`; where its triangular factor shows a rank deficiency (a
/// diagonal entry below `1e-12` of the first), by the singular value decomposition with the same tolerance. Cost:
/// `O(mn·min(m,n))`.
///
/// # Errors
///
/// A decomposition that does not converge; a solution that overflows.
///
/// # Panics
/// If `b` has another length than the columns of `A`.
pub fn least_squares(a: MatRef<'_, f64>, b: &[f64]) -> Result<Vec<f64>, Error> {
    assert_eq!(a.nrows(), b.len(), "one right-hand side");
    let (of_a, of_b) = (exponent(a.norm_max()), exponent(maximum(b.iter().map(|b| b.abs()))));
    if (of_a, of_b) == (0, 0) {
        return ordinary_least_squares(a, b);
    }
    // Powers of two bring both sides to order one, so that no product leaves the range, and change no digit.
    let times = |[p, q]: [f64; 2], x: f64| q * (p * x);
    let scaled = Mat::from_fn(a.nrows(), a.ncols(), |i, j| times(halves(-of_a), a[(i, j)]));
    let right: Vec<f64> = b.iter().map(|&b| times(halves(-of_b), b)).collect();
    let mut x = ordinary_least_squares(scaled.as_ref(), &right)?;
    x.iter_mut().for_each(|x| *x = times(halves(of_b - of_a), *x));
    if x.iter().all(|x| x.is_finite()) { Ok(x) } else { Err(NumericalError::Overflow { what: "the solution" }.into()) }
}

/// The same where no product leaves the range.
fn ordinary_least_squares(a: MatRef<'_, f64>, b: &[f64]) -> Result<Vec<f64>, Error> {
    const RANK: f64 = 1e-12;
    let (m, n) = a.shape();
    let solution = if m >= n { pivoted_qr_solve(a, b, RANK) } else { least_norm(a, b, RANK) };
    if let Some(x) = solution {
        return Ok(x);
    }
    let Svd { left, values, right } = thin_svd(a)?;
    let mut x = vec![0.0; n];
    for (j, &sigma) in values.iter().enumerate().filter(|(_, sigma)| **sigma > RANK * values[0]) {
        let along = left.col_as_slice(j).iter().zip(b).map(|(u, b)| u * b).sum::<f64>() / sigma;
        x.iter_mut().zip(right.col_as_slice(j)).for_each(|(x, v)| *x += along * v);
    }
    Ok(x)
}

/// The solution of least norm `Q R⁻ᵀ Pᵀ b` of `A x = b` for `Aᵀ P = Q R`; `None` when the numerical rank is not full.
fn least_norm(a: MatRef<'_, f64>, b: &[f64], tolerance: f64) -> Option<Vec<f64>> {
    let (qr, order) = pivoted_householder(a.transpose());
    let r = qr.r();
    let mut z = Mat::<f64>::zeros(b.len(), 1);
    for j in 0..b.len() {
        let pivot = r[(j, j)];
        if pivot.is_nan() || pivot == 0.0 || pivot.abs() <= tolerance * r[(0, 0)].abs() && j > 0 {
            return None;
        }
        let known: f64 = (0..j).map(|c| r[(c, j)] * z[(c, 0)]).sum();
        z[(j, 0)] = (b[order[j]] - known) / pivot;
    }
    Some(qr.embed(z.as_ref()).col_as_slice(0).to_vec())
}

/// Least squares by Householder reflections with column pivoting; `None` when the numerical rank is not full.
fn pivoted_qr_solve(a: MatRef<'_, f64>, b: &[f64], tolerance: f64) -> Option<Vec<f64>> {
    let (m, n) = a.shape();
    let (mut h, mut y) = (a.to_owned(), b.to_vec());
    let mut order: Vec<usize> = (0..n).collect();
    let mut diagonal: Vec<f64> = vec![0.0; n];
    for j in 0..n {
        let lengths: Vec<f64> = (j..n).map(|c| norm(&h.col_as_slice(c)[j..])).collect();
        let (at, &length) = lengths.iter().enumerate().max_by(|p, q| p.1.total_cmp(q.1))?;
        if length.is_nan() || length == 0.0 || (j > 0 && length <= tolerance * diagonal[0].abs()) {
            return None;
        }
        if at > 0 {
            for i in 0..m {
                let (x, y) = (h[(i, j)], h[(i, j + at)]);
                h[(i, j)] = y;
                h[(i, j + at)] = x;
            }
            order.swap(j, j + at);
        }
        // The reflection I − v vᵀ/β that maps the column to a multiple of the first unit vector.
        let mut v = h.col_as_slice(j)[j..].to_vec();
        diagonal[j] = -length.copysign(v[0]);
        v[0] -= diagonal[j];
        let beta = -diagonal[j] * v[0];
        let reflect = |x: &mut [f64]| {
            let along = dot(&v, x) / beta;
            x.iter_mut().zip(&v).for_each(|(x, v)| *x -= along * v);
        };
        for c in j + 1..n {
            reflect(&mut h.col_as_slice_mut(c)[j..]);
        }
        reflect(&mut y[j..]);
    }
    let mut x = vec![0.0; n];
    for j in (0..n).rev() {
        let rest: f64 = (j + 1..n).map(|c| h[(j, c)] * x[order[c]]).sum();
        x[order[j]] = (y[j] - rest) / diagonal[j];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::norm;

    #[test]
    fn norms_at_the_ends_of_the_range() {
        assert_eq!((norm(&[]), norm(&[0.0, -0.0]), norm(&[3.0, -4.0])), (0.0, 0.0, 5.0));
        assert_eq!((norm(&[3e300, 4e300]), norm(&[3e-320, 4e-320])), (5e300, 5e-320));
        for at in 0..3 {
            let mut v = [1.0, 2.0, 3.0];
            v[at] = f64::NEG_INFINITY;
            assert_eq!(norm(&v), f64::INFINITY);
            v[at] = f64::NAN;
            assert!(norm(&v).is_nan());
        }
    }
}
