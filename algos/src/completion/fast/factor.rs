//! Factors stored by rows of the matrix, ready for kernels.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::linalg::{cholesky, product, solve_lower, thin_svd};
use crate::{Effort, Error};

/// A factor `X: m×k` by rows, each padded with zeros to a multiple of eight and aligned, so that a gather moves whole
/// vectors.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    /// One column with all rows behind each other.
    flat: Mat<f64>,
    m: usize,
    k: usize,
}

/// Below this ratio of the diagonal of a Cholesky factor the basis is taken from the singular value decomposition: two
/// rounds of Cholesky QR are orthonormal to rounding only for condition numbers up to about `1e8`.
const ILL_CONDITIONED: f64 = 1e-7;

impl Factor {
    pub fn zeros(m: usize, k: usize) -> Self {
        Self { flat: Mat::zeros(k.next_multiple_of(8) * m, 1), m, k }
    }

    pub fn new(x: MatRef<'_, f64>) -> Self {
        let mut factor = Self::zeros(x.nrows(), x.ncols());
        let padded = factor.padded();
        for (i, row) in factor.rows_mut().chunks_exact_mut(padded).enumerate() {
            row.iter_mut().zip(x.row(i).iter()).for_each(|(r, x)| *r = *x);
        }
        factor
    }

    /// `X: m×k`, a view.
    pub fn view(&self) -> MatRef<'_, f64> {
        self.columns().transpose()
    }

    pub fn to_mat(&self) -> Mat<f64> {
        self.view().to_owned()
    }

    pub fn width(&self) -> usize {
        self.k
    }

    /// `k` rounded up to a multiple of eight.
    pub fn padded(&self) -> usize {
        self.k.next_multiple_of(8)
    }

    /// All rows behind each other, `padded()` numbers each.
    pub fn rows(&self) -> &[f64] {
        self.flat.col_as_slice(0)
    }

    pub fn rows_mut(&mut self) -> &mut [f64] {
        self.flat.col_as_slice_mut(0)
    }

    /// `Xᵀ: k×m`.
    fn columns(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(self.rows(), self.padded(), self.m).subrows(0, self.k)
    }

    fn columns_mut(&mut self) -> MatMut<'_, f64> {
        let (padded, m, k) = (self.padded(), self.m, self.k);
        MatMut::from_column_major_slice_mut(self.rows_mut(), padded, m).subrows_mut(0, k)
    }

    /// Replaces `X = Q R` by `Q` with orthonormal columns and returns `R: k×k` (not triangular where columns were nearly
    /// dependent).
    ///
    /// Two rounds of Cholesky QR: all work is in matrix products and one triangular solve, `8mk²` flops at their speed.
    pub fn orthonormalize(&mut self, effort: &mut Effort) -> Result<Mat<f64>, Error> {
        let mut r = Mat::identity(self.k, self.k);
        for _ in 0..2 {
            let gram = product(self.columns(), self.view());
            effort.flops += (3 * self.m * self.k * self.k) as u64;
            match cholesky(gram.as_ref(), 0.0).filter(|l| spread(l) > ILL_CONDITIONED) {
                Some(l) => {
                    solve_lower(l.as_ref(), self.columns_mut());
                    r = product(l.transpose(), r.as_ref());
                }
                None => return self.rotate(&r),
            }
        }
        Ok(r)
    }

    /// The same from the singular value decomposition, for nearly dependent columns.
    fn rotate(&mut self, before: &Mat<f64>) -> Result<Mat<f64>, Error> {
        let svd = thin_svd(self.view())?;
        let r = Mat::from_fn(self.k, self.k, |i, j| svd.values[i] * svd.right[(j, i)]);
        *self = Self::new(svd.left.as_ref());
        Ok(product(r.as_ref(), before.as_ref()))
    }

    /// `X Rᵀ`: carries the factor along when the other one changes its basis by `R`.
    pub fn carried(&self, r: &Mat<f64>, effort: &mut Effort) -> Self {
        let mut carried = Self::zeros(self.m, self.k);
        matmul(carried.columns_mut(), Accum::Replace, r.as_ref(), self.columns(), 1.0, Par::Seq);
        effort.flops += (2 * self.m * self.k * self.k) as u64;
        carried
    }

    /// Adds `E: m×k`.
    pub fn add(&mut self, e: &Mat<f64>) {
        let padded = self.padded();
        for (i, row) in self.rows_mut().chunks_exact_mut(padded).enumerate() {
            row.iter_mut().zip(e.row(i).iter()).for_each(|(r, e)| *r += *e);
        }
    }
}

/// Smallest over largest diagonal entry.
fn spread(l: &Mat<f64>) -> f64 {
    let diagonal = || (0..l.nrows()).map(|i| l[(i, i)]);
    diagonal().fold(f64::INFINITY, f64::min) / diagonal().fold(0.0, f64::max)
}
