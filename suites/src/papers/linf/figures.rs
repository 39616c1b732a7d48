//! The figures of the paper.

use super::{
    super::sketching::{Map, outcomes},
    cost::{Count, Size, Work},
    hard::{DENSE, Hard, SPARSE},
    setting::{Data, Run, Setting},
    sweeps::{OSNAPS, Pooled, Rate, Sampling, Sparsity, worst},
};
use crate::harness::prelude::*;

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "dense-sparse",
        title: "Sparse sketches lose √d in one coordinate, dense ones do not",
        alt: "Scaled coordinate-wise error over d on two logarithmic scales. Gaussian, SRHT, SRDCT and circulant sketches \
              follow √(2 ln d) from 2 to 3; CountSketch and OSNAP(2) follow √(d/2) to 8. The Euclidean error is the same \
              for all, about 1.",
        experiments: &["linf-hard"],
        draw: dense_sparse,
    },
    Figure {
        key: "sparsity",
        title: "The loss disappears at about √m nonzeros in a column",
        alt: "Worst median of the scaled error over the nonzeros in a column: 11, 8 and 6.6 at 1, 2 and 4 nonzeros, then falling \
              along √m/s to 2.7 at 64.",
        experiments: &["linf-sparsity"],
        draw: sparsity,
    },
    Figure {
        key: "rate",
        title: "The error falls like m^{−1/2}, a little faster without replacement",
        alt: "Coordinate-wise error of the SRHT over the rows of the sketch on two logarithmic scales, along the predicted \
              curve √((1 − m/N)/(m − d)).",
        experiments: &["linf-rate"],
        draw: rate,
    },
    Figure {
        key: "pooled-leverage",
        title: "The pooled sketch keeps the bound, sampling of rows loses it",
        alt: "Scaled coordinate-wise error over d. Left: the pooled sketch stays near 3, CountSketch grows like √(d/2). \
              Right: leverage sampling grows like √(d/2), and stays near 3 with a dense residual.",
        experiments: &["linf-pooled", "linf-leverage"],
        draw: pooled_leverage,
    },
    Figure {
        key: "cost",
        title: "Operations of one application, counted in the kernels",
        alt: "Flops for eight columns over n on two logarithmic scales: all straight lines; the Gaussian sketch with 1024 \
              rows lies two decades above the SRHT, CountSketch one below it.",
        experiments: &["apply-cost"],
        draw: cost,
    },
];

type Panels = Result<Vec<Panel>, Unjudged>;

const R: &str = "√m ‖x′ − x*‖_∞ / (‖r‖ ‖A⁺‖)";

/// Medians with the 10 to 90 % range over trials.
fn over_d(
    rows: &[Row<Setting, Run>],
    at: impl Fn(&Setting) -> bool,
    number: fn(&Run) -> f64,
) -> Vec<(f64, f64, f64, f64)> {
    let mut sizes: Vec<usize> = rows.iter().map(|r| r.point.d).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let point = |d: usize| {
        let own = outcomes(rows, |s| at(s) && s.d == d, number);
        let q = |q| stats::quantile(&own, q).value;
        (!own.is_empty()).then(|| (d as f64, q(0.1), q(0.5), q(0.9)))
    };
    sizes.into_iter().filter_map(point).collect()
}

fn curves(panel: Panel) -> Panel {
    let sizes = [16.0, 32.0, 64.0, 128.0];
    panel
        .theory("√(2 ln d)", sizes.map(|d: f64| (d, (2.0 * d.ln()).sqrt())).to_vec())
        .theory("√(d/2)", sizes.map(|d: f64| (d, (d / 2.0).sqrt())).to_vec())
}

fn line(points: Vec<(f64, f64, f64, f64)>) -> Vec<(f64, f64)> {
    points.into_iter().map(|(x, _, y, _)| (x, y)).collect()
}

