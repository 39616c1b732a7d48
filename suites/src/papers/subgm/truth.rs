//! The truth need not minimise the loss, and the small start finds it all the same.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Rule, Run, Setting, Start};

/// Both starts at a density of outliers.
fn starts(p: f64) -> [Setting; 2] {
    let base = Setting::new(30, 1, 900).outliers(Law::Gauss, p, 10.0).scheduled(1e-6, 1e-7, None);
    let large = Setting { rho: 0.996, ..base.clone().large(30).rule(Rule::Geometric, 0.4, 2000) };
    [base.start(Start::Gaussian, 1e-6, 30), large]
}

/// Small and large starts where half of the measurements are outliers.
#[derive(Debug, Default)]
pub struct TruthNotOptimal;

impl Runs for TruthNotOptimal {
    type Setting = Setting;
    const KEY: &'static str = "truth-not-optimal";
    const ABOUT: &'static str = "Small and large starts at r′=d with few measurements, half of them corrupted: the loss at the last iterate against the loss of the truth.";

    fn points(_: Scale) -> Vec<Setting> {
        let [small, large] = starts(0.5);
        let [_, control] = starts(0.05);
        vec![small, large, control]
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.p == 0.5) {
            (Scale::Smoke, true) => 4,
            (Scale::Smoke, false) => 2,
            (Scale::Default, true) => 20,
            (Scale::Default, false) => 4,
            (Scale::Full, true) => 50,
            (Scale::Full, false) => 20,
        }
    }

    fn iterates(_: &Setting, trial: &Trial<'_>) -> usize {
        if trial.index < 5 { 100 } else { 0 }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-truth-not-optimal",
    says: "The truth is not a minimiser of the loss, yet the sub-gradient method from a small start ends at it.",
    at: "abstract, introduction",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The large start ends below the loss of the truth and far from it, which proves that the truth is no minimiser.",
    experiments: &["truth-not-optimal"],
    judge,
    control: Some(Control {
        differs: "few outliers (p = 0.05): the truth is optimal",
        must_fail: &["large start: mean of f(U_T) − f(X*)", "large start: median error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(TruthNotOptimal::RUNS)?;
    let p = if arm == Arm::Claim { 0.5 } else { 0.05 };
    let small = move |s: &Setting| s.p == p && s.alpha < 1.0;
    let large = move |s: &Setting| s.p == p && s.alpha == 1.0;
    let err = |run: &Run| run.err;
    let excess = stats::mean(&numbers(&rows, large, |run| run.f - run.f_truth));
    let smoke = scale == Scale::Smoke;
    let below = if smoke { (-0.27, -0.03) } else { (-0.25, -0.05) };
    let mut checks = vec![
        Check::new("large start: mean of f(U_T) − f(X*)", excess, below),
        Check::at_least("large start: median error", stats::median(&numbers(&rows, large, err)), 1.0),
    ];
    if arm == Arm::Claim {
        let errors = numbers(&rows, small, err);
        let limit = if smoke { 1e-2 } else { 3e-3 };
        checks.push(Check::at_most("small start: median error", stats::median(&errors), limit));
        if !smoke {
            let near: Vec<_> = errors.iter().map(|&e| e <= 5e-2).collect();
            let name = "small start: fraction of seeds with error at most 5e-2";
            checks.push(Check::at_least(name, stats::fraction(&near), 0.6));
        }
    }
    Ok(checks)
}
