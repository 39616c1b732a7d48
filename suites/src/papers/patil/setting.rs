//! Data of the paper's synthetic experiments, and members of ensembles.

use algos::{
    Error,
    linalg::{gram, symmetric_eigen},
    sketch::{
        instance::gaussian,
        ridge::{Fit, Solver, fit},
    },
};
use faer::{Mat, MatRef};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::super::sketching::Map;

/// Training data of the linear model `y = Xβ₀ + noise`: `X` standard normal, `β₀ ~ N(0, I/p)`, noise of variance 1.
pub struct Data {
    /// `X: n×p`.
    pub x: Mat<f64>,
    /// `y`.
    pub y: Vec<f64>,
    /// `β₀`.
    pub truth: Vec<f64>,
}

type Rng = rand_chacha::ChaCha8Rng;

impl Data {
    /// Draws them.
    pub fn draw(n: usize, p: usize, rng: &mut Rng) -> Self {
        let x = gaussian(n, p, rng);
        let root = (p as f64).sqrt();
        let truth: Vec<f64> = (0..p).map(|_| rng.sample::<f64, _>(StandardNormal) / root).collect();
        let mut y: Vec<f64> = (0..n).map(|_| rng.sample(StandardNormal)).collect();
        for (j, beta) in truth.iter().enumerate() {
            y.iter_mut().zip(x.col_as_slice(j)).for_each(|(y, x)| *y += beta * x);
        }
        Self { x, y, truth }
    }

    /// The prediction risk of coefficients on fresh data, given the training data: `‖β − β₀‖² + 1`.
    pub fn risk(&self, beta: &[f64]) -> f64 {
        1.0 + beta.iter().zip(&self.truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
    }

    /// Eigenvalues of `XᵀX/n` that are not zero for want of rows, and the unsketched ridge regressions by them.
    pub fn spectrum(&self) -> Result<Vec<f64>, Error> {
        let n = self.x.nrows();
        let small = if n < self.x.ncols() { gram(self.x.transpose()) } else { gram(self.x.as_ref()) };
        Ok(symmetric_eigen(small.as_ref())?.0.iter().map(|e| e.max(0.0) / n as f64).collect())
    }

    /// Unsketched ridge regression at some penalties.
    pub fn ridge(&self, penalties: &[f64]) -> Result<Vec<Fit>, Error> {
        Ok(fit(Solver::Gram, self.x.as_ref(), &self.y, None, penalties)?.value)
    }
}

/// A member with a fresh sketch to (about) `q` features: its fits, one for each penalty, and the number of features.
pub fn member(
    x: MatRef<'_, f64>,
    y: &[f64],
    sketch: Map,
    q: usize,
    penalties: &[f64],
    rng: &mut Rng,
) -> Result<(Vec<Fit>, usize), Error> {
    let (law, rows) = sketch.law(q, x.ncols());
    let map = law.draw(rows, x.ncols(), rng)?;
    Ok((fit(Solver::Gram, x, y, Some(&map), penalties)?.value, rows))
}
