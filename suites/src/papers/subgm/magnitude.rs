//! The error does not depend on the size of the outliers.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Rule, Run, Setting, Start};

const BIG: [f64; 3] = [1e2, 1e6, 1e12];

/// Outliers of all sizes, the same unit normals.
#[derive(Debug, Default)]
pub struct OutlierMagnitude;

impl Runs for OutlierMagnitude {
    type Setting = Setting;
    const KEY: &'static str = "outlier-magnitude";
    const ABOUT: &'static str = "SubGM on the same data with outliers of scale 1 to 1e12, least squares by gradient descent beside it, and outliers that depend on the measurements.";

    fn points(scale: Scale) -> Vec<Setting> {
        let base = |law, size| {
            let setting = Setting::new(20, 2, 800).outliers(law, 0.3, size);
            setting.scheduled(1e-6, 1e-8, None).start(Start::Gaussian, 1e-6, 20)
        };
        let squares = |size: f64| {
            let setting = Setting::new(20, 2, 800).outliers(Law::Gauss, 0.3, size);
            setting.start(Start::Gaussian, 1e-3, 20).rule(Rule::LeastSquares, 0.05 / size.max(1.0), 1500)
        };
        if scale == Scale::Smoke {
            return vec![base(Law::Gauss, 1.0), base(Law::Gauss, 1e12), base(Law::Aligned, 1e12)];
        }
        let mut points: Vec<_> = [1.0].into_iter().chain(BIG).map(|size| base(Law::Gauss, size)).collect();
        points.extend([squares(1.0), squares(10.0), base(Law::Aligned, 1e12)]);
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 8,
            Scale::Default => 16,
            Scale::Full => 50,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-outlier-magnitude",
    says: "The error does not depend on the size of the outliers.",
    at: "abstract: arbitrarily large outliers",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Only the signs of the residuals enter the iteration. Gradient descent on the squared loss is the contrast.",
    experiments: &["outlier-magnitude"],
    judge,
    control: Some(Control {
        differs: "the outliers' signs depend on the measurements",
        must_fail: &["L=1e12: median error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(OutlierMagnitude::RUNS)?;
    let err = |run: &Run| run.err;
    let law = if arm == Arm::Claim { Law::Gauss } else { Law::Aligned };
    let at = |size: f64| move |p: &Setting| p.noise == law && p.size == size && p.rule == Rule::Geometric;
    let median = |size: f64| {
        Check::at_most(format!("L={size:e}: median error"), stats::median(&numbers(&rows, at(size), err)), 1e-4)
    };
    if arm == Arm::Control {
        return Ok(vec![median(1e12)]);
    }
    if scale == Scale::Smoke {
        return Ok(vec![median(1.0), median(1e12)]);
    }
    let mut checks: Vec<_> = [1.0].into_iter().chain(BIG).map(median).collect();
    let logs: Vec<_> = ratios(&rows, at(1e12), at(1e2), err).iter().map(|ratio| ratio.log10()).collect();
    checks.push(Check::new("mean log₁₀ of error at L=1e12 over L=1e2", stats::mean(&logs), (-0.3, 0.3)));
    let same = ratios(&rows, at(1e12), at(1e6), err);
    checks.push(Check::new("median of error at L=1e12 over L=1e6", stats::median(&same), (0.9, 1.1)));
    for (size, least) in [(1.0, 0.08), (10.0, 0.8)] {
        let squares = move |p: &Setting| p.size == size && p.rule == Rule::LeastSquares;
        let best = stats::median(&numbers(&rows, squares, |run| run.best_err));
        checks.push(Check::at_least(format!("least squares, L={size}: median of the best error"), best, least));
    }
    Ok(checks)
}
