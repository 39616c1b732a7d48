//! The figures of the paper.

use super::{
    alpha::{AlphaPower, gamma},
    density::OutlierDensity,
    digits::{Method, RealDigits},
    exponential::Exponential,
    gaussian::GaussianRate,
    magnitude::OutlierMagnitude,
    mechanism::Mechanism,
    overfit::Overfit,
    rank::RankAgnostic,
    rank_one::{Model, Probe, RankOne},
    samples::SampleComplexity,
    sign_rip::{Cell, Noise, Scaling, Spread, phi},
    truth::TruthNotOptimal,
    variants::Screening,
};
use crate::{
    harness::prelude::*,
    papers::sensing::{Law, Rule, Run, Setting, Snapshot, Start},
};

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "rank-agnostic",
        title: "A small start does not feel the width of the factor",
        alt: "Relative error over iterations. From a small start the curves for all widths r′ coincide until they reach \
              floors below 1e-5; from a large start at r′ = d the error stays above 1e-2.",
        experiments: &["rank-agnostic"],
        draw: rank,
    },
    Figure {
        key: "sample-complexity",
        title: "Measurements needed, by width of the factor",
        alt: "Fraction of seeds that succeed over the number of measurements. Exact rank needs about 40; the widths 2, \
              5 and 20 all need about 60 to 75; a large start at r′ = 20 never succeeds.",
        experiments: &["sample-complexity"],
        draw: samples,
    },
    Figure {
        key: "rank-one",
        title: "Independence of the width rests on the measurements",
        alt: "Relative error at the last iterate. On measurements a bᵀ it is below 1e-5 at both widths; on a aᵀ it is \
              below 1e-6 at the exact rank and about 1e-3 at r′ = 20.",
        experiments: &["rank-one"],
        draw: rank_one,
    },
    Figure {
        key: "small-init-exponential",
        title: "Without noise: exponential from a small start, 1/t from a large one",
        alt: "Left: relative error over iterations from small starts, falling along a line on a logarithmic scale for \
              r′ = 2 and r′ = 20 alike. Right: relative error from large starts at r′ = 20 on two logarithmic scales, \
              falling with slope −1.",
        experiments: &["small-init-exponential"],
        draw: exponential,
    },
    Figure {
        key: "alpha-power",
        title: "The last error is a power of the start's scale",
        alt: "Error over the scale α of the start on two logarithmic scales: straight lines for 800 and 3200 \
              measurements, steeper for more; flat lines where the steps are not summable.",
        experiments: &["alpha-power"],
        draw: alpha,
    },
    Figure {
        key: "outliers",
        title: "Neither the size nor the density of outliers matters",
        alt: "Left: error over the scale L of the outliers, flat for SubGM and growing for least squares. Right: \
              relative error over the fraction p of outliers, below 1e-4 throughout.",
        experiments: &["outlier-magnitude", "outlier-density"],
        draw: outliers,
    },
    Figure {
        key: "truth-not-optimal",
        title: "The truth does not minimise the loss, and is found all the same",
        alt: "Left: loss minus the loss of the truth; from a large start it falls below zero. Right: relative error; \
              from a small start it falls to 1e-4, from a large start it stays above one.",
        experiments: &["truth-not-optimal"],
        draw: truth,
    },
    Figure {
        key: "gaussian-rate",
        title: "Dense Gaussian noise",
        alt: "Error over the noise level ν with slope 1, and over the number of measurements with slope −1/2, both near \
              the line 1.25 ν√(dr/m); noise that depends on the measurements gives a flat line.",
        experiments: &["gaussian-rate"],
        draw: gaussian,
    },
    Figure {
        key: "sign-rip",
        title: "Sign-RIP: the mean of the sub-gradient and its deviation",
        alt: "Left: the component of the sub-gradient along the error over the size of the error, on the curves of the \
              scaling function φ for five laws of the noise. Right: the largest deviation over the number of \
              measurements with slope −1/2; flat where rows are repeated.",
        experiments: &["sign-rip-scaling", "sign-rip-deviation"],
        draw: sign_rip,
    },
    Figure {
        key: "signal-vs-residual",
        title: "The signal outgrows the residual",
        alt: "Smallest singular value of the signal, cross term and over-parameterized residual over iterations: the \
              signal grows from 1e-6 to one within 80 iterations while the residual stays below 1e-3.",
        experiments: &["signal-vs-residual"],
        draw: mechanism,
    },
    Figure {
        key: "l2-overfits",
        title: "Least squares passes a good point and overfits",
        alt: "Relative error over iterations under dense noise: gradient descent on the squared loss reaches 0.16 and \
              climbs to 0.29, SubGM reaches 0.19 and stays.",
        experiments: &["l2-overfits"],
        draw: overfit,
    },
    Figure {
        key: "real-digits",
        title: "Principal subspace of the digits from 40 % outliers",
        alt: "Largest principal angle to the true leading subspace: about 0.01 rad for SubGM, above 0.1 rad where the \
              outliers depend on the measurements, above 1.2 rad for least squares.",
        experiments: &["real-digits"],
        draw: digits,
    },
    Figure {
        key: "lazy-screening",
        title: "Screening of signs pays only under dense noise",
        alt: "Fraction of measurements evaluated by sign screening: nearly all on mostly clean data, less than a third \
              under dense noise.",
        experiments: &["lazy-screening"],
        draw: screening,
    },
    super::pace::FIGURE,
];

