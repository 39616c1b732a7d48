//! What the author of a paper writes: points, trials and a pure function from (point, trial) to rows.

use std::{any::Any, fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    error::{Error, Result},
    record::{Cell, Column, Record, to_line},
    seed::{Trial, canonical},
};

/// How much of an experiment is run. The code is the same, only the points and the number of trials differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// At most a minute for everything: what CI runs.
    Smoke,
    /// About ten minutes on two cores: what a newcomer runs and what is committed.
    Default,
    /// The papers' own sizes.
    Full,
}

impl Scale {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Default => "default",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(s: &str) -> std::result::Result<Self, String> {
        [Self::Smoke, Self::Default, Self::Full]
            .into_iter()
            .find(|scale| scale.name() == s)
            .ok_or_else(|| format!("`{s}` is not a scale: smoke, default or full"))
    }
}

/// What one trial is predicted to take. Plans and the order of work come from it; the report sets it against what was
/// measured.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Floating-point operations.
    pub flops: f64,
    /// Bytes held at the peak.
    pub memory: u64,
    /// Rows written over all tables.
    pub rows: u32,
}

/// What the name of a table or figure ends in if there are clock values in it.
pub const TIMED: &str = ".timing";

/// A family of runs of one algorithm: points in its parameter space, seeded trials at each, rows out of each trial.
///
/// [`run`](Experiment::run) is a pure function of (point, trial): no clock, no global state, no output but `out`. Only an
/// experiment with a table whose name ends in [`TIMED`] may look at the clock: its trials run one at a time after all
/// others, on a thread that may use all cores, and its files are left out where bytes are compared.
pub trait Experiment: Sync + Sized + 'static {
    /// The coordinates that change between runs. They are the leading columns of every table.
    type Point: Record;
    /// The key within the paper.
    const KEY: &'static str;
    /// One sentence: what is run and what is measured.
    const ABOUT: &'static str;
    /// The tables that [`run`](Experiment::run) fills. A failed trial leaves a row in each.
    const TABLES: &'static [TableSchema];

    /// The points at a scale, in the order in which tables list them.
    fn points(scale: Scale) -> Vec<Self::Point>;
    /// The number of trials at a point.
    fn trials(scale: Scale, point: &Self::Point) -> u32;
    /// The predicted cost of one trial.
    fn cost(point: &Self::Point) -> Cost;
    /// Runs one trial. An error of the algorithm becomes a row with its status.
    fn run(point: &Self::Point, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error>;
    /// What the point shares with others. Points of one company, which answer alike, are run together in each trial, so
    /// that what they make by [`Trial::shared`] is made once.
    fn company(_point: &Self::Point) -> Option<String> {
        None
    }
    /// Runs one trial of each of these points of a company, where that saves work. What a member leaves must be what
    /// [`run`](Experiment::run) leaves: parts of a run and interrupted runs split companies.
    fn run_together(members: &mut [Member<'_, Self>]) -> Vec<Result<(), algos::Error>> {
        members.iter_mut().map(|member| Self::run(member.point, &member.trial, &mut member.out)).collect()
    }
}

/// A point among others of its company, in one trial.
#[derive(Debug)]
pub struct Member<'a, E: Experiment> {
    /// The point.
    pub point: &'a E::Point,
    /// Its trial.
    pub trial: Trial<'a>,
    /// Where its rows go.
    pub out: Out<E>,
}

/// A table of rows `R` filled by experiment `E`.
#[derive(Debug)]
pub struct Table<E, R> {
    /// The name in the file name `<experiment>.<table>.csv`.
    pub name: &'static str,
    rows: PhantomData<fn() -> (E, R)>,
}

impl<E, R> Clone for Table<E, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, R> Copy for Table<E, R> {}

impl<E, R: Record> Table<E, R> {
    /// A table with this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, rows: PhantomData }
    }

    /// The table without its types.
    pub const fn schema(&self) -> TableSchema {
        TableSchema { name: self.name, columns: R::COLUMNS }
    }
}

/// A table without its types.
#[derive(Debug, Clone, Copy)]
pub struct TableSchema {
    /// The name in the file name.
    pub name: &'static str,
    /// The columns after the point, `trial`, `record` and `status`.
    pub columns: &'static [Column],
}

/// Where a trial puts its rows.
#[derive(Debug)]
pub struct Out<E> {
    sheets: Sheets,
    experiment: PhantomData<fn() -> E>,
}

/// An [`Out`] without its type, so that it is compiled once.
#[derive(Debug)]
struct Sheets {
    tables: &'static [TableSchema],
    /// For each table, the lines put so far.
    lines: Vec<Vec<String>>,
    fault: Option<String>,
}

impl<E: Experiment> Out<E> {
    fn new() -> Self {
        let sheets = Sheets { tables: E::TABLES, lines: vec![Vec::new(); E::TABLES.len()], fault: None };
        Self { sheets, experiment: PhantomData }
    }

