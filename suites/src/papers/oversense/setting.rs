//! Gradient descents on factors: the point, the record, and the experiments made of them.

use std::ops::RangeInclusive;

use algos::{
    Error,
    completion::sensing::{Descent, Iterate, Normal, OneStep, Operator, Population, Truth, lockstep, reduced::reduce},
    linalg::{distance, singular_values},
};
use faer::Mat;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::{
    harness::{experiment::Cost, runs::Solve, seed::Trial, stats},
    record,
};

/// The step η of all runs.
pub const ETA: f64 = 0.1;
/// The condition number of all truths, whose smallest nonzero eigenvalue is 1.
pub const KAPPA: f64 = 2.0;

/// How a run descends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `Z Zᵀ`.
    Symmetric,
    /// `F Gᵀ` from independent starts.
    Asymmetric,
    /// `F Gᵀ` from `G_0 = F_0`.
    Balanced,
    /// `F Gᵀ` with one modified step.
    OneStep,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// All of the matrix: the population.
    Population,
    /// Gaussian matrices.
    General,
    /// Symmetrised Gaussian matrices.
    Symmetric,
}

record! {
    /// A point: the problem, the start and the steps.
    pub struct Setting {
        /// Order of the matrix.
        pub n: usize,
        /// Rank of the truth.
        pub r: usize,
        /// Columns of the factors.
        pub k: usize,
        /// Measurements: population, general or symmetric (symmetrised).
        pub measured: Measured,
        /// Number of measurements; 0 in the population.
        pub m: usize,
        /// Descent: symmetric, asymmetric, balanced (G₀ = F₀) or one-step.
        pub method: Method,
        /// Scale α of the start.
        pub alpha: f64,
        /// Ratio c: the start of G has scale α/c.
        pub ratio: f64,
        /// β of the modified step; 0 without one.
        pub beta: f64,
        /// When the modified step is made.
        pub at: usize,
        /// Number T of steps.
        pub steps: usize,
    }
}

record! {
    /// What a run leaves.
    pub struct Run {
        /// ‖F Gᵀ − M‖_F at the last step.
        pub err: f64,
        /// −slope of ln err over 1e-11 < err < 1e-7. [1/step]
        pub rate_low: Option<f64>,
        /// The same over 1e-11 < err < 1e-5. [1/step]
        pub rate_mid: Option<f64>,
        /// The same over 1e-11 < err < 1e-3; 0 with fewer than three steps there. [1/step]
        pub rate_high: f64,
        /// The same over 1e-10 < err < 1e-2 after the modified step; empty if it was below 1e-10 there. [1/step]
        pub rate_after: Option<f64>,
        /// Power of t in err² over [T/4, T].
        pub power_quarter: Option<f64>,
        /// Power of t in err² over [T/3, T].
        pub power_third: Option<f64>,
        /// σ_k of the last left factor.
        pub sigma_k: f64,
        /// Relative change of the product by the modified step; 0 without one.
        pub jump: f64,
        /// √loss of the last iterate; its error in the population.
        pub root_loss: f64,
    }
}

record! {
    /// A point of a trajectory.
    pub struct Snapshot {
        /// Number t of steps.
        pub t: usize,
        /// ‖F Gᵀ − M‖_F.
        pub err: f64,
    }
}

impl Setting {
    /// A population run at order 50 and rank 3.
    pub fn population(method: Method, k: usize, alpha: f64, steps: usize) -> Self {
        Self {
            n: 50,
            r: 3,
            k,
            measured: Measured::Population,
            m: 0,
            method,
            alpha,
            ratio: 3.0,
            beta: 0.0,
            at: 0,
            steps,
        }
    }

    /// A run from 1200 Gaussian measurements at order 30 and rank 2.
    pub fn finite(method: Method, k: usize, alpha: f64, steps: usize) -> Self {
        Self { n: 30, r: 2, measured: Measured::General, m: 1200, ..Self::population(method, k, alpha, steps) }
    }

    /// Whether all of the matrix is seen.
    pub fn is_population(&self) -> bool {
        self.measured == Measured::Population
    }

    fn truth(&self, trial: &Trial<'_>) -> Result<Truth, Error> {
        Truth::draw(self.n, self.r, KAPPA, &mut trial.paired("truth", &(self.n, self.r)))
    }

    /// The start. Runs of a trial that differ in α or c alone have the same directions.
    fn start(&self, trial: &Trial<'_>) -> Descent {
        let factor = |name: &str, scale: f64| {
            let mut rng = trial.paired(name, &(self.n, self.k));
            let mut x = Mat::zeros(self.n, self.k);
            let scale = scale / (self.n as f64).sqrt();
            (0..self.k).for_each(|j| x.col_as_slice_mut(j).fill_with(|| scale * rng.sample::<f64, _>(StandardNormal)));
            x
        };
        let f = factor("left", self.alpha);
        let one_step = (self.method == Method::OneStep).then_some(OneStep { at: self.at, beta: self.beta });
        match self.method {
            Method::Symmetric => Descent::Symmetric { z: f },
            Method::Balanced => Descent::Asymmetric { g: f.clone(), f, one_step },
            _ => Descent::Asymmetric { g: factor("right", self.alpha / self.ratio), f, one_step },
        }
    }
}

impl Solve for Setting {
    type Run = Run;
    type Iterate = Snapshot;

