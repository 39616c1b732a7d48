//! Instruction counts: valgrind's callgrind around the timed loop of one worker.
//!
//! Counts of one thread, of the code that run-time dispatch takes where there is no AVX-512, since valgrind hides it.

use std::{fs, path::Path, time::Duration};

use serde::Serialize;

use super::{
    client::{Client, Stop},
    progress::Progress,
    side::Side,
    unit::{TIMING_SEED, Unit},
};
use crate::harness::error::{Error, Result};

/// Two counts that differ by less are equal: paths and environment move counts by about a tenth of this.
pub const THRESHOLD: f64 = 1e-3;
/// How much longer a request may take under valgrind.
const PATIENCE: u32 = 20;

/// Instructions of one run on base and head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counts {
    /// Base and head.
    pub instructions: [u64; 2],
}

impl Counts {
    /// Relative change.
    pub fn change(&self) -> f64 {
        self.instructions[1] as f64 / self.instructions[0] as f64 - 1.0
    }
}

/// Counts every unit on both sides; a sentence where that fails.
pub fn count(
    sides: &[Side; 2],
    units: &[Unit],
    limit: Duration,
    stop: &Stop,
    progress: &Progress,
) -> Result<Vec<Result<Counts, String>>> {
    if super::revision::run(std::process::Command::new("valgrind").arg("--version")).is_err() {
        return Err(Error::input("--instructions needs valgrind; install it or leave the option out"));
    }
    progress.phase("instructions", units.len());
    let folder = tempfile::tempdir().map_err(|e| Error::broken(format!("cannot make a temporary folder: {e}")))?;
    let mut all = Vec::new();
    for unit in units {
        progress.at(&unit.name());
        let one = |side| count_one(sides, unit, side, folder.path(), limit * PATIENCE, stop);
        all.push(match (one(0)?, one(1)?) {
            (Ok(base), Ok(head)) => Ok(Counts { instructions: [base, head] }),
            (Err(why), _) | (_, Err(why)) => Err(why),
        });
        progress.step();
    }
    Ok(all)
}

fn count_one(
    sides: &[Side; 2],
    unit: &Unit,
    side: usize,
    folder: &Path,
    limit: Duration,
    stop: &Stop,
) -> Result<Result<u64, String>> {
    let out = folder.join("callgrind.out");
    let _absent = fs::remove_file(&out);
    let wrapper = [
        "valgrind".to_owned(),
        "--tool=callgrind".into(),
        format!("--callgrind-out-file={}", out.display()),
        "--toggle-collect=*worker::measure::timed_loop*".into(),
    ];
    let mut command = sides[side].command(&wrapper);
    command.args(["worker", "--brief"]);
    let name = sides[side].name;
    let mut client = match Client::spawn(name, command, limit, stop) {
        Ok(client) => client,
        Err(e @ Error::Interrupted(_)) => return Err(e),
        Err(e) => return Ok(Err(e.to_string())),
    };
    if let Err(refusal) = client.ask(&unit.request(side, TIMING_SEED, 1))? {
        return Ok(Err(format!("{name} under valgrind: {}", refusal.error)));
    }
    let status = client.finish()?;
    if !status.success() {
        return Ok(Err(format!("{name} under valgrind ended with {status}, so its count is worth nothing")));
    }
    Ok(total(&fs::read_to_string(&out).unwrap_or_default()).ok_or_else(|| format!("{name}: callgrind counted nothing")))
}

/// The total of a callgrind file; none if it is missing or 0.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")))?;
    line.trim().parse().ok().filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn an_empty_count_is_none() {
        assert_eq!(total("events: Ir\nfn=x\n1 2\ntotals: 4321\n"), Some(4321));
        assert_eq!(total("events: Ir\ntotals: 0\n"), None);
        assert_eq!(total(""), None);
    }
}
