//! Rounding errors of sums: a textbook fact as a complete paper, the file that `residual new-paper` copies.
//!
//! The rounding error of a running sum of n numbers grows like √n, that of compensated summation does not grow.

use suites::{
    algos::Error,
    harness::{
        prelude::*,
        stats::{Axes, slope_over_seeds},
    },
    record,
};

use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How the sum is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// One running sum.
    Running,
    /// Kahan's compensated sum.
    Compensated,
}

record! {
    /// A point: how many numbers are summed, and how.
    pub struct Sum {
        /// How many numbers.
        pub n: usize,
        /// `running` or `compensated`.
        pub method: Method,
    }
}

record! {
    /// What a trial measures.
    pub struct Accuracy {
        /// Relative error of the sum.
        pub error: f64,
    }
}

/// A sum on its way.
#[derive(Debug, Default)]
pub struct Partial {
    sum: f32,
    /// What the last addition lost.
    low: f32,
    exact: f64,
}

impl Partial {
    /// Adds a number.
    pub fn add(&mut self, x: f32, method: Method) {
        self.exact += f64::from(x);
        match method {
            Method::Running => self.sum += x,
            Method::Compensated => {
                let y = x - self.low;
                let t = self.sum + y;
                self.low = (t - self.sum) - y;
                self.sum = t;
            }
        }
    }

    /// Relative error so far, at least 1e-12.
    pub fn error(&self) -> f64 {
        ((f64::from(self.sum) - self.exact) / self.exact).abs().max(1e-12)
    }
}

/// Enough for a slope to within 0.03: the control's is 0.25 away from the limit.
const SEEDS: u32 = 80;

/// Sums uniform numbers.
#[derive(Debug, Default)]
pub struct Growth;

impl Growth {
    const ERRORS: Table<Self, Accuracy> = Table::new("errors");
}

impl Experiment for Growth {
    type Point = Sum;
    const KEY: &'static str = "growth";
    const ABOUT: &'static str = "Sums n uniform numbers in single precision and compares with double precision.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(scale: Scale) -> Vec<Sum> {
        let largest = if scale == Scale::Smoke { 16 } else { 18 };
        [Method::Running, Method::Compensated]
            .into_iter()
            .flat_map(|method| (8..=largest).step_by(2).map(move |k| Sum { n: 1 << k, method }))
            .collect()
    }

    fn trials(_: Scale, _: &Sum) -> u32 {
        SEEDS
    }

    fn cost(point: &Sum) -> Cost {
        Cost { flops: 8.0 * point.n as f64, memory: 0, rows: 1 }
    }

    fn run(point: &Sum, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.paired("numbers", &point.n);
        let mut sum = Partial::default();
        (0..point.n).for_each(|_| sum.add(rng.random(), point.method));
        out.put(Self::ERRORS, Accuracy { error: sum.error() });
        Ok(())
    }
}

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let method = if arm == Arm::Claim { Method::Running } else { Method::Compensated };
    let rows = rows.of(Growth::ERRORS)?;
    let mut seeds = vec![Vec::new(); SEEDS as usize];
    for (point, trial, row) in succeeded(&rows).filter(|(point, ..)| point.method == method) {
        seeds[trial as usize].push((point.n as f64, row.error));
    }
    Ok(vec![Check::new("slope of the error in n", slope_over_seeds(&seeds, Axes::LogLog), (0.25, 1.1))])
}

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Growth::ERRORS)?;
    let errors = |method| {
        band_over(&rows, move |p: &Sum| p.method == method, |p| p.n as f64, |accuracy: &Accuracy| accuracy.error)
    };
    let root = (8..=18).map(|k| f64::from(1 << k)).map(|n| (n, 1e-8 * n.sqrt())).collect();
    let panel = Panel::new("Rounding errors of a sum", Axis::log("numbers summed n"), Axis::log("relative error"))
        .line_band("running", errors(Method::Running))
        .line_band("compensated", errors(Method::Compensated))
        .guide("√n", root);
    Ok(vec![panel])
}

/// What is judged, with its negative control.
pub const CLAIM: Claim = Claim {
    key: "summation-error-grows",
    says: "The relative error of a running sum grows with the number of summands.",
    at: "section 4.2",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "",
    experiments: &["growth"],
    judge,
    control: Some(Control { differs: "the sum is compensated", must_fail: &["slope of the error in n"] }),
};

/// What is drawn.
pub const FIGURE: Figure = Figure {
    key: "growth",
    title: "The error of a sum grows with its length",
    alt: "The relative error of a running sum grows like the square root of n; compensated, it stays flat.",
    experiments: &["growth"],
    draw,
};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "summation",
    family: "examples",
    title: "Accuracy and Stability of Numerical Algorithms, chapter 4",
    authors: "Nicholas J. Higham",
    year: 2002,
    link: "https://doi.org/10.1137/1.9780898718027",
    bibtex: "@book{higham2002, author = {Nicholas J. Higham}, title = {Accuracy and Stability of Numerical Algorithms}, year = {2002}, publisher = {SIAM}}",
    about: "Rounding errors of a running sum accumulate; compensation removes the growth.",
    experiments: &[&Growth],
    claims: &[CLAIM],
    figures: &[FIGURE],
    cases: &[],
};
