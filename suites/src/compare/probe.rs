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

/// The accuracy of every unit.
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
    for unit in units {
        progress.at(&unit.name());
        all.push(probe.unit(unit)?);
        progress.step();
    }
    Ok(all)
}

impl Probe<'_> {
    fn unit(&mut self, unit: &Unit) -> Result<Accuracy> {
        let mut outcomes: [Vec<Outcome>; 2] = [Vec::new(), Vec::new()];
        for seed in 1..=SEEDS {
            let mut hung = false;
            for (side, outcomes) in outcomes.iter_mut().enumerate() {
                let outcome = self.ask(unit, side, seed)?;
                hung |= outcome.as_ref().is_err_and(|refusal| refusal.kind == Failure::Hung);
                outcomes.push(outcome);
            }
            if hung {
                // More seeds would only take as long.
                break;
            }
        }
        let [base, head] = outcomes;
        Ok(Accuracy::new(&base, &head))
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
