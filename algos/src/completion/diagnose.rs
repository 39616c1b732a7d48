//! Errors of a completion, never through an `m×n` matrix.

use faer::{Mat, MatRef};

use super::instance::Truth;
use crate::error::{Error, Size, shape};
use crate::linalg::{norm, product, singular_values, triangular_factor};

/// `‖U Vᵀ − M‖_F/‖M‖_F` over all entries.
///
/// With `A = [U, −U*Σ]`, `B = [V, V*]` the difference is `A Bᵀ`, and thin QR factorizations of both leave a `2k×2k`
/// product: `‖R_A R_Bᵀ‖_F`. Cost: `O((m+n)k²)`; accurate to rounding of `‖M‖_F`, where expanding the square would lose
/// half of the digits.
///
/// # Errors
///
/// Factors of other shapes than the truth's.
pub fn relative_error(u: MatRef<'_, f64>, v: MatRef<'_, f64>, truth: &Truth) -> Result<f64, Error> {
    let k = u.ncols();
    shape("U", Size::Matrix(truth.u.nrows(), k), Size::Matrix(u.nrows(), k))?;
    shape("V", Size::Matrix(truth.v.nrows(), k), Size::Matrix(v.nrows(), v.ncols()))?;
    let r = truth.sigma.len();
    let stack = |x: MatRef<'_, f64>, y: &Mat<f64>, scale: &dyn Fn(usize) -> f64| {
        let entry = |i, j: usize| if j < k { x[(i, j)] } else { scale(j - k) * y[(i, j - k)] };
        triangular_factor(Mat::from_fn(x.nrows(), k + r, entry).as_ref())
    };
    let a = stack(u, &truth.u, &|j| -truth.sigma[j]);
    let b = stack(v, &truth.v, &|_| 1.0);
    let difference = product(a.as_ref(), b.transpose());
    let entries: Vec<f64> = difference.col_iter().flat_map(|c| c.iter().copied()).collect();
    Ok(norm(&entries) / truth.norm())
}

/// `‖(I − U Uᵀ) U*‖₂`, the sine of the largest principal angle between two bases with orthonormal columns.
///
/// # Errors
///
/// Different numbers of rows; a decomposition that does not converge.
pub fn subspace_distance(u: MatRef<'_, f64>, target: MatRef<'_, f64>) -> Result<f64, Error> {
    shape("basis", Size::Matrix(target.nrows(), u.ncols()), Size::Matrix(u.nrows(), u.ncols()))?;
    let inside = product(u, product(u.transpose(), target).as_ref());
    let rest = Mat::from_fn(target.nrows(), target.ncols(), |i, j| target[(i, j)] - inside[(i, j)]);
    Ok(singular_values(triangular_factor(rest.as_ref()).as_ref())?.first().copied().unwrap_or(0.0))
}
