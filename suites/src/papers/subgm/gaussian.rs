//! Dense Gaussian noise: the error is of the order of ν√(dr/m), whatever the width.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Run, Setting, Start};

const LEVELS: [f64; 4] = [0.01, 0.03, 0.1, 0.3];
const SIZES: [usize; 4] = [400, 800, 1600, 3200];
const SHAPES: [(usize, usize); 4] = [(10, 1), (20, 1), (20, 2), (40, 2)];

fn setting(d: usize, r: usize, m: usize, law: Law, nu: f64) -> Setting {
    // The schedule does not know ν.
    Setting::new(d, r, m).dense(law, nu).scheduled(1e-6, 1e-5, None).start(Start::Gaussian, 1e-6, d)
}

/// Gaussian noise of unknown standard deviation.
#[derive(Debug, Default)]
pub struct GaussianRate;

impl Runs for GaussianRate {
    type Setting = Setting;
    const KEY: &'static str = "gaussian-rate";
    const ABOUT: &'static str = "The last error of SubGM under dense Gaussian noise over its standard deviation, the number of measurements, and order and rank.";

    fn points(scale: Scale) -> Vec<Setting> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let mut points: Vec<Setting> = LEVELS.iter().map(|&nu| setting(20, 2, 800, Law::Dense, nu)).collect();
        points.push(setting(20, 2, 800, Law::Dense, 0.1).start(Start::Spectral, 1e-6, 2));
        let others = SIZES.into_iter().filter(|&m| m != 800);
        points.extend(others.map(|m| setting(20, 2, m, Law::Dense, 0.1)));
        let shapes = SHAPES.into_iter().filter(|&shape| shape != (20, 2));
        points.extend(shapes.map(|(d, r)| setting(d, r, 1600, Law::Dense, 0.1)));
        points.extend(SIZES.map(|m| setting(20, 2, m, Law::DenseDependent, 0.1)));
        points
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        let slope_in_m = (point.d, point.r, point.width) == (20, 2, 20) && point.size == 0.1;
        match scale {
            Scale::Smoke => 0,
            Scale::Full => 50,
            Scale::Default if point.noise == Law::DenseDependent => 4,
            Scale::Default if slope_in_m => 24,
            Scale::Default if point.m == 1600 => 16,
            Scale::Default => 12,
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-gaussian-rate",
    says: "Under dense Gaussian noise of unknown level ν the error is of the order of ν√(dr/m), independent of the width.",
    at: "introduction; exponents from the theorem on Gaussian noise",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "That the noise need not be known is read in the paper, the exponents are recalled. The level 1.25 = √(π/2) that the ratio tends to is the efficiency of least absolute deviations, the price of robustness.",
    experiments: &["gaussian-rate"],
    judge,
    control: Some(Control {
        differs: "the noise depends on the measurements: ν⟨A, X*⟩/‖X*‖, the same law",
        must_fail: &["exponent in m"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(GaussianRate::RUNS)?;
    let err = |run: &Run| run.err;
    let slope = |at: &dyn Fn(&Setting) -> bool, x: fn(&Setting) -> f64| {
        let mut series = series(&rows, at, x, err);
        let full = series.iter().map(Vec::len).max().unwrap_or(0);
        series.retain(|points| points.len() == full); // some points have more seeds than others
        stats::slope_over_seeds(&series, stats::Axes::LogLog)
    };
    let law = if arm == Arm::Claim { Law::Dense } else { Law::DenseDependent };
    let wide = move |p: &Setting| p.noise == law && p.width == p.d;
    let in_m = slope(&|p| wide(p) && (p.d, p.r) == (20, 2) && p.size == 0.1, |p| p.m as f64);
    let mut checks = vec![Check::new("exponent in m", in_m, (-0.63, -0.40))];
    if arm == Arm::Control {
        return Ok(checks);
    }
    let in_nu = slope(&|p| wide(p) && (p.d, p.r, p.m) == (20, 2, 800), |p| p.size);
    checks.push(Check::new("exponent in ν", in_nu, (0.97, 1.03)));
    let in_dimension = slope(&|p| wide(p) && p.m == 1600 && p.size == 0.1, |p| dimension(p.d, p.r));
    checks.push(Check::new("exponent in the dimension dr − r(r−1)/2", in_dimension, (0.33, 0.70)));
    let at = |p: &Setting| wide(p) && (p.d, p.r, p.m) == (20, 2, 800) && p.size == 0.1;
    let level: Vec<_> = numbers(&rows, at, err).iter().map(|e| e / (0.1 * (20.0 * 2.0 / 800.0f64).sqrt())).collect();
    checks.push(Check::new("median of error over ν√(dr/m)", stats::median(&level), (0.9, 1.7)));
    let narrow = |p: &Setting| p.noise == Law::Dense && p.width == 2;
    let apart: Vec<_> = ratios(&rows, at, narrow, err).iter().map(|ratio| ratio.log10().abs()).collect();
    checks.push(Check::at_most("median |log₁₀ of error at r′=20 over r′=2|", stats::median(&apart), 0.005));
    Ok(checks)
}

/// Degrees of freedom of a symmetric matrix of order d and rank r.
fn dimension(d: usize, r: usize) -> f64 {
    (d * r - r * (r - 1) / 2) as f64
}