type Panels = Result<Vec<Panel>, Unjudged>;

const RERR: &str = "‖UUᵀ − X*‖_F / ‖X*‖_F";

fn trajectory(snapshot: &Snapshot) -> (f64, f64) {
    (snapshot.iteration as f64, snapshot.rerr)
}

fn rank(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(RankAgnostic::TRAJECTORY)?;
    let sets =
        [(20, 800, 2, "d = 20, r = 2, m = 800"), (40, 1000, 1, "d = 40, r = 1, m = 1000 (800 clean rows < D = 820)")];
    let mut panels = Vec::new();
    for (d, m, r, title) in sets {
        let mine = move |p: &Setting| (p.d, p.m) == (d, m);
        let mut panel = Panel::new(title, Axis::linear("iteration t"), Axis::log(RERR));
        let small =
            |width: usize, start| move |p: &Setting| mine(p) && p.width == width && p.start == start && p.alpha < 1.0;
        let exact = band(&rows, small(r, Start::Spectral), trajectory);
        if exact.is_empty() {
            continue;
        }
        panel = panel.line_band(format!("r′ = {r}"), exact);
        for width in [2, 4, 10, d].into_iter().filter(|&width| width > r) {
            let line = band(&rows, small(width, Start::Gaussian), trajectory);
            if !line.is_empty() {
                panel = panel.line_band(format!("r′ = {width}"), line);
            }
        }
        let large = band(&rows, move |p: &Setting| mine(p) && p.width == d && p.alpha == 1.0, trajectory);
        panels.push(panel.line_band_in(Style::Dashed, format!("r′ = {d}, large start"), large));
    }
    Ok(panels)
}

fn samples(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(SampleComplexity::RUNS)?;
    let success = |width: usize, large: bool| {
        let at = move |p: &Setting| p.width == width && (p.alpha == 1.0) == large && p.start == Start::Gaussian;
        let mut sizes: Vec<usize> = rows.iter().map(|row| &row.point).filter(|p| at(p)).map(|p| p.m).collect();
        sizes.dedup();
        let fraction = |m: usize| {
            let reached = numbers(&rows, |p: &Setting| at(p) && p.m == m, |run: &Run| run.err);
            let wilson = stats::wilson(reached.iter().filter(|&&e| e <= 1e-2).count(), reached.len());
            (m as f64, wilson.ci.0, wilson.value, wilson.ci.1)
        };
        sizes.into_iter().map(fraction).collect::<Vec<_>>()
    };
    let axes = (Axis::log2("number of measurements m"), Axis::linear("fraction of seeds with error ≤ 1e-2"));
    let mut panel = Panel::new("d = 20, r = 1, 10 % outliers", axes.0, axes.1);
    for width in [1, 2, 5, 20] {
        panel = panel.line_band(format!("r′ = {width}"), success(width, false));
    }
    panel = panel.line_band_in(Style::Dashed, "r′ = 20, large start", success(20, true));
    let threshold = 2.0 * 20.0 / (std::f64::consts::FRAC_2_PI * 0.81);
    Ok(vec![panel.vline(threshold, "2dr/φ²")])
}

