//! Least-squares problems on which dense and sparse sketches differ, and on which they do not.
//!
//! All have `b = A x* + r` with `x* = (1, …, 1)`, `Aᵀr = 0` and `‖r‖ = ‖A⁺‖ = 1`. A nonzero `x*` matters: with it, a
//! sketch of `b` that is not that of `A` shows.

use faer::{Mat, MatRef};
use rand::{Rng, RngExt, seq::index};
use rand_distr::StandardNormal;

use crate::error::{Error, argument};
use crate::linalg::{householder, norm};

/// A regression problem with its solution.
#[derive(Debug, Clone)]
pub struct Instance {
    /// `A: n×d`.
    pub a: Mat<f64>,
    /// `b`.
    pub b: Vec<f64>,
    /// `x*`.
    pub x: Vec<f64>,
}

impl Instance {
    fn new(a: Mat<f64>, r: &[f64]) -> Self {
        let b = (0..a.nrows()).map(|i| a.row(i).iter().sum::<f64>() + r[i]).collect();
        let x = vec![1.0; a.ncols()];
        Self { a, b, x }
    }

    /// `(‖x − x*‖_∞, ‖x − x*‖₂)`.
    ///
    /// # Panics
    /// If `x` has another length.
    pub fn errors(&self, x: &[f64]) -> (f64, f64) {
        assert_eq!(x.len(), self.x.len(), "a solution of the same length");
        let difference: Vec<f64> = x.iter().zip(&self.x).map(|(x, y)| x - y).collect();
        (difference.iter().fold(0.0, |largest: f64, e| largest.max(e.abs())), norm(&difference))
    }
}

/// `(1/√c)` times `c` stacked identities and zero rows: `n×d`, orthonormal columns.
fn stacked(n: usize, d: usize, c: usize) -> Mat<f64> {
    let scale = 1.0 / (c as f64).sqrt();
    Mat::from_fn(n, d, |i, j| if i < c * d && i % d == j { scale } else { 0.0 })
}

/// The number of copies for sketches with `s` nonzeros in a column; `None` for dense ones.
///
/// With a single copy a CountSketch of `16d` rows puts two columns of `A` into one bucket, and `SA` loses rank, too often.
pub fn copies(s: Option<usize>) -> usize {
    if s.is_some_and(|s| s >= 4) { 1 } else { 4 }
}

/// The number of spikes at which two coincidences of a spike with a nonzero of `A` are expected, `2m/(c d s²)` rounded.
pub fn spikes(m: usize, d: usize, c: usize, s: Option<usize>) -> usize {
    let s = s.unwrap_or(1);
    ((2.0 * m as f64 / (c * d * s * s) as f64 + 0.5).floor() as usize).max(1)
}

/// The hard instance for sparse sketches: stacked identities, and `r` of `k` equal spikes on random zero rows.
///
/// Where a spike meets a nonzero of `A` in a row of a sparse `S`, one coordinate takes the whole error.
///
/// # Errors
/// Copies that do not fit into `n` rows with `k` rows left.
pub fn spiked<R: Rng + ?Sized>(n: usize, d: usize, c: usize, k: usize, rng: &mut R) -> Result<Instance, Error> {
    argument(d > 0 && c > 0 && k > 0, "size", 0.0, "must be positive")?;
    argument(c * d + k <= n, "n", n as f64, "must hold the copies and the spikes")?;
    let mut r = vec![0.0; n];
    index::sample(rng, n - c * d, k).into_iter().for_each(|i| r[c * d + i] = 1.0 / (k as f64).sqrt());
    Ok(Instance::new(stacked(n, d, c), &r))
}

/// The hard instance for sampling of rows: `c` stacked identities, and `r` of `k/2` pairs `±1/√k` on two copies of a
/// coordinate. All leverage scores are equal.
///
/// # Errors
/// Fewer than two copies; an odd `k`, or more pairs than coordinates.
pub fn balanced<R: Rng + ?Sized>(d: usize, c: usize, k: usize, rng: &mut R) -> Result<Instance, Error> {
    argument(c >= 2, "copies", c as f64, "must be at least 2")?;
    argument(k > 0 && k.is_multiple_of(2) && k / 2 <= d, "k", k as f64, "must be even and at most 2d")?;
    let mut r = vec![0.0; c * d];
    for q in index::sample(rng, d, k / 2) {
        let pair = index::sample(rng, c, 2);
        r[pair.index(0) * d + q] = 1.0 / (k as f64).sqrt();
        r[pair.index(1) * d + q] = -1.0 / (k as f64).sqrt();
    }
    Ok(Instance::new(stacked(c * d, d, c), &r))
}

/// The same matrix with a dense `r`: Gaussian, minus its mean over the copies of each coordinate.
///
/// # Errors
/// Fewer than two copies, no coordinate.
pub fn balanced_dense<R: Rng + ?Sized>(d: usize, c: usize, rng: &mut R) -> Result<Instance, Error> {
    argument(c >= 2 && d > 0, "copies", c as f64, "must be at least 2")?;
    let mut r: Vec<f64> = (0..c * d).map(|_| rng.sample(StandardNormal)).collect();
    for q in 0..d {
        let mean = (0..c).map(|a| r[a * d + q]).sum::<f64>() / c as f64;
        (0..c).for_each(|a| r[a * d + q] -= mean);
    }
    normalise(&mut r);
    Ok(Instance::new(stacked(c * d, d, c), &r))
}

