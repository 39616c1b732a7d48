//! The generated blocks of a README.

use std::{fs, path::Path};

use serde::Serialize;

use super::{
    claims::{VerdictView, outcome, verdict},
    number::{estimate, limit},
    render,
    speed::SpeedView,
};
use crate::harness::{
    claim::Verdict,
    error::{Error, Result},
    folder::{Folder, replace},
    verdicts::ClaimRow,
};

/// Generated text stands between `<!-- residual:NAME -->` and `<!-- /residual:NAME -->`.
fn markers(name: &str) -> (String, String) {
    (format!("<!-- residual:{name} -->"), format!("<!-- /residual:{name} -->"))
}

/// Replaces the text between `<!-- residual:claims -->` and `<!-- /residual:claims -->` by a table of verdicts.
pub fn splice(readme: &Path, rows: &[ClaimRow]) -> Result<()> {
    put(readme, "claims", &render::readme(Block::new(rows))?)
}

/// Replaces the text between `<!-- residual:peers -->` and `<!-- /residual:peers -->`, where a README has these lines, by
/// the ratios to other libraries that lie beside a result folder.
pub fn splice_peers(readme: &Path, results: &Folder) -> Result<()> {
    let text = fs::read_to_string(readme).map_err(|e| Error::file("read", readme, &e))?;
    match SpeedView::of(results)? {
        Some(speed) if text.contains(&markers("peers").0) => put(readme, "peers", &render::peers(speed)?),
        _ => Ok(()),
    }
}

/// Replaces what stands between the markers.
fn put(readme: &Path, name: &str, block: &str) -> Result<()> {
    let old = fs::read_to_string(readme).map_err(|e| Error::file("read", readme, &e))?;
    let (first, last) = markers(name);
    let missing = |marker: &str| {
        let file = readme.display();
        Error::input(format!("{file} has no line `{marker}`; put it where the table of {name} ends or begins"))
    };
    let begin = old.find(&first).ok_or_else(|| missing(&first))? + first.len();
    let end = begin + old[begin..].find(&last).ok_or_else(|| missing(&last))?;
    let new = format!("{}\n{block}{}", &old[..begin], &old[end..]);
    if new == old { Ok(()) } else { replace(readme, &new) }
}

#[derive(Serialize)]
struct Block {
    command: String,
    /// The folder of the results.
    out: String,
    claims: usize,
    reproduced: usize,
    families: Vec<Family>,
}

/// The claims of a family, folded away under one line.
#[derive(Serialize)]
struct Family {
    name: String,
    reproduced: usize,
    surprises: usize,
    rows: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    claim: String,
    says: String,
    source: String,
    verdict: VerdictView,
    expected: VerdictView,
    surprise: bool,
    statistic: String,
    measured: String,
    limit: String,
    control: Option<VerdictView>,
}

impl Block {
    fn new(rows: &[ClaimRow]) -> Self {
        let out = rows.first().map_or_else(String::new, |row| format!("results/{}", row.scale));
        let option = if out.is_empty() { String::new() } else { format!(" --out {out}") };
        Self {
            command: format!("residual check{option} --readme"),
            out,
            claims: rows.len(),
            reproduced: reproduced(rows),
            families: rows.chunk_by(|a, b| a.family == b.family).map(Family::new).collect(),
        }
    }
}

impl Family {
    fn new(rows: &[ClaimRow]) -> Self {
        Self {
            name: rows.first().map_or_else(String::new, |row| row.family.clone()),
            reproduced: reproduced(rows),
            surprises: rows.iter().filter(|row| !row.as_expected()).count(),
            rows: rows.iter().map(Line::new).collect(),
        }
    }
}

fn reproduced(rows: &[ClaimRow]) -> usize {
    rows.iter().filter(|row| row.verdict == Verdict::Reproduced).count()
}

impl Line {
    fn new(row: &ClaimRow) -> Self {
        let ci = |value: f64| (row.ci_low.unwrap_or(value), row.ci_high.unwrap_or(value));
        Self {
            claim: row.claim.clone(),
            says: row.statement.clone(),
            source: row.source.clone(),
            verdict: verdict(Some(row.verdict)),
            expected: verdict(Some(row.expected)),
            surprise: !row.as_expected(),
            statistic: row.statistic.clone(),
            measured: row.measured.map_or_else(String::new, |value| estimate(value, ci(value))),
            limit: row.threshold.filter(|limit| !limit.is_nan()).map_or_else(String::new, limit),
            control: row.control.map(|control| outcome(Some(control))),
        }
    }
}
