use faer::{Mat, MatRef};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::error::{Error, argument};
use crate::linalg::{orthonormal_basis, product};

/// A positive semidefinite truth `M = Q diag(λ) Qᵀ`.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    q: Mat<f64>,
    lambda: Vec<f64>,
}

impl Truth {
    /// Draws `Q: n×r` from `n·r` unit normals, column after column; eigenvalues fall geometrically from `κ` to 1.
    ///
    /// # Errors
    ///
    /// `r` or `κ` outside their domains.
    pub fn draw(n: usize, r: usize, kappa: f64, rng: &mut impl Rng) -> Result<Self, Error> {
        argument(r >= 1 && r <= n, "r", r as f64, "1 ≤ r ≤ n")?;
        argument(kappa >= 1.0 && kappa.is_finite(), "kappa", kappa, "finite and at least 1")?;
        let q = orthonormal_basis(normals(n, r, 1.0, rng).as_ref())?;
        let lambda = (0..r).map(|i| kappa.powf(1.0 - i as f64 / (r.max(2) - 1) as f64)).collect();
        Ok(Self { q, lambda })
    }

    pub(super) fn new(q: Mat<f64>, lambda: Vec<f64>) -> Self {
        Self { q, lambda }
    }

    /// `Q: n×r`.
    pub fn basis(&self) -> MatRef<'_, f64> {
        self.q.as_ref()
    }

    /// `λ`, descending.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.lambda
    }

    /// `M: n×n`.
    pub fn matrix(&self) -> Mat<f64> {
        let scaled = Mat::from_fn(self.q.nrows(), self.q.ncols(), |i, j| self.q[(i, j)] * self.lambda[j]);
        product(scaled.as_ref(), self.q.transpose())
    }
}

/// `n×k` normals of standard deviation `scale`, column after column.
pub(super) fn normals(n: usize, k: usize, scale: f64, rng: &mut impl Rng) -> Mat<f64> {
    let mut x = Mat::zeros(n, k);
    (0..k).for_each(|j| x.col_as_slice_mut(j).fill_with(|| scale * rng.sample::<f64, _>(StandardNormal)));
    x
}