/// A random subspace and a random residual: no coordinate is special.
///
/// # Errors
/// `n ≤ d` or `d = 0`.
pub fn incoherent<R: Rng + ?Sized>(n: usize, d: usize, rng: &mut R) -> Result<Instance, Error> {
    let a = haar(n, d, rng)?;
    let r = orthogonal_to(a.as_ref(), rng);
    Ok(Instance::new(a, &r))
}

/// Orthonormal columns `n×d`, uniformly distributed.
///
/// # Errors
/// `n < d` or `d = 0`.
pub fn haar<R: Rng + ?Sized>(n: usize, d: usize, rng: &mut R) -> Result<Mat<f64>, Error> {
    argument(d > 0 && n >= d, "n", n as f64, "must be at least d > 0")?;
    let factors = householder(gaussian(n, d, rng).as_ref());
    let (mut q, r) = (factors.embed(Mat::<f64>::identity(d, d).as_ref()), factors.r());
    for j in (0..d).filter(|&j| r[(j, j)] < 0.0) {
        q.col_as_slice_mut(j).iter_mut().for_each(|x| *x = -*x);
    }
    Ok(q)
}

/// Independent standard normal entries, column after column.
pub fn gaussian<R: Rng + ?Sized>(n: usize, d: usize, rng: &mut R) -> Mat<f64> {
    let mut x = Mat::zeros(n, d);
    (0..d).for_each(|j| x.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
    x
}

/// A random unit vector orthogonal to orthonormal columns.
pub fn orthogonal_to<R: Rng + ?Sized>(q: MatRef<'_, f64>, rng: &mut R) -> Vec<f64> {
    let mut r: Vec<f64> = (0..q.nrows()).map(|_| rng.sample(StandardNormal)).collect();
    // Twice is enough.
    for _ in 0..2 {
        for column in q.col_iter() {
            let along: f64 = column.iter().zip(&r).map(|(q, r)| q * r).sum();
            r.iter_mut().zip(column.iter()).for_each(|(r, q)| *r -= along * q);
        }
    }
    normalise(&mut r);
    r
}

fn normalise(r: &mut [f64]) {
    let length = norm(r);
    r.iter_mut().for_each(|x| *x /= length);
}

/// A problem of known condition, `A = U diag(σ) Vᵀ` with `σ` falling geometrically from 1 to `1/κ`.
#[derive(Debug, Clone)]
pub struct Conditioned {
    /// `A: n×d`.
    pub a: Mat<f64>,
    /// `U z/√d + w` with Gaussian `z`, and `w` of norm 0.1 orthogonal to `U`.
    pub b: Vec<f64>,
    /// `U`.
    pub u: Mat<f64>,
    /// `σ`.
    pub sigma: Vec<f64>,
    /// `V`.
    pub v: Mat<f64>,
}

/// Bases and right-hand side of [`Conditioned`] problems of any condition.
#[derive(Debug, Clone)]
pub struct Bases {
    u: Mat<f64>,
    v: Mat<f64>,
    b: Vec<f64>,
}

impl Bases {
    /// Draws them.
    ///
    /// # Errors
    /// `n ≤ d` or `d = 0`.
    pub fn draw<R: Rng + ?Sized>(n: usize, d: usize, rng: &mut R) -> Result<Self, Error> {
        argument(n > d, "n", n as f64, "must exceed d")?;
        let (u, v) = (haar(n, d, rng)?, haar(d, d, rng)?);
        let mut b: Vec<f64> = vec![0.0; n];
        for j in 0..d {
            let z: f64 = rng.sample(StandardNormal);
            b.iter_mut().zip(u.col_as_slice(j)).for_each(|(b, u)| *b += z / (d as f64).sqrt() * u);
        }
        let w = orthogonal_to(u.as_ref(), rng);
        b.iter_mut().zip(&w).for_each(|(b, w)| *b += 0.1 * w);
        Ok(Self { u, v, b })
    }

    /// The problem of condition `kappa`.
    ///
    /// # Errors
    /// `kappa` below 1 or not finite.
    pub fn conditioned(&self, kappa: f64) -> Result<Conditioned, Error> {
        argument(kappa >= 1.0 && kappa.is_finite(), "kappa", kappa, "must be at least 1")?;
        let (n, d) = self.u.shape();
        let step = |j: usize| if d > 1 { j as f64 / (d - 1) as f64 } else { 0.0 };
        let sigma: Vec<f64> = (0..d).map(|j| kappa.powf(-step(j))).collect();
        let scaled = Mat::from_fn(n, d, |i, j| self.u[(i, j)] * sigma[j]);
        let a = crate::linalg::product(scaled.as_ref(), self.v.transpose());
        Ok(Conditioned { a, b: self.b.clone(), u: self.u.clone(), sigma, v: self.v.clone() })
    }
}
