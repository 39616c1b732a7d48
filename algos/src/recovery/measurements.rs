//! The measurement matrices, packed and full.

use faer::{Mat, MatRef};

use super::symmetric::{packed_len, smat};
use crate::error::{Error, InputError, Size, finite, shape};

/// Rows are padded with zeros to a multiple of this many entries: whole cache lines in `f64` and in `f32`.
pub(crate) const PAD: usize = 16;

/// `m` symmetric measurement matrices `S_i` of order `d`, packed as vectors `svec(S_i)` of `D = d(d+1)/2` entries.
///
/// Memory: `8·m·D` bytes plus padding. Vectors are 64-byte aligned and zero-padded to a multiple of 16 entries.
#[derive(Debug, Clone)]
pub struct Measurements {
    order: usize,
    /// One measurement a column, padded.
    rows: Mat<f64>,
    zero_rows: usize,
}

impl Measurements {
    /// Packs the vectors that `fill(i, row)` writes, for `i = 0, 1, …, m−1` in this order; `row` has `D` entries.
    ///
    /// # Errors
    ///
    /// `d = 0` or `m = 0`; an entry that is not finite.
    pub fn from_rows(d: usize, m: usize, mut fill: impl FnMut(usize, &mut [f64])) -> Result<Self, Error> {
        nonempty(d, m)?;
        let len = packed_len(d);
        let mut rows = Mat::zeros(len.next_multiple_of(PAD), m);
        let mut zero_rows = 0;
        for i in 0..m {
            let row = &mut rows.col_as_slice_mut(i)[..len];
            fill(i, row);
            zero_rows += usize::from(scan(i, row)?);
        }
        Ok(Self { order: d, rows, zero_rows })
    }

    /// Copies packed measurements, one a column: `packed: D×m`.
    ///
    /// # Errors
    ///
    /// As [`Measurements::from_rows`], and `packed` with another number of rows than `D`.
    pub fn from_packed(d: usize, packed: MatRef<'_, f64>) -> Result<Self, Error> {
        shape(
            "packed measurements",
            Size::Matrix(packed_len(d), packed.ncols()),
            Size::Matrix(packed.nrows(), packed.ncols()),
        )?;
        Self::from_rows(d, packed.ncols(), |i, row| {
            for (entry, &value) in row.iter_mut().zip(packed.col(i).iter()) {
                *entry = value;
            }
        })
    }

    /// Packs the symmetric parts `(A_i + A_iᵀ)/2` of full measurement matrices.
    ///
    /// # Errors
    ///
    /// Entries so large that `A + Aᵀ` overflows.
    pub fn from_full(full: &FullMeasurements) -> Result<Self, Error> {
        let d = full.order();
        Self::from_rows(d, full.len(), |i, row| {
            let a = full.matrix(i);
            let mut at = 0;
            for k in 0..d {
                row[at] = a[(k, k)];
                at += 1;
                for l in k + 1..d {
                    // √2 · (a_kl + a_lk)/2
                    row[at] = std::f64::consts::FRAC_1_SQRT_2 * (a[(k, l)] + a[(l, k)]);
                    at += 1;
                }
            }
        })
    }

    /// The full symmetric matrices `S_i`, for the literal reference. Memory: `8·m·d²` bytes.
    pub fn expand(&self) -> FullMeasurements {
        let d = self.order;
        let mut work = Mat::zeros(d, d);
        let mut entries = Mat::zeros(d * d, self.len());
        for i in 0..self.len() {
            smat(self.row(i), 1.0, work.as_mut());
            let column = entries.col_as_slice_mut(i);
            for j in 0..d {
                column[j * d..(j + 1) * d].copy_from_slice(work.col_as_slice(j));
            }
        }
        FullMeasurements { order: d, entries, zero_rows: self.zero_rows }
    }

    /// Rounds every entry to the nearest `f32`, so that storage in single precision is exact.
    ///
    /// Do this *before* `y` is generated: residuals of rounded rows against unrounded `y` carry dense noise of
    /// relative size `3e-8`, which stops exact recovery there.
    ///
    /// # Errors
    ///
    /// Entries beyond the range of `f32`.
    pub fn quantised(mut self) -> Result<Self, Error> {
        let len = packed_len(self.order);
        self.zero_rows = 0;
        for i in 0..self.len() {
            let row = &mut self.rows.col_as_slice_mut(i)[..len];
            for entry in row.iter_mut() {
                *entry = f64::from(*entry as f32);
            }
            self.zero_rows += usize::from(scan(i, row)?);
        }
        Ok(self)
    }

    /// The order `d` of the matrices.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The number `m` of measurements.
    pub fn len(&self) -> usize {
        self.rows.ncols()
    }

