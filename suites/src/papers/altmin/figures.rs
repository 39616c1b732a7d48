//! The figures of the paper.

use super::{
    coherence::Coherence,
    cost::{Count, Kernel, Size, Work},
    elevation::{self, Elevation, Terrain},
    geometric::Geometric,
    hidden::Method,
    inexact::Inexact,
    init::Starts,
    nuclear::{Attempt, Digits, Held},
    phase::{Phase, x},
    robust::Robust,
    setting::{Run, Setting, Snapshot, Solver, Start},
};
use crate::harness::prelude::*;

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "geometric",
        title: "Geometric to machine precision",
        alt: "Relative error over sweeps at n = 500, k = 5. At p = 0.2 it falls by a factor of about 0.23 a sweep to \
              1e-15, more slowly than the 0.15 of rows of equal norms (dashed); at p = 0.04 it stays above 1e-3.",
        experiments: &["altmin-geometric"],
        draw: geometric,
    },
    Figure {
        key: "robust",
        title: "An error ε in every update leaves an error of 1.35 ε",
        alt: "Left: relative error over sweeps for ε = 0, 1e-8, 1e-6 and 1e-4, falling together until each reaches its \
              floor. Right: the floor over ε on two logarithmic scales, a line of slope 1.",
        experiments: &["altmin-robust"],
        draw: robust,
    },
    Figure {
        key: "inexact",
        title: "Three warm steps are as good as exact solves; cold starts stall",
        alt: "Relative error over sweeps at n = 500, k = 5: exact solves and two or three warm steps fall together, one \
              warm step takes twice the sweeps, three steps from zero stall near 6e-3, and a tolerance of 1e-2 relative \
              to the data stalls near 1e-2.",
        experiments: &["altmin-inexact"],
        draw: inexact,
    },
    Figure {
        key: "cost",
        title: "The cost of a sweep, counted in the kernels",
        alt: "Flops of a sweep over the rank on two logarithmic scales: slope 1 for three steps of conjugate gradients, \
              nearly 2 for Gram matrices; they cross near k = 13.",
        experiments: &["altmin-cost"],
        draw: cost,
    },
    Figure {
        key: "phase",
        title: "The threshold in n k ln n, and in degrees of freedom",
        alt: "Success rate over the number of entries for several n. Over n k ln n the curves coincide near 0.8; over \
              degrees of freedom they move to the right as n grows.",
        experiments: &["altmin-phase"],
        draw: phase,
    },
    Figure {
        key: "coherence",
        title: "Coherent matrices are not recovered",
        alt: "Relative error over incoherence μ at a fixed rate of observation: 1e-12 for μ below 4, above 1e-3 for μ \
              above 8.",
        experiments: &["altmin-coherence"],
        draw: coherence,
    },
    Figure {
        key: "start",
        title: "The spectral start matters near the threshold",
        alt: "Success rates at p = 0.08: near one from the spectral start, about a third from a random one; at p = 0.2 \
              both are one.",
        experiments: &["altmin-init"],
        draw: start,
    },
    Figure {
        key: "digits",
        title: "Hidden pixels of the optical digits",
        alt: "Error on hidden entries over the rank for three rates of observation: AltMin follows the best approximation \
              of the whole matrix at small ranks and leaves it upwards where equations become scarce.",
        experiments: &["altmin-digits"],
        draw: digits,
    },
    Figure {
        key: "elevation",
        title: "Hidden samples of a grid of elevations",
        alt: "Error on hidden samples in metres over the rank for three rates of observation. AltMin follows the derived \
              law above the best approximation of the whole grid at small ranks and leaves it upwards, by factors of \
              ten to hundreds, the sooner the fewer samples; Soft-Impute falls along its path and levels off.",
        experiments: &["altmin-elevation"],
        draw: elevations,
    },
];

type Panels = Result<Vec<Panel>, Unjudged>;

const RELERR: &str = "‖UVᵀ − M‖_F / ‖M‖_F";

fn sweep(s: &Snapshot) -> (f64, f64) {
    (s.sweep as f64, s.relerr)
}

fn geometric(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Geometric::TRAJECTORY)?;
    let mut panel = Panel::new("n = 500, k = 5", Axis::linear("sweep"), Axis::log(RELERR));
    for p in [0.2, 0.04] {
        panel = panel.line_band(format!("p = {p}"), band(&rows, |s: &Setting| s.n == 500 && s.p == p, sweep));
    }
    let a: f64 = 5.0 / 100.0;
    let factor = 4.0 * a * (1.0 - a) * 0.8;
    let law = (2..=20).step_by(2).map(|t| (f64::from(t), 0.05 * factor.powi(t - 2))).collect();
    Ok(vec![panel.theory("4a(1−a)(1−p), rows of equal norms", law)])
}

