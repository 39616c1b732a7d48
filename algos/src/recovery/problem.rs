//! A recovery problem: measurements and observations.

use faer::{Mat, MatRef};

use super::{Loss, Measurements, symmetric::svec_of_factor};
use crate::error::{Error, Size, finite, shape};

/// Find `X ⪰ 0` of low rank with `⟨S_i, X⟩ ≈ y_i` for most `i`.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    measurements: &'a Measurements,
    y: &'a [f64],
}

impl<'a> Problem<'a> {
    /// Takes `m` measurements and the observations `y`, `m` entries.
    ///
    /// # Errors
    ///
    /// `y` of another length than `m`, or with an entry that is not finite.
    pub fn new(measurements: &'a Measurements, y: &'a [f64]) -> Result<Self, Error> {
        observations(measurements.len(), y)?;
        Ok(Self { measurements, y })
    }

    /// The measurements.
    pub fn measurements(&self) -> &'a Measurements {
        self.measurements
    }

    /// The observations.
    pub fn y(&self) -> &'a [f64] {
        self.y
    }

    /// `z_i = ⟨S_i, U Uᵀ⟩ − y_i` for `U: d×k`. Cost: `2mD + 2d²k` flops.
    ///
    /// # Errors
    ///
    /// `U` with another number of rows than `d`.
    pub fn residual(&self, u: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        let d = self.measurements.order();
        shape("factor", Size::Matrix(d, u.ncols()), Size::Matrix(u.nrows(), u.ncols()))?;
        let mut x = Mat::zeros(self.measurements.padded().nrows(), 1);
        svec_of_factor(u, &mut Mat::zeros(d, d), x.col_as_slice_mut(0));
        let mut z = vec![0.0; self.y.len()];
        self.measurements.residual(x.col_as_slice(0), self.y, &mut z);
        Ok(z)
    }

    /// `f(U)`: `(1/m) Σ |z_i|` or `(1/2m) Σ z_i²`. Cost: as [`Problem::residual`].
    ///
    /// # Errors
    ///
    /// `U` with another number of rows than `d`.
    pub fn loss(&self, u: MatRef<'_, f64>, loss: Loss) -> Result<f64, Error> {
        Ok(loss.mean(&self.residual(u)?))
    }
}

/// Checks the observations of `m` measurements.
pub(crate) fn observations(m: usize, y: &[f64]) -> Result<(), Error> {
    shape("observations y", Size::Len(m), Size::Len(y.len()))?;
    finite("observations y", y)?;
    Ok(())
}
