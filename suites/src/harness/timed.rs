//! Timed trials: variants of a case side by side in one round, so that what slows the machine slows them all.

use std::time::Instant;

use algos::Par;
use rand::seq::SliceRandom;

use super::{
    case::{Accuracy, Case, Output, Problem, Run},
    seed::Trial,
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
        /// Wall-clock time of one run; not a number if the answer was wrong. [s]
        pub seconds: f64,
        /// The problem's own error measure.
        pub error: f64,
        /// A hash of the bits of the answer.
        pub checksum: String,
    }
}

/// A sample is at least so long; shorter runs are repeated within it.
const SAMPLE: f64 = 0.02;

/// A variant that is ready to run.
struct Entrant<'a> {
    name: &'static str,
    threads: usize,
    run: Box<dyn Run + 'a>,
    /// Runs in a sample.
    repeat: u32,
    error: f64,
    checksum: String,
    log_seconds: f64,
}

/// One round: every variant runs once to warm up and to be verified, then is timed twice, in an order that is the same
/// from both ends, so that linear drift cancels.
///
/// # Errors
///
/// A problem that cannot be made.
pub fn round(
    case: &dyn Case,
    variants: &[(&'static str, usize)],
    trial: &Trial<'_>,
) -> Result<Vec<Time>, algos::Error> {
    // The same matrix in every round: only the times differ.
    let problem = case.problem(trial.master)?;
    let mut entrants: Vec<Entrant<'_>> = variants.iter().filter_map(|&of| Entrant::new(&*problem, of)).collect();
    entrants.shuffle(&mut trial.rng("order"));
    for forward in [true, false] {
        let order: Vec<usize> = (0..entrants.len()).collect();
        for &i in if forward { order } else { order.into_iter().rev().collect() }.iter() {
            entrants[i].time();
        }
    }
    let mut times: Vec<Time> = entrants.into_iter().map(Entrant::finish).collect();
    times.sort_by_key(|time| {
        variants.iter().position(|&(name, threads)| (name, threads) == (&time.variant, time.threads))
    });
    Ok(times)
}

impl<'a> Entrant<'a> {
    /// None if the problem has no such variant, or it fails.
    fn new(problem: &'a dyn Problem, (name, threads): (&'static str, usize)) -> Option<Self> {
        let par = if threads == 1 { Par::Seq } else { Par::rayon(threads) };
        let mut run = problem.prepare(name, par).ok()?;
        let started = Instant::now();
        let output: Output = run.run().ok()?;
        let repeat = (SAMPLE / started.elapsed().as_secs_f64().max(1e-9)).ceil().clamp(1.0, 1e6) as u32;
        let error = problem.verify(&output).and_then(Accuracy::kept).map_or(f64::NAN, |accuracy| accuracy.error);
        Some(Self { name, threads, run, repeat, error, checksum: output.checksum(), log_seconds: 0.0 })
    }

    fn time(&mut self) {
        let started = Instant::now();
        for _ in 0..self.repeat {
            let _answer = std::hint::black_box(self.run.run());
        }
        self.log_seconds += 0.5 * (started.elapsed().as_secs_f64() / f64::from(self.repeat)).max(1e-9).ln();
    }

    fn finish(self) -> Time {
        let seconds = if self.error.is_nan() { f64::NAN } else { self.log_seconds.exp() };
        let Self { threads, error, checksum, .. } = self;
        Time { variant: self.name.into(), threads, seconds, error, checksum }
    }
}
