//! The observed entries, once by rows and once by columns.

use super::components::components;
use crate::error::{Error, InputError, argument};

/// What to do with a position that is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// An error.
    #[default]
    Refuse,
    /// Their mean.
    Mean,
    /// The one given last.
    Last,
}

/// One order of the entries: line `i` holds `index[start[i]..start[i+1]]`, ascending, and the values beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    start: Vec<usize>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Lines {
    /// The number of lines.
    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Positions and values of line `i`.
    pub fn line(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.start[i]..self.start[i + 1];
        (&self.index[range.clone()], &self.value[range])
    }

    /// The number of entries of line `i`.
    pub fn count(&self, i: usize) -> usize {
        self.start[i + 1] - self.start[i]
    }

    /// Where line `i` starts among all entries; `start(len())` is the number of entries.
    pub fn start(&self, i: usize) -> usize {
        self.start[i]
    }

    /// All entries `(line, index, value)` in order.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        (0..self.len()).flat_map(move |i| {
            let (index, value) = self.line(i);
            index.iter().zip(value).map(move |(&j, &v)| (i, j as usize, v))
        })
    }

    /// All values in order.
    pub(super) fn values(&self) -> &[f64] {
        &self.value
    }

    /// The same entries with lines and indices exchanged: a counting sort, `O(entries)`.
    fn transposed(&self, lines: usize) -> Self {
        let mut start = vec![0; lines + 1];
        for &j in &self.index {
            start[j as usize + 1] += 1;
        }
        for j in 0..lines {
            start[j + 1] += start[j];
        }
        let mut next = start.clone();
        let mut index = vec![0; self.index.len()];
        let mut value = vec![0.0; self.index.len()];
        for i in 0..self.len() {
            let (columns, values) = self.line(i);
            for (&j, &v) in columns.iter().zip(values) {
                let at = &mut next[j as usize];
                index[*at] = i as u32;
                value[*at] = v;
                *at += 1;
            }
        }
        Self { start, index, value }
    }
}

/// Observed entries of an `m×n` matrix, each position once, all values finite.
///
/// Both orders are stored, because a half-sweep reads the entries by rows and the next one by columns: 24 bytes an
/// entry and `8(m+n)` bytes of pointers.
#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    rows: Lines,
    columns: Lines,
    largest: f64,
}

impl Observations {
    /// Sorts triplets `(row, column, value)`; a position given twice is an error. Cost: `O(|Ω| log |Ω|)`.
    ///
    /// # Errors
    ///
    /// [`InputError::Empty`] without rows, columns or entries; [`InputError::Argument`] for `m + n` of 2³² and more;
    /// [`InputError::OutOfRange`], [`InputError::NonFinite`] (with the triplet's number), [`InputError::Duplicate`].
    pub fn from_triplets(m: usize, n: usize, triplets: Vec<(u32, u32, f64)>) -> Result<Self, Error> {
        Self::with_duplicates(m, n, triplets, Duplicates::Refuse)
    }

    /// The same with a rule for positions that are given more than once.
    ///
    /// # Errors
    ///
    /// As [`from_triplets`](Self::from_triplets).
    pub fn with_duplicates(
        m: usize,
        n: usize,
        mut triplets: Vec<(u32, u32, f64)>,
        duplicates: Duplicates,
    ) -> Result<Self, Error> {
        for (what, size) in [("the set of rows", m), ("the set of columns", n), ("the set of entries", triplets.len())]
        {
            if size == 0 {
                return Err(InputError::Empty { what }.into());
            }
        }
        // Rows and columns together have numbers of 32 bits, and what is read from a file must not overflow a size.
        let lines = m.saturating_add(n);
        argument(u32::try_from(lines).is_ok(), "rows and columns", lines as f64, "together fewer than 2³²")?;
        for (at, &(i, j, v)) in triplets.iter().enumerate() {
            if !v.is_finite() {
                return Err(InputError::NonFinite { what: "observed entries", index: at, value: v }.into());
            }
            for (what, index, size) in [("row", i as usize, m), ("column", j as usize, n)] {
                if index >= size {
                    return Err(InputError::OutOfRange { what, index, size }.into());
                }
            }
        }
        // Stable, so that the last of several stays last.
        triplets.sort_by_key(|&(i, j, _)| (i, j));
        let merged = merge(triplets, duplicates)?;
        Ok(Self::from_sorted(m, n, merged))
    }

