//! Why there are no data.

use std::{io, path::PathBuf};

/// Why there are no data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The registry is not the TOML that it should be.
    #[error("datasets.toml: {0}")]
    Registry(#[from] toml::de::Error),
    /// An entry of the registry contradicts itself or another.
    #[error("datasets.toml, data set `{name}`: {why}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// No entry has this name.
    #[error("there is no data set `{name}`; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The file is not there.
    #[error("{} does not exist: {remedy}, or let RESIDUAL_DATA name the folder that holds it", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        remedy: String,
    },
    /// The operating system refuses to read the file.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// The file is not the registered one.
    #[error("{} has SHA-256 {found} instead of {expected}: {remedy}", .path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The registered checksum.
        expected: String,
        /// The checksum of the file.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// The file is not CSV in UTF-8.
    #[error("{} is not CSV: {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: csv::Error,
    },
    /// A row is too short or too long.
    #[error("{}, line {line}: expected {expected} cells, found {found}; file and datasets.toml disagree", .path.display())]
    Width {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The registered number of columns.
        expected: usize,
        /// The number of cells in the line.
        found: usize,
    },
    /// There are too few or too many rows.
    #[error("{}: expected {expected} rows, found {found}; file and datasets.toml disagree", .path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// The registered number of rows.
        expected: usize,
        /// The number of rows in the file.
        found: usize,
    },
    /// A cell holds no finite number.
    #[error("{}, line {line}, column {column}: `{cell}` is not a finite number; correct the file", .path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What it holds.
        cell: String,
    },
}
