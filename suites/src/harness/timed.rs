//! Timed trials: variants of a case side by side in one round, so that what slows the machine slows them all.

use std::time::{Duration, Instant};

use rand::{Rng, seq::SliceRandom};

use super::{
    case::{Accuracy, Case, Problem, Role, Run},
    processor::{self, Stay},
    rows::{Row, succeeded},
    seed::Trial,
    stats::{self, Estimate},
    threads::Threads,
};
use crate::record;

record! {
    #[allow(rustdoc::broken_intra_doc_links, reason = "a unit in square brackets is no link")]
    /// How long one run of a variant took in a round.
    pub struct Time {
        /// The variant.
        pub variant: String,
        /// Threads that it was given.
        pub threads: usize,
        /// Wall-clock time of one run; not a number if it failed or the answer was wrong. [s]
        pub seconds: f64,
        /// The problem's own error measure.
        pub error: f64,
        /// A hash of the bits of the answer.
        pub checksum: String,
    }
}

/// A sample is at least so long; shorter runs are repeated within it.
const SAMPLE: f64 = 0.02;

/// Before a sample of several threads the variant runs for so long: a virtual processor that slept takes many runs to be
/// woken quickly.
const WAKING: Duration = Duration::from_millis(100);

/// A variant in a round.
struct Entrant<'a> {
    name: &'static str,
    threads: usize,
    /// Where it runs; none if the problem has no such variant, or it failed.
    ready: Option<(Threads, Box<dyn Run + 'a>)>,
    /// Runs in a sample.
    repeat: u32,
    error: f64,
    checksum: String,
    /// Sum of the logarithms of both times.
    logs: f64,
}

