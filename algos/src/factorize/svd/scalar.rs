//! One rotation after the other, on cached norms.

use faer::Mat;

use super::finish::{Triplets, normalise};
use super::{status, tolerance};
use crate::Effort;
use crate::factorize::engine::Stop;
use crate::factorize::solver::Rotation;
use crate::simd::{Simd, Task, lanes::Lanes, row::dot};

/// The rotations of [`DeRijk`](crate::factorize::pivot::DeRijk) on `X: m×n` with `V` stacked below.
///
/// Norms are kept and updated by the rotation's formula, which saves two of three inner products; one that falls below a
/// tenth is computed anew, because it has lost digits. `X` and `V` are one column, rotated in one pass.
pub(super) fn jacobi(x: &Mat<f64>, simd: Simd) -> Triplets {
    let (m, n) = x.shape();
    let rows = m.next_multiple_of(16);
    let mut stacked = Mat::zeros(rows + n.next_multiple_of(16), n);
    for j in 0..n {
        stacked.col_as_slice_mut(j)[..m].copy_from_slice(x.col_as_slice(j));
        stacked[(rows + j, j)] = 1.0;
    }
    let mut columns: Vec<&mut [f64]> = stacked
        .as_mut()
        .col_iter_mut()
        .filter_map(|column| column.try_as_col_major_mut().map(|column| column.as_slice_mut()))
        .collect();
    let mut done = Sweeps { sweeps: 0, converged: n < 2, effort: Effort::default() };
    while done.sweeps < Stop::SWEEPS && !done.converged {
        let rotations = simd.run(Sweep { columns: &mut columns, rows, tolerance: tolerance(m) });
        done.converged = rotations == 0;
        done.sweeps += 1;
        done.effort.iterations += 1;
        let products = n * (n - 1) / 2 + n + rotations / 8;
        done.effort.flops += (2 * m * products + 6 * (m + n) * rotations) as u64;
    }
    let mut left = Mat::from_fn(m, n, |i, j| columns[j][i]);
    let right = Mat::from_fn(n, n, |i, j| columns[j][rows + i]);
    let values = normalise(&mut left);
    Triplets {
        left,
        values,
        right,
        sweeps: done.sweeps,
        status: status(done.converged),
        effort: done.effort,
        certificate: None,
    }
}

struct Sweeps {
    sweeps: usize,
    converged: bool,
    effort: Effort,
}

/// One sweep; returns the number of rotations.
struct Sweep<'a, 'b> {
    columns: &'a mut [&'b mut [f64]],
    rows: usize,
    tolerance: f64,
}

impl Task for Sweep<'_, '_> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> usize {
        let Self { columns, rows, tolerance } = self;
        let n = columns.len();
        let inner = |x: &[f64], y: &[f64]| dot(simd, &x[..rows], &y[..rows]);
        let mut squares: Vec<f64> = columns.iter().map(|x| inner(x, x)).collect();
        let mut rotations = 0;
        for p in 0..n {
            let longest = (p..n).rev().max_by(|&a, &b| squares[a].total_cmp(&squares[b])).unwrap_or(p);
            columns.swap(p, longest);
            squares.swap(p, longest);
            let (left, right) = columns.split_at_mut(p + 1);
            let x = &mut *left[p];
            for (y, q) in right.iter_mut().zip(p + 1..n) {
                let c = inner(x, y);
                let significant = c.abs() > tolerance * squares[p].sqrt() * squares[q].sqrt();
                if !significant {
                    continue;
                }
                rotations += 1;
                let rotation = Rotation::diagonalizing(squares[p], squares[q], c);
                rotate(simd, x, y, rotation);
                for (at, change, column) in [(p, -rotation.t * c, &*x), (q, rotation.t * c, &**y)] {
                    let updated = squares[at] + change;
                    squares[at] = if updated < 0.1 * squares[at] { inner(column, column) } else { updated };
                }
            }
        }
        rotations
    }
}

#[inline(always)]
fn rotate<S: Lanes>(simd: S, x: &mut [f64], y: &mut [f64], Rotation { c, s, .. }: Rotation) {
    let (zero, minus) = (simd.splat(0.0), simd.splat(-s));
    let (c, s) = (simd.splat(c), simd.splat(s));
    for (x, y) in x.as_chunks_mut::<8>().0.iter_mut().zip(y.as_chunks_mut::<8>().0) {
        let (a, b) = (simd.load(x), simd.load(y));
        simd.store(simd.fma(c, a, simd.fma(minus, b, zero)), x);
        simd.store(simd.fma(s, a, simd.fma(c, b, zero)), y);
    }
}
