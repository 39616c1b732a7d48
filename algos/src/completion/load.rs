//! A user's own entries: rating triplets and Matrix Market coordinate files, as text.

use super::{Duplicates, Observations};
use crate::Error;

/// Why a text is not a list of entries.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A line that cannot be read.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// Entries that make no matrix.
    #[error(transparent)]
    Entries(#[from] Error),
}

/// Ratings and the names that rows and columns had in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    /// The entries.
    pub observations: Observations,
    /// The name of each row, in order of first appearance.
    pub rows: Vec<String>,
    /// The name of each column.
    pub columns: Vec<String>,
}

fn fault(line: usize, why: impl Into<String>) -> LoadError {
    LoadError::Line { line, why: why.into() }
}

/// Reads `row, column, value` lines separated by commas, semicolons, tabs, blanks or `::`; further fields are ignored, a
/// first line without a number in third place is a heading. Rows and columns may have any names.
///
/// # Errors
///
/// A line with fewer than three fields or a value that is not a finite number, with its number; then as
/// [`Observations::with_duplicates`].
pub fn ratings(text: &str, duplicates: Duplicates) -> Result<Ratings, LoadError> {
    let mut names = [Vec::new(), Vec::new()];
    let mut numbers = [std::collections::HashMap::new(), std::collections::HashMap::new()];
    let mut triplets = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let fields = fields(text);
        let [row, column, value] = fields.get(..3).and_then(|f| f.try_into().ok()).unwrap_or([""; 3]);
        let Ok(value) = value.parse::<f64>() else {
            if line == 1 && fields.len() >= 3 {
                continue;
            }
            return Err(fault(line, format!("`{text}` is not `row, column, value`")));
        };
        if !value.is_finite() {
            return Err(fault(line, format!("{value} is not a finite number")));
        }
        let mut place = [0; 2];
        for (side, name) in [row, column].into_iter().enumerate() {
            let next = names[side].len();
            let number = *numbers[side].entry(name.to_owned()).or_insert(next);
            if number == next {
                names[side].push(name.to_owned());
            }
            place[side] = u32::try_from(number).map_err(|_| fault(line, "more than 2^32 names"))?;
        }
        triplets.push((place[0], place[1], value));
    }
    let [rows, columns] = names;
    let observations = Observations::with_duplicates(rows.len(), columns.len(), triplets, duplicates)?;
    Ok(Ratings { observations, rows, columns })
}

fn fields(text: &str) -> Vec<&str> {
    if text.contains("::") {
        return text.split("::").map(str::trim).collect();
    }
    match text.find([',', ';', '\t']).and_then(|at| text[at..].chars().next()) {
        Some(separator) => text.split(separator).map(str::trim).collect(),
        None => text.split_whitespace().collect(),
    }
}

/// Reads a Matrix Market file: `coordinate`, `real` or `integer`, `general`, `symmetric` or `skew-symmetric`. Entries
/// that are not stored are unobserved, not zero.
///
/// # Errors
///
/// Another kind of file, a size or entry line that does not fit, with its number; then as
/// [`Observations::with_duplicates`].
pub fn matrix_market(text: &str, duplicates: Duplicates) -> Result<Observations, LoadError> {
    let mut lines = (1..).zip(text.lines());
    let head = lines.next().map(|(_, head)| head.to_ascii_lowercase()).unwrap_or_default();
    let words: Vec<&str> = head.split_whitespace().collect();
    let ["%%matrixmarket", "matrix", "coordinate", "real" | "integer", symmetry] = words[..] else {
        return Err(fault(1, "not a Matrix Market file of real or integer coordinates"));
    };
    let mirror = match symmetry {
        "general" => None,
        "symmetric" => Some(1.0),
        "skew-symmetric" => Some(-1.0),
        other => return Err(fault(1, format!("symmetry `{other}` is not supported"))),
    };
    let mut body = lines.filter(|(_, text)| !text.trim().is_empty() && !text.starts_with('%'));
    let (line, sizes) = body.next().ok_or_else(|| fault(2, "the line of sizes is missing"))?;
    let sizes: Vec<usize> = sizes.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [m, n, count] = sizes[..] else { return Err(fault(line, "not `rows columns entries`")) };
    let mut triplets = Vec::new();
    let mut last = line;
    let mut stored = 0;
    for (line, text) in body {
        let mut words = text.split_whitespace();
        let mut index = || words.next().and_then(|word| word.parse::<u32>().ok()).filter(|&i| i >= 1).map(|i| i - 1);
        let (row, column) = (index(), index());
        let value = words.next().and_then(|word| word.parse::<f64>().ok()).filter(|v| v.is_finite());
        let (Some(row), Some(column), Some(value)) = (row, column, value) else {
            return Err(fault(line, format!("`{text}` is not `row column value`, counted from 1")));
        };
        triplets.push((row, column, value));
        if let (Some(sign), true) = (mirror, row != column) {
            triplets.push((column, row, sign * value));
        }
        (last, stored) = (line, stored + 1);
    }
    if stored != count {
        return Err(fault(last, format!("{stored} entries where the head promises {count}")));
    }
    Ok(Observations::with_duplicates(m, n, triplets, duplicates)?)
}
