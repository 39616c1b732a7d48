//! Functions that are known on a uniform grid alone: splines bring them to the Chebyshev points.

use algos::{
    Error,
    faer::{Mat, MatRef},
    tensor::chebyshev::{
        Canonical, Cube, Variant, hosvd, interpolate_grid,
        potential::{Gaussian, Particle, newton_kernel, particles, potential},
        series::points as chebyshev_points,
    },
};

use super::{GRID, TOLERANCE, equidistant};
use crate::harness::stats::{largest, smallest};
use crate::{harness::prelude::*, record};

record! {
    /// A grid and the Chebyshev points that it is brought to.
    pub struct Mesh {
        /// Grid points n in each direction, both ends included.
        pub n: usize,
        /// Chebyshev points m in each direction.
        pub m: usize,
    }
}

record! {
    /// What sampling on a grid costs. Errors are the largest on the uniform 100×100×100 grid, over the largest value there.
    pub struct Sampling {
        /// Error of the Chebyshev interpolant of the splines through the values on the grid.
        pub error: f64,
        /// The same with linear interpolation in place of splines.
        pub linear: f64,
        /// Error of the interpolant of the function itself.
        pub chebyshev: f64,
        /// Derived error of the splines, to leading order in the mesh width.
        pub spline: f64,
        /// Largest difference of a Tucker rank, tolerance 1e-7, from that of the function itself.
        pub ranks: usize,
        /// Largest difference of the coefficients by algorithms 2 and 3, over the largest coefficient; empty where the grid
        /// tensor is too large to be formed.
        pub apart: Option<f64>,
    }
}

/// Splines on grids.
#[derive(Debug, Default)]
pub struct Grids;

impl Grids {
    /// One row per draw of particles, grid and number of Chebyshev points.
    pub const RUNS: Table<Self, Sampling> = Table::new("runs");
}

/// Particles of the potential.
const PARTICLES: usize = 8;
/// Gaussians `exp(−t²r²)` up to this `t`.
const UPTO: f64 = 8.0;
/// Grid tensors up to this side are formed.
const WHOLE: usize = 129;
/// From here on the mesh width is at most 0.12 widths of the narrowest Gaussian, and the leading term is nearly all.
const FINE: usize = 129;
/// Chebyshev points; the last resolve the potential.
const NODES: [usize; 3] = [33, 49, 65];

impl Experiment for Grids {
    type Point = Mesh;
    const KEY: &'static str = "grid";
    const ABOUT: &'static str = "Long-range potentials of 8 particles from their values on uniform grids, by splines and by linear interpolation.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(scale: Scale) -> Vec<Mesh> {
        let grids: &[usize] =
            if scale == Scale::Smoke { &[33, 129, 257, 385] } else { &[33, 65, 129, 257, 385, 1025, 2049] };
        let nodes = if scale == Scale::Smoke { &NODES[1..] } else { &NODES[..] };
        grids.iter().flat_map(|&n| nodes.iter().map(move |&m| Mesh { n, m })).collect()
    }

    fn trials(scale: Scale, _: &Mesh) -> u32 {
        match scale {
            Scale::Smoke => 2,
            Scale::Default => 3,
            Scale::Full => 16,
        }
    }

    fn cost(point: &Mesh) -> Cost {
        let (m, g, terms) = (point.m as f64, GRID as f64, 17.0 * PARTICLES as f64);
        let whole = if point.n <= WHOLE { 3.0 * terms * (point.n as f64).powi(3) } else { 0.0 };
        let flops = 2.0 * terms * (g.powi(3) + 6.0 * m.powi(3)) + 8.0 * g * g * g * m + 20.0 * m.powi(4) + whole;
        Cost { flops, memory: 1 << 26, rows: 1 }
    }

    fn run(point: &Mesh, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let Mesh { n, m } = *point;
        let all = newton_kernel(0.5, -16.0, 7.0)?;
        let kernel: Vec<_> = all.into_iter().filter(|g| g.t > 1e-3 && g.t <= UPTO).collect();
        let charges = particles(PARTICLES, 0.8, &mut trial.paired("particles", &PARTICLES));
        let at = |x: &[f64]| potential(&kernel, &charges, [x, x, x]);
        let (grid, nodes, test) = (equidistant(n), chebyshev_points(m)?, equidistant(GRID));
        let (on_grid, at_nodes) = (at(&grid)?, at(&nodes)?);
        let exact = at(&test)?.to_cube(Variant::Fast)?;
        let series = |values: &Canonical| values.coefficients(Variant::Fast)?.value.to_cube(Variant::Fast);
        let error = |coefficients: &Cube| -> Result<f64, Error> {
            Ok(coefficients.on_grid([&test; 3])?.minus(&exact)?.largest() / exact.largest())
        };
        let ranks = |coefficients: &Cube| -> Result<[usize; 3], Error> {
            Ok(hosvd(Variant::Fast, coefficients, TOLERANCE)?.value.tucker.ranks())
        };
        let direct = series(&at_nodes)?;
        let splines = series(&on_grid.at_points(Variant::Fast, [m; 3])?.value)?;
        let linear = series(&with_factors(&on_grid, |factor| lines(factor, &nodes))?)?;
        let derived = series(&leading_term(&at_nodes, &kernel, &charges, &nodes, n)?)?;
        let whole = || {
            let grid = on_grid.to_cube(Variant::Fast)?;
            let found = interpolate_grid(Variant::Fast, &grid, [m; 3])?.value;
            Ok::<_, Error>(found.minus(&splines)?.largest() / splines.largest())
        };
        let differences = ranks(&splines)?.into_iter().zip(ranks(&direct)?).map(|(a, b)| a.abs_diff(b));
        let sampling = Sampling {
            error: error(&splines)?,
            linear: error(&linear)?,
            chebyshev: error(&direct)?,
            spline: derived.on_grid([&test; 3])?.largest() / exact.largest(),
            ranks: differences.max().unwrap_or(0),
            apart: if n <= WHOLE { Some(whole()?) } else { None },
        };
        out.put(Self::RUNS, sampling);
        Ok(())
    }
}

