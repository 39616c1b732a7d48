//! The symmetric factorization: linear at the exact rank, sublinear above it.

use super::setting::{ETA, Method, Run, Setting};
use crate::harness::prelude::*;
use crate::harness::stats::{largest, smallest};

const WIDTHS: [usize; 3] = [4, 5, 10];
const LONG: usize = 4000;

/// Symmetric descents, and balanced asymmetric ones.
#[derive(Debug, Default)]
pub struct Symmetric;

impl Runs for Symmetric {
    type Setting = Setting;
    const KEY: &'static str = "oversense-symmetric";
    const ABOUT: &'static str = "Gradient descent on Z Zᵀ with as many columns as the rank and with more, in the population and from 1200 measurements; F Gᵀ from equal starts.";

    fn points(scale: Scale) -> Vec<Setting> {
        let long = if scale == Scale::Full { 40_000 } else { LONG };
        let mut points = vec![Setting::population(Method::Symmetric, 3, 0.5, 600)];
        points.extend(WIDTHS.map(|k| Setting::population(Method::Symmetric, k, 0.5, long)));
        points.push(Setting::population(Method::Balanced, 5, 0.5, 6000));
        if scale != Scale::Smoke {
            points.push(Setting::finite(Method::Symmetric, 2, 0.5, 1200));
            points.push(Setting::finite(Method::Symmetric, 4, 0.5, 1200));
            points.push(Setting::finite(Method::Balanced, 4, 0.5, 1200));
        }
        points
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match (scale, point.is_population()) {
            (Scale::Smoke, _) => 4,
            (Scale::Default, true) => 10,
            (Scale::Default, false) => 3,
            (Scale::Full, _) => 20,
        }
    }

    fn iterates(_: &Setting, trial: &Trial<'_>) -> usize {
        if trial.index == 0 { 150 } else { 0 }
    }
}

/// At the exact rank.
pub const EXACT: Claim = Claim {
    key: "oversense-symmetric-exact",
    says: "With as many columns as the rank, gradient descent on Z Zᵀ converges linearly.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "That the rate in the population is −ln(1 − ησ_r) is derived; a step with a factor 2 or 4 has another.",
    experiments: &["oversense-symmetric"],
    judge: judge_exact,
    control: Some(Control { differs: "one column more", must_fail: &["largest error at the end"] }),
};

fn judge_exact(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Symmetric::RUNS)?;
    let k = if arm == Arm::Claim { 3 } else { 4 };
    let at = move |s: &Setting| s.is_population() && s.method == Method::Symmetric && s.k == k;
    let worst = if arm == Arm::Claim { largest } else { smallest };
    let mut checks =
        vec![Check::at_most("largest error at the end", worst(&numbers(&rows, at, |r: &Run| r.err)), 1e-13)];
    if arm == Arm::Claim {
        let law = -(1.0 - ETA).ln();
        let rates = numbers(&rows, at, |r: &Run| r.rate_mid.unwrap_or(f64::NAN) / law);
        checks.push(Check::at_least("smallest rate over −ln(1 − ησ_r)", smallest(&rates), 0.999));
        checks.push(Check::at_most("largest rate over −ln(1 − ησ_r)", largest(&rates), 1.001));
        if scale != Scale::Smoke {
            let finite = |s: &Setting| !s.is_population() && s.method == Method::Symmetric && s.k == 2;
            let errors = numbers(&rows, finite, |r: &Run| r.err);
            checks.push(Check::at_most("1200 measurements: largest error at the end", largest(&errors), 1e-13));
        }
    }
    Ok(checks)
}

/// Above the rank.
pub const OVER: Claim = Claim {
    key: "oversense-symmetric-slow",
    says: "With more columns than the rank, the squared error of gradient descent on Z Zᵀ falls no faster than 1/T².",
    at: "abstract, theorem 1.1",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "In the population superfluous singular values follow s ← s(1 − ηs²), so err·2ηT/√(k − r) → 1: derived.",
    experiments: &["oversense-symmetric"],
    judge: judge_over,
    control: Some(Control {
        differs: "as many columns as the rank",
        must_fail: &["population: power of t in the squared error"],
    }),
};

fn judge_over(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Symmetric::RUNS)?;
    let power = |at: &dyn Fn(&Setting) -> bool| every(&rows, at, |r: &Run| r.power_quarter.unwrap_or(f64::NAN));
    let name = "population: power of t in the squared error";
    let population = |s: &Setting| s.is_population() && s.method == Method::Symmetric;
    if arm == Arm::Control {
        // The window holds the linear phase: many orders per factor of t.
        return Ok(vec![Check::new(name, stats::mean(&power(&|s| population(s) && s.k == 3)), (-2.05, -1.93))]);
    }
    let mut checks = vec![Check::new(name, stats::mean(&power(&|s| population(s) && s.k > 3)), (-2.05, -1.93))];
    let prefactor: Vec<f64> = succeeded(&rows)
        .filter(|(s, ..)| population(s) && s.k > 3)
        .map(|(s, _, run)| run.err * 2.0 * ETA * s.steps as f64 / ((s.k - s.r) as f64).sqrt())
        .collect();
    checks.push(Check::at_least("smallest err·2ηT/√(k − r)", smallest(&prefactor), 0.98));
    checks.push(Check::at_most("largest err·2ηT/√(k − r)", largest(&prefactor), 1.005));
    if scale != Scale::Smoke {
        let finite = |s: &Setting| !s.is_population() && s.method == Method::Symmetric && s.k == 4;
        let powers = numbers(&rows, finite, |r: &Run| r.power_third.unwrap_or(f64::NAN));
        checks.push(Check::new(
            "1200 measurements: power of t in the squared error",
            stats::mean(&powers),
            (-2.05, -1.70),
        ));
    }
    Ok(checks)
}

/// Without imbalance.
pub const BALANCED: Claim = Claim {
    key: "oversense-balanced",
    says: "From equal starts G₀ = F₀ the asymmetric factorization loses its linear rate: the imbalance is what makes it fast.",
    at: "abstract",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The factors stay equal and the run is the symmetric one.",
    experiments: &["oversense-symmetric", "oversense-asymmetric"],
    judge: judge_balanced,
    control: Some(Control {
        differs: "independent starts",
        must_fail: &["population: smallest error after 6000 steps"],
    }),
};

fn judge_balanced(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if arm == Arm::Control {
        let rows = rows.of(super::asymmetric::Asymmetric::RUNS)?;
        let at = |s: &Setting| s.is_population() && s.k == 5 && s.ratio == 3.0 && s.steps == 6000;
        let errors = largest(&numbers(&rows, at, |r: &Run| r.err));
        return Ok(vec![Check::at_least("population: smallest error after 6000 steps", errors, 1e-3)]);
    }
    let rows = rows.of(Symmetric::RUNS)?;
    let at = |population: bool| move |s: &Setting| s.is_population() == population && s.method == Method::Balanced;
    let power = numbers(&rows, at(true), |r: &Run| r.power_quarter.unwrap_or(f64::NAN));
    let mut checks = vec![
        Check::at_least(
            "population: smallest error after 6000 steps",
            smallest(&numbers(&rows, at(true), |r: &Run| r.err)),
            1e-3,
        ),
        Check::new("population: power of t in the squared error", stats::mean(&power), (-2.05, -1.90)),
    ];
    if scale != Scale::Smoke {
        let powers = numbers(&rows, at(false), |r: &Run| r.power_third.unwrap_or(f64::NAN));
        checks.push(Check::new(
            "1200 measurements: power of t in the squared error",
            stats::mean(&powers),
            (-2.05, -1.70),
        ));
    }
    Ok(checks)
}
