//! What measurements say of an iterate: `E = 𝒜*(𝒜(X) − y)`.

use faer::{Mat, MatRef};
use rand::Rng;

use super::Truth;
use super::truth::normals;
use crate::completion::fast::kernel::{Design, Order, fused};
use crate::error::{Error, Size, argument, shape};
use crate::simd::{Simd, Task, lanes::Lanes};
use crate::{Effort, linalg};

/// A model of measurements of an `n×n` matrix.
pub trait Model {
    /// `n`.
    fn order(&self) -> usize;

    /// For each column `vec(X)` of `x: n²×c`, sets the column of `e` to `vec(𝒜*(𝒜(X) − y))`.
    fn residuals(&mut self, x: &Mat<f64>, e: &mut Mat<f64>, effort: &mut Effort);
}

/// The population: `𝒜*𝒜` is the identity, and `E = X − M`.
#[derive(Debug, Clone)]
pub struct Population {
    n: usize,
    target: Mat<f64>,
}

impl Population {
    /// For this truth.
    pub fn new(truth: &Truth) -> Self {
        let matrix = truth.matrix();
        Self { n: matrix.nrows(), target: vec_of(matrix.as_ref()) }
    }
}

impl Model for Population {
    fn order(&self) -> usize {
        self.n
    }

    fn residuals(&mut self, x: &Mat<f64>, e: &mut Mat<f64>, effort: &mut Effort) {
        for c in 0..x.ncols() {
            let pairs = x.col_as_slice(c).iter().zip(self.target.col_as_slice(0));
            e.col_as_slice_mut(c).iter_mut().zip(pairs).for_each(|(e, (x, m))| *e = x - m);
        }
        effort.flops += (x.nrows() * x.ncols()) as u64;
    }
}

/// `m` Gaussian measurement matrices and what they see of a truth.
#[derive(Debug, Clone)]
pub struct Operator {
    n: usize,
    /// Column `i` is `vec(A_i)/√m`.
    rows: Mat<f64>,
    y: Vec<f64>,
}

impl Operator {
    /// Draws `m·n²` unit normals, matrix after matrix. `symmetrise`: use `(A_i + A_iᵀ)/2`, which cannot see the skew part
    /// of `F Gᵀ`.
    ///
    /// # Errors
    ///
    /// `m = 0`.
    pub fn draw(truth: &Truth, m: usize, symmetrise: bool, rng: &mut impl Rng) -> Result<Self, Error> {
        argument(m >= 1, "m", m as f64, "at least one")?;
        let n = truth.basis().nrows();
        let mut rows = normals(n * n, m, 1.0 / (m as f64).sqrt(), rng);
        if symmetrise {
            for i in 0..m {
                let row = rows.col_as_slice_mut(i);
                for b in 0..n {
                    for a in 0..b {
                        let mean = (row[a + b * n] + row[b + a * n]) / 2.0;
                        (row[a + b * n], row[b + a * n]) = (mean, mean);
                    }
                }
            }
        }
        let target = vec_of(truth.matrix().as_ref());
        let y = (0..m).map(|i| inner(rows.col_as_slice(i), target.col_as_slice(0))).collect();
        Ok(Self { n, rows, y })
    }

    /// The order `n` of the matrices.
    pub fn order(&self) -> usize {
        self.n
    }

    /// The number `m` of measurements.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// `‖𝒜(X) − y‖² = (1/m) Σ (⟨A_i, X⟩ − ⟨A_i, M⟩)²`.
    ///
    /// # Errors
    ///
    /// A matrix of another shape.
    pub fn loss(&self, x: MatRef<'_, f64>) -> Result<f64, Error> {
        shape("X", Size::Matrix(self.n, self.n), Size::Matrix(x.nrows(), x.ncols()))?;
        let x = vec_of(x);
        let residual = |i| inner(self.rows.col_as_slice(i), x.col_as_slice(0)) - self.y[i];
        Ok((0..self.len()).map(|i| f64::powi(residual(i), 2)).sum())
    }
}

/// Two passes over the matrices, literally: the reference.
#[derive(Debug, Clone, Copy)]
pub struct TwoPass<'a>(pub &'a Operator);

