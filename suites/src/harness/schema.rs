//! `schema.json`: what every column of every CSV file means.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    error::{Error, Result},
    folder::Folder,
    history,
    paper::Paper,
    provenance::Provenance,
    record::{Column, Record},
    rows::{MIDDLE, table_path},
    verdicts::{CHECKS, CLAIMS, CheckRow, ClaimRow, TIMING_CHECKS, TIMING_CLAIMS},
};

/// The file's name.
pub const FILE: &str = "schema.json";

/// One column in `schema.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    name: &'static str,
    meaning: &'static str,
    unit: &'static str,
}

impl From<&Column> for Entry {
    fn from(column: &Column) -> Self {
        Self { name: column.name.trim_start_matches("r#"), meaning: column.meaning(), unit: column.unit() }
    }
}

/// The columns of every CSV file of a folder, by path.
pub fn columns(papers: &[&Paper], provenance: &Provenance) -> BTreeMap<String, Vec<Entry>> {
    let entries = |columns: &[Column]| columns.iter().map(Entry::from).collect::<Vec<_>>();
    let middle = || MIDDLE.iter().map(|&(name, meaning)| Entry { name, meaning, unit: "" });
    let mut files = BTreeMap::from([
        (CLAIMS.to_owned(), entries(ClaimRow::COLUMNS)),
        (TIMING_CLAIMS.to_owned(), entries(ClaimRow::COLUMNS)),
        (CHECKS.to_owned(), entries(CheckRow::COLUMNS)),
        (TIMING_CHECKS.to_owned(), entries(CheckRow::COLUMNS)),
        (history::FILE.to_owned(), entries(history::Change::COLUMNS)),
    ]);
    for paper in papers {
        for experiment in paper.experiments {
            for table in experiment.tables() {
                let path = table_path(paper.key, experiment.key(), table.name);
                if provenance.files.contains_key(&path) {
                    let point = entries(experiment.point_columns()).into_iter();
                    files.insert(path, point.chain(middle()).chain(entries(table.columns)).collect());
                }
            }
        }
    }
    files
}

/// Writes `schema.json`.
pub fn write(folder: &Folder, papers: &[&Paper], provenance: &Provenance) -> Result<()> {
    let text = serde_json::to_string_pretty(&columns(papers, provenance)).map_err(|e| Error::broken(e.to_string()))?;
    folder.write(FILE, format!("{text}\n").as_bytes()).map(|_| ())
}
