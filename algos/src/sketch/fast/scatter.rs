//! Sketches with few entries in a column, in one pass over the input.

use std::ops::Range;

use faer::{Mat, MatRef};

use super::{Job, Source};
use crate::Effort;
use crate::simd::Task;
use crate::simd::lanes::Lanes;
use crate::sketch::Input;
use crate::sketch::parts::Columns;

/// Columns of a row-major input in a block, where the sums of whole rows do not fit [`CACHE`].
const WIDTH: usize = 64;
/// Entries that stay in the second cache.
const CACHE: usize = 120_000;
const SIGN: [f64; 2] = [1.0, -1.0];

/// `S A` for a sparse `S`.
///
/// Eight columns share one pass over rows and signs, and a sum for each row of the sketch that is one cache line; all
/// `s` targets of a row are served by one load. Traffic: `8nd` bytes of input and `4ns` of targets for eight columns.
pub(super) fn apply(job: &Job<'_>, columns: &Columns) -> (Mat<f64>, Effort) {
    let (m, source) = (job.sketch.rows, job.source());
    match (job.input, source.row_major()) {
        (Input::Csr(_), _) => sparse(job, columns, &source),
        (Input::Dense(_), Some(a)) => {
            let whole = a.ncols().next_multiple_of(8);
            let width = if job.par.degree() == 1 && m * whole <= CACHE { whole } else { WIDTH };
            job.blocks(
                width,
                || Mat::zeros(m * width, 1),
                |space, range, image| by_rows(job, columns, a, space, range, image),
            )
        }
        (Input::Dense(a), None) => job.blocks(
            8,
            || Mat::zeros(8 * m, 1),
            |space, range, image| by_columns(job, columns, a, space, range, image),
        ),
    }
}

fn scaled(x: &mut f64, scale: f64) {
    if scale != 1.0 {
        *x *= scale;
    }
}

fn by_columns(
    job: &Job<'_>,
    columns: &Columns,
    a: MatRef<'_, f64>,
    space: &mut Mat<f64>,
    range: Range<usize>,
    image: &mut [&mut [f64]],
) -> u64 {
    let sums = space.col_as_slice_mut(0);
    sums.fill(0.0);
    let flops = job.simd.run(Panel { columns, a: a.subcols(range.start, range.len()), sums });
    for (k, column) in image.iter_mut().enumerate() {
        for (y, sums) in column.iter_mut().zip(sums.as_chunks::<8>().0) {
            *y = sums[k];
            scaled(y, columns.scale);
        }
    }
    flops * range.len() as u64
}

/// Up to eight columns.
struct Panel<'a> {
    columns: &'a Columns,
    a: MatRef<'a, f64>,
    sums: &'a mut [f64],
}

impl Task for Panel<'_> {
    type Output = u64;

    // Indices keep the loops over registers free of iterators, which are not always inlined here.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> u64 {
        let Self { columns, a, sums } = self;
        let sums = sums.as_chunks_mut::<8>().0;
        let (n, d) = a.shape();
        let slices: [Option<&[f64]>; 8] =
            std::array::from_fn(|c| (c < d).then(|| a.col(c).try_as_col_major().map(|x| x.as_slice())).flatten());
        let mut whole = 0;
        if let [Some(c0), Some(c1), Some(c2), Some(c3), Some(c4), Some(c5), Some(c6), Some(c7)] = slices {
            let tiles = [c0, c1, c2, c3, c4, c5, c6, c7].map(|c| &c.as_chunks::<8>().0[..n / 8]);
            whole = n / 8;
            for t in 0..whole {
                let mut rows = [simd.splat(0.0); 8];
                for c in 0..8 {
                    rows[c] = simd.load(&tiles[c][t]);
                }
                let rows = simd.transpose(rows);
                // One entry in each column: a single row of targets, without a search for its ends.
                if columns.offsets.is_none() && columns.per == 1 {
                    let targets: &[u32; 8] = &columns.targets.as_chunks::<8>().0[t];
                    for r in 0..8 {
                        add(simd, targets[r], rows[r], sums);
                    }
                } else {
                    for r in 0..8 {
                        for &target in columns.of(8 * t + r) {
                            add(simd, target, rows[r], sums);
                        }
                    }
                }
            }
        }
        for i in 8 * whole..n {
            let mut row = [0.0; 8];
            (0..d).for_each(|c| row[c] = a[(i, c)]);
            for &target in columns.of(i) {
                add(simd, target, simd.load(&row), sums);
            }
        }
        columns.targets.len() as u64
    }
}

