//! Averaged Langevin dynamics for a spiked tensor `T = λ v^{⊗m} + Z`.
//!
//! `X ← normalise(X + mβδ T X^{m−1} + √(2δ) N)` with standard normal `N`. At low signal the last iterate knows nothing of
//! `v`, while the average over time and chains does: to first order in `β` it points along the contraction of `T` with
//! identities, for order 3 the partial trace `p_j = Σ_i T_iij`.
//!
//! [arXiv:2603.06028](https://arxiv.org/abs/2603.06028).

use faer::Mat;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::octet::{Octet, Octets};
use super::power::direction;
use super::symmetric::SymmetricTensor;
use crate::error::{Error, argument};
use crate::linalg::norm;
use crate::{Effort, NumericalError, Outcome, Status};

/// Options of the dynamics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Inverse temperature `β`.
    pub beta: f64,
    /// Step `δ`.
    pub step: f64,
    /// Steps.
    pub steps: usize,
    /// Leading steps left out of the average.
    pub burn_in: usize,
    /// Independent chains.
    pub chains: usize,
}

/// What the chains leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// The mean of `X` over chains and steps, normalised.
    pub direction: Vec<f64>,
    /// Its length before that.
    pub length: f64,
    /// The last point of every chain, as columns.
    pub last: Mat<f64>,
}

/// Runs chains from uniform starts, eight at a time: about `4·C(d+m−1, m)` flops a step and chain.
///
/// # Errors
///
/// [`Error::Input`]: an order below 3; no steps after the burn-in, no chains, or parameters that are not positive.
/// [`Error::Numerical`]: an average that vanishes.
pub fn langevin(tensor: &SymmetricTensor, options: &Options, rng: &mut ChaCha8Rng) -> Result<Outcome<Average>, Error> {
    let (m, d) = (tensor.order(), tensor.dimension());
    let Options { beta, step, steps, burn_in, chains } = *options;
    argument(m >= 3, "order", m as f64, "at least 3")?;
    argument(beta >= 0.0 && beta.is_finite(), "beta", beta, "non-negative and finite")?;
    argument(step > 0.0 && step.is_finite(), "step", step, "positive and finite")?;
    argument(steps > burn_in, "steps", steps as f64, "more than the burn-in")?;
    argument(chains >= 1, "chains", chains as f64, "at least one")?;
    let contraction = tensor.contraction();
    let mut workspace = Octets::new(tensor.monomials());
    let mut x = vec![vec![Octet::ZERO; d]; chains.div_ceil(8)];
    for (c, start) in (0..chains).map(|_| direction(d, rng)).enumerate() {
        x[c / 8].iter_mut().zip(start).for_each(|(x, start)| x[c % 8] = start);
    }
    let (pull, kick) = (m as f64 * beta * step, (2.0 * step).sqrt());
    let (mut drift, mut sum) = (vec![Octet::ZERO; d], vec![0.0; d]);
    for t in 0..steps {
        for (eight, points) in x.iter_mut().enumerate() {
            contraction.apply_all(&mut workspace, points, &mut drift);
            for l in 0..8.min(chains - 8 * eight) {
                let mut square = 0.0;
                for (x, force) in points.iter_mut().zip(&drift) {
                    x[l] += pull * force[l] + kick * rng.sample::<f64, _>(StandardNormal);
                    square += x[l] * x[l];
                }
                let scale = 1.0 / square.sqrt();
                points.iter_mut().for_each(|x| x[l] *= scale);
                if t >= burn_in {
                    sum.iter_mut().zip(&*points).for_each(|(s, x)| *s += x[l]);
                }
            }
        }
    }
    let last = Mat::from_fn(d, chains, |i, c| x[c / 8][i][c % 8]);
    let length = norm(&sum);
    if length == 0.0 || !length.is_finite() {
        return Err(NumericalError::Diverged { iteration: steps, norm: length }.into());
    }
    let samples = ((steps - burn_in) * chains) as f64;
    let flops = (steps * chains) as u64 * contraction.flops();
    Ok(Outcome {
        value: Average { direction: sum.iter().map(|s| s / length).collect(), length: length / samples, last },
        status: Status::IterationLimit,
        effort: Effort { iterations: steps as u64, flops, ..Effort::default() },
    })
}

/// `p_j = Σ_i T_iij`, normalised, for order 3.
///
/// # Errors
///
/// [`Error::Input`]: another order. [`Error::Numerical`]: a trace that vanishes.
pub fn partial_trace(tensor: &SymmetricTensor) -> Result<Vec<f64>, Error> {
    let (m, d) = (tensor.order(), tensor.dimension());
    argument(m == 3, "order", m as f64, "3")?;
    let trace = |j: usize| (0..d).map(|i| tensor.entry(&[i, i, j])).sum::<f64>();
    let p: Vec<f64> = (0..d).map(trace).collect();
    let length = norm(&p);
    if length == 0.0 {
        return Err(NumericalError::DegenerateInit { why: "the partial trace is zero" }.into());
    }
    Ok(p.into_iter().map(|p| p / length).collect())
}
