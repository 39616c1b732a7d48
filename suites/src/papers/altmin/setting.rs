//! One run of alternating minimization on a planted instance: the point, the record, and the experiment made of them.

use std::ops::ControlFlow;

use algos::{
    Error, Par,
    completion::{
        Cg, Clip, Exact, Init, Inner, Options, Perturbation, Sampling, Stop, Sweep, Variant, altmin,
        diagnose::{relative_error, subspace_distance},
        instance::{Instance, Rows, Spec, incoherence},
        start::{self, Svd},
    },
};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    harness::{experiment::Cost, runs::Solve, seed::Trial, stats},
    record,
};

/// Spread of the rows of the factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Gaussian rows.
    Gaussian,
    /// Rows of equal norms.
    Flat,
}

/// Which entries an update sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Samples {
    /// All, each time.
    Reuse,
    /// Disjoint subsets.
    Fresh,
    /// Disjoint subsets, one for both updates of a sweep.
    Shared,
}

/// How the rows are solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Cholesky.
    Exact,
    /// Warm conjugate gradients.
    Warm,
    /// Conjugate gradients from zero.
    Cold,
    /// Conjugate gradients until `‖Aᵀr‖ ≤ τ‖Aᵀb‖`.
    Data,
}

/// The start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Leading singular vectors.
    Spectral,
    /// A random basis.
    Random,
}

record! {
    /// A point: the problem, the start and the solver.
    pub struct Setting {
        /// Order of the square matrix.
        pub n: usize,
        /// Rank.
        pub k: usize,
        /// Probability with which an entry is observed.
        pub p: f64,
        /// Condition number of the truth.
        pub kappa: f64,
        /// Rows of the factors: gaussian or flat (equal norms).
        pub law: Law,
        /// Exponent c: rows of the factors decay like rank^{−c}; 0 is incoherent.
        pub coherence: f64,
        /// Entries that an update sees: reuse, fresh (disjoint subsets) or shared (one subset for both updates of a sweep).
        pub samples: Samples,
        /// Start: spectral or random.
        pub start: Start,
        /// Constant of the clipping threshold constant·μ√k/√n; 0: no clipping.
        pub clip: f64,
        /// Row solver: exact, warm, cold, or data (stops relative to the data).
        pub solver: Solver,
        /// Steps of conjugate gradients per row.
        pub steps: u32,
        /// Tolerance τ of the solver `data`.
        pub tau: f64,
        /// Leading exact sweeps; −1: by the observed residual.
        pub exact: i32,
        /// Relative size ε of the error injected into every update.
        pub epsilon: f64,
        /// Leading sweeps with injected errors.
        pub perturbed: usize,
        /// Number T of sweeps.
        pub sweeps: usize,
        /// Relative error at which a run ends before T.
        pub target: f64,
        /// Whether a run that stagnates ends before T.
        pub impatient: bool,
    }
}

record! {
    /// What a run leaves.
    pub struct Run {
        /// ‖U Vᵀ − M‖_F/‖M‖_F at the last sweep.
        pub relerr: f64,
        /// Sweeps done.
        pub done: usize,
        /// First sweep with relative error below 1e-8; infinite if there is none.
        pub sweeps_1e8: f64,
        /// Contraction of the error per sweep, fitted over 1e-9 < relerr < 1e-3.
        pub rate: Option<f64>,
        /// R² of that fit.
        pub r2: Option<f64>,
        /// Contraction per sweep between sweep 2 and the last.
        pub overall: Option<f64>,
        /// Median relative error of the last eight sweeps.
        pub floor: f64,
        /// Sine of the largest angle between the clipped start and the true left space; only where there is clipping.
        pub start_distance: Option<f64>,
        /// The same for the start without clipping.
        pub unclipped_distance: Option<f64>,
        /// Entries that clipping set to zero.
        pub clipped: usize,
        /// Incoherence of the true left factor.
        pub mu: f64,
        /// Observed entries.
        pub observed: usize,
        /// Steps of conjugate gradients over all rows and sweeps.
        pub inner_steps: u64,
        /// Floating-point operations counted in the kernels.
        pub flops: u64,
    }
}

record! {
    /// A finished sweep.
    pub struct Snapshot {
        /// Number of the sweep.
        pub sweep: usize,
        /// Relative error after it.
        pub relerr: f64,
    }
}

impl Setting {
    /// `T` exact sweeps at `κ = 1` on reused samples from the spectral start.
    pub fn new(n: usize, k: usize, p: f64, sweeps: usize) -> Self {
        Self {
            n,
            k,
            p,
            kappa: 1.0,
            law: Law::Gaussian,
            coherence: 0.0,
            samples: Samples::Reuse,
            start: Start::Spectral,
            clip: 0.0,
            solver: Solver::Exact,
            steps: 0,
            tau: 0.0,
            exact: 0,
            epsilon: 0.0,
            perturbed: 0,
            sweeps,
            target: 0.0,
            impatient: false,
        }
    }

    /// With conjugate gradients of this kind after `exact` exact sweeps.
    pub fn solver(self, solver: Solver, steps: u32, exact: i32) -> Self {
        Self { solver, steps, exact, ..self }
    }

    /// The instance of a trial. Settings that differ only in `p` and `κ` share bases, and a larger `p` keeps the entries
    /// of a smaller.
    pub fn instance(&self, trial: &Trial<'_>) -> Result<Instance, Error> {
        let rows = match (self.law, self.coherence) {
            (Law::Flat, _) => Rows::Flat,
            (Law::Gaussian, 0.0) => Rows::Gaussian,
            (Law::Gaussian, c) => Rows::Decaying(c),
        };
        let spec = Spec { kappa: self.kappa, rows, ..Spec::square(self.n, self.k, self.p) };
        spec.draw(&mut trial.paired("instance", &(self.n, self.k)))
    }

