//! Entries of `datasets.toml`.

use std::{collections::HashSet, path::Path};

use serde::{Deserialize, Serialize};

/// An entry of `datasets.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// The name that selects it.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// File name inside the data folder.
    pub file: String,
    /// How the file is written.
    pub format: Format,
    /// Number of rows, a header not counted.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// SHA-256 of the file in lower-case hexadecimal.
    pub sha256: String,
    /// SPDX licence identifier.
    pub licence: String,
    /// Home of the data, and the package with the copy that was taken.
    pub source: String,
    /// How to cite it.
    pub citation: String,
    /// Where to get the file, if it is not committed.
    #[serde(default)]
    pub url: Option<String>,
    /// The columns from left to right, in named groups.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
}

/// How a data file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated numbers.
    Csv,
    /// The same under one line of column names.
    CsvHeader,
    /// Matrix Market, sparse: a row holds row, column (from 1) and value of one entry.
    MatrixMarket,
}

/// Neighbouring columns with one meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name within the data set.
    pub name: String,
    /// Number of columns.
    pub count: usize,
    /// What they hold, with units.
    pub meaning: String,
}

impl Dataset {
    /// Says what contradicts itself.
    pub(super) fn validate(&self) -> Result<(), String> {
        let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        let covered: usize = self.groups.iter().map(|group| group.count).sum();
        if self.rows == 0 || self.columns == 0 {
            Err("rows and columns must be positive".into())
        } else if covered != self.columns {
            Err(format!("the groups cover {covered} of {} columns", self.columns))
        } else if let Some(twice) = repeated(self.groups.iter().map(|group| &group.name)) {
            Err(format!("two groups are called `{twice}`"))
        } else if self.sha256.len() != 64 || !self.sha256.chars().all(hex) {
            Err("sha256 must be 64 lower-case hexadecimal digits".into())
        } else if Path::new(&self.file).file_name() != Some(self.file.as_ref()) {
            Err(format!("file `{}` must be a plain file name", self.file))
        } else {
            Ok(())
        }
    }

    /// How to get the registered file back.
    pub(super) fn remedy(&self, path: &Path) -> String {
        match &self.url {
            Some(url) => format!("download {url} and save it as {}", path.display()),
            None => format!("restore it with `git restore data/{}`", self.file),
        }
    }
}

/// A name that comes twice.
pub(super) fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}
