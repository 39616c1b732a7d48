//! The iteration for statistics: the potential along many runs on small matrices.
//!
//! The same steps as [`engine::run`](super::engine::run) takes on a [`TwoSided`](super::engine::TwoSided) matrix, with
//! the same rules and solvers, and two differences: `A⁻¹` is carried along, so that `Γ` costs `n` multiplications instead
//! of `n³`, and everything lies in two blocks of memory that are allocated once for any number of runs. Only the columns
//! of the set are computed, their mirror images are copied, which halves the flops and keeps `A` exactly symmetric.
//! Columns are padded with zeros to whole vectors of eight.

use faer::MatRef;

use super::pivot::{Pivots, View};
use super::potential::inverse;
use super::small::transpose;
use super::solver::{BlockSolver, Breakdown};
use crate::Effort;
use crate::error::{Error, NumericalError, argument};
use crate::linalg::maximum;
use crate::simd::{Simd, Task, lanes::Lanes};

/// `A` and `A⁻¹` of order `n`, and the steps on them.
#[derive(Debug, Clone)]
pub struct Trajectory {
    n: usize,
    a: Columns,
    inverse: Columns,
    /// Empty after a start: its size is checked against `n` only when it changes.
    set: Vec<usize>,
    block: Block,
    /// Work of all steps so far.
    pub effort: Effort,
}

/// A matrix of order `n`, column after column of whole vectors.
#[derive(Debug, Clone, Default)]
struct Columns {
    /// Vectors in a column.
    vectors: usize,
    entries: Vec<[f64; 8]>,
    /// The diagonal entries once more, padded with ones.
    diagonal: Vec<[f64; 8]>,
}

impl Columns {
    fn fill(&mut self, n: usize, entry: impl Fn(usize, usize) -> f64) {
        self.vectors = n.div_ceil(8);
        self.entries.clear();
        self.entries.resize(self.vectors * n, [0.0; 8]);
        for (j, column) in self.entries.chunks_exact_mut(self.vectors).enumerate() {
            column.as_flattened_mut().iter_mut().take(n).enumerate().for_each(|(i, to)| *to = entry(i, j));
        }
        self.diagonal.clear();
        self.diagonal.resize(self.vectors, [1.0; 8]);
        self.diagonal.as_flattened_mut().iter_mut().take(n).enumerate().for_each(|(i, to)| *to = entry(i, i));
    }

    #[inline(always)]
    fn column(&self, j: usize) -> &[[f64; 8]] {
        &self.entries[self.vectors * j..self.vectors * (j + 1)]
    }

    #[inline(always)]
    fn entry(&self, i: usize, j: usize) -> f64 {
        self.entries.as_flattened()[i + 8 * self.vectors * j]
    }

    #[inline(always)]
    fn set(&mut self, i: usize, j: usize, x: f64) {
        self.entries.as_flattened_mut()[i + 8 * self.vectors * j] = x;
    }

    fn copy(&mut self, from: &Self) {
        self.vectors = from.vectors;
        self.entries.clone_from(&from.entries);
        self.diagonal.clone_from(&from.diagonal);
    }
}

/// The matrices of one step.
#[derive(Debug, Clone, Default)]
struct Block {
    g: Vec<f64>,
    t: Vec<f64>,
    t_inv: Vec<f64>,
    /// `T⁻ᵀ`.
    dual: Vec<f64>,
    row: Vec<f64>,
    /// `A[S,S]` after the step.
    corner: Vec<f64>,
    /// `A[:,S] T`.
    columns: Vec<[f64; 8]>,
}

impl Trajectory {
    /// Starts from a positive definite `A: n×n`.
    ///
    /// # Errors
    ///
    /// A matrix that is not square, not finite or not positive definite.
    pub fn new(a: MatRef<'_, f64>) -> Result<Self, Error> {
        let mut trajectory = Self {
            n: a.nrows(),
            a: Columns::default(),
            inverse: Columns::default(),
            set: Vec::new(),
            block: Block::default(),
            effort: Effort::default(),
        };
        trajectory.restart(a)?;
        Ok(trajectory)
    }

    /// Starts again from another matrix, in the same memory.
    ///
    /// # Errors
    ///
    /// As [`Trajectory::new`].
    pub fn restart(&mut self, a: MatRef<'_, f64>) -> Result<(), Error> {
        let inverse = inverse(a)?;
        self.n = a.nrows();
        self.set.clear();
        self.a.fill(self.n, |i, j| a[(i.min(j), i.max(j))]);
        self.inverse.fill(self.n, |i, j| inverse[(i.min(j), i.max(j))]);
        Ok(())
    }

    /// Starts again from another trajectory's matrix, in the same memory.
    pub fn restart_from(&mut self, start: &Self) {
        self.n = start.n;
        self.set.clear();
        self.a.copy(&start.a);
        self.inverse.copy(&start.inverse);
    }

