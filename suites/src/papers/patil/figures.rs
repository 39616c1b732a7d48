//! The figures of the paper.

use super::{
    super::sketching::Map,
    decomposition::{Members, Pool, Size},
    gcv::{Consistency, Setting},
    intervals::{Coverage, Covered, Share},
    tuning::{Sketched, Tuned, Tuning},
};
use crate::harness::prelude::*;

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "gcv",
        title: "Cross-validation of the ensemble estimates its risk",
        alt: "Estimates over the risk of the ensemble for three penalties and four sketches: generalized cross-validation \
              near 1 for all, the training error far below.",
        experiments: &["ridge-gcv"],
        draw: gcv,
    },
    Figure {
        key: "members",
        title: "Risk and estimate are affine in 1/K, with unsketched ridge regression as the limit",
        alt: "Risk and generalized cross-validation over 1/K for the cosine sketch and the stacked CountSketch: parallel \
              straight lines whose intercepts are the risk of ridge regression at the implicit penalty.",
        experiments: &["ridge-members"],
        draw: members,
    },
    Figure {
        key: "tuning-intervals",
        title: "The size of the sketch tunes the ensemble; corrected residuals cover",
        alt: "Left: risk over that of the best ridge regression against the sketch size; an ensemble comes within 3 %, a \
              single member stays 28 % above. Right: coverage of 95 % intervals over q/p, 0.95 with corrected residuals, \
              falling to 0.67 without.",
        experiments: &["ridge-tuning", "ridge-intervals"],
        draw: tuning,
    },
];

type Panels = Result<Vec<Panel>, Unjudged>;

fn gcv(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Consistency::ESTIMATES)?;
    let mut panel =
        Panel::new("ensembles of five", Axis::log("penalty λ"), Axis::linear("estimate over risk").range(0.0, 1.3))
            .note("medians; band: quartiles over seeds, SRDCT only")
            .hline(1.0, "risk");
    let line = |map: Map, number: fn(&super::gcv::Estimate) -> f64| {
        band(&rows, move |s: &Setting| s.sketch == map, move |e| (e.lambda, 1.0 + number(e)))
    };
    for map in [Map::Gaussian, Map::Orthogonal, Map::Stacked] {
        let points = line(map, |e| e.gcv).into_iter().map(|(x, _, y, _)| (x, y)).collect();
        panel = panel.line(map.name(), points);
    }
    panel = panel.line_band("SRDCT", line(Map::Srdct, |e| e.gcv));
    let train = line(Map::Srdct, |e| e.train).into_iter().map(|(x, _, y, _)| (x, y)).collect();
    Ok(vec![panel.line_in(Style::Dashed, "training error", train)])
}

fn members(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Members::SIZES)?;
    let mut panels = Vec::new();
    for map in [Map::Srdct, Map::Stacked] {
        let line = |number: fn(&Size) -> f64| {
            let at = move |p: &Pool| p.sketch == map;
            band(&rows, at, move |s: &Size| (1.0 / s.k as f64, number(s)))
                .into_iter()
                .map(|(x, _, y, _)| (x, y))
                .collect::<Vec<_>>()
        };
        let limit = line(|s| s.ridge).first().map(|p| p.1);
        let mut panel = Panel::new(map.name(), Axis::linear("1/K"), Axis::linear("risk"))
            .line("risk", line(|s| s.risk))
            .line("cross-validation", line(|s| s.gcv));
        if let Some(limit) = limit {
            panel = panel.hline(limit, "ridge at μ");
        }
        panels.push(panel);
    }
    Ok(panels)
}

fn tuning(rows: &Rows<'_>) -> Panels {
    let (tuned, covered) = (rows.of(Tuning::ENSEMBLES)?, rows.of(Coverage::COVERED)?);
    let line = |number: fn(&Tuned) -> f64| band_over(&tuned, |_: &Sketched| true, |s| s.q as f64, number);
    let left =
        Panel::new("n = 200, p = 260, λ = 0.001", Axis::linear("sketch size q"), Axis::linear("risk over best ridge"))
            .note("medians and quartiles over seeds")
            .line_band("ensemble", line(|t| t.risk / t.best))
            .line_band("single member", line(|t| t.single / t.best))
            .hline(1.0, "best ridge");
    let coverage = |number: fn(&Covered) -> f64| band_over(&covered, |_: &Share| true, |s| s.alpha, number);
    let right = Panel::new("95 % intervals, n = 1.5p", Axis::linear("q/p"), Axis::linear("coverage").range(0.6, 1.0))
        .line_band("corrected", coverage(|c| c.corrected))
        .line_band("not corrected", coverage(|c| c.plain))
        .hline(0.95, "0.95");
    Ok(vec![left, right])
}