fn robust(rows: &Rows<'_>) -> Panels {
    let sweeps = rows.of(Robust::TRAJECTORY)?;
    let runs = rows.of(Robust::RUNS)?;
    let mut left = Panel::new("n = 500, k = 5, p = 0.2", Axis::linear("sweep"), Axis::log(RELERR));
    for (epsilon, label) in [(0.0, "ε = 0"), (1e-8, "ε = 1e-8"), (1e-6, "ε = 1e-6"), (1e-4, "ε = 1e-4")] {
        let at = move |s: &Setting| s.epsilon == epsilon && s.perturbed != 1;
        left = left.line_band(label, band(&sweeps, at, sweep));
    }
    let at = |s: &Setting| s.perturbed == 30 && s.epsilon > 0.0 && s.epsilon < 0.1;
    let floor = band_over(&runs, at, |s| s.epsilon, |r: &Run| r.floor);
    let right = Panel::new("the floor", Axis::log("ε"), Axis::log("median of the last 8 errors"))
        .line_band("measured", floor)
        .guide("ε", [1e-10, 1e-2].map(|e| (e, e)).to_vec());
    Ok(vec![left, right])
}

fn inexact(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Inexact::TRAJECTORY)?;
    let mut panel =
        Panel::new("n = 500, k = 5, p = 0.2, one seed", Axis::linear("sweep").range(0.0, 30.0), Axis::log(RELERR));
    let line = |solver: Solver, steps: u32, tau: f64| {
        let at = move |s: &Setting| s.n == 500 && s.kappa == 1.0 && (s.solver, s.steps, s.tau) == (solver, steps, tau);
        band(&rows, at, sweep).into_iter().map(|(x, _, y, _)| (x, y)).collect::<Vec<_>>()
    };
    panel = panel.line("exact", line(Solver::Exact, 0, 0.0));
    for steps in [1, 2, 3] {
        panel = panel.line(format!("{steps} warm"), line(Solver::Warm, steps, 0.0));
    }
    panel = panel.line_in(Style::Dashed, "3 cold", line(Solver::Cold, 3, 0.0));
    Ok(vec![panel.line_in(Style::Dashed, "τ = 1e-2", line(Solver::Data, 60, 1e-2))])
}

fn cost(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Work::COUNTS)?;
    let line = |kernel: Kernel, over_rank: bool| {
        let mine = succeeded(&rows).filter(move |(s, ..)| s.kernel == kernel && (s.k != 20) == over_rank);
        mine.map(|(s, _, c): (&Size, u32, &Count)| {
            (if over_rank { s.k as f64 } else { c.observed as f64 }, c.flops as f64)
        })
        .collect::<Vec<_>>()
    };
    let cg = line(Kernel::Cg, true);
    let guide = cg.first().map(|&(k, f)| [1.0, 12.0].map(|by| (k * by, 0.6 * f * by)).to_vec()).unwrap_or_default();
    let rank = Panel::new("over the rank", Axis::log2("rank k"), Axis::log("flops a sweep"))
        .line("3 steps of CG", cg)
        .line("Gram + Cholesky", line(Kernel::Gram, true))
        .guide("slope 1", guide);
    let entries = Panel::new("over the entries, k = 20", Axis::log("observed entries"), Axis::log("flops a sweep"))
        .line("3 steps of CG", line(Kernel::Cg, false))
        .line_in(Style::Dashed, "all entries read", line(Kernel::Dense, false));
    Ok(vec![rank, entries])
}

fn phase(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Phase::RUNS)?;
    let mut orders: Vec<usize> = rows.iter().map(|r| r.point.n).collect();
    orders.dedup();
    let curve = |n: usize, abscissa: &dyn Fn(&Setting) -> f64| {
        let mut points: Vec<&Setting> = rows.iter().map(|r| &r.point).filter(|s| s.n == n).collect();
        points.dedup();
        let rate = |s: &&Setting| {
            let mine = rows.iter().filter(|r| &r.point == *s);
            let held: Vec<bool> = mine.map(|r| r.value.as_ref().is_ok_and(|run| run.relerr < 1e-3)).collect();
            let rate = stats::fraction(&held);
            (abscissa(s), rate.ci.0, rate.value, rate.ci.1)
        };
        points.iter().map(rate).collect::<Vec<_>>()
    };
    let freedom = |s: &Setting| s.p * (s.n * s.n) as f64 / (s.k * (2 * s.n - s.k)) as f64;
    let success = || Axis::linear("fraction with relerr < 1e-3");
    let note = "k = 3; band: 95 % interval";
    let mut left = Panel::new("by n k ln n", Axis::linear("entries / (n k ln n)"), success()).note(note);
    let mut right =
        Panel::new("by degrees of freedom", Axis::linear("entries / degrees of freedom"), success()).note(note);
    for n in orders {
        left = left.line_band(format!("n = {n}"), curve(n, &|s| x(s)));
        right = right.line_band(format!("n = {n}"), curve(n, &freedom));
    }
    Ok(vec![left, right])
}