/// A canonical form with every factor replaced.
fn with_factors(of: &Canonical, change: impl Fn(MatRef<'_, f64>) -> Mat<f64>) -> Result<Canonical, Error> {
    Canonical::new(of.weights().to_vec(), of.factors().map(change))
}

/// The interval of a grid of `n` points that `x` is in, and the place in it.
fn place(x: f64, n: usize) -> (usize, f64) {
    let t = 0.5 * (x + 1.0) * (n - 1) as f64;
    let interval = (t as usize).min(n - 2);
    (interval, t - interval as f64)
}

/// Linear interpolation of every column.
fn lines(factor: MatRef<'_, f64>, x: &[f64]) -> Mat<f64> {
    Mat::from_fn(x.len(), factor.ncols(), |k, r| {
        let (i, u) = place(x[k], factor.nrows());
        (1.0 - u) * factor[(i, r)] + u * factor[(i + 1, r)]
    })
}

/// What the splines through a potential's values lack at the Chebyshev points, to leading order: the sum over directions of
/// the error of a spline in that one.
///
/// Inside, `f − s = h⁴f⁗ u²v²/24`. The condition at an end makes `c = h²s″/6` deviate by `−h⁴f⁗(2+√3)/36` there, and by √3 − 2
/// times as much at each next grid point.
fn leading_term(
    at_nodes: &Canonical,
    kernel: &[Gaussian],
    charges: &[Particle],
    nodes: &[f64],
    n: usize,
) -> Result<Canonical, Error> {
    let h = 2.0 / (n - 1) as f64;
    let deviation = |i: usize| -(2.0 + 3f64.sqrt()) / 36.0 * (3f64.sqrt() - 2.0).powi(i.min(200) as i32);
    let terms: Vec<(&Particle, &Gaussian)> = charges.iter().flat_map(|p| kernel.iter().map(move |g| (p, g))).collect();
    let lacking = |direction: usize| {
        Mat::from_fn(nodes.len(), terms.len(), |k, r| {
            let (particle, gaussian) = terms[r];
            let fourth = |x: f64| {
                let s2 = (gaussian.t * (x - particle.at[direction])).powi(2);
                gaussian.t.powi(4) * (16.0 * s2 * s2 - 48.0 * s2 + 12.0) * (-s2).exp()
            };
            let (i, u) = place(nodes[k], n);
            let v = 1.0 - u;
            let (left, right) = (v * v * v - v, u * u * u - u);
            let near = |i: usize, j: usize| left * deviation(i) + right * deviation(j);
            let ends = near(i, i + 1) * fourth(-1.0) + near(n - 1 - i, n - 2 - i) * fourth(1.0);
            h.powi(4) * (fourth(nodes[k]) * u * u * v * v / 24.0 - ends)
        })
    };
    let exact = at_nodes.factors();
    let factor = |direction: usize| {
        let (k, lacking) = (terms.len(), lacking(direction));
        Mat::from_fn(nodes.len(), 3 * k, |j, r| {
            if r / k == direction { lacking[(j, r % k)] } else { exact[direction][(j, r % k)] }
        })
    };
    Canonical::new(at_nodes.weights().repeat(3), [factor(0), factor(1), factor(2)])
}

/// Splines have order four.
pub const CLAIM: Claim = Claim {
    key: "chebtuck-grid-input",
    says: "From values on a uniform grid, by cubic splines, the error is that of the splines, of order four in the mesh width, until it meets that of the Chebyshev series; the number of Chebyshev points does not matter before and the grid does not after. The ranks are those of the function.",
    at: "algorithms 2 and 3 in the authors' code; the error is derived",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Long-range potentials of 8 particles. The derived error is the leading term of a cubic spline that is not a knot at the second point from each end: h⁴f⁗/384 inside, ten times as much in the outermost intervals. One of the two errors decides where it is ten times the other; the leading term is judged from 129 grid points on, for on coarser grids higher terms add up to a third. It falls a little faster than h⁴: the finer the grid, the fewer Chebyshev points see its outermost intervals. So the power has a lower limit alone, and ratios to the derived error have both. Grid tensors are formed for up to 129 points; larger grids are those of the canonical form.",
    experiments: &["grid"],
    judge,
    control: Some(Control {
        differs: "linear interpolation in place of splines",
        must_fail: &["power of the mesh width in the error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Grids::RUNS)?;
    let error = |s: &Sampling| if arm == Arm::Claim { s.error } else { s.linear };
    // Rows where the splines decide; a failed trial belongs everywhere, as a NaN.
    let decided = |row: &&Row<Mesh, Sampling>| row.value.as_ref().map_or(true, |s| s.spline >= 10.0 * s.chebyshev);
    let mut lines = std::collections::BTreeMap::<u32, Vec<(f64, f64)>>::new();
    for row in rows.iter().filter(decided).filter(|row| row.point.m == NODES[2] && row.point.n >= FINE) {
        let point = (2.0 / (row.point.n - 1) as f64, row.value.as_ref().map_or(f64::NAN, error));
        lines.entry(row.trial).or_default().push(point);
    }
    let lines: Vec<_> = lines.into_values().collect();
    let power = stats::slope_over_seeds(&lines, stats::Axes::LogLog);
    let mut checks = vec![Check::at_least("power of the mesh width in the error", power, 3.8)];
    if arm == Arm::Control {
        return Ok(checks);
    }
    let over = |at: &dyn Fn(&Mesh, &Sampling) -> bool, number: &dyn Fn(&Sampling) -> f64| -> Vec<f64> {
        let inside = rows.iter().filter(|row| row.value.as_ref().map_or(true, |s| at(&row.point, s)));
        inside.map(|row| row.value.as_ref().map_or(f64::NAN, number)).collect()
    };
    let by_splines = over(&|mesh, s| mesh.n >= FINE && s.spline >= 10.0 * s.chebyshev, &|s| s.error / s.spline);
    let by_series = over(&|_, s| s.spline <= 0.1 * s.chebyshev, &|s| s.error / s.chebyshev);
    let ranks = over(&|_, s| s.error <= 4.0 * TOLERANCE, &|s| s.ranks as f64);
    let apart = over(&|mesh, _| mesh.n <= WHOLE, &|s| s.apart.unwrap_or(f64::NAN));
    let limited = |m: usize| {
        rows.iter()
            .filter(decided)
            .filter(move |row| row.point.m == m)
            .map(|row| ((row.point.n, row.trial), row.value.as_ref().map_or(f64::NAN, error)))
    };
    let many: std::collections::BTreeMap<_, _> = limited(NODES[2]).collect();
    let by_number: Vec<f64> =
        limited(NODES[1]).filter_map(|(at, few)| many.get(&at).map(|many| (few / many).max(many / few))).collect();
    checks.extend([
        Check::at_least("where splines decide: smallest ratio to the derived error", smallest(&by_splines), 0.85),
        Check::at_most("where splines decide: largest ratio to the derived error", largest(&by_splines), 1.15),
        Check::at_most("where splines decide: largest ratio of errors with 49 and 65 points", largest(&by_number), 2.0),
        Check::at_least("where the series decides: smallest ratio to its error", smallest(&by_series), 0.9),
        Check::at_most("where the series decides: largest ratio to its error", largest(&by_series), 1.1),
        Check::at_most("error below 4e-7: largest difference of a rank", largest(&ranks), 3.0),
        Check::at_most("largest distance of the grid tensor's coefficients from the terms'", largest(&apart), 1e-12),
    ]);
    Ok(checks)
}

/// Errors over grids.
pub const FIGURE: Figure = Figure {
    key: "grid",
    title: "From values on a grid",
    alt: "Error over the number of grid points in a direction on logarithmic scales: with splines it falls with the fourth power along the derived line, until it meets the error of the Chebyshev series, which depends on the number of Chebyshev points; with linear interpolation it falls with the second power.",
    experiments: &["grid"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Grids::RUNS)?;
    let line = |m: usize, number: fn(&Sampling) -> f64| {
        band_over(&rows, move |p: &Mesh| p.m == m, |p| (p.n - 1) as f64, number)
    };
    let mut panel = Panel::new("", Axis::log2("grid intervals n − 1"), Axis::log("largest error").range(1e-11, 1.0))
        .note("medians and quartiles over draws, 8 particles");
    for m in NODES {
        let measured = line(m, |s| s.error);
        if !measured.is_empty() {
            panel = panel.line_band(format!("splines, m = {m}"), measured);
        }
    }
    let derived = line(NODES[2], |s| s.spline).into_iter().map(|(x, _, y, _)| (x, y)).collect();
    Ok(vec![
        panel
            .line_band("linear, m = 65", line(NODES[2], |s| s.linear))
            .theory("leading term of splines", derived)
            .guide("slope −4", vec![(128.0, 2e-5), (1024.0, 2e-5 / 4096.0)]),
    ])
}
