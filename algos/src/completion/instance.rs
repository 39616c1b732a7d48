//! Seeded problems with a planted truth.
//!
//! [`Spec::draw`] takes from one generator, in this order: `m·k` unit normals (column after column), `n·k` unit normals,
//! the two permutations of the coherent law, and one uniform per entry (row after row) for the mask. So specifications
//! that differ only in `κ` or `p` share bases and, for the mask, uniforms: a larger `p` keeps all entries of a smaller.

use faer::{Mat, MatRef};
use rand::{Rng, RngExt, seq::SliceRandom};
use rand_distr::StandardNormal;

use super::Observations;
use crate::error::{Error, argument};
use crate::linalg::{norm, orthonormal_basis};

/// How the rows of the factors are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rows {
    /// Gaussian.
    Gaussian,
    /// Equal norms: incoherence 1.
    Flat,
    /// Gaussian, row of rank `q` in a random order times `q^{−c}`: the larger `c`, the more coherent.
    Decaying(f64),
}

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Rows.
    pub m: usize,
    /// Columns.
    pub n: usize,
    /// Rank.
    pub k: usize,
    /// Singular values fall geometrically from 1 to `1/κ`.
    pub kappa: f64,
    /// Probability with which each entry is observed.
    pub p: f64,
    /// Spread of the rows.
    pub rows: Rows,
}

/// A truth `M = U* diag(σ) V*ᵀ`.
#[derive(Debug, Clone)]
pub struct Truth {
    /// `U*: m×k`, orthonormal columns.
    pub u: Mat<f64>,
    /// `σ`, descending.
    pub sigma: Vec<f64>,
    /// `V*: n×k`, orthonormal columns.
    pub v: Mat<f64>,
}

/// A problem with its planted truth.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The observed entries.
    pub observations: Observations,
    /// The truth.
    pub truth: Truth,
}

impl Spec {
    /// A square matrix with `κ = 1` and Gaussian factors.
    pub fn square(n: usize, k: usize, p: f64) -> Self {
        Self { m: n, n, k, kappa: 1.0, p, rows: Rows::Gaussian }
    }

    /// Draws truth and mask. Cost: `O(mn)` random numbers.
    ///
    /// # Errors
    ///
    /// Sizes, `κ < 1` and probabilities outside their domains; a mask without entries.
    pub fn draw(&self, rng: &mut impl Rng) -> Result<Instance, Error> {
        let truth = self.truth(rng)?;
        let observations = truth.observe(self.p, rng)?;
        Ok(Instance { observations, truth })
    }

    /// Draws the truth alone.
    ///
    /// # Errors
    ///
    /// As [`draw`](Self::draw).
    pub fn truth(&self, rng: &mut impl Rng) -> Result<Truth, Error> {
        let Self { m, n, k, kappa, .. } = *self;
        argument(k >= 1 && k <= m.min(n), "k", k as f64, "1 ≤ k ≤ min(m, n)")?;
        argument(kappa >= 1.0 && kappa.is_finite(), "kappa", kappa, "finite and at least 1")?;
        let mut a = Mat::zeros(m, k);
        let mut b = Mat::zeros(n, k);
        for factor in [&mut a, &mut b] {
            for j in 0..k {
                factor.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal));
            }
        }
        let spread = |factor: Mat<f64>, rng: &mut _| spread(factor, self.rows, rng);
        let (a, b) = (spread(a, rng), spread(b, rng));
        let (u, v) = (basis(&a, self.rows)?, basis(&b, self.rows)?);
        let sigma = (0..k).map(|i| kappa.powf(-(i as f64) / (k.max(2) - 1) as f64)).collect();
        Ok(Truth { u, sigma, v })
    }
}

fn spread(mut a: Mat<f64>, rows: Rows, rng: &mut impl Rng) -> Mat<f64> {
    if let Rows::Decaying(c) = rows {
        let mut order: Vec<usize> = (1..=a.nrows()).collect();
        order.shuffle(rng);
        for j in 0..a.ncols() {
            for (x, &rank) in a.col_as_slice_mut(j).iter_mut().zip(&order) {
                *x *= (rank as f64).powf(-c);
            }
        }
    }
    a
}

fn basis(a: &Mat<f64>, rows: Rows) -> Result<Mat<f64>, Error> {
    let mut a = a.clone();
    // Normalising rows and re-orthonormalizing columns in turn converges to a flat basis.
    for _ in 0..if rows == Rows::Flat { 30 } else { 0 } {
        for i in 0..a.nrows() {
            let length = norm(&a.row(i).iter().copied().collect::<Vec<_>>());
            for j in 0..a.ncols() {
                a[(i, j)] /= length;
            }
        }
        a = orthonormal_basis(a.as_ref())?;
    }
    orthonormal_basis(a.as_ref())
}

impl Truth {
    /// The entry `M_ij`.
    pub fn entry(&self, i: usize, j: usize) -> f64 {
        (0..self.sigma.len()).map(|a| self.u[(i, a)] * self.sigma[a] * self.v[(j, a)]).sum()
    }

    /// `‖M‖_F`.
    pub fn norm(&self) -> f64 {
        norm(&self.sigma)
    }

    /// Observes each entry with probability `p`.
    ///
    /// # Errors
    ///
    /// `p` outside (0, 1]; a mask without entries.
    pub fn observe(&self, p: f64, rng: &mut impl Rng) -> Result<Observations, Error> {
        argument(p > 0.0 && p <= 1.0, "p", p, "0 < p ≤ 1")?;
        let (m, n) = (self.u.nrows(), self.v.nrows());
        let mut triplets = Vec::with_capacity((1.05 * p * (m * n) as f64) as usize);
        for i in 0..m {
            for j in 0..n {
                if rng.random::<f64>() < p {
                    triplets.push((i as u32, j as u32, self.entry(i, j)));
                }
            }
        }
        Observations::from_triplets(m, n, triplets)
    }
}

/// `μ(U) = √(m/k)·max_i ‖u_i‖₂` of a basis `U: m×k` with orthonormal columns; between 1 and `√(m/k)`.
pub fn incoherence(u: MatRef<'_, f64>) -> f64 {
    let (m, k) = u.shape();
    let largest = (0..m).map(|i| u.row(i).iter().map(|x| x * x).sum::<f64>()).fold(0.0, f64::max);
    (m as f64 / k as f64 * largest).sqrt()
}