fn coherence(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Coherence::RUNS)?;
    let mut panel = Panel::new(
        "n = 400, k = 3, p = 0.15; rows decay like rank^{−c}",
        Axis::log2("incoherence μ of the left factor"),
        Axis::log(RELERR),
    );
    for c in [0.0, 0.25, 0.5, 0.75, 1.0, 1.5] {
        let mine = succeeded(&rows).filter(|(s, ..)| s.clip == 0.0 && s.coherence == c);
        panel = panel.points(format!("c = {c}"), mine.map(|(_, _, r)| (r.mu, r.relerr)).collect());
    }
    Ok(vec![panel])
}

fn start(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Starts::RUNS)?;
    let mut rates: Vec<f64> = rows.iter().map(|r| r.point.p).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut bars = Vec::new();
    for p in rates {
        for (start, name) in [(Start::Spectral, "spectral"), (Start::Random, "random")] {
            let mine = rows.iter().filter(|r| r.point.p == p && r.point.start == start);
            let held: Vec<bool> = mine.map(|r| r.value.as_ref().is_ok_and(|run| run.relerr < 1e-3)).collect();
            let rate = stats::fraction(&held);
            bars.push((format!("p = {p}, {name}"), rate.value, Some(rate.ci)));
        }
    }
    let axis = Axis::linear("fraction with relerr < 1e-3").range(0.0, 1.0);
    Ok(vec![Panel::new("n = 400, k = 5", axis, Axis::category("")).bars(bars)])
}

fn digits(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Digits::HELD)?;
    let mut panels = Vec::new();
    for p in [0.3, 0.5, 0.8] {
        let line = |method: Method| {
            band_over(&rows, move |a: &Attempt| a.method == method && a.p == p, |a| a.rank as f64, |h: &Held| h.error)
        };
        let level = |method: Method| line(method).first().map(|at| at.2);
        let curves = (line(Method::Altmin), line(Method::Limit));
        if curves.0.is_empty() {
            continue;
        }
        let mut panel = Panel::new(
            format!("{:.0} % observed", 100.0 * p),
            Axis::log2("rank"),
            Axis::log("relative error on hidden entries").range(0.1, 10.0),
        )
        .line_band("AltMin", curves.0)
        .line_band("SVD of the whole matrix", curves.1);
        for (method, label) in [(Method::SoftImpute, "Soft-Impute"), (Method::Means, "column means")] {
            if let Some(y) = level(method) {
                panel = panel.hline(y, label);
            }
        }
        panels.push(panel);
    }
    Ok(panels)
}

fn elevations(rows: &Rows<'_>) -> Panels {
    use elevation::{Attempt, Held, Mask};
    let rows = rows.of(Elevation::HELD)?;
    let at = |method: Method, p: f64| {
        move |a: &Attempt| (a.method, a.terrain, a.mask, a.p) == (method, Terrain::Measured, Mask::Scattered, p)
    };
    let rank = |a: &Attempt| a.rank as f64;
    let error = |held: &Held| held.error;
    let mut panels = Vec::new();
    for p in elevation::RATES {
        let limit = band_over(&rows, at(Method::Limit, p), rank, error);
        let unknowns = limit.iter().map(|&(k, _, y, _)| (k, y * elevation::law(p, k as usize)));
        // The first trial's path: ranks along it differ a little between trials.
        let path = succeeded(&rows).filter(|(a, trial, _)| at(Method::SoftImpute, p)(a) && *trial == 0);
        let path: Vec<_> = path.map(|(_, _, held)| (held.found as f64, held.error)).collect();
        let mut panel = Panel::new(
            format!("{:.0} % observed", 100.0 * p),
            Axis::log2("rank"),
            Axis::log("rms error on hidden samples, m").range(10.0, 1e4),
        )
        .line_band("AltMin", band_over(&rows, at(Method::Altmin, p), rank, error))
        .line_band("SVD of the whole grid", limit.clone())
        .line("Soft-Impute along its path", path)
        .theory("derived", unknowns.filter(|(_, y)| y.is_finite()).collect());
        if let Some(&(_, _, y, _)) = band_over(&rows, at(Method::Means, p), rank, error).first() {
            panel = panel.line("row and column means", [1.0, 32.0].map(|k| (k, y)).to_vec());
        }
        panels.push(panel);
    }
    Ok(panels)
}
