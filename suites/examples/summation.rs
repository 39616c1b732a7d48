//! A repository with a paper of its own: the whole of Residual in one file, outside the crate.
//!
//! `cargo run --release --example summation -- reproduce` re-runs a textbook fact: the rounding error of a running sum
//! of n numbers grows like √n, that of compensated summation does not grow.

use std::{collections::BTreeMap, io, path::Path, process::ExitCode};

use algos::{Effort, Error, Par};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use suites::{
    algos, cli,
    harness::{
        case::{self, Case, Output, Problem, Run, Unknown, Work, Wrong},
        claim::{Arm, Check, Claim, Control, Kind, Source, Unjudged, Verdict},
        experiment::{Cost, Experiment, Out, Scale, Table, TableSchema},
        figure::{Axis, Panel},
        npy,
        paper::{Figure, Paper},
        rows::{Rows, succeeded},
        seed::Trial,
        stats::{Axes, log_spaced, slope_over_seeds},
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

fn running(x: &[f32]) -> f32 {
    x.iter().sum()
}

fn compensated(x: &[f32]) -> f32 {
    let (mut sum, mut low) = (0.0f32, 0.0f32);
    for &x in x {
        let y = x - low;
        let t = sum + y;
        low = (t - sum) - y;
        sum = t;
    }
    sum
}

fn pairwise(x: &[f32]) -> f32 {
    if x.len() <= 32 {
        return running(x);
    }
    let (left, right) = x.split_at(x.len() / 2);
    pairwise(left) + pairwise(right)
}

fn relative_error(sum: f32, x: &[f32]) -> f64 {
    let exact: f64 = x.iter().copied().map(f64::from).sum();
    ((f64::from(sum) - exact) / exact).abs()
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
        let mut sum = Partial::default();
        (0..point.n).for_each(|_| sum.add(rng.random(), point.method));
        out.put(Self::ERRORS, Accuracy { error: sum.error() });
        Ok(())
    }
}

/// A sum on its way.
#[derive(Debug, Default)]
struct Partial {
    sum: f32,
    /// What the last addition lost.
    low: f32,
    exact: f64,
}

impl Partial {
    fn add(&mut self, x: f32, method: Method) {
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

    fn error(&self) -> f64 {
        ((f64::from(self.sum) - self.exact) / self.exact).abs().max(1e-12)
    }
}

record! {
    /// The error part of the way.
    pub struct Step {
        /// Numbers summed so far.
        pub terms: usize,
        /// Relative error of their sum.
        pub error: f64,
    }
}

/// Follows the error along single sums.
#[derive(Debug, Default)]
struct Course;

impl Course {
    const STEPS: Table<Self, Step> = Table::new("steps");
}

impl Experiment for Course {
    type Point = Sum;
    const KEY: &'static str = "course";
    const ABOUT: &'static str = "Follows the error of long sums while they grow.";
    const TABLES: &'static [TableSchema] = &[Self::STEPS.schema()];

    fn points(scale: Scale) -> Vec<Sum> {
        let n = if scale == Scale::Smoke { 1 << 12 } else { 1 << 18 };
        [Method::Running, Method::Compensated].map(|method| Sum { n, method }).to_vec()
    }

    fn trials(scale: Scale, _: &Sum) -> u32 {
        if scale == Scale::Smoke { 20 } else { 500 }
    }

    fn cost(point: &Sum) -> Cost {
        Cost { flops: 8.0 * point.n as f64, memory: 0, rows: 30 }
    }

    fn run(point: &Sum, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.paired("numbers", &point.n);
        let (mut sum, mut terms) = (Partial::default(), 0);
        for stored in log_spaced(point.n, 31).into_iter().skip(1) {
            (terms..stored).for_each(|_| sum.add(rng.random(), point.method));
            terms = stored;
            out.put(Self::STEPS, Step { terms, error: sum.error() });
        }
        Ok(())
    }
}

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Course::STEPS)?;
    let curve = |method: Method| {
        let mut errors: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (_, _, step) in succeeded(&rows).filter(|(point, ..)| point.method == method) {
            errors.entry(step.terms).or_default().push(step.error);
        }
        let middle = |mut errors: Vec<f64>| {
            errors.sort_by(f64::total_cmp);
            errors[errors.len() / 2]
        };
        errors.into_iter().map(|(terms, errors)| (terms as f64, middle(errors))).collect::<Vec<_>>()
    };
    let root = (4..=18).map(|k| f64::from(1 << k)).map(|n| (n, 1e-8 * n.sqrt())).collect();
    let panel = Panel::new("Rounding errors of a sum", Axis::log("numbers summed n"), Axis::log("relative error"))
        .line("running", curve(Method::Running))
        .line("compensated", curve(Method::Compensated))
        .guide("√n", root);
    Ok(vec![panel])
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

/// A case: the sum of a given number of numbers.
struct Numbers {
    key: &'static str,
    about: &'static str,
    n: usize,
}

const SMALL: Numbers =
    Numbers { key: "examples/sum-small", about: "4096 uniform numbers, which stay in cache.", n: 1 << 12 };
const LARGE: Numbers = Numbers { key: "examples/sum-large", about: "2²² uniform numbers, which do not.", n: 1 << 22 };

impl Case for Numbers {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        if self.n > 1 << 16 { Scale::Default } else { Scale::Smoke }
    }

    fn variants(&self) -> &'static [&'static str] {
        &[
            "running",
            "compensated",
            "pairwise",
            #[cfg(feature = "peers")]
            "nalgebra",
        ]
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Ok(Box::new(Instance((0..self.n).map(|_| rng.random()).collect())))
    }
}

/// The numbers.
struct Instance(Vec<f32>);

/// A way to sum them.
struct Summation<'a>(&'a [f32], fn(&[f32]) -> f32);

impl Problem for Instance {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let sum = match variant {
            "running" => running,
            "compensated" => compensated,
            "pairwise" => pairwise,
            #[cfg(feature = "peers")]
            "nalgebra" => |x| nalgebra::DVectorView::from_slice(x, x.len()).sum(),
            _ => return Err(Unknown::Variant(variant.into())),
        };
        Ok(Box::new(Summation(&self.0, sum)))
    }

    fn verify(&self, output: &Output) -> Result<case::Accuracy, Wrong> {
        let &[sum] = output.values.as_slice() else {
            return Err(Wrong(format!("{} values instead of one", output.values.len())));
        };
        let contract = self.0.len() as f64 * f64::from(f32::EPSILON);
        Ok(case::Accuracy { error: relative_error(sum as f32, &self.0), contract })
    }

    fn work(&self, variant: &str) -> Work {
        let flops = if variant == "compensated" { 4 } else { 1 };
        Work { flops: (flops * self.0.len()) as f64, bytes: (4 * self.0.len()) as f64 }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        let numbers: Vec<f64> = self.0.iter().copied().map(f64::from).collect();
        npy::write(&folder.join("x.npy"), &[numbers.len()], &numbers)
    }
}

impl Run for Summation<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let mut effort = Effort::default();
        effort.entries = self.0.len() as u64;
        Ok(Output { values: vec![f64::from(self.1(self.0))], effort })
    }
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
    experiments: &[&Growth, &Course, &Idle],
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
    figures: &[Figure {
        key: "course",
        title: "The error of a sum while it grows",
        alt: "The median relative error of a running sum grows like the square root of n; compensated, it stays flat.",
        experiments: &["course"],
        draw,
    }],
    cases: &[&SMALL, &LARGE],
};

fn main() -> ExitCode {
    cli::run(&[&SUMMATION])
}
