//! Experiments that judge nothing: long ones for tests of kills and resumption, short ones for what the harness costs.

use std::collections::BTreeMap;

use rand::RngExt;
use suites::{
    algos::Error,
    harness::{prelude::*, rows::succeeded, stats::log_spaced},
    record,
};

use crate::paper::{Method, Partial, Sum};

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
pub struct Course;

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

/// The error of single sums while they grow.
pub const FIGURE: Figure = Figure {
    key: "course",
    title: "The error of a sum while it grows",
    alt: "The median relative error of a running sum grows like the square root of n; compensated, it stays flat.",
    experiments: &["course"],
    draw,
};

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

record! {
    /// A point of nothing, and the row that it leaves.
    pub struct Nothing {
        /// Rows that a trial leaves.
        pub rows: u32,
    }
}

/// Declares an experiment of trials that compute nothing.
macro_rules! nothing {
    ($(#[$doc:meta])* $name:ident, $key:literal, $about:literal, $trials:literal, $rows:literal) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name;

        impl $name {
            const ROWS: Table<Self, Nothing> = Table::new("rows");
        }

        impl Experiment for $name {
            type Point = Nothing;
            const KEY: &'static str = $key;
            const ABOUT: &'static str = $about;
            const TABLES: &'static [TableSchema] = &[Self::ROWS.schema()];

            fn points(scale: Scale) -> Vec<Nothing> {
                if scale == Scale::Full { vec![Nothing { rows: $rows }] } else { Vec::new() }
            }

            fn trials(_: Scale, _: &Nothing) -> u32 {
                $trials
            }

            fn cost(point: &Nothing) -> Cost {
                Cost { flops: 1.0, memory: 0, rows: point.rows }
            }

            fn run(point: &Nothing, _: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
                (0..point.rows).for_each(|_| out.put(Self::ROWS, point.clone()));
                Ok(())
            }
        }
    };
}

nothing!(
    /// What the harness itself costs.
    Idle, "idle", "100,000 trials that leave nothing.", 100_000, 0
);
nothing!(
    /// What it costs to bring many parts together.
    Many, "many", "A million trials of one row.", 1_000_000, 1
);

/// Trials of about a millisecond.
#[derive(Debug, Default)]
pub struct Steady;

impl Steady {
    const STEPS: Table<Self, Step> = Table::new("steps");
}

impl Experiment for Steady {
    type Point = Sum;
    const KEY: &'static str = "steady";
    const ABOUT: &'static str = "2000 trials of about a millisecond: what the harness adds to trials of that length.";
    const TABLES: &'static [TableSchema] = &[Self::STEPS.schema()];

    fn points(scale: Scale) -> Vec<Sum> {
        if scale == Scale::Full { vec![Sum { n: 1 << 18, method: Method::Running }] } else { Vec::new() }
    }

    fn trials(_: Scale, _: &Sum) -> u32 {
        2000
    }

    fn cost(point: &Sum) -> Cost {
        Cost { flops: point.n as f64, memory: 0, rows: 1 }
    }

    fn run(point: &Sum, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.paired("numbers", &point.n);
        let mut sum = Partial::default();
        (0..point.n).for_each(|_| sum.add(rng.random(), point.method));
        out.put(Self::STEPS, Step { terms: point.n, error: sum.error() });
        Ok(())
    }
}
