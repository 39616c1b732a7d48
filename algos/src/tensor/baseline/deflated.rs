//! The plain tensor power method with subtraction: exact for orthonormal components, wrong for others.

use rand_chacha::ChaCha8Rng;

use crate::tensor::instance::Truth;
use crate::tensor::power::direction;
use crate::tensor::sshopm::{Options, sshopm};
use crate::tensor::symmetric::{SymmetricTensor, from_columns};
use crate::{Effort, Error, Outcome, Status};

/// Finds `r` components: of `starts` unshifted power iterations of `iterations` steps the eigenpair of largest `|μ|` is
/// subtracted, and again.
///
/// # Errors
///
/// None but those of its parts.
pub fn deflated_power(
    tensor: &SymmetricTensor,
    r: usize,
    starts: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Truth>, Error> {
    let d = tensor.dimension();
    let options = Options { shift: 0.0, iterations, tolerance: 1e-14 };
    let mut rest = tensor.clone();
    let (mut vectors, mut weights, mut effort) = (Vec::new(), Vec::new(), Effort::default());
    for _ in 0..r {
        let mut best: Option<(Vec<f64>, f64)> = None;
        for _ in 0..starts {
            let run = sshopm(&rest, &direction(d, rng), &options)?;
            effort += run.effort;
            if best.as_ref().is_none_or(|(_, value)| run.value.value.abs() > value.abs()) {
                best = Some((run.value.x, run.value.value));
            }
        }
        let Some((x, value)) = best else { break };
        rest.add_components(-1.0, from_columns(d, std::slice::from_ref(&x)).as_ref(), &[value])?;
        vectors.push(x);
        weights.push(value);
    }
    let value = Truth { vectors: from_columns(d, &vectors), weights };
    Ok(Outcome { value, status: Status::Converged, effort })
}