    /// The options of a trial, given the incoherence that clipping needs.
    pub fn options(&self, trial: &Trial<'_>, mu: f64) -> Options<'static> {
        let stop = if self.solver == Solver::Data { Stop::Data(self.tau) } else { Stop::Never };
        let exact = usize::try_from(self.exact).map_or(Exact::Until(0.1), Exact::Sweeps);
        let cg = Cg { steps: self.steps, stop, warm: self.solver != Solver::Cold, exact };
        Options {
            inner: if self.solver == Solver::Exact { Inner::Cholesky } else { Inner::Cg(cg) },
            sampling: match self.samples {
                Samples::Reuse => Sampling::Reuse,
                Samples::Fresh => Sampling::Fresh,
                Samples::Shared => Sampling::Shared,
            },
            init: if self.start == Start::Random { Init::Random } else { Init::Spectral },
            clip: (self.clip > 0.0).then_some(Clip { mu, constant: self.clip }),
            perturbation: (self.epsilon > 0.0)
                .then_some(Perturbation { epsilon: self.epsilon, sweeps: self.perturbed }),
            seed: trial.paired("solver", &(self.n, self.k)).random(),
            ..Options::new(self.k, self.sweeps)
        }
    }
}

impl Solve for Setting {
    type Run = Run;
    type Iterate = Snapshot;

    fn cost(&self, rows: u32) -> Cost {
        let (n, k) = (self.n as f64, self.k as f64);
        let entries = self.p * n * n;
        let row = if self.solver == Solver::Exact { k * (k + 3.0) } else { 4.0 * k * f64::from(self.steps + 1) };
        let flops = self.sweeps as f64 * 2.0 * entries * row + 20.0 * n * n + 100.0 * entries * (k + 8.0);
        Cost { flops: 4.0 * flops, memory: (60.0 * entries) as u64, rows }
    }

    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Result<(Run, Vec<Snapshot>), Error> {
        let instance = self.instance(trial)?;
        let truth = &instance.truth;
        let mu = incoherence(truth.u.as_ref());
        let options = self.options(trial, mu);
        let mut errors: Vec<f64> = Vec::new();
        let mut fault = None;
        let mut observe = |sweep: &Sweep<'_>| {
            match relative_error(sweep.u, sweep.v, truth) {
                Ok(error) => errors.push(error),
                Err(e) => fault = Some(e),
            }
            let stands = |e: &[f64]| e.len() > 20 && e[e.len() - 1] > 0.05 && e[e.len() - 1] > 0.97 * e[e.len() - 11];
            let over = errors.last().is_none_or(|&e| e < self.target) || (self.impatient && stands(&errors));
            if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = altmin(Variant::WarmCg, &instance.observations, &options, Par::Seq, &mut observe)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let distance = |options: &Options<'_>| -> Result<(usize, f64), Error> {
            let start = start::start(&instance.observations, options, Svd::Subspace(Par::Seq))?;
            Ok((start.clipped, subspace_distance(start.u.as_ref(), truth.u.as_ref())?))
        };
        let (clipped, distances) = match options.clip {
            None => (0, None),
            Some(_) => {
                let (clipped, own) = distance(&options)?;
                (clipped, Some((own, distance(&Options { clip: None, ..options })?.1)))
            }
        };
        let fit = window(&errors);
        let last = errors.last().copied().unwrap_or(f64::NAN);
        let run = Run {
            relerr: last,
            done: errors.len(),
            sweeps_1e8: errors.iter().position(|&e| e < 1e-8).map_or(f64::INFINITY, |at| (at + 1) as f64),
            rate: fit.map(|(rate, _)| rate),
            r2: fit.map(|(_, r2)| r2),
            overall: (errors.len() > 2).then(|| (last / errors[1]).powf(1.0 / (errors.len() - 2) as f64)),
            floor: stats::median(&errors[errors.len().saturating_sub(8)..]).value,
            start_distance: distances.map(|d| d.0),
            unclipped_distance: distances.map(|d| d.1),
            clipped,
            mu,
            observed: instance.observations.len(),
            inner_steps: outcome.value.inner_steps,
            flops: outcome.effort.flops,
        };
        let snapshots =
            errors.iter().enumerate().take(iterates).map(|(t, &relerr)| Snapshot { sweep: t + 1, relerr }).collect();
        Ok((run, snapshots))
    }
}

/// Contraction per sweep and R² of a line through log₁₀ relerr where 1e-9 < relerr < 1e-3; at least three sweeps.
fn window(errors: &[f64]) -> Option<(f64, f64)> {
    let inside = errors.iter().enumerate().filter(|(_, e)| **e > 1e-9 && **e < 1e-3);
    let (t, e): (Vec<f64>, Vec<f64>) = inside.map(|(t, e)| ((t + 1) as f64, *e)).unzip();
    if t.len() < 3 {
        return None;
    }
    let fit = stats::semilog_slope(&t, &e);
    let logs: Vec<f64> = e.iter().map(|e| e.log10()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let total: f64 = logs.iter().map(|y| (y - mean).powi(2)).sum();
    let rest: f64 = t.iter().zip(&logs).map(|(t, y)| (y - fit.intercept - fit.slope * t).powi(2)).sum();
    Some((10f64.powf(fit.slope), 1.0 - rest / total))
}
