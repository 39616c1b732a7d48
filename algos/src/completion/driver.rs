//! The outer loop: what all variants share, and the loop of the literal ones.

use std::ops::ControlFlow;

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::options::{Perturbation, Stream};
use super::outcome::{observed_residual, warnings};
use super::start::Start;
use super::{Completion, Lines, Observations, Observer, Options, Sampling, Sweep};
use crate::error::InputError;
use crate::linalg::{norm, orthonormal_basis, product, singular_values, thin_svd, triangular_factor};
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// Counts over a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub effort: Effort,
    /// Flops of row solves alone, without changes of basis.
    pub row_flops: u64,
    pub inner_steps: u64,
    pub fallbacks: u64,
    pub underdetermined: u64,
}

/// Solves one least-squares problem per line; lines without entries get zeros.
pub(super) trait Solver {
    fn half(&mut self, lines: &Lines, design: MatRef<'_, f64>, tally: &mut Tally) -> Result<Mat<f64>, Error>;
}

/// The entries that each update sees.
pub(super) enum Subsets<'a> {
    Whole(&'a Observations),
    Parts { parts: Vec<Observations>, sweeps: usize, shared: bool },
}

impl<'a> Subsets<'a> {
    pub fn new(observations: &'a Observations, options: &Options<'_>) -> Self {
        if options.sampling == Sampling::Reuse {
            return Self::Whole(observations);
        }
        let parts = 2 * options.sweeps + 1;
        let mut rng = options.rng(Stream::Subsets);
        let labels: Vec<u32> = (0..observations.len()).map(|_| rng.random_range(0..parts as u32)).collect();
        let shared = options.sampling == Sampling::Shared;
        Self::Parts { parts: observations.split(&labels, parts), sweeps: options.sweeps, shared }
    }

    pub fn start(&self) -> &Observations {
        match self {
            Self::Whole(all) => all,
            Self::Parts { parts, .. } => &parts[0],
        }
    }

    /// For the update of `V` in sweep `t`, from 0.
    pub fn columns(&self, t: usize) -> &Lines {
        match self {
            Self::Whole(all) => all.columns(),
            Self::Parts { parts, .. } => parts[t + 1].columns(),
        }
    }

    /// For the update of `U` in sweep `t`.
    pub fn rows(&self, t: usize) -> &Lines {
        match self {
            Self::Whole(all) => all.rows(),
            Self::Parts { parts, shared: true, .. } => parts[t + 1].rows(),
            Self::Parts { parts, sweeps, .. } => parts[sweeps + t + 1].rows(),
        }
    }
}

/// Errors injected into updates.
pub(super) struct Noise {
    of: Option<Perturbation>,
    rng: ChaCha8Rng,
}

impl Noise {
    pub fn new(options: &Options<'_>) -> Self {
        Self { of: options.perturbation, rng: options.rng(Stream::Noise) }
    }

    /// What is to be added to a solution `X: m×k` of spectral norm `size()` in sweep `t`, from 0.
    pub fn draw(
        &mut self,
        t: usize,
        (m, k): (usize, usize),
        size: impl FnOnce() -> Result<f64, Error>,
    ) -> Result<Option<Mat<f64>>, Error> {
        let Some(Perturbation { epsilon, .. }) = self.of.filter(|p| t < p.sweeps && p.epsilon > 0.0) else {
            return Ok(None);
        };
        let mut g = Mat::zeros(m, k);
        (0..k).for_each(|j| g.col_as_slice_mut(j).fill_with(|| self.rng.sample(StandardNormal)));
        let scale = epsilon * size()? / spectral_norm(g.as_ref())?;
        Ok(Some(Mat::from_fn(m, k, |i, j| scale * g[(i, j)])))
    }
}

/// `‖X‖₂`.
pub(super) fn spectral_norm(x: MatRef<'_, f64>) -> Result<f64, Error> {
    Ok(singular_values(triangular_factor(x).as_ref())?.first().copied().unwrap_or(0.0))
}

/// Decides after each sweep.
pub(super) struct Stopping {
    tolerance: f64,
    still: u32,
}

impl Stopping {
    pub fn new(options: &Options<'_>) -> Self {
        Self { tolerance: options.tolerance, still: 0 }
    }

    /// Whether residuals and changes are of interest at all.
    pub fn wanted(&self) -> bool {
        self.tolerance > 0.0
    }

