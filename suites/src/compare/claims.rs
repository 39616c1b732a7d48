//! Claims at scale smoke on both sides: which verdicts and estimates changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Stdio,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    client::{Stop, interrupted},
    progress::Progress,
    side::Side,
};
use crate::harness::{
    claim::Verdict,
    error::{Error, Result},
    folder::Folder,
    verdicts::{self, CLAIMS, ClaimRow},
};

/// A claim that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimChange {
    /// Key of the claim.
    pub claim: String,
    /// What it says.
    pub statement: String,
    /// Verdict on base and head; `None` where the side has no such claim.
    pub verdicts: [Option<Verdict>; 2],
    /// Estimate nearest to its limit on base and head.
    pub measured: [Option<f64>; 2],
    /// Whether the head's verdict is not the expected one, and not that of the base.
    pub regression: bool,
}

/// A side whose claims did not run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unclaimed {
    /// `base` or `head`.
    pub side: &'static str,
    /// Why, as the end of a sentence about it.
    pub why: String,
}

/// How long the claims of a side may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs the claims of some families (of all if `None`) on both sides; what changed, or the sides that cannot say.
pub fn changes(
    sides: &[Side; 2],
    families: Option<&BTreeSet<String>>,
    stop: &Stop,
    progress: &Progress,
) -> Result<Result<Vec<ClaimChange>, Vec<Unclaimed>>> {
    progress.phase("claims", sides.len());
    let folder = tempfile::tempdir().map_err(|e| Error::broken(format!("cannot make a temporary folder: {e}")))?;
    let (mut rows, mut unclaimed) = (Vec::new(), Vec::new());
    for side in sides {
        progress.at(side.name);
        match run(side, &folder.path().join(side.name), families, stop)? {
            Ok(found) => rows.push(found),
            Err(why) => unclaimed.push(Unclaimed { side: side.name, why }),
        }
        progress.step();
    }
    Ok(match &rows[..] {
        [base, head] => Ok(compare(base, head)),
        _ => Err(unclaimed),
    })
}

fn run(
    side: &Side,
    out: &Path,
    families: Option<&BTreeSet<String>>,
    stop: &Stop,
) -> Result<Result<Vec<ClaimRow>, String>> {
    let mut command = side.command(&[]);
    command.arg("reproduce").args(families.into_iter().flatten()).args(["--scale", "smoke", "--out"]).arg(out);
    let log = tempfile::NamedTempFile::new().and_then(|log| Ok((log.reopen()?, log)));
    let (writer, log) = log.map_err(|e| Error::broken(format!("cannot make a temporary file: {e}")))?;
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).spawn();
    let mut child = child.map_err(|e| Error::broken(format!("cannot run the {} side: {e}", side.name)))?;
    let started = Instant::now();
    let status = loop {
        // A terminal interrupts the child too; however it ends then, it was not its own doing.
        let (stopped, late) = (stop.load(Ordering::Relaxed), started.elapsed() > LIMIT);
        match child.try_wait() {
            Ok(Some(_)) if stopped => return Err(interrupted()),
            Ok(Some(status)) => break status,
            Ok(None) if stopped || late => {
                let _ended = child.kill();
                let _ended = child.wait();
                return if stopped { Err(interrupted()) } else { Ok(Err("has no verdicts after 30 minutes".into())) };
            }
            Ok(None) => thread::sleep(Duration::from_millis(50)),
            Err(e) => return Err(Error::broken(format!("cannot wait for the {} side: {e}", side.name))),
        }
    };
    // 1 says that some verdict is not the expected one, which is what the rows are for.
    if !matches!(status.code(), Some(0 | 1)) {
        let text = std::fs::read_to_string(log.path()).unwrap_or_default();
        return Ok(Err(format!("ended with {status}: {}", text.lines().next_back().unwrap_or_default())));
    }
    Ok(Folder::open(out).and_then(|folder| verdicts::read(&folder, CLAIMS)).map_err(|e| e.to_string()))
}

fn compare(base: &[ClaimRow], head: &[ClaimRow]) -> Vec<ClaimChange> {
    let by_key = |rows: &[ClaimRow]| -> BTreeMap<String, ClaimRow> {
        rows.iter().map(|row| (row.claim.clone(), row.clone())).collect()
    };
    let (base, head) = (by_key(base), by_key(head));
    let keys: BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let rows = [base.get(key), head.get(key)];
            let verdicts = rows.map(|row| row.map(|r| r.verdict));
            let measured = rows.map(|row| row.and_then(|r| r.measured));
            let same_estimate = measured[0].map(f64::to_bits) == measured[1].map(f64::to_bits);
            if verdicts[0] == verdicts[1] && same_estimate {
                return None;
            }
            let statement = rows.iter().rev().find_map(|row| row.map(|r| r.statement.clone())).unwrap_or_default();
            let regression = verdicts[0] != verdicts[1] && rows[1].is_some_and(|row| !row.as_expected());
            Some(ClaimChange { claim: key.clone(), statement, verdicts, measured, regression })
        })
        .collect()
}
