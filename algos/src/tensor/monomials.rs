//! Monomials of one degree: the coordinates of symmetric tensors.
//!
//! A symmetric tensor of order `n` has one free entry for each sorted multi-index `i_1 ≤ … ≤ i_n`; here these are listed
//! in lexicographic order, the last index fastest. All multi-indices that share their first `n−1` indices are then
//! neighbours, so products and contractions are sums over short contiguous rows.

use crate::error::{Error, InputError, argument};

/// Most coordinates that are worked on: `2³¹`, 16 GiB of them.
const LARGEST: usize = 1 << 31;

/// `C(d+n−1, n)`, the number of monomials of degree `n` in `d` variables; `None` where it leaves the range of `usize`.
pub fn count(d: usize, n: usize) -> Option<usize> {
    (1..=n).try_fold(1usize, |c, q| Some(c.checked_mul(d + q - 1)? / q))
}

/// The multi-indices that extend one by a last index: where they begin, and the first such index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub begin: usize,
    pub from: usize,
}

/// The monomials of degree `n` in `d` variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Monomials {
    d: usize,
    n: usize,
    len: usize,
    /// `rows[q]`: for each multi-index of length `q < n`, its extensions.
    rows: Vec<Vec<Row>>,
    /// `steps[q][i] = C(d−i+q, q+1)`: multi-indices of length `q+1` over `i..d`.
    steps: Vec<Vec<usize>>,
}

impl Monomials {
    /// The monomials of degree `n ≥ 1` in `d ≥ 1` variables. Memory: of those of degree `n−1`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: no variable, no degree, or more than `2³¹` monomials.
    pub fn new(d: usize, n: usize) -> Result<Self, Error> {
        argument(d >= 1, "dimension", d as f64, "at least 1")?;
        argument(n >= 1, "degree", n as f64, "at least 1")?;
        let requirement = "at most 2³¹ coordinates";
        let too_large = InputError::Argument { name: "dimension", value: d as f64, requirement };
        let len = count(d, n).filter(|len| *len <= LARGEST).ok_or(too_large)?;
        let mut rows: Vec<Vec<Row>> = vec![vec![Row { begin: 0, from: 0 }]];
        for _ in 1..n {
            let (mut next, mut begin) = (Vec::new(), 0);
            for row in rows.last().into_iter().flatten() {
                for from in row.from..d {
                    next.push(Row { begin, from });
                    begin += d - from;
                }
            }
            rows.push(next);
        }
        let steps = (0..n).map(|q| (0..=d).map(|i| count(d - i, q + 1).unwrap_or(0)).collect()).collect();
        Ok(Self { d, n, len, rows, steps })
    }

    /// The number of variables `d`.
    pub fn dimension(&self) -> usize {
        self.d
    }

    /// The degree `n`.
    pub fn degree(&self) -> usize {
        self.n
    }

    /// The number of monomials, `C(d+n−1, n)`.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The monomials of degree `n − 1`, for `n ≥ 2`.
    pub(super) fn below(&self) -> Self {
        let n = self.n - 1;
        Self { d: self.d, n, len: self.rows[n].len(), rows: self.rows[..n].to_vec(), steps: self.steps[..n].to_vec() }
    }

    /// The extensions of the multi-indices of length `q < n`.
    pub(super) fn rows(&self, q: usize) -> &[Row] {
        &self.rows[q]
    }

    /// The position of a sorted multi-index.
    pub fn position(&self, sorted: &[usize]) -> usize {
        let mut from = 0;
        let mut position = 0;
        for (k, &i) in sorted.iter().enumerate() {
            let steps = &self.steps[self.n - 1 - k];
            position += steps[from] - steps[i];
            from = i;
        }
        position
    }

    /// Calls `see(position, multi-index)` for all multi-indices in order.
    pub fn for_each(&self, mut see: impl FnMut(usize, &[usize])) {
        let mut index = vec![0; self.n];
        for position in 0..self.len {
            see(position, &index);
            // The last index that can still grow takes all later ones along.
            if let Some(k) = (0..self.n).rev().find(|&k| index[k] + 1 < self.d) {
                let next = index[k] + 1;
                index[k..].fill(next);
            }
        }
    }

    /// The multi-indices, one after the other.
    pub fn indices(&self) -> Vec<usize> {
        let mut all = Vec::with_capacity(self.n * self.len);
        self.for_each(|_, index| all.extend_from_slice(index));
        all
    }

    /// `n!/∏ counts!`: how many entries of the full tensor each coordinate stands for.
    pub fn multiplicities(&self) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.len);
        self.for_each(|_, index| all.push(multiplicity(index)));
        all
    }
}

/// The number of distinct permutations of a sorted multi-index.
pub fn multiplicity(sorted: &[usize]) -> f64 {
    let (mut all, mut run) = (1.0, 0.0);
    for k in 0..sorted.len() {
        run = if k > 0 && sorted[k] == sorted[k - 1] { run + 1.0 } else { 1.0 };
        all *= (k + 1) as f64 / run;
    }
    all
}
