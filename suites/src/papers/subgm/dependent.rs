//! Independence of noise and measurements is needed: outliers that vote for another matrix win.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Run, Setting, Start};

/// Outliers of one law, independent of the measurements or not.
#[derive(Debug, Default)]
pub struct DependentOutliers;

impl Runs for DependentOutliers {
    type Setting = Setting;
    const KEY: &'static str = "dependent-outliers";
    const ABOUT: &'static str = "SubGM with 60 % outliers that are independent of the measurements, and with outliers of the same law that vote for another matrix.";

    fn points(_: Scale) -> Vec<Setting> {
        // ‖wwᵀ − X*‖² = 3, so both kinds have the law N(0, 3).
        [Law::Gauss, Law::Decoy]
            .map(|law| {
                let setting = Setting::new(20, 2, 1600).outliers(law, 0.6, 3f64.sqrt()).scheduled(1e-6, 1e-8, None);
                setting.start(Start::Gaussian, 1e-6, 20)
            })
            .into()
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 2,
            Scale::Default => 10,
            Scale::Full => 50,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "neg-correlated-outliers",
    says: "Recovery from 60 % outliers rests on their independence of the measurements.",
    at: "assumption of the outlier model",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The dependent outliers, of the same law, make the run converge to the matrix that they vote for.",
    experiments: &["dependent-outliers"],
    judge,
    control: Some(Control { differs: "the outliers depend on the measurements", must_fail: &["median error"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(DependentOutliers::RUNS)?;
    let errors = |law: Law| numbers(&rows, move |p: &Setting| p.noise == law, |run: &Run| run.err);
    if arm == Arm::Control {
        return Ok(vec![Check::at_most("median error", stats::median(&errors(Law::Decoy)), 1e-2)]);
    }
    Ok(vec![
        Check::at_most("median error", stats::median(&errors(Law::Gauss)), 1e-2),
        Check::new("mean error with dependent outliers", stats::mean(&errors(Law::Decoy)), (1.6, 1.8)),
    ])
}
