//! Functions with and without a cusp.

use algos::{
    Error,
    tensor::chebyshev::{Cube, Variant, interpolate},
};
use serde::{Deserialize, Serialize};

use super::{GRID, equidistant};
use crate::harness::stats::{largest, smallest};
use crate::{harness::prelude::*, record};

/// A function of the distance `r` from the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `exp(−2r)`.
    Slater,
    /// `exp(−16r²)`.
    Gaussian,
    /// `1/r`.
    Newton,
}

impl Shape {
    fn at(self, x: [f64; 3]) -> f64 {
        let square: f64 = x.iter().map(|x| x * x).sum();
        match self {
            Self::Slater => (-2.0 * square.sqrt()).exp(),
            Self::Gaussian => (-16.0 * square).exp(),
            Self::Newton => 1.0 / square.sqrt(),
        }
    }
}

record! {
    /// A function and its interpolation.
    pub struct Sampled {
        /// Function: slater, exp(−2r); gaussian, exp(−16r²); newton, 1/r.
        pub shape: Shape,
        /// Points m in each direction, an even number, so that the centre is none of them.
        pub m: usize,
    }
}

record! {
    /// The error of an interpolant.
    pub struct Missed {
        /// Largest error on the uniform 100×100×100 grid, over the largest value there.
        pub error: f64,
    }
}

/// Interpolation of functions with a cusp.
#[derive(Debug, Default)]
pub struct Cusps;

impl Cusps {
    /// One row per function and number of points.
    pub const RUNS: Table<Self, Missed> = Table::new("runs");
}

const SIDES: [usize; 3] = [16, 32, 64];

impl Experiment for Cusps {
    type Point = Sampled;
    const KEY: &'static str = "cusp";
    const ABOUT: &'static str = "Interpolants of exp(−2r), exp(−16r²) and 1/r on the cube, without compression.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Sampled> {
        let of = |shape| SIDES.map(|m| Sampled { shape, m });
        [Shape::Slater, Shape::Gaussian, Shape::Newton].into_iter().flat_map(of).collect()
    }

    fn trials(_: Scale, _: &Sampled) -> u32 {
        1
    }

    fn cost(point: &Sampled) -> Cost {
        let (m, n) = (point.m as f64, GRID as f64);
        Cost {
            flops: 2.0 * (n * m * m * m + n * n * m * m + n * n * n * m) + 50.0 * n * n * n,
            memory: 1 << 25,
            rows: 1,
        }
    }

    fn run(point: &Sampled, _: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let found = interpolate(Variant::Fast, [point.m; 3], |x| point.shape.at(x))?.value;
        let x = equidistant(GRID);
        let exact = Cube::from_fn([GRID; 3], |[i, j, k]| point.shape.at([x[i], x[j], x[k]]))?;
        let error = found.on_grid([&x, &x, &x])?.minus(&exact)?.largest() / exact.largest();
        out.put(Self::RUNS, Missed { error });
        Ok(())
    }
}

/// Cusps are not resolved.
pub const CLAIM: Claim = Claim {
    key: "chebtuck-cusp",
    says: "What has a cusp must be kept out of the format: the error falls only algebraically for exp(−2r) and hardly for 1/r, where that of a smooth function of the same width falls to rounding.",
    at: "our experiment; the paper keeps the short-range part apart",
    source: Source::Ours,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "64 points in each direction, on a grid that leaves the centre out; how large the errors are depends on how near the grid comes to it.",
    experiments: &["cusp"],
    judge,
    control: Some(Control { differs: "exp(−16r²) in place of exp(−2r)", must_fail: &["error at 64 points"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Cusps::RUNS)?;
    let at = |shape, m| numbers(&rows, |p: &Sampled| (p.shape, p.m) == (shape, m), |e: &Missed| e.error);
    let shape = if arm == Arm::Claim { Shape::Slater } else { Shape::Gaussian };
    let mut checks = vec![Check::at_least("error at 64 points", smallest(&at(shape, 64)), 1e-3)];
    if arm == Arm::Claim {
        let errors: Vec<f64> = SIDES.into_iter().flat_map(|m| at(shape, m)).collect();
        let order = stats::log_log_slope(&SIDES.map(|m| m as f64), &errors).slope;
        checks.push(Check::new("power of m in the error", stats::point(order, SIDES.len()), (-3.0, -0.5)));
        checks.push(Check::at_most("smooth: error at 64 points", largest(&at(Shape::Gaussian, 64)), 1e-12));
        checks.push(Check::at_least("1/r: error at 64 points", smallest(&at(Shape::Newton, 64)), 0.1));
    }
    Ok(checks)
}
