//! Reusing all entries against splitting them.

use super::setting::{Run, Samples, Setting};
use crate::harness::prelude::*;
use crate::harness::stats::{largest, smallest};

/// The analysis's disjoint subsets and plain reuse on the same entries.
#[derive(Debug, Default)]
pub struct Split;

impl Runs for Split {
    type Setting = Setting;
    const KEY: &'static str = "altmin-split";
    const ABOUT: &'static str = "AltMin at n=1000, k=5 with disjoint subsets for all updates, as the analysis asks, and with all entries reused.";

    fn points(_: Scale) -> Vec<Setting> {
        let base = |p, sweeps| Setting::new(1000, 5, p, sweeps);
        let fresh = |p, sweeps| Setting { samples: Samples::Fresh, ..base(p, sweeps) };
        vec![base(0.3, 10), fresh(0.3, 10), fresh(0.6, 8)]
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 2,
            Scale::Default => 10,
            Scale::Full => 20,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "altmin-reuse",
    says: "On the same entries, reusing all of them in every update completes the matrix where the analysis's splitting fails or lags far behind.",
    at: "open question on sample splitting",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Where subsets leave few more equations than unknowns the split run may even diverge.",
    experiments: &["altmin-split"],
    judge,
    control: Some(Control {
        differs: "twice the entries (p = 0.6), two sweeps fewer",
        must_fail: &["split: smallest relative error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Split::RUNS)?;
    let errors = |p: f64, samples: Samples| {
        numbers(&rows, move |s: &Setting| s.p == p && s.samples == samples, |r: &Run| r.relerr)
    };
    if arm == Arm::Control {
        let split = largest(&errors(0.6, Samples::Fresh));
        return Ok(vec![Check::at_least("split: smallest relative error", split, 0.05)]);
    }
    Ok(vec![
        Check::at_most("reuse: largest relative error", largest(&errors(0.3, Samples::Reuse)), 1e-10),
        Check::at_least("split: smallest relative error", smallest(&errors(0.3, Samples::Fresh)), 0.05),
        Check::at_most("split, p = 0.6: largest relative error", largest(&errors(0.6, Samples::Fresh)), 1e-4),
        Check::at_least("split, p = 0.6: smallest relative error", smallest(&errors(0.6, Samples::Fresh)), 1e-6),
    ])
}