    /// Appends a row to a table of this experiment.
    pub fn put<R: Record>(&mut self, table: Table<E, R>, row: R) {
        self.sheets.put(table.name, &row.cells());
    }
}

impl Sheets {
    fn put(&mut self, table: &str, cells: &[&dyn Cell]) {
        match (self.tables.iter().position(|t| t.name == table), to_line(cells)) {
            (Some(index), Ok(line)) => self.lines[index].push(line),
            (None, _) => self.fault = Some(format!("table `{table}` is not in TABLES")),
            (_, Err(e)) => self.fault = Some(format!("a row of table `{table}` has no CSV form: {e}")),
        }
    }

    fn finish(self, failure: Option<String>) -> Result<TrialRows> {
        self.fault.map_or(Ok(TrialRows { lines: self.lines, failure }), |fault| Err(Error::broken(fault)))
    }
}

/// Everything that one trial left: what the journal stores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialRows {
    /// For each table, the lines of cells after `status`.
    pub lines: Vec<Vec<String>>,
    /// The algorithm's error, when it gave one.
    pub failure: Option<String>,
}

/// An [`Experiment`] without its types: what the runner, the plan and the schema need.
pub trait AnyExperiment: Sync {
    /// See [`Experiment::KEY`].
    fn key(&self) -> &'static str;
    /// See [`Experiment::ABOUT`].
    fn about(&self) -> &'static str;
    /// See [`Experiment::TABLES`].
    fn tables(&self) -> &'static [TableSchema];
    /// Whether it measures time.
    fn timed(&self) -> bool {
        self.tables().iter().any(|table| table.name.ends_with(TIMED))
    }
    /// The columns of a point.
    fn point_columns(&self) -> &'static [Column];
    /// The points at a scale.
    fn points(&self, scale: Scale) -> Result<Vec<Point>>;
    /// Runs a trial of each of these points, which are this experiment's and of one company; returns their rows in order.
    fn run(&self, members: &[(&Point, Trial<'_>)]) -> Result<Vec<TrialRows>>;
}

/// A point of an experiment without its type.
pub struct Point {
    /// The cells of the point's columns, as in the CSV file.
    pub cells: String,
    /// The canonical bytes that name its streams.
    pub key: Vec<u8>,
    /// The number of trials.
    pub trials: u32,
    /// The predicted cost of a trial.
    pub cost: Cost,
    /// See [`Experiment::company`].
    pub company: Option<String>,
    typed: Box<dyn Any + Send + Sync>,
}

impl Point {
    /// A point that only counts its trials.
    #[cfg(test)]
    pub(super) fn unrunnable(trials: u32, cost: Cost) -> Self {
        Self { cells: String::new(), key: Vec::new(), trials, cost, company: None, typed: Box::new(()) }
    }
}

impl<E: Experiment> AnyExperiment for E {
    fn key(&self) -> &'static str {
        E::KEY
    }

    fn about(&self) -> &'static str {
        E::ABOUT
    }

    fn tables(&self) -> &'static [TableSchema] {
        E::TABLES
    }

    fn point_columns(&self) -> &'static [Column] {
        E::Point::COLUMNS
    }

    fn points(&self, scale: Scale) -> Result<Vec<Point>> {
        E::points(scale).into_iter().map(|point| prepare::<E>(scale, point)).collect()
    }

    fn run(&self, members: &[(&Point, Trial<'_>)]) -> Result<Vec<TrialRows>> {
        let mut members = members
            .iter()
            .map(|&(point, trial)| {
                let point = point.typed.downcast_ref().ok_or_else(|| Error::broken("a point of another experiment"))?;
                Ok(Member { point, trial, out: Out::<E>::new() })
            })
            .collect::<Result<Vec<_>>>()?;
        let failures = match &mut members[..] {
            [Member { point, trial, out }] => vec![E::run(point, trial, out)],
            all => E::run_together(all),
        };
        if failures.len() != members.len() {
            let (ended, all) = (failures.len(), members.len());
            return Err(Error::broken(format!("`run_together` of `{}` ended {ended} of {all} trials", E::KEY)));
        }
        let rows = members.into_iter().zip(failures);
        rows.map(|(member, failure)| member.out.sheets.finish(failure.err().map(|e| e.to_string()))).collect()
    }
}

fn prepare<E: Experiment>(scale: Scale, point: E::Point) -> Result<Point> {
    let (cells, key) = name(E::KEY, &point.cells(), &point)?;
    let (trials, cost, company) = (E::trials(scale, &point), E::cost(&point), E::company(&point));
    Ok(Point { cells, key, trials, cost, company, typed: Box::new(point) })
}

/// A point's cells in its tables, and the bytes that name its streams.
fn name(experiment: &str, cells: &[&dyn Cell], point: &dyn Cell) -> Result<(String, Vec<u8>)> {
    let fault = |e: &dyn fmt::Display| Error::broken(format!("experiment `{experiment}`: {e}"));
    Ok((to_line(cells).map_err(|e| fault(&e))?, canonical(point).map_err(|e| fault(&e))?))
}
