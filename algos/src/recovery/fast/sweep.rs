//! One pass over the data for up to eight runs at once.

use faer::Mat;

use super::super::{Loss, options::sign};
use crate::simd::{
    Simd, Task,
    lanes::Lanes,
    row::{Entry, halves, halves_mut},
};

/// Runs that share a pass: one vector of eight holds a residual of each.
pub(super) const RUNS: usize = 8;
/// Rows whose products are taken before they are added to the sums: few enough to be still in cache, and a multiple of
/// the heights of all tiles.
const BLOCK: usize = 48;

/// Rows with a workspace for eight runs, and the runs' residuals and weighted sums after a pass.
pub(super) struct Sweep<'a, T> {
    rows: &'a Mat<T>,
    /// What fills the last tile of rows.
    zero: Vec<T>,
    /// `svec(U Uᵀ)` and `Σ w_i a_i`, run after run in one column, padded as the rows are.
    x: Mat<f64>,
    g: Mat<f64>,
    /// Entry `l` of row `i` belongs to run `l`.
    y: Vec<[f64; RUNS]>,
    z: Vec<[f64; RUNS]>,
    quadratic: [bool; RUNS],
}

impl<'a, T: Entry> Sweep<'a, T> {
    pub(super) fn new(rows: &'a Mat<T>) -> Self {
        let (padded, m) = (rows.nrows(), rows.ncols());
        Self {
            rows,
            zero: vec![T::ZERO; padded],
            x: Mat::zeros(padded * RUNS, 1),
            g: Mat::zeros(padded * RUNS, 1),
            y: vec![[0.0; RUNS]; m],
            z: vec![[0.0; RUNS]; m],
            quadratic: [false; RUNS],
        }
    }

    /// Observations and loss of run `l`.
    pub(super) fn seat(&mut self, l: usize, y: &[f64], loss: Loss) {
        for (row, y) in self.y.iter_mut().zip(y) {
            row[l] = *y;
        }
        self.quadratic[l] = loss == Loss::L2;
    }

    /// Where `svec(U Uᵀ)` of run `l` is written.
    pub(super) fn lifted(&mut self, l: usize) -> &mut [f64] {
        let padded = self.rows.nrows();
        &mut self.x.col_as_slice_mut(0)[l * padded..][..padded]
    }

    /// `Σ w_i a_i` of run `l`.
    pub(super) fn sum(&self, l: usize) -> &[f64] {
        let padded = self.rows.nrows();
        &self.g.col_as_slice(0)[l * padded..][..padded]
    }

    /// Sets residuals and weighted sums of the first `runs` runs, and returns their losses.
    ///
    /// Reads every row once from memory: `4mD` flops a run. What a run gets does not depend on the others.
    pub(super) fn run(&mut self, simd: Simd, runs: usize) -> [f64; RUNS] {
        self.g.as_mut().fill(0.0);
        simd.run(Pass { sweep: self, runs })
    }

    /// Copies the residuals of run `l`.
    pub(super) fn residual(&self, l: usize, z: &mut [f64]) {
        for (z, row) in z.iter_mut().zip(&self.z) {
            *z = row[l];
        }
    }
}

struct Pass<'s, 'a, T> {
    sweep: &'s mut Sweep<'a, T>,
    runs: usize,
}

impl<T: Entry> Task for Pass<'_, '_, T> {
    type Output = [f64; RUNS];

    /// Tiles of runs, rows and vectors that fill the registers with sums. Of AVX-512 a step over 24 sums loads eleven
    /// vectors, where row by row it would load two for each of them.
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> [f64; RUNS] {
        match (S::WIDE, self.runs) {
            (true, 1) => self.tiled::<1, 6, 4, S>(simd),
            (true, 2) => self.tiled::<2, 6, 4, S>(simd),
            (true, 3..=4) => self.tiled::<4, 6, 2, S>(simd),
            (true, _) => self.tiled::<8, 3, 1, S>(simd),
            (false, 1) => self.tiled::<1, 4, 2, S>(simd),
            (false, _) => self.tiled::<2, 2, 1, S>(simd),
        }
    }
}

