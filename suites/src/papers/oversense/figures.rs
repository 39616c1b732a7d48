//! The figures of the paper.

use super::{
    asymmetric::Asymmetric,
    setting::{ETA, Method, Run, Setting, Snapshot},
    symmetric::Symmetric,
};
use crate::harness::prelude::*;

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "symmetric",
        title: "Symmetric factorization: one column too many and the rate is gone",
        alt: "Squared error over steps on two logarithmic scales in the population: at k = 3 = r it plunges to machine \
              precision within 300 steps, at k = 4, 5 and 10 it follows lines of slope −2; F Gᵀ from equal starts does too.",
        experiments: &["oversense-symmetric"],
        draw: symmetric,
    },
    Figure {
        key: "asymmetric",
        title: "Asymmetric factorization: linear, and after one modified step at a rate free of the start",
        alt: "Error over steps in the population. Left: without modification the decay is linear and slower for smaller \
              α. Right: after the modified step at 300 the lines for α = 0.5, 0.1 and 0.02 are parallel.",
        experiments: &["oversense-asymmetric"],
        draw: asymmetric,
    },
    Figure {
        key: "rate-by-alpha",
        title: "The rate over the scale of the start",
        alt: "Linear rate over α on two logarithmic scales: slope 2 without modification, flat after one modified step \
              at −ln(1 − ηβ²).",
        experiments: &["oversense-asymmetric"],
        draw: rates,
    },
];

type Panels = Result<Vec<Panel>, Unjudged>;

fn line(rows: &[Row<Setting, Snapshot>], at: impl Fn(&Setting) -> bool, power: i32) -> Vec<(f64, f64)> {
    let mine = succeeded(rows).filter(|(s, trial, snapshot)| at(s) && *trial == 0 && snapshot.t > 0);
    mine.map(|(_, _, s)| (s.t as f64, s.err.max(1e-17).powi(power))).collect()
}

fn symmetric(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Symmetric::TRAJECTORY)?;
    let mut panel = Panel::new(
        "population, n = 50, r = 3, one seed",
        Axis::log("step t"),
        Axis::log("‖ZZᵀ − M‖²").range(1e-32, 1e3),
    );
    for k in [3, 4, 5, 10] {
        let at = move |s: &Setting| s.is_population() && s.method == Method::Symmetric && s.k == k;
        panel = panel.line(format!("k = {k}"), line(&rows, at, 2));
    }
    let balanced = line(&rows, |s| s.is_population() && s.method == Method::Balanced, 2);
    let law = [100.0, 4000.0].map(|t| (t, f64::powi(2.0f64.sqrt() / (2.0 * ETA * t), 2))).to_vec();
    Ok(vec![panel.line_in(Style::Dashed, "FGᵀ, G₀ = F₀", balanced).theory("(k−r)/(2ηt)², k = 5", law)])
}

fn asymmetric(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Asymmetric::TRAJECTORY)?;
    let axes = |limit: f64| (Axis::linear("step t").range(0.0, limit), Axis::log("‖FGᵀ − M‖_F").range(1e-16, 1e1));
    let (x, y) = axes(5000.0);
    let mut plain = Panel::new("gradient descent, k = 5, r = 3", x, y);
    for alpha in [0.5, 0.35, 0.25] {
        let own = (60.0 / (ETA * alpha * alpha)) as usize + 400;
        let at = move |s: &Setting| s.method == Method::Asymmetric && s.alpha == alpha && s.steps == own;
        plain = plain.line(format!("α = {alpha}"), line(&rows, at, 1));
    }
    let (x, y) = axes(800.0);
    let mut modified = Panel::new("one modified step, β = 1", x, y);
    for alpha in [0.5, 0.1, 0.02] {
        let at =
            move |s: &Setting| s.is_population() && s.method == Method::OneStep && s.alpha == alpha && s.beta == 1.0;
        modified = modified.line(format!("α = {alpha}"), line(&rows, at, 1));
    }
    Ok(vec![plain, modified.vline(300.0, "modified step")])
}

fn rates(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Asymmetric::RUNS)?;
    let mut panel = Panel::new(
        "population, k = 5, r = 3",
        Axis::log("scale α of the start").range(0.015, 0.7),
        Axis::log("rate per step"),
    );
    let own = |s: &Setting| s.steps == (60.0 / (ETA * s.alpha * s.alpha)) as usize + 400;
    let plain = band_over(
        &rows,
        move |s: &Setting| s.is_population() && s.method == Method::Asymmetric && own(s),
        |s| s.alpha,
        |r: &Run| r.rate_mid.unwrap_or(f64::NAN),
    );
    panel = panel.line_band("gradient descent", plain);
    for beta in [1.0, 0.5] {
        let at = move |s: &Setting| s.is_population() && s.method == Method::OneStep && s.beta == beta;
        let band = band_over(&rows, at, |s| s.alpha, |r: &Run| r.rate_after.unwrap_or(f64::NAN));
        panel = panel.line_band(format!("one step, β = {beta}"), band);
    }
    let guide = [0.2f64, 0.6].map(|a| (a, 0.04 * a * a)).to_vec();
    let flat = |beta: f64| [0.015, 0.7].map(|a| (a, -(1.0 - ETA * beta * beta).ln())).to_vec();
    Ok(vec![panel.guide("slope 2", guide).theory("−ln(1 − η)", flat(1.0)).theory("−ln(1 − η/4)", flat(0.5))])
}
