//! Four factorizations, read off the same iteration.

use faer::{Mat, MatRef};

use super::engine::{Form, OneSided, Progress, Stop, TwoSided, run};
use super::pivot::{Pivots, View};
use super::solver::{BlockSolver, Cholesky, Jacobi};
use crate::error::{Error, NumericalError};
use crate::{Outcome, linalg::norm};

/// `A = V diag(λ) Vᵀ`.
#[derive(Debug, Clone)]
pub struct Eigen {
    /// `λ`, in the order in which the iteration left them.
    pub values: Vec<f64>,
    /// `V: n×n`, orthogonal.
    pub vectors: Mat<f64>,
    /// How far the iteration came.
    pub progress: Progress,
}

/// `A = L diag(d) Lᵀ`.
#[derive(Debug, Clone)]
pub struct Ldl {
    /// `L: n×n`, unit lower triangular.
    pub lower: Mat<f64>,
    /// `d > 0`.
    pub diagonal: Vec<f64>,
    /// How far the iteration came.
    pub progress: Progress,
}

/// `X = U diag(σ) Vᵀ`.
#[derive(Debug, Clone)]
pub struct SingularTriplets {
    /// `U: m×n`; a column of zeros where `σ` is zero.
    pub left: Mat<f64>,
    /// `σ`, in the order in which the iteration left them.
    pub values: Vec<f64>,
    /// `V: n×n`, orthogonal.
    pub right: Mat<f64>,
    /// How far the iteration came.
    pub progress: Progress,
}

/// `X = QR`.
#[derive(Debug, Clone)]
pub struct Qr {
    /// `Q: m×n` with orthonormal columns.
    pub q: Mat<f64>,
    /// `R: n×n`, upper triangular with positive diagonal.
    pub r: Mat<f64>,
    /// How far the iteration came.
    pub progress: Progress,
}

/// Eigendecomposition of a positive definite `A: n×n`: two-sided, with rotations.
///
/// # Errors
///
/// As [`TwoSided::new`] and [`run`].
pub fn eigen(a: MatRef<'_, f64>, pivots: &mut impl Pivots, stop: Stop) -> Result<Outcome<Eigen>, Error> {
    let mut form = TwoSided::new(a)?;
    let done = finish(&mut form, pivots, &mut Jacobi::default(), stop)?;
    let values = (0..form.order()).map(|i| form.entry(i, i)).collect();
    Ok(with(done, |progress| Eigen { values, vectors: form.m, progress }))
}

/// Cholesky factorization of a positive definite `A: n×n`: two-sided, with elimination. `pivots` must return ascending
/// sets.
///
/// # Errors
///
/// As [`TwoSided::new`] and [`run`]; a pivot that is not positive.
pub fn cholesky(a: MatRef<'_, f64>, pivots: &mut impl Pivots, stop: Stop) -> Result<Outcome<Ldl>, Error> {
    let mut form = TwoSided::new(a)?;
    let done = finish(&mut form, pivots, &mut Cholesky::default(), stop).map_err(|e| match e {
        // What is a dependent column of X is a pivot of A = XᵀX.
        Error::Numerical(NumericalError::RankDeficient { column }) => {
            NumericalError::NotPositiveDefinite { index: column }.into()
        }
        other => other,
    })?;
    let diagonal: Vec<f64> = (0..form.order()).map(|i| form.entry(i, i)).collect();
    if let Some(index) = diagonal.iter().position(|d| d.is_nan() || *d <= 0.0) {
        return Err(NumericalError::NotPositiveDefinite { index }.into());
    }
    Ok(with(done, |progress| Ldl { lower: form.m_inv.transpose().to_owned(), diagonal, progress }))
}

/// Singular value decomposition of `X: m×n`, `m ≥ n`: one-sided, with rotations.
///
/// # Errors
///
/// As [`OneSided::new`] and [`run`].
pub fn svd(x: MatRef<'_, f64>, pivots: &mut impl Pivots, stop: Stop) -> Result<Outcome<SingularTriplets>, Error> {
    let mut form = OneSided::new(x)?;
    let done = finish(&mut form, pivots, &mut Jacobi::default(), stop)?;
    let values = normalise(&mut form.x);
    Ok(with(done, |progress| SingularTriplets { left: form.x, values, right: form.m, progress }))
}

/// QR factorization of `X: m×n`, `m ≥ n`, of full rank: one-sided, with elimination. `pivots` must return ascending sets.
///
/// # Errors
///
/// As [`OneSided::new`] and [`run`]; a column that is zero or depends on others.
pub fn qr(x: MatRef<'_, f64>, pivots: &mut impl Pivots, stop: Stop) -> Result<Outcome<Qr>, Error> {
    let mut form = OneSided::new(x)?;
    let done = finish(&mut form, pivots, &mut Cholesky::default(), stop)?;
    let norms = normalise(&mut form.x);
    if let Some(column) = norms.iter().position(|norm| norm.is_nan() || *norm == 0.0) {
        return Err(NumericalError::RankDeficient { column }.into());
    }
    let n = form.order();
    let r = Mat::from_fn(n, n, |i, j| norms[i] * form.m_inv[(i, j)]);
    Ok(with(done, |progress| Qr { q: form.x, r, progress }))
}

fn finish<F: Form>(
    form: &mut F,
    pivots: &mut impl Pivots,
    solver: &mut impl BlockSolver,
    stop: Stop,
) -> Result<Outcome<Progress>, Error> {
    run(form, pivots, solver, stop, |_, _| ())
}

fn with<T>(done: Outcome<Progress>, value: impl FnOnce(Progress) -> T) -> Outcome<T> {
    Outcome { value: value(done.value), status: done.status, effort: done.effort }
}

/// Scales the columns to unit norm, columns of zeros apart; returns the norms.
fn normalise(x: &mut Mat<f64>) -> Vec<f64> {
    let scale = |column: &mut [f64]| {
        let norm = norm(column);
        if norm > 0.0 {
            column.iter_mut().for_each(|x| *x /= norm);
        }
        norm
    };
    (0..x.ncols()).map(|j| scale(x.col_as_slice_mut(j))).collect()
}
