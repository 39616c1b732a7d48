//! How good a factor is, measured against the truth.

use faer::{Accum, Mat, MatRef, Par, linalg::matmul::matmul};

use super::instance::Truth;
use super::observe::{Iterate, Observe};
use super::symmetric::{frobenius, packed_len, smat};
use super::{Measurements, problem::observations};
use crate::error::{Error, NumericalError, Size, argument, shape};
use crate::linalg::{orthonormal_basis, singular_values, thin_svd};

/// Measures `‖U Uᵀ − X*‖_F` of many factors without allocating.
#[derive(Debug, Clone)]
pub struct ErrorMeter {
    truth: Mat<f64>,
    norm: f64,
    work: Mat<f64>,
}

impl ErrorMeter {
    /// Forms `X*`.
    pub fn new(truth: &Truth) -> Self {
        let u = truth.factor();
        let mut x = Mat::zeros(u.nrows(), u.nrows());
        matmul(x.as_mut(), Accum::Replace, u, u.transpose(), 1.0, Par::Seq);
        Self { norm: truth.norm(), work: Mat::zeros(u.nrows(), u.nrows()), truth: x }
    }

    /// `err = ‖U Uᵀ − X*‖_F` for `U: d×k`. Cost: `2d²k + 3d²` flops.
    ///
    /// # Errors
    ///
    /// `U` with another number of rows than `d`.
    pub fn error(&mut self, u: MatRef<'_, f64>) -> Result<f64, Error> {
        shape("factor", Size::Matrix(self.truth.nrows(), u.ncols()), Size::Matrix(u.nrows(), u.ncols()))?;
        Ok(self.distance(u))
    }

    /// `rerr = ‖U Uᵀ − X*‖_F/‖X*‖_F`.
    ///
    /// # Errors
    ///
    /// `U` with another number of rows than `d`.
    pub fn relative(&mut self, u: MatRef<'_, f64>) -> Result<f64, Error> {
        Ok(self.error(u)? / self.norm)
    }

    fn distance(&mut self, u: MatRef<'_, f64>) -> f64 {
        self.work.copy_from(&self.truth);
        matmul(self.work.as_mut(), Accum::Add, u, u.transpose(), -1.0, Par::Seq);
        frobenius(self.work.as_ref())
    }
}

/// Follows `rerr` over every iterate: when it first reached a threshold, and the best.
#[derive(Debug, Clone)]
pub struct Progress {
    meter: ErrorMeter,
    threshold: f64,
    first: Option<usize>,
    best: (usize, f64),
    last: f64,
}

impl Progress {
    /// Watches for `rerr ≤ threshold`.
    pub fn new(truth: &Truth, threshold: f64) -> Self {
        let meter = ErrorMeter::new(truth);
        Self { meter, threshold, first: None, best: (0, f64::INFINITY), last: f64::NAN }
    }

    /// The smallest `t` with `rerr(U_t) ≤` the threshold; `t = 0` is `U_0`.
    pub fn first_below(&self) -> Option<usize> {
        self.first
    }

    /// The iteration with the smallest `rerr`, and that `rerr`.
    pub fn best(&self) -> (usize, f64) {
        self.best
    }

    /// `rerr` of the last iterate seen; NaN before the first.
    pub fn last(&self) -> f64 {
        self.last
    }
}

impl Observe for Progress {
    fn see(&mut self, iterate: &Iterate<'_>) {
        self.last = self.meter.distance(iterate.u) / self.meter.norm;
        if self.first.is_none() && self.last <= self.threshold {
            self.first = Some(iterate.iteration);
        }
        if self.last < self.best.1 {
            self.best = (iterate.iteration, self.last);
        }
    }
}

/// The parts of a factor along and across the truth's range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// `σ_min(S)`, `S = QᵀU: r×r'`, with `Q` a basis of the range of `U*`.
    pub signal: f64,
    /// `‖R W Wᵀ‖₂`, `R = U − QS`, with `W` the right singular vectors of `S`: signal not yet aligned.
    pub cross: f64,
    /// `‖R (I − W Wᵀ)‖₂`: the over-parameterized residual.
    pub residual: f64,
}

