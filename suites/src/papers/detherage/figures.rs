//! The figures of the paper.

use algos::factorize::pivot::contraction_factor;

use super::{
    condition::{Condition, KappaGrowth},
    one_step::{Mean as StepMean, OneStep, Step},
    runs::{Mean, PAIR_SOLVERS, Path, Runs},
    sweeps::{Length, Sample, Sweeps},
};
use crate::{
    harness::prelude::*,
    papers::diagonalization::{Cell, Rule, Solver, Start},
};

/// All figures.
pub const ALL: &[Figure] = &[
    Figure {
        key: "one-law",
        title: "One step: the same contraction for every factorization",
        alt: "Left: mean potential after one step over that before, by size k of the set. Rotations, elimination from \
              above and below, symmetric and random roots all lie on the curve 1 − k(k−1)/(n(n−1)); half the angle \
              lies above it. Right: deviations from the curve, near 1e-16 for the five solvers and above 1e-3 for two \
              controls.",
        experiments: &["one-step"],
        draw: law,
    },
    Figure {
        key: "mean-potential",
        title: "Many steps: the mean potential falls like ρᵗ",
        alt: "Left: potential over sweeps on a logarithmic scale; single runs scatter around their mean, which follows \
              the line ρᵗ. Right: mean over ρᵗ Γ_0: level at one for rotations, Gram–Schmidt and Kaczmarz steps, \
              rising for neighbouring pivots and half angles, falling for sweeps without replacement.",
        experiments: &["runs"],
        draw: potential,
    },
    Figure {
        key: "set-sizes",
        title: "Sets of 4 and 8 columns: k(k−1), not k, decides",
        alt: "Mean potential over steps for sets of 4 and 8 of 16 columns, on the lines ρᵗ for rotations and for \
              elimination.",
        experiments: &["runs"],
        draw: sizes,
    },
    Figure {
        key: "sweeps",
        title: "What independence costs",
        alt: "Median sweeps to convergence: independent pairs take two to three times as many as shuffled or cyclic \
              sweeps; row-cyclic elimination takes one.",
        experiments: &["pivot-sweeps"],
        draw: sweeps,
    },
    Figure {
        key: "kappa-growth",
        title: "The scaled condition number hardly grows",
        alt: "Largest and last scaled condition number over that of the start, for four matrices and an adversary: the \
              largest stays below two, the last falls well below one but for the adversary.",
        experiments: &["kappa-growth"],
        draw: condition,
    },
];

type Panels = Result<Vec<Panel>, Unjudged>;

fn law(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(OneStep::MEANS)?;
    let curve = (20..=70).map(|i| f64::from(i) / 10.0).map(|k| (k, 1.0 - k * (k - 1.0) / 42.0)).collect();
    let mut left = Panel::new(
        "Contraction, n = 7",
        Axis::linear("size k of the set"),
        Axis::linear("mean Γ after / Γ before").range(0.0, 1.05),
    )
    .note("mean over all sets of k; median over matrices")
    .theory("1 − k(k−1)/(n(n−1))", curve);
    let mut right = Panel::new(
        "Deviation from ρ",
        Axis::linear("size k of the set").range(1.5, 7.5),
        Axis::log("largest |mean Γ after / Γ before − ρ|"),
    )
    .note("graded matrices, whose diagonal spans 24 decades");
    for solver in Solver::EXACT.into_iter().chain([Solver::HalfAngle, Solver::TridiagonalQr]) {
        let of = |graded: bool, y: fn(&StepMean) -> f64| {
            band_over(&rows, move |p: &Step| p.solver == solver && p.graded == graded, |p| p.k as f64, y)
        };
        let contraction = of(false, |mean| mean.mean_after / mean.gamma0);
        let points = contraction.iter().map(|&(k, _, mid, _)| (k, mid)).collect::<Vec<_>>();
        if !points.is_empty() {
            left = left.points(solver.name(), points);
        }
        // Exact agreement has no place on a logarithmic scale.
        let deviation: Vec<_> =
            of(true, |mean| mean.deviation.max(1e-17)).iter().map(|&(k, _, _, high)| (k, high)).collect();
        right = right.line(solver.name(), deviation);
    }
    Ok(vec![left, right])
}

