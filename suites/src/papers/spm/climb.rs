//! The climb by itself: monotone with a shift, convergent from every start, at the derived rate.

use std::ops::ControlFlow;

use algos::{
    Error, Status,
    linalg::norm,
    tensor::{
        Shift,
        instance::{Spec, kofidis_regalia, symmetric_gaussian},
        power::{Limits, climb, direction},
        sshopm::{Options, sshopm, sufficient_shift},
        subspace::Subspace,
    },
};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::setting::{Cell, experiment};
use crate::{harness::prelude::*, record};

/// A shift by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// No shift.
    None,
    /// The constant shift.
    Fixed,
    /// The shift that vanishes at components.
    Adaptive,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::None, Self::Fixed, Self::Adaptive];

    /// The shift.
    pub fn shift(self) -> Shift {
        match self {
            Self::None => Shift::None,
            Self::Fixed => Shift::Fixed,
            Self::Adaptive => Shift::Adaptive,
        }
    }

    /// The name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no shift",
            Self::Fixed => "fixed shift",
            Self::Adaptive => "adaptive shift",
        }
    }
}

record! {
    /// A generic subspace and a shift.
    pub struct Generic {
        /// Dimension d.
        pub d: usize,
        /// Power n.
        pub n: usize,
        /// Dimension of the subspace.
        pub k: usize,
        /// Shift: none, fixed or adaptive.
        pub mode: Mode,
    }
}

record! {
    /// One climb.
    pub struct Climb {
        /// Largest decrease of F in a step.
        pub decrease: f64,
        /// Steps.
        pub steps: usize,
        /// F at the end.
        pub f: f64,
    }
}

const SUBSPACES: [(usize, usize, usize); 4] = [(6, 2, 1), (6, 2, 2), (4, 3, 1), (3, 4, 1)];

fn generic_points(_: Scale) -> Vec<Generic> {
    let of = |(d, n, k)| Mode::ALL.map(|mode| Generic { d, n, k, mode });
    SUBSPACES.into_iter().flat_map(of).collect()
}

fn monotone_trials(scale: Scale, _: &Generic) -> u32 {
    match scale {
        Scale::Smoke => 200,
        Scale::Default => 400,
        Scale::Full => 1000,
    }
}

experiment!(
    /// Climbs in subspaces without powers.
    Monotone, "monotone", "Power steps in the span of generic symmetric tensors, none of them a power, with every shift from the same starts.",
    Generic, Climb, rows 1, points generic_points, trials monotone_trials,
    flops |p: &Generic| 2e5 * (p.d * p.k) as f64, run monotone
);

fn monotone(point: &Generic, trial: &Trial<'_>) -> Result<Vec<Climb>, Error> {
    let mut rng = trial.paired("instance", &(point.d, point.n, point.k));
    let mut space = Subspace::generic(point.d, point.n, point.k, &mut rng)?;
    let start = direction(point.d, &mut rng);
    let (mut last, mut decrease) = (f64::NEG_INFINITY, 0.0f64);
    let limits = Limits { iterations: 2000, tolerance: 1e-12 };
    let summit = climb(&mut space, &start, point.mode.shift(), limits, |_, _, f| {
        decrease = stats::maximum([decrease, last - f]);
        last = f;
        ControlFlow::Continue(())
    });
    Ok(vec![Climb { decrease, steps: summit.iterations, f: summit.f }])
}

/// Monotone.
pub const MONOTONE: Claim = Claim {
    key: "sshopm-monotone",
    says: "With the fixed or the adaptive shift F never decreases.",
    at: "lemma on the shift",
    source: Source::Recalled,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "In subspaces without powers. In spans of powers F does not decrease without a shift either, in all runs that we saw: there the shift is a safety net.",
    experiments: &["monotone"],
    judge: judge_monotone,
    control: Some(Control { differs: "no shift", must_fail: &["largest decrease of F in a step"] }),
};

fn judge_monotone(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Monotone::RUNS)?;
    let modes: &[Mode] = if arm == Arm::Claim { &[Mode::Fixed, Mode::Adaptive] } else { &[Mode::None] };
    let all: Vec<f64> = rows
        .iter()
        .filter(|row| modes.contains(&row.point.mode))
        .map(|row| row.value.as_ref().map_or(f64::NAN, |run| run.decrease))
        .collect();
    let mut checks = vec![Check::at_most("largest decrease of F in a step", stats::largest(&all), 1e-12)];
    if arm == Arm::Claim {
        for (d, n, k) in [(6, 2, 1), (4, 3, 1), (3, 4, 1)] {
            let at = move |p: &Generic| (p.d, p.n, p.k, p.mode) == (d, n, k, Mode::None);
            let fell: Vec<bool> = numbers(&rows, at, |run| run.decrease).iter().map(|x| *x > 1e-6).collect();
            let name = format!("d = {d}, n = {n}: share of runs without a shift in which F falls");
            checks.push(Check::at_least(name, stats::fraction(&fell), if n == 2 { 0.15 } else { 0.25 }));
        }
    }
    Ok(checks)
}