impl<T: Entry> Pass<'_, '_, T> {
    /// Tiles of `L` runs by `R` rows in the products, by `J` times sixteen entries in the sums.
    #[inline(always)]
    fn tiled<const L: usize, const R: usize, const J: usize, S: Lanes>(self, simd: S) -> [f64; RUNS] {
        let Self { sweep: Sweep { rows, zero, x, g, y, z, quadratic }, runs } = self;
        let (padded, m) = (rows.nrows(), rows.ncols());
        let inverse_m = 1.0 / m as f64;
        let mut xs = x.col_as_slice(0).chunks(padded);
        let x: [&[f64]; RUNS] = std::array::from_fn(|_| xs.next().unwrap_or_default());
        let mut gs = g.col_as_slice_mut(0).chunks_mut(padded);
        let mut g: [&mut [f64]; RUNS] = std::array::from_fn(|_| gs.next().unwrap_or_default());
        let (mut losses, mut squares) = ([0.0; RUNS], [0.0; RUNS]);
        let mut w = [[0.0; RUNS]; BLOCK];
        for first in (0..m).step_by(BLOCK) {
            let block: [&[T]; BLOCK] =
                std::array::from_fn(|i| if first + i < m { rows.col_as_slice(first + i) } else { &zero[..] });
            for l in (0..runs).step_by(L) {
                for (rows, w) in block.as_chunks::<R>().0.iter().zip(w.as_chunks_mut::<R>().0) {
                    products::<L, R, T, S>(simd, rows, &x[l..], l, w);
                }
            }
            let place = first..m.min(first + BLOCK);
            settle(&mut w, &y[place.clone()], &mut z[place], inverse_m, &mut losses);
            for l in (0..runs).filter(|&l| quadratic[l]) {
                for (w, z) in w.iter_mut().zip(&z[first..]) {
                    w[l] = Loss::L2.weight(z[l]);
                    squares[l] += Loss::L2.share(z[l], inverse_m);
                }
            }
            for l in (0..runs).step_by(L) {
                let mut at = 0;
                while at < padded {
                    if at + 16 * J <= padded {
                        sums::<L, J, T, S>(simd, &block, &w, l, at, &mut g[l..]);
                        at += 16 * J;
                    } else {
                        sums::<L, 1, T, S>(simd, &block, &w, l, at, &mut g[l..]);
                        at += 16;
                    }
                }
            }
        }
        std::array::from_fn(|l| if quadratic[l] { squares[l] } else { losses[l] })
    }
}

/// The products of `R` rows with the `x` of `L` runs, of which the first is run `l`.
#[inline(always)]
fn products<const L: usize, const R: usize, T: Entry, S: Lanes>(
    simd: S,
    rows: &[&[T]; R],
    x: &[&[f64]],
    l: usize,
    products: &mut [[f64; RUNS]; R],
) {
    let x: [&[[f64; 8]]; L] = std::array::from_fn(|k| x[k].as_chunks().0);
    let n = x[0].len();
    let x = x.map(|x| &x[..n]);
    let rows = rows.map(|row| &row.as_chunks::<8>().0[..n]);
    let mut sums = [[simd.splat(0.0); L]; R];
    for j in 0..n {
        let mut a = [simd.splat(0.0); R];
        for r in 0..R {
            a[r] = T::load(simd, &rows[r][j]);
        }
        for k in 0..L {
            let x = simd.load(&x[k][j]);
            for r in 0..R {
                sums[r][k] = simd.fma(a[r], x, sums[r][k]);
            }
        }
    }
    let sums = sums.as_flattened();
    for first in (0..R * L).step_by(8) {
        let mut eight = [simd.splat(0.0); 8];
        for (k, sum) in sums[first..].iter().take(8).enumerate() {
            eight[k] = *sum;
        }
        let mut total = [0.0; 8];
        simd.store(simd.sums(eight), &mut total);
        for k in 0..8.min(R * L - first) {
            products[(first + k) / L][l + (first + k) % L] = total[k];
        }
    }
}

/// Products to residuals, and the losses and weights of ℓ1. Rows past the end keep a product of zero, and add nothing.
#[inline(always)]
fn settle(
    w: &mut [[f64; RUNS]; BLOCK],
    y: &[[f64; RUNS]],
    z: &mut [[f64; RUNS]],
    inverse_m: f64,
    losses: &mut [f64; RUNS],
) {
    for ((w, y), z) in w.iter_mut().zip(y).zip(z) {
        for l in 0..RUNS {
            z[l] = w[l] - y[l];
            w[l] = sign(z[l]);
            losses[l] += Loss::L1.share(z[l], inverse_m);
        }
    }
}

/// Adds the rows of a block, weighted, to `16 J` entries of the sums of `L` runs, of which the first is run `l`.
#[inline(always)]
fn sums<const L: usize, const J: usize, T: Entry, S: Lanes>(
    simd: S,
    rows: &[&[T]; BLOCK],
    w: &[[f64; RUNS]; BLOCK],
    l: usize,
    at: usize,
    g: &mut [&mut [f64]],
) {
    let mut sums = [[[simd.splat(0.0); 2]; J]; L];
    for k in 0..L {
        for (j, g) in g[k][at..][..16 * J].as_chunks::<16>().0.iter().enumerate() {
            for (h, g) in halves(g).into_iter().enumerate() {
                sums[k][j][h] = simd.load(g);
            }
        }
    }
    for (row, w) in rows.iter().zip(w) {
        let row = &row[at..][..16 * J];
        let mut a = [[simd.splat(0.0); 2]; J];
        for (j, row) in row.as_chunks::<16>().0.iter().enumerate() {
            for (h, row) in halves(row).into_iter().enumerate() {
                a[j][h] = T::load(simd, row);
            }
        }
        for k in 0..L {
            let w = simd.splat(w[l + k]);
            for j in 0..J {
                for h in 0..2 {
                    sums[k][j][h] = simd.fma(w, a[j][h], sums[k][j][h]);
                }
            }
        }
    }
    for k in 0..L {
        for (j, g) in g[k][at..][..16 * J].as_chunks_mut::<16>().0.iter_mut().enumerate() {
            for (h, g) in halves_mut(g).into_iter().enumerate() {
                simd.store(sums[k][j][h], g);
            }
        }
    }
}
