//! Without noise, a small start converges geometrically and a large one only like 1/t.

use std::collections::BTreeMap;

use crate::harness::prelude::*;
use crate::papers::sensing::{Rule, Run, Setting, Start};

/// Noiseless runs with steps proportional to the loss.
#[derive(Debug, Default)]
pub struct Exponential;

impl Runs for Exponential {
    type Setting = Setting;
    const KEY: &'static str = "small-init-exponential";
    const ABOUT: &'static str = "Noiseless SubGM with steps proportional to the loss, from a small start at r′=r and r′=d and from a large start at r′=d.";

    fn points(scale: Scale) -> Vec<Setting> {
        let base = |iterations| Setting::new(20, 2, 1600).rule(Rule::LossProportional, 0.1, iterations);
        let long = if scale == Scale::Smoke { 2000 } else { 4000 };
        vec![
            base(600).start(Start::Spectral, 1e-6, 2),
            base(600).start(Start::Gaussian, 1e-6, 20),
            base(long).large(20),
        ]
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.alpha == 1.0) {
            (Scale::Smoke, true) => 2,
            (Scale::Smoke, false) => 4,
            (Scale::Default, _) => 12,
            (Scale::Full, _) => 50,
        }
    }

    fn iterates(point: &Setting, _: &Trial<'_>) -> usize {
        if point.alpha == 1.0 { 60 } else { 100 }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-small-init-exponential",
    says: "Without noise a small start converges exponentially at any width, a large start over-parameterized only sublinearly.",
    at: "abstract: exponential improvement",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Down to the floor that the scale of the start sets; the step proportional to the loss is recalled from the paper.",
    experiments: &["small-init-exponential"],
    judge,
    control: Some(Control {
        differs: "the start is not small (α = 1)",
        must_fail: &["r′=d: slope of log₁₀ error per iteration", "r′=d: median relative error at the end"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let runs = rows.of(Exponential::RUNS)?;
    let rate = |run: &Run| run.rate.unwrap_or(f64::NAN);
    let rerr = |run: &Run| run.rerr;
    let small = |p: &Setting| p.width == 20 && p.alpha < 1.0;
    let narrow = |p: &Setting| p.width == 2;
    let large = |p: &Setting| p.alpha == 1.0;
    let judged = |p: &Setting| if arm == Arm::Claim { small(p) } else { large(p) };
    let mut checks = vec![
        Check::at_most("r′=d: slope of log₁₀ error per iteration", stats::mean(&numbers(&runs, judged, rate)), -0.05),
        Check::at_most("r′=d: median relative error at the end", stats::median(&numbers(&runs, judged, rerr)), 1e-8),
    ];
    if arm == Arm::Claim {
        let same = ratios(&runs, small, narrow, rate);
        checks.push(Check::new("slope at r′=d over slope at r′=r", stats::mean(&same), (0.9, 1.1)));
        let tails = tails(rows)?;
        let sublinear = stats::slope_over_seeds(&tails, stats::Axes::LogLog);
        checks.push(Check::new("large start: power of t in the last nine tenths", sublinear, (-1.15, -0.8)));
        let left = stats::median(&numbers(&runs, large, rerr));
        checks.push(Check::at_least("large start: median relative error at the end", left, 1e-3));
    }
    Ok(checks)
}

/// The last nine tenths of the large starts' trajectories.
fn tails(rows: &Rows<'_>) -> Result<Vec<Vec<(f64, f64)>>, Unjudged> {
    let mut tails: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for (point, trial, row) in succeeded(&rows.of(Exponential::TRAJECTORY)?) {
        if point.alpha == 1.0 && 10 * row.iteration >= point.iterations {
            tails.entry(trial).or_default().push((row.iteration as f64, row.rerr));
        }
    }
    Ok(tails.into_values().collect())
}
