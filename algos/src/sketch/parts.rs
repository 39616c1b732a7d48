//! A random map as explicit parts: what both the explicit matrix and the fast application are computed from.

use faer::Mat;

use super::{Key, Signs};
use crate::error::{Error, InputError, Size, argument, finite, shape};

/// What a sketch is made of. Rows and columns are those of `S: m×n`; indices start at 0.
#[derive(Debug, Clone)]
pub(super) enum Parts {
    /// `S` itself.
    Dense(Mat<f64>),
    /// Independent `N(0, 1/m)` entries, generated tile by tile.
    Gaussian(Key),
    /// `±1/√m`; sign `jm + i` is that of entry `(i, j)`.
    Rademacher(Signs),
    /// `(1/√m) P H_N D J`: `n` signs, `m` rows of `H_N`.
    Hadamard { signs: Signs, rows: Vec<u32> },
    /// `(1/√m) P (H D₁ ⊗ H D₂)` with pairs of rows.
    Tensor { left: Signs, right: Signs, pairs: Vec<(u32, u32)> },
    /// `B D_γ Π F_N D_σ J`: entry `i` after the permutation is entry `order[i]` before it.
    Pooled { signs: Signs, order: Vec<u32>, weights: Vec<f64> },
    /// `√(n/m) P C D` with the orthonormal cosine transform `C`.
    Cosine { signs: Signs, rows: Vec<u32> },
    /// `(1/√m) P C(g) D` with `C(g)_ij = g_{(i−j) mod n}`.
    Circulant { generator: Signs, signs: Signs, rows: Vec<u32> },
    /// Columns with few entries of equal size.
    Sparse(Columns),
    /// Kept rows of the identity with their weights.
    Sample(Vec<(u32, f64)>),
}

/// The nonzeros of a sparse sketch, column after column, all of the size `scale`.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// Where each column begins in `targets`, and the end of the last; `None` where all have `per` entries.
    pub offsets: Option<Vec<u32>>,
    /// Entries of each column where that number is fixed.
    pub per: usize,
    /// Row and sign of an entry: `2·row`, plus 1 for a minus.
    pub targets: Vec<u32>,
    /// Absolute value of the entries.
    pub scale: f64,
}

impl Columns {
    /// The targets of column `j`.
    #[inline(always)]
    pub fn of(&self, j: usize) -> &[u32] {
        match &self.offsets {
            Some(offsets) => &self.targets[offsets[j] as usize..offsets[j + 1] as usize],
            None => &self.targets[j * self.per..(j + 1) * self.per],
        }
    }
}

/// A random linear map `S: m×n`, `m` rows being its sketch size.
#[derive(Debug, Clone)]
pub struct Sketch {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) parts: Parts,
}

/// The largest number of rows and columns: indices are stored in 31 bits.
const MOST: usize = 1 << 31;

/// Checks the shape of a sketch.
pub(super) fn sizes(m: usize, n: usize) -> Result<(), InputError> {
    if m == 0 || n == 0 {
        return Err(InputError::Empty { what: "the sketch" });
    }
    argument(m < MOST && n < MOST, "size of the sketch", m.max(n) as f64, "must be below 2^31")
}

/// The length to which the input of a Hadamard transform is padded.
pub(super) fn padded(n: usize) -> usize {
    n.next_power_of_two()
}

fn within(rows: &[u32], size: usize) -> Result<(), InputError> {
    match rows.iter().find(|&&row| row as usize >= size) {
        Some(&row) => Err(InputError::OutOfRange { what: "row", index: row as usize, size }),
        None => Ok(()),
    }
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), InputError> {
    shape(what, Size::Len(expected), Size::Len(found))
}

impl Sketch {
    /// Whether all entries are drawn anew whenever it is applied.
    pub(super) fn is_generated(&self) -> bool {
        matches!(self.parts, Parts::Gaussian(_) | Parts::Rademacher(_))
    }

    /// The sketch size `m`.
    pub fn nrows(&self) -> usize {
        self.rows
    }

