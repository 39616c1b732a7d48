//! Typed rows: a struct whose doc comments are the meaning of its CSV columns.

use csv::StringRecord;
pub use erased_serde::Serialize as Cell;
use serde::{Serialize, de::DeserializeOwned};

/// One CSV column: its name and its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The name in the header line.
    pub name: &'static str,
    /// The doc comment of the field. A unit stands in square brackets at its end.
    pub doc: &'static str,
}

impl Column {
    /// What the column holds.
    pub fn meaning(&self) -> &'static str {
        self.split().0
    }

    /// The unit; empty for pure numbers and text.
    pub fn unit(&self) -> &'static str {
        self.split().1
    }

    fn split(&self) -> (&'static str, &'static str) {
        let doc = self.doc.trim();
        doc.strip_suffix(']').and_then(|d| d.rsplit_once('[')).map_or((doc, ""), |(m, u)| (m.trim(), u))
    }
}

/// A flat struct that is one row, or the leading part of one row, of a table. Made by [`record!`](crate::record).
pub trait Record: Serialize + Clone + Send + Sync + 'static {
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [Column];
    /// The fields, in the same order.
    fn cells(&self) -> Vec<&dyn Cell>;
    /// The row whose fields are the next cells.
    fn read(cells: &mut Cells<'_>) -> Result<Self, String>;
}

/// The cells of a CSV line that are still to be read.
pub struct Cells<'a> {
    rest: csv::StringRecordIter<'a>,
    cell: StringRecord,
}

impl<'a> Cells<'a> {
    /// All cells of a line.
    pub fn new(line: &'a StringRecord) -> Self {
        Self { rest: line.iter(), cell: StringRecord::new() }
    }

    /// The next cell, which belongs to `column`.
    pub fn next<T: DeserializeOwned>(&mut self, column: &str) -> Result<T, String> {
        let text = self.rest.next().ok_or_else(|| format!("no cell for `{column}`"))?;
        self.cell.clear();
        self.cell.push_field(text);
        self.cell.deserialize(None).map_err(|_| format!("`{text}` is not a value of `{column}`"))
    }
}

/// Declares a [`Record`]. Every field needs a doc comment, which becomes the column's entry in `schema.json`.
///
/// ```
/// suites::record! {
///     /// One run.
///     pub struct Run {
///         /// Order of the matrix.
///         pub d: usize,
///         /// Largest principal angle. [rad]
///         pub angle: f64,
///     }
/// }
/// use suites::harness::record::Record;
/// assert_eq!(Run::COLUMNS[1].meaning(), "Largest principal angle.");
/// assert_eq!(Run::COLUMNS[1].unit(), "rad");
/// ```
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $( $(#[doc = $doc:literal])+ $fvis:vis $field:ident : $ty:ty ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize)]
        $vis struct $name { $( $(#[doc = $doc])+ $fvis $field: $ty ),* }

        impl $crate::harness::record::Record for $name {
            const COLUMNS: &'static [$crate::harness::record::Column] = &[
                $( $crate::harness::record::Column { name: stringify!($field), doc: concat!($($doc),+) } ),*
            ];

            fn cells(&self) -> Vec<&dyn $crate::harness::record::Cell> {
                vec![$( &self.$field ),*]
            }

            fn read(cells: &mut $crate::harness::record::Cells<'_>) -> Result<Self, String> {
                Ok(Self { $( $field: cells.next(stringify!($field))? ),* })
            }
        }
    };
}

/// Cells as one CSV line without its end; floats are written so that reading them back gives the same bits.
pub fn to_line(cells: &[&dyn Cell]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.serialize(cells)?;
    let mut bytes = writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    bytes.pop();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
