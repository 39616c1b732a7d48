//! One run of SubGM on a planted instance: the point, the record, and the experiment made of them. Shared by the papers
//! of the family `recovery`.

use algos::{
    Error, Outcome, Par, Status,
    recovery::{
        Factor, Init, Loss, Measurements, Options, Problem, Step, Variant,
        diagnose::ErrorMeter,
        fast::batched::{self, Job},
        instance::{Instance, Noise, NoiseDraws, Observed, Outlier, Truth, direction, gaussian_rows},
        observe::{Iterate, Observe},
        schedule::{Corruption, Schedule, Target, geometric},
    },
};
use faer::MatRef;
use serde::{Deserialize, Serialize};

use crate::{
    harness::{
        experiment::Cost,
        runs::{Solve, Solved},
        seed::Trial,
        stats::{log_spaced, semilog_slope},
    },
    record,
};

/// The law of the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// No noise.
    None,
    /// Outliers `L n`.
    Gauss,
    /// Outliers `L |n|`.
    OneSided,
    /// Outliers `L` times a Cauchy variable.
    Cauchy,
    /// Observations overwritten by `L n`.
    Replace,
    /// Outliers `L |n|` whose sign votes for another matrix: dependent on the measurements.
    Aligned,
    /// Observations of another matrix: dependent on the measurements.
    Decoy,
    /// `ν n` on all rows.
    Dense,
    /// `ν ⟨A, X*⟩/‖X*‖_F` on all rows: the same law, but dependent on the measurements.
    DenseDependent,
}

/// The start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// `α/√d` times unit normals.
    Gaussian,
    /// `α` times a factor of the positive part of the sub-gradient at zero.
    Spectral,
}

/// The step rule; `eta` is its factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `η ρᵗ`.
    Geometric,
    /// `(π/2) η f(U_t)`.
    LossProportional,
    /// `η median |z_i|`.
    Median,
    /// `η`.
    Constant,
    /// `η/√(t+1)`.
    InvSqrt,
    /// Gradient descent on the squared loss with constant `η`.
    LeastSquares,
}

record! {
    /// A point: the problem, the start and the steps.
    pub struct Setting {
        /// Order of the matrix.
        pub d: usize,
        /// Rank of the truth, whose nonzero eigenvalues are 1.
        pub r: usize,
        /// Number of measurements.
        pub m: usize,
        /// Law of the noise: none, gauss, one-sided, cauchy, replace, aligned, decoy, dense or dense-dependent.
        pub noise: Law,
        /// Fraction of measurements with outliers.
        pub p: f64,
        /// Scale L of the outliers, or standard deviation ν of dense noise.
        pub size: f64,
        /// Width r′ of the factor.
        pub width: usize,
        /// Start: gaussian or spectral.
        pub start: Start,
        /// Scale of the start.
        pub alpha: f64,
        /// Step rule: geometric, loss-proportional, median, constant, inv-sqrt or least-squares.
        pub rule: Rule,
        /// Factor η of the step rule.
        pub eta: f64,
        /// Decay ρ of the geometric rule, else 1.
        pub rho: f64,
        /// Number T of iterations.
        pub iterations: usize,
    }
}

record! {
    /// What a run leaves.
    pub struct Run {
        /// Numerical rank of the start.
        pub effective_width: usize,
        /// ‖U_T U_Tᵀ − X*‖_F at the last iterate.
        pub err: f64,
        /// The same over ‖X*‖_F.
        pub rerr: f64,
        /// Smallest error of all iterates.
        pub best_err: f64,
        /// First iteration with relative error at most 1e-3; T if there is none.
        pub hit: usize,
        /// Slope of log₁₀ rerr in t from the first iterate at most 1e-1 to the first at most 1e-6 or the last. [1/iteration]
        pub rate: Option<f64>,
        /// Loss of the last iterate.
        pub f: f64,
        /// Loss of the truth.
        pub f_truth: f64,
        /// Measurements evaluated, over all iterations.
        pub rows_evaluated: u64,
        /// Floating-point operations counted.
        pub flops: u64,
        /// How the iteration ended.
        pub ended: String,
    }
}

record! {
    /// A point of a trajectory.
    pub struct Snapshot {
        /// Iteration t.
        pub iteration: usize,
        /// Relative error of U_t.
        pub rerr: f64,
        /// Loss of U_t minus loss of the truth.
        pub excess: f64,
    }
}

impl Setting {
    /// A problem of rank `r` with `m` measurements and no noise.
    pub fn new(d: usize, r: usize, m: usize) -> Self {
        Self {
            d,
            r,
            m,
            noise: Law::None,
            p: 0.0,
            size: 0.0,
            width: r,
            start: Start::Gaussian,
            alpha: 1e-6,
            rule: Rule::Geometric,
            eta: 0.0,
            rho: 1.0,
            iterations: 0,
        }
    }

    /// Outliers of this law and scale on a fraction `p` of the measurements.
    pub fn outliers(self, noise: Law, p: f64, size: f64) -> Self {
        Self { noise, p, size, ..self }
    }

