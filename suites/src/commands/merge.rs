//! `residual merge`: the parts of a sharded run become one.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use crate::{
    commands::reproduce::{Order, finish, open, provenance},
    harness::{
        error::{Error, Result},
        folder::Folder,
        judge::Bench,
        paper::Paper,
        runner::Shard,
        select::select,
        shard::{Part, join, parts},
    },
};

/// Joins the journals of all parts in `out`, then goes on as an unsharded run that has nothing left to run.
pub fn merge(papers: &'static [&'static Paper], folders: &[PathBuf], out: &Path) -> Result<ExitCode> {
    let started = Instant::now();
    let parts = parts(folders)?;
    let Some((first, part)) = parts.first() else { return Err(Error::input("give the folders of the parts")) };
    let mut selected = select(papers, &[])?;
    let whole = selected.iter().all(|s| part.experiments.contains(&s.name()));
    selected.retain(|s| part.experiments.contains(&s.name()));
    let folder = Folder::create(out)?;
    let _lock = folder.lock()?;
    Part::refuse(&folder)?;
    let (scale, seed, out) = (part.scale, part.seed, out.to_owned());
    let order = Order { scale, seed, jobs: 1, out, fresh: false, shard: Shard::WHOLE };
    let provenance = provenance(&folder, &order, whole)?;
    let run = order.run(&provenance.build);
    if part.executable != run.executable {
        return Err(Error::input(format!(
            "{}: its executable is {:.12}, this one is {:.12}; merge with the executable that ran the parts",
            first.path(crate::harness::shard::FILE).display(),
            part.executable,
            run.executable
        )));
    }
    for &selected in &selected {
        join(&parts, selected, &folder, &run)?;
    }
    let units = open(&selected, &folder, &run)?;
    finish(Bench::run(&folder, papers, provenance, &selected)?, units, &run, 1, started)
}