fn exponential(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Exponential::TRAJECTORY)?;
    let line = |width: usize, large: bool| {
        band(&rows, move |p: &Setting| p.width == width && (p.alpha == 1.0) == large, trajectory)
    };
    let decay = (60..=200).step_by(20).map(|t| (f64::from(t), 0.8f64.powi(t - 60))).collect();
    let bound = [100.0, 4000.0].map(|t| (t, (18.0f64 / 2.0).sqrt() / (0.4 * t))).to_vec();
    Ok(vec![
        Panel::new("small start", Axis::linear("iteration t").range(0.0, 400.0), Axis::log(RERR))
            .line_band("r′ = 2", line(2, false))
            .line_band("r′ = 20", line(20, false))
            .theory("(1 − 2η)^t, m → ∞", decay),
        Panel::new("large start", Axis::log("iteration t"), Axis::log(RERR))
            .line_band_in(Style::Dashed, "r′ = 20", line(20, true))
            .theory("√((d−r)/r)/(4ηt)", bound),
    ])
}

fn alpha(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(AlphaPower::RUNS)?;
    let line = |m: usize, rule: Rule| {
        band_over(&rows, move |p: &Setting| p.m == m && p.rule == rule, |p| p.alpha, |run: &Run| run.err)
    };
    let mut panel = Panel::new(
        "d = 20, r = 2, r′ = 20, 20 % outliers",
        Axis::log("scale α of the start"),
        Axis::log("‖UUᵀ − X*‖_F"),
    );
    for (m, last) in [(800, 1e-7), (3200, 1e-5)] {
        let measured = line(m, Rule::Geometric);
        let exponent = 2.0 * (1.0 - gamma(m));
        if let Some(&(x, _, y, _)) = measured.last() {
            let power = [last, x].map(|a: f64| (a, y * (a / x).powf(exponent))).to_vec();
            panel = panel.theory(format!("α^{{{exponent:.2}}}"), power);
        }
        panel = panel.line_band(format!("m = {m}"), measured);
    }
    panel = panel.line_band_in(Style::Dashed, "constant step", line(800, Rule::Constant));
    Ok(vec![panel.line_band_in(Style::Dashed, "step 1/√t", line(800, Rule::InvSqrt))])
}

fn outliers(rows: &Rows<'_>) -> Panels {
    let sizes = rows.of(OutlierMagnitude::RUNS)?;
    let over = |rule: Rule, law: Law, number: fn(&Run) -> f64| {
        band_over(&sizes, move |p: &Setting| p.rule == rule && p.noise == law, |p| p.size, number)
    };
    let magnitude = Panel::new("30 % outliers", Axis::log("scale L of the outliers"), Axis::log("‖UUᵀ − X*‖_F"))
        .line_band("SubGM", over(Rule::Geometric, Law::Gauss, |run| run.err))
        .line_band_in(
            Style::Dashed,
            "least squares, best iterate",
            over(Rule::LeastSquares, Law::Gauss, |run| run.best_err),
        )
        .whiskers("dependent outliers", over(Rule::Geometric, Law::Aligned, |run| run.err));
    let densities = rows.of(OutlierDensity::RUNS)?;
    let over = |law: Law| band_over(&densities, move |p: &Setting| p.noise == law, |p| p.p, |run: &Run| run.rerr);
    let mut density = Panel::new("m = 300/(1−p)²", Axis::linear("fraction p of outliers"), Axis::log(RERR))
        .line_band("SubGM", over(Law::Gauss));
    for (label, law) in [("one-sided", Law::OneSided), ("Cauchy", Law::Cauchy), ("replaced", Law::Replace)] {
        density = density.whiskers(label, over(law));
    }
    Ok(vec![magnitude, density.whiskers("dependent outliers", over(Law::Aligned))])
}

