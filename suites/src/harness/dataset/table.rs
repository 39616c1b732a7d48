//! The numbers of a data set, read from its file.

use std::path::Path;

use faer::{Mat, MatRef};

use super::{DataError, Dataset, Format, Group};

/// The numbers of a data set, all finite.
#[derive(Debug, Clone)]
pub struct DataTable {
    /// All columns: rows × columns, column-major.
    pub values: Mat<f64>,
    groups: Vec<Group>,
}

impl DataTable {
    /// Reads the numbers of a file, whose checksum has been found right.
    pub(super) fn parse(dataset: &Dataset, path: &Path, bytes: &[u8]) -> Result<Self, DataError> {
        let values = match dataset.format {
            Format::MatrixMarket => parse_csv(dataset, path, &entries_of(bytes))?,
            Format::Csv | Format::CsvHeader => parse_csv(dataset, path, bytes)?,
        };
        Ok(Self { values, groups: dataset.groups.clone() })
    }

    /// The columns of a group, as a view.
    pub fn group(&self, name: &str) -> Option<MatRef<'_, f64>> {
        let index = self.groups.iter().position(|group| group.name == name)?;
        let start = self.groups[..index].iter().map(|group| group.count).sum();
        Some(self.values.as_ref().subcols(start, self.groups[index].count))
    }
}

/// The entries of a Matrix Market file as comma-separated lines: what is between blanks, without comments and without the
/// first line of numbers, which holds the sizes. Lines keep their numbers, so that errors point at the file.
pub(super) fn entries_of(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let sizes = text.lines().position(|line| !line.starts_with('%'));
    let line = |(number, line): (usize, &str)| {
        let skipped = line.starts_with('%') || Some(number) == sizes;
        if skipped { String::new() } else { line.split_whitespace().collect::<Vec<_>>().join(",") }
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n").into_bytes()
}

fn parse_csv(dataset: &Dataset, path: &Path, bytes: &[u8]) -> Result<Mat<f64>, DataError> {
    let &Dataset { rows, columns, format, .. } = dataset;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(format == Format::CsvHeader).flexible(true).from_reader(bytes);
    let mut values = Vec::new();
    let mut found = 0;
    for record in reader.records() {
        let record = record.map_err(|source| DataError::Syntax { path: path.to_owned(), source })?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns {
            return Err(DataError::Width { path: path.to_owned(), line, expected: columns, found: record.len() });
        }
        for (column, cell) in record.iter().enumerate() {
            let value = cell.parse().ok().filter(|value: &f64| value.is_finite());
            values.push(value.ok_or_else(|| DataError::Cell {
                path: path.to_owned(),
                line,
                column: column + 1,
                cell: cell.to_owned(),
            })?);
        }
        found += 1;
    }
    if found != rows {
        return Err(DataError::Rows { path: path.to_owned(), expected: rows, found });
    }
    Ok(Mat::from_fn(rows, columns, |i, j| values[i * columns + j]))
}
