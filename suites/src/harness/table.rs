//! From journals to CSV files: sorted by point, trial and record, and free of clock values.

use std::collections::BTreeMap;

use super::{
    error::{Error, Result},
    experiment::{AnyExperiment, Point, TrialRows},
    folder::Folder,
    journal::Journal,
    record::to_line,
    rows::{OK, header, table_path},
};

/// Writes all tables of an experiment from its journal; returns path and SHA-256 of each. At no time is more than one
/// trial in memory.
pub fn write_tables(
    folder: &Folder,
    paper: &str,
    experiment: &dyn AnyExperiment,
    points: &[Point],
    journal: &Journal,
) -> Result<BTreeMap<String, String>> {
    let mut files = Vec::new();
    for table in experiment.tables() {
        let path = table_path(paper, experiment.key(), table.name);
        let mut file = folder.replace(&path)?;
        file.put(format!("{}\n", header(experiment, table)).as_bytes())?;
        files.push((path, file));
    }
    for (number, point) in (0..).zip(points) {
        for trial in 0..point.trials {
            let tables = lines(experiment, &point.cells, trial, &journal.read(number, trial)?)?;
            for ((_, file), lines) in files.iter_mut().zip(tables) {
                lines.iter().try_for_each(|line| file.put(line.as_bytes()))?;
            }
        }
    }
    files.into_iter().map(|(path, file)| Ok((path, file.finish()?))).collect()
}

/// The CSV lines that a trial leaves in each table; one that failed ends with its error in all of them, so that none looks
/// whole.
pub fn lines(experiment: &dyn AnyExperiment, point: &str, trial: u32, rows: &TrialRows) -> Result<Vec<Vec<String>>> {
    let place = |record: usize| format!("{point},{trial},{record}");
    let put = |lines: &Vec<String>| {
        lines.iter().enumerate().map(|(record, line)| format!("{},{OK},{line}\n", place(record))).collect()
    };
    let mut tables: Vec<Vec<String>> = rows.lines.iter().map(put).collect();
    if let Some(why) = &rows.failure {
        let status = to_line(&[why]).map_err(|e| Error::broken(e.to_string()))?;
        for (lines, table) in tables.iter_mut().zip(experiment.tables()) {
            lines.push(format!("{},{status}{}\n", place(lines.len()), ",".repeat(table.columns.len())));
        }
    }
    Ok(tables)
}