    /// From the relative observed residual before the update of `U` and the relative change that it made.
    pub fn after(&mut self, residual: f64, change: f64) -> Option<Status> {
        if !self.wanted() || change >= self.tolerance {
            self.still = 0;
            return None;
        }
        self.still += 1;
        match (residual < self.tolerance, self.still >= 3) {
            (true, _) => Some(Status::Converged),
            (false, true) => Some(Status::StepExhausted),
            _ => None,
        }
    }
}

/// Checks the input; a zero matrix is answered at once. Entries beyond `10^±100`, whose squares leave the range of
/// double precision, are brought to order one by a power of two, which changes no digit.
pub(super) fn enter(
    observations: &Observations,
    options: &Options<'_>,
    solve: impl FnOnce(&Observations, f64) -> Result<Outcome<Completion>, Error>,
) -> Result<Outcome<Completion>, Error> {
    let (m, n) = observations.shape();
    options.check((m, n))?;
    if options.strict {
        for (what, lines) in [("row", observations.rows()), ("column", observations.columns())] {
            if let Some(index) = (0..lines.len()).find(|&i| lines.count(i) == 0) {
                return Err(InputError::Unobserved { what, index }.into());
            }
        }
    }
    let largest = observations.largest();
    if largest == 0.0 {
        let value = Completion {
            u: Mat::zeros(m, options.rank),
            v: Mat::from_fn(n, options.rank, |i, j| f64::from(u8::from(i == j))),
            observed_residual: 0.0,
            row_flops: 0,
            inner_steps: 0,
            fallbacks: 0,
            warnings: warnings(observations, options, 0),
        };
        return Ok(Outcome { value, status: Status::Converged, effort: Effort::default() });
    }
    if (1e-100..=1e100).contains(&largest) {
        return solve(observations, 1.0);
    }
    // In two halves, because the reciprocal of a subnormal overflows.
    let half = f64::powi(2.0, (largest.log2() / 2.0) as i32);
    let mut outcome = solve(&observations.scaled(1.0 / half).scaled(1.0 / half), half * half)?;
    for j in 0..options.rank {
        outcome.value.u.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= half * half);
    }
    Ok(outcome)
}

/// Refuses iterates that are not finite.
pub(super) fn finite(x: MatRef<'_, f64>, sweep: usize) -> Result<(), Error> {
    // A number that is not finite makes the sum so, and so may overflow: only then is the norm computed.
    let columns = if x.row_stride() == 1 { x } else { x.transpose() };
    let total: f64 = columns.col_iter().map(|c| c.iter().map(|x| x.abs()).sum::<f64>()).sum();
    if total.is_finite() {
        return Ok(());
    }
    let norm = x.norm_l2();
    if norm.is_finite() { Ok(()) } else { Err(NumericalError::Diverged { iteration: sweep, norm }.into()) }
}

/// `‖A − B‖_F/‖A‖_F`.
pub(super) fn relative_change(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    let entries =
        |x: MatRef<'_, f64>| x.col_iter().flat_map(|c| c.iter().copied().collect::<Vec<_>>()).collect::<Vec<_>>();
    let (a, b) = (entries(a), entries(b));
    norm(&a.iter().zip(&b).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(&a)
}

/// An orthonormal basis of the columns, completed where they are dependent.
fn basis(x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    orthonormal_basis(x).or_else(|_| Ok(thin_svd(x)?.left))
}

/// The loop of the literal variants.
pub(super) fn run(
    observations: &Observations,
    options: &Options<'_>,
    solver: &mut impl Solver,
    start: impl FnOnce(&Observations, &Options<'_>) -> Result<Start, Error>,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    enter(observations, options, |observations, scale| {
        let (m, n) = observations.shape();
        let k = options.rank;
        let (mut tally, mut noise, mut stopping) = (Tally::default(), Noise::new(options), Stopping::new(options));
        let subsets = Subsets::new(observations, options); // line 1
        let mut u_hat = start(subsets.start(), options)?.u; // lines 2 and 3
        let (mut u, mut v_hat) = (Mat::zeros(m, k), Mat::from_fn(n, k, |i, j| f64::from(u8::from(i == j))));
        let mut status = Status::IterationLimit;
        for t in 0..options.sweeps {
            let mut v = solver.half(subsets.columns(t), u_hat.as_ref(), &mut tally)?; // line 5
            if let Some(error) = noise.draw(t, (n, k), || spectral_norm(v.as_ref()))? {
                v += error;
            }
            finite(v.as_ref(), t + 1)?;
            v_hat = basis(v.as_ref())?; // line 6
            // The product before the update of U, in the new basis: Û Vᵀ = Û (V̂ᵀV)ᵀ V̂ᵀ.
            let before = product(u_hat.as_ref(), product(v.transpose(), v_hat.as_ref()).as_ref());
            u = solver.half(subsets.rows(t), v_hat.as_ref(), &mut tally)?; // line 7
            if let Some(error) = noise.draw(t, (m, k), || spectral_norm(u.as_ref()))? {
                u += error;
            }
            finite(u.as_ref(), t + 1)?;
            u_hat = basis(u.as_ref())?; // line 8
            tally.effort.iterations += 1;
            tally.row_flops = tally.effort.flops;
            let sweep =
                Sweep { sweep: t + 1, u: u.as_ref(), v: v_hat.as_ref(), scale, exact: true, effort: tally.effort };
            let stop = stopping.wanted().then(|| {
                let residual = observed_residual(observations, before.as_ref(), v_hat.as_ref());
                stopping.after(residual, relative_change(u.as_ref(), before.as_ref()))
            });
            if observe(&sweep) == ControlFlow::Break(()) {
                break;
            }
            if let Some(Some(stop)) = stop {
                status = stop;
                break;
            }
        }
        Ok(finish(observations, options, u, v_hat, status, tally)) // line 9
    })
}

/// Gathers a result.
pub(super) fn finish(
    observations: &Observations,
    options: &Options<'_>,
    u: Mat<f64>,
    v: Mat<f64>,
    status: Status,
    tally: Tally,
) -> Outcome<Completion> {
    let value = Completion {
        observed_residual: observed_residual(observations, u.as_ref(), v.as_ref()),
        row_flops: tally.row_flops,
        inner_steps: tally.inner_steps,
        fallbacks: tally.fallbacks,
        warnings: warnings(observations, options, tally.underdetermined),
        u,
        v,
    };
    Outcome { value, status, effort: tally.effort }
}