impl Model for TwoPass<'_> {
    fn order(&self) -> usize {
        self.0.n
    }

    fn residuals(&mut self, x: &Mat<f64>, e: &mut Mat<f64>, effort: &mut Effort) {
        let Operator { rows, y, .. } = self.0;
        for c in 0..x.ncols() {
            let z: Vec<f64> = (0..y.len()).map(|i| inner(rows.col_as_slice(i), x.col_as_slice(c)) - y[i]).collect();
            let e = e.col_as_slice_mut(c);
            e.fill(0.0);
            for (i, z) in z.iter().enumerate() {
                e.iter_mut().zip(rows.col_as_slice(i)).for_each(|(e, a)| *e += z * a);
            }
            count(self.0, effort);
        }
    }
}

/// One pass: a group of eight matrices is used for both products while it is in cache. Halves the bytes, `8mn²` a step.
#[derive(Debug, Clone)]
pub struct Fused<'a> {
    operator: &'a Operator,
    /// The matrices, padded with zeros to a multiple of eight entries.
    rows: Mat<f64>,
    /// All of them, in order.
    all: Vec<u32>,
    padded: usize,
    simd: Simd,
}

impl<'a> Fused<'a> {
    /// Pads the matrices.
    pub fn new(operator: &'a Operator) -> Self {
        Self::on(operator, Simd::detect())
    }

    /// Pads the matrices for this instruction set.
    pub fn on(operator: &'a Operator, simd: Simd) -> Self {
        let size = operator.n * operator.n;
        let padded = size.next_multiple_of(8);
        let mut rows = Mat::zeros(operator.len() * padded, 1);
        for (i, row) in rows.col_as_slice_mut(0).chunks_exact_mut(padded).enumerate() {
            row[..size].copy_from_slice(operator.rows.col_as_slice(i));
        }
        Self { operator, rows, all: (0..).take(operator.len()).collect(), padded, simd }
    }
}

impl Model for Fused<'_> {
    fn order(&self) -> usize {
        self.operator.n
    }

    fn residuals(&mut self, x: &Mat<f64>, e: &mut Mat<f64>, effort: &mut Effort) {
        let size = x.nrows();
        let mut padded = Mat::zeros(self.padded, 2);
        for c in 0..x.ncols() {
            padded.col_as_slice_mut(0)[..size].copy_from_slice(x.col_as_slice(c));
            padded.col_as_slice_mut(1).fill(0.0);
            self.simd.run(Pass { fused: self, vectors: &mut padded });
            // The kernel's residual is y − 𝒜(X).
            let w = padded.col_as_slice(1);
            e.col_as_slice_mut(c).iter_mut().zip(w).for_each(|(e, w)| *e = -w);
            count(self.operator, effort);
        }
    }
}

struct Pass<'a> {
    fused: &'a Fused<'a>,
    vectors: &'a mut Mat<f64>,
}

impl Task for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let (x, w) = self.vectors.as_mut().two_cols_mut(0, 1);
        let (Some(x), Some(w)) = (x.try_as_col_major_mut(), w.try_as_col_major_mut()) else { return };
        let (x, w) = (x.as_slice_mut(), w.as_slice_mut());
        let Fused { operator, rows, all, padded, .. } = self.fused;
        fused(
            simd,
            Design { rows: rows.col_as_slice(0), padded: *padded, observed: all },
            x,
            Some(&operator.y),
            w,
            Order::Forth,
        );
    }
}

/// Entries of a tile.
const TILE: usize = 64;

/// The normal matrix `ĀᵀĀ`, formed once: for `2m > n²` and long runs a step costs `2n⁴` flops instead of `4mn²`. It is
/// symmetric, so that half of it, `4n⁴` bytes, is read in a step, once for all runs.
#[derive(Debug, Clone)]
pub struct Normal {
    n: usize,
    /// Panels of eight rows, each from its diagonal tile of eight by eight on.
    panels: Mat<f64>,
    right: Mat<f64>,
}