    /// The dimension `n` that is sketched.
    pub fn ncols(&self) -> usize {
        self.columns
    }

    /// An explicit matrix.
    ///
    /// # Errors
    /// It is empty or has an entry that is not finite.
    pub fn dense(matrix: Mat<f64>) -> Result<Self, Error> {
        let (rows, columns) = matrix.shape();
        sizes(rows, columns)?;
        for column in matrix.col_iter() {
            finite("the sketch", column.iter())?;
        }
        Ok(Self { rows, columns, parts: Parts::Dense(matrix) })
    }

    /// Independent `N(0, 1/m)` entries from a key.
    ///
    /// # Errors
    /// An empty shape.
    pub fn gaussian(m: usize, n: usize, key: Key) -> Result<Self, Error> {
        sizes(m, n)?;
        Ok(Self { rows: m, columns: n, parts: Parts::Gaussian(key) })
    }

    /// `±1/√m` with sign `jm + i` at `(i, j)`.
    ///
    /// # Errors
    /// An empty shape; another number of signs than `mn`.
    pub fn rademacher(m: usize, n: usize, signs: Signs) -> Result<Self, Error> {
        sizes(m, n)?;
        length("signs", m * n, signs.len())?;
        Ok(Self { rows: m, columns: n, parts: Parts::Rademacher(signs) })
    }

    /// The subsampled randomized Hadamard transform `(1/√m) P H_N D J` with `n` signs, `N` being the power of two from
    /// `n` on.
    ///
    /// # Errors
    /// No rows, no signs, a row from `N` on.
    pub fn srht(signs: Signs, rows: Vec<u32>) -> Result<Self, Error> {
        sizes(rows.len(), signs.len())?;
        within(&rows, padded(signs.len()))?;
        Ok(Self { rows: rows.len(), columns: signs.len(), parts: Parts::Hadamard { signs, rows } })
    }

    /// The tensor form `(1/√m) P (H D₁ ⊗ H D₂)` on vectors of length `n₁n₂`, entry `(i, j)` at `i n₂ + j`.
    ///
    /// # Errors
    /// No pairs, no signs, lengths that are no powers of two, a row that does not exist.
    pub fn tensor_srht(left: Signs, right: Signs, pairs: Vec<(u32, u32)>) -> Result<Self, Error> {
        let n = left.len() * right.len();
        sizes(pairs.len(), n)?;
        for side in [&left, &right] {
            power_of_two(side.len())?;
        }
        for &(i, j) in &pairs {
            within(&[i], left.len())?;
            within(&[j], right.len())?;
        }
        Ok(Self { rows: pairs.len(), columns: n, parts: Parts::Tensor { left, right, pairs } })
    }

    /// The balanced Gaussian-pooled sketch `B D_γ Π F_N D_σ J` with `m` blocks.
    ///
    /// # Errors
    /// `N` (the power of two from the number of signs on) must be a multiple of `m`, `order` a permutation of `0..N`,
    /// the weights `N` finite numbers.
    pub fn pooled(m: usize, signs: Signs, order: Vec<u32>, weights: Vec<f64>) -> Result<Self, Error> {
        let n = signs.len();
        sizes(m, n)?;
        let size = padded(n);
        argument(size.is_multiple_of(m), "m", m as f64, "must divide the padded length")?;
        length("the permutation", size, order.len())?;
        length("weights", size, weights.len())?;
        finite("weights", &weights)?;
        within(&order, size)?;
        let mut seen = vec![false; size];
        for &from in &order {
            argument(!seen[from as usize], "order", f64::from(from), "must be a permutation")?;
            seen[from as usize] = true;
        }
        Ok(Self { rows: m, columns: n, parts: Parts::Pooled { signs, order, weights } })
    }

    /// The subsampled randomized cosine transform `√(n/m) P C D`.
    ///
    /// # Errors
    /// No rows, no signs, a row from `n` on.
    pub fn srdct(signs: Signs, rows: Vec<u32>) -> Result<Self, Error> {
        sizes(rows.len(), signs.len())?;
        within(&rows, signs.len())?;
        Ok(Self { rows: rows.len(), columns: signs.len(), parts: Parts::Cosine { signs, rows } })
    }

