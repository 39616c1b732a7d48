//! One pass over the data: residuals, loss and sub-gradient together.

use faer::{Mat, Par};
use rayon::prelude::*;

use super::super::{Loss, symmetric::packed_len};
use crate::Effort;
use crate::simd::{
    Simd, Task,
    lanes::Lanes,
    prefetch,
    row::{Entry, axpy, dot, halves, halves_mut},
};

/// Rows are summed in at most this many blocks, each with its own partial sum, added in order at the end. The number
/// does not depend on the number of threads, and so neither does any bit of the result.
const BLOCKS: usize = 8;
/// Smaller blocks do not pay for zeroing and adding a partial sum.
const MIN_BLOCK: usize = 32;
/// Below this many entries a pass takes less time than waking a thread.
const MIN_PARALLEL: usize = 1 << 19;

/// Rows of `f32` are asked for so many entries ahead. They come in at twice the pace of `f64` rows, faster than the
/// prefetcher of the processor follows across pages; `f64` rows gain nothing.
const AHEAD: usize = 128;

/// How to run passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    pub simd: Simd,
    pub par: Par,
}

/// A block's number, residuals and observations, partial sum and loss.
type Block<'a> = (usize, ((&'a mut [f64], &'a [f64]), (&'a mut [f64], &'a mut f64)));

/// Passes over packed rows, with their workspace.
pub(crate) struct Passes<'a, T> {
    d: usize,
    rows: &'a Mat<T>,
    engine: Engine,
    /// Rows in a block; all but the last have this many.
    block: usize,
    /// The blocks' partial sums, one after the other in one column.
    partial: Mat<f64>,
    losses: Vec<f64>,
}

impl<'a, T: Entry> Passes<'a, T> {
    pub(crate) fn new(d: usize, rows: &'a Mat<T>, engine: Engine) -> Self {
        let m = rows.ncols();
        let block = m.div_ceil(BLOCKS).max(MIN_BLOCK).min(m);
        let blocks = m.div_ceil(block);
        Self { d, rows, engine, block, partial: Mat::zeros(rows.nrows() * blocks, 1), losses: vec![0.0; blocks] }
    }

    /// Sets `z_i = a_i·x − y_i` and `g = Σ w(z_i) a_i`, and returns the loss.
    ///
    /// Reads every row once from memory: `4mD` flops.
    pub(crate) fn run(
        &mut self,
        x: &[f64],
        y: &[f64],
        z: &mut [f64],
        g: &mut [f64],
        loss: Loss,
        effort: &mut Effort,
    ) -> f64 {
        let Self { rows, engine, block, .. } = *self;
        let inverse_m = 1.0 / rows.ncols() as f64;
        let padded = rows.nrows();
        let work = |(k, ((z, y), (g, f))): Block<'_>| {
            g.fill(0.0);
            *f = engine.simd.run(Skewed { rows, first: k * block, x, y, z, g, loss, inverse_m });
        };
        let threads = if rows.ncols() * padded < MIN_PARALLEL { 1 } else { self.engine.par.degree() };
        let blocks = self.losses.len();
        let partial = self.partial.col_as_slice_mut(0);
        if threads > 1 {
            z.par_chunks_mut(block)
                .zip(y.par_chunks(block))
                .zip(partial.par_chunks_mut(padded).zip(self.losses.par_iter_mut()))
                .enumerate()
                .with_min_len(blocks.div_ceil(threads))
                .for_each(work);
        } else {
            z.chunks_mut(block)
                .zip(y.chunks(block))
                .zip(partial.chunks_mut(padded).zip(self.losses.iter_mut()))
                .enumerate()
                .for_each(work);
        }
        g.fill(0.0);
        for partial in self.partial.col_as_slice(0).chunks(padded) {
            for (g, p) in g.iter_mut().zip(partial) {
                *g += p;
            }
        }
        let entries = (rows.ncols() * packed_len(self.d)) as u64;
        effort.entries += entries;
        effort.flops += 4 * entries;
        effort.applications += 2;
        self.losses.iter().sum()
    }
}

