//! Claims and checks as the report shows them.

use serde::Serialize;

use super::{
    bar, experiments,
    model::Source,
    number::{estimate, interval, number, range},
};
use crate::harness::{
    claim::{self, Arm, Claim, ControlOutcome, Kind, Verdict},
    error::Result,
    experiment::Scale,
    history::Change,
    paper::Paper,
    rows::table_path,
    verdicts::{CHECKS, CheckRow, ClaimRow, TIMING_CHECKS},
};

/// A verdict: never told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VerdictView {
    pub key: &'static str,
    pub word: &'static str,
    pub symbol: &'static str,
    rank: u8,
}

/// The view of a verdict; none where the folder holds no verdict on the claim.
pub fn verdict(verdict: Option<Verdict>) -> VerdictView {
    let (key, word, symbol, rank) = match verdict {
        Some(Verdict::NotReproduced) => ("not-reproduced", "not reproduced", "✗", 0),
        Some(Verdict::Inconclusive) => ("inconclusive", "inconclusive", "~", 1),
        Some(Verdict::Reproduced) => ("reproduced", "reproduced", "✓", 2),
        Some(Verdict::Skipped) => ("skipped", "skipped", "–", 3),
        None => ("not-run", "not run", "·", 4),
    };
    VerdictView { key, word, symbol, rank }
}

/// What became of a control.
pub fn outcome(outcome: Option<ControlOutcome>) -> VerdictView {
    let (key, word, symbol, rank) = match outcome {
        Some(ControlOutcome::Persisted) => ("persisted", "persisted", "!", 0),
        Some(ControlOutcome::Vanished) => ("vanished", "vanished", "✓", 1),
        None => ("unjudged", "not judged", "–", 2),
    };
    VerdictView { key, word, symbol, rank }
}

/// How many claims got a verdict.
#[derive(Serialize)]
pub struct Tally {
    verdict: VerdictView,
    count: usize,
}

/// Counts of the verdicts that occur, in a fixed order.
pub fn tallies<'a>(claims: impl Iterator<Item = &'a ClaimView> + Clone) -> Vec<Tally> {
    let all = [Verdict::Reproduced, Verdict::NotReproduced, Verdict::Inconclusive, Verdict::Skipped];
    all.into_iter()
        .map(Some)
        .chain([None])
        .map(|v| Tally { verdict: verdict(v), count: claims.clone().filter(|claim| claim.is(v)).count() })
        .filter(|tally| tally.count > 0)
        .collect()
}

/// Where a statement comes from.
#[derive(Serialize)]
struct SourceView {
    key: &'static str,
    long: &'static str,
}

fn source(source: claim::Source) -> SourceView {
    let long = match source {
        claim::Source::Paper => "read in the paper",
        claim::Source::Recalled => "from memory, not re-read in the paper",
        claim::Source::Derived => "by us, from the paper’s model",
        claim::Source::Ours => "our own finding, not the paper’s",
    };
    SourceView { key: source.name(), long }
}

/// A claim with its verdict and all checks.
#[derive(Serialize)]
pub struct ClaimView {
    key: &'static str,
    paper: &'static str,
    family: &'static str,
    says: &'static str,
    note: &'static str,
    at: &'static str,
    source: SourceView,
    kind: &'static str,
    verdict: VerdictView,
    expected: VerdictView,
    surprise: bool,
    skipped: String,
    statistic: String,
    measured: String,
    limit: String,
    bar: String,
    n: Option<usize>,
    /// Half-widths of the interval between estimate and limit: what the column is sorted by.
    distance: f64,
    own: Vec<CheckView>,
    control: Option<ControlView>,
    tables: Vec<String>,
    history: Vec<Past>,
    reproduce: String,
    why: String,
}

/// A verdict, and the commit that gave it first.
#[derive(Serialize)]
struct Past {
    verdict: VerdictView,
    commit: String,
}

/// A negative control and its outcome.
#[derive(Serialize)]
struct ControlView {
    differs: &'static str,
    must_fail: &'static [&'static str],
    outcome: VerdictView,
    checks: Vec<CheckView>,
}

/// A check.
#[derive(Serialize)]
struct CheckView {
    /// The file that it stands in.
    file: &'static str,
    /// Where it stands there.
    line: usize,
    name: String,
    measured: String,
    interval: String,
    accepted: String,
    n: usize,
    verdict: VerdictView,
    bar: String,
    must_fail: bool,
}