fn truth(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(TruthNotOptimal::TRAJECTORY)?;
    let line = |large: bool, number: fn(&Snapshot) -> (f64, f64)| {
        band(&rows, move |p: &Setting| p.p == 0.5 && (p.alpha == 1.0) == large, number)
    };
    let excess = |snapshot: &Snapshot| (snapshot.iteration as f64, snapshot.excess);
    let panel = |title: &str, y: Axis, number: fn(&Snapshot) -> (f64, f64)| {
        Panel::new(title, Axis::log("iteration t"), y).line_band("small start", line(false, number)).line_band_in(
            Style::Dashed,
            "large start",
            line(true, number),
        )
    };
    Ok(vec![
        panel("loss", Axis::linear("f(U_t) − f(X*)").range(-0.25, 0.5), excess).hline(0.0, "loss of the truth"),
        panel("error", Axis::log(RERR), trajectory),
    ])
}

fn gaussian(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(GaussianRate::RUNS)?;
    let level = |nu: f64, m: f64| (std::f64::consts::FRAC_PI_2 * 40.0 / m).sqrt() * nu;
    let err = |run: &Run| run.err;
    let wide = |p: &Setting| (p.d, p.r, p.width) == (20, 2, 20);
    let in_nu = band_over(&rows, |p: &Setting| wide(p) && p.m == 800 && p.noise == Law::Dense, |p| p.size, err);
    let in_m =
        |law: Law| band_over(&rows, move |p: &Setting| wide(p) && p.size == 0.1 && p.noise == law, |p| p.m as f64, err);
    let formula = "√(π/2) ν √(dr/m)";
    Ok(vec![
        Panel::new("m = 800", Axis::log("noise level ν"), Axis::log("‖UUᵀ − X*‖_F"))
            .line_band("SubGM", in_nu)
            .theory(formula, [0.01, 0.3].map(|nu| (nu, level(nu, 800.0))).to_vec()),
        Panel::new("ν = 0.1", Axis::log2("number of measurements m"), Axis::log("‖UUᵀ − X*‖_F"))
            .line_band("SubGM", in_m(Law::Dense))
            .line_band_in(Style::Dashed, "dependent noise", in_m(Law::DenseDependent))
            .theory(formula, [400.0, 3200.0].map(|m| (m, level(0.1, m))).to_vec()),
    ])
}

fn sign_rip(rows: &Rows<'_>) -> Panels {
    let draws = rows.of(Scaling::DRAWS)?;
    let mut mean = Panel::new("m = 2000", Axis::log("‖Δ‖_F"), Axis::linear("⟨G, Δ⟩/‖Δ‖_F"));
    let laws: [(&str, (f64, f64, f64)); 5] = [
        ("clean", (0.0, 0.0, 0.0)),
        ("p = 0.3, L = 10", (0.3, 10.0, 0.0)),
        ("p = 0.3, L = 1", (0.3, 1.0, 0.0)),
        ("p = 0.6, L = 1", (0.6, 1.0, 0.0)),
        ("ν = 0.5", (0.0, 0.0, 0.5)),
    ];
    for (index, (label, (p, size, nu))) in laws.into_iter().enumerate() {
        let at = move |c: &Cell| (c.p, c.size, c.nu, c.noise) == (p, size, nu, Noise::Independent);
        let curve = (-20..=10)
            .map(|k| 10f64.powf(f64::from(k) / 10.0))
            .map(|norm| (norm, phi(&Cell { d: 20, m: 2000, norm, p, size, nu, noise: Noise::Independent })));
        let formula = if index == 0 { "φ(Δ)" } else { "" };
        mean = mean.theory(formula, curve.collect()).whiskers(label, band_over(&draws, at, |c| c.norm, |a| a.phi));
    }
    let draws = rows.of(Spread::DRAWS)?;
    let independent = band_over(&draws, |s| s.distinct == s.m, |s| s.m as f64, |w| w.deviation);
    let repeated = band_over(&draws, |s| s.distinct == 200, |s| s.m as f64, |w| w.deviation);
    let through = independent.first().map_or(0.0, |first| first.2 * first.0.sqrt());
    let guide = [200.0, 6400.0].map(|m: f64| (m, through / m.sqrt())).to_vec();
    let spread =
        Panel::new("60 errors of rank 2", Axis::log2("number of measurements m"), Axis::log("largest deviation / φ"))
            .guide("slope −1/2", guide)
            .line_band("independent rows", independent)
            .line_band_in(Style::Dashed, "200 rows, repeated", repeated);
    Ok(vec![mean, spread])
}

