//! A timed table: the first run, and the run that confirms its suspects.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{
    estimate::{Effect, median},
    timing::{Timed, Timer},
    unit::Unit,
    verdict::{Evidence, LOOKS, Speed, confirmed, suspects},
};
use crate::{harness::error::Result, worker::Refusal};

/// Share of the time budget that the first run may take; the rest is for the second.
const FIRST: f64 = 0.6;

/// The speed of a unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Time {
    /// The verdict.
    pub speed: Speed,
    /// Relative change of the time, head against base.
    pub change: f64,
    /// Its interval.
    pub ci: (f64, f64),
    /// A change within this is none.
    pub margin: f64,
    /// What base against base shows.
    pub floor: f64,
    /// The smallest change that is excluded or could have been seen.
    pub resolution: f64,
    /// Pairs of processes behind the change.
    pub pairs: usize,
    /// Pairs of the run that confirms; none if there was nothing to confirm.
    pub confirming: usize,
    /// Nanoseconds of one run of the base.
    pub base_ns: f64,
    /// Nanoseconds of one run in each sample of base and head, first run.
    #[serde(skip)]
    pub samples: [Vec<f64>; 2],
}

/// A unit's speed, or why it has none and the side at fault.
pub type Timing = Result<Time, (usize, Refusal)>;

/// Times units; a change is reported only if a second run, with fresh processes of other layouts, finds it again.
pub fn table(timer: &Timer<'_>, units: &[Unit], budget: Duration, seed: u64) -> Result<Vec<Timing>> {
    let started = Instant::now();
    let runs = [0, 1].map(|run| timer.sides.each_ref().map(|side| side.in_run(run)));
    let [timer, again] = runs.each_ref().map(|sides| Timer { sides, ..*timer });
    timer.progress.phase("timing", 100);
    let first = timer.run(units, started + budget.mul_f64(FIRST), seed)?;
    let evidence: Vec<Evidence> = first.iter().map(Timed::evidence).collect();
    let suspects: Vec<usize> = suspects(&evidence).into_iter().filter(|&i| first[i].failure.is_none()).collect();
    let mut second: Vec<Option<Timed>> = vec![None; units.len()];
    if !suspects.is_empty() {
        timer.progress.phase("confirming", 100);
        let suspected: Vec<Unit> = suspects.iter().map(|&i| units[i].clone()).collect();
        let timed = again.run(&suspected, started + budget, seed ^ 0x00C0_F1F3)?;
        for (i, timed) in suspects.into_iter().zip(timed) {
            second[i] = Some(timed);
        }
    }
    Ok((0..units.len()).map(|i| timing(&first[i], evidence[i], second[i].as_ref(), units.len())).collect())
}

fn timing(first: &Timed, evidence: Evidence, second: Option<&Timed>, cases: usize) -> Timing {
    if let Some(failure) = first.failure.as_ref().or_else(|| second?.failure.as_ref()) {
        return Err(failure.clone());
    }
    let again = second.map(Timed::evidence);
    let speed = confirmed(&evidence, again.as_ref());
    // The first run of a change was picked for being extreme; the second is not biased by that.
    let shown = again.filter(|e| e.effect.pairs >= LOOKS[0]).unwrap_or(evidence);
    let Effect { value, ci, pairs } = shown.effect;
    // A suspect that there was no time to confirm is undecided however clear the first run was.
    let cut_short = again.is_some_and(|e| e.effect.pairs < LOOKS[0]);
    let resolution = if cut_short { f64::INFINITY } else { shown.resolution(cases).exp_m1() };
    Ok(Time {
        speed,
        change: value.exp_m1(),
        ci: (ci.0.exp_m1(), ci.1.exp_m1()),
        margin: shown.margin().exp_m1(),
        floor: shown.floor.exp_m1(),
        resolution,
        pairs,
        confirming: second.map_or(0, |timed| timed.pairs.len()),
        base_ns: median(&mut first.samples[0].clone()),
        samples: first.samples.clone(),
    })
}
