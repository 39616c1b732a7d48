//! Figures.

use super::{
    baselines::{Accuracy, Eigen, Square},
    climb::{Local, LocalRate, Mode, Rate},
};
use crate::harness::prelude::*;

/// The local rate.
pub const RATE: Figure = Figure {
    key: "local-rate",
    title: "The rate at a component",
    alt: "Measured contraction per step over the derived one for climbs in the slowest direction: points for all three shifts lie on the diagonal.",
    experiments: &["local-rate"],
    draw: rate,
};

fn rate(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(LocalRate::RUNS)?;
    let panels = [(true, "in the slowest direction"), (false, "in a random direction")].map(|(slowest, title)| {
        let x = Axis::linear("derived factor per step");
        let mut panel = Panel::new(title, x, Axis::linear("measured factor per step"));
        for mode in Mode::ALL {
            let points = succeeded(&rows)
                .filter(|(p, ..): &(&Local, u32, &Rate)| p.mode == mode && p.slowest == slowest)
                .map(|(_, _, r)| (r.theory, r.measured))
                .collect();
            panel = panel.points(mode.name(), points);
        }
        panel.theory("measured = derived", vec![(0.2, 0.2), (1.0, 1.0)])
    });
    Ok(panels.into())
}

/// Accuracy of the eigenvalue problem.
pub const GEVD: Figure = Figure {
    key: "gevd",
    title: "Order 3, rank d: relative errors",
    alt: "Relative error over d on two logarithmic scales: the subspace power method stays near 1e-15, the generalized eigenvalue problem grows from 1e-14 to above 1e-12; five power steps bring it down to the former.",
    experiments: &["gevd"],
    draw: gevd,
};

fn gevd(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Eigen::RUNS)?;
    let line = |number: fn(&Accuracy) -> f64| band_over(&rows, |_: &Square| true, |p| p.d as f64, number);
    Ok(vec![
        Panel::new("", Axis::log("dimension d"), Axis::log("relative error"))
            .note("medians and quartiles over tensors")
            .line_band("eigenvalue problem", line(|e| e.gevd))
            .line_band("the same after 5 power steps", line(|e| e.polished))
            .line_band("subspace power method", line(|e| e.spm)),
    ])
}
