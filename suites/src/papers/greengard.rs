//! Greengard & Strain: the fast Gauss transform; and cell lists, which need no expansion.

use algos::{
    Error,
    kernel::{
        Bandwidth, Engine, Points, Problem,
        instance::{Layout, box_side, gaussian},
        lowdim::{cells, gauss},
    },
};
use rand::RngExt;

use super::indyk::setting::{distance, exact, norm, unit};
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "greengard",
    family: "kernel",
    title: "The Fast Gauss Transform",
    authors: "Leslie Greengard and John Strain",
    year: 1991,
    link: "https://doi.org/10.1137/0912004",
    bibtex: "@article{greengard1991fast,
  author  = {Leslie Greengard and John Strain},
  title   = {The Fast {Gauss} Transform},
  journal = {SIAM Journal on Scientific and Statistical Computing},
  volume  = {12},
  number  = {1},
  pages   = {79--94},
  year    = {1991},
  doi     = {10.1137/0912004}
}",
    about: "In low dimension Gaussian sums take linear time at any fixed accuracy: sources in a box become one Hermite expansion \
            whose error falls geometrically with its order. Where points are spread out, sorting them into cells is enough. We \
            recall the method.",
    experiments: &[&Orders, &Cells],
    claims: &[ORDER, CELLS],
    figures: &[FIGURE],
    cases: &[],
};

record! {
    /// An order and a size of boxes.
    pub struct Order {
        /// Terms in each coordinate.
        pub p: usize,
        /// Half-side of a box over √δ.
        pub rho: f64,
    }
}

record! {
    /// An error.
    pub struct Relative {
        /// ‖y − Kx‖/‖Kx‖.
        pub error: f64,
    }
}

/// Orders of the expansion.
#[derive(Debug, Default)]
pub struct Orders;

impl Orders {
    /// One row a transform.
    pub const ERRORS: Table<Self, Relative> = Table::new("errors");
}

const ORDERS: [usize; 5] = [4, 8, 12, 16, 20];

impl Experiment for Orders {
    type Point = Order;
    const KEY: &'static str = "orders";
    const ABOUT: &'static str =
        "The fast Gauss transform of 1000 points in the unit square, σ = 0.05, by order and by size of the boxes.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(_: Scale) -> Vec<Order> {
        [0.5, 1.0].iter().flat_map(|&rho| ORDERS.map(|p| Order { p, rho })).collect()
    }

    fn trials(_: Scale, _: &Order) -> u32 {
        3
    }

    fn cost(point: &Order) -> Cost {
        Cost { flops: 1e5 * (point.p * point.p) as f64 * 4.0 / point.rho, memory: 1 << 22, rows: 1 }
    }

    fn run(point: &Order, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let n = 1000;
        let mut rng = trial.paired("points", &n);
        let mut square = || Points::new(n, 2, (0..2 * n).map(|_| rng.random::<f64>()).collect());
        let (queries, keys) = (square()?, square()?);
        let problem = Problem::new(&queries, &keys, Bandwidth::StandardDeviation(0.05))?;
        let x = gaussian(n, &mut trial.paired("x", &n));
        let truth = exact(&problem, &x)?;
        let y = gauss(&problem, &x, point.p, point.rho)?.value;
        out.put(Self::ERRORS, Relative { error: distance(&y, &truth) / norm(&truth) });
        Ok(())
    }
}

const ORDER: Claim = Claim {
    key: "fgt-order",
    says: "The error of the fast Gauss transform falls geometrically with the order of its expansions, faster for smaller boxes.",
    at: "error bound",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Boxes of half-side ½√δ.",
    experiments: &["orders"],
    judge: judge_order,
    control: Some(Control { differs: "boxes twice as large", must_fail: &["log₁₀ of the error per order"] }),
};

fn judge_order(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Orders::ERRORS)?;
    let rho = if arm == Arm::Claim { 0.5 } else { 1.0 };
    let slope = |rho: f64| {
        let all = series(&rows, |p: &Order| p.rho == rho, |p| p.p as f64, |v: &Relative| v.error);
        stats::slope_over_seeds(&all, stats::Axes::SemiLog)
    };
    let mut checks = vec![Check::at_most("log₁₀ of the error per order", slope(rho), -0.6)];
    if arm == Arm::Claim {
        checks.push(Check::new("large boxes: log₁₀ of the error per order", slope(1.0), (-0.5, -0.3)));
        let last = numbers(&rows, |p: &Order| p.rho == 0.5 && p.p == 20, |v: &Relative| v.error);
        checks.push(Check::at_most("largest error at order 20", stats::largest(&last), 1e-12));
    }
    Ok(checks)
}

record! {
    /// A box of points.
    pub struct Density {
        /// Dimension.
        pub d: usize,
        /// Number of queries, and of keys.
        pub n: usize,
        /// Tolerance: entries below are left out.
        pub tol: f64,
    }
}

record! {
    /// A product by cells.
    pub struct Listed {
        /// Largest error over ‖x‖₁.
        pub error: f64,
        /// Entries computed per query.
        pub pairs: f64,
        /// The same by geometry: n((3c − 2)/c²)^d with c cells on a side.
        pub predicted: f64,
    }
}

/// Products by cell lists.
#[derive(Debug, Default)]
pub struct Cells;

