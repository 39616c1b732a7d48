//! What the tests share.

use algos::faer::{Mat, MatRef};
use algos::linalg::{distance, product};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub const EPS: f64 = f64::EPSILON;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// `‖QᵀQ − I‖_F`.
pub fn orthogonality(q: MatRef<'_, f64>) -> f64 {
    distance(product(q.transpose(), q).as_ref(), Mat::<f64>::identity(q.ncols(), q.ncols()).as_ref())
}

/// `A diag(d) B`.
pub fn sandwich(a: MatRef<'_, f64>, d: &[f64], b: MatRef<'_, f64>) -> Mat<f64> {
    let scaled = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * d[j]);
    product(scaled.as_ref(), b)
}

pub fn norm(a: MatRef<'_, f64>) -> f64 {
    a.col_iter().flat_map(|c| c.iter()).map(|x| x * x).sum::<f64>().sqrt()
}

/// The numbers in descending order.
pub fn descending(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted
}

/// The largest relative difference of two lists, entry by entry.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { ((a - b) / b).abs() }).fold(0.0, f64::max)
}
