//! Any fraction of outliers below one is tolerated, for more measurements.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Run, Setting, Start};

const KINDS: [Law; 3] = [Law::OneSided, Law::Cauchy, Law::Replace];

fn densities(scale: Scale) -> &'static [f64] {
    match scale {
        Scale::Smoke => &[0.0, 0.5],
        Scale::Default => &[0.0, 0.3, 0.5, 0.7],
        Scale::Full => &[0.0, 0.3, 0.5, 0.7, 0.8],
    }
}

/// Fractions and kinds of outliers.
#[derive(Debug, Default)]
pub struct OutlierDensity;

impl Runs for OutlierDensity {
    type Setting = Setting;
    const KEY: &'static str = "outlier-density";
    const ABOUT: &'static str =
        "SubGM with a growing fraction p of outliers and m = 300/(1−p)² measurements, and with four kinds of outliers.";

    fn points(scale: Scale) -> Vec<Setting> {
        let base = |law, p: f64| {
            let m = (300.0 / ((1.0 - p) * (1.0 - p))).round() as usize;
            Setting::new(20, 1, m).outliers(law, p, 10.0).scheduled(1e-6, 1e-7, None).start(Start::Gaussian, 1e-6, 20)
        };
        let mut points: Vec<_> = densities(scale).iter().map(|&p| base(Law::Gauss, p)).collect();
        if scale != Scale::Smoke {
            points.extend(KINDS.map(|law| base(law, 0.3)));
        }
        points.push(base(Law::Aligned, 0.5));
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 5,
            Scale::Default => 12,
            Scale::Full => 50,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-outlier-density",
    says: "Any fraction p < 1 of outliers, of any law, is tolerated when the number of measurements grows like 1/(1−p)².",
    at: "abstract: arbitrarily dense outliers",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "That p may approach 1 is the paper's statement; the power of 1 − p that we use is ours.",
    experiments: &["outlier-density"],
    judge,
    control: Some(Control {
        differs: "the outliers' signs depend on the measurements",
        must_fail: &["gauss, p=0.5: median relative error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(OutlierDensity::RUNS)?;
    // Six seeds leave a wide interval, so smoke asks for less.
    let limit = if scale == Scale::Smoke { 1e-3 } else { 1e-4 };
    let both = |name: &str, law: Law, p: f64| {
        let rerr = numbers(&rows, |s: &Setting| s.noise == law && s.p == p, |run: &Run| run.rerr);
        let near: Vec<_> = rerr.iter().map(|&e| e <= 1e-2).collect();
        [
            Check::at_most(format!("{name}: median relative error"), stats::median(&rerr), limit),
            Check::at_least(format!("{name}: fraction of seeds at most 1e-2"), stats::fraction(&near), 0.5),
        ]
    };
    if arm == Arm::Control {
        return Ok(both("gauss, p=0.5", Law::Aligned, 0.5).into());
    }
    let gauss = densities(scale).iter().flat_map(|&p| {
        let law = Law::Gauss;
        both(&format!("gauss, p={p}"), law, p)
    });
    let mut checks: Vec<_> = gauss.collect();
    if scale != Scale::Smoke {
        for (name, law) in ["one-sided", "cauchy", "replace"].into_iter().zip(KINDS) {
            checks.extend(both(&format!("{name}, p=0.3"), law, 0.3));
        }
    }
    Ok(checks)
}