    fn cost(&self, rows: u32) -> Cost {
        let step = if self.is_population() {
            let d = (self.r + 2 * self.k) as f64;
            6.0 * d * d * self.k as f64 + 2.0 * d * d
        } else {
            2.0 * (self.n as f64).powi(4) + 6.0 * (self.n * self.n * self.k) as f64
        };
        let forming = 2.0 * self.m as f64 * (self.n as f64).powi(4);
        let flops = 4.0 * (self.steps as f64 * (step + 2000.0) + forming);
        Cost { flops, memory: 16 * (self.n as u64).pow(4).max((self.m * self.n * self.n) as u64), rows }
    }

    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Result<(Run, Vec<Snapshot>), Error> {
        let truth = self.truth(trial)?;
        let start = [self.start(trial)];
        let mut watch = Watch::new(self, iterates);
        let ends = if self.is_population() {
            let small = reduce(&truth, &start)?;
            let target = small.truth.matrix();
            let mut see = |i: &Iterate<'_>| watch.see(i, &target);
            lockstep::descend(&mut Population::new(&small.truth), &small.starts, ETA, self.steps, &mut see)?.value
        } else {
            let symmetric = self.measured == Measured::Symmetric;
            let mut rng = trial.paired("operator", &(self.n, self.m, symmetric));
            let operator = Operator::draw(&truth, self.m, symmetric, &mut rng)?;
            let target = truth.matrix();
            let mut see = |i: &Iterate<'_>| watch.see(i, &target);
            let ends = lockstep::descend(&mut Normal::new(&operator), &start, ETA, self.steps, &mut see)?.value;
            let x = algos::linalg::product(ends[0].left(), ends[0].right().transpose());
            watch.root_loss = Some(operator.loss(x.as_ref())?.sqrt());
            ends
        };
        watch.finish(&ends[0])
    }
}

/// Follows the error of every iterate.
struct Watch {
    setting: Setting,
    keep: Vec<usize>,
    errors: Vec<f64>,
    before: Option<Mat<f64>>,
    jump: f64,
    root_loss: Option<f64>,
}

impl Watch {
    fn new(setting: &Setting, keep: usize) -> Self {
        let keep = if keep == 0 { Vec::new() } else { stats::log_spaced(setting.steps, keep) };
        Self { setting: setting.clone(), keep, errors: Vec::new(), before: None, jump: 0.0, root_loss: None }
    }

    fn see(&mut self, iterate: &Iterate<'_>, target: &Mat<f64>) {
        self.errors.push(distance(iterate.product, target.as_ref()));
        if self.setting.method != Method::OneStep {
            return;
        }
        // The product just after the modified step against one plain step from the iterate before it.
        if iterate.t == self.setting.at {
            if let Some(expected) = self.before.take() {
                self.jump = distance(iterate.product, expected.as_ref()) / expected.norm_l2();
            }
        } else if iterate.t + 1 == self.setting.at && self.setting.is_population() {
            let e = Mat::from_fn(target.nrows(), target.ncols(), |i, j| iterate.product[(i, j)] - target[(i, j)]);
            let moved = |x: faer::MatRef<'_, f64>, e: faer::MatRef<'_, f64>, y: faer::MatRef<'_, f64>| {
                let change = algos::linalg::product(e, y);
                Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - ETA * change[(i, j)])
            };
            let f = moved(iterate.left, e.as_ref(), iterate.right);
            let g = moved(iterate.right, e.transpose(), iterate.left);
            self.before = Some(algos::linalg::product(f.as_ref(), g.transpose()));
        }
    }

    /// −slope of ln err over the steps from `from` on whose error is inside.
    fn rate(&self, inside: RangeInclusive<f64>, from: usize) -> Option<f64> {
        let chosen = self.errors.iter().enumerate().skip(from).filter(|(_, e)| inside.contains(e));
        let (t, e): (Vec<f64>, Vec<f64>) = chosen.map(|(t, e)| (t as f64, *e)).unzip();
        (t.len() >= 3).then(|| -stats::semilog_slope(&t, &e).slope * std::f64::consts::LN_10).filter(|r| r.is_finite())
    }

    /// Slope of log err² over log t from `from` on.
    fn power(&self, from: usize) -> Option<f64> {
        let chosen = self.errors.iter().enumerate().skip(from.max(1));
        let (t, e): (Vec<f64>, Vec<f64>) = chosen.map(|(t, e)| (t as f64, e * e)).unzip();
        Some(stats::log_log_slope(&t, &e).slope).filter(|s| s.is_finite())
    }

    fn finish(self, end: &Descent) -> Result<(Run, Vec<Snapshot>), Error> {
        let err = self.errors.last().copied().unwrap_or(f64::NAN);
        let sigma = singular_values(end.left())?;
        let modified = self.setting.method == Method::OneStep;
        let valid = modified && self.errors.get(self.setting.at).is_some_and(|e| *e > 1e-10);
        let run = Run {
            err,
            rate_low: self.rate(1e-11..=1e-7, 0),
            rate_mid: self.rate(1e-11..=1e-5, 0),
            rate_high: self.rate(1e-11..=1e-3, 0).unwrap_or(0.0),
            rate_after: if valid { self.rate(1e-10..=1e-2, self.setting.at + 1) } else { None },
            power_quarter: self.power(self.setting.steps / 4),
            power_third: self.power(self.setting.steps / 3),
            sigma_k: sigma.last().copied().unwrap_or(0.0),
            jump: self.jump,
            root_loss: self.root_loss.unwrap_or(err),
        };
        let snapshots = self.keep.iter().filter_map(|&t| self.errors.get(t).map(|&err| Snapshot { t, err })).collect();
        Ok((run, snapshots))
    }
}
