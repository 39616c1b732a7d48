//! Kernels on tensor grids: a product kernel gives a Kronecker product, which is never formed.

use faer::{Mat, MatRef};

use crate::error::{Error, NumericalError, Size, finite, shape};
use crate::linalg::{product, symmetric_eigen};

/// Checks square factors and a right-hand side, and returns their orders.
fn orders(a: MatRef<'_, f64>, b: MatRef<'_, f64>, x: &[f64]) -> Result<(usize, usize), Error> {
    let (n1, n2) = (a.nrows(), b.nrows());
    shape("first factor", Size::Matrix(n1, n1), Size::Matrix(n1, a.ncols()))?;
    shape("second factor", Size::Matrix(n2, n2), Size::Matrix(n2, b.ncols()))?;
    shape("x", Size::Len(n1 * n2), Size::Len(x.len()))?;
    finite("factors", a.col_iter().chain(b.col_iter()).flat_map(|column| column.iter()))?;
    finite("x", x)?;
    Ok((n1, n2))
}

/// A vector as the `n1×n2` matrix of its rows.
fn rows(x: &[f64], n1: usize, n2: usize) -> Mat<f64> {
    MatRef::from_row_major_slice(x, n1, n2).to_owned()
}

fn vector(x: MatRef<'_, f64>) -> Vec<f64> {
    x.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect()
}

/// `(A ⊗ B) x` for `A: n1×n1`, `B: n2×n2`: `A X Bᵀ` with `X` the `n1×n2` matrix of the rows of `x`.
///
/// Cost: `2 n1 n2 (n1 + n2)` flops.
///
/// # Errors
///
/// Factors that are not square, `x` of another length; entries that are not finite.
pub fn multiply(a: MatRef<'_, f64>, b: MatRef<'_, f64>, x: &[f64]) -> Result<Vec<f64>, Error> {
    let (n1, n2) = orders(a, b, x)?;
    let x = rows(x, n1, n2);
    Ok(vector(product(product(a, x.as_ref()).as_ref(), b.transpose()).as_ref()))
}

/// The solution of `(A ⊗ B + s I) x = y` for symmetric factors, of which the lower triangles are read: with
/// `A = U Λ Uᵀ` and `B = V M Vᵀ` each component of `Uᵀ Y V` is divided by `λ_i μ_j + s`.
///
/// Cost: two eigendecompositions and `4 n1 n2 (n1 + n2)` flops.
///
/// # Errors
///
/// As [`multiply`]; an eigenvalue that is zero to rounding.
pub fn solve(a: MatRef<'_, f64>, b: MatRef<'_, f64>, shift: f64, y: &[f64]) -> Result<Vec<f64>, Error> {
    let (n1, n2) = orders(a, b, y)?;
    finite("shift", [&shift])?;
    let ((lambda, u), (mu, v)) = (symmetric_eigen(a)?, symmetric_eigen(b)?);
    let y = rows(y, n1, n2);
    let mut z = product(product(u.transpose(), y.as_ref()).as_ref(), v.as_ref());
    let largest = lambda.iter().flat_map(|l| mu.iter().map(move |m| (l * m + shift).abs())).fold(0.0, f64::max);
    for (j, mu) in mu.iter().enumerate() {
        for (i, lambda) in lambda.iter().enumerate() {
            let value = lambda * mu + shift;
            if value.abs() <= (n1 + n2) as f64 * f64::EPSILON * largest {
                return Err(NumericalError::Factorization { what: "solution of a singular Kronecker system" }.into());
            }
            z[(i, j)] /= value;
        }
    }
    Ok(vector(product(product(u.as_ref(), z.as_ref()).as_ref(), v.transpose()).as_ref()))
}