    /// One step. Cost: `4nk² + 2k²(k+1)` flops, counted as `4nk² + 4k³`, and those of the solver, which are not counted.
    ///
    /// # Errors
    ///
    /// A set size that is not in `2..=n`; a block that the solver cannot factorize.
    pub fn step(&mut self, pivots: &mut dyn Pivots, solver: &mut dyn BlockSolver) -> Result<(), Error> {
        let (n, k) = (self.n, pivots.size());
        if self.set.len() != k {
            argument((2..=n).contains(&k), "k", k as f64, "a set has at least 2 and at most n indices")?;
            self.set.resize(k, 0);
        }
        let mut set = std::mem::take(&mut self.set);
        pivots.next(self, &mut set);
        let solved = self.block.solve(&self.a, &set, solver);
        if let Ok(()) = solved {
            let (block, set) = (&mut self.block, &*set);
            Simd::detect().run(Apply { block, set, a: &mut self.a, inverse: &mut self.inverse });
            if solver.diagonalizes() {
                for &j in set {
                    set.iter().filter(|&&i| i != j).for_each(|&i| self.a.set(i, j, 0.0));
                }
            }
            self.effort.iterations += 1;
            self.effort.flops += 4 * (n * k * k + k * k * k) as u64;
            self.effort.entries += 2 * (n * k) as u64;
        }
        let failed = solved.map_err(|Breakdown(i)| NumericalError::RankDeficient { column: set[i] }.into());
        self.set = set;
        failed
    }

    /// `Γ(A)`. Cost: `2n` flops, or `2n²` where less than one is left and the short form would cancel.
    pub fn gamma(&self) -> f64 {
        Simd::detect().run(Gamma(self))
    }

    /// The largest deviation of `A A⁻¹` from the identity, in the scale of the unit diagonal: what the recurrences of
    /// the two matrices have lost.
    pub fn drift(&self) -> f64 {
        let n = self.n;
        let root: Vec<f64> = self.a.diagonal.as_flattened().iter().map(|x| x.sqrt()).collect();
        let entry = |i: usize, j: usize| -> f64 {
            let product: f64 = (0..n).map(|l| self.a.entry(i, l) * self.inverse.entry(l, j)).sum();
            (product * root[j] / root[i] - f64::from(u8::from(i == j))).abs()
        };
        maximum((0..n * n).map(|at| entry(at % n, at / n)))
    }
}

impl View for Trajectory {
    fn order(&self) -> usize {
        self.n
    }

    #[inline(always)]
    fn entry(&self, i: usize, j: usize) -> f64 {
        self.a.entry(i, j)
    }
}

/// `Σ (A_jj A⁻¹_jj − 1)`, or `−2 Σ_{i<j} A_ij A⁻¹_ij`.
struct Gamma<'a>(&'a Trajectory);

/// The entries of a vector above the one with this number.
const ABOVE: [[f64; 8]; 8] = {
    let mut above = [[0.0; 8]; 8];
    let mut j = 0;
    while j < 8 {
        let mut i = 0;
        while i < j {
            above[j][i] = 1.0;
            i += 1;
        }
        j += 1;
    }
    above
};

impl Task for Gamma<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> f64 {
        let Trajectory { n, a, inverse, .. } = self.0;
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        let mut sum = zero;
        for (a, b) in a.diagonal.iter().zip(&inverse.diagonal) {
            sum = simd.add(sum, simd.sub(simd.mul(simd.load(a), simd.load(b)), one));
        }
        let large = simd.sum(sum);
        if large >= 1.0 {
            return large;
        }
        // Whole vectors and last ones apart: two chains of additions instead of one.
        let (mut sum, mut lasts) = (zero, zero);
        for j in 0..*n {
            let (a, b) = (&a.column(j)[..j / 8 + 1], &inverse.column(j)[..j / 8 + 1]);
            if let ([a @ .., a_last], [b @ .., b_last]) = (a, b) {
                for (a, b) in a.iter().zip(b) {
                    sum = simd.add(sum, simd.mul(simd.load(a), simd.load(b)));
                }
                let last = simd.mul(simd.load(a_last), simd.load(b_last));
                lasts = simd.add(lasts, simd.mul(last, simd.load(&ABOVE[j % 8])));
            }
        }
        -2.0 * simd.sum(simd.add(sum, lasts))
    }
}

/// `A ← Tᵀ A T` and `A⁻¹ ← T⁻¹ A⁻¹ T⁻ᵀ`. Products are rounded before they are added, so that all instruction sets give
/// the same bits.
struct Apply<'a> {
    block: &'a mut Block,
    set: &'a [usize],
    a: &'a mut Columns,
    inverse: &'a mut Columns,
}

impl Task for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { block, set, a, inverse } = self;
        let Block { t, dual, row, corner, columns, .. } = block;
        for (a, t) in [(a, t), (inverse, dual)] {
            match (set, a.vectors) {
                (&[p, q], 1) => pair::<S, 1>(simd, a, [p, q], t),
                (&[p, q], 2) => pair::<S, 2>(simd, a, [p, q], t),
                (&[p, q], 3) => pair::<S, 3>(simd, a, [p, q], t),
                _ => transform(simd, a, set, t, row, corner, columns),
            }
        }
    }
}

