//! Factors stored by rows of the matrix, ready for kernels.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::kernel::{Design, gram};
use crate::linalg::{cholesky, halves, product, solve_lower, thin_svd};
use crate::simd::{Simd, Task, lanes::Lanes};
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
        Self::scaled(0, x)
    }

    /// `2^e X`.
    pub fn scaled(e: i32, x: MatRef<'_, f64>) -> Self {
        let [p, q] = halves(e);
        let mut factor = Self::zeros(x.nrows(), x.ncols());
        let padded = factor.padded();
        for (i, row) in factor.rows_mut().chunks_exact_mut(padded).enumerate() {
            row.iter_mut().zip(x.row(i).iter()).for_each(|(r, x)| *r = q * (p * *x));
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
    /// dependent). Of more columns than rows, `k > m`, only `m` are left, and `R: m×k`.
    ///
    /// Two rounds of Cholesky QR with the triangular factor inverted: all work is in two products, `3mk²` flops a round.
    /// The second round removes what the inverse of the first one lost.
    pub fn orthonormalize(&mut self, effort: &mut Effort) -> Result<Mat<f64>, Error> {
        let mut r = Mat::identity(self.k, self.k);
        for _ in 0..2 {
            let gram = self.gram();
            effort.flops += (3 * self.m * self.k * self.k) as u64;
            // More columns than rows are dependent, whatever rounding makes of their pivots.
            let independent = |l: &Mat<f64>| self.k <= self.m && spread(l) > ILL_CONDITIONED;
            match cholesky(gram.as_ref(), 0.0).filter(independent) {
                Some(l) => {
                    let mut inverse = Mat::identity(self.k, self.k);
                    solve_lower(l.as_ref(), inverse.as_mut());
                    self.times(inverse.transpose());
                    r = product(l.transpose(), r.as_ref());
                }
                None => return self.rotate(&r),
            }
        }
        Ok(r)
    }

    /// `XᵀX`, of which the lower triangle is set.
    fn gram(&self) -> Mat<f64> {
        let padded = self.padded();
        let mut g = Mat::zeros(padded * padded, 1);
        Simd::detect().run(Gram { rows: self.rows(), padded, g: g.col_as_slice_mut(0) });
        Mat::from_fn(self.k, self.k, |i, j| if i >= j { g[(j * padded + i, 0)] } else { 0.0 })
    }

    /// `X ← X B`.
    fn times(&mut self, b: MatRef<'_, f64>) {
        let padded = self.padded();
        if padded <= NARROW {
            let mut by_rows = Mat::zeros(padded * padded, 1);
            for (i, j) in (0..self.k).flat_map(|i| (0..self.k).map(move |j| (i, j))) {
                by_rows[(i * padded + j, 0)] = b[(i, j)];
            }
            let k = self.k;
            Simd::detect().run(Times { rows: self.rows_mut(), k, padded, b: by_rows.col_as_slice(0) });
        } else {
            let mut image = Self::zeros(self.m, self.k);
            matmul(image.columns_mut(), Accum::Replace, b.transpose(), self.columns(), 1.0, Par::Seq);
            *self = image;
        }
    }

    /// The same from the singular value decomposition, for nearly dependent columns.
    fn rotate(&mut self, before: &Mat<f64>) -> Result<Mat<f64>, Error> {
        let svd = thin_svd(self.view())?;
        let r = Mat::from_fn(svd.values.len(), self.k, |i, j| svd.values[i] * svd.right[(j, i)]);
        *self = Self::new(svd.left.as_ref());
        Ok(product(r.as_ref(), before.as_ref()))
    }

    /// `X Rᵀ`: carries the factor along when the other one changes its basis by `R`.
    pub fn carried(&self, r: &Mat<f64>, effort: &mut Effort) -> Self {
        let mut carried = self.clone();
        carried.times(r.transpose());
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

struct Gram<'a> {
    rows: &'a [f64],
    padded: usize,
    g: &'a mut [f64],
}

impl Task for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { rows, padded, g } = self;
        let observed: Vec<u32> = (0..).take(rows.len() / padded).collect();
        for part in (Design { rows, padded, observed: &observed }).parts() {
            gram(simd, part, g);
        }
    }
}

/// Columns, rounded up to a multiple of eight, of which four rows fit the registers.
const NARROW: usize = 32;

/// `X ← X B` in place, four rows at a time.
struct Times<'a> {
    rows: &'a mut [f64],
    k: usize,
    padded: usize,
    b: &'a [f64],
}

impl Task for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        match self.padded / 8 {
            1 => self.each::<S, 1>(simd),
            2 => self.each::<S, 2>(simd),
            3 => self.each::<S, 3>(simd),
            _ => self.each::<S, 4>(simd),
        }
    }
}

impl Times<'_> {
    #[inline(always)]
    fn each<S: Lanes, const T: usize>(self, simd: S) {
        let b = self.b.as_chunks::<8>().0.as_chunks::<T>().0;
        let rows = self.rows.as_chunks_mut::<8>().0.as_chunks_mut::<T>().0;
        let (fours, rest) = rows.as_chunks_mut::<4>();
        for rows in fours {
            combine(simd, rows, self.k, b);
        }
        for row in rest {
            combine(simd, std::array::from_mut(row), self.k, b);
        }
    }
}

#[inline(always)]
fn combine<S: Lanes, const T: usize, const N: usize>(
    simd: S,
    rows: &mut [[[f64; 8]; T]; N],
    k: usize,
    b: &[[[f64; 8]; T]],
) {
    let mut sums = [[simd.splat(0.0); T]; N];
    for (l, b) in b[..k].iter().enumerate() {
        for n in 0..N {
            let x = simd.splat(rows[n].as_flattened()[l]);
            for t in 0..T {
                sums[n][t] = simd.fma(x, simd.load(&b[t]), sums[n][t]);
            }
        }
    }
    for n in 0..N {
        for t in 0..T {
            simd.store(sums[n][t], &mut rows[n][t]);
        }
    }
}
