//! Seeded test matrices.

use faer::{Mat, MatRef};
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::potential::unit_columns;
use crate::error::{Error, argument};
use crate::linalg::{orthonormal_basis, product};

/// A Gaussian matrix, drawn column by column.
pub fn gaussian(m: usize, n: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
    let mut a = Mat::zeros(m, n);
    for j in 0..n {
        a.col_as_slice_mut(j).iter_mut().for_each(|x| *x = rng.sample(StandardNormal));
    }
    a
}

/// `m×n` with orthonormal columns, uniformly random.
///
/// # Errors
///
/// `m < n`.
pub fn haar(m: usize, n: usize, rng: &mut ChaCha8Rng) -> Result<Mat<f64>, Error> {
    argument(m >= n, "m", m as f64, "a column cannot be orthogonal to as many others as there are rows")?;
    orthonormal_basis(gaussian(m, n, rng).as_ref())
}

/// `WᵀW` for a Gaussian `W: 2n×n`, scaled to unit diagonal.
///
/// # Errors
///
/// `n = 0`.
pub fn wishart(n: usize, rng: &mut ChaCha8Rng) -> Result<Mat<f64>, Error> {
    let w = unit_columns(gaussian(2 * n, n, rng).as_ref())?;
    let a = product(w.transpose(), w.as_ref());
    Ok(Mat::from_fn(n, n, |i, j| if i == j { 1.0 } else { a[(i.min(j), i.max(j))] }))
}

/// 1 on the diagonal, `c` elsewhere.
pub fn equicorrelated(n: usize, c: f64) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| if i == j { 1.0 } else { c })
}

/// `c^|i−j|`.
pub fn exponential(n: usize, c: f64) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| c.powi(i.abs_diff(j) as i32))
}

/// `1/(i+j+1)`, `i, j = 0, 1, …`.
pub fn hilbert(n: usize) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| 1.0 / (i + j + 1) as f64)
}

/// `from, …, to` in `n` steps of equal ratio.
pub fn geometric(n: usize, from: f64, to: f64) -> Vec<f64> {
    let steps = n.saturating_sub(1).max(1) as f64;
    (0..n).map(|i| from * (to / from).powf(i as f64 / steps)).collect()
}

/// `U diag(σ) Vᵀ: m×n` with uniformly random orthonormal factors, columns scaled to unit norm.
///
/// # Errors
///
/// `m` less than the number of `σ`; none at all; a zero.
pub fn unit_with_spectrum(m: usize, sigma: &[f64], rng: &mut ChaCha8Rng) -> Result<Mat<f64>, Error> {
    let n = sigma.len();
    let mut u = haar(m, n, rng)?;
    let v = haar(n, n, rng)?;
    for (j, sigma) in sigma.iter().enumerate() {
        u.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= sigma);
    }
    unit_columns(product(u.as_ref(), v.transpose()).as_ref())
}

/// `B D: m×n`, with unit columns in `B` of condition about `kappa`, and `D = diag(10^(−s))` with exponents `s` equally
/// spaced from 0 to `decades` in random order.
///
/// The condition number of the product is about `10^decades`, that of its columns scaled to unit norm about `kappa`:
/// Jacobi rotations only feel the second.
///
/// # Errors
///
/// `m < n`; a condition below one; decades beyond the range of numbers.
pub fn graded(m: usize, n: usize, kappa: f64, decades: f64, rng: &mut ChaCha8Rng) -> Result<Mat<f64>, Error> {
    argument(kappa >= 1.0, "kappa", kappa, "a condition number is at least one")?;
    argument((0.0..=300.0).contains(&decades), "decades", decades, "must be in [0, 300]")?;
    let mut b = unit_with_spectrum(m, &geometric(n, 1.0, 1.0 / kappa), rng)?;
    let mut scales = geometric(n, 1.0, 10f64.powf(-decades));
    scales.shuffle(rng);
    for (j, scale) in scales.iter().enumerate() {
        b.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= scale);
    }
    Ok(b)
}

/// `D A D` for a diagonal `D`.
pub fn congruence(a: MatRef<'_, f64>, d: &[f64]) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| d[i] * a[(i, j)] * d[j])
}
