//! Points of a user's own: numbers as text, or a NumPy array.

use super::Points;
use crate::Error;

/// Why a file gave no points.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// A line that cannot be read.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Bytes that are not the array that is wanted.
    #[error("not a two-dimensional row-major array of `<f8` or `<f4`: {0}")]
    Array(&'static str),
    /// Numbers that make no points.
    #[error(transparent)]
    Points(#[from] Error),
}

/// Reads one point a line, coordinates separated by commas, semicolons, tabs or blanks; a first line that is not numbers
/// is a heading.
///
/// # Errors
///
/// A cell that is not a finite number, a line with another number of cells than the first, with its number.
pub fn csv(text: &str) -> Result<Points, LoadError> {
    let (mut d, mut n, mut coordinates) = (None, 0, Vec::new());
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let cells = text.split([',', ';', '\t', ' ']).map(str::trim).filter(|cell| !cell.is_empty());
        let numbers: Result<Vec<f64>, &str> = cells.map(|cell| cell.parse().map_err(|_| cell)).collect();
        let numbers = match numbers {
            Ok(numbers) => numbers,
            Err(_) if line == 1 => continue,
            Err(cell) => return Err(LoadError::Line { line, why: format!("`{cell}` is not a number") }),
        };
        if let Some(bad) = numbers.iter().find(|x| !x.is_finite()) {
            return Err(LoadError::Line { line, why: format!("{bad} is not finite") });
        }
        let expected = *d.get_or_insert(numbers.len());
        if numbers.len() != expected {
            return Err(LoadError::Line { line, why: format!("{} numbers instead of {expected}", numbers.len()) });
        }
        coordinates.extend(numbers);
        n += 1;
    }
    Ok(Points::new(n, d.unwrap_or(0), coordinates)?)
}

/// Reads a `.npy` file (format 1 or 2) of a two-dimensional row-major array of doubles or singles, one point a row.
///
/// # Errors
///
/// Another kind of array, a file that is cut short, numbers that are not finite.
pub fn npy(bytes: &[u8]) -> Result<Points, LoadError> {
    let wrong = LoadError::Array;
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(wrong("it does not begin as one"))?;
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        _ => return Err(wrong("an unknown version")),
    };
    let (header, data) =
        rest.get(start..).and_then(|rest| rest.split_at_checked(length)).ok_or(wrong("it is cut short"))?;
    let header = String::from_utf8_lossy(header);
    if !header.contains("'fortran_order': False") {
        return Err(wrong("it is column-major"));
    }
    let shape = header.split("'shape': (").nth(1).and_then(|s| s.split(')').next()).unwrap_or_default();
    let sizes: Vec<usize> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    let [n, d] = sizes[..] else { return Err(wrong("it has not two dimensions")) };
    let coordinates: Vec<f64> = if header.contains("'<f8'") {
        let (numbers, rest) = data.as_chunks();
        if !rest.is_empty() {
            return Err(wrong("it is cut short"));
        }
        numbers.iter().map(|b| f64::from_le_bytes(*b)).collect()
    } else if header.contains("'<f4'") {
        let (numbers, rest) = data.as_chunks();
        if !rest.is_empty() {
            return Err(wrong("it is cut short"));
        }
        numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
    } else {
        return Err(wrong("of another type"));
    };
    Ok(Points::new(n, d, coordinates)?)
}
