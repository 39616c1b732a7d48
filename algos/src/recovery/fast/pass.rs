//! One pass over the data: residuals, loss and sub-gradient together.

use faer::{Mat, Par};
use rayon::prelude::*;

use super::super::{Loss, symmetric::packed_len};
use super::kernel::{Entry, LANES, Simd, Task, axpy, dot, fma, reduce};
use crate::Effort;

/// Rows are summed in at most this many blocks, each with its own partial sum, added in order at the end. The number
/// does not depend on the number of threads, and so neither does any bit of the result.
const BLOCKS: usize = 8;
/// Smaller blocks do not pay for zeroing and adding a partial sum.
const MIN_BLOCK: usize = 32;
/// Below this many entries a pass takes less time than waking a thread.
const MIN_PARALLEL: usize = 1 << 19;

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
/// makes the memory wait while the row is added to `g`. Here one sweep adds the previous pair of rows, which is still
/// in cache, while it takes the dot products of the next pair, which streams in.
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
    fn run<const FMA: bool>(self) -> f64 {
        let Self { rows, first, x, y, z, g, loss, inverse_m } = self;
        let row = |i: usize| rows.col_as_slice(first + i);
        let m = z.len();
        let mut total = 0.0;
        let mut settle = |z: &mut f64, y: f64, dot: f64| {
            *z = dot - y;
            total += loss.share(*z, inverse_m);
            loss.weight(*z)
        };
        // Peel: an odd first row, then the first pair.
        let mut i = m % 2;
        if i == 1 {
            let w = settle(&mut z[0], y[0], dot::<T, FMA>(row(0), x));
            axpy::<T, FMA>(w, row(0), g);
        }
        if i < m {
            let mut w0 = settle(&mut z[i], y[i], dot::<T, FMA>(row(i), x));
            let mut w1 = settle(&mut z[i + 1], y[i + 1], dot::<T, FMA>(row(i + 1), x));
            while i + 2 < m {
                let (c0, c1) = step::<T, FMA>([row(i), row(i + 1)], [w0, w1], [row(i + 2), row(i + 3)], x, g);
                i += 2;
                w0 = settle(&mut z[i], y[i], c0);
                w1 = settle(&mut z[i + 1], y[i + 1], c1);
            }
            axpy::<T, FMA>(w0, row(i), g);
            axpy::<T, FMA>(w1, row(i + 1), g);
        }
        total
    }
}

/// `g += w₀a₀ + w₁a₁` and `(b₀·x, b₁·x)` in one sweep. Weights of zero multiply instead of branching.
#[inline(always)]
fn step<T: Entry, const FMA: bool>(a: [&[T]; 2], w: [f64; 2], b: [&[T]; 2], x: &[f64], g: &mut [f64]) -> (f64, f64) {
    let mut c0 = [0.0; LANES];
    let mut c1 = [0.0; LANES];
    let a0 = a[0].as_chunks::<LANES>().0.iter();
    let a1 = a[1].as_chunks::<LANES>().0.iter();
    let b0 = b[0].as_chunks::<LANES>().0.iter();
    let b1 = b[1].as_chunks::<LANES>().0.iter();
    let x = x.as_chunks::<LANES>().0.iter();
    let g = g.as_chunks_mut::<LANES>().0.iter_mut();
    for ((((a0, a1), (b0, b1)), x), g) in a0.zip(a1).zip(b0.zip(b1)).zip(x).zip(g) {
        for l in 0..LANES {
            c0[l] = fma::<FMA>(b0[l].wide(), x[l], c0[l]);
        }
        for l in 0..LANES {
            c1[l] = fma::<FMA>(b1[l].wide(), x[l], c1[l]);
        }
        for l in 0..LANES {
            g[l] = fma::<FMA>(w[1], a1[l].wide(), fma::<FMA>(w[0], a0[l].wide(), g[l]));
        }
    }
    (reduce(c0), reduce(c1))
}
