//! Jacobi rotations started from the singular vectors of a bidiagonal method, where a certificate says that nothing has
//! been lost.
//!
//! Let `V₀` be the right singular vectors that a fast method computed. The columns of `X₁ = X V₀` are then nearly
//! orthogonal, and two to four sweeps finish what takes ten from scratch. But if the columns of `X` have very different
//! scales, the rounding errors of `V₀` mix multiples of large columns into small ones, and no later step can undo that.
//! Three numbers tell ([`Certificate`]), at the cost of two Gram matrices; no estimate of a condition number is needed.

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::blocked::Columns;
use super::finish::{Triplets, normalise};
use super::{Engine, Svd, flops, preconditioned, scale, status, times_power, tolerance};
use crate::Outcome;
use crate::error::{Error, InputError, Size, finite, shape};
use crate::linalg::{gram, maximum, norm, product, right_singular_vectors};

/// What is known of a start `V₀` for a matrix `X: m×n`.
///
/// With `x_i` the columns of `X`, `X₁ = X V₀`, and `Y` the columns of `X₁` scaled to unit norm:
///
/// - `V₀ = Q(I+F)` with `Q` orthogonal and `‖F‖ ≈ ½‖V₀ᵀV₀−I‖`, which changes each `σ` by a factor `1 ± ‖F‖`;
/// - the product errs by at most `n eps Σ_i ‖x_i‖ |V₀_ij|` in column `j`, at most `n^1.5 eps γ ‖X₁_j‖`;
/// - `Y` has condition at most `√((1+η)/(1−η))`, so the errors of the columns are not magnified.
///
/// Always `γ ≤ κ(B)` up to rounding: the total is `O(eps κ(B))`, as for rotations on `X` itself. That `γ` alone is small
/// proves nothing, nor does a bound on the cosines: eleven unit vectors with all cosines −0.1 are dependent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// `‖V₀ᵀV₀ − I‖_F`.
    pub orthogonality: f64,
    /// `η = ‖YᵀY − I‖_F`.
    pub eta: f64,
    /// `γ = max_j (Σ_i ‖x_i‖² V₀_ij²)^½ / ‖X₁_j‖`.
    pub gamma: f64,
    /// Whether the start may be used.
    pub accepted: bool,
}

/// A start for the rotations.
#[derive(Debug, Clone)]
pub struct Start {
    /// `X V₀: m×n`.
    product: Mat<f64>,
    /// `V₀: n×n`.
    v: Mat<f64>,
    certificate: Certificate,
}

impl Start {
    /// Multiplies `X: m×n` by `V₀: n×n` and certifies the product. Cost: `3mn² + n³` flops.
    fn new(x: MatRef<'_, f64>, v: Mat<f64>) -> Self {
        let n = x.ncols();
        let product = product(x, v.as_ref());
        let away = |g: &Mat<f64>, unit: &dyn Fn(usize, usize) -> f64| {
            let entries = (0..n).flat_map(|j| (0..n).map(move |i| (i, j)));
            entries.map(|(i, j)| (g[(i, j)] - unit(i, j)).powi(2)).sum::<f64>().sqrt()
        };
        let identity = |i: usize, j: usize| f64::from(u8::from(i == j));
        let orthogonality = away(&gram(v.as_ref()), &identity);
        let mut unit = product.clone();
        let lengths = normalise(&mut unit);
        let eta = away(&gram(unit.as_ref()), &identity);
        let columns: Vec<f64> = x.col_iter().map(|c| norm(&c.iter().copied().collect::<Vec<_>>())).collect();
        let spread = |j: usize| {
            let weighted: Vec<f64> = columns.iter().zip(v.col_as_slice(j)).map(|(a, b)| a * b).collect();
            norm(&weighted) / lengths[j]
        };
        let gamma = maximum((0..n).map(spread));
        let (size, eps) = (n as f64, f64::EPSILON);
        // Written so that a NaN, from a column of zeros, rejects.
        let accepted = orthogonality <= 10.0 * size * eps && eta <= 0.5 && size * eps * gamma <= 0.1;
        Self { product, v, certificate: Certificate { orthogonality, eta, gamma, accepted } }
    }

    fn rotate(self, rows: usize, engine: Engine) -> Triplets {
        let mut columns = Columns::new(self.product.as_ref(), Some(self.v.as_ref()));
        let done = columns.orthogonalize(tolerance(rows), engine);
        let (mut left, right) = columns.into_parts();
        let values = normalise(&mut left);
        let n = values.len();
        Triplets {
            left,
            values,
            right,
            sweeps: done.sweeps,
            status: status(done.converged),
            effort: done.effort + flops(3 * rows * n * n + n * n * n),
            certificate: Some(self.certificate),
        }
    }
}

/// What the certificate says of a start `V₀: n×n` for `X: m×n`, `m ≥ n`.
///
/// # Errors
///
/// Sizes that do not agree; entries that are not finite; a range of scales beyond that of [`svd`](super::svd()).
pub fn certify(x: MatRef<'_, f64>, v0: MatRef<'_, f64>) -> Result<Certificate, Error> {
    check(x, v0)?;
    Ok(Start::new(scale(x)?.0.as_ref(), v0.to_owned()).certificate)
}

/// Rotations started from `V₀`, whatever the certificate says: for experiments with it.
///
/// # Errors
///
/// As [`certify`].
pub fn jacobi_from(x: MatRef<'_, f64>, v0: MatRef<'_, f64>, engine: Engine) -> Result<Outcome<Svd>, Error> {
    check(x, v0)?;
    let (scaled, exponent) = scale(x)?;
    Ok(Start::new(scaled.as_ref(), v0.to_owned()).rotate(x.nrows(), engine).finish(exponent))
}

/// Checks that `V₀` is a start for `X`.
fn check(x: MatRef<'_, f64>, v0: MatRef<'_, f64>) -> Result<(), InputError> {
    let n = x.ncols();
    shape("start", Size::Matrix(n, n), Size::Matrix(v0.nrows(), v0.ncols()))?;
    finite("start", v0.col_iter().flat_map(|column| column.iter()))
}

/// The decomposition of `X: m×n`, `m ≥ n`, by rotations after a bidiagonal method, or without it if the certificate is
/// refused. Flops of the bidiagonal method are not counted.
pub(super) fn jacobi(x: MatRef<'_, f64>, engine: Engine) -> Result<Triplets, Error> {
    let largest = x.col_iter().flat_map(|c| c.iter()).fold(0.0, |s: f64, x| s.max(x.abs()));
    let exponent = super::binary_exponent(largest.max(f64::MIN_POSITIVE));
    let unit = Mat::from_fn(x.nrows(), x.ncols(), |i, j| times_power(x[(i, j)], -exponent));
    // A failure of the fast method is no reason to fail.
    let refused = match right_singular_vectors(unit.as_ref()) {
        Ok(v0) => {
            let start = Start::new(x, v0);
            if start.certificate.accepted {
                return Ok(start.rotate(x.nrows(), engine));
            }
            Some(start.certificate)
        }
        Err(_) => None,
    };
    let triplets = preconditioned::jacobi(x, engine)?;
    Ok(Triplets { certificate: refused, ..triplets })
}
