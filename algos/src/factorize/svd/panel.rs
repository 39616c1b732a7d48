//! Blocks of 16 columns, and the two products that a visit of two blocks consists of.
//!
//! Columns are split into a part that counts for angles (`X`) and a part that is only carried along (`V`, where it is
//! wanted), each padded with zeros to a multiple of 16 rows, so that no kernel has a remainder.

use faer::{Mat, MatRef};

use crate::simd::{Simd, Task, lanes::Lanes};

/// Columns of a block.
pub(super) const BLOCK: usize = 16;
/// Columns of a pair of blocks.
pub(super) const PAIR: usize = 2 * BLOCK;

/// A square matrix over the columns of a block, column by column.
pub(super) type Square = [[f64; BLOCK]; BLOCK];
/// The entries of `V` row by row, for a pair of blocks.
pub(super) type Mix = [[f64; PAIR]; PAIR];

/// 16 columns.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// `X` above, what is carried along below.
    pub columns: Mat<f64>,
    /// Rows of the upper part, a multiple of 16.
    pub rows: usize,
    /// `XᵀX`, kept up to date by rotations.
    pub gram: Square,
}

/// Rows of a column with `rows` that count and `carried` more; a stride of whole pages would make all columns of a block
/// compete for the same lines of the first cache.
fn stride(rows: usize, carried: usize) -> usize {
    let stride = rows.next_multiple_of(16) + carried.next_multiple_of(16);
    if stride.is_multiple_of(512) { stride + 16 } else { stride }
}

impl Block {
    /// Splits `X: m×n`, and `V: e×n` below it, into an even number of blocks; columns of zeros fill the last.
    pub fn split(x: MatRef<'_, f64>, carried: Option<MatRef<'_, f64>>) -> Vec<Self> {
        let n = x.ncols();
        let rows = x.nrows().next_multiple_of(16);
        let blocks = n.div_ceil(PAIR) * 2;
        let make = |block: usize| {
            let mut columns = Mat::zeros(stride(x.nrows(), carried.map_or(0, |v| v.nrows())), BLOCK);
            let wanted = (block * BLOCK..n.min((block + 1) * BLOCK)).enumerate();
            for (to, from) in wanted {
                columns.as_mut().col_mut(to).subrows_mut(0, x.nrows()).copy_from(x.col(from));
                if let Some(v) = carried {
                    columns.as_mut().col_mut(to).subrows_mut(rows, v.nrows()).copy_from(v.col(from));
                }
            }
            Self { columns, rows, gram: [[0.0; BLOCK]; BLOCK] }
        };
        (0..blocks).map(make).collect()
    }

    /// Column `j`, the part that counts.
    pub fn counted(&self, j: usize) -> &[f64] {
        &self.columns.col_as_slice(j)[..self.rows]
    }

    /// All columns, the parts that count.
    fn all_counted(&self) -> [&[f64]; BLOCK] {
        std::array::from_fn(|j| self.counted(j))
    }

    /// Computes `XᵀX` anew.
    pub fn refresh(&mut self, simd: Simd) {
        let mut gram = [[0.0; BLOCK]; BLOCK];
        let columns = self.all_counted();
        simd.run(Cross { x: columns, y: columns, c: &mut gram });
        self.gram = gram;
    }

    /// Flops of [`cross`] with a block of this height.
    pub fn cross_flops(&self) -> usize {
        2 * self.rows * BLOCK * BLOCK
    }

    /// Flops of [`mix`] with a block of this height.
    pub fn mix_flops(&self) -> usize {
        2 * self.columns.nrows() * PAIR * PAIR
    }
}

/// `C = X_iᵀ X_j`, column by column. A full Gram matrix of both blocks would cost four times as much.
pub(super) fn cross(a: &Block, b: &Block, simd: Simd) -> Square {
    let mut c = [[0.0; BLOCK]; BLOCK];
    simd.run(Cross { x: a.all_counted(), y: b.all_counted(), c: &mut c });
    c
}

struct Cross<'a> {
    x: [&'a [f64]; BLOCK],
    y: [&'a [f64]; BLOCK],
    c: &'a mut Square,
}

/// Columns of a register tile: 4×4 sums of eight lanes use half of 32 registers, and eight loads feed 16 additions.
const TILE: usize = 4;

impl Task for Cross<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for j in (0..BLOCK).step_by(TILE) {
            for i in (0..BLOCK).step_by(TILE) {
                let x: [&[[f64; 8]]; TILE] = std::array::from_fn(|k| self.x[i + k].as_chunks::<8>().0);
                let y: [&[[f64; 8]]; TILE] = std::array::from_fn(|k| self.y[j + k].as_chunks::<8>().0);
                let length = x[0].len();
                let (x, y) = (x.map(|x| &x[..length]), y.map(|y| &y[..length]));
                let mut sums = [[simd.splat(0.0); TILE]; TILE];
                for r in 0..length {
                    let a: [S::V; TILE] = std::array::from_fn(|k| simd.load(&x[k][r]));
                    for (sums, y) in sums.iter_mut().zip(y) {
                        let b = simd.load(&y[r]);
                        for (sum, a) in sums.iter_mut().zip(a) {
                            *sum = simd.fma(a, b, *sum);
                        }
                    }
                }
                for (q, sums) in sums.into_iter().enumerate() {
                    for (p, sum) in sums.into_iter().enumerate() {
                        self.c[j + q][i + p] = simd.sum(sum);
                    }
                }
            }
        }
    }
}

/// `[X_i X_j] ← [X_i X_j] V`, on what counts and on what is carried along, in place: 16 rows at a time are copied to the
/// first cache, so no second panel is needed.
pub(super) fn mix(a: &mut Block, b: &mut Block, v: &Mix, simd: Simd) {
    let mut columns: Vec<&mut [[f64; 16]]> = Vec::with_capacity(PAIR);
    for block in [a, b] {
        columns.extend(block.columns.as_mut().col_iter_mut().filter_map(|column| {
            column.try_as_col_major_mut().map(|column| column.as_slice_mut().as_chunks_mut::<16>().0)
        }));
    }
    simd.run(Multiply { columns, v });
}

struct Multiply<'a> {
    columns: Vec<&'a mut [[f64; 16]]>,
    v: &'a Mix,
}

/// Columns computed at once: eight of two vectors each, so that two loads of `X` and eight of `V` feed 16 products.
const GROUP: usize = 8;

impl Task for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        use crate::simd::row::{halves, halves_mut};
        let strips = self.columns.first().map_or(0, |column| column.len());
        let mut old = [[0.0; 16]; PAIR];
        for r in 0..strips {
            for (old, column) in old.iter_mut().zip(&self.columns) {
                *old = column[r];
            }
            for j in (0..PAIR).step_by(GROUP) {
                let mut sums = [[simd.splat(0.0); 2]; GROUP];
                for (x, v) in old.iter().zip(self.v) {
                    let x = halves(x).map(|half| simd.load(half));
                    for (sum, v) in sums.iter_mut().zip(&v[j..j + GROUP]) {
                        let v = simd.splat(*v);
                        *sum = [simd.fma(x[0], v, sum[0]), simd.fma(x[1], v, sum[1])];
                    }
                }
                for (column, sum) in self.columns[j..j + GROUP].iter_mut().zip(sums) {
                    let [low, high] = halves_mut(&mut column[r]);
                    simd.store(sum[0], low);
                    simd.store(sum[1], high);
                }
            }
        }
    }
}
