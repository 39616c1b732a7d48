//! The table of ratios: `peers.csv` holds everything, `peers.md` is made from it.

use std::{collections::BTreeMap, fmt::Write};

use super::environment::Environment;
use crate::{
    compare::revision::short,
    harness::{
        case::Role,
        error::{Error, Result},
        folder::Folder,
        provenance::{Build, Machine},
        ratios::{self, CSV, Row},
        report::number::duration,
    },
};

const MARKDOWN: &str = "peers.md";

/// What became of one contender on one case.
#[derive(Debug)]
pub struct Entry {
    /// Key of the case.
    pub case: String,
    /// The case in a sentence.
    pub about: String,
    /// Variant or peer.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Interpreter and libraries of a peer in Python.
    pub python: Option<String>,
    /// What was measured, or why nothing was.
    pub ran: Result<Ran, String>,
}

/// A measurement.
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    /// Median nanoseconds of processor time of one run.
    pub ns: f64,
    /// Its ratio to the fastest of our algorithms: median over rounds.
    pub ratio: f64,
    /// 95 % interval of the ratio.
    pub ci: (f64, f64),
    /// The problem's own error measure.
    pub error: f64,
    /// Rounds of fresh processes.
    pub rounds: usize,
}

/// Turns entries into rows that say which version ran by which command, and where.
pub fn rows(entries: Vec<Entry>, environment: &Environment) -> Result<Vec<Row>> {
    let (machine, build) = (Machine::here(), Build::here()?);
    let simd = machine.simd.split('(').next().unwrap_or_default().to_owned();
    let place = format!("{}, dispatch to {simd}, {}", machine.cpu, build.rustc);
    let commit = build.commit.as_deref().map_or("unknown", short).to_owned();
    let ours = format!("this repository at {commit}{}", if build.dirty == Some(true) { " with changes" } else { "" });
    let row = |entry: Entry| {
        let number = |pick: fn(&Ran) -> f64| entry.ran.as_ref().ok().map(pick);
        let python = entry.python.is_some();
        Row {
            ns: number(|ran| ran.ns.round()),
            ratio: number(|ran| ran.ratio),
            ratio_low: number(|ran| ran.ci.0),
            ratio_high: number(|ran| ran.ci.1),
            error: number(|ran| ran.error).filter(|_| ![Role::Bound, Role::Other].contains(&entry.role)),
            rounds: entry.ran.as_ref().map_or(0, |ran| ran.rounds),
            version: match (&entry.python, entry.role) {
                (Some(versions), _) => versions.clone(),
                (None, Role::Peer) => crate_version(&entry.name),
                (None, _) => ours.clone(),
            },
            command: if python {
                environment.command(entry.case.split('/').next().unwrap_or_default())
            } else {
                format!("residual worker, built for {}", target())
            },
            machine: place.clone(),
            fault: entry.ran.err().unwrap_or_default(),
            case: entry.case,
            about: entry.about,
            implementation: entry.name,
            role: entry.role,
        }
    };
    Ok(entries.into_iter().map(row).collect())
}

