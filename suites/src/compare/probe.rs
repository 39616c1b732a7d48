//! Runs every unit on both sides, on many seeds, untimed.

use std::time::Duration;

use super::{
    accuracy::{Accuracy, Outcome},
    client::{Client, Stop},
    progress::Progress,
    side::Side,
    unit::Unit,
};
use crate::{harness::error::Result, worker::Failure};

/// Seeds of each unit.
pub const SEEDS: u64 = 20;

/// One worker of each side, restarted where it has died.
struct Probe<'a> {
    sides: &'a [Side; 2],
    clients: [Option<Client<'a>>; 2],
    limit: Duration,
    stop: &'a Stop,
}

/// The accuracy of every unit. Units of one case, which follow each other, share its problems.
pub fn probe(
    sides: &[Side; 2],
    units: &[Unit],
    limit: Duration,
    stop: &Stop,
    progress: &Progress,
) -> Result<Vec<Accuracy>> {
    let mut probe = Probe { sides, clients: [None, None], limit, stop };
    progress.phase("accuracy", units.len());
    let mut all = Vec::new();
    for units in units.chunk_by(|a, b| a.case == b.case) {
        progress.at(&units[0].case);
        all.extend(probe.case(units)?);
        units.iter().for_each(|_| progress.step());
    }
    Ok(all)
}

impl Probe<'_> {
    fn case(&mut self, units: &[Unit]) -> Result<Vec<Accuracy>> {
        let mut outcomes: Vec<[Vec<Outcome>; 2]> = vec![Default::default(); units.len()];
        for seed in 1..=SEEDS {
            for side in [0, 1] {
                for (unit, outcomes) in units.iter().zip(&mut outcomes) {
                    // More seeds would only take as long as the one that hung.
                    if !outcomes.iter().flatten().any(hung) || outcomes[side].len() < outcomes[1 - side].len() {
                        outcomes[side].push(self.ask(unit, side, seed)?);
                    }
                }
            }
        }
        Ok(outcomes.iter().map(|[base, head]| Accuracy::new(base, head)).collect())
    }

    fn ask(&mut self, unit: &Unit, side: usize, seed: u64) -> Result<Outcome> {
        let running = self.clients[side].take().filter(Client::alive);
        let mut client = match running {
            Some(client) => client,
            None => Client::start(&self.sides[side], true, self.limit, self.stop)?,
        };
        let outcome = client.ask(&unit.request(side, seed, 1));
        self.clients[side] = Some(client);
        outcome
    }
}

fn hung(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|refusal| refusal.kind == Failure::Hung)
}
