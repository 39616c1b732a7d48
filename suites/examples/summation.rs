//! A repository with a paper of its own: the whole of Residual in one file, outside the crate.
//!
//! `cargo run --release --example summation -- reproduce` re-runs a textbook fact: the rounding error of a running sum
//! of n numbers grows like √n, that of compensated summation does not grow.

use std::process::ExitCode;

use algos::Error;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use suites::{
    algos, cli,
    harness::{
        claim::{Arm, Check, Claim, Control, Kind, Source, Unjudged, Verdict},
        experiment::{Cost, Experiment, Out, Scale, Table, TableSchema},
        paper::Paper,
        rows::{Rows, succeeded},
        seed::Trial,
        stats::{Axes, slope_over_seeds},
    },
    record,
};

/// How the sum is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
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
        method: Method,
    }
}

record! {
    /// What a trial measures.
    pub struct Accuracy {
        /// Relative error of the sum.
        pub error: f64,
    }
}

/// Sums uniform numbers.
#[derive(Debug, Default)]
struct Growth;

impl Growth {
    const ERRORS: Table<Self, Accuracy> = Table::new("errors");
}

impl Experiment for Growth {
    type Point = Sum;
    const KEY: &'static str = "growth";
    const ABOUT: &'static str = "Sums n uniform numbers in single precision and compares with double precision.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(scale: Scale) -> Vec<Sum> {
        let largest = if scale == Scale::Smoke { 14 } else { 18 };
        [Method::Running, Method::Compensated]
            .into_iter()
            .flat_map(|method| (8..=largest).step_by(2).map(move |k| Sum { n: 1 << k, method }))
            .collect()
    }

    fn trials(_: Scale, _: &Sum) -> u32 {
        40
    }

    fn cost(point: &Sum) -> Cost {
        Cost { flops: 8.0 * point.n as f64, memory: 0, rows: 1 }
    }

    fn run(point: &Sum, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.paired("numbers", &point.n);
        let (mut sum, mut low, mut exact) = (0.0f32, 0.0f32, 0.0f64);
        for _ in 0..point.n {
            let x: f32 = rng.random();
            exact += f64::from(x);
            match point.method {
                Method::Running => sum += x,
                Method::Compensated => {
                    let y = x - low;
                    let t = sum + y;
                    low = (t - sum) - y;
                    sum = t;
                }
            }
        }
        out.put(Self::ERRORS, Accuracy { error: ((f64::from(sum) - exact) / exact).abs().max(1e-12) });
        Ok(())
    }
}

/// Trials that do nothing: what the harness itself costs.
#[derive(Debug, Default)]
struct Idle;

record! {
    /// The only point.
    pub struct Nothing {
        /// Always 0.
        pub zero: u32,
    }
}

impl Idle {
    const ROWS: Table<Self, Nothing> = Table::new("rows");
}

impl Experiment for Idle {
    type Point = Nothing;
    const KEY: &'static str = "idle";
    const ABOUT: &'static str = "100,000 empty trials.";
    const TABLES: &'static [TableSchema] = &[Self::ROWS.schema()];

    fn points(scale: Scale) -> Vec<Nothing> {
        if scale == Scale::Full { vec![Nothing { zero: 0 }] } else { Vec::new() }
    }

    fn trials(_: Scale, _: &Nothing) -> u32 {
        100_000
    }

    fn cost(_: &Nothing) -> Cost {
        Cost { flops: 1.0, memory: 0, rows: 0 }
    }

    fn run(_: &Nothing, _: &Trial<'_>, _: &mut Out<Self>) -> Result<(), Error> {
        Ok(())
    }
}

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let method = if arm == Arm::Claim { Method::Running } else { Method::Compensated };
    let rows = rows.of(Growth::ERRORS)?;
    let mut seeds = vec![Vec::new(); 40];
    for (point, trial, row) in succeeded(&rows).filter(|(point, ..)| point.method == method) {
        seeds[trial as usize].push((point.n as f64, row.error));
    }
    Ok(vec![Check::new("slope of the error in n", slope_over_seeds(&seeds, Axes::LogLog), (0.25, 1.1))])
}

const SUMMATION: Paper = Paper {
    key: "summation",
    family: "examples",
    title: "Accuracy and Stability of Numerical Algorithms, chapter 4",
    authors: "Nicholas J. Higham",
    year: 2002,
    link: "https://doi.org/10.1137/1.9780898718027",
    bibtex: "@book{higham2002, author = {Nicholas J. Higham}, title = {Accuracy and Stability of Numerical Algorithms}, year = {2002}, publisher = {SIAM}}",
    about: "Rounding errors of a running sum accumulate; compensation removes the growth.",
    experiments: &[&Growth, &Idle],
    claims: &[Claim {
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
    }],
    figures: &[],
    cases: &[],
};

fn main() -> ExitCode {
    cli::run(&[&SUMMATION])
}
