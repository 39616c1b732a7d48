//! Gram matrix and Cholesky factorization of one row's normal equations.
//!
//! The upper triangle is kept by rows of `padded` numbers, in tiles of eight by eight: what lies below the diagonal
//! inside a diagonal tile is arbitrary and never used.

use super::kernel::{TILE, axpy, dot};
use crate::simd::lanes::Lanes;

/// A pivot below this fraction of the largest diagonal entry is taken for zero.
const PIVOT: f64 = 1e-14;

/// `G = AᵀA`, the upper triangle.
///
/// Register tiles of 8×16 entries: sixteen multiply-adds for ten loads, so that the arithmetic units set the pace.
#[inline(always)]
pub(super) fn gram<S: Lanes>(simd: S, panels: &[f64], padded: usize, g: &mut [f64]) {
    let tiles = padded / 8;
    for i in 0..tiles {
        let mut j = i;
        while j + 1 < tiles {
            register_tile::<S, 2>(simd, panels, padded, i, j, g);
            j += 2;
        }
        if j < tiles {
            register_tile::<S, 1>(simd, panels, padded, i, j, g);
        }
    }
}

#[inline(always)]
fn register_tile<S: Lanes, const N: usize>(simd: S, panels: &[f64], padded: usize, i: usize, j: usize, g: &mut [f64]) {
    let mut sums = [[simd.splat(0.0); N]; 8];
    for panel in panels.chunks_exact(8 * padded) {
        let tiles = panel.as_chunks::<TILE>().0;
        let (left, right) = (&tiles[i], &tiles[j..j + N]);
        for r in 0..8 {
            let mut row = [simd.splat(0.0); N];
            for c in 0..N {
                row[c] = simd.load(&right[c].as_chunks::<8>().0[r]);
            }
            for l in 0..8 {
                let a = simd.splat(left[8 * r + l]);
                for c in 0..N {
                    sums[l][c] = simd.fma(a, row[c], sums[l][c]);
                }
            }
        }
    }
    for l in 0..8 {
        let row = &mut g[(8 * i + l) * padded + 8 * j..][..8 * N];
        for (part, sum) in row.as_chunks_mut::<8>().0.iter_mut().zip(sums[l]) {
            simd.store(sum, part);
        }
    }
}

/// Solves `G x = c` by `G = UᵀU` in place of `G`; `c` is overwritten. False where a pivot is too small.
#[inline(always)]
pub(super) fn solve<S: Lanes>(simd: S, g: &mut [f64], padded: usize, k: usize, c: &mut [f64], x: &mut [f64]) -> bool {
    let largest = (0..k).map(|i| g[i * padded + i]).fold(0.0, f64::max);
    for i in 0..k {
        let from = i - i % 8;
        let (done, below) = g.split_at_mut((i + 1) * padded);
        let row = &mut done[i * padded + from..];
        let pivot = row[i - from];
        if pivot.is_nan() || pivot <= PIVOT * largest {
            return false;
        }
        let inverse = 1.0 / pivot.sqrt();
        row.iter_mut().for_each(|x| *x *= inverse);
        for r in i + 1..k {
            let first = r - r % 8;
            let target = &mut below[(r - i - 1) * padded + first..][..padded - first];
            axpy(simd, -row[r - from], &row[first - from..], target);
        }
        // Uᵀ y = c, row by row; c_i becomes y_i.
        let y = c[i] * inverse;
        axpy(simd, -y, row, &mut c[from..]);
        c[i] = y;
        // What the row's arbitrary part did to earlier entries is undone by never reading them again.
        x[i] = y;
    }
    // U x = y from the last row; x holds y and is moved to c so that unknowns not yet found are zero.
    c.copy_from_slice(x);
    x.fill(0.0);
    for i in (0..k).rev() {
        let from = i - i % 8;
        let row = &g[i * padded + from..][..padded - from];
        x[i] = (c[i] - dot(simd, row, &x[from..])) / row[i - from];
    }
    true
}
