//! The generated block of a README.

use std::{fs, io::Write as _, path::Path};

use serde::Serialize;

use super::{
    claims::{VerdictView, outcome, verdict},
    number::{estimate, number},
    render,
};
use crate::harness::{
    claim::Verdict,
    error::{Error, Result},
    verdicts::ClaimRow,
};

/// The lines between which the table of claims stands.
const BEGIN: &str = "<!-- residual:claims -->";
const END: &str = "<!-- /residual:claims -->";

/// Replaces the text between `<!-- residual:claims -->` and `<!-- /residual:claims -->` by a table of verdicts.
pub fn splice(readme: &Path, rows: &[ClaimRow]) -> Result<()> {
    let old = fs::read_to_string(readme).map_err(|e| Error::file("read", readme, &e))?;
    let missing = |marker: &str| {
        let name = readme.display();
        Error::input(format!("{name} has no line `{marker}`; put it where the table of claims ends or begins"))
    };
    let begin = old.find(BEGIN).ok_or_else(|| missing(BEGIN))? + BEGIN.len();
    let end = begin + old[begin..].find(END).ok_or_else(|| missing(END))?;
    let new = format!("{}\n{}{}", &old[..begin], render::readme(Block::new(rows))?, &old[end..]);
    if new == old { Ok(()) } else { replace(readme, &new) }
}

/// Replaces a file as a whole; it keeps its permissions.
fn replace(path: &Path, text: &str) -> Result<()> {
    let fault = |e: &std::io::Error| Error::file("write", path, e);
    // What a link points to is replaced, not the link.
    let path = path.canonicalize().map_err(|e| fault(&e))?;
    let mode = fs::metadata(&path).map_err(|e| fault(&e))?.permissions();
    let beside = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(beside).map_err(|e| fault(&e))?;
    file.write_all(text.as_bytes()).map_err(|e| fault(&e))?;
    file.persist(&path).map(|_| ()).map_err(|e| fault(&e.error))
}

#[derive(Serialize)]
struct Block {
    command: String,
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
        let out = rows.first().map_or_else(String::new, |row| format!(" --out results/{}", row.scale));
        Self {
            command: format!("residual check{out} --readme"),
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
            limit: row.threshold.filter(|limit| !limit.is_nan()).map_or_else(String::new, number),
            control: row.control.map(|control| outcome(Some(control))),
        }
    }
}
