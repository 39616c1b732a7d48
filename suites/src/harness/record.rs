//! Typed rows: a struct whose doc comments are the meaning of its CSV columns.

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
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [Column];
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
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        $vis struct $name { $( $(#[doc = $doc])+ $fvis $field: $ty ),* }

        impl $crate::harness::record::Record for $name {
            const COLUMNS: &'static [$crate::harness::record::Column] = &[
                $( $crate::harness::record::Column { name: stringify!($field), doc: concat!($($doc),+) } ),*
            ];
        }
    };
}

/// The CSV cells of a row as one line without its end; floats are written so that reading them back gives the same bits.
pub fn to_line<R: Serialize>(row: &R) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.serialize(row)?;
    let mut bytes = writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    bytes.pop();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