    /// From distinct positions in row order.
    fn from_sorted(m: usize, n: usize, sorted: Vec<(u32, u32, f64)>) -> Self {
        let mut start = vec![0; m + 1];
        for &(i, ..) in &sorted {
            start[i as usize + 1] += 1;
        }
        for i in 0..m {
            start[i + 1] += start[i];
        }
        let largest = sorted.iter().fold(0.0, |s: f64, (.., v)| s.max(v.abs()));
        let (index, value) = sorted.into_iter().map(|(_, j, v)| (j, v)).unzip();
        let rows = Lines { start, index, value };
        let columns = rows.transposed(n);
        Self { rows, columns, largest }
    }

    /// The shape `(m, n)` of the matrix.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// `|Ω|`, the number of observed entries.
    pub fn len(&self) -> usize {
        self.rows.value.len()
    }

    /// Never: an empty set is refused on construction. A subset may be empty.
    pub fn is_empty(&self) -> bool {
        self.rows.value.is_empty()
    }

    /// The entries by rows.
    pub fn rows(&self) -> &Lines {
        &self.rows
    }

    /// The entries by columns.
    pub fn columns(&self) -> &Lines {
        &self.columns
    }

    /// `max |M_ij|` over the observed entries.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// `‖P_Ω(M)‖_F`, without overflow.
    pub fn norm(&self) -> f64 {
        crate::linalg::norm(&self.rows.value)
    }

    /// The transposed matrix.
    pub fn transposed(&self) -> Self {
        Self { rows: self.columns.clone(), columns: self.rows.clone(), largest: self.largest }
    }

    /// All values times a positive factor.
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        for v in scaled.rows.value.iter_mut().chain(&mut scaled.columns.value) {
            *v *= factor;
        }
        scaled.largest *= factor;
        scaled
    }

    /// Splits the entries by labels, one per entry in row order, into `parts` subsets. Subsets may be empty.
    pub(crate) fn split(&self, labels: &[u32], parts: usize) -> Vec<Self> {
        let (m, n) = self.shape();
        let mut subsets = vec![Vec::new(); parts];
        for ((i, j, v), &label) in self.rows.entries().zip(labels) {
            subsets[label as usize].push((i as u32, j as u32, v));
        }
        subsets.into_iter().map(|entries| Self::from_sorted(m, n, entries)).collect()
    }

    /// The number of connected components of the bipartite graph of rows and columns with an observed entry. Where
    /// there are several, the parts of a completion are not determined relative to each other.
    pub fn components(&self) -> usize {
        components(self)
    }
}

fn merge(sorted: Vec<(u32, u32, f64)>, duplicates: Duplicates) -> Result<Vec<(u32, u32, f64)>, Error> {
    let mut merged: Vec<(u32, u32, f64)> = Vec::with_capacity(sorted.len());
    let mut times = 1.0;
    for (i, j, v) in sorted {
        match merged.last_mut() {
            Some(last) if (last.0, last.1) == (i, j) => match duplicates {
                Duplicates::Refuse => {
                    return Err(InputError::Duplicate { row: i as usize, column: j as usize }.into());
                }
                Duplicates::Last => last.2 = v,
                Duplicates::Mean => {
                    times += 1.0;
                    last.2 += v / times - last.2 / times;
                }
            },
            _ => {
                times = 1.0;
                merged.push((i, j, v));
            }
        }
    }
    Ok(merged)
}
