//! Experiments as the report shows them: effort, files, and failures as rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    model::Source,
    number::{bytes, count, number, seconds},
};
use crate::harness::{
    error::{Error, Result},
    experiment::{AnyExperiment, Scale},
    paper::Paper,
    provenance::Made,
    rows::{OK, table_path},
};

/// An experiment.
#[derive(Serialize)]
pub struct ExperimentView {
    name: &'static str,
    about: &'static str,
    points: usize,
    /// What was run; nothing if the folder does not hold the experiment.
    run: Option<RunView>,
    tables: Vec<TableView>,
    reproduce: String,
}

/// What running an experiment took.
#[derive(Serialize)]
struct RunView {
    trials: String,
    core_seconds: String,
    predicted: String,
    rate: String,
    /// The commit, when it is not that of the last command.
    commit: String,
}

/// A CSV file.
#[derive(Serialize)]
struct TableView {
    file: String,
    size: String,
    rows: String,
    failed: usize,
    /// The errors that took the place of rows, with how often each came.
    failures: Vec<(String, usize)>,
    /// The command that makes a row again: the first that failed, else the first.
    rerun: String,
}

/// How many different errors are told of one file.
const ERRORS: usize = 5;

impl ExperimentView {
    /// Joins an experiment with what the folder holds of it.
    pub fn new(from: &Source<'_>, paper: &Paper, experiment: &dyn AnyExperiment) -> Result<Self> {
        let name = format!("{}/{}", paper.key, experiment.key());
        let files = experiment.tables().iter().map(|table| table_path(paper.key, experiment.key(), table.name));
        let files = files.filter(|file| from.provenance.files.contains_key(file));
        let made = from.provenance.experiments.get(&name);
        Ok(Self {
            name: experiment.key(),
            about: experiment.about(),
            points: experiment.points(from.provenance.scale)?.len(),
            run: made.map(|made| RunView::new(made, from.provenance.build.commit.as_deref())),
            tables: files.map(|file| TableView::new(from, file)).collect::<Result<_>>()?,
            reproduce: from.reproduce(&name),
        })
    }

    /// Trials that ended in an error, each of which is a row of every table.
    pub fn failed(&self) -> usize {
        self.tables.first().map_or(0, |table| table.failed)
    }
}

/// Whether an experiment has no points at a scale.
pub fn is_idle(paper: &Paper, key: &str, scale: Scale) -> Result<bool> {
    paper.experiment(key).map_or(Ok(false), |e| Ok(e.points(scale)?.is_empty()))
}

impl RunView {
    fn new(made: &Made, last: Option<&str>) -> Self {
        let rate = made.flops / made.core_seconds;
        let commit = made.commit.as_deref().filter(|commit| Some(*commit) != last);
        Self {
            trials: count(made.trials as u64),
            core_seconds: seconds(made.core_seconds),
            predicted: format!("{} flops", number(made.flops)),
            rate: if rate.is_finite() { format!("{} Gflop/s", number(rate / 1e9)) } else { String::new() },
            commit: commit.map_or_else(String::new, |commit| commit.chars().take(10).collect()),
        }
    }
}

impl TableView {
    fn new(from: &Source<'_>, file: String) -> Result<Self> {
        let text = from.folder.read(&file)?;
        let fault =
            |e: csv::Error| Error::input(format!("{}: {e}; restore the file", from.folder.path(&file).display()));
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let status = reader.headers().map_err(fault)?.iter().position(|name| name == "status");
        let (mut rows, mut failures) = (0u64, BTreeMap::<String, usize>::new());
        let mut first_failed = None;
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(fault)? {
            rows += 1;
            let status = status.and_then(|at| record.get(at)).unwrap_or(OK.as_bytes());
            if status != OK.as_bytes() {
                first_failed = first_failed.or(record.position().map(csv::Position::line));
                *failures.entry(String::from_utf8_lossy(status).into_owned()).or_default() += 1;
            }
        }
        let failed = failures.values().sum();
        let mut failures: Vec<_> = failures.into_iter().collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.1));
        failures.truncate(ERRORS);
        let table = file.strip_suffix(".csv").unwrap_or(&file);
        let rerun = format!("residual rerun {table}:{}{}", first_failed.unwrap_or(2), from.elsewhere());
        Ok(Self { size: bytes(text.len() as u64), rows: count(rows), failed, failures, rerun, file })
    }
}
