//! `residual why CLAIM`: what stands behind a verdict.

use std::{path::Path, process::ExitCode};

use crate::harness::{
    claim::{Arm, Kind},
    error::{Error, Result},
    folder::Folder,
    paper::Paper,
    rows::table_path,
    verdicts::{self, CHECKS, CLAIMS, CheckRow, ClaimRow, TIMING_CHECKS, TIMING_CLAIMS},
};

/// Prints the statement, the verdict, every check with its interval and range, the control, and where the rows are.
pub fn why(papers: &[&Paper], key: &str, out: &Path) -> Result<ExitCode> {
    let (paper, claim) = papers
        .iter()
        .flat_map(|p| p.claims.iter().map(move |c| (p, c)))
        .find(|(_, claim)| claim.key == key)
        .ok_or_else(|| Error::input(format!("`{key}` is no claim; `residual list claims` shows them")))?;
    let folder = Folder::open(out)?;
    let timing = claim.kind == Kind::Timing;
    let rows: Vec<ClaimRow> = verdicts::read(&folder, if timing { TIMING_CLAIMS } else { CLAIMS })?;
    let row = rows.iter().find(|row| row.claim == key).ok_or_else(|| {
        Error::input(format!("{} has no verdict on `{key}`; run `residual reproduce {key}` first", out.display()))
    })?;
    println!("{key} — {}\n", paper.title);
    println!("  {}", claim.says);
    println!("  source: {} ({}), evidence: {}", claim.source.name(), claim.at, claim.kind.name());
    if !claim.note.is_empty() {
        println!("  note: {}", claim.note);
    }
    println!("\nverdict at scale {}, seed {}: {} (expected: {})", row.scale, row.seed, row.verdict, row.expected);
    let checks: Vec<CheckRow> = verdicts::read(&folder, if timing { TIMING_CHECKS } else { CHECKS })?;
    let of = |arm| checks.iter().filter(move |c| c.claim == key && c.arm == arm);
    of(Arm::Claim).for_each(print);
    if let Some(control) = &claim.control {
        let outcome = row.control.map_or("not judged".to_owned(), |c| format!("{c:?}").to_lowercase());
        println!("\ncontrol, where {}: {outcome}", control.differs);
        println!("  must fail there: {}", control.must_fail.join("; "));
        of(Arm::Control).for_each(print);
    }
    println!("\nrows:");
    for experiment in claim.experiments.iter().filter_map(|key| paper.experiment(key)) {
        for table in experiment.tables() {
            println!("  {}", folder.path(&table_path(paper.key, experiment.key(), table.name)).display());
        }
    }
    println!("again: residual reproduce {key} --scale {} --seed {} --fresh", row.scale, row.seed);
    Ok(ExitCode::SUCCESS)
}

fn print(check: &CheckRow) {
    let CheckRow { measured, ci_low, ci_high, accept_low, accept_high, n, .. } = check;
    println!(
        "  {:<15} {}: {measured:.4e} in [{ci_low:.4e}, {ci_high:.4e}], accepted [{accept_low:.4e}, {accept_high:.4e}], n = {n}",
        check.verdict.to_string(),
        check.check
    );
}
