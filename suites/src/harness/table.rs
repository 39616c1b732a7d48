//! From journals to CSV files: sorted by point, trial and record, and free of clock values.

use std::collections::BTreeMap;

use super::{
    error::{Error, Result},
    experiment::{AnyExperiment, Point, TrialRows},
    folder::{Folder, Replacement},
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
            put_trial(&mut files, experiment, &point.cells, trial, &journal.read(number, trial)?)?;
        }
    }
    files.into_iter().map(|(path, file)| Ok((path, file.finish()?))).collect()
}

fn put_trial(
    files: &mut [(String, Replacement)],
    experiment: &dyn AnyExperiment,
    point: &str,
    trial: u32,
    rows: &TrialRows,
) -> Result<()> {
    for ((_, file), lines) in files.iter_mut().zip(&rows.lines) {
        for (record, line) in lines.iter().enumerate() {
            file.put(format!("{point},{trial},{record},{OK},{line}\n").as_bytes())?;
        }
    }
    if let (Some(why), Some((_, file)), Some(table)) = (&rows.failure, files.first_mut(), experiment.tables().first()) {
        let status = to_line(&(why,)).map_err(|e| Error::broken(e.to_string()))?;
        let record = rows.lines.first().map_or(0, Vec::len);
        let empty = ",".repeat(table.columns.len());
        file.put(format!("{point},{trial},{record},{status}{empty}\n").as_bytes())?;
    }
    Ok(())
}
