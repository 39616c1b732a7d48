//! Averaged Langevin dynamics for a spiked tensor `T = λ v^{⊗m} + Z`.
//!
//! `X ← normalise(X + mβδ T X^{m−1} + √(2δ) N)` with standard normal `N`. At low signal the last iterate knows nothing of
//! `v`, while the average over time and chains does: to first order in `β` it points along the contraction of `T` with
//! identities, for order 3 the partial trace `p_j = Σ_i T_iij`.
//!
//! [arXiv:2603.06028](https://arxiv.org/abs/2603.06028).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::contract::Workspace;
use super::power::direction;
use super::symmetric::SymmetricTensor;
use crate::error::{Error, argument};
use crate::linalg::norm;
use crate::simd::Simd;
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

/// Runs chains from uniform starts. All chains share one matrix product a step: `2d·C(d+m−2, m−1)` flops a chain.
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
    let flattening = tensor.flatten(1)?;
    let monomials = &flattening.columns;
    let roots: Vec<f64> = monomials.multiplicities().into_iter().map(f64::sqrt).collect();
    let (simd, mut workspace) = (Simd::detect(), Workspace::new(monomials));
    let mut lifted = Mat::zeros(monomials.len(), chains);
    let (mut drift, mut x) = (Mat::<f64>::zeros(d, chains), Mat::<f64>::zeros(d, chains));
    (0..chains).for_each(|c| x.col_as_slice_mut(c).copy_from_slice(&direction(d, rng)));
    let (pull, kick) = (m as f64 * beta * step, (2.0 * step).sqrt());
    let mut sum = vec![0.0; d];
    for t in 0..steps {
        for c in 0..chains {
            workspace.lift(simd, monomials, x.col_as_slice(c), &roots, lifted.col_as_slice_mut(c));
        }
        matmul(drift.as_mut(), Accum::Replace, flattening.matrix.as_ref(), lifted.as_ref(), 1.0, Par::Seq);
        for c in 0..chains {
            let point = x.col_as_slice_mut(c);
            for (x, force) in point.iter_mut().zip(drift.col_as_slice(c)) {
                *x += pull * force + kick * rng.sample::<f64, _>(StandardNormal);
            }
            let scale = 1.0 / norm(point);
            point.iter_mut().for_each(|x| *x *= scale);
            if t >= burn_in {
                sum.iter_mut().zip(&*point).for_each(|(s, x)| *s += x);
            }
        }
    }
    let length = norm(&sum);
    if length == 0.0 || !length.is_finite() {
        return Err(NumericalError::Diverged { iteration: steps, norm: length }.into());
    }
    let samples = ((steps - burn_in) * chains) as f64;
    let flops = (steps * chains * 2 * d * monomials.len()) as u64;
    Ok(Outcome {
        value: Average { direction: sum.iter().map(|s| s / length).collect(), length: length / samples, last: x },
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
