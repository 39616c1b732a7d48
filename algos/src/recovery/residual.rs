//! The residual of stored measurements.

use super::Measurements;
use crate::simd::{Simd, Task, lanes::Lanes, row::dot};

impl Measurements {
    /// `z = A x − y` for a packed `x`, padded as the rows are.
    pub(super) fn residual(&self, x: &[f64], y: &[f64], z: &mut [f64]) {
        Simd::detect().run(Residual { measurements: self, x, y, z });
    }
}

struct Residual<'a> {
    measurements: &'a Measurements,
    x: &'a [f64],
    y: &'a [f64],
    z: &'a mut [f64],
}

impl Task for Residual<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let rows = self.measurements.padded();
        for (i, (z, y)) in self.z.iter_mut().zip(self.y).enumerate() {
            *z = dot(simd, rows.col_as_slice(i), self.x) - y;
        }
    }
}
