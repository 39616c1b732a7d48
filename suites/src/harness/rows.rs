//! Typed rows, read back from the CSV files of a result folder: all that judges and figures ever see.

use super::{
    claim::Unjudged,
    error::{Error, Result},
    experiment::{AnyExperiment, Experiment, Table, TableSchema},
    folder::Folder,
    record::{Cells, Record},
};

/// The status of a row that an algorithm returned without an error.
pub const OK: &str = "ok";

/// The columns between the point and the record.
pub const MIDDLE: [(&str, &str); 3] = [
    ("trial", "Number of the trial at this point; it names the random streams."),
    ("record", "Number of the row within the trial."),
    ("status", "`ok`, or the error that the algorithm gave; then the columns that follow are empty."),
];

/// The tables of one paper in a result folder.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    folder: &'a Folder,
    paper: &'a str,
}

/// One row: its point, its place, and the record, or the error that took its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<P, R> {
    /// The point.
    pub point: P,
    /// The number of the trial.
    pub trial: u32,
    /// The number of the row within the trial.
    pub record: u32,
    /// The record, or the status of the failed trial.
    pub value: Result<R, String>,
}

/// The path of a table in a result folder.
pub fn table_path(paper: &str, experiment: &str, table: &str) -> String {
    format!("{paper}/{experiment}.{table}.csv")
}

/// The header line of a table.
pub fn header(experiment: &dyn AnyExperiment, table: &TableSchema) -> String {
    let names = |columns: &[super::record::Column]| columns.iter().map(|c| c.name).collect::<Vec<_>>();
    let middle = MIDDLE.iter().map(|(name, _)| *name).collect();
    [names(experiment.point_columns()), middle, names(table.columns)].concat().join(",")
}

impl<'a> Rows<'a> {
    /// The tables of `paper` in `folder`.
    pub fn new(folder: &'a Folder, paper: &'a str) -> Self {
        Self { folder, paper }
    }

    /// All rows of a table, failures included, in the order of the file.
    pub fn of<E: Experiment + Default, R: Record>(
        &self,
        table: Table<E, R>,
    ) -> Result<Vec<Row<E::Point, R>>, Unjudged> {
        let mut rows = Vec::new();
        self.read(&E::default(), &table.schema(), &mut |mut cells| {
            let point = Record::read(&mut cells)?;
            let [trial, record] = [cells.next(MIDDLE[0].0)?, cells.next(MIDDLE[1].0)?];
            let status: String = cells.next(MIDDLE[2].0)?;
            let value = if status == OK { Ok(R::read(&mut cells)?) } else { Err(status) };
            rows.push(Row { point, trial, record, value });
            Ok(())
        })?;
        Ok(rows)
    }

    /// Gives `each` the lines of a table, once its header is as expected. Without types, so that it is compiled once.
    fn read(
        &self,
        experiment: &dyn AnyExperiment,
        table: &TableSchema,
        each: &mut dyn FnMut(Cells<'_>) -> Result<(), String>,
    ) -> Result<(), Unjudged> {
        let path = table_path(self.paper, experiment.key(), table.name);
        let bytes = self.folder.read(&path)?;
        let fault = |line: u64, what: &str| {
            Error::input(format!(
                "{}, line {line}: {what}; restore the file or run `residual reproduce {} --fresh`",
                self.folder.path(&path).display(),
                experiment.key()
            ))
        };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        let mut records = reader.records();
        let expected = header(experiment, table);
        let found = records.next().transpose().map_err(|e| fault(1, &e.to_string()))?.unwrap_or_default();
        if found.iter().collect::<Vec<_>>().join(",") != expected {
            return Err(fault(1, &format!("the columns are not `{expected}`")).into());
        }
        let width = found.len();
        for (line, record) in (2..).zip(records) {
            let record = record.map_err(|e| fault(line, &e.to_string()))?;
            if record.len() != width {
                return Err(fault(line, &format!("{} cells instead of {width}", record.len())).into());
            }
            each(Cells::new(&record)).map_err(|what| fault(line, &what))?;
        }
        Ok(())
    }
}

/// The records of the trials that succeeded, with their points and trial numbers.
pub fn succeeded<P, R>(rows: &[Row<P, R>]) -> impl Iterator<Item = (&P, u32, &R)> {
    rows.iter().filter_map(|row| row.value.as_ref().ok().map(|value| (&row.point, row.trial, value)))
}
