//! Figures.

use algos::tensor::chebyshev::potential::gaussian_series;

use super::{
    TOLERANCE,
    line::{Interpolation, Line, Width},
    particles::{Crowd, Format, Potentials},
};
use crate::harness::prelude::*;

/// Errors in one dimension.
pub const ERROR: Figure = Figure {
    key: "line",
    title: "Interpolation of exp(−t²x²)",
    alt: "Error over points per width m/t on a logarithmic scale: the measured points follow the tail of the exact series, which falls ever faster, from 0.1 at two points per width to rounding at twelve to sixteen, a little later for small t.",
    experiments: &["line"],
    draw: error,
};

fn error(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Line::RUNS)?;
    let x = Axis::linear("points per width m/t").range(0.0, 20.0);
    let mut panel = Panel::new("", x, Axis::log("largest error").range(1e-16, 10.0));
    for t in [2.0, 4.0, 8.0, 16.0] {
        let points = succeeded(&rows)
            .filter(|(p, ..): &(&Width, u32, &Interpolation)| p.t == t)
            .map(|(p, _, e)| (p.m as f64 / t, e.error))
            .collect();
        panel = panel.points(format!("t = {t}"), points);
    }
    for t in [2.0, 16.0] {
        let exact = gaussian_series(t, 200).unwrap_or_default();
        let tail = |m: usize| (m as f64 / t, exact.iter().skip(m.div_ceil(2)).map(|c| c.abs()).sum::<f64>());
        let curve = (5..=201).step_by(2).map(tail).filter(|(_, tail)| *tail > 1e-16).collect();
        panel = panel.theory(format!("tail of the series, t = {t}"), curve);
    }
    Ok(vec![panel])
}

/// Spectra.
pub const SPECTRUM: Figure = Figure {
    key: "spectrum",
    title: "What a rank leaves out of the potential",
    alt: "Relative tail of the singular values over the rank on a logarithmic scale: for long-range potentials it falls exponentially, below 1e-7 at rank 7 for one particle and 38 for 64 or 256; the short-range part falls hardly at all.",
    experiments: &["potentials"],
    draw: spectrum,
};

fn spectrum(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Potentials::TRAJECTORY)?;
    let x = Axis::linear("rank r");
    let mut panel = Panel::new("", x, Axis::log("relative tail of the first unfolding").range(1e-16, 2.0))
        .note("medians and quartiles over draws, m = 65; dashed: short range, 8 < t ≤ 64");
    let at = |particles: usize, upto: f64| move |p: &Crowd| (p.particles, p.upto, p.m) == (particles, upto, 65);
    for particles in [1, 8, 64, 256] {
        let line = band(&rows, at(particles, 8.0), |t| (t.r as f64, t.tail));
        if !line.is_empty() {
            panel = panel.line_band(format!("N = {particles}"), line);
        }
    }
    let short = band(&rows, at(64, 64.0), |t| (t.r as f64, t.tail));
    Ok(vec![panel.line_band_in(Style::Dashed, "N = 64, short range", short).hline(TOLERANCE, "tolerance")])
}

/// Ranks over the number of particles.
pub const RANK: Figure = Figure {
    key: "rank",
    title: "The largest rank over the number of particles",
    alt: "Largest rank over the number of particles: the ranks of Chebyshev coefficients and of a uniform grid lie together, rise from 7 to 38 between one and 64 particles and stay there; without the decomposition of the core they are higher.",
    experiments: &["potentials"],
    draw: rank,
};

fn rank(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Potentials::RUNS)?;
    let line = |number: fn(&Format) -> usize| {
        let long = |p: &Crowd| p.m == 65 && p.upto == 8.0;
        band_over(&rows, long, |p| p.particles as f64, |f| number(f) as f64)
    };
    let panel = Panel::new("", Axis::log2("particles N"), Axis::linear("largest rank").range(0.0, 70.0))
        .note("medians and quartiles over draws, tolerance 1e-7")
        .line_band("Chebyshev coefficients", line(|f| f.r1.max(f.r2).max(f.r3)))
        .line_band("uniform grid of 100³ values", line(|f| f.grid1.max(f.grid2).max(f.grid3)))
        .line_band("factors alone, weights ignored", line(|f| f.unreduced))
        .hline(65.0, "m");
    Ok(vec![panel])
}