/// Adds eight columns of a row to one sum, or subtracts them.
#[inline(always)]
fn add<S: Lanes>(simd: S, target: u32, x: S::V, sums: &mut [[f64; 8]]) {
    let sum = &mut sums[(target >> 1) as usize];
    let sign = simd.splat(SIGN[(target & 1) as usize]);
    simd.store(simd.fma(sign, x, simd.load(sum)), sum);
}

fn by_rows(
    job: &Job<'_>,
    columns: &Columns,
    a: MatRef<'_, f64>,
    space: &mut Mat<f64>,
    range: Range<usize>,
    image: &mut [&mut [f64]],
) -> u64 {
    let (m, width) = (job.sketch.rows, range.len().next_multiple_of(8));
    let sums = &mut space.col_as_slice_mut(0)[..m * width];
    sums.fill(0.0);
    let flops = job.simd.run(Rows { columns, a: a.subcols(range.start, range.len()), sums, width });
    for (k, column) in image.iter_mut().enumerate() {
        for (i, y) in column.iter_mut().enumerate() {
            *y = sums[i * width + k];
            scaled(y, columns.scale);
        }
    }
    flops
}

/// Rows of up to [`WIDTH`] contiguous entries.
struct Rows<'a> {
    columns: &'a Columns,
    a: MatRef<'a, f64>,
    sums: &'a mut [f64],
    width: usize,
}

impl Task for Rows<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> u64 {
        let Self { columns, a, sums, width } = self;
        let full = a.ncols() / 8;
        for i in 0..a.nrows() {
            let Some(row) = a.row(i).try_as_row_major().map(|row| row.as_slice()) else { continue };
            let (vectors, rest) = row.as_chunks::<8>();
            let mut tail = [0.0; 8];
            tail[..rest.len()].copy_from_slice(rest);
            let tail = simd.load(&tail);
            for &target in columns.of(i) {
                let at = (target >> 1) as usize * width;
                let sign = simd.splat(SIGN[(target & 1) as usize]);
                let sums = sums[at..at + width].as_chunks_mut::<8>().0;
                for k in 0..full {
                    simd.store(simd.fma(sign, simd.load(&vectors[k]), simd.load(&sums[k])), &mut sums[k]);
                }
                if full < sums.len() {
                    simd.store(simd.fma(sign, tail, simd.load(&sums[full])), &mut sums[full]);
                }
            }
        }
        (columns.targets.len() * a.ncols()) as u64
    }
}

/// `O(s)` for each stored entry.
fn sparse(job: &Job<'_>, columns: &Columns, source: &Source<'_>) -> (Mat<f64>, Effort) {
    let Source::Sparse(entries) = source else { return (Mat::zeros(0, 0), Effort::default()) };
    job.blocks(
        8,
        || (),
        |(), range, image| {
            let mut flops = 0;
            for (j, sums) in range.zip(image) {
                for &(i, value) in &entries[j] {
                    let targets = columns.of(i);
                    targets.iter().for_each(|t| sums[(t >> 1) as usize] += SIGN[(t & 1) as usize] * value);
                    flops += targets.len() as u64;
                }
                sums.iter_mut().for_each(|x| scaled(x, columns.scale));
            }
            flops
        },
    )
}

/// `S A` for kept rows.
pub(super) fn gather(job: &Job<'_>, kept: &[(u32, f64)]) -> (Mat<f64>, Effort) {
    let (n, source) = (job.sketch.columns, job.source());
    job.blocks(
        8,
        || vec![0.0; n],
        |buffer, range, image| {
            let flops = kept.len() * range.len();
            for (j, image) in range.zip(image) {
                let column = source.column(j, buffer);
                for (y, &(row, weight)) in image.iter_mut().zip(kept) {
                    *y = weight * column[row as usize];
                }
            }
            flops as u64
        },
    )
}