impl Normal {
    /// Forms the normal matrix: `mn⁴` flops.
    pub fn new(operator: &Operator) -> Self {
        let rows = operator.rows.as_ref();
        let gram = linalg::gram(rows.transpose());
        let y = MatRef::from_column_major_slice(&operator.y, operator.len(), 1);
        let (size, tiles) = (gram.nrows(), gram.nrows().div_ceil(8));
        let entry = |i: usize, j: usize| if i < size && j < size { gram[(i, j)] } else { 0.0 };
        let mut panels = Mat::zeros(32 * tiles * (tiles + 1), 1);
        let mut to = panels.col_as_slice_mut(0).iter_mut();
        for (i, j) in (0..tiles).flat_map(|i| (i..tiles).map(move |j| (i, j))) {
            for (r, c) in (0..8).flat_map(|r| (0..8).map(move |c| (r, c))) {
                to.by_ref().take(1).for_each(|to| *to = entry(8 * i + r, 8 * j + c));
            }
        }
        Self { n: operator.n, panels, right: linalg::product(rows, y) }
    }
}

impl Model for Normal {
    fn order(&self) -> usize {
        self.n
    }

    fn residuals(&mut self, x: &Mat<f64>, e: &mut Mat<f64>, effort: &mut Effort) {
        let (size, runs) = x.shape();
        let padded = size.next_multiple_of(8);
        let [mut from, mut to] = [Mat::zeros(padded, runs), Mat::zeros(padded, runs)];
        for c in 0..runs {
            from.col_as_slice_mut(c)[..size].copy_from_slice(x.col_as_slice(c));
        }
        Simd::detect().run(Symmetric { panels: self.panels.col_as_slice(0), x: &from, y: &mut to });
        for c in 0..runs {
            let pairs = to.col_as_slice(c).iter().zip(self.right.col_as_slice(0));
            e.col_as_slice_mut(c).iter_mut().zip(pairs).for_each(|(e, (y, r))| *e = y - r);
        }
        effort.flops += (2 * size * size * runs) as u64;
        effort.entries += (size * size) as u64;
        effort.applications += runs as u64;
    }
}

/// `Y += G X` for a symmetric `G`: a tile above the diagonal serves its row and, transposed, its column.
struct Symmetric<'a> {
    panels: &'a [f64],
    x: &'a Mat<f64>,
    y: &'a mut Mat<f64>,
}

impl Task for Symmetric<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let mut rest = self.panels;
        let tiles = self.x.nrows() / 8;
        for i in 0..tiles {
            let (panel, below) = rest.split_at(TILE * (tiles - i));
            rest = below;
            for c in 0..self.x.ncols() {
                let x = &self.x.col_as_slice(c).as_chunks::<8>().0[i..];
                let y = &mut self.y.col_as_slice_mut(c).as_chunks_mut::<8>().0[i..];
                let (mut sums, mut weights) = ([simd.splat(0.0); 8], [simd.splat(0.0); 8]);
                for r in 0..8 {
                    weights[r] = simd.splat(x[0][r]);
                }
                for (j, (tile, x)) in panel.as_chunks::<TILE>().0.iter().zip(x).enumerate() {
                    let (rows, x) = (tile.as_chunks::<8>().0, simd.load(x));
                    let (mut even, mut odd) = (simd.load(&y[j]), simd.splat(0.0));
                    for r in 0..4 {
                        let (a, b) = (simd.load(&rows[2 * r]), simd.load(&rows[2 * r + 1]));
                        sums[2 * r] = simd.fma(a, x, sums[2 * r]);
                        sums[2 * r + 1] = simd.fma(b, x, sums[2 * r + 1]);
                        even = simd.fma(a, weights[2 * r], even);
                        odd = simd.fma(b, weights[2 * r + 1], odd);
                    }
                    // The tile on the diagonal is its own transpose.
                    if j > 0 {
                        simd.store(simd.add(even, odd), &mut y[j]);
                    }
                }
                simd.store(simd.add(simd.sums(sums), simd.load(&y[0])), &mut y[0]);
            }
        }
    }
}

fn count(operator: &Operator, effort: &mut Effort) {
    let entries = (operator.len() * operator.rows.nrows()) as u64;
    effort.flops += 4 * entries;
    effort.entries += entries;
    effort.applications += 2;
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `vec(X)`, column after column.
pub(super) fn vec_of(x: MatRef<'_, f64>) -> Mat<f64> {
    let n = x.nrows();
    Mat::from_fn(n * x.ncols(), 1, |at, _| x[(at % n, at / n)])
}
