//! What other libraries take on the same cases, as page and README show it.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    bar,
    number::{duration, number},
};
use crate::harness::{
    case::Role,
    error::{Error, Result},
    figure::{self, Axis, Bar, Panel},
    folder::Folder,
    ratios::{self, Row},
};

/// The folder of `peers.csv`, beside result folders.
const BESIDE: &str = "peers";
/// The variant that is the paper's pseudo-code.
const REFERENCE: &str = "reference";

/// All cases.
#[derive(Serialize)]
pub struct SpeedView {
    /// The folder of the table, from where the result folder is.
    folder: String,
    /// All cases in one picture.
    overview: String,
    /// From the least to the largest ratio of the fastest peers; empty without any.
    range: String,
    cases: Vec<CaseView>,
}

/// A case with all that solves it, fastest first.
#[derive(Serialize)]
struct CaseView {
    key: String,
    about: String,
    machine: String,
    rounds: usize,
    runs: Vec<RunView>,
    /// What is worth a line: our fastest, our reference, and the fastest peer.
    ours: Option<RunView>,
    reference: Option<RunView>,
    peer: Option<RunView>,
}

/// A contender: its time never without its error.
#[derive(Debug, Clone, Serialize)]
struct RunView {
    name: String,
    role: &'static str,
    time: String,
    ratio: String,
    interval: String,
    error: String,
    bar: String,
    fault: String,
    version: String,
    command: String,
    line: usize,
}

impl SpeedView {
    /// The table that lies beside a result folder, if there is one.
    pub fn of(results: &Folder) -> Result<Option<Self>> {
        let place = results.root().parent().map(|parent| parent.join(BESIDE));
        match place.filter(|place| place.join(ratios::CSV).is_file()) {
            Some(place) => Self::read(&place, format!("../{BESIDE}")),
            None => Ok(None),
        }
    }

    /// The table of a folder, `shown` as what it is called in links.
    pub fn read(folder: &Path, shown: String) -> Result<Option<Self>> {
        let mut cases = Cases::new();
        for (line, row) in (2..).zip(ratios::read(&Folder::open(folder)?)?) {
            cases.entry(row.case.clone()).or_default().push((line, row));
        }
        if cases.is_empty() {
            return Ok(None);
        }
        let peers: Vec<f64> = best(&cases, &|row| row.role == Role::Peer).iter().map(|bar| bar.value).collect();
        let least = peers.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = peers.iter().copied().fold(0.0, f64::max);
        let range = match peers.len() {
            0 => String::new(),
            1 => format!("{}×", number(least)),
            _ => format!("{}× to {}×", number(least), number(largest)),
        };
        let (overview, cases) = (overview(&cases)?, cases.into_values().map(CaseView::new).collect());
        Ok(Some(Self { folder: shown, overview, range, cases }))
    }
}

/// Rows by case, each with its line in the file.
type Cases = BTreeMap<String, Vec<(usize, Row)>>;

/// The fastest of those that are wanted, case by case.
fn best(cases: &Cases, wanted: &dyn Fn(&Row) -> bool) -> Vec<Bar> {
    let least = |rows: &Vec<(usize, Row)>| {
        let own = rows.iter().map(|(_, row)| row).filter(|row| wanted(row));
        let bar = |row: &Row| Some(Bar::from((row.case.clone(), row.ratio?, row.ratio_low.zip(row.ratio_high))));
        own.filter_map(bar).min_by(|a, b| a.value.total_cmp(&b.value))
    };
    cases.values().filter_map(least).collect()
}

/// The fastest peer and the reference of every case, against the fastest algorithm here.
fn overview(cases: &Cases) -> Result<String> {
    let panel = |title: &str, bars: Vec<Bar>| {
        let axis = Axis::log("time over that of the fastest algorithm here");
        (!bars.is_empty()).then(|| Panel::new(title, axis, Axis::category("")).vline(1.0, "fastest here").bars(bars))
    };
    let panels: Vec<_> = [
        panel("Best of other libraries", best(cases, &|row| row.role == Role::Peer)),
        panel("Literal reference", best(cases, &|row| row.implementation == REFERENCE)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let alt =
        "For each case, the time of the fastest peer and of the reference over that of the fastest algorithm here.";
    figure::svg("Speed, case by case", alt, &panels).map_err(|e| Error::broken(format!("figure of peers: {e}")))
}

impl CaseView {
    fn new(mut rows: Vec<(usize, Row)>) -> Self {
        let time = |row: &Row| row.ns.unwrap_or(f64::INFINITY);
        rows.sort_by(|(_, a), (_, b)| time(a).total_cmp(&time(b)));
        let ends = rows.iter().flat_map(|(_, row)| [row.ratio_low, row.ratio_high]).flatten();
        let ends = ends.fold((1.0f64, 1.0f64), |(low, high), x| (low.min(x), high.max(x)));
        let view = |(line, row): &(usize, Row)| RunView::new(*line, row, ends);
        let first =
            |wanted: &dyn Fn(&Row) -> bool| rows.iter().find(|(_, row)| row.ns.is_some() && wanted(row)).map(view);
        let ours = |row: &Row| row.role == Role::Algorithm;
        let text = |pick: fn(&Row) -> &String| {
            rows.iter().find(|(_, r)| ours(r)).map_or_else(String::new, |(_, r)| pick(r).clone())
        };
        Self {
            key: text(|row| &row.case),
            about: text(|row| &row.about),
            machine: text(|row| &row.machine),
            rounds: rows.iter().map(|(_, row)| row.rounds).max().unwrap_or(0),
            ours: first(&ours),
            reference: first(&|row| ours(row) && row.implementation == REFERENCE),
            peer: first(&|row| row.role == Role::Peer),
            runs: rows.iter().map(view).collect(),
        }
    }
}

impl RunView {
    fn new(line: usize, row: &Row, ends: (f64, f64)) -> Self {
        let text = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(String::new, show);
        let ci = row.ratio_low.zip(row.ratio_high);
        Self {
            name: row.implementation.clone(),
            role: row.role.word(),
            time: text(row.ns, duration),
            ratio: text(row.ratio, |ratio| format!("{}×", number(ratio))),
            interval: ci
                .filter(|(low, high)| low < high)
                .map_or_else(String::new, |(low, high)| format!("[{}, {}]", number(low), number(high))),
            error: text(row.error, number),
            bar: row.ratio.zip(ci).map_or_else(String::new, |(ratio, ci)| bar::ratio(ratio, ci, ends)),
            fault: row.fault.clone(),
            version: row.version.clone(),
            command: row.command.clone(),
            line,
        }
    }
}
