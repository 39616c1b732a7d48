//! What the factor per sweep is.

use super::setting::{Law, Run, Samples, Setting};
use crate::harness::prelude::*;
use crate::harness::stats::{largest, smallest};

/// (n, k, p, T) of runs on fresh samples.
const FRESH: [(usize, usize, f64, usize); 4] =
    [(1000, 5, 0.6, 8), (1000, 5, 0.9, 8), (1000, 10, 0.9, 6), (1000, 3, 0.6, 8)];
/// (k, entries per row) of runs on reused samples, n = 600.
const REUSE: [(usize, usize); 6] = [(5, 40), (10, 80), (20, 160), (5, 120), (10, 120), (20, 240)];
const EQUAL: [(usize, usize); 2] = [(5, 40), (10, 80)];

/// Fresh and reused samples at several ranks and rates.
#[derive(Debug, Default)]
pub struct Contraction;

impl Runs for Contraction {
    type Setting = Setting;
    const KEY: &'static str = "altmin-contraction";
    const ABOUT: &'static str = "The contraction per sweep over rank and entries per row, with fresh and with reused samples; as a control, one subset for both updates of a sweep.";

    fn points(scale: Scale) -> Vec<Setting> {
        let smoke = scale == Scale::Smoke;
        let fresh = |(n, k, p, sweeps)| Setting { samples: Samples::Fresh, ..Setting::new(n, k, p, sweeps) };
        let reuse = |(k, per_row): (usize, usize)| Setting {
            target: 1e-10,
            ..Setting::new(600, k, per_row as f64 / 600.0, 50)
        };
        let mut points: Vec<Setting> = FRESH.into_iter().take(if smoke { 1 } else { 4 }).map(fresh).collect();
        points.push(Setting { samples: Samples::Shared, ..fresh(FRESH[0]) });
        points.extend(REUSE.into_iter().take(if smoke { 2 } else { 6 }).map(reuse));
        points.extend(EQUAL.into_iter().map(|at| Setting { law: Law::Flat, ..reuse(at) }));
        points
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.samples) {
            (Scale::Smoke, Samples::Reuse) => 5,
            (Scale::Smoke, _) => 2,
            (Scale::Default, Samples::Reuse) => 10,
            (Scale::Default, _) => 6,
            (Scale::Full, _) => 20,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "altmin-contraction-law",
    says: "With fresh samples the error contracts per sweep by about k/(n̄ − k − 1), n̄ entries per row of a subset; with reused samples by about 4a(1 − a)(1 − p), a = k/(np), exactly so for rows of equal norms and up to a factor that falls to one as k grows for Gaussian rows.",
    at: "derived here; the papers have bounds",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The law is an edge of the angle between two random subspaces; the factor 1 − p was found by looking at large p.",
    experiments: &["altmin-contraction"],
    judge,
    control: Some(Control {
        differs: "both updates of a sweep see the same subset",
        must_fail: &["fresh, k=5, p=0.6: largest ratio to the law"],
    }),
};

/// Contraction over its law.
fn ratio(point: &Setting, run: &Run) -> f64 {
    let (k, per_row) = (point.k as f64, point.p * point.n as f64);
    match point.samples {
        Samples::Reuse => {
            let a = k / per_row;
            run.rate.unwrap_or(f64::NAN) / (4.0 * a * (1.0 - a) * (1.0 - point.p))
        }
        _ => {
            let subset = per_row / (2 * point.sweeps + 1) as f64;
            run.overall.unwrap_or(f64::NAN) / (k / (subset - k - 1.0))
        }
    }
}

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Contraction::RUNS)?;
    let ratios = |at: &dyn Fn(&Setting) -> bool| -> Vec<f64> {
        let mine = rows.iter().filter(|row| at(&row.point));
        mine.map(|row| row.value.as_ref().map_or(f64::NAN, |run| ratio(&row.point, run))).collect()
    };
    let samples = if arm == Arm::Claim { Samples::Fresh } else { Samples::Shared };
    let mut checks = Vec::new();
    let mut medians = Vec::new();
    for (n, k, p, _) in FRESH {
        let found = ratios(&|s| (s.n, s.k, s.p, s.samples) == (n, k, p, samples));
        if found.is_empty() {
            continue;
        }
        checks.push(Check::at_most(format!("fresh, k={k}, p={p}: largest ratio to the law"), largest(&found), 1.7));
        if arm == Arm::Claim {
            checks.push(Check::at_least(
                format!("fresh, k={k}, p={p}: smallest ratio to the law"),
                smallest(&found),
                0.95,
            ));
        }
        medians.push(stats::median(&found).value);
    }
    if arm == Arm::Control {
        return Ok(checks);
    }
    let median = stats::point(stats::median(&medians).value, medians.len());
    checks.push(Check::new("fresh: median ratio over configurations", median, (1.0, 1.5)));
    let reuse = |k: usize, per_row: usize, law: Law| {
        let p = per_row as f64 / 600.0;
        ratios(&move |s| (s.n, s.k, s.p, s.law, s.samples) == (600, k, p, law, Samples::Reuse))
    };
    let mut by_rank = Vec::new();
    for (k, per_row) in REUSE {
        let found = reuse(k, per_row, Law::Gaussian);
        if !found.is_empty() {
            let mean = stats::mean(&found);
            let high = if per_row == 8 * k { 1.7 } else { 1.9 };
            checks.push(Check::new(format!("reuse, k={k}, {per_row} a row: mean ratio to the law"), mean, (1.0, high)));
            by_rank.extend((per_row == 8 * k).then_some(found));
        }
    }
    if scale != Scale::Smoke {
        for (step, pair) in by_rank.windows(2).enumerate().take(2) {
            let gap: Vec<f64> = pair[0].iter().zip(&pair[1]).map(|(a, b)| a - b).collect();
            let name = ["reuse: fall of the ratio from k=5 to 10", "reuse: fall of the ratio from k=10 to 20"][step];
            checks.push(Check::at_least(name, stats::mean(&gap), 0.0));
        }
    }
    for (k, per_row) in EQUAL {
        let mean = stats::mean(&reuse(k, per_row, Law::Flat));
        checks.push(Check::new(
            format!("equal norms, k={k}, {per_row} a row: mean ratio to the law"),
            mean,
            (0.88, 1.06),
        ));
    }
    Ok(checks)
}