/// Skewed fusion of the two products over one block of rows.
///
/// A row's weight is known only after its dot product, so a loop that finishes one row before it starts the next
/// makes the memory wait while the row is added to `g`. Here one sweep adds the previous group of rows, which is still
/// in cache, while it takes the dot products of the next group, which streams in.
struct Skewed<'a, T> {
    rows: &'a Mat<T>,
    first: usize,
    x: &'a [f64],
    y: &'a [f64],
    z: &'a mut [f64],
    g: &'a mut [f64],
    loss: Loss,
    inverse_m: f64,
}

impl<T: Entry> Task for Skewed<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> f64 {
        // More rows in a group save loads and stores of `g`, as long as their sums stay in registers; the order in which
        // anything is added does not depend on their number.
        match (S::WIDE, size_of::<T>() < size_of::<f64>()) {
            (true, true) => self.sweep::<8, AHEAD, S>(simd),
            (true, false) => self.sweep::<4, 0, S>(simd),
            (false, true) => self.sweep::<2, AHEAD, S>(simd),
            (false, false) => self.sweep::<2, 0, S>(simd),
        }
    }
}

impl<T: Entry> Skewed<'_, T> {
    /// Groups of `R` rows, of which the next is asked for `AHEAD` entries before it is read.
    #[inline(always)]
    fn sweep<const R: usize, const AHEAD: usize, S: Lanes>(self, simd: S) -> f64 {
        let Self { rows, first, x, y, z, g, loss, inverse_m } = self;
        let row = |i: usize| rows.col_as_slice(first + i);
        let m = z.len();
        let mut total = 0.0;
        let mut settle = |z: &mut f64, y: f64, dot: f64| {
            *z = dot - y;
            total += loss.share(*z, inverse_m);
            loss.weight(*z)
        };
        // Peel the rows that do not fill a group, and the products of the first group.
        let mut i = m % R;
        for k in 0..i {
            let w = settle(&mut z[k], y[k], dot(simd, row(k), x));
            axpy(simd, w, row(k), g);
        }
        if i < m {
            // A loop, not `from_fn`: closures over vectors are not always inlined into the dispatched function.
            let mut w = [0.0; R];
            for (k, w) in w.iter_mut().enumerate() {
                *w = settle(&mut z[i + k], y[i + k], dot(simd, row(i + k), x));
            }
            while i + R < m {
                let (a, b) = (std::array::from_fn(|k| row(i + k)), std::array::from_fn(|k| row(i + R + k)));
                let dots = step::<R, AHEAD, T, S>(simd, a, w, b, x, g);
                i += R;
                w = std::array::from_fn(|k| settle(&mut z[i + k], y[i + k], dots[k]));
            }
            for (k, w) in w.into_iter().enumerate() {
                axpy(simd, w, row(i + k), g);
            }
        }
        total
    }
}

/// `g += Σ w_k a_k` and `b_k·x` in one sweep. Weights of zero multiply instead of branching.
#[inline(always)]
fn step<const R: usize, const AHEAD: usize, T: Entry, S: Lanes>(
    simd: S,
    a: [&[T]; R],
    w: [f64; R],
    b: [&[T]; R],
    x: &[f64],
    g: &mut [f64],
) -> [f64; R] {
    let w = w.map(|w| simd.splat(w));
    let mut c = [[simd.splat(0.0); 2]; R];
    let x = x.as_chunks::<16>().0;
    let n = x.len();
    let g = &mut g.as_chunks_mut::<16>().0[..n];
    let a = a.map(|a| &a.as_chunks::<16>().0[..n]);
    let b = b.map(|b| &b.as_chunks::<16>().0[..n]);
    for j in 0..n {
        if AHEAD > 0 {
            for row in b {
                prefetch(row[j].as_ptr().wrapping_add(AHEAD));
            }
        }
        for (h, g) in halves_mut(&mut g[j]).into_iter().enumerate() {
            let x = simd.load(halves(&x[j])[h]);
            let mut sum = simd.load(g);
            for k in 0..R {
                c[k][h] = simd.fma(T::load(simd, halves(&b[k][j])[h]), x, c[k][h]);
                sum = simd.fma(w[k], T::load(simd, halves(&a[k][j])[h]), sum);
            }
            simd.store(sum, g);
        }
    }
    c.map(|[low, high]| simd.sum(simd.add(low, high)))
}
