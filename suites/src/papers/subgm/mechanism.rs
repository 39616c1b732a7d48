//! Why a small start works: the signal grows much faster than the over-parameterized residual.

use algos::recovery::{
    Variant,
    diagnose::{Split, split},
    observe::{Iterate, Observe},
};

use super::alpha::gamma;
use crate::{
    harness::{prelude::*, stats::log_spaced},
    papers::sensing::{Law, Setting, Start},
    record,
};

record! {
    /// The growth of both parts until the signal arrives.
    pub struct Growth {
        /// First iteration with σ_min of the signal above 0.7; the last if there is none.
        pub arrival: usize,
        /// Logarithm of the growth of the smallest singular value of the signal.
        pub signal: f64,
        /// Logarithm of the growth of the residual's norm.
        pub residual: f64,
    }
}

record! {
    /// The parts of an iterate.
    pub struct Parts {
        /// Iteration t.
        pub iteration: usize,
        /// Smallest singular value of the part along the truth.
        pub signal: f64,
        /// Norm of the part across the truth that is aligned with the signal.
        pub cross: f64,
        /// Norm of the rest: the over-parameterized residual.
        pub residual: f64,
    }
}

/// The split of every iterate into signal, cross term and residual.
#[derive(Debug, Default)]
pub struct Mechanism;

impl Mechanism {
    /// One row per run.
    pub const GROWTH: Table<Self, Growth> = Table::new("growth");
    /// The parts of log-spaced iterates, for three seeds.
    pub const PARTS: Table<Self, Parts> = Table::new("parts");
}

impl Experiment for Mechanism {
    type Point = Setting;
    const KEY: &'static str = "signal-vs-residual";
    const ABOUT: &'static str =
        "The growth of signal and residual from a small Gaussian start at r′=d until the signal arrives.";
    const TABLES: &'static [TableSchema] = &[Self::GROWTH.schema(), Self::PARTS.schema()];

    fn points(scale: Scale) -> Vec<Setting> {
        let base = |m| {
            let setting = Setting::new(20, 2, m).outliers(Law::Gauss, 0.2, 10.0).scheduled(1e-6, 1e-8, None);
            setting.start(Start::Gaussian, 1e-6, 20)
        };
        // Where the signal does not arrive, growth is taken after 599 steps.
        let scarce = Setting { iterations: 599, ..base(100) };
        if scale == Scale::Smoke { vec![base(800), scarce] } else { vec![base(800), base(3200), scarce] }
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.m) {
            (Scale::Full, _) => 50,
            (Scale::Smoke, _) => 8,
            (Scale::Default, 800) => 24,
            (Scale::Default, _) => 8,
        }
    }

    fn cost(point: &Setting) -> Cost {
        point.cost(30)
    }

    fn run(point: &Setting, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error> {
        let instance = point.instance(trial)?;
        let mut watch = Watch {
            truth: &instance.truth,
            keep: if trial.index < 3 { log_spaced(point.iterations, 100) } else { Vec::new() },
            first: None,
            last: None,
            arrived: false,
            parts: Vec::new(),
        };
        point.run(Variant::FusedF32, &instance, trial, &mut watch)?;
        if let (Some(first), Some((arrival, last))) = (watch.first, watch.last) {
            let (signal, residual) = ((last.signal / first.signal).ln(), (last.residual / first.residual).ln());
            out.put(Self::GROWTH, Growth { arrival, signal, residual });
        }
        watch.parts.into_iter().for_each(|parts| out.put(Self::PARTS, parts));
        Ok(())
    }
}

/// Splits every iterate until the signal arrives, then only those that are kept.
struct Watch<'a> {
    truth: &'a algos::recovery::instance::Truth,
    keep: Vec<usize>,
    first: Option<Split>,
    last: Option<(usize, Split)>,
    arrived: bool,
    parts: Vec<Parts>,
}

impl Observe for Watch<'_> {
    fn wants(&mut self, iteration: usize) -> bool {
        !self.arrived || self.keep.binary_search(&iteration).is_ok()
    }

    fn see(&mut self, iterate: &Iterate<'_>) {
        let Ok(parts) = split(iterate.u, self.truth) else { return };
        let iteration = iterate.iteration;
        if !self.arrived {
            self.first.get_or_insert(parts);
            self.last = Some((iteration, parts));
            self.arrived = parts.signal > 0.7;
        }
        if self.keep.binary_search(&iteration).is_ok() {
            let Split { signal, cross, residual } = parts;
            self.parts.push(Parts { iteration, signal, cross, residual });
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-signal-vs-residual",
    says: "From a small start the signal grows much faster than the over-parameterized residual, so it arrives first.",
    at: "proof of the main theorem",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "That the ratio of the logarithms of growth is near γ₀ is derived by us.",
    experiments: &["signal-vs-residual"],
    judge,
    control: Some(Control {
        differs: "too few measurements (m = 100, γ₀ = 1.4)",
        must_fail: &["m=800: log-growth of the residual over that of the signal"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Mechanism::GROWTH)?;
    let ratio = |m: usize| stats::mean(&numbers(&rows, |p: &Setting| p.m == m, |g: &Growth| g.residual / g.signal));
    let measured = if arm == Arm::Claim { 800 } else { 100 };
    let name = "m=800: log-growth of the residual over that of the signal";
    let mut checks = vec![Check::new(name, ratio(measured), (gamma(800) - 0.22, gamma(800) + 0.05))];
    if arm == Arm::Claim && scale != Scale::Smoke {
        checks.push(Check::at_most("m=3200: the same", ratio(3200), 0.30));
    }
    Ok(checks)
}