    /// Dense noise of standard deviation `nu`.
    pub fn dense(self, noise: Law, nu: f64) -> Self {
        Self { noise, size: nu, ..self }
    }

    /// A start of this kind, scale and width.
    pub fn start(self, start: Start, alpha: f64, width: usize) -> Self {
        Self { start, alpha, width, ..self }
    }

    /// A Gaussian start that is not small.
    pub fn large(self, width: usize) -> Self {
        self.start(Start::Gaussian, 1.0, width)
    }

    /// The geometric schedule for a start of scale `alpha`, with knowledge of the outliers' density, or of `nu` where
    /// it is given. An impossible schedule has NaN in it, which the harness refuses.
    pub fn scheduled(self, alpha: f64, tol: f64, nu: Option<f64>) -> Self {
        let corruption = match self.noise {
            Law::Dense | Law::DenseDependent => Corruption::Gaussian { nu: nu.unwrap_or(0.0) },
            _ => Corruption::Outliers { p: self.p },
        };
        match geometric(Target::flat(self.r), corruption, alpha, tol) {
            Ok(Schedule { eta, rho, iterations, .. }) => self.rule(Rule::Geometric, eta, iterations).decay(rho),
            Err(_) => self.decay(f64::NAN),
        }
    }

    /// A step rule with its factor, for this many iterations.
    pub fn rule(self, rule: Rule, eta: f64, iterations: usize) -> Self {
        Self { rule, eta, rho: 1.0, iterations, ..self }
    }

    fn decay(self, rho: f64) -> Self {
        Self { rho, ..self }
    }

    fn law(&self) -> Noise {
        let (p, scale, nu) = (self.p, self.size, self.size);
        let outliers = |kind| Noise::Outliers { p, kind };
        match self.noise {
            Law::None => Noise::None,
            Law::Gauss => outliers(Outlier::Gauss { scale }),
            Law::OneSided => outliers(Outlier::OneSided { scale }),
            Law::Cauchy => outliers(Outlier::Cauchy { scale }),
            Law::Replace => outliers(Outlier::Replace { scale }),
            Law::Aligned => outliers(Outlier::Aligned { scale }),
            Law::Decoy => outliers(Outlier::Decoy),
            Law::Dense => Noise::Gaussian { nu },
            Law::DenseDependent => Noise::GaussianDependent { nu },
        }
    }

    /// The instance of a trial. All settings with the same d, r and m share measurements, truth, outlier rows and the
    /// unit normals that L or ν multiplies. Measurements are quantised, so that storage in single precision is exact.
    pub fn instance(&self, trial: &Trial<'_>) -> Result<Instance, Error> {
        let Common { measurements, truth, draws } = self.common(trial)?;
        Instance::assemble(measurements, truth, self.law(), &draws)
    }

    fn common(&self, trial: &Trial<'_>) -> Result<Common, Error> {
        let mut rng = trial.paired("instance", &(self.d, self.r, self.m));
        let measurements = gaussian_rows(self.d, self.m, &mut rng)?.quantised()?;
        let truth = Truth::draw(self.d, &vec![1.0; self.r], &mut rng)?;
        let draws = NoiseDraws::draw(self.d, self.m, self.law(), &mut rng);
        Ok(Common { measurements, truth, draws })
    }

    fn step(&self) -> (Step, Loss) {
        let eta = self.eta;
        match self.rule {
            Rule::Geometric => (Step::Geometric { eta, rho: self.rho }, Loss::L1),
            Rule::LossProportional => (Step::LossProportional { eta }, Loss::L1),
            Rule::Median => (Step::Median { c: eta }, Loss::L1),
            Rule::Constant => (Step::Constant { eta }, Loss::L1),
            Rule::InvSqrt => (Step::InvSqrt { eta }, Loss::L1),
            Rule::LeastSquares => (Step::Constant { eta }, Loss::L2),
        }
    }

    /// Runs SubGM on an instance, showing every iterate to `observe`. The Gaussian starts of a trial are the leading
    /// columns of one matrix.
    pub fn run(
        &self,
        variant: Variant,
        instance: &Instance,
        trial: &Trial<'_>,
        observe: &mut dyn Observe,
    ) -> Result<Outcome<Factor>, Error> {
        let direction = direction(self.d, &mut trial.paired("start", &self.d));
        let options = self.options(direction.as_ref());
        algos::recovery::subgm(variant, &instance.problem()?, &options, Par::Seq, observe)
    }

    fn options<'a>(&self, direction: MatRef<'a, f64>) -> Options<'a> {
        let init = match self.start {
            Start::Gaussian => Init::Gaussian { alpha: self.alpha, direction },
            Start::Spectral => Init::Spectral { alpha: self.alpha },
        };
        let (step, loss) = self.step();
        Options { width: self.width, init, step, loss, iterations: self.iterations }
    }
}

/// What all settings with the same d, r and m share in a trial.
struct Common {
    measurements: Measurements,
    truth: Truth,
    draws: NoiseDraws,
}

impl Solve for Setting {
    type Run = Run;
    type Iterate = Snapshot;

