//! Experiments whose trial is one run of an iteration: a row for the run, and some of its iterates.

use serde::Serialize;

use super::{
    experiment::{Cost, Experiment, Member, Out, Scale, Table, TableSchema},
    record::{Cell, Cells, Record},
    seed::Trial,
};

/// The iterate of runs of which none is kept: their experiment has no table `trajectory`.
#[derive(Debug, Clone, Serialize)]
pub enum NoIterate {}

impl Record for NoIterate {
    const COLUMNS: &'static [super::record::Column] = &[];

    fn cells(&self) -> Vec<&dyn Cell> {
        Vec::new()
    }

    fn read(_: &mut Cells<'_>) -> Result<Self, String> {
        Err("no iterate is kept".into())
    }
}

/// A point that knows how it is run.
pub trait Solve: Record {
    /// What a run leaves.
    type Run: Record;
    /// What is kept of an iterate; [`NoIterate`] if nothing is.
    type Iterate: Record;

    /// The predicted cost of one run that writes this many rows.
    fn cost(&self, rows: u32) -> Cost;
    /// Draws the problem of a trial, solves it, and keeps at most `iterates` iterates.
    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Solved<Self>;
    /// See [`Experiment::company`].
    fn company(&self) -> Option<String> {
        None
    }
    /// Solves for several points of a company; see [`Experiment::run_together`].
    fn solve_together(members: &[(&Self, &Trial<'_>, usize)]) -> Vec<Solved<Self>> {
        members.iter().map(|(point, trial, iterates)| point.solve(trial, *iterates)).collect()
    }
}

/// A run and the iterates kept of it.
pub type Solved<S> = Result<(<S as Solve>::Run, Vec<<S as Solve>::Iterate>), algos::Error>;

/// An [`Experiment`] with the tables `runs` and, if iterates are kept, `trajectory`, for points that know how they are run.
pub trait Runs: Sync + Sized + 'static {
    /// The point.
    type Setting: Solve;
    /// See [`Experiment::KEY`].
    const KEY: &'static str;
    /// See [`Experiment::ABOUT`].
    const ABOUT: &'static str;
    /// One row per run.
    const RUNS: Table<Self, <Self::Setting as Solve>::Run> = Table::new("runs");
    /// Iterates of some runs.
    const TRAJECTORY: Table<Self, <Self::Setting as Solve>::Iterate> = Table::new("trajectory");

    /// See [`Experiment::points`].
    fn points(scale: Scale) -> Vec<Self::Setting>;
    /// See [`Experiment::trials`].
    fn trials(scale: Scale, point: &Self::Setting) -> u32;
    /// At most how many iterates of a trial are kept.
    fn iterates(_point: &Self::Setting, _trial: &Trial<'_>) -> usize {
        0
    }
}

impl<R: Runs> Experiment for R {
    type Point = R::Setting;
    const KEY: &'static str = R::KEY;
    const ABOUT: &'static str = R::ABOUT;
    const TABLES: &'static [TableSchema] = if <R::Setting as Solve>::Iterate::COLUMNS.is_empty() {
        &[R::RUNS.schema()]
    } else {
        &[R::RUNS.schema(), R::TRAJECTORY.schema()]
    };

    fn points(scale: Scale) -> Vec<Self::Point> {
        R::points(scale)
    }

    fn trials(scale: Scale, point: &Self::Point) -> u32 {
        R::trials(scale, point)
    }

    fn cost(point: &Self::Point) -> Cost {
        point.cost(Self::TABLES.len() as u32)
    }

    fn run(point: &Self::Point, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error> {
        put(point.solve(trial, R::iterates(point, trial)), out)
    }

    fn company(point: &Self::Point) -> Option<String> {
        point.company()
    }

    fn run_together(members: &mut [Member<'_, Self>]) -> Vec<Result<(), algos::Error>> {
        let asked: Vec<_> = members.iter().map(|m| (m.point, &m.trial, R::iterates(m.point, &m.trial))).collect();
        let solved = R::Setting::solve_together(&asked);
        members.iter_mut().zip(solved).map(|(member, solved)| put(solved, &mut member.out)).collect()
    }
}

fn put<R: Runs>(solved: Solved<R::Setting>, out: &mut Out<R>) -> Result<(), algos::Error> {
    let (run, iterates) = solved?;
    out.put(R::RUNS, run);
    iterates.into_iter().for_each(|iterate| out.put(R::TRAJECTORY, iterate));
    Ok(())
}
