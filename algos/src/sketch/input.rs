//! What a sketch is applied to.

use faer::MatRef;

use crate::error::{Error, InputError, Size, argument, finite, shape};

/// A matrix `A: n×d`: dense with any strides, or sparse by rows.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// Column-major, row-major or strided.
    Dense(MatRef<'a, f64>),
    /// Compressed rows.
    Csr(Csr<'a>),
}

/// A borrowed matrix in compressed rows.
///
/// From sprs: `Csr::new(a.shape(), a.indptr().raw_storage(), a.indices(), a.data())`, all in `usize`.
#[derive(Debug, Clone, Copy)]
pub struct Csr<'a> {
    shape: (usize, usize),
    offsets: &'a [usize],
    indices: &'a [usize],
    values: &'a [f64],
}

impl<'a> Csr<'a> {
    /// Row `i` has `values[k]` in column `indices[k]` for `k` in `offsets[i]..offsets[i + 1]`; entries that are given
    /// twice add up.
    ///
    /// # Errors
    /// Lengths that do not fit, offsets that decrease, a column that does not exist.
    pub fn new(
        shape_: (usize, usize),
        offsets: &'a [usize],
        indices: &'a [usize],
        values: &'a [f64],
    ) -> Result<Self, Error> {
        shape("row offsets", Size::Len(shape_.0 + 1), Size::Len(offsets.len()))?;
        shape("column indices", Size::Len(values.len()), Size::Len(indices.len()))?;
        shape("values", Size::Len(offsets[shape_.0] - offsets[0].min(offsets[shape_.0])), Size::Len(values.len()))?;
        argument(offsets[0] == 0, "first offset", offsets[0] as f64, "must be 0")?;
        argument(offsets.is_sorted(), "row offsets", f64::NAN, "must not decrease")?;
        match indices.iter().find(|&&j| j >= shape_.1) {
            Some(&index) => Err(InputError::OutOfRange { what: "column", index, size: shape_.1 }.into()),
            None => Ok(Self { shape: shape_, offsets, indices, values }),
        }
    }

    /// The columns and values of row `i`.
    pub(super) fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.offsets[i]..self.offsets[i + 1];
        self.indices[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// The values times `by`.
    pub(super) fn scaled(&self, by: f64) -> Vec<f64> {
        self.values.iter().map(|x| x * by).collect()
    }

    /// The same pattern with other values.
    pub(super) fn with<'b>(&self, values: &'b [f64]) -> Csr<'b>
    where
        'a: 'b,
    {
        Csr { values, ..*self }
    }

    /// The rows and values of each column.
    pub(super) fn columns(&self) -> Vec<Vec<(usize, f64)>> {
        let mut columns = vec![Vec::new(); self.shape.1];
        for i in 0..self.shape.0 {
            self.row(i).for_each(|(j, value)| columns[j].push((i, value)));
        }
        columns
    }
}

impl<'a> From<MatRef<'a, f64>> for Input<'a> {
    fn from(a: MatRef<'a, f64>) -> Self {
        Self::Dense(a)
    }
}

impl<'a> From<&'a [f64]> for Input<'a> {
    /// A vector as a matrix of one column.
    fn from(x: &'a [f64]) -> Self {
        Self::Dense(MatRef::from_column_major_slice(x, x.len(), 1))
    }
}

impl<'a> From<Csr<'a>> for Input<'a> {
    fn from(a: Csr<'a>) -> Self {
        Self::Csr(a)
    }
}

impl Input<'_> {
    /// `(n, d)`.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Dense(a) => a.shape(),
            Self::Csr(a) => a.shape,
        }
    }

    /// Stored entries.
    pub fn entries(&self) -> usize {
        match self {
            Self::Dense(a) => a.nrows() * a.ncols(),
            Self::Csr(a) => a.values.len(),
        }
    }

    /// Checks that every entry is finite.
    pub(super) fn finite(&self) -> Result<(), Error> {
        match self {
            Self::Dense(a) => {
                for (j, column) in a.col_iter().enumerate() {
                    finite("the input", column.iter()).map_err(|e| match e {
                        InputError::NonFinite { what, index, value } => {
                            InputError::NonFinite { what, index: j * a.nrows() + index, value }
                        }
                        other => other,
                    })?;
                }
                Ok(())
            }
            Self::Csr(a) => Ok(finite("the input", a.values)?),
        }
    }
}