/// One round: every variant runs once to warm up and to be verified, then is timed twice, in an order that is the same
/// from both ends, so that linear drift cancels. What uses one thread is timed on one processor first and on another on
/// the way back: on a shared machine they are not equally fast, and two threads have both. Variants stand in the order
/// given; what fails has no time.
///
/// # Errors
///
/// A problem that cannot be made.
pub fn round(
    case: &dyn Case,
    variants: &[(&'static str, usize)],
    trial: &Trial<'_>,
) -> Result<Vec<Time>, algos::Error> {
    // The same problem in every round: only the times differ.
    race(case, case.problem(trial.master)?, variants, trial)
}

/// A [`round`] on a problem of its own: where times depend on the data, an interval over rounds is one over data too.
///
/// # Errors
///
/// A problem that cannot be made.
pub fn fresh_round(
    case: &dyn Case,
    variants: &[(&'static str, usize)],
    trial: &Trial<'_>,
) -> Result<Vec<Time>, algos::Error> {
    race(case, case.problem(trial.rng("problem").next_u64())?, variants, trial)
}

fn race(
    case: &dyn Case,
    problem: Box<dyn Problem>,
    variants: &[(&'static str, usize)],
    trial: &Trial<'_>,
) -> Result<Vec<Time>, algos::Error> {
    let entrant = |&(name, threads)| Entrant::new(&*problem, case.role(name), name, threads);
    let mut entrants: Vec<Entrant<'_>> = variants.iter().map(entrant).collect();
    let mut order: Vec<usize> = (0..entrants.len()).collect();
    order.shuffle(&mut trial.rng("order"));
    let mut processors = processor::available();
    processors.shuffle(&mut trial.rng("processor"));
    let [there, back] = [processors.first().copied(), processors.iter().take(2).next_back().copied()];
    order.iter().for_each(|&i| entrants[i].time(there));
    order.iter().rev().for_each(|&i| entrants[i].time(back));
    Ok(entrants.into_iter().map(Entrant::finish).collect())
}

impl<'a> Entrant<'a> {
    fn new(problem: &'a dyn Problem, role: Role, name: &'static str, threads: usize) -> Self {
        let failed =
            Self { name, threads, ready: None, repeat: 1, error: f64::NAN, checksum: String::new(), logs: 0.0 };
        let Ok(pool) = Threads::new(threads) else { return failed };
        let Ok(mut run) = problem.prepare(name, pool.par()) else { return failed };
        let started = Instant::now();
        let Ok(output) = pool.run(|| run.run()) else { return failed };
        let repeat = (SAMPLE / started.elapsed().as_secs_f64().max(1e-9)).ceil().clamp(1.0, 1e6) as u32;
        let error = match role {
            // It solves nothing, so nothing can be wrong.
            Role::Bound => 0.0,
            _ => problem.verify(&output).and_then(Accuracy::kept).map_or(f64::NAN, |accuracy| accuracy.error),
        };
        Self { ready: Some((pool, run)), repeat, error, checksum: output.checksum(), ..failed }
    }

    fn time(&mut self, processor: Option<usize>) {
        let (Some((pool, run)), repeat) = (&mut self.ready, self.repeat) else { return };
        let threads = self.threads;
        let _stay = processor.filter(|_| threads <= 1).map(Stay::on);
        let seconds = pool.run(|| {
            let woken = Instant::now();
            while threads > 1 && woken.elapsed() < WAKING {
                let _answer = std::hint::black_box(run.run());
            }
            let started = Instant::now();
            for _ in 0..repeat {
                let _answer = std::hint::black_box(run.run());
            }
            started.elapsed().as_secs_f64()
        });
        self.logs += (seconds / f64::from(repeat)).max(1e-9).ln();
    }

    fn finish(self) -> Time {
        let Self { name, threads, error, checksum, logs, .. } = self;
        let seconds = if error.is_nan() { f64::NAN } else { (0.5 * logs).exp() };
        Time { variant: name.into(), threads, seconds, error, checksum }
    }
}

/// Seconds of a variant on so many threads at a point, round by round: one that failed has a row too, so rounds stand at
/// the same places.
pub fn seconds<P>(rows: &[Row<P, Time>], at: impl Fn(&P) -> bool, (variant, threads): (&str, usize)) -> Vec<f64> {
    let own =
        succeeded(rows).filter(|(point, _, time)| at(point) && time.variant == variant && time.threads == threads);
    own.map(|(_, _, time)| time.seconds).collect()
}

/// Times of one variant over those of another in the same round.
pub fn ratios<P>(rows: &[Row<P, Time>], at: impl Fn(&P) -> bool, a: (&str, usize), b: (&str, usize)) -> Vec<f64> {
    seconds(rows, &at, a).iter().zip(seconds(rows, &at, b)).map(|(a, b)| a / b).collect()
}

/// Their median over rounds.
pub fn ratio<P>(rows: &[Row<P, Time>], at: impl Fn(&P) -> bool, a: (&str, usize), b: (&str, usize)) -> Estimate {
    stats::median(&ratios(rows, at, a, b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{io, path::Path};

    use algos::Par;

    use super::*;
    use crate::harness::{
        case::{Output, Unknown, Work, Wrong},
        experiment::Scale,
    };

    /// Whose answer should be one.
    struct One;

    struct Answer(f64);

    impl Case for One {
        fn key(&self) -> &'static str {
            "test/one"
        }

        fn about(&self) -> &'static str {
            "One."
        }

        fn scale(&self) -> Scale {
            Scale::Smoke
        }

        fn variants(&self) -> &'static [&'static str] {
            &["right", "wrong", "bound"]
        }

        fn role(&self, variant: &str) -> Role {
            if variant == "bound" { Role::Bound } else { Role::Algorithm }
        }

        fn problem(&self, _: u64) -> Result<Box<dyn Problem>, algos::Error> {
            Ok(Box::new(Self))
        }
    }

    impl Problem for One {
        fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
            match variant {
                "right" => Ok(Box::new(Answer(1.0))),
                "wrong" | "bound" => Ok(Box::new(Answer(2.0))),
                _ => Err(Unknown::Variant(variant.into())),
            }
        }

        fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
            Ok(Accuracy { error: (output.values[0] - 1.0).abs(), contract: 0.5 })
        }

        fn work(&self, _: &str) -> Work {
            Work { flops: 1.0, bytes: 8.0 }
        }

        fn export(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    }

    impl Run for Answer {
        fn run(&mut self) -> Result<Output, algos::Error> {
            Ok(Output { values: vec![self.0], effort: algos::Effort::default() })
        }
    }

    #[test]
    fn what_is_wrong_or_missing_has_a_row_and_no_time() {
        let trial = Trial { master: 1, paper: "p", experiment: "e", point: &[], index: 0, drawn: None };
        let times = round(&One, &[("wrong", 1), ("right", 1), ("missing", 1), ("bound", 1)], &trial).unwrap();
        let names: Vec<_> = times.iter().map(|time| time.variant.as_str()).collect();
        assert_eq!(names, ["wrong", "right", "missing", "bound"]);
        assert!(times[1].seconds > 0.0 && times[1].error == 0.0);
        assert!(times[0].seconds.is_nan() && times[2].seconds.is_nan());
        assert!(times[3].seconds > 0.0, "a bound solves nothing and is timed all the same");
    }
}