fn potential(rows: &Rows<'_>) -> Panels {
    let (means, paths) = (rows.of(Runs::MEANS)?, rows.of(Runs::PATHS)?);
    let n = if means.iter().any(|row| row.point.n == 24) { 24 } else { 8 };
    let base = |solver| Cell::pairs(Start::Wishart, n, solver);
    let jacobi = base(Solver::Jacobi);
    let sweep = jacobi.sweep() as f64;
    let rho = move |t: usize| jacobi.rho().powi(t as i32);
    let mut left = Panel::new(format!("Rotations, n = {n}"), Axis::linear("sweeps t / N"), Axis::log("Γ_t / Γ_0"))
        .note("pale: single runs; dashed: median; full: mean of 8000 runs");
    let runs = succeeded(&paths).filter(|(p, ..)| **p == base(Solver::Jacobi)).map(|(_, _, path)| path.run).max();
    for run in 0..=runs.unwrap_or(0) {
        let line: Vec<_> = succeeded(&paths)
            .filter(|(p, _, path)| **p == base(Solver::Jacobi) && path.run == run)
            .map(|(_, _, Path { t, gamma, .. })| (*t as f64 / sweep, *gamma))
            .collect();
        left = left.line_in(Style::Faint, "", std::iter::once((0.0, 1.0)).chain(line).collect());
    }
    let line = |cell: Cell, y: fn(&Mean) -> f64| {
        let band = band(&means, move |p: &Cell| *p == cell, |mean: &Mean| (mean.t as f64, y(mean)));
        std::iter::once((0.0, 1.0, 1.0, 1.0)).chain(band).collect::<Vec<_>>()
    };
    let decaying = |line: Vec<(f64, f64, f64, f64)>| -> Vec<(f64, f64)> {
        line.into_iter().map(|(t, _, mid, _)| (t / sweep, mid * rho(t as usize))).collect()
    };
    left = left
        .line("mean", decaying(line(base(Solver::Jacobi), |mean| mean.mean_ratio)))
        .line_in(Style::Dashed, "median", decaying(line(base(Solver::Jacobi), |mean| mean.median_ratio)))
        .theory("ρᵗ", (0..=40).map(|i| (f64::from(i) / 20.0, rho((f64::from(i) * sweep / 20.0) as usize))).collect());
    let mut right = Panel::new(
        format!("Mean over ρᵗ Γ_0, n = {n}"),
        Axis::linear("sweeps t / N"),
        Axis::log("mean Γ_t / (ρᵗ Γ_0)"),
    )
    .note("full: the law's assumptions hold; dashed: one is given up");
    let scaled = |line: Vec<(f64, f64, f64, f64)>| line.into_iter().map(move |(t, l, m, h)| (t / sweep, l, m, h));
    for solver in PAIR_SOLVERS {
        let label = if solver == Solver::Cholesky { "Gram–Schmidt" } else { solver.name() };
        right = right.line_band(label, scaled(line(base(solver), |mean| mean.mean_ratio)));
    }
    for (label, cell) in [
        ("neighbours only", Cell { rule: Rule::Adjacent, ..base(Solver::Jacobi) }),
        ("half angle", base(Solver::HalfAngle)),
        ("shuffled, Jacobi", Cell { rule: Rule::Shuffled, ..base(Solver::Jacobi) }),
        ("shuffled, Gram–Schmidt", Cell { rule: Rule::Shuffled, ..base(Solver::Cholesky) }),
    ] {
        right = right.line_band_in(Style::Dashed, label, scaled(line(cell, |mean| mean.mean_ratio)));
    }
    Ok(vec![left, right])
}