    /// The subsampled circulant sketch `(1/√m) P C(g) D` of signs `g`.
    ///
    /// # Errors
    /// No rows, no signs, different numbers of them, a row from `n` on.
    pub fn circulant(generator: Signs, signs: Signs, rows: Vec<u32>) -> Result<Self, Error> {
        let n = signs.len();
        sizes(rows.len(), n)?;
        length("the generator", n, generator.len())?;
        within(&rows, n)?;
        Ok(Self { rows: rows.len(), columns: n, parts: Parts::Circulant { generator, signs, rows } })
    }

    /// Columns with `s` entries `±1/√s` each: CountSketch for `s = 1`, OSNAP else. Entry `k` of column `j` is in row
    /// `rows[js + k]` with sign `js + k`.
    ///
    /// # Errors
    /// An empty shape, `s` not in `1..=m`, numbers that do not fit, a row from `m` on, two entries of a column in one
    /// row.
    pub fn hashed(m: usize, s: usize, rows: &[u32], signs: &Signs) -> Result<Self, Error> {
        argument((1..=m).contains(&s), "s", s as f64, "must be in 1..=m")?;
        argument(rows.len().is_multiple_of(s), "s", s as f64, "must divide the number of entries")?;
        let n = rows.len() / s;
        sizes(m, n)?;
        length("signs", rows.len(), signs.len())?;
        within(rows, m)?;
        for (j, column) in rows.chunks(s).enumerate() {
            if let Some(k) = (1..s).find(|&k| column[..k].contains(&column[k])) {
                return Err(InputError::Duplicate { row: column[k] as usize, column: j }.into());
            }
        }
        let targets = rows.iter().enumerate().map(|(k, &row)| target(row, signs.get(k))).collect();
        let columns = Columns { offsets: None, per: s, targets, scale: 1.0 / (s as f64).sqrt() };
        Ok(Self { rows: m, columns: n, parts: Parts::Sparse(columns) })
    }

    /// Columns with any number of entries of one size: `columns[j]` lists row and sign (`true` for a minus).
    ///
    /// # Errors
    /// An empty shape, a row from `m` on, a scale that is not positive.
    pub fn sparse(m: usize, columns: &[Vec<(u32, bool)>], scale: f64) -> Result<Self, Error> {
        sizes(m, columns.len())?;
        argument(scale > 0.0 && scale.is_finite(), "scale", scale, "must be positive")?;
        let (mut offsets, mut targets) = (vec![0], Vec::new());
        for column in columns {
            for &(row, minus) in column {
                within(&[row], m)?;
                targets.push(target(row, if minus { -1.0 } else { 1.0 }));
            }
            offsets.push(targets.len() as u32);
        }
        argument(targets.len() < MOST, "entries", targets.len() as f64, "must be below 2^31")?;
        let list = Columns { offsets: Some(offsets), per: 0, targets, scale };
        Ok(Self { rows: m, columns: columns.len(), parts: Parts::Sparse(list) })
    }

    /// Rows of the identity with weights: row `k` of the sketch is `weights[k]·e_{rows[k]}ᵀ`.
    ///
    /// # Errors
    /// No rows, a row from `n` on, a weight that is not positive.
    pub fn sample(n: usize, kept: Vec<(u32, f64)>) -> Result<Self, Error> {
        sizes(kept.len(), n)?;
        for &(row, weight) in &kept {
            within(&[row], n)?;
            argument(weight > 0.0 && weight.is_finite(), "weight", weight, "must be positive")?;
        }
        Ok(Self { rows: kept.len(), columns: n, parts: Parts::Sample(kept) })
    }
}

/// Row and sign in one word.
fn target(row: u32, sign: f64) -> u32 {
    row << 1 | u32::from(sign < 0.0)
}

/// Checks the length of a Hadamard transform.
pub(super) fn power_of_two(n: usize) -> Result<(), InputError> {
    argument(n.is_power_of_two(), "length", n as f64, "must be a power of two")
}
