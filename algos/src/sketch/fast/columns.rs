//! Sketches by a Hadamard transform: one column, or eight of a row-major input, in one buffer from load to gather.
//!
//! Signs are flipped while a column is loaded. The level of the longest distance is done there too, since half of a
//! padded column may be zero and needs no addition; so padding, signs and one level cost no pass of their own. The scale
//! is applied to the gathered rows only.
//!
//! All rows of the transform are computed, though only `m` of `N` are read. Pruned (Ailon & Liberty 2009,
//! doi:10.1007/s00454-008-9110-x), the lowest `log₂(N/m)` levels become a dot product of length `N/m` for each row:
//! `N(log₂ m + 1)` additions instead of `N log₂ N`. But those levels are the cheap ones, in registers: for `N = 2¹⁶` and
//! `m = 2¹⁰`, six of 16 levels are 8 of 18 operations on a vector, or 8 of the 42 µs that a column takes, and 1024 dot
//! products of 64 entries at random places take as long.

use std::ops::Range;

use faer::{Mat, MatRef};

use super::Job;
use super::hadamard::{transform, transform_panel};
use crate::Effort;
use crate::simd::Task;
use crate::simd::lanes::Lanes;
use crate::sketch::Signs;
use crate::sketch::parts::{Parts, padded};
use crate::sketch::signs::{flip, flip8};

/// Columns in a block of work.
const WIDTH: usize = 8;

/// The signs of a Hadamard sketch.
enum Flips<'a> {
    Plain(&'a Signs),
    Tensor(Signs),
}

impl Flips<'_> {
    fn of(parts: &Parts) -> Flips<'_> {
        match parts {
            Parts::Hadamard { signs, .. } | Parts::Pooled { signs, .. } => Flips::Plain(signs),
            Parts::Tensor { left, right, .. } => {
                let minus = |s: &Signs, i: usize| s.get(i) < 0.0;
                let all = (0..left.len()).flat_map(|i| (0..right.len()).map(move |j| (i, j)));
                Flips::Tensor(Signs::from_bools(all.map(|(i, j)| minus(left, i) != minus(right, j))))
            }
            _ => Flips::Tensor(Signs::plus(0)),
        }
    }

    fn signs(&self) -> &Signs {
        match self {
            Self::Plain(signs) => signs,
            Self::Tensor(signs) => signs,
        }
    }
}

/// What is read from a transformed column.
enum Read<'a> {
    /// Single rows.
    Rows(Vec<u32>),
    /// Weighted sums over blocks of permuted rows.
    Pools { order: &'a [u32], weights: &'a [f64], block: usize },
}

impl Read<'_> {
    fn of(parts: &Parts, m: usize, size: usize) -> Read<'_> {
        match parts {
            Parts::Pooled { order, weights, .. } => Read::Pools { order, weights, block: size / m },
            Parts::Tensor { right, pairs, .. } => {
                Read::Rows(pairs.iter().map(|&(i, j)| i * right.len() as u32 + j).collect())
            }
            Parts::Hadamard { rows, .. } => Read::Rows(rows.clone()),
            _ => Read::Rows(Vec::new()),
        }
    }

    /// The sketch of a transformed column that `at` reads, and its flops.
    fn column(&self, at: impl Fn(usize) -> f64, scale: f64, out: &mut [f64]) -> u64 {
        match self {
            Self::Rows(rows) => {
                out.iter_mut().zip(rows).for_each(|(y, &row)| *y = scale * at(row as usize));
                out.len() as u64
            }
            Self::Pools { order, weights, block } => {
                let pools = order.chunks(*block).zip(weights.chunks(*block));
                for (y, (order, weights)) in out.iter_mut().zip(pools) {
                    *y = scale * order.iter().zip(weights).map(|(&k, w)| w * at(k as usize)).sum::<f64>();
                }
                2 * order.len() as u64
            }
        }
    }
}