impl ClaimView {
    /// Joins a claim with what the folder says of it.
    pub fn new(from: &Source<'_>, paper: &Paper, claim: &Claim) -> Result<Self> {
        let row = from.row_of(claim.key);
        let scale = from.provenance.scale;
        let checks = from.checks_of(claim.key);
        let must_fail = claim.control.as_ref().map_or(&[][..], |control| control.must_fail);
        let file = if claim.kind == Kind::Timing { TIMING_CHECKS } else { CHECKS };
        let arm = |arm| {
            let rows = checks.iter().filter(move |(_, check)| check.arm == arm);
            rows.map(move |(line, check)| {
                CheckView::new((file, *line), check, arm == Arm::Control && must_fail.contains(&check.check.as_str()))
            })
        };
        let nearest = row.and_then(|row| nearest(row, &checks));
        let skipped = row.is_some_and(|row| row.verdict == Verdict::Skipped);
        let used = claim.experiments.iter().filter_map(|key| paper.experiment(key));
        let tables = used.flat_map(|e| e.tables().iter().map(|t| table_path(paper.key, e.key(), t.name)));
        Ok(Self {
            key: claim.key,
            paper: paper.key,
            family: paper.family,
            says: claim.says,
            note: claim.note,
            at: claim.at,
            source: source(claim.source),
            kind: claim.kind.name(),
            verdict: verdict(row.map(|row| row.verdict)),
            expected: verdict(Some(claim.expected)),
            surprise: row.is_some_and(|row| !row.as_expected()),
            skipped: if skipped { why_skipped(paper, claim, scale)? } else { String::new() },
            statistic: row.map_or_else(String::new, |row| row.statistic.clone()),
            measured: nearest.map_or_else(String::new, |c| estimate(c.measured, (c.ci_low, c.ci_high))),
            limit: nearest.map_or_else(String::new, |c| range((c.accept_low, c.accept_high))),
            bar: nearest.map_or_else(String::new, draw),
            n: nearest.map(|check| check.n),
            distance: nearest.map_or(f64::MAX, |check| distance(check).clamp(f64::MIN, f64::MAX)),
            own: arm(Arm::Claim).collect(),
            control: claim.control.as_ref().map(|control| ControlView {
                differs: control.differs,
                must_fail: control.must_fail,
                outcome: outcome(row.and_then(|row| row.control)),
                checks: arm(Arm::Control).collect(),
            }),
            tables: tables.filter(|file| from.provenance.files.contains_key(file)).collect(),
            history: from.history.iter().filter(|change| change.claim == claim.key).map(Past::new).collect(),
            reproduce: from.reproduce(claim.key),
            why: format!("residual why {}{}", claim.key, from.elsewhere()),
        })
    }

    /// Whether this is the claim's verdict.
    pub fn is(&self, other: Option<Verdict>) -> bool {
        self.verdict == verdict(other)
    }

    /// Whether the verdict is not the expected one.
    pub fn is_surprise(&self) -> bool {
        self.surprise
    }

    /// Whether nothing guards against a judge that always says yes.
    pub fn has_no_control(&self) -> bool {
        self.control.is_none()
    }
}

impl Past {
    fn new(change: &Change) -> Self {
        let (commit, changes) = change.commit.split_once(' ').unwrap_or((&change.commit, ""));
        let short: String = commit.chars().take(10).collect();
        Self { verdict: verdict(Some(change.verdict)), commit: format!("{short} {changes}").trim_end().into() }
    }
}

/// The check whose numbers stand in the claim's row.
fn nearest<'a>(row: &ClaimRow, checks: &[(usize, &'a CheckRow)]) -> Option<&'a CheckRow> {
    let own =
        checks.iter().map(|(_, check)| *check).filter(|check| check.arm == Arm::Claim && check.check == row.statistic);
    own.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn distance(check: &CheckRow) -> f64 {
    let (name, estimate, n) = (String::new(), check.measured, check.n);
    let (ci, accept) = ((check.ci_low, check.ci_high), (check.accept_low, check.accept_high));
    claim::Check { name, estimate, ci, accept, n }.headroom().1
}

fn draw(check: &CheckRow) -> String {
    bar::svg(check.measured, (check.ci_low, check.ci_high), (check.accept_low, check.accept_high))
}

/// The reason that the registry knows; a judge that found too little data is not asked again.
fn why_skipped(paper: &Paper, claim: &Claim, scale: Scale) -> Result<String> {
    for key in claim.experiments {
        if experiments::is_idle(paper, key, scale)? {
            return Ok(format!("`{key}` is not run at scale {scale}"));
        }
    }
    let power = if claim.kind == Kind::Timing { "is not meant to judge times" } else { "has no power to judge it" };
    Ok(format!("scale {scale} {power}"))
}

/// What became of the effect in a check that must fail on the control.
fn gone(check: &CheckRow) -> ControlOutcome {
    let measured = check.n > 0 && check.measured.is_finite();
    let apart = check.verdict == Verdict::NotReproduced;
    if measured && apart { ControlOutcome::Vanished } else { ControlOutcome::Persisted }
}

impl CheckView {
    fn new((file, line): (&'static str, usize), check: &CheckRow, must_fail: bool) -> Self {
        let ci = (check.ci_low, check.ci_high);
        Self {
            file,
            line,
            name: check.check.clone(),
            measured: number(check.measured),
            interval: if ci == (check.measured, check.measured) { String::new() } else { interval(ci) },
            accepted: range((check.accept_low, check.accept_high)),
            n: check.n,
            verdict: if must_fail { outcome(Some(gone(check))) } else { verdict(Some(check.verdict)) },
            bar: draw(check),
            must_fail,
        }
    }
}
