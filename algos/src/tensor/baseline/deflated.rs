//! The plain tensor power method with subtraction: exact for orthonormal components, wrong for others.

use rand_chacha::ChaCha8Rng;

use crate::simd::Simd;
use crate::tensor::instance::Truth;
use crate::tensor::octet::{Octet, Octets, advance_all, run_all};
use crate::tensor::power::direction;
use crate::tensor::symmetric::{SymmetricTensor, from_columns};
use crate::{Effort, Error, Outcome, Status};

/// Finds `r` components: of `starts` unshifted power iterations of `iterations` steps the eigenpair of largest `|μ|` is
/// subtracted, and again.
///
/// The starts run side by side, eight at a time.
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
    let simd = Simd::detect();
    let mut workspace = Octets::new(tensor.monomials());
    let mut y = vec![Octet::ZERO; d];
    let (mut rest, unit) = tensor.normalized();
    let (mut vectors, mut weights, mut effort) = (Vec::new(), Vec::new(), Effort::default());
    for _ in 0..r {
        let from: Vec<Vec<f64>> = (0..starts).map(|_| direction(d, rng)).collect();
        let mut contraction = rest.contraction();
        let flops = contraction.flops();
        let step = |x: &mut [Octet]| {
            contraction.apply_all(&mut workspace, x, &mut y);
            ([0.0; 8], advance_all(simd, x, &y, [0.0; 8]))
        };
        let ends =
            run_all(&from, step, |t, x, _, moved| (moved < 1e-14 || t >= iterations).then(|| (x.column(), t as u64)));
        let mut best: Option<(Vec<f64>, f64)> = None;
        for (x, steps) in ends {
            effort += Effort { iterations: steps, flops: steps * flops, ..Effort::default() };
            let value = contraction.apply(&x, &mut vec![0.0; d]);
            if best.as_ref().is_none_or(|(_, best)| value.abs() > best.abs()) {
                best = Some((x, value));
            }
        }
        let Some((x, value)) = best else { break };
        rest.add_components(-1.0, from_columns(d, std::slice::from_ref(&x)).as_ref(), &[value])?;
        vectors.push(x);
        weights.push(unit.multiply(value));
    }
    let value = Truth { vectors: from_columns(d, &vectors), weights };
    Ok(Outcome { value, status: Status::Converged, effort })
}