/// Splits `U: d×r'` into signal, cross term and residual.
///
/// Plain `‖R‖` would be dominated by signal that has not aligned yet. Cost: `O(d r' (r + r'))` flops.
///
/// # Errors
///
/// `U` with other rows than `d` or fewer columns than `r`; decompositions that fail.
pub fn split(u: MatRef<'_, f64>, truth: &Truth) -> Result<Split, Error> {
    let (d, r) = truth.factor().shape();
    shape("factor", Size::Matrix(d, u.ncols().max(r)), Size::Matrix(u.nrows(), u.ncols()))?;
    let q = orthonormal_basis(truth.factor())?;
    let s = product(q.transpose(), u);
    let decomposition = thin_svd(s.as_ref())?;
    let w = decomposition.right;
    let mut outside = u.to_owned();
    matmul(outside.as_mut(), Accum::Add, q.as_ref(), s.as_ref(), -1.0, Par::Seq);
    let along = product(outside.as_ref(), w.as_ref());
    // R W has the norm of R W Wᵀ.
    let cross = singular_values(along.as_ref())?[0];
    matmul(outside.as_mut(), Accum::Add, along.as_ref(), w.transpose(), -1.0, Par::Seq);
    let residual = singular_values(outside.as_ref())?[0];
    Ok(Split { signal: decomposition.values[r - 1], cross, residual })
}

/// The numerical rank of `U: d×k`: singular values above `max(d, k) ε σ₁`.
///
/// # Errors
///
/// Entries so large that the decomposition fails.
pub fn numerical_rank(u: MatRef<'_, f64>) -> Result<usize, Error> {
    let largest = u.col_iter().flat_map(|c| c.iter()).fold(0.0, |s: f64, x| s.max(x.abs()));
    if u.nrows() == 0 || u.ncols() == 0 || largest == 0.0 {
        return Ok(0);
    }
    // Scaled, so that starts of size 1e-154 are as good as any. Dividing twice keeps a subnormal 1/largest away.
    let scaled = Mat::from_fn(u.nrows(), u.ncols(), |i, j| u[(i, j)] / largest);
    let values = singular_values(scaled.as_ref())?;
    let threshold = values[0] * f64::EPSILON * u.nrows().max(u.ncols()) as f64;
    Ok(values.iter().filter(|&&s| s > threshold).count())
}

/// The largest principal angle, in radians, between the leading `k`-dimensional eigenspaces of `U Uᵀ` and `X*`.
///
/// By `atan2(‖(I − V Vᵀ) Q‖₂, σ_min(Vᵀ Q))`, which is accurate for small and for large angles.
///
/// # Errors
///
/// `k` of zero or above the number of columns of either factor; decompositions that fail.
pub fn principal_angle(u: MatRef<'_, f64>, truth: &Truth, k: usize) -> Result<f64, Error> {
    let most = u.ncols().min(u.nrows()).min(truth.factor().ncols());
    argument((1..=most).contains(&k), "k", k as f64, "must lie between 1 and the number of columns of both factors")?;
    shape("factor", Size::Matrix(truth.factor().nrows(), u.ncols()), Size::Matrix(u.nrows(), u.ncols()))?;
    let q = thin_svd(u)?.left;
    let v = thin_svd(truth.factor())?.left;
    let (q, v) = (q.get(.., ..k), v.get(.., ..k));
    let inner = product(v.transpose(), q);
    let cosine = singular_values(inner.as_ref())?[k - 1];
    let mut outside = q.to_owned();
    matmul(outside.as_mut(), Accum::Add, v, inner.as_ref(), -1.0, Par::Seq);
    let sine = singular_values(outside.as_ref())?[0];
    Ok(sine.atan2(cosine))
}

/// The least-squares `X` over symmetric matrices: the non-robust, convex contrast.
///
/// Normal equations of the packed rows and a Cholesky factorization; needs `m ≥ D` rows in general position.
/// Cost: `mD² + D³/3` flops, `8D²` bytes.
///
/// # Errors
///
/// `y` of another length or not finite; `m < D`; rows that do not determine `X`.
pub fn least_squares(measurements: &Measurements, y: &[f64]) -> Result<Mat<f64>, Error> {
    use faer::linalg::matmul::triangular::{BlockStructure as B, matmul as triangular};
    use faer::{Side, linalg::solvers::Solve};
    observations(measurements.len(), y)?;
    let (a, len) = (measurements.packed(), packed_len(measurements.order()));
    argument(y.len() >= len, "m", y.len() as f64, "must be at least D = d(d+1)/2 for least squares")?;
    let mut gram = Mat::zeros(len, len);
    let (lower, full) = (B::TriangularLower, B::Rectangular);
    triangular(gram.as_mut(), lower, Accum::Replace, a, full, a.transpose(), full, 1.0, Par::Seq);
    let right = product(a, MatRef::from_column_major_slice(y, y.len(), 1));
    let failed = |_| NumericalError::Factorization { what: "Cholesky factorization of the normal equations" };
    let solution = gram.llt(Side::Lower).map_err(failed)?.solve(&right);
    let mut x = Mat::zeros(measurements.order(), measurements.order());
    smat(solution.col_as_slice(0), 1.0, x.as_mut());
    Ok(x)
}

/// `A B`.
fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut c = Mat::zeros(a.nrows(), b.ncols());
    matmul(c.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    c
}
