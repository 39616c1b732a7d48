//! `residual check`: verdicts, figures and report from the tables alone.

use std::{path::Path, process::ExitCode};

use crate::{
    commands::{
        reproduce::{status, verdict_line},
        summary::summary,
    },
    harness::{
        error::{Error, Result},
        folder::Folder,
        judge::Bench,
        paper::Paper,
        progress::say,
        provenance::Provenance,
        report,
    },
};

/// Judges everything in a folder again. The tables must be what a run wrote.
pub fn check(papers: &'static [&'static Paper], out: &Path, readme: bool, png: bool) -> Result<ExitCode> {
    let folder = Folder::open(out)?;
    let _lock = folder.lock()?;
    let provenance = Provenance::read(&folder)?
        .ok_or_else(|| Error::input(format!("{} has no provenance.json: no run ended there", out.display())))?;
    provenance.verify(&folder)?;
    let mut bench = Bench::check(&folder, papers, provenance);
    bench.judge()?.iter().for_each(|row| say(&verdict_line(row)));
    bench.draw()?;
    if png {
        bench.rasterise()?;
    }
    let rows = bench.write()?;
    if readme {
        report::splice(Path::new("README.md"), &rows)?;
        report::splice_peers(Path::new("README.md"), &folder)?;
    }
    say(&summary(&bench, None));
    Ok(status(&bench))
}
