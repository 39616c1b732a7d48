//! Provenance as a list of facts.

use serde::Serialize;

use super::number::bytes;
use crate::harness::provenance::Provenance;

/// One line of the table of provenance.
#[derive(Serialize)]
pub struct Fact {
    name: &'static str,
    value: String,
    /// Whether the value is to be read letter by letter.
    code: bool,
}

/// Who made the folder, with what, on what.
pub fn facts(provenance: &Provenance) -> Vec<Fact> {
    let Provenance { machine, build, .. } = provenance;
    let fact = |name, value: &str| Fact { name, value: value.to_owned(), code: false };
    let code = |name, value: &str| Fact { name, value: value.to_owned(), code: true };
    vec![
        code("Command", &provenance.command),
        fact("Scale", provenance.scale.name()),
        fact("Master seed", &provenance.seed.to_string()),
        fact("CPU", &machine.cpu),
        fact("Cores", &machine.cores.to_string()),
        fact("Memory", &bytes(machine.memory)),
        fact("System", &format!("{}, {}", machine.os, machine.arch)),
        fact("SIMD level", machine.simd.split(['(', ' ', '{']).next().unwrap_or_default()),
        fact("Compiler", &build.rustc),
        code("Target features", &build.target_features),
        fact("Version", &build.version),
        code("Commit", build.commit.as_deref().unwrap_or("not a git checkout")),
        fact("Source tree", tree(build.dirty)),
        code("Executable, SHA-256", &build.executable),
        code("Cargo.lock, SHA-256", &build.lock),
    ]
}

fn tree(dirty: Option<bool>) -> &'static str {
    match dirty {
        Some(false) => "as committed",
        Some(true) => "differs from the commit",
        None => "unknown",
    }
}

/// The commit in a few letters, with a mark if the source tree differed from it.
pub fn commit(provenance: &Provenance) -> String {
    let Some(commit) = &provenance.build.commit else { return "no commit".into() };
    let short: String = commit.chars().take(10).collect();
    if provenance.build.dirty == Some(true) { format!("{short} + changes") } else { short }
}