/// Replaces the rows of the cases that were measured, keeps those of others, and writes both files.
pub fn write(folder: &Folder, new: Vec<Row>) -> Result<String> {
    let _lock = folder.lock()?;
    let path = folder.path(CSV);
    let mut all: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in ratios::read(folder)? {
        all.entry(row.case.clone()).or_default().push(row);
    }
    new.iter().for_each(|row| drop(all.remove(&row.case)));
    for row in new {
        all.entry(row.case.clone()).or_default().push(row);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fault = |e: &dyn std::fmt::Display| Error::broken(format!("cannot write {}: {e}", path.display()));
    for row in all.values().flatten() {
        writer.serialize(row).map_err(|e| fault(&e))?;
    }
    folder.write(CSV, &writer.into_inner().map_err(|e| fault(&e))?)?;
    let text = markdown(&all);
    folder.write(MARKDOWN, text.as_bytes())?;
    Ok(text)
}

/// The tables for people, one per case, fastest first.
fn markdown(cases: &BTreeMap<String, Vec<Row>>) -> String {
    let mut out = String::from(
        "# Peers\n\n\
         Written by `residual peers run`. Times are processor times of one run on one thread; ratios are to the fastest \
         algorithm of this project on that case in double precision, medians over rounds of fresh processes in which \
         all are interleaved, with 95 % intervals; above 1 is slower. Every output was verified by the case; a bound \
         has none: it is what the machine allows; nor has what solves another problem, for which time only is shown.\n",
    );
    for (case, rows) in cases {
        let mut rows: Vec<&Row> = rows.iter().collect();
        rows.sort_by(|a, b| a.ns.unwrap_or(f64::INFINITY).total_cmp(&b.ns.unwrap_or(f64::INFINITY)));
        let about = rows.first().map_or("", |row| &row.about);
        let _ = writeln!(out, "\n## `{case}`\n\n{about}\n");
        let _ = writeln!(out, "| implementation | | time | ratio (95 %) | error |\n|---|---|---|---|---|");
        for row in &rows {
            let _ = writeln!(out, "{}", line(row));
        }
        let _ = writeln!(out);
        for row in rows.iter().filter(|row| [Role::Peer, Role::Other].contains(&row.role)) {
            let _ = writeln!(out, "- `{}`: {}; `{}`", row.implementation, row.version, row.command);
        }
        if let Some(row) = rows.iter().find(|row| row.role == Role::Algorithm) {
            let _ = writeln!(out, "- others: {}; `{}`", row.version, row.command);
            let _ = writeln!(out, "- {}; {} rounds", row.machine, row.rounds);
        }
    }
    out
}

fn line(row: &Row) -> String {
    let (role, error) = (row.role.word(), row.error.map_or_else(String::new, |error| format!("{error:.1e}")));
    match (row.ns, row.ratio, row.ratio_low, row.ratio_high) {
        (Some(ns), Some(ratio), Some(low), Some(high)) => format!(
            "| `{}` | {role} | {} | {ratio:.2} ({low:.2} … {high:.2}) | {error} |",
            row.implementation,
            duration(ns)
        ),
        _ => format!("| `{}` | {role} | not measured: {} | | |", row.implementation, row.fault),
    }
}

/// The version of the crate that a peer's name begins with, from the lock file.
fn crate_version(variant: &str) -> String {
    let name = variant.split('_').next().unwrap_or(variant);
    let lock = include_str!("../../../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

/// What the compiler was allowed to use without asking the CPU.
fn target() -> &'static str {
    match () {
        () if cfg!(target_feature = "avx512f") => "this CPU with AVX-512",
        () if cfg!(target_feature = "avx2") => "this CPU with AVX2",
        () => "the baseline of its architecture",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(case: &str, name: &str, ns: f64) -> Row {
        Row {
            case: case.into(),
            about: "A case.".into(),
            implementation: name.into(),
            role: Role::Peer,
            ns: Some(ns),
            ratio: Some(2.0),
            ratio_low: Some(1.9),
            ratio_high: Some(2.1),
            error: Some(1e-12),
            rounds: 10,
            fault: String::new(),
            version: "x 1.0".into(),
            command: "x".into(),
            machine: "m".into(),
        }
    }

    #[test]
    fn measured_cases_are_replaced_and_others_kept() {
        let place = tempfile::tempdir().unwrap();
        let write = |rows| write(&Folder::create(place.path()).unwrap(), rows).unwrap();
        write(vec![row("a/x", "old", 1.0), row("b/y", "kept", 2.0)]);
        let text = write(vec![row("a/x", "new", 3e6)]);
        assert!(text.contains("| `new` | peer | 3.0 ms | 2.00 (1.90 … 2.10) | 1.0e-12 |"), "{text}");
        assert!(text.contains("`kept`") && !text.contains("`old`"), "{text}");
    }

    #[test]
    fn the_version_of_a_rust_peer_is_that_of_its_crate() {
        assert!(crate_version("faer_two_products").starts_with("faer 0."));
        assert_eq!(crate_version("unheard_of"), "unheard");
    }
}
