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
    /// Performance profiles.
    profile: String,
    /// From the least to the largest ratio of the fastest peers; empty without any.
    range: String,
    /// How many cases have a peer.
    contested: usize,
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
        let (overview, profile) = (overview(&cases)?, profile(&cases)?);
        let cases = cases.into_values().map(CaseView::new).collect();
        Ok(Some(Self { folder: shown, overview, profile, range, contested: peers.len(), cases }))
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

/// Who an implementation belongs to; none for bounds and for what has less precision than the others.
fn side(row: &Row) -> Option<&str> {
    match row.role {
        Role::Algorithm if row.implementation == REFERENCE => Some("literal reference"),
        Role::Algorithm => Some("Residual"),
        Role::Peer => row.implementation.split('_').next(),
        Role::Single | Role::Other | Role::Bound => None,
    }
}

/// For each side, how many times slower than the fastest of all its best is, case by case, in ascending order.
fn slowdowns(cases: &Cases) -> BTreeMap<&str, Vec<f64>> {
    let mut sides: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for rows in cases.values() {
        let mut best: BTreeMap<&str, f64> = BTreeMap::new();
        for (side, ratio) in rows.iter().filter_map(|(_, row)| Some((side(row)?, row.ratio?))) {
            let least = best.entry(side).or_insert(ratio);
            *least = least.min(ratio);
        }
        let fastest = best.values().copied().fold(f64::INFINITY, f64::min);
        best.into_iter().for_each(|(side, ratio)| sides.entry(side).or_default().push(ratio / fastest));
    }
    sides.values_mut().for_each(|all| all.sort_by(f64::total_cmp));
    sides
}

/// The share of the cases that a side solves within a factor of the fastest, over that factor: of the cases in which it
/// takes part.
fn profile(cases: &Cases) -> Result<String> {
    let sides = slowdowns(cases);
    let last = 1.5 * sides.values().flatten().copied().fold(1.0, f64::max);
    let mut panel = Panel::new(
        "Cases in which a library takes part",
        Axis::log("time over that of the fastest").range(1.0, last),
        Axis::linear("share solved within it").range(0.0, 1.0),
    );
    for (side, all) in sides {
        let (mut points, mut share) = (vec![(1.0, 0.0)], 0.0);
        for (solved, &slowdown) in (1..).zip(&all) {
            points.push((slowdown, share));
            share = f64::from(solved) / all.len() as f64;
            points.push((slowdown, share));
        }
        points.push((last, share));
        panel = panel.line(format!("{side} ({})", all.len()), points);
    }
    let alt = "For each library, the share of the cases in which it takes part that it solves within a factor of the \
               fastest, over that factor. The number of cases stands beside its name.";
    figure::svg("Performance profiles", alt, &[panel]).map_err(|e| Error::broken(format!("figure of profiles: {e}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &str, implementation: &str, role: Role, ratio: f64) -> (usize, Row) {
        let text = String::new;
        let row = Row {
            case: case.into(),
            about: text(),
            implementation: implementation.into(),
            role,
            ns: Some(1e6 * ratio),
            ratio: Some(ratio),
            ratio_low: None,
            ratio_high: None,
            error: Some(1e-15),
            rounds: 5,
            fault: text(),
            version: text(),
            command: text(),
            machine: text(),
        };
        (2, row)
    }

    #[test]
    fn a_side_is_judged_by_its_best_in_the_cases_in_which_it_takes_part() {
        let a = vec![
            row("a", REFERENCE, Role::Algorithm, 8.0),
            row("a", "slow", Role::Algorithm, 2.0),
            row("a", "fast", Role::Algorithm, 1.0),
            row("a", "fast_f32", Role::Single, 0.5),
            row("a", "faer_two_products", Role::Peer, 4.0),
            row("a", "faer_one", Role::Peer, 3.0),
            row("a", "streaming_sum", Role::Bound, 0.1),
        ];
        let b = vec![row("b", "fast", Role::Algorithm, 1.0), row("b", "faer_svd", Role::Peer, 0.5)];
        let cases = Cases::from([("a".into(), a), ("b".into(), b)]);
        let sides = slowdowns(&cases);
        assert_eq!(sides["Residual"], [1.0, 2.0]);
        assert_eq!(sides["faer"], [1.0, 3.0]);
        assert_eq!(sides["literal reference"], [8.0]);
        assert_eq!(sides.len(), 3);
    }
}
