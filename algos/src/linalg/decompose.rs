//! Small dense decompositions, always on one thread: their last bits depend on the number of threads.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par, Spec};

use crate::error::{Error, NumericalError};

/// Eigenvalues, *ascending*, and orthonormal eigenvectors of a symmetric matrix, of which the lower triangle is read.
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

/// A thin singular value decomposition `A = P diag(σ) Wᵀ`, `σ` descending.
pub struct Svd {
    /// `P`.
    pub left: Mat<f64>,
    /// `σ`.
    pub values: Vec<f64>,
    /// `W`.
    pub right: Mat<f64>,
}

/// The thin singular value decomposition of `A: m×n`.
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

/// The right singular vectors `W: n×n` of `A: m×n`, `m ≥ n`, in the order of descending singular values.
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

/// The lower triangular `L` with `A = L Lᵀ` for a symmetric `A: n×n`, of which the lower triangle is read. Cost: `n³/3`
/// flops.
pub fn cholesky(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let n = a.nrows();
    let mut l = Mat::from_fn(n, n, |i, j| if i >= j { a[(i, j)] } else { 0.0 });
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default()));
    let stack = MemStack::new(&mut memory);
    cholesky_in_place(l.as_mut(), LltRegularization::default(), Par::Seq, stack, Spec::default())
        .map_err(|LltError::NonPositivePivot { index }| NumericalError::NotPositiveDefinite { index })?;
    for j in 0..n {
        l.col_as_slice_mut(j)[..j].fill(0.0);
    }
    Ok(l)
}

/// The singular values of `A`, descending.
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
/// low-rank factor its summation order, hence every bit, is the same on all processors.
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

/// `‖v‖₂`, scaled so that neither overflow nor underflow touches it.
pub fn norm(v: &[f64]) -> f64 {
    let scale = v.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
    if scale == 0.0 { 0.0 } else { scale * v.iter().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt() }
}