fn mechanism(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Mechanism::PARTS)?;
    let mut panels = Vec::new();
    for (m, title) in [(800, "m = 800, γ₀ = 0.50"), (3200, "m = 3200, γ₀ = 0.25")] {
        let at = move |p: &Setting| p.m == m;
        let part = |number: fn(&super::mechanism::Parts) -> f64| {
            band(&rows, at, move |parts| (parts.iteration as f64, number(parts)))
        };
        let signal = part(|parts| parts.signal);
        if !signal.is_empty() {
            let axes = (Axis::linear("iteration t").range(0.0, 200.0), Axis::log("norm"));
            let panel = Panel::new(title, axes.0, axes.1).line_band("signal", signal);
            let panel = panel.line_band("cross term", part(|parts| parts.cross));
            panels.push(panel.line_band("residual", part(|parts| parts.residual)));
        }
    }
    Ok(panels)
}

fn overfit(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Overfit::TRAJECTORY)?;
    let line = |rule: Rule, nu: f64| band(&rows, move |p: &Setting| p.rule == rule && p.size == nu, trajectory);
    let panel = Panel::new("d = 20, r = 2, r′ = 20, m = 300, ν = 0.5", Axis::log("iteration t"), Axis::log(RERR));
    Ok(vec![
        panel.line_band("least squares", line(Rule::LeastSquares, 0.5)).line_band("SubGM", line(Rule::Geometric, 0.5)),
    ])
}

fn digits(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(RealDigits::RUNS)?;
    let bar = |label: &str, method: Method| {
        let angles = numbers(
            &rows,
            |p| {
                p.method == method && p.alpha < 1.0 && p.width != 64
                    || p.method == method && method == Method::LeastSquares
            },
            |found| found.angle,
        );
        let median = stats::median(&angles);
        (label.to_owned(), median.value, Some(median.ci))
    };
    let panel = Panel::new("", Axis::log("largest principal angle [rad]").range(3e-3, 2.0), Axis::category(""));
    Ok(vec![panel.vline(0.03, "accepted").bars([
        bar("SubGM, r′ = 10", Method::Subgm),
        bar("SubGM, dependent outliers", Method::SubgmDependent),
        bar("least squares", Method::LeastSquares),
    ])])
}

fn rank_one(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(RankOne::RUNS)?;
    let bar = |label: &str, model: Model, width: usize| {
        let at = move |p: &Probe| p.model == model && p.width == width;
        let median = stats::median(&numbers(&rows, at, |reached| reached.rerr));
        (label.to_owned(), median.value, Some(median.ci))
    };
    let panel = Panel::new("d = 20, r = 2, m = 1200, p = 0.2", Axis::log(RERR), Axis::category(""));
    Ok(vec![panel.bars([
        bar("a bᵀ, r′ = 2", Model::Bilinear, 2),
        bar("a bᵀ, r′ = 20", Model::Bilinear, 20),
        bar("a aᵀ, r′ = 2", Model::RankOne, 2),
        bar("a aᵀ, r′ = 20", Model::RankOne, 20),
    ])])
}

fn screening(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Screening::RUNS)?;
    let bar = |label: &str, law: Law| {
        let mean = stats::mean(&numbers(&rows, |p: &Setting| p.noise == law, |read| read.fraction));
        (label.to_owned(), mean.value, Some(mean.ci))
    };
    let panel = Panel::new("", Axis::linear("fraction of measurements evaluated").range(0.0, 1.0), Axis::category(""));
    Ok(vec![panel.bars([bar("20 % outliers, else clean", Law::Gauss), bar("dense noise, ν = 0.5", Law::Dense)])])
}
