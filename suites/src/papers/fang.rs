//! Fang and others: Gaussian processes on grids. Only the algebra of their covariance is tested.

use algos::{
    Error,
    faer::Mat,
    kernel::{instance::gaussian, kronecker},
};

use super::indyk::setting::{distance, norm};
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "fang",
    family: "kernel",
    title: "Solving High Frequency and Multi-Scale PDEs with Gaussian Processes",
    authors: "Shikai Fang, Madison Cooley, Da Long, Shibo Li, Robert M. Kirby and Shandian Zhe",
    year: 2024,
    link: "https://arxiv.org/abs/2311.04465",
    bibtex: "@inproceedings{fang2024solving,
  author    = {Shikai Fang and Madison Cooley and Da Long and Shibo Li and Robert M. Kirby and Shandian Zhe},
  title     = {Solving High Frequency and Multi-Scale {PDEs} with {Gaussian} Processes},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  eprint    = {2311.04465},
  archivePrefix = {arXiv}
}",
    about: "On a tensor grid a product kernel has a Kronecker product as covariance, and solves never form it. We read the \
            abstract; the equations that the paper solves are not tested, only this algebra.",
    experiments: &[&Grids],
    claims: &[CLAIM],
    figures: &[],
    cases: &[],
};

record! {
    /// A grid.
    pub struct Grid {
        /// Points along the first side.
        pub n1: usize,
        /// Points along the second side.
        pub n2: usize,
    }
}

record! {
    /// Differences to the formed matrix.
    pub struct Solved {
        /// Of the product, relative.
        pub product: f64,
        /// Of the shifted solve, relative.
        pub solve: f64,
        /// Of the solve with both factors exchanged, relative.
        pub exchanged: f64,
    }
}

/// Products and solves on grids.
#[derive(Debug, Default)]
pub struct Grids;

impl Grids {
    /// One row a right-hand side.
    pub const ERRORS: Table<Self, Solved> = Table::new("errors");
}

const SHIFT: f64 = 0.1;

impl Experiment for Grids {
    type Point = Grid;
    const KEY: &'static str = "grids";
    const ABOUT: &'static str = "Kronecker products of two Gaussian covariances, multiplied and solved without forming them, against the formed matrix.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(_: Scale) -> Vec<Grid> {
        vec![Grid { n1: 40, n2: 30 }, Grid { n1: 12, n2: 25 }]
    }

    fn trials(_: Scale, _: &Grid) -> u32 {
        3
    }

    fn cost(point: &Grid) -> Cost {
        let n = (point.n1 * point.n2) as f64;
        Cost { flops: 4.0 * n * n, memory: 1 << 20, rows: 1 }
    }

    fn run(point: &Grid, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let &Grid { n1, n2 } = point;
        let side = |n: usize, width: f64| {
            Mat::from_fn(n, n, |i, j| (-((i as f64 - j as f64) / (width * n as f64)).powi(2)).exp())
        };
        let (a, b) = (side(n1, 0.1), side(n2, 0.15));
        let x = gaussian(n1 * n2, &mut trial.rng("x"));
        // Entry by entry, from the definition.
        let formed: Vec<f64> = (0..n1 * n2)
            .map(|i| (0..n1 * n2).map(|j| a[(i / n2, j / n2)] * b[(i % n2, j % n2)] * x[j]).sum::<f64>())
            .collect();
        let shifted: Vec<f64> = formed.iter().zip(&x).map(|(y, x)| y + SHIFT * x).collect();
        let off = |found: &[f64], truth: &[f64]| distance(found, truth) / norm(truth);
        let product = off(&kronecker::multiply(a.as_ref(), b.as_ref(), &x)?, &formed);
        let solve = off(&kronecker::solve(a.as_ref(), b.as_ref(), SHIFT, &shifted)?, &x);
        let exchanged = off(&kronecker::solve(b.as_ref(), a.as_ref(), SHIFT, &shifted)?, &x);
        out.put(Self::ERRORS, Solved { product, solve, exchanged });
        Ok(())
    }
}

const CLAIM: Claim = Claim {
    key: "kron-solve",
    says: "On a tensor grid products and shifted solves with a product kernel take two products of small matrices and two small eigendecompositions.",
    at: "the covariance on a grid",
    source: Source::Paper,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Against the covariance entry by entry.",
    experiments: &["grids"],
    judge,
    control: Some(Control { differs: "the factors are exchanged", must_fail: &["largest difference of the solve"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Grids::ERRORS)?;
    let most = |f: fn(&Solved) -> f64| {
        let all: Vec<f64> = rows.iter().map(|row| row.value.as_ref().map_or(f64::NAN, f)).collect();
        stats::largest(&all)
    };
    let solve = if arm == Arm::Claim { most(|s| s.solve) } else { most(|s| s.exchanged) };
    let mut checks = vec![Check::at_most("largest difference of the solve", solve, 1e-11)];
    if arm == Arm::Claim {
        checks.push(Check::at_most("largest difference of the product", most(|s| s.product), 1e-13));
    }
    Ok(checks)
}
