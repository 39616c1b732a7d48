//! Shared blocks of dense linear algebra, in double precision and on one thread.
//!
//! faer's decompositions are generic, so each crate that calls them compiles them anew; these functions are compiled
//! once.

mod decompose;
mod extreme;
mod reflectors;

pub use decompose::{
    Svd, cholesky, least_squares, norm, orthonormal_basis, real_eigenvectors, right_singular_vectors, singular_values,
    solve_lower, symmetric_eigen, thin_svd, triangular_factor,
};
pub(crate) use decompose::{dot, exponent, halves, power_of_two_scale, sum_of_squares};
pub use extreme::{maximum, minimum};
pub use reflectors::{Reflectors, householder, pivoted_householder, solve};

use faer::linalg::matmul::{
    matmul,
    triangular::{self, BlockStructure},
};
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatRef, Par};

/// `A B`. Cost: `2mkn` flops for `A: m×k`, `B: k×n`.
///
/// # Panics
/// If the inner dimensions differ.
pub fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut c = Mat::zeros(a.nrows(), b.ncols());
    matmul(c.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    c
}

/// `AᵀA`, of which one triangle is computed and copied. Cost: `mn²` flops for `A: m×n`.
pub fn gram<T: ComplexField>(a: MatRef<'_, T>) -> Mat<T> {
    let n = a.ncols();
    let mut g = Mat::zeros(n, n);
    let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    triangular::matmul(g.as_mut(), lower, Accum::Replace, a.transpose(), full, a, full, T::one_impl(), Par::Seq);
    for j in 0..n {
        for i in 0..j {
            g[(i, j)] = g[(j, i)].clone();
        }
    }
    g
}

/// `‖A − B‖_F`.
///
/// # Panics
/// If the shapes differ.
pub fn distance(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    assert_eq!(a.shape(), b.shape(), "matrices of one shape");
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| (a - b).powi(2)).sum::<f64>()).sum::<f64>().sqrt()
}