    /// Never true: empty measurements are refused by the constructors.
    pub fn is_empty(&self) -> bool {
        self.rows.ncols() == 0
    }

    /// `D = d(d+1)/2`.
    pub fn packed_len(&self) -> usize {
        packed_len(self.order)
    }

    /// `svec(S_i)`, `D` entries.
    ///
    /// # Panics
    ///
    /// If `i ≥ m`, as indexing does.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.rows.col_as_slice(i)[..self.packed_len()]
    }

    /// All measurements, one a column: `D×m`.
    pub fn packed(&self) -> MatRef<'_, f64> {
        self.rows.as_ref().subrows(0, self.packed_len())
    }

    /// How many measurements are zero; they contribute a constant to `f` and nothing to `G`.
    pub fn zero_rows(&self) -> usize {
        self.zero_rows
    }

    /// The padded columns in single precision.
    pub(crate) fn single(&self) -> Result<Mat<f32>, Error> {
        let single = Mat::from_fn(self.rows.nrows(), self.len(), |j, i| self.rows[(j, i)] as f32);
        for i in 0..self.len() {
            let lost = single.col_as_slice(i).iter().position(|x| !x.is_finite());
            if let Some(j) = lost {
                let (what, value) = ("measurements in single precision", self.rows[(j, i)]);
                return Err(InputError::NonFinite { what, index: i * self.packed_len() + j, value }.into());
            }
        }
        Ok(single)
    }

    /// The padded columns that kernels work on.
    pub(crate) fn padded(&self) -> &Mat<f64> {
        &self.rows
    }
}

/// `m` full measurement matrices `A_i: d×d`, not symmetric in general: what the paper's pseudo-code works on.
///
/// Memory: `8·m·d²` bytes.
#[derive(Debug, Clone)]
pub struct FullMeasurements {
    order: usize,
    /// One matrix a column, column-major.
    entries: Mat<f64>,
    zero_rows: usize,
}

impl FullMeasurements {
    /// Takes the matrices that `entry(i, k, l)` gives: `(A_i)_{kl}`.
    ///
    /// # Errors
    ///
    /// `d = 0` or `m = 0`; an entry that is not finite.
    pub fn from_fn(d: usize, m: usize, mut entry: impl FnMut(usize, usize, usize) -> f64) -> Result<Self, Error> {
        nonempty(d, m)?;
        let mut entries = Mat::zeros(d * d, m);
        let mut zero_rows = 0;
        for i in 0..m {
            let column = entries.col_as_slice_mut(i);
            for l in 0..d {
                for k in 0..d {
                    column[l * d + k] = entry(i, k, l);
                }
            }
            zero_rows += usize::from(scan(i, column)?);
        }
        Ok(Self { order: d, entries, zero_rows })
    }

    /// Copies given matrices.
    ///
    /// # Errors
    ///
    /// No matrix, an empty one, one that is not square or of another order than the first; an entry that is not finite.
    pub fn from_matrices(matrices: &[MatRef<'_, f64>]) -> Result<Self, Error> {
        let d = matrices.first().map_or(0, |a| a.nrows());
        for a in matrices {
            shape("measurement matrix", Size::Matrix(d, d), Size::Matrix(a.nrows(), a.ncols()))?;
        }
        Self::from_fn(d, matrices.len(), |i, k, l| matrices[i][(k, l)])
    }

    /// The order `d` of the matrices.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The number `m` of measurements.
    pub fn len(&self) -> usize {
        self.entries.ncols()
    }

    /// Never true: empty measurements are refused by the constructors.
    pub fn is_empty(&self) -> bool {
        self.entries.ncols() == 0
    }

    /// `A_i: d×d`.
    ///
    /// # Panics
    ///
    /// If `i ≥ m`, as indexing does.
    pub fn matrix(&self, i: usize) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(self.entries.col_as_slice(i), self.order, self.order)
    }

    /// How many of the matrices are zero.
    pub fn zero_rows(&self) -> usize {
        self.zero_rows
    }
}

fn nonempty(d: usize, m: usize) -> Result<(), InputError> {
    if d == 0 {
        return Err(InputError::Empty { what: "measurement matrix" });
    }
    if m == 0 {
        return Err(InputError::Empty { what: "list of measurements" });
    }
    Ok(())
}

/// Checks row `i` and tells whether it is zero. The index reported counts entries over all rows.
fn scan(i: usize, row: &[f64]) -> Result<bool, InputError> {
    finite("measurements", row).map_err(|fault| match fault {
        InputError::NonFinite { what, index, value } => {
            InputError::NonFinite { what, index: i * row.len() + index, value }
        }
        other => other,
    })?;
    Ok(row.iter().all(|&x| x == 0.0))
}
