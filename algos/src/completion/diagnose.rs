//! Errors of a completion, never through an `m×n` matrix.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use super::fast::factor::Factor;
use super::instance::Truth;
use crate::Effort;
use crate::error::{Error, Size, shape};
use crate::linalg::{maximum, norm, product, singular_values, triangular_factor};

/// Largest deviation of `VᵀV` from the identity at which `V` counts as orthonormal: rounding.
const ORTHONORMAL: f64 = 1e-14;

/// `‖U Vᵀ − M‖_F/‖M‖_F` over all entries.
///
/// With an orthonormal `V` the truth splits into `V* = V C + W`, `VᵀW = 0`, and the difference into two orthogonal parts,
/// `(U − U*ΣCᵀ)Vᵀ − U*ΣWᵀ`, whose norms are those of `U − U*ΣCᵀ` and `WΣ`. Cost: `O((m+n)k²)` in matrix products;
/// accurate to rounding of `‖M‖_F`, where expanding the square would lose half of the digits. A `V` that is not
/// orthonormal is made so first.
///
/// # Errors
///
/// Factors of other shapes than the truth's; a decomposition that does not converge.
pub fn relative_error(u: MatRef<'_, f64>, v: MatRef<'_, f64>, truth: &Truth) -> Result<f64, Error> {
    let k = u.ncols();
    shape("U", Size::Matrix(truth.u.nrows(), k), Size::Matrix(u.nrows(), k))?;
    shape("V", Size::Matrix(truth.v.nrows(), k), Size::Matrix(v.nrows(), v.ncols()))?;
    let gram = product(v.transpose(), v);
    let off = |(i, j): (usize, usize)| (gram[(i, j)] - f64::from(u8::from(i == j))).abs();
    if maximum((0..k * k).map(|at| off((at % k, at / k)))) > ORTHONORMAL {
        let mut basis = Factor::new(v);
        let r = basis.orthonormalize(&mut Effort::default())?;
        return Ok(difference(product(u, r.transpose()), basis.view(), truth));
    }
    Ok(difference(u.to_owned(), v, truth))
}

/// The same for an orthonormal `V`.
fn difference(mut u: Mat<f64>, v: MatRef<'_, f64>, truth: &Truth) -> f64 {
    let c = product(v.transpose(), truth.v.as_ref());
    let mut w = truth.v.clone();
    matmul(w.as_mut(), Accum::Add, v, c.as_ref(), -1.0, Par::Seq);
    let scaled = Mat::from_fn(c.ncols(), c.nrows(), |i, j| truth.sigma[i] * c[(j, i)]);
    matmul(u.as_mut(), Accum::Add, truth.u.as_ref(), scaled.as_ref(), -1.0, Par::Seq);
    let inside = (0..u.ncols()).map(|j| norm(u.col_as_slice(j)));
    let outside = (0..w.ncols()).map(|j| truth.sigma[j] * norm(w.col_as_slice(j)));
    norm(&inside.chain(outside).collect::<Vec<_>>()) / truth.norm()
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
