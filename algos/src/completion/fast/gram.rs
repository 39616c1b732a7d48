//! Gram matrix and Cholesky factorization of one row's normal equations.
//!
//! The upper triangle is kept by rows of `padded` numbers, in tiles of eight by eight: what lies below the diagonal
//! inside a diagonal tile is arbitrary and never used.

use super::kernel::{TILE, axpy, dot};
use crate::simd::lanes::Lanes;

/// A pivot below this fraction of the largest diagonal entry is taken for zero.
pub(super) const PIVOT: f64 = 1e-14;

/// Doubles of the design that are worked on together: half of the first cache.
const CHUNK: usize = 2048;

/// `G = AᵀA`, the upper triangle.
///
/// Register tiles of 8×16 entries: sixteen multiply-adds for ten loads, so that the arithmetic units set the pace. All
/// tiles take a chunk of panels before the next chunk, so that the design comes from the second cache once and not once
/// for each tile.
#[inline(always)]
pub(super) fn gram<S: Lanes>(simd: S, panels: &[f64], padded: usize, g: &mut [f64]) {
    g[..padded * padded].fill(0.0);
    let tiles = padded / 8;
    for chunk in panels.chunks((CHUNK / (8 * padded)).max(1) * 8 * padded) {
        for i in 0..tiles {
            let mut j = i;
            while j + 1 < tiles {
                register_tile::<S, 2>(simd, chunk, padded, i, j, g);
                j += 2;
            }
            if j < tiles {
                register_tile::<S, 1>(simd, chunk, padded, i, j, g);
            }
        }
    }
}

/// Tile `(i, j)` of the triangle and the `N − 1` to the right of it, from and to its rows.
#[inline(always)]
fn tiles<S: Lanes, const N: usize>(simd: S, g: &[f64], padded: usize, i: usize, j: usize) -> [[S::V; N]; 8] {
    let mut sums = [[simd.splat(0.0); N]; 8];
    for l in 0..8 {
        let row = g[(8 * i + l) * padded + 8 * j..][..8 * N].as_chunks::<8>().0;
        for c in 0..N {
            sums[l][c] = simd.load(&row[c]);
        }
    }
    sums
}

#[inline(always)]
fn put<S: Lanes, const N: usize>(simd: S, sums: [[S::V; N]; 8], g: &mut [f64], padded: usize, i: usize, j: usize) {
    for l in 0..8 {
        let row = g[(8 * i + l) * padded + 8 * j..][..8 * N].as_chunks_mut::<8>().0;
        for c in 0..N {
            simd.store(sums[l][c], &mut row[c]);
        }
    }
}

#[inline(always)]
fn register_tile<S: Lanes, const N: usize>(simd: S, panels: &[f64], padded: usize, i: usize, j: usize, g: &mut [f64]) {
    let mut sums = tiles::<S, N>(simd, g, padded, i, j);
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
    put(simd, sums, g, padded, i, j);
}

/// `G_tj −= Σ U_stᵀ U_sj` over the tiles `s < t` that are done.
#[inline(always)]
fn subtract_above<S: Lanes, const N: usize>(simd: S, g: &mut [f64], padded: usize, t: usize, j: usize) {
    let mut sums = tiles::<S, N>(simd, g, padded, t, j);
    for above in g[..8 * t * padded].chunks_exact(padded) {
        let left = &above[8 * t..][..8];
        let right = above[8 * j..][..8 * N].as_chunks::<8>().0;
        let mut row = [simd.splat(0.0); N];
        for c in 0..N {
            row[c] = simd.load(&right[c]);
        }
        for l in 0..8 {
            let a = simd.splat(-left[l]);
            for c in 0..N {
                sums[l][c] = simd.fma(a, row[c], sums[l][c]);
            }
        }
    }
    put(simd, sums, g, padded, t, j);
}

/// `G = UᵀU` in place, by rows of tiles. False where a pivot is too small.
#[inline(always)]
fn cholesky<S: Lanes>(simd: S, g: &mut [f64], padded: usize, k: usize) -> bool {
    let smallest = PIVOT * (0..k).map(|i| g[i * padded + i]).fold(0.0, f64::max);
    for t in 0..padded / 8 {
        let mut j = t;
        while j + 1 < padded / 8 {
            subtract_above::<S, 2>(simd, g, padded, t, j);
            j += 2;
        }
        if j < padded / 8 {
            subtract_above::<S, 1>(simd, g, padded, t, j);
        }
        // Elimination inside the row of tiles: U_tt first, whose rows then serve the tiles to the right.
        let mut inverses = [0.0; 8];
        let mut pivots = [[0.0; 8]; 8];
        for j in t..padded / 8 {
            let mut rows = tiles::<S, 1>(simd, g, padded, t, j);
            for l in 0..8.min(k - 8 * t) {
                if j == t {
                    simd.store(rows[l][0], &mut pivots[l]);
                    let pivot = pivots[l][l];
                    if pivot.is_nan() || pivot <= smallest {
                        return false;
                    }
                    inverses[l] = 1.0 / pivot.sqrt();
                    pivots[l].iter_mut().for_each(|x| *x *= inverses[l]);
                    rows[l][0] = simd.load(&pivots[l]);
                } else {
                    rows[l][0] = simd.fma(simd.splat(inverses[l]), rows[l][0], simd.splat(0.0));
                }
                for r in l + 1..8 {
                    rows[r][0] = simd.fma(simd.splat(-pivots[l][r]), rows[l][0], rows[r][0]);
                }
            }
            put(simd, rows, g, padded, t, j);
        }
    }
    true
}

/// Solves `G x = c` by `G = UᵀU` in place of `G`; `c` is overwritten. False where a pivot is too small.
#[inline(always)]
pub(super) fn solve<S: Lanes>(simd: S, g: &mut [f64], padded: usize, k: usize, c: &mut [f64], x: &mut [f64]) -> bool {
    if !cholesky(simd, g, padded, k) {
        return false;
    }
    // Uᵀ y = c, row by row; c_i becomes y_i. What lies below the diagonal changes only entries that are not read again.
    for i in 0..k {
        let from = i - i % 8;
        let row = &g[i * padded + from..][..padded - from];
        let y = c[i] / row[i - from];
        axpy(simd, -y, row, &mut c[from..]);
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
