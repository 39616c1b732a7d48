//! Times units on both sides, in restarted pairs of processes that are spread over the whole run.

use std::time::{Duration, Instant};

use super::{
    client::{Client, Stop},
    estimate::{Pair, block, median},
    progress::Progress,
    schedule::{Orientation, Schedule, Step, blocks},
    side::Side,
    unit::{TIMING_SEED, Unit},
    verdict::{Evidence, LOOKS, MOST},
};
use crate::{harness::error::Result, worker::Refusal};

/// A sample takes at least this long, so that reading the clock costs nothing.
const SAMPLE_NS: f64 = 1e6;

/// What timing a unit gave.
#[derive(Debug, Clone, Default)]
pub struct Timed {
    /// Head against base.
    pub pairs: Vec<Pair>,
    /// Base against base.
    pub same: Vec<Pair>,
    /// Nanoseconds of one run in each sample of base and head.
    pub samples: [Vec<f64>; 2],
    /// Why it could not be timed, and the side at fault.
    pub failure: Option<(usize, Refusal)>,
    iterations: u32,
    blocks: usize,
}

impl Timed {
    /// The evidence so far.
    pub fn evidence(&self) -> Evidence {
        Evidence::new(&self.pairs, &self.same)
    }
}

/// Times units.
pub struct Timer<'a> {
    /// Base and head, with the same number of layouts.
    pub sides: &'a [Side; 2],
    /// The processors to run on; with none the system chooses one for each process.
    pub processors: &'a [usize],
    /// How long one request may take.
    pub limit: Duration,
    /// Raised to stop.
    pub stop: &'a Stop,
    /// Where progress is shown.
    pub progress: &'a Progress,
}

impl Timer<'_> {
    /// Times units until each is settled or the deadline has passed. `seed` draws the schedule.
    pub fn run(&self, units: &[Unit], deadline: Instant, seed: u64) -> Result<Vec<Timed>> {
        let started = Instant::now();
        let mut schedule = Schedule::new(self.sides[0].layouts.len(), self.processors.to_vec(), seed);
        let mut all = Vec::new();
        for unit in units {
            self.progress.at(&unit.name());
            all.push(self.calibrate(unit)?);
        }
        for round in 0..MOST {
            let look = LOOKS.contains(&round);
            let open: Vec<(usize, usize)> = (0..units.len())
                .filter(|&i| all[i].failure.is_none() && !(look && all[i].evidence().settled(units.len())))
                .filter(|&i| all[i].pairs.len() == round)
                .map(|i| (i, all[i].blocks))
                .collect();
            for step in schedule.round(&open, round) {
                if Instant::now() >= deadline {
                    return Ok(all);
                }
                if all[step.case].failure.is_none() {
                    self.progress.at(&units[step.case].name());
                    self.pair(&units[step.case], &step, &mut all[step.case])?;
                }
            }
            let used = started.elapsed().as_secs_f64() / (deadline - started).as_secs_f64();
            self.progress.reach((100.0 * used.max(round as f64 / MOST as f64)) as usize);
        }
        Ok(all)
    }

    fn start(&self, side: usize, layout: usize, processor: Option<usize>) -> Result<Client<'_>> {
        let client = Client::start(&self.sides[side].laid_out(layout), true, self.limit, self.stop)?;
        if let Some(processor) = processor {
            client.pin(processor);
        }
        Ok(client)
    }

    /// Finds, on the base, how many iterations make a sample long enough.
    fn calibrate(&self, unit: &Unit) -> Result<Timed> {
        let mut client = self.start(0, 0, None)?;
        let mut iterations = 1u32;
        let mut sample = 0.0;
        for look in 0..8 {
            match client.ask(&unit.request(0, TIMING_SEED, iterations))? {
                Ok(measured) => sample = (measured.cpu_ns as f64).max(1.0),
                Err(refusal) => return Ok(Timed { failure: Some((0, refusal)), ..Timed::default() }),
            }
            // The first sample is cold: whatever it says, look again, and grow at most a hundredfold.
            if sample >= SAMPLE_NS && look > 0 {
                break;
            }
            let factor = (1.1 * SAMPLE_NS / sample).clamp(1.0, 100.0);
            iterations = (f64::from(iterations) * factor).ceil() as u32;
        }
        Ok(Timed { iterations, blocks: blocks(sample), ..Timed::default() })
    }

    /// Times one pair. Who is started first gets other pages of memory, often the same ones again and again; so each side
    /// is once the first.
    fn pair(&self, unit: &Unit, step: &Step, timed: &mut Timed) -> Result<()> {
        let mut value = 0.0;
        for (first, orientations) in [step.first, 1 - step.first].into_iter().zip(&step.blocks) {
            match self.meeting(unit, step, first, orientations, timed)? {
                Ok(mut blocks) => value += 0.5 * median(&mut blocks),
                Err(failure) => {
                    timed.failure = Some(failure);
                    return Ok(());
                }
            }
        }
        let kind = if step.same { &mut timed.same } else { &mut timed.pairs };
        kind.push(Pair { layout: step.layouts[1], value });
        Ok(())
    }

    /// The log-ratios of blocks of two fresh processes, or the side at fault.
    fn meeting(
        &self,
        unit: &Unit,
        step: &Step,
        first: usize,
        orientations: &[Orientation],
        timed: &mut Timed,
    ) -> Result<std::result::Result<Vec<f64>, (usize, Refusal)>> {
        let roles = if step.same { [0, 0] } else { [0, 1] };
        let request = |slot: usize| unit.request(roles[slot], TIMING_SEED, timed.iterations);
        let start = |slot: usize| self.start(roles[slot], step.layouts[slot], step.processor);
        let mut clients = if first == 0 {
            let base = start(0)?;
            [base, start(1)?]
        } else {
            let head = start(1)?;
            [start(0)?, head]
        };
        // Warm-up: pages, caches, clock rate.
        for slot in [first, 1 - first] {
            if let Err(refusal) = clients[slot].ask(&request(slot))? {
                return Ok(Err((roles[slot], refusal)));
            }
        }
        let mut blocks = Vec::new();
        for orientation in orientations {
            let mut times = [Vec::new(), Vec::new()];
            for slot in orientation.sides() {
                match clients[slot].ask(&request(slot))? {
                    Ok(measured) => times[slot].push((measured.cpu_ns as f64).max(1.0)),
                    Err(refusal) => return Ok(Err((roles[slot], refusal))),
                }
            }
            for (samples, times) in timed.samples.iter_mut().zip(&times).filter(|_| !step.same) {
                samples.extend(times.iter().map(|ns| ns / f64::from(timed.iterations)));
            }
            blocks.push(block([times[0][0], times[0][1]], [times[1][0], times[1][1]]));
        }
        Ok(Ok(blocks))
    }
}
