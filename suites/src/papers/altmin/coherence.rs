//! Coherent matrices are not recovered; clipping changes nothing for incoherent ones.

use super::setting::{Run, Setting};
use crate::harness::prelude::*;
use crate::harness::stats::{largest, smallest};

const DECAYS: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5];

/// Rows of the factors that decay ever faster; clipping at several thresholds.
#[derive(Debug, Default)]
pub struct Coherence;

impl Runs for Coherence {
    type Setting = Setting;
    const KEY: &'static str = "altmin-coherence";
    const ABOUT: &'static str =
        "AltMin at n=400, k=3, p=0.15 over the decay of the factors' rows; the start with and without clipping.";

    fn points(scale: Scale) -> Vec<Setting> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let base = || Setting { target: 1e-12, impatient: true, ..Setting::new(400, 3, 0.15, 60) };
        let mut points: Vec<Setting> = DECAYS.iter().map(|&coherence| Setting { coherence, ..base() }).collect();
        points.extend([2.0, 0.5].map(|clip| Setting { clip, ..base() }));
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        if scale == Scale::Full { 50 } else { 24 }
    }
}

/// Incoherence is needed.
pub const NEEDED: Claim = Claim {
    key: "altmin-incoherence-needed",
    says: "At a rate of observation that suffices for incoherent matrices, coherent ones are not recovered.",
    at: "assumption of incoherence",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "An implementation that peeks at hidden entries succeeds everywhere and fails here. At c = 0.5 lies the transition.",
    experiments: &["altmin-coherence"],
    judge: judge_needed,
    control: Some(Control { differs: "rows do not decay (c ≤ 0.25)", must_fail: &["success rate where rows decay"] }),
};

fn judge_needed(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Coherence::RUNS)?;
    let success = |at: &dyn Fn(f64) -> bool| {
        let mine = rows.iter().filter(|r| r.point.clip == 0.0 && at(r.point.coherence));
        stats::fraction(&mine.map(|r| r.value.as_ref().is_ok_and(|run| run.relerr < 1e-3)).collect::<Vec<_>>())
    };
    let limit = 0.06;
    if arm == Arm::Control {
        return Ok(vec![Check::at_most("success rate where rows decay", success(&|c| c <= 0.25), limit)]);
    }
    let mut checks = vec![
        Check::at_most("success rate where rows decay", success(&|c| c >= 0.75), limit),
        Check::at_least("success rate where they do not (c ≤ 0.25)", success(&|c| c <= 0.25), 0.85),
    ];
    let pairs: Vec<(f64, f64)> = succeeded(&rows)
        .filter(|(s, ..)| s.clip == 0.0)
        .map(|(_, _, run)| (run.mu, run.relerr.max(1e-12).log10()))
        .collect();
    let spearman = stats::bootstrap(&pairs, |pairs| {
        let [mu, error] = [ranks(pairs.iter().map(|p| p.0)), ranks(pairs.iter().map(|p| p.1))];
        correlation(&mu, &error)
    });
    checks.push(Check::at_least("rank correlation of μ and log relerr", spearman, 0.7));
    Ok(checks)
}

/// Ranks, ties sharing their mean.
fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let below = |x: f64| values.iter().filter(|v| **v < x).count() as f64;
    let equal = |x: f64| values.iter().filter(|v| **v == x).count() as f64;
    values.iter().map(|&x| below(x) + (equal(x) - 1.0) / 2.0).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

/// Clipping is neutral.
pub const CLIP: Claim = Claim {
    key: "altmin-clip-neutral",
    says: "With the true incoherence, clipping sets no entry of the start of an incoherent matrix to zero.",
    at: "algorithm, clipping step",
    source: Source::Ours,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Clipping is needed by the proofs. Even a ruinous threshold changes the number of sweeps by at most about one: the iteration forgets its start.",
    experiments: &["altmin-coherence"],
    judge: judge_clip,
    control: Some(Control {
        differs: "a threshold four times too small",
        must_fail: &["most entries set to zero", "largest change of the start's distance"],
    }),
};

fn judge_clip(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Coherence::RUNS)?;
    let clip = if arm == Arm::Claim { 2.0 } else { 0.5 };
    let at = move |s: &Setting| s.clip == clip;
    let zeroed = numbers(&rows, at, |r: &Run| r.clipped as f64);
    let change = numbers(&rows, at, |r: &Run| match (r.start_distance, r.unclipped_distance) {
        (Some(own), Some(plain)) => (own - plain).abs(),
        _ => f64::NAN,
    });
    // The control's smallest value must be apart from the range, so it is judged by that.
    let worst = if arm == Arm::Claim { largest } else { smallest };
    Ok(vec![
        Check::at_most("most entries set to zero", worst(&zeroed), 0.0),
        Check::at_most("largest change of the start's distance", worst(&change), 1e-12),
    ])
}
