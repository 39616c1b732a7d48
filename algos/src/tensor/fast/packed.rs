//! One component at a time in packed coordinates.

use faer::Mat;

use super::extract::{Extracted, extract};
use crate::tensor::driver::{
    Model, Parts, Weight, enter, one_by_one, reciprocal, reflect_core, reflection, times, transposed_times,
};
use crate::tensor::options::Options;
use crate::tensor::outcome::Decomposition;
use crate::tensor::power::Ascent;
use crate::tensor::subspace::Subspace;
use crate::tensor::symmetric::SymmetricTensor;
use crate::{Error, Outcome};

/// The reference's steps on packed bases: memory and traffic fall by up to `n!`, and eight columns at a time are read once
/// for both products of a step. The flops of `n = 2` stay the same, those of `n = 3` fall to a third.
pub(in crate::tensor) fn spm(tensor: &SymmetricTensor, options: &Options) -> Result<Outcome<Decomposition>, Error> {
    enter(tensor, options, |tensor, options| {
        let Extracted { v, u, core, spectrum, flops } = extract(tensor, options, false)?;
        let mut parts = Parts { spectrum, ..Parts::default() };
        parts.phases.extraction_flops = flops;
        one_by_one(&mut Packed { v, u, core }, options, &mut parts)?;
        Ok(parts)
    })
}

struct Packed {
    v: Subspace,
    u: Option<Subspace>,
    core: Mat<f64>,
}

impl Ascent for Packed {
    fn dimension(&self) -> usize {
        self.v.dimension()
    }

    fn degree(&self) -> usize {
        self.v.degree()
    }

    fn evaluate(&mut self, x: &[f64], y: &mut [f64]) -> f64 {
        self.v.evaluate(x, y)
    }

    fn flops(&self) -> u64 {
        self.v.flops()
    }
}

impl Model for Packed {
    fn width(&self) -> usize {
        self.core.nrows()
    }

    fn weight(&mut self, x: &[f64], component: usize) -> Result<Weight, Error> {
        let alpha = self.v.coordinates(x);
        let Some(u) = &mut self.u else {
            let y = times(&self.core, &alpha);
            return Ok(Weight { lambda: reciprocal(&alpha, &y, component)?, left: y, right: None });
        };
        let y_u = times(&self.core, &u.coordinates(x));
        let y_v = transposed_times(&self.core, &alpha);
        Ok(Weight { lambda: reciprocal(&alpha, &y_u, component)?, left: y_u, right: Some(y_v) })
    }

    fn deflate(&mut self, weight: &Weight) {
        let g = reflection(&weight.left);
        let h = reflection(weight.right.as_ref().unwrap_or(&weight.left));
        rotate(&mut self.v.basis, &g);
        if let Some(u) = &mut self.u {
            rotate(&mut u.basis, &h);
        }
        self.core = reflect_core(&self.core, &g, &h);
    }

    fn deflation_flops(&self) -> u64 {
        let (k, u) = (self.core.nrows() as u64, self.u.as_ref().map_or(0, |u| u.basis.nrows()));
        6 * (self.v.basis.nrows() + u) as u64 * k + 12 * k * k
    }
}

/// `V ← V(I − hhᵀ)` without its last column, in place.
fn rotate(v: &mut Mat<f64>, h: &[f64]) {
    let along = times(v, h);
    for (j, h) in h.iter().enumerate() {
        v.col_as_slice_mut(j).iter_mut().zip(&along).for_each(|(v, a)| *v -= a * h);
    }
    v.truncate(v.nrows(), v.ncols() - 1);
}