record! {
    /// A tensor and a shift.
    pub struct Shifted {
        /// Tensor: 0 that of Kofidis & Regalia; else a random one of this order.
        pub m: usize,
        /// Shift α; −1: (m−1) times the largest absolute row sum.
        pub alpha: f64,
    }
}

record! {
    /// One run of SS-HOPM.
    pub struct Pair {
        /// T x^m.
        pub mu: f64,
        /// Steps.
        pub steps: u64,
        /// Whether ‖x⁺ − x‖ fell below the tolerance.
        pub converged: bool,
        /// Largest decrease of T x^m in a step.
        pub decrease: f64,
    }
}

fn shifted_points(scale: Scale) -> Vec<Shifted> {
    if scale == Scale::Smoke {
        return Vec::new();
    }
    let known = [0.0, 1.0, 2.0, 10.0].map(|alpha| Shifted { m: 0, alpha });
    known.into_iter().chain([3, 4].map(|m| Shifted { m, alpha: -1.0 })).collect()
}

experiment!(
    /// SS-HOPM from many starts.
    Unconditional, "unconditional", "The shifted power method on the tensor of Kofidis & Regalia, and on random tensors with a shift that is always sufficient.",
    Shifted, Pair, rows 1, points shifted_points,
    trials |_, _| 200, flops |_: &Shifted| 3e6, run unconditional
);

fn unconditional(point: &Shifted, trial: &Trial<'_>) -> Result<Vec<Pair>, Error> {
    let mut rng = trial.paired("start", &point.m);
    let (tensor, tolerance) = match point.m {
        0 => (kofidis_regalia()?, 1e-12),
        m => (symmetric_gaussian(m, if m == 3 { 6 } else { 5 }, &mut rng)?, 1e-10),
    };
    let shift = if point.alpha < 0.0 { sufficient_shift(&tensor) } else { point.alpha };
    let start = direction(tensor.dimension(), &mut rng);
    let run = sshopm(&tensor, &start, &Options { shift, iterations: 20_000, tolerance })?;
    Ok(vec![Pair {
        mu: run.value.value,
        steps: run.effort.iterations,
        converged: run.status == Status::Converged,
        decrease: run.value.decrease,
    }])
}

/// Converges from every start.
pub const UNCONDITIONAL: Claim = Claim {
    key: "sshopm-unconditional",
    says: "The shifted power method converges for every symmetric tensor from every start.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Tensor of Kofidis & Regalia with α = 2: all runs end at one of three known eigenvalues. Random tensors of order 3 (d = 6) and 4 (d = 5).",
    experiments: &["unconditional"],
    judge: judge_unconditional,
    control: Some(Control {
        differs: "no shift",
        must_fail: &["Kofidis & Regalia: share of runs that converge", "Kofidis & Regalia: largest decrease of T x^m"],
    }),
};

fn judge_unconditional(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Unconditional::RUNS)?;
    let alpha = if arm == Arm::Claim { 2.0 } else { 0.0 };
    let known = move |p: &Shifted| p.m == 0 && p.alpha == alpha;
    let share = |at: &dyn Fn(&Shifted) -> bool, holds: &dyn Fn(&Pair) -> bool| {
        let all: Vec<bool> = numbers(&rows, at, |r| f64::from(u8::from(holds(r)))).iter().map(|x| *x == 1.0).collect();
        stats::fraction(&all)
    };
    let mut checks = vec![
        Check::at_least("Kofidis & Regalia: share of runs that converge", share(&known, &|r| r.converged), 0.95),
        Check::at_most(
            "Kofidis & Regalia: largest decrease of T x^m",
            stats::largest(&numbers(&rows, known, |r| r.decrease)),
            1e-12,
        ),
    ];
    if arm == Arm::Claim {
        let near = |r: &Pair| [0.8893, 0.8169, 0.3633].iter().any(|mu| (r.mu - mu).abs() < 1e-4);
        checks.push(Check::at_least(
            "Kofidis & Regalia: share that ends at a known eigenvalue",
            share(&known, &near),
            0.95,
        ));
        for m in [3, 4] {
            let name = format!("random tensors of order {m}: share of runs that converge");
            checks.push(Check::at_least(name, share(&|p: &Shifted| p.m == m, &|r| r.converged), 0.95));
        }
    }
    Ok(checks)
}

record! {
    /// A tensor, a shift and a direction.
    pub struct Local {
        /// Order m.
        pub m: usize,
        /// Dimension d.
        pub d: usize,
        /// Rank R.
        pub r: usize,
        /// Shift: none, fixed or adaptive.
        pub mode: Mode,
        /// Whether the start lies in the slowest direction; else in a random one.
        pub slowest: bool,
    }
}

record! {
    /// The rate of one climb.
    pub struct Rate {
        /// The derived factor per step without a shift.
        pub rho: f64,
        /// The derived factor with the shift in use.
        pub theory: f64,
        /// The measured factor, from errors between 1e-11 and 1e-6.
        pub measured: f64,
    }
}

