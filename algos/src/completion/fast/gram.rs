//! Gram matrix of one row's design.
//!
//! The upper triangle is kept by rows of `padded` numbers, in tiles of eight by eight: what lies below the diagonal
//! inside a diagonal tile is arbitrary and never used.

use super::kernel::TILE;
use crate::simd::lanes::Lanes;

/// Doubles of the design that are worked on together: half of the first cache.
const CHUNK: usize = 2048;

/// `G += AᵀA`, the upper triangle.
///
/// Register tiles of 8×16 entries: sixteen multiply-adds for ten loads, so that the arithmetic units set the pace. All
/// tiles take a chunk of panels before the next chunk, so that the design comes from the second cache once and not once
/// for each tile.
#[inline(always)]
pub(super) fn gram<S: Lanes>(simd: S, panels: &[f64], padded: usize, g: &mut [f64]) {
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
