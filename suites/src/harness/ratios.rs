//! `peers.csv`: how long variants and other libraries take on the same cases, as rows.

use serde::{Deserialize, Serialize};

use super::{
    case::Role,
    error::{Error, Result},
    folder::Folder,
};

/// The file's name.
pub const CSV: &str = "peers.csv";

/// One contender on one case. Numbers are missing where nothing was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Key of the case.
    pub case: String,
    /// The case in a sentence.
    pub about: String,
    /// Variant or peer.
    pub implementation: String,
    /// What it is.
    pub role: Role,
    /// Median nanoseconds of processor time of one run.
    pub ns: Option<f64>,
    /// Their ratio to the fastest of our algorithms: median over rounds.
    pub ratio: Option<f64>,
    /// Lower end of its 95 % interval.
    pub ratio_low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub ratio_high: Option<f64>,
    /// The problem's own error measure; a bound has none.
    pub error: Option<f64>,
    /// Rounds of fresh processes.
    pub rounds: usize,
    /// Why nothing was measured.
    pub fault: String,
    /// Commit, crate or packages.
    pub version: String,
    /// The command that ran it.
    pub command: String,
    /// Processor, SIMD level, compiler.
    pub machine: String,
}

/// Reads the rows of a folder; none if it has no such file.
pub fn read(folder: &Folder) -> Result<Vec<Row>> {
    if !folder.has(CSV) {
        return Ok(Vec::new());
    }
    let bytes = folder.read(CSV)?;
    let rows = csv::Reader::from_reader(bytes.as_slice()).into_deserialize().collect::<Result<Vec<Row>, _>>();
    rows.map_err(|e| Error::input(format!("{}: {e}; move it away", folder.path(CSV).display())))
}