impl Cells {
    /// One row a product.
    pub const PRODUCTS: Table<Self, Listed> = Table::new("products");
}

impl Experiment for Cells {
    type Point = Density;
    const KEY: &'static str = "cells";
    const ABOUT: &'static str = "Products by cell lists of points at constant density in two and three dimensions.";
    const TABLES: &'static [TableSchema] = &[Self::PRODUCTS.schema()];

    fn points(scale: Scale) -> Vec<Density> {
        let sizes: &[usize] = match scale {
            Scale::Smoke => &[4096, 8192],
            Scale::Default => &[4096, 8192, 16384],
            Scale::Full => &[4096, 16384, 65536, 1_048_576],
        };
        let of = |d, tol| sizes.iter().map(move |&n| Density { d, n, tol });
        of(2, 1e-6).chain(of(3, 1e-6)).chain(of(2, 1e-12)).collect()
    }

    fn trials(scale: Scale, _: &Density) -> u32 {
        if scale == Scale::Smoke { 2 } else { 4 }
    }

    fn cost(point: &Density) -> Cost {
        Cost { flops: 40.0 * (point.n * point.n) as f64, memory: 1 << 24, rows: 1 }
    }

    fn run(point: &Density, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let &Density { d, n, tol } = point;
        let (queries, keys) = Layout::Box { d }.draw(n, &mut trial.paired("points", &(d, n)))?;
        let problem = unit(&queries, &keys)?;
        let x = gaussian(n, &mut trial.paired("x", &n));
        let found = cells(&problem, &x, tol, Engine::detect())?;
        // A subset of rows is enough to see an error, and leaves the time to the method.
        let rows: Vec<usize> = (0..n).step_by(n / 256).collect();
        let some = queries.select(&rows);
        let truth = exact(&unit(&some, &keys)?, &x)?;
        let off: Vec<f64> = rows.iter().zip(&truth).map(|(&i, t)| (found.value[i] - t).abs()).collect();
        let total: f64 = x.iter().map(|x| x.abs()).sum();
        let c = (box_side(n, d) / (2.0 * (1.0 / tol).ln()).sqrt()).floor();
        let predicted = n as f64 * ((3.0 * c - 2.0) / (c * c)).powi(d as i32);
        let pairs = found.effort.entries as f64 / n as f64;
        out.put(Self::PRODUCTS, Listed { error: stats::maximum(off) / total, pairs, predicted });
        Ok(())
    }
}

const CELLS: Claim = Claim {
    key: "lowdim-cell",
    says: "At constant density in two or three dimensions a cell list computes a product of fixed accuracy with the same number of entries per query, whatever the number of points.",
    at: "classical",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Entries are counted. In three dimensions a side has only 3 to 8 cells here, so that boundaries still matter: the count is held to the geometry.",
    experiments: &["cells"],
    judge: judge_cells,
    control: Some(Control {
        differs: "all entries are computed",
        must_fail: &["d = 2: exponent of entries per query in n"],
    }),
};

fn judge_cells(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Cells::PRODUCTS)?;
    let at = |p: &Density| p.d == 2 && p.tol == 1e-6;
    let mut all = series(&rows, at, |p| p.n as f64, |v: &Listed| v.pairs);
    if arm == Arm::Control {
        all.iter_mut().flatten().for_each(|(n, pairs)| *pairs = *n);
    }
    let slope = stats::slope_over_seeds(&all, stats::Axes::LogLog);
    let mut checks = vec![Check::at_most("d = 2: exponent of entries per query in n", slope, 0.3)];
    if arm == Arm::Claim {
        for (d, tol) in [(2, 1e-6), (3, 1e-6), (2, 1e-12)] {
            let at = |p: &Density| p.d == d && p.tol == tol;
            let mine: Vec<&Row<Density, Listed>> = rows.iter().filter(|row| at(&row.point)).collect();
            let of = |f: fn(&Listed) -> f64| -> Vec<f64> {
                mine.iter().map(|row| row.value.as_ref().map_or(f64::NAN, f)).collect()
            };
            let name = format!("d = {d}, tolerance {tol:e}");
            let ratio = stats::mean(&of(|v| v.pairs / v.predicted));
            checks.push(Check::new(format!("{name}: entries over their number by geometry"), ratio, (0.95, 1.05)));
            let errors = of(|v| v.error);
            checks.push(Check::at_most(format!("{name}: largest error over ‖x‖₁"), stats::largest(&errors), tol));
        }
    }
    Ok(checks)
}

const FIGURE: Figure = Figure {
    key: "orders",
    title: "The fast Gauss transform converges geometrically",
    alt: "Relative error over the order of the expansions, on a logarithmic scale: two straight lines, steeper for the smaller \
          boxes, reaching rounding at order 20.",
    experiments: &["orders"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Orders::ERRORS)?;
    let mut panel =
        Panel::new("1000 points in the unit square, σ = 0.05", Axis::linear("order p"), Axis::log("‖y − Kx‖/‖Kx‖"))
            .note("median and quartiles over seeds");
    for rho in [1.0, 0.5] {
        let line = band_over(&rows, |p: &Order| p.rho == rho, |p| p.p as f64, |v: &Relative| v.error);
        panel = panel.line_band(format!("half-side {rho}√δ"), line);
    }
    Ok(vec![panel])
}
