//! The potential `Γ(A) = tr(A∘A⁻¹ − I)` and what it bounds.
//!
//! `Γ ≥ 0`, `Γ = 0` exactly for diagonal `A`, and `Γ(ΔAΔ) = Γ(A)` for diagonal `Δ`. With `λ_i` the eigenvalues of the
//! *scaled* matrix `B`, `B_ij = A_ij/√(A_ii A_jj)`:
//!
//! ```text
//! Γ = Σ (1−λ_i)²/λ_i,      −log det B ≤ Γ,      κ(B) ≤ min( n(Γ+n), exp(4 asinh √(Γ/8)) ),      Γ ≤ n(κ(B)−1).
//! ```
//!
//! Close to a diagonal matrix `Γ ≈ Σ_{i≠j} B_ij²`.

use faer::{Mat, MatRef};

use super::small::{cholesky, invert_upper};
use crate::error::{Error, InputError, NumericalError, Size, finite, shape};
use crate::linalg::singular_values;

/// The scaled matrix `B` of a symmetric `A: n×n` with positive diagonal, of which the upper triangle is read.
///
/// # Errors
///
/// A matrix that is empty, not square or not finite; a diagonal entry that is not positive.
pub fn scaled(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let n = a.nrows();
    shape("symmetric matrix", Size::Matrix(n, n), Size::Matrix(n, a.ncols()))?;
    if n == 0 {
        return Err(InputError::Empty { what: "symmetric matrix" }.into());
    }
    finite("symmetric matrix", a.col_iter().flat_map(|column| column.iter()))?;
    if let Some(index) = (0..n).find(|&i| a[(i, i)] <= 0.0) {
        return Err(NumericalError::NotPositiveDefinite { index }.into());
    }
    let root: Vec<f64> = (0..n).map(|i| a[(i, i)].sqrt()).collect();
    Ok(Mat::from_fn(n, n, |i, j| {
        let (i, j) = (i.min(j), i.max(j));
        if i == j { 1.0 } else { a[(i, j)] / root[i] / root[j] }
    }))
}

/// `Γ(A)` from a Cholesky factorization of the scaled matrix. Cost: `n³` flops.
///
/// # Errors
///
/// As [`scaled`]; a matrix that is not positive definite.
pub fn gamma(a: MatRef<'_, f64>) -> Result<f64, Error> {
    let b = scaled(a)?;
    let inverse = inverse_of_scaled(&b)?;
    let n = b.nrows();
    let large: f64 = (0..n).map(|j| inverse[j + n * j] - 1.0).sum();
    if large >= 1.0 {
        return Ok(large);
    }
    // Σ B_ij (B⁻¹)_ij = n over all entries: the same number without cancellation.
    let off = |j: usize| (0..n).filter(|&i| i != j).map(|i| b[(i, j)] * inverse[i + n * j]).sum::<f64>();
    Ok(-(0..n).map(off).sum::<f64>())
}

/// `A⁻¹` of a positive definite `A`, through the scaled matrix.
///
/// # Errors
///
/// As [`gamma`].
pub fn inverse(a: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let inverse = inverse_of_scaled(&scaled(a)?)?;
    let n = a.nrows();
    Ok(Mat::from_fn(n, n, |i, j| inverse[i + n * j] / a[(i, i)].sqrt() / a[(j, j)].sqrt()))
}

fn inverse_of_scaled(b: &Mat<f64>) -> Result<Vec<f64>, Error> {
    let n = b.nrows();
    let mut factor: Vec<f64> = b.col_iter().flat_map(|column| column.iter().copied()).collect();
    cholesky(n, &mut factor).map_err(|index| NumericalError::NotPositiveDefinite { index })?;
    let mut root = vec![0.0; n * n];
    invert_upper(n, &factor, &mut root);
    let entry = |i: usize, j: usize| (i.max(j)..n).map(|l| root[i + n * l] * root[j + n * l]).sum();
    Ok((0..n * n).map(|at| entry(at % n, at / n)).collect())
}

/// `off²(A) = Σ_{i≠j} B_ij²`, of the scaled matrix.
///
/// # Errors
///
/// As [`scaled`].
pub fn off_squared(a: MatRef<'_, f64>) -> Result<f64, Error> {
    let b = scaled(a)?;
    Ok(b.col_iter().enumerate().map(|(j, c)| c.iter().map(|x| x * x).sum::<f64>() - c[j] * c[j]).sum())
}

/// `κ(B)`, the scaled condition number of `A`.
///
/// # Errors
///
/// As [`scaled`].
pub fn scaled_condition(a: MatRef<'_, f64>) -> Result<f64, Error> {
    let values = crate::linalg::symmetric_eigen(scaled(a)?.as_ref())?.0;
    Ok(values[values.len() - 1] / values[0])
}

/// The condition number of `X: m×n` with its columns scaled to unit norm: what the relative error of a singular value
/// computed by Jacobi rotations is proportional to.
///
/// # Errors
///
/// A matrix that is empty or not finite; a zero column.
pub fn column_condition(x: MatRef<'_, f64>) -> Result<f64, Error> {
    let values = singular_values(unit_columns(x)?.as_ref())?;
    Ok(values[0] / values[values.len() - 1])
}

/// `X` with its columns scaled to unit norm; neither overflow nor underflow touches the norms.
///
/// # Errors
///
/// A matrix that is empty or not finite; a zero column.
pub fn unit_columns(x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    if x.nrows() == 0 || x.ncols() == 0 {
        return Err(InputError::Empty { what: "matrix" }.into());
    }
    finite("matrix", x.col_iter().flat_map(|column| column.iter()))?;
    let mut unit = x.to_owned();
    for column in 0..unit.ncols() {
        let entries = unit.col_as_slice_mut(column);
        let largest = entries.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
        if largest == 0.0 {
            return Err(NumericalError::RankDeficient { column }.into());
        }
        entries.iter_mut().for_each(|x| *x /= largest);
        let norm = entries.iter().map(|x| x * x).sum::<f64>().sqrt();
        entries.iter_mut().for_each(|x| *x /= norm);
    }
    Ok(unit)
}