fn dense_sparse(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Hard::RUNS)?;
    let of = |map: Map| move |s: &Setting| s.sketch == map;
    let axes = || (Axis::log2("columns d"), Axis::log(R).range(1.0, 12.0));
    let (x, y) = axes();
    let mut dense = Panel::new("dense, m = 16d", x, y).note("medians; band: 10 to 90 % of trials, SRHT only");
    for map in DENSE {
        let points = over_d(&rows, of(map), |r| r.linf);
        dense =
            if map == Map::Srht { dense.line_band(map.name(), points) } else { dense.line(map.name(), line(points)) };
    }
    let (x, y) = axes();
    let mut sparse = Panel::new("sparse, m = 16d", x, y).note("medians over trials");
    for map in SPARSE {
        sparse = sparse.line(map.name(), line(over_d(&rows, of(map), |r| r.linf)));
    }
    let mut euclidean = Panel::new(
        "Euclidean error",
        Axis::log2("columns d"),
        Axis::linear("√(m/d) ‖x′ − x*‖₂ / (‖r‖ ‖A⁺‖)").range(0.0, 1.6),
    );
    for map in [Map::Gaussian, Map::Srht, Map::Countsketch, Map::Osnap8] {
        euclidean = euclidean.line(map.name(), line(over_d(&rows, of(map), |r| r.l2)));
    }
    Ok(vec![curves(dense), curves(sparse), euclidean])
}

fn sparsity(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Sparsity::RUNS)?;
    let largest = OSNAPS.map(|(s, map)| (s as f64, worst(&rows, Data::Spiked, map)));
    let largest = largest.into_iter().filter(|(_, median)| median.n > 0);
    let largest: Vec<_> = largest.map(|(s, median)| (s, median.ci.0, median.value, median.ci.1)).collect();
    let law = [4.0, 8.0, 16.0].map(|s: f64| (s, 32.0 / s)).to_vec();
    let panel = Panel::new(
        "d = 64, m = 1024",
        Axis::log2("nonzeros s in a column"),
        Axis::log(format!("worst median of {R}")).range(1.5, 20.0),
    )
    .note("band: 95 % interval")
    .line_band("block OSNAP", largest)
    .theory("√m/s", law)
    .hline((2.0 * 64f64.ln()).sqrt(), "√(2 ln d)");
    Ok(vec![panel])
}

fn rate(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Rate::RUNS)?;
    let points = band_over(&rows, |_: &Setting| true, |s| s.m as f64, |r: &Run| r.err_inf);
    let law: Vec<(f64, f64)> = points
        .iter()
        .map(|&(m, ..)| (m, (2.0 * 64f64.ln()).sqrt() * ((1.0 - m / 16_384.0) / (m - 64.0)).sqrt() * 0.88))
        .collect();
    let panel = Panel::new("SRHT, d = 64, N = 16384", Axis::log2("rows m of the sketch"), Axis::log("‖x′ − x*‖_∞"))
        .note("median and quartiles")
        .line_band("measured", points)
        .guide("∝ √((1 − m/N)/(m − d))", law);
    Ok(vec![panel])
}

fn pooled_leverage(rows: &Rows<'_>) -> Panels {
    let (pooled, sampling) = (rows.of(Pooled::RUNS)?, rows.of(Sampling::RUNS)?);
    let axes = || (Axis::log2("columns d"), Axis::log(R).range(1.0, 14.0));
    let (x, y) = axes();
    let mut left = Panel::new("pooled sketch, spikes on zero rows", x, y).note("medians; band: 10 to 90 % of trials");
    left = left.line_band("pooled", over_d(&pooled, |s| s.sketch == Map::Pooled, |r| r.linf));
    left = left.line("CountSketch", line(over_d(&pooled, |s| s.sketch == Map::Countsketch, |r| r.linf)));
    let (x, y) = axes();
    let mut right = Panel::new("sampling of rows, spikes on copies", x, y).note("medians over trials");
    let arm = |data: Data, map: Map| line(over_d(&sampling, move |s| s.data == data && s.sketch == map, |r| r.linf));
    right = right.line("leverage", arm(Data::Balanced, Map::Leverage));
    right = right.line("CountSketch", arm(Data::Balanced, Map::Countsketch));
    right = right.line_in(Style::Dashed, "leverage, dense residual", arm(Data::BalancedDense, Map::Leverage));
    Ok(vec![curves(left), curves(right)])
}

fn cost(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Work::COUNTS)?;
    let mut panel = Panel::new("8 columns, m = 1024", Axis::log2("rows n"), Axis::log("flops"));
    for map in [Map::Gaussian, Map::Srht, Map::Osnap4, Map::Countsketch] {
        let mine = succeeded(&rows).filter(move |(s, ..)| s.sketch == map);
        panel =
            panel.line(map.name(), mine.map(|(s, _, c): (&Size, u32, &Count)| (s.n as f64, c.flops as f64)).collect());
    }
    Ok(vec![panel])
}
