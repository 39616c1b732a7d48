//! Runs trials in parallel, each at most once, and journals them as they end.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;

use super::{
    error::{Error, Result},
    experiment::{Point, Scale, TrialRows},
    folder::{Folder, sha256},
    journal::{Header, Journal},
    rows::header,
    seed::{Drawn, Trial},
    select::Selected,
    table::write_tables,
};

/// What a power cut may cost.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Which part of all trials is run here: `index` of `count`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// This part.
    pub index: u32,
    /// The number of parts.
    pub count: u32,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// The trials of this part as `(point, trial)`, in the order of the tables. Trials are dealt in turn, so that all
    /// parts get a share of the dear points. Cost: the number of points plus that of the part's trials.
    pub fn trials(self, points: &[Point]) -> impl Iterator<Item = (u32, u32)> {
        let (count, index) = (u64::from(self.count), u64::from(self.index) - 1);
        let mut before = 0;
        (0u32..).zip(points).flat_map(move |(number, point)| {
            let first = (index + count - before % count) % count;
            before += u64::from(point.trials);
            let mine = (first..u64::from(point.trials)).step_by(self.count as usize);
            mine.map(move |trial| (number, trial as u32))
        })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// An experiment with its points and its journal: what is planned and what is done.
pub struct Unit {
    /// The experiment.
    pub selected: Selected,
    /// Its points.
    pub points: Arc<[Point]>,
    /// Its journal.
    pub journal: Journal,
    todo: Vec<Vec<Place>>,
}

/// A point and one of its trials.
type Place = (u32, u32);

/// The identity of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Master seed.
    pub seed: u64,
    /// Scale.
    pub scale: Scale,
    /// Part of the trials.
    pub shard: Shard,
    /// SHA-256 of the executable.
    pub executable: String,
    /// Whether journals are discarded.
    pub fresh: bool,
}

/// The path of an experiment's journal in a result folder.
pub fn journal_path(selected: &Selected) -> String {
    format!("{}.journal", selected.name())
}

impl Run {
    /// The header of an experiment's journal in this run.
    pub fn header(&self, selected: &Selected) -> Header {
        let experiment = selected.experiment;
        let schema = experiment.tables().iter().map(|t| header(experiment, t)).collect::<Vec<_>>().join("\n");
        Header {
            paper: selected.paper.key.to_owned(),
            experiment: experiment.key().to_owned(),
            executable: self.executable.clone(),
            seed: self.seed,
            scale: self.scale,
            schema: sha256(schema.as_bytes()),
            shard: (self.shard.index, self.shard.count),
        }
    }
}

impl Unit {
    /// Opens the experiment in a folder; finds out which of its trials are still to run.
    pub fn open(selected: Selected, folder: &Folder, run: &Run) -> Result<Self> {
        let points: Arc<[Point]> = selected.experiment.points(run.scale)?.into();
        let distinct: BTreeMap<_, _> = points.iter().map(|p| (&p.key, &p.cells)).collect();
        if distinct.len() < points.len() {
            return Err(Error::broken(format!("experiment `{}` lists a point twice", selected.name())));
        }
        let path = folder.path(&journal_path(&selected));
        let journal = Journal::open(&path, &run.header(&selected), run.fresh)?;
        let left = run.shard.trials(&points).filter(|&(point, trial)| !journal.has(point, trial));
        let mut todo = together(&points, left);
        // Longest first, so that no long one is left for the end.
        todo.sort_by(|a, b| flops(&points, b).total_cmp(&flops(&points, a)));
        if selected.experiment.timed() {
            // Round by round, so that a slow minute takes a trial of each point, and not all of one.
            todo.sort_by_key(|places| places[0].1);
        }
        Ok(Self { selected, points, journal, todo })
    }

    /// The number of trials still to run.
    pub fn remaining(&self) -> usize {
        self.todo.iter().map(Vec::len).sum()
    }

    /// Predicted floating-point operations of the trials still to run.
    pub fn flops(&self) -> f64 {
        self.todo.iter().map(|places| flops(&self.points, places)).sum()
    }

    /// Writes the experiment's tables; returns path and SHA-256 of each.
    pub fn write_tables(&self, folder: &Folder) -> Result<BTreeMap<String, String>> {
        write_tables(folder, self.selected.paper.key, self.selected.experiment, &self.points, &self.journal)
    }
}