/// `S A`.
pub(super) fn apply(job: &Job<'_>) -> (Mat<f64>, Effort) {
    let (m, n) = (job.sketch.rows, job.sketch.columns);
    let size = padded(n);
    let parts = &job.sketch.parts;
    let (flips, read) = (Flips::of(parts), Read::of(parts, m, size));
    let signs = flips.signs();
    let scale = 1.0 / (if matches!(parts, Parts::Pooled { .. }) { size } else { m } as f64).sqrt();
    let source = job.source();
    let column = |space: &mut (Mat<f64>, Mat<f64>), range: Range<usize>, image: &mut [&mut [f64]]| {
        let mut flops = 0;
        for (j, image) in range.zip(image) {
            let (own, work) = (space.0.col_as_slice_mut(0), space.1.col_as_slice_mut(0));
            flops += job.simd.run(Load { x: source.column(j, own), signs, work });
            let half = size.div_ceil(2);
            let (low, high) = work.split_at_mut(half);
            for part in [low, high].into_iter().filter(|part| !part.is_empty()) {
                flops += part.len() as u64 * u64::from(part.len().trailing_zeros());
                transform(job.simd, part);
            }
            flops += read.column(|i| work[i], scale, image);
        }
        flops
    };
    let panel = |a: MatRef<'_, f64>, space: &mut Mat<f64>, range: Range<usize>, image: &mut [&mut [f64]]| {
        let work = space.col_as_slice_mut(0);
        load_panel(a, range.clone(), signs, work);
        transform_panel(job.simd, work);
        let mut flops = (size * range.len()) as u64 * u64::from(size.trailing_zeros());
        for (k, image) in image.iter_mut().enumerate() {
            flops += read.column(|i| work[8 * i + k], scale, image);
        }
        flops
    };
    match source.row_major() {
        Some(a) => job.blocks(8, || Mat::zeros(8 * size, 1), |space, range, image| panel(a, space, range, image)),
        None => job.blocks(WIDTH, || (Mat::zeros(n, 1), Mat::zeros(size, 1)), column),
    }
}

/// A column to be loaded with its signs.
struct Load<'a> {
    x: &'a [f64],
    signs: &'a Signs,
    work: &'a mut [f64],
}

impl Task for Load<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) -> u64 {
        load(self.x, self.signs, self.work)
    }
}

/// Loads a column with its signs and does the level of the longest distance; returns its additions.
#[inline(always)]
fn load(x: &[f64], signs: &Signs, work: &mut [f64]) -> u64 {
    let half = work.len() / 2;
    if half < 64 {
        work.fill(0.0);
        work.iter_mut().zip(x).enumerate().for_each(|(i, (y, &x))| *y = x * signs.get(i));
        for i in 0..half {
            (work[i], work[i + half]) = (work[i] + work[i + half], work[i] - work[i + half]);
        }
        return work.len() as u64;
    }
    let (low, high) = work.split_at_mut(half);
    let (first, second) = x.split_at(half);
    let paired = second.len() / 64 * 64;
    // Words of 64 signs: the second half begins with a word of its own.
    for (w, start) in (0..paired).step_by(64).enumerate() {
        let (a, b) = (signs.word(w), signs.word(half / 64 + w));
        let ends = start..start + 64;
        let x = first[ends.clone()].as_chunks::<8>().0.iter().zip(second[ends.clone()].as_chunks::<8>().0);
        let y = low[ends.clone()].as_chunks_mut::<8>().0.iter_mut().zip(high[ends].as_chunks_mut::<8>().0);
        for (k, ((x, z), (y, t))) in x.zip(y).enumerate() {
            let (x, z) = (flip8(x, a >> (8 * k)), flip8(z, b >> (8 * k)));
            for l in 0..8 {
                (y[l], t[l]) = (x[l] + z[l], x[l] - z[l]);
            }
        }
    }
    for i in paired..half {
        let x = flip(first[i], signs.word(i / 64) >> (i % 64) & 1);
        let z = second.get(i).map_or(0.0, |&z| flip(z, signs.word((half + i) / 64) >> (i % 64) & 1));
        (low[i], high[i]) = (x + z, x - z);
    }
    2 * second.len() as u64
}

/// Loads up to eight columns of a row-major matrix, row after row, with their signs.
fn load_panel(a: MatRef<'_, f64>, range: Range<usize>, signs: &Signs, work: &mut [f64]) {
    work.fill(0.0);
    for (i, to) in work.as_chunks_mut::<8>().0.iter_mut().enumerate().take(a.nrows()) {
        let sign = signs.get(i);
        if let Some(row) = a.row(i).try_as_row_major() {
            to.iter_mut().zip(&row.as_slice()[range.clone()]).for_each(|(y, x)| *y = sign * x);
        }
    }
}
