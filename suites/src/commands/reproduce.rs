//! `residual reproduce`: from seeds to verdicts.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use super::summary::summary;
use crate::harness::{
    error::{Error, Result},
    experiment::Scale,
    folder::Folder,
    judge::Bench,
    paper::Paper,
    progress::{Progress, say},
    provenance::{Build, Machine, Provenance},
    runner::{self, Event, Run, Shard, Unit},
    select::{Selected, select},
    shard::Part,
    verdicts::ClaimRow,
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// How much is run.
    pub scale: Scale,
    /// Master seed.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// The result folder.
    pub out: PathBuf,
    /// Whether what an earlier run left is discarded.
    pub fresh: bool,
    /// Part of the trials.
    pub shard: Shard,
}

/// Runs the selected experiments, then judges, draws and reports.
pub fn reproduce(papers: &'static [&'static Paper], patterns: &[String], order: &Order) -> Result<ExitCode> {
    let started = Instant::now();
    let selected = select(papers, patterns)?;
    let folder = Folder::create(&order.out)?;
    let _lock = folder.lock()?;
    let whole = order.shard == Shard::WHOLE;
    // Before anything is removed.
    if whole { Part::refuse(&folder) } else { Part::refuse_whole(&folder) }?;
    let provenance = provenance(&folder, order, patterns.is_empty())?;
    let run = order.run(&provenance.build);
    let part = Part::of(&run, &selected);
    if !whole {
        part.claim(&folder, order.fresh && patterns.is_empty())?;
        return run_part(&mut open(&selected, &folder, &run)?, &run, order.jobs);
    }
    let units = open(&selected, &folder, &run)?;
    finish(Bench::run(&folder, papers, provenance, &selected)?, units, &run, order.jobs, started)
}

/// Runs what is still to run, writes tables as they become complete, judges, draws and reports.
pub fn finish(
    mut bench: Bench<'_>,
    mut units: Vec<Unit>,
    run: &Run,
    jobs: usize,
    started: Instant,
) -> Result<ExitCode> {
    let stop = interruptible(Second::Ends)?;
    let progress = Progress::new(&units);
    runner::run(&mut units, run, jobs, &stop, |units, event| {
        progress.on(units, &event);
        if let Event::Finished(unit) = event {
            bench.finish(&units[unit])?;
            bench.judge()?.iter().for_each(|row| progress.say(&verdict_line(row)));
        }
        Ok(())
    })?;
    drop(progress);
    bench.judge()?.iter().for_each(|row| say(&verdict_line(row)));
    bench.draw()?;
    bench.write()?;
    say(&summary(&bench, Some(started.elapsed().as_secs_f64())));
    Ok(status(&bench))
}

fn run_part(units: &mut [Unit], run: &Run, jobs: usize) -> Result<ExitCode> {
    let (stop, progress) = (interruptible(Second::Ends)?, Progress::new(units));
    runner::run(units, run, jobs, &stop, |units, event| {
        progress.on(units, &event);
        Ok(())
    })?;
    drop(progress);
    say(&format!("part {} is done; `residual merge` joins the parts", run.shard));
    Ok(ExitCode::SUCCESS)
}

impl Order {
    /// The run that this order asks for, from this executable.
    pub fn run(&self, build: &Build) -> Run {
        let executable = build.executable.clone();
        Run { seed: self.seed, scale: self.scale, shard: self.shard, executable, fresh: self.fresh }
    }
}

/// The provenance of the folder with this command's machine and build. A folder of another seed or scale is taken
/// over only as a whole; what it held is removed.
pub fn provenance(folder: &Folder, order: &Order, whole: bool) -> Result<Provenance> {
    let (machine, build) = (Machine::here(), Build::here()?);
    let command = command_line();
    let (experiments, files) = match Provenance::read(folder)? {
        Some(old) if (old.seed, old.scale) == (order.seed, order.scale) => (old.experiments, old.files),
        Some(old) if whole && order.fresh => {
            old.remove(folder)?;
            Default::default()
        }
        Some(old) => {
            return Err(Error::input(format!(
                "{} holds seed {} at scale {}, not seed {} at scale {}; give --out another folder, or run everything \
                 with --fresh",
                folder.root().display(),
                old.seed,
                old.scale,
                order.seed,
                order.scale
            )));
        }
        None => Default::default(),
    };
    Ok(Provenance { scale: order.scale, seed: order.seed, command, machine, build, experiments, files })
}

/// The command as it was given.
pub fn command_line() -> String {
    std::env::args_os().skip(1).fold("residual".to_owned(), |line, word| format!("{line} {}", word.to_string_lossy()))
}

/// Opens the experiments that are run at this scale.
pub fn open(selected: &[Selected], folder: &Folder, run: &Run) -> Result<Vec<Unit>> {
    let mut units = Vec::new();
    for &selected in selected {
        if !selected.experiment.points(run.scale)?.is_empty() {
            let unit = Unit::open(selected, folder, run)?;
            if unit.journal.damaged > 0 && unit.remaining() > 0 {
                let (name, n) = (selected.name(), unit.journal.damaged);
                eprintln!("{name}: {n} damaged places in the journal; the trials lost there run again");
            }
            units.push(unit);
        }
    }
    Ok(units)
}

/// What a second Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// It ends the process at once: what is journaled is safe.
    Ends,
    /// Nothing: worktrees and processes are being cleaned up, which takes a moment.
    Waits,
}

/// A flag that Ctrl-C and SIGTERM raise.
pub fn interruptible(second: Second) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || match (flag.swap(true, Ordering::Relaxed), second) {
        (false, Second::Ends) => eprintln!("\nstopping when what is running ends; interrupt again to stop at once"),
        (false, Second::Waits) => eprintln!("\nstopping; cleaning up"),
        (true, Second::Ends) => std::process::exit(130),
        (true, Second::Waits) => {}
    };
    ctrlc::set_handler(handler).map_err(|e| Error::broken(format!("cannot handle Ctrl-C: {e}")))?;
    Ok(stop)
}

/// A verdict in one line.
pub fn verdict_line(row: &ClaimRow) -> String {
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.4e}"));
    let mut line = format!("{:<15} {:<34}", row.verdict.to_string(), row.claim);
    if row.measured.is_some() {
        let (m, low, high) = (number(row.measured), number(row.ci_low), number(row.ci_high));
        line += &format!(" {}: {m} [{low}, {high}], limit {}", row.statistic, number(row.threshold));
    }
    if !row.as_expected() {
        line += &format!("  (expected: {})", row.expected);
    }
    line
}

/// 0 if every verdict is as expected, else 1.
pub fn status(bench: &Bench<'_>) -> ExitCode {
    ExitCode::from(u8::from(!bench.as_expected()))
}