fn sizes(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Runs::MEANS)?;
    let mut panels = Vec::new();
    for k in [4, 8] {
        let rho = contraction_factor(16, k);
        let mut panel = Panel::new(format!("k = {k}, n = 16"), Axis::linear("steps t"), Axis::log("mean Γ_t / Γ_0"));
        let mut last = 0.0f64;
        for start in Start::ALL {
            for (solver, style) in [(Solver::Jacobi, Style::Solid), (Solver::Cholesky, Style::Dashed)] {
                let cell = Cell { k, ..Cell::pairs(start, 16, solver) };
                let line = band(&rows, |p: &Cell| *p == cell, |mean: &Mean| (mean.t as f64, mean.mean_ratio));
                let line: Vec<_> = line.into_iter().map(|(t, _, mid, _)| (t, mid * rho.powf(t))).collect();
                last = line.iter().map(|p| p.0).fold(last, f64::max);
                if !line.is_empty() {
                    panel = panel.line_in(style, start.name(), std::iter::once((0.0, 1.0)).chain(line).collect());
                }
            }
        }
        if last > 0.0 {
            let points = |rho: f64| vec![(0.0, 1.0), (last, rho.powf(last))];
            panels.push(
                panel
                    .note("full: rotations; dashed: elimination")
                    .theory("ρᵗ", points(rho))
                    .guide("k instead of k(k−1)", points(1.0 - k as f64 / 240.0)),
            );
        }
    }
    if panels.is_empty() {
        panels.push(Panel::new("n = 16", Axis::linear("steps t"), Axis::log("mean Γ_t / Γ_0")));
    }
    Ok(panels)
}

fn sweeps(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(Sweeps::RUNS)?;
    let mut panels = Vec::new();
    for (solver, title) in [(Solver::Jacobi, "Rotations"), (Solver::Cholesky, "Elimination")] {
        let mut bars = Vec::new();
        for (rule, label) in [
            (Rule::Uniform, "independent"),
            (Rule::Shuffled, "shuffled"),
            (Rule::RowCyclic, "row-cyclic"),
            (Rule::Greedy, "greedy"),
        ] {
            let all =
                numbers(&rows, |p: &Sample| *p == Sample { rule, solver, sample: 0 }, |length: &Length| length.sweeps);
            let quantile = |q| stats::quantile(&all, q).value;
            bars.push((label, quantile(0.5), Some((quantile(0.05), quantile(0.95)))));
        }
        panels.push(
            Panel::new(title, Axis::linear("sweeps of n(n−1)/2 steps").range(0.0, 21.0), Axis::category(""))
                .note("n = 24; median and the central 90 % of runs")
                .bars(bars),
        );
    }
    Ok(panels)
}

fn condition(rows: &Rows<'_>) -> Panels {
    let rows = rows.of(KappaGrowth::RUNS)?;
    let cells = [
        ("wishart", Start::Wishart, Rule::Uniform),
        ("equicorrelated", Start::Equicorrelated, Rule::Uniform),
        ("exponential", Start::Exponential, Rule::Uniform),
        ("hilbert", Start::Hilbert, Rule::Uniform),
        ("adversary", Start::Wishart, Rule::Adversarial),
    ];
    let names = Axis::category("start").names(cells.map(|(name, ..)| name));
    let mut panel = Panel::new("Rotations, three sweeps", names, Axis::log("κ(B_t) / κ(B_0)"))
        .note("median and range over runs; the adversary starts from wishart matrices")
        .hline(1.0, "the start");
    for (label, y) in [("largest", (|c| c.largest) as fn(&Condition) -> f64), ("last", |c| c.last)] {
        let whiskers = cells.iter().enumerate().map(|(i, (_, start, rule))| {
            let all = numbers(&rows, |p: &Cell| p.start == *start && p.rule == *rule, y);
            let quantile = |q| stats::quantile(&all, q).value;
            (i as f64, quantile(0.0), quantile(0.5), quantile(1.0))
        });
        panel = panel.whiskers(label, whiskers);
    }
    Ok(vec![panel])
}
