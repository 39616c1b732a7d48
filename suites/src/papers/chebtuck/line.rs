//! One dimension, where the error is known exactly.

use algos::{
    Error,
    faer::Mat,
    linalg::product,
    tensor::chebyshev::{
        Variant,
        potential::gaussian_series,
        series::{chebyshev, coefficients, points as chebyshev_points},
    },
};

use super::equidistant;
use crate::harness::stats::{largest, smallest};
use crate::{harness::prelude::*, record};

record! {
    /// exp(−t²x²) at m points.
    pub struct Width {
        /// t.
        pub t: f64,
        /// Points m.
        pub m: usize,
    }
}

record! {
    /// Errors on 4001 points.
    pub struct Interpolation {
        /// Largest error of the interpolant at Chebyshev points.
        pub error: f64,
        /// Sum of the absolute coefficients of the exact series from degree m on.
        pub tail: f64,
        /// Largest error of the interpolant at equidistant points.
        pub equidistant: f64,
    }
}

/// Interpolation of Gaussians.
#[derive(Debug, Default)]
pub struct Line;

impl Line {
    /// One row per width and number of points.
    pub const RUNS: Table<Self, Interpolation> = Table::new("runs");
}

impl Experiment for Line {
    type Point = Width;
    const KEY: &'static str = "line";
    const ABOUT: &'static str =
        "exp(−t²x²) on [−1, 1] interpolated at Chebyshev points and at equidistant ones, and the exact series.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Width> {
        let of = |t: f64| [9, 17, 33, 65, 129].map(|m| Width { t, m });
        [2.0, 4.0, 8.0, 16.0].into_iter().flat_map(of).collect()
    }

    fn trials(_: Scale, _: &Width) -> u32 {
        1
    }

    fn cost(point: &Width) -> Cost {
        Cost { flops: 4e4 * point.m as f64, memory: 1 << 23, rows: 1 }
    }

    fn run(point: &Width, _: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let Width { t, m } = *point;
        let f = |x: f64| (-(t * x).powi(2)).exp();
        let x = equidistant(4001);
        let nodes = chebyshev_points(m)?;
        let series = coefficients(Variant::Fast, Mat::from_fn(m, 1, |i, _| f(nodes[i])).as_ref())?.value;
        let values = product(chebyshev(&x, m)?.as_ref(), series.as_ref());
        let error = stats::maximum(x.iter().enumerate().map(|(i, &x)| (values[(i, 0)] - f(x)).abs()));
        let exact = gaussian_series(t, 300)?;
        let tail = exact.iter().enumerate().filter(|(k, _)| 2 * k >= m).map(|(_, c)| c.abs()).sum();
        let equidistant = stats::maximum(x.iter().map(|&x| (barycentric(m, f, x) - f(x)).abs()));
        out.put(Self::RUNS, Interpolation { error, tail, equidistant });
        Ok(())
    }
}

/// The interpolant of `f` at `m` equidistant points, at `x`: weights `(−1)^j C(m−1, j)`.
fn barycentric(m: usize, f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let (mut weight, mut above, mut below) = (1.0, 0.0, 0.0);
    for (j, node) in equidistant(m).into_iter().enumerate() {
        if x == node {
            return f(x);
        }
        above += weight / (x - node) * f(node);
        below += weight / (x - node);
        weight *= -((m - 1 - j) as f64) / (j + 1) as f64;
    }
    above / below
}

/// The error in one dimension.
pub const CLAIM: Claim = Claim {
    key: "chebtuck-1d-error",
    says: "The error of Chebyshev interpolation is the tail of the exact series up to a factor of two: it falls faster than exponentially once there are about four points for each width of a Gaussian.",
    at: "convergence of Chebyshev interpolation; the series is derived",
    source: Source::Derived,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Coefficients of exp(−t²x²) are 2e^{−a}I_k(a), a = t²/2. Aliasing adds to each lost term at most itself, hence the factor. Judged where the tail is above 1e-12; below 1e-14 the error is rounding. The curve depends mostly on m/t: for small t, of which fewer points are asked, it falls later.",
    experiments: &["line"],
    judge,
    control: Some(Control { differs: "equidistant points", must_fail: &["largest ratio of the error to the tail"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Line::RUNS)?;
    let error = |e: &Interpolation| if arm == Arm::Claim { e.error } else { e.equidistant };
    // A failed trial has no tail to sort it by, and counts as NaN on both sides.
    let all: Vec<(f64, f64)> =
        rows.iter().map(|row| row.value.as_ref().map_or((f64::NAN, f64::NAN), |e| (e.tail, error(e)))).collect();
    let above: Vec<f64> = all.iter().filter(|(t, _)| t.is_nan() || *t > 1e-12).map(|(tail, e)| e / tail).collect();
    let below: Vec<f64> = all.iter().filter(|(t, _)| t.is_nan() || *t < 1e-14).map(|(_, e)| *e).collect();
    Ok(vec![
        Check::at_most("largest ratio of the error to the tail", largest(&above), 2.0),
        Check::at_least("smallest ratio of the error to the tail", smallest(&above), 0.9),
        Check::at_most("largest error where the tail is below 1e-14", largest(&below), 1e-13),
    ])
}
