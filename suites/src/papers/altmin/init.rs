//! The spectral start matters near the threshold.

use super::setting::{Run, Setting, Start};
use crate::harness::prelude::*;

/// Both starts on the same instances.
#[derive(Debug, Default)]
pub struct Starts;

impl Runs for Starts {
    type Setting = Setting;
    const KEY: &'static str = "altmin-init";
    const ABOUT: &'static str =
        "AltMin from the spectral and from a random start at n=400, k=5, from near the threshold to ample entries.";

    fn points(scale: Scale) -> Vec<Setting> {
        let rates: &[f64] = if scale == Scale::Smoke { &[0.08, 0.2] } else { &[0.08, 0.12, 0.2] };
        let base = |p| Setting { target: 1e-8, impatient: true, ..Setting::new(400, 5, p, 100) };
        rates.iter().flat_map(|&p| [Start::Spectral, Start::Random].map(|start| Setting { start, ..base(p) })).collect()
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.p == 0.08) {
            (Scale::Smoke, true) => 20,
            (Scale::Smoke, false) => 4,
            (Scale::Default, _) => 40,
            (Scale::Full, _) => 100,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "altmin-spectral-start",
    says: "Near the threshold the spectral start recovers where a random one often does not.",
    at: "initialization lemma",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "With ample entries the start hardly matters: a random one costs about two sweeps.",
    experiments: &["altmin-init"],
    judge,
    control: Some(Control { differs: "ample entries (p = 0.2)", must_fail: &["success rate of the random start"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Starts::RUNS)?;
    let success = |p: f64, start: Start| -> Vec<f64> {
        let mine = rows.iter().filter(|r| r.point.p == p && r.point.start == start);
        mine.map(|r| f64::from(u8::from(r.value.as_ref().is_ok_and(|run| run.relerr < 1e-3)))).collect()
    };
    let fraction = |p, start| stats::fraction(&success(p, start).iter().map(|&s| s > 0.5).collect::<Vec<_>>());
    let p = if arm == Arm::Claim { 0.08 } else { 0.2 };
    let smoke = scale == Scale::Smoke;
    let random = fraction(p, Start::Random);
    if arm == Arm::Control {
        // Four successes of four leave a wide interval, so the limit asks for evidence at smoke, too.
        return Ok(vec![Check::at_most("success rate of the random start", random, if smoke { 0.5 } else { 0.7 })]);
    }
    let mut checks = vec![
        Check::at_most("success rate of the random start", random, if smoke { 0.85 } else { 0.7 }),
        Check::at_least(
            "success rate of the spectral start",
            fraction(p, Start::Spectral),
            if smoke { 0.7 } else { 0.85 },
        ),
    ];
    let gap: Vec<f64> = success(p, Start::Spectral).iter().zip(success(p, Start::Random)).map(|(a, b)| a - b).collect();
    checks.push(Check::at_least("mean difference of success", stats::mean(&gap), if smoke { 0.1 } else { 0.25 }));
    if !smoke {
        let sweeps = |start| by_trial(&rows, move |s: &Setting| s.p == 0.2 && s.start == start, |r: &Run| r.sweeps_1e8);
        let spectral = sweeps(Start::Spectral);
        let more: Vec<f64> = sweeps(Start::Random).iter().filter_map(|(t, r)| spectral.get(t).map(|s| r - s)).collect();
        checks.push(Check::new(
            "p = 0.2: mean sweeps of the random start beyond the spectral",
            stats::mean(&more),
            (1.0, 3.0),
        ));
    }
    Ok(checks)
}
