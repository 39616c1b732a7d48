//! CSV files as plain cells: what commands read that know no row types.

use csv::StringRecord;

use super::{
    error::{Error, Result},
    folder::Folder,
};

/// A CSV file.
#[derive(Debug)]
pub struct Cells {
    /// The names of the columns.
    pub columns: StringRecord,
    /// The rows, each with the number of the line that it begins on.
    pub rows: Vec<(u64, StringRecord)>,
}

impl Cells {
    /// Reads a file of a result folder.
    pub fn read(folder: &Folder, file: &str) -> Result<Self> {
        let bytes = folder.read(file)?;
        Self::parse(&bytes)
            .map_err(|e| Error::input(format!("{} cannot be read: {e}; restore the file", folder.path(file).display())))
    }

    /// Reads the bytes of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, csv::Error> {
        let mut reader = csv::Reader::from_reader(bytes);
        let columns = reader.headers()?.clone();
        let line = |row: StringRecord| (row.position().map_or(0, csv::Position::line), row);
        let rows = reader.records().map(|row| row.map(line)).collect::<Result<_, _>>()?;
        Ok(Self { columns, rows })
    }

    /// The index of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// The cells of a line without a header.
pub fn split(line: &str) -> StringRecord {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    reader.records().find_map(Result::ok).unwrap_or_default()
}

/// Lines of cells as an aligned text, the first cell of each to the left and numbers to the right.
pub fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |line: &Vec<String>, column: usize| line.get(column).map_or(0, |cell| cell.chars().count());
    let width: Vec<usize> = (0..columns).map(|c| lines.iter().map(|l| cell(l, c)).max().unwrap_or(0)).collect();
    let pad = |(cell, &width): (&String, &usize)| match cell.parse::<f64>() {
        Ok(_) => format!("{cell:>width$}"),
        Err(_) => format!("{cell:<width$}"),
    };
    let text = |line: &Vec<String>| line.iter().zip(&width).map(pad).collect::<Vec<_>>().join("  ");
    lines.iter().map(|line| format!("{}\n", text(line).trim_end())).collect()
}
