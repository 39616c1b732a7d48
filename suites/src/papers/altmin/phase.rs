//! How many entries are enough.

use super::setting::{Run, Setting};
use crate::harness::prelude::*;

const K: usize = 3;
const GRID: [f64; 10] = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0, 1.2, 1.5];

/// Entries over n k ln n.
pub fn x(setting: &Setting) -> f64 {
    let n = setting.n as f64;
    (setting.p * n / (setting.k as f64 * n.ln()) * 1e6).round() / 1e6
}

/// Success over the number of entries, for several orders.
#[derive(Debug, Default)]
pub struct Phase;

impl Runs for Phase {
    type Setting = Setting;
    const KEY: &'static str = "altmin-phase";
    const ABOUT: &'static str =
        "Success (relative error below 1e-3 within 100 sweeps) over the number of entries x·n k ln n at k=3.";

    fn points(scale: Scale) -> Vec<Setting> {
        let (orders, grid): (&[usize], &[f64]) = match scale {
            Scale::Smoke => (&[100, 200], &[0.5, 1.5]),
            Scale::Default => (&[100, 200, 400, 800], &GRID),
            Scale::Full => (&[100, 200, 400, 800, 1600, 3200], &GRID),
        };
        let point = |n: usize, x: f64| {
            let p = x * K as f64 * (n as f64).ln() / n as f64;
            Setting { target: 1e-3, impatient: true, ..Setting::new(n, K, p, 100) }
        };
        orders.iter().flat_map(|&n| grid.iter().map(move |&x| point(n, x))).collect()
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.n) {
            // All sixteen failures or successes leave the interval inside the range.
            (Scale::Smoke, _) => 24,
            (Scale::Default, 100 | 200) => 48,
            (Scale::Default, _) => 32,
            (Scale::Full, _) => 50,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "altmin-phase",
    says: "The number of entries needed grows like n k log n, not like the degrees of freedom.",
    at: "sample complexity, nearly linear in n",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The proofs' powers of k, μ and κ are not tested. Success is judged pooled over orders, the threshold per order; smoke judges success alone.",
    experiments: &["altmin-phase"],
    judge,
    control: Some(Control { differs: "half of the threshold's entries", must_fail: &["success rate at x = 1.5"] }),
};

/// (order, x, success) of every trial; a failed run is no success.
fn outcomes(rows: &[Row<Setting, Run>]) -> Vec<(usize, f64, bool)> {
    rows.iter().map(|r| (r.point.n, x(&r.point), r.value.as_ref().is_ok_and(|run| run.relerr < 1e-3))).collect()
}

/// The fraction of successes at an order and an x.
fn rate(outcomes: &[(usize, f64, bool)], n: usize, at: f64) -> stats::Estimate {
    let mine = outcomes.iter().filter(|(m, x, _)| *m == n && (x - at).abs() < 1e-4);
    stats::fraction(&mine.map(|(.., success)| *success).collect::<Vec<_>>())
}

/// The x at which half of the runs succeed, on the running maximum of the rates.
fn half(outcomes: &[(usize, f64, bool)], n: usize) -> f64 {
    let mut best = 0.0f64;
    let rates: Vec<f64> = GRID
        .iter()
        .map(|&at| {
            best = best.max(rate(outcomes, n, at).value);
            best
        })
        .collect();
    stats::crossing(&GRID, &rates, 0.5).unwrap_or(f64::NAN)
}

/// The same with its bootstrap interval over trials.
fn threshold(rows: &[Row<Setting, Run>], n: usize) -> stats::Estimate {
    let all = outcomes(rows);
    let mine: Vec<_> = all.into_iter().filter(|(m, ..)| *m == n).collect();
    let trials = mine.len() / GRID.len();
    let by_trial: Vec<Vec<(usize, f64, bool)>> =
        (0..trials).map(|t| mine.iter().copied().skip(t).step_by(trials.max(1)).collect()).collect();
    stats::bootstrap(&by_trial, |trials| half(&trials.iter().flat_map(|t| t.iter().copied()).collect::<Vec<_>>(), n))
}

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Phase::RUNS)?;
    let all = outcomes(&rows);
    let pooled = |at: f64| {
        let mine = all.iter().filter(|(_, x, _)| (x - at).abs() < 1e-4);
        stats::fraction(&mine.map(|(.., success)| *success).collect::<Vec<_>>())
    };
    if arm == Arm::Control {
        return Ok(vec![Check::at_least("success rate at x = 1.5", pooled(0.5), 0.85)]);
    }
    let smoke = scale == Scale::Smoke;
    let mut checks = vec![
        Check::at_least("success rate at x = 1.5", pooled(1.5), if smoke { 0.85 } else { 0.95 }),
        Check::at_most("success rate at x = 0.5", pooled(0.5), if smoke { 0.15 } else { 0.05 }),
    ];
    if smoke {
        return Ok(checks);
    }
    checks.push(Check::at_least("success rate at x = 1.2", pooled(1.2), 0.85));
    let orders = [100, 200, 400, 800];
    let halves = orders.map(|n| threshold(&rows, n));
    for (n, half) in orders.into_iter().zip(halves) {
        checks.push(Check::new(format!("n={n}: x of half success"), half, (0.64, 0.95)));
    }
    let values = halves.map(|h| h.value);
    let spread = largest_over_smallest(&values);
    checks.push(Check::at_most("largest over smallest x of half success", stats::point(spread, values.len()), 1.3));
    // Entries per degree of freedom at the threshold, n = 800 over n = 100.
    let freedom = |n: f64| n * n.ln() * K as f64 / (K as f64 * (2.0 * n - K as f64));
    let factor = freedom(800.0) / freedom(100.0);
    let (a, b) = (halves[3], halves[0]);
    let growth = stats::Estimate {
        value: factor * a.value / b.value,
        ci: (factor * a.ci.0 / b.ci.1, factor * a.ci.1 / b.ci.0),
        n: a.n.min(b.n),
    };
    checks.push(Check::at_least("growth of entries per degree of freedom, n = 100 to 800", growth, 1.12));
    Ok(checks)
}

fn largest_over_smallest(values: &[f64]) -> f64 {
    stats::maximum(values.iter().copied()) / stats::minimum(values.iter().copied())
}