const RATES: [Cell; 5] =
    [Cell::new(4, 20, 60), Cell::new(4, 20, 100), Cell::new(4, 20, 140), Cell::new(6, 8, 60), Cell::new(3, 20, 16)];

fn local_points(scale: Scale) -> Vec<Local> {
    let cells = if scale == Scale::Smoke { &RATES[..2] } else { &RATES[..] };
    let mut points = Vec::new();
    for Cell { m, d, r } in cells.iter().cloned() {
        for mode in Mode::ALL {
            points.extend([true, false].map(|slowest| Local { m, d, r, mode, slowest }));
        }
    }
    points
}

experiment!(
    /// Rates at components.
    LocalRate, "local-rate", "Climbs that start near a component, in the slowest direction or in a random one.",
    Local, Rate, rows 1, points local_points,
    trials |scale, p: &Local| match (scale, p.slowest) { (Scale::Smoke, _) => 6, (_, true) => 12, (_, false) => 24 },
    flops |p: &Local| Cell::new(p.m, p.d, p.r).flops(2.0), run local
);

fn local(point: &Local, trial: &Trial<'_>) -> Result<Vec<Rate>, Error> {
    let mut rng = trial.paired("instance", &(point.m, point.d, point.r));
    let truth = Spec::new(point.m, point.d, point.r).truth(&mut rng)?;
    let n = point.m.div_ceil(2);
    let mut space = Subspace::spanned_by(truth.vectors(), n)?;
    let a = truth.vectors.col_as_slice(0);
    let (rho, slow) = space.local_rate(a)?;
    let away: Vec<f64> = if point.slowest { slow } else { (0..point.d).map(|_| rng.sample(StandardNormal)).collect() };
    let mut start: Vec<f64> = a.iter().zip(&away).map(|(a, v)| a + 1e-3 * v).collect();
    let length = norm(&start);
    start.iter_mut().for_each(|x| *x /= length);
    let mut errors = Vec::new();
    climb(&mut space, &start, point.mode.shift(), Limits { iterations: 5000, tolerance: 0.0 }, |_, x, _| {
        let apart = x.iter().zip(a).map(|(x, a)| (x - a).powi(2)).sum::<f64>().sqrt();
        errors.push(apart);
        if apart < 1e-12 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let inside = errors.iter().enumerate().filter(|(_, e)| **e > 1e-11 && **e < 1e-6);
    let (t, e): (Vec<f64>, Vec<f64>) = inside.map(|(t, e)| (t as f64, *e)).unzip();
    let gamma = if point.mode == Mode::Fixed { ((n - 1) as f64 / n as f64).sqrt() } else { 0.0 };
    Ok(vec![Rate {
        rho,
        theory: (rho + gamma) / (1.0 + gamma),
        measured: 10f64.powf(stats::semilog_slope(&t, &e).slope),
    }])
}

/// The rate.
pub const RATE: Claim = Claim {
    key: "spm-local-rate",
    says: "Near a component the iteration converges linearly, at the rate that the top eigenvalue of nPCCᵀP gives.",
    at: "local theorem; the formula is derived here",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "In the slowest direction the rate is exact. From random perturbations single runs are faster as long as that direction is little excited, never slower.",
    experiments: &["local-rate"],
    judge: judge_rate,
    control: Some(Control {
        differs: "runs with the fixed shift, judged by the rate without a shift",
        must_fail: &["(4, 20, 60), slowest direction: median of log ρ measured / log ρ"],
    }),
};

fn judge_rate(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(LocalRate::RUNS)?;
    let cells = if scale == Scale::Smoke { &RATES[..2] } else { &RATES[..] };
    let mut checks = Vec::new();
    for cell in cells {
        let here = |p: &Local| (p.m, p.d, p.r) == (cell.m, cell.d, cell.r);
        let collect = |slowest: bool| -> Vec<f64> {
            rows.iter()
                .filter(|row| here(&row.point) && row.point.slowest == slowest)
                .filter(|row| arm == Arm::Claim || row.point.mode == Mode::Fixed)
                .map(|row| {
                    row.value
                        .as_ref()
                        .map_or(f64::NAN, |r| r.measured.ln() / if arm == Arm::Claim { r.theory } else { r.rho }.ln())
                })
                .collect()
        };
        let slow = collect(true);
        let name = format!("{}, slowest direction: ", cell.name());
        checks.push(Check::new(format!("{name}median of log ρ measured / log ρ"), stats::median(&slow), (0.99, 1.01)));
        if arm == Arm::Claim {
            let off: Vec<f64> = slow.iter().map(|x| (x - 1.0).abs()).collect();
            checks.push(Check::at_most(format!("{name}largest deviation from 1"), stats::largest(&off), 0.01));
            let random = collect(false);
            let name = format!("{}, random direction: least ratio", cell.name());
            checks.push(Check::at_least(name, stats::smallest(&random), 0.99));
        }
    }
    Ok(checks)
}
