//! The error falls geometrically to machine precision.

use super::setting::{Run, Setting};
use crate::harness::prelude::*;

/// Ample and too few entries.
#[derive(Debug, Default)]
pub struct Geometric;

impl Runs for Geometric {
    type Setting = Setting;
    const KEY: &'static str = "altmin-geometric";
    const ABOUT: &'static str = "AltMin with reused samples at n=500, k=5: a fifth of the entries, and as a control twice the degrees of freedom.";

    fn points(scale: Scale) -> Vec<Setting> {
        let mut points = vec![Setting::new(500, 5, 0.2, 30), Setting::new(500, 5, 0.04, 30)];
        if scale == Scale::Full {
            points.push(Setting::new(5000, 10, 0.04, 30));
        }
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 6,
            Scale::Default => 20,
            Scale::Full => 30,
        }
    }

    fn iterates(_: &Setting, trial: &Trial<'_>) -> usize {
        if trial.index < 5 { usize::MAX } else { 0 }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "altmin-geometric",
    says: "Alternating minimization completes an incoherent matrix with a relative error that falls geometrically, to machine precision.",
    at: "Jain, Netrapalli & Sanghavi, theorem 2.5; main theorem here",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The range of the factor per sweep is ours. If all rows had equal norms it would be 4a(1 − a)(1 − p) with a = k/(np), 0.15 here; measured is 0.23.",
    experiments: &["altmin-geometric"],
    judge,
    control: Some(Control {
        differs: "a fifth of the entries, about twice the degrees of freedom",
        must_fail: &["largest relative error after 30 sweeps"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Geometric::RUNS)?;
    let p = if arm == Arm::Claim { 0.2 } else { 0.04 };
    let at = |s: &Setting| s.n == 500 && s.p == p;
    let errors = numbers(&rows, at, |r: &Run| r.relerr);
    let mut checks = vec![Check::at_most("largest relative error after 30 sweeps", stats::largest(&errors), 1e-13)];
    if arm == Arm::Claim {
        let rates = numbers(&rows, at, |r: &Run| r.rate.unwrap_or(f64::NAN));
        let r2 = numbers(&rows, at, |r: &Run| r.r2.unwrap_or(f64::NAN));
        checks.push(Check::new("mean factor per sweep", stats::mean(&rates), (0.18, 0.30)));
        checks.push(Check::at_least("smallest R² of the fits", stats::smallest(&r2), 0.998));
    }
    Ok(checks)
}