/// Each trial of a company in one piece, all else by itself.
fn together(points: &[Point], places: impl Iterator<Item = Place>) -> Vec<Vec<Place>> {
    let (mut alone, mut companies) = (Vec::new(), BTreeMap::<_, Vec<Place>>::new());
    for place in places {
        match &points[place.0 as usize].company {
            Some(company) => companies.entry((company, place.1)).or_default().push(place),
            None => alone.push(vec![place]),
        }
    }
    alone.extend(companies.into_values());
    alone
}

/// Predicted floating-point operations of these trials.
fn flops(points: &[Point], places: &[Place]) -> f64 {
    places.iter().map(|place| points[place.0 as usize].cost.flops).sum()
}

/// What the caller of [`run`] is told.
#[derive(Debug)]
pub enum Event {
    /// A trial of unit `unit`, predicted to take `flops`, is in the journal.
    Trial {
        /// Index of the unit.
        unit: usize,
        /// Predicted cost.
        flops: f64,
    },
    /// All trials of the unit with this index are in its journal.
    Finished(usize),
}

/// Runs what is still to run on `jobs` threads, cheapest experiment first; then what measures time, one trial after the
/// other. One thread, the caller's, writes.
pub fn run(
    units: &mut [Unit],
    run: &Run,
    jobs: usize,
    stop: &AtomicBool,
    mut on: impl FnMut(&[Unit], Event) -> Result<()>,
) -> Result<()> {
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by(|&a, &b| units[a].flops().total_cmp(&units[b].flops()));
    let mut left: Vec<usize> = units.iter().map(Unit::remaining).collect();
    let (timed, untimed): (Vec<_>, Vec<_>) = order.iter().partition(|&&u| units[u].selected.experiment.timed());
    let queue =
        |order: &[usize]| Queue::new(order.iter().flat_map(|&u| units[u].todo.iter().cloned().map(move |at| (u, at))));
    let (untimed, timed) = (queue(&untimed), queue(&timed));
    let all: usize = left.iter().sum();
    for &unit in order.iter().filter(|&&u| left[u] == 0) {
        on(units, Event::Finished(unit))?;
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|e| Error::broken(format!("cannot start {jobs} threads: {e}")))?;
    // The workers share the points; the journals stay with the caller.
    let shared: Vec<_> = units.iter().map(|u| (u.selected, Arc::clone(&u.points))).collect();
    let halt = AtomicBool::new(false);
    let (send, receive) = mpsc::sync_channel::<Done>(1024);
    let work = |queue: &Queue, send: &SyncSender<Done>| {
        while !halt.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            let Some((unit, places)) = queue.next() else { break };
            let (selected, points) = &shared[*unit];
            let done = timed_trials(selected, points, places, run.seed);
            if send.send(Done { unit: *unit, done }).is_err() {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let send = send; // dropped with the last worker, which ends `collect`
            pool.broadcast(|_| work(&untimed, &send));
            // Outside of the pool: a trial that wants more threads finds as many as there are cores.
            crate::worker::keep_memory();
            work(&timed, &send);
        });
        let outcome = collect(units, &mut left, receive, &halt, &mut on);
        halt.store(true, Ordering::Relaxed);
        outcome
    })?;
    if stop.load(Ordering::Relaxed) && left.iter().any(|&n| n > 0) {
        let left: usize = left.iter().sum();
        return Err(Error::Interrupted(format!(
            "stopped with {left} of {all} trials to go; what is finished is kept, the same command goes on"
        )));
    }
    Ok(())
}

/// Trials in the order in which they are handed out, each piece of work with its unit.
struct Queue {
    pieces: Vec<(usize, Vec<Place>)>,
    next: AtomicUsize,
}

impl Queue {
    fn new(pieces: impl Iterator<Item = (usize, Vec<Place>)>) -> Self {
        Self { pieces: pieces.collect(), next: AtomicUsize::new(0) }
    }