/// [`transform`] for a pair of columns of few vectors: the same sums, in registers.
#[inline(always)]
fn pair<S: Lanes, const V: usize>(simd: S, a: &mut Columns, [p, q]: [usize; 2], t: &[f64]) {
    let (t0, t1, t2, t3) = (t[0], t[1], t[2], t[3]);
    let columns = a.entries.as_chunks_mut::<V>().0;
    let mut new = [[[0.0; 8]; V]; 2];
    for v in 0..V {
        let (x, y) = (simd.load(&columns[p][v]), simd.load(&columns[q][v]));
        for (new, [s, t]) in new.iter_mut().zip([[t0, t1], [t2, t3]]) {
            simd.store(simd.add(simd.mul(x, simd.splat(s)), simd.mul(y, simd.splat(t))), &mut new[v]);
        }
    }
    [columns[p], columns[q]] = new;
    let [x, y] = [new[0].as_flattened(), new[1].as_flattened()];
    let (pp, pq, qq) = (x[p] * t0 + x[q] * t1, x[p] * t2 + x[q] * t3, y[p] * t2 + y[q] * t3);
    for ((column, x), y) in columns.iter_mut().zip(x).zip(y) {
        let column = column.as_flattened_mut();
        column[p] = *x;
        column[q] = *y;
    }
    for (i, j, x) in [(p, p, pp), (q, p, pq), (p, q, pq), (q, q, qq)] {
        columns[j].as_flattened_mut()[i] = x;
    }
    let diagonal = a.diagonal.as_flattened_mut();
    (diagonal[p], diagonal[q]) = (pp, qq);
}

/// `A ← Tᵀ A T`. The buffers receive a row and the whole of `A[S,S]`, and `A[:,S] T`.
///
/// Vectors are stored before single entries and read back only as entries: a vector that is read while one of its entries
/// is on its way to the cache has to wait for it.
#[inline(always)]
fn transform<S: Lanes>(
    simd: S,
    a: &mut Columns,
    set: &[usize],
    t: &[f64],
    row: &mut [f64],
    corner: &mut [f64],
    columns: &mut Vec<[f64; 8]>,
) {
    let (k, vectors) = (set.len(), a.vectors);
    columns.resize(vectors * k, [0.0; 8]);
    for j in 0..k {
        let column = &mut columns[vectors * j..vectors * (j + 1)];
        combine(simd, a, set, &t[k * j..k * (j + 1)], column);
        let column = column.as_flattened();
        for l in 0..k {
            row[l] = column[set[l]];
        }
        for i in j..k {
            corner[i + k * j] = row.iter().zip(&t[k * i..k * (i + 1)]).map(|(x, t)| x * t).sum();
            corner[j + k * i] = corner[i + k * j];
        }
    }
    for (j, &s) in set.iter().enumerate() {
        a.entries[vectors * s..vectors * (s + 1)].copy_from_slice(&columns[vectors * j..vectors * (j + 1)]);
    }
    for (j, &s) in set.iter().enumerate() {
        let (column, to) = (columns[vectors * j..vectors * (j + 1)].as_flattened(), a.entries.as_flattened_mut());
        let mut at = s;
        for &x in column {
            // The padding of a column has no mirror image.
            let Some(mirrored) = to.get_mut(at) else { break };
            *mirrored = x;
            at += 8 * vectors;
        }
    }
    for (j, &q) in set.iter().enumerate() {
        for (i, &p) in set.iter().enumerate() {
            a.set(p, q, corner[i + k * j]);
        }
        a.diagonal.as_flattened_mut()[q] = corner[j + k * j];
    }
}

/// `out = A[:,S] t`.
#[inline(always)]
fn combine<S: Lanes>(simd: S, a: &Columns, set: &[usize], t: &[f64], out: &mut [[f64; 8]]) {
    for (l, (&s, &t)) in set.iter().zip(t).enumerate() {
        let t = simd.splat(t);
        for (out, x) in out.iter_mut().zip(a.column(s)) {
            let product = simd.mul(simd.load(x), t);
            simd.store(if l == 0 { product } else { simd.add(simd.load(out), product) }, out);
        }
    }
}

impl Block {
    /// Reads `A[S,S]` and factorizes it.
    fn solve(&mut self, a: &Columns, set: &[usize], solver: &mut dyn BlockSolver) -> Result<(), Breakdown> {
        let k = set.len();
        if self.row.len() != k {
            for all in [&mut self.g, &mut self.t, &mut self.t_inv, &mut self.dual, &mut self.corner] {
                all.resize(k * k, 0.0);
            }
            self.row.resize(k, 0.0);
        }
        for (j, &q) in set.iter().enumerate() {
            for (i, &p) in set.iter().enumerate() {
                self.g[i + k * j] = a.entry(p, q);
            }
        }
        solver.solve(k, &self.g, &mut self.t, &mut self.t_inv)?;
        transpose(k, &self.t_inv, &mut self.dual);
        Ok(())
    }
}
