use faer::Mat;

use crate::Error;
use crate::linalg::{product, thin_svd};

/// The modified step: at step `at` the factors are rebalanced so that `FᵀF = β²I`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneStep {
    /// When.
    pub at: usize,
    /// `β`, at best `√σ_r`: superfluous directions of `G` then shrink by `1 − ηβ²` a step, whatever the start.
    pub beta: f64,
}

impl OneStep {
    /// Whether steps after the modification stay bounded near a truth of norm `σ_1`: `η(β² + σ_1²/β²) < 2`.
    pub fn is_stable(&self, eta: f64, sigma_1: f64) -> bool {
        eta * (self.beta.powi(2) + (sigma_1 / self.beta).powi(2)) < 2.0
    }

    /// `F = A S Bᵀ` becomes `β A`, `G` becomes `G B S/β`. No singular value is divided by.
    pub(super) fn apply(&self, f: &mut Mat<f64>, g: &mut Mat<f64>) -> Result<(), Error> {
        let svd = thin_svd(f.as_ref())?;
        let k = f.ncols();
        let turned = product(g.as_ref(), svd.right.as_ref());
        *f = Mat::from_fn(f.nrows(), k, |i, j| self.beta * svd.left[(i, j)]);
        *g = Mat::from_fn(g.nrows(), k, |i, j| turned[(i, j)] * svd.values[j] / self.beta);
        Ok(())
    }
}