    fn next(&self) -> Option<&(usize, Vec<Place>)> {
        self.pieces.get(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Finished trials on their way from a worker to the journal.
struct Done {
    unit: usize,
    done: Result<Vec<Finished>>,
}

/// What a trial left, and the seconds that it took.
struct Finished {
    place: Place,
    rows: TrialRows,
    seconds: f64,
}

/// Journals what the workers send, until they end or nothing more can be written. A trial that fails raises `halt`;
/// those that are running with it still end and are kept.
fn collect(
    units: &mut [Unit],
    left: &mut [usize],
    receive: Receiver<Done>,
    halt: &AtomicBool,
    on: &mut impl FnMut(&[Unit], Event) -> Result<()>,
) -> Result<()> {
    let mut outcome = Ok(());
    let mut synced = Instant::now();
    loop {
        match receive.recv_timeout(SYNC_EVERY.saturating_sub(synced.elapsed())) {
            Ok(Done { unit, done: Ok(finished) }) => {
                for Finished { place, rows, seconds } in finished {
                    let owner = &mut units[unit];
                    owner.journal.append(place.0, place.1, seconds, &rows)?;
                    let flops = owner.points[place.0 as usize].cost.flops;
                    left[unit] -= 1;
                    on(units, Event::Trial { unit, flops })?;
                }
                if left[unit] == 0 {
                    units[unit].journal.sync()?;
                    on(units, Event::Finished(unit))?;
                }
            }
            Ok(Done { done: Err(e), .. }) => {
                halt.store(true, Ordering::Relaxed);
                outcome = outcome.and(Err(e));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                units.iter_mut().try_for_each(|unit| unit.journal.sync())?;
                return outcome;
            }
        }
        if synced.elapsed() >= SYNC_EVERY {
            units.iter_mut().try_for_each(|unit| unit.journal.sync())?;
            synced = Instant::now();
        }
    }
}

/// Runs the trials of a piece; a panic in them becomes an error that says which they were. Their time is shared out by
/// the predicted cost.
fn timed_trials(selected: &Selected, points: &[Point], places: &[Place], master: u64) -> Result<Vec<Finished>> {
    let (paper, experiment) = (selected.paper.key, selected.experiment.key());
    let drawn = Drawn::default();
    let members: Vec<_> = places
        .iter()
        .map(|&(point, index)| {
            let point = &points[point as usize];
            (point, Trial { master, paper, experiment, point: &point.key, index, drawn: Some(&drawn) })
        })
        .collect();
    // CPU time of this thread: what other tenants of the machine do does not count.
    let start = ThreadTime::now();
    let rows = catch_unwind(AssertUnwindSafe(|| selected.experiment.run(&members))).map_err(|payload| {
        let cells: Vec<_> = members.iter().map(|(point, _)| format!("({})", point.cells)).collect();
        let (name, cells, index, what) = (selected.name(), cells.join(" or "), places[0].1, panic_message(&*payload));
        Error::broken(format!("{name}, point {cells}, trial {index} panicked: {what}"))
    })??;
    let seconds = start.elapsed().as_secs_f64();
    let (all, even) = (flops(points, places), 1.0 / places.len() as f64);
    let share = |place: &Place| if all > 0.0 { points[place.0 as usize].cost.flops / all } else { even };
    let finished = places.iter().zip(rows);
    Ok(finished.map(|(place, rows)| Finished { place: *place, rows, seconds: seconds * share(place) }).collect())
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::experiment::Cost;

    #[test]
    fn companies_stay_together_trial_by_trial() {
        let cost = Cost { flops: 1.0, memory: 0, rows: 0 };
        let point = |company: Option<&str>| {
            let mut point = Point::unrunnable(3, cost);
            point.company = company.map(str::to_owned);
            point
        };
        let points = [point(Some("a")), point(None), point(Some("b")), point(Some("a"))];
        // The first part of a run that has a trial of the last point already.
        let left = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)];
        let mut pieces = together(&points, left.into_iter());
        pieces.sort();
        let expected = [vec![(0, 0), (3, 0)], vec![(0, 1)], vec![(1, 0)], vec![(1, 1)], vec![(2, 0)], vec![(2, 1)]];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn the_parts_deal_out_every_trial_once() {
        let cost = Cost { flops: 1.0, memory: 0, rows: 0 };
        let point = |trials| Point::unrunnable(trials, cost);
        let points: Vec<Point> = [3, 0, 7, 1, 64].map(point).into();
        let whole: Vec<_> = Shard::WHOLE.trials(&points).collect();
        assert_eq!(whole.len(), 75);
        assert!(whole.is_sorted());
        for count in [1, 2, 3, 5, 75, 80] {
            let parts: Vec<Vec<_>> =
                (1..=count).map(|index| Shard { index, count }.trials(&points).collect()).collect();
            let (least, most) = (parts.iter().map(Vec::len).min(), parts.iter().map(Vec::len).max());
            assert!(most <= least.map(|n| n + 1), "{count} parts of {least:?} to {most:?} trials");
            // Dealt in turn: the first of each part, then the second of each.
            let dealt: Vec<_> =
                (0..75).filter_map(|k| parts[k % count as usize].get(k / count as usize)).copied().collect();
            assert_eq!(dealt, whole, "{count} parts");
        }
    }
}
