//! Sweeps of rotations over pairs of blocks.

use std::mem::replace;

use faer::{Mat, MatRef, Par};
use rayon::prelude::*;

use super::inner;
use super::panel::{BLOCK, Block, Square, cross, mix};
use super::{Engine, flops};
use crate::Effort;
use crate::factorize::engine::Stop;
use crate::factorize::pivot::round;
use crate::simd::Simd;

/// The columns of a matrix in blocks.
pub(super) struct Columns {
    blocks: Vec<Block>,
    n: usize,
    rows: usize,
    carried: usize,
}

/// What the sweeps did.
pub(super) struct Done {
    pub sweeps: usize,
    pub converged: bool,
    pub effort: Effort,
}

/// What the visit of one pair of blocks did.
#[derive(Default)]
struct Visit {
    rotated: bool,
    effort: Effort,
}

impl Columns {
    /// The columns of `X: m×n`, with those of `V: e×n` carried along.
    pub fn new(x: MatRef<'_, f64>, carried: Option<MatRef<'_, f64>>) -> Self {
        let blocks = Block::split(x, carried);
        Self { blocks, n: x.ncols(), rows: x.nrows(), carried: carried.map_or(0, |v| v.nrows()) }
    }

    /// Rotates until no cosine is above `tolerance`. The last sweep, which finds nothing, is the proof: it only costs the
    /// products of the blocks.
    pub fn orthogonalize(&mut self, tolerance: f64, engine: Engine) -> Done {
        let mut done = Done { sweeps: 0, converged: false, effort: Effort::default() };
        while done.sweeps < Stop::SWEEPS && !done.converged {
            let visit = self.sweep(tolerance, engine);
            done.sweeps += 1;
            done.converged = !visit.rotated;
            done.effort += visit.effort;
            done.effort.iterations += 1;
        }
        done
    }

    fn sweep(&mut self, tolerance: f64, engine: Engine) -> Visit {
        self.sort();
        self.blocks.iter_mut().for_each(|block| block.refresh(engine.simd));
        let mut total = Visit::default();
        total.effort += flops(self.blocks.iter().map(Block::cross_flops).sum());
        for number in 0..self.blocks.len().saturating_sub(1) {
            // Blocks are taken out in pairs, so that each thread owns what it writes.
            let seats = round(self.blocks.len(), number);
            let mut pairs: Vec<_> = seats.iter().map(|&[i, j]| [i, j].map(|b| self.blocks[b].take())).collect();
            let visit = |pair: &mut [Block; 2]| visit(pair, tolerance, engine.simd);
            let visits: Vec<Visit> = match engine.par {
                Par::Seq => pairs.iter_mut().map(visit).collect(),
                Par::Rayon(_) => pairs.par_iter_mut().map(visit).collect(),
            };
            for (seats, pair) in seats.into_iter().zip(pairs) {
                seats.into_iter().zip(pair).for_each(|(seat, block)| self.blocks[seat] = block);
            }
            for visit in visits {
                total.rotated |= visit.rotated;
                total.effort += visit.effort;
            }
        }
        total
    }

    /// Sorts the columns by decreasing norm: large ones settle first. In place, and only what moves is copied.
    fn sort(&mut self) {
        let all = self.blocks.len() * BLOCK;
        let norms: Vec<f64> = (0..all).map(|j| square(self.blocks[j / BLOCK].counted(j % BLOCK))).collect();
        let mut order: Vec<usize> = (0..all).collect();
        order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
        let mut placed = vec![false; all];
        for start in 0..all {
            if placed[start] || order[start] == start {
                continue;
            }
            let first = self.column(start).to_vec();
            let mut to = start;
            loop {
                placed[to] = true;
                let from = order[to];
                if from == start {
                    self.column_mut(to).copy_from_slice(&first);
                    break;
                }
                let moved = self.column(from).to_vec();
                self.column_mut(to).copy_from_slice(&moved);
                to = from;
            }
        }
    }

    fn column(&self, j: usize) -> &[f64] {
        self.blocks[j / BLOCK].columns.col_as_slice(j % BLOCK)
    }

    fn column_mut(&mut self, j: usize) -> &mut [f64] {
        self.blocks[j / BLOCK].columns.col_as_slice_mut(j % BLOCK)
    }

    /// `X: m×n` and `V: e×n`.
    pub fn into_parts(mut self) -> (Mat<f64>, Mat<f64>) {
        // Columns of zeros that were added go last, behind zero columns of X.
        self.sort();
        let rows = self.blocks.first().map_or(0, |block| block.rows);
        let (mut x, mut v) = (Mat::zeros(self.rows, self.n), Mat::zeros(self.carried, self.n));
        let added = |j: usize| self.column(j).iter().all(|&x| x == 0.0);
        let all = self.blocks.len() * BLOCK;
        let kept: Vec<usize> = if self.carried > 0 {
            (0..all).filter(|&j| !added(j)).take(self.n).collect()
        } else {
            (0..self.n).collect()
        };
        for (to, from) in kept.into_iter().enumerate() {
            let column = self.column(from);
            x.col_as_slice_mut(to).copy_from_slice(&column[..self.rows]);
            v.col_as_slice_mut(to).copy_from_slice(&column[rows..rows + self.carried]);
        }
        (x, v)
    }
}

impl Block {
    /// Takes the block out of its place.
    fn take(&mut self) -> Self {
        Self { columns: replace(&mut self.columns, Mat::new()), rows: self.rows, gram: self.gram }
    }
}

/// Sum of squares.
fn square(x: &[f64]) -> f64 {
    let mut lanes = [0.0; 16];
    for chunk in x.as_chunks::<16>().0 {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += x * x);
    }
    lanes.iter().sum()
}

/// Rotates two blocks of columns against each other and within, unless all their cosines are small.
fn visit([a, b]: &mut [Block; 2], tolerance: f64, simd: Simd) -> Visit {
    let c = cross(a, b, simd);
    let mut visit = Visit { rotated: false, effort: flops(a.cross_flops()) };
    if within(&a.gram, tolerance) && within(&b.gram, tolerance) && apart(&a.gram, &b.gram, &c, tolerance) {
        return visit;
    }
    let swept = inner::sweep(&mut a.gram, &mut b.gram, &c, tolerance, simd);
    mix(a, b, &swept.v, simd);
    if swept.fallen {
        a.refresh(simd);
        b.refresh(simd);
        visit.effort += flops(2 * a.cross_flops());
    }
    visit.rotated = true;
    visit.effort += flops(inner::FLOPS + a.mix_flops());
    visit
}

/// Whether all cosines within a block are small.
fn within(gram: &Square, tolerance: f64) -> bool {
    let root: [f64; BLOCK] = std::array::from_fn(|j| gram[j][j].sqrt());
    (0..BLOCK).all(|j| (0..j).all(|i| gram[j][i].abs() <= tolerance * root[i] * root[j]))
}

/// Whether all cosines between two blocks are small.
fn apart(a: &Square, b: &Square, c: &Square, tolerance: f64) -> bool {
    let (rows, columns): ([f64; BLOCK], [f64; BLOCK]) =
        (std::array::from_fn(|i| tolerance * a[i][i].sqrt()), std::array::from_fn(|j| b[j][j].sqrt()));
    (0..BLOCK).all(|j| (0..BLOCK).all(|i| c[j][i].abs() <= rows[i] * columns[j]))
}