    /// Of the packed kernel.
    fn cost(&self, rows: u32) -> Cost {
        let packed = (self.d * (self.d + 1) / 2) as f64;
        let (d, m, width) = (self.d as f64, self.m as f64, self.width as f64);
        let iteration = 4.0 * m * packed + 6.0 * d * d * width;
        Cost { flops: self.iterations as f64 * iteration + 20.0 * m * packed, memory: (8.0 * m * packed) as u64, rows }
    }

    /// The iterates kept are log-spaced.
    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Solved<Self> {
        let mut solved = Self::solve_together(&[(self, trial, iterates)]);
        solved.swap_remove(0)
    }

    fn company(&self) -> Option<String> {
        Some(format!("{},{},{}", self.d, self.r, self.m))
    }

    /// In passes over the measurements that all runs share, in the storage that moves the fewest bytes.
    fn solve_together(members: &[(&Self, &Trial<'_>, usize)]) -> Vec<Solved<Self>> {
        batch(members).unwrap_or_else(|error| members.iter().map(|_| Err(error.clone())).collect())
    }
}

fn batch(members: &[(&Setting, &Trial<'_>, usize)]) -> Result<Vec<Solved<Setting>>, Error> {
    // Of all laws only Cauchy's wants uniforms, which are drawn last.
    let (any, trial, _) = members.iter().find(|(setting, ..)| setting.noise == Law::Cauchy).unwrap_or(&members[0]);
    let Common { measurements, truth, draws } = any.common(trial)?;
    let direction = direction(any.d, &mut trial.paired("start", &any.d));
    let observe = |&(setting, _, iterates): &(&Setting, _, _)| {
        let Observed { y, noise, .. } = measurements.observe(&truth, setting.law(), &draws)?;
        let f_truth = noise.iter().map(|s| s.abs() / setting.m as f64).sum();
        Ok((y, Watch::new(&truth, f_truth, setting.iterations, iterates)))
    };
    let mut observed = members.iter().map(observe).collect::<Result<Vec<_>, Error>>()?;
    let runs = members.iter().zip(&mut observed);
    let mut jobs: Vec<_> = runs
        .map(|((setting, ..), (y, watch))| Job { y, options: setting.options(direction.as_ref()), observe: watch })
        .collect();
    let outcomes = batched::subgm(&Variant::FusedF32.prepare(&measurements)?, &mut jobs);
    let solved = members.iter().zip(observed).zip(outcomes).map(|(((setting, ..), (y, watch)), outcome)| {
        let outcome = outcome?;
        let f = Problem::new(&measurements, &y)?.loss(outcome.value.u.as_ref(), Loss::L1)?;
        let norm = truth.norm();
        let run = Run {
            effective_width: outcome.value.effective_width,
            err: watch.last * norm,
            rerr: watch.last,
            best_err: watch.best * norm,
            hit: watch.hit.unwrap_or(setting.iterations),
            rate: watch.rate(),
            f,
            f_truth: watch.f_truth,
            rows_evaluated: outcome.value.rows_evaluated,
            flops: outcome.effort.flops,
            ended: ended(outcome.status).into(),
        };
        Ok((run, watch.snapshots))
    });
    Ok(solved.collect())
}

fn ended(status: Status) -> &'static str {
    match status {
        Status::Converged => "converged",
        Status::StepExhausted => "step-exhausted",
        _ => "iteration-limit",
    }
}

/// Follows the relative error of every iterate.
struct Watch {
    meter: ErrorMeter,
    f_truth: f64,
    keep: Vec<usize>,
    snapshots: Vec<Snapshot>,
    last: f64,
    best: f64,
    hit: Option<usize>,
    /// (t, rerr) from the first at most 1e-1 to the first at most 1e-6.
    decay: (Vec<f64>, Vec<f64>),
}

impl Watch {
    fn new(truth: &Truth, f_truth: f64, iterations: usize, snapshots: usize) -> Self {
        let keep = if snapshots == 0 { Vec::new() } else { log_spaced(iterations, snapshots) };
        let meter = ErrorMeter::new(truth);
        let decay = (Vec::new(), Vec::new());
        Self { meter, f_truth, keep, snapshots: Vec::new(), last: f64::NAN, best: f64::INFINITY, hit: None, decay }
    }

    fn rate(&self) -> Option<f64> {
        let slope = semilog_slope(&self.decay.0, &self.decay.1).slope;
        slope.is_finite().then_some(slope)
    }
}

impl Observe for Watch {
    fn see(&mut self, iterate: &Iterate<'_>) {
        let t = iterate.iteration;
        let Ok(rerr) = self.meter.relative(iterate.u) else { return };
        self.last = rerr;
        self.best = self.best.min(rerr);
        if rerr <= 1e-3 {
            self.hit.get_or_insert(t);
        }
        let arrived = self.decay.1.last().is_some_and(|&e| e <= 1e-6);
        if !arrived && (rerr <= 1e-1 || !self.decay.0.is_empty()) {
            self.decay.0.push(t as f64);
            self.decay.1.push(rerr);
        }
        if self.keep.binary_search(&t).is_ok() {
            self.snapshots.push(Snapshot { iteration: t, rerr, excess: iterate.loss() - self.f_truth });
        }
    }
}
