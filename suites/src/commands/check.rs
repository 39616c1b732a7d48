//! `residual check`: verdicts, figures and report from the tables alone.

use std::{collections::BTreeSet, path::Path, process::ExitCode};

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
    provenance.verify(&folder, &BTreeSet::new())?;
    let mut bench = Bench::check(&folder, papers, provenance);
    let lacking = lacking(&folder, &bench.missing()?);
    if readme && let Some(lacking) = &lacking {
        return Err(Error::input(format!("README.md shows whole results only; {lacking}")));
    }
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
    if let Some(lacking) = lacking {
        say(&lacking);
    }
    Ok(status(&bench))
}

/// What to say of experiments that a folder does not hold.
fn lacking(folder: &Folder, missing: &[String]) -> Option<String> {
    let named = match missing {
        [] => return None,
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}"),
    };
    let (root, n) = (folder.root().display(), missing.len());
    let papers: BTreeSet<_> = missing.iter().filter_map(|name| name.split('/').next()).collect();
    let papers = papers.into_iter().collect::<Vec<_>>().join(" ");
    let (experiments, them) = if n == 1 { ("experiment", "it") } else { ("experiments", "them") };
    Some(format!("{root} lacks {n} {experiments} ({named}): `residual reproduce {papers}` runs {them}"))
}
