//! Kernels on the packed design of one row.
//!
//! The `n_i×k` design is stored in panels of eight rows, a panel as tiles of eight by eight: `tile[r][l]` is entry `8j+l`
//! of row `r`. Products with it are then sums over whole vectors in fixed order, and a panel is read from the first cache
//! for both products of a step. Missing rows of the last panel are zero and change nothing.

use crate::simd::lanes::Lanes;

/// Entries of a tile.
pub(super) const TILE: usize = 64;

/// Copies one row of the other factor into row `r` of a panel.
#[inline(always)]
pub(in crate::completion) fn pack(panel: &mut [f64], r: usize, row: &[f64]) {
    for (tile, part) in panel.as_chunks_mut::<TILE>().0.iter_mut().zip(row.as_chunks::<8>().0) {
        tile.as_chunks_mut::<8>().0[r] = *part;
    }
}

/// `w += Aᵀ q` and `‖q‖²` on one panel, with `q = A x`, or `q = b − A x` where `b` is given.
///
/// Both products take the panel while it is in the first cache: that halves the traffic of a step.
#[inline(always)]
pub(in crate::completion) fn fused<S: Lanes>(
    simd: S,
    panel: &[f64],
    x: &[f64],
    b: Option<&[f64; 8]>,
    w: &mut [f64],
) -> f64 {
    let mut sums = [simd.splat(0.0); 8];
    for (tile, x) in panel.as_chunks::<TILE>().0.iter().zip(x.as_chunks::<8>().0) {
        let x = simd.load(x);
        let rows = tile.as_chunks::<8>().0;
        for r in 0..8 {
            sums[r] = simd.fma(simd.load(&rows[r]), x, sums[r]);
        }
    }
    let mut q = simd.sums(sums);
    if let Some(b) = b {
        q = simd.fma(simd.splat(-1.0), q, simd.load(b));
    }
    let mut weights = [0.0; 8];
    simd.store(q, &mut weights);
    adjoint(simd, panel, &weights, w);
    simd.sum(simd.fma(q, q, simd.splat(0.0)))
}

/// `w += Aᵀ q` on one panel, in two chains of additions.
#[inline(always)]
pub(in crate::completion) fn adjoint<S: Lanes>(simd: S, panel: &[f64], q: &[f64; 8], w: &mut [f64]) {
    let mut weights = [simd.splat(0.0); 8];
    for r in 0..8 {
        weights[r] = simd.splat(q[r]);
    }
    for (tile, w) in panel.as_chunks::<TILE>().0.iter().zip(w.as_chunks_mut::<8>().0) {
        let rows = tile.as_chunks::<8>().0;
        let (mut even, mut odd) = (simd.load(w), simd.splat(0.0));
        for r in 0..4 {
            even = simd.fma(simd.load(&rows[2 * r]), weights[2 * r], even);
            odd = simd.fma(simd.load(&rows[2 * r + 1]), weights[2 * r + 1], odd);
        }
        simd.store(simd.add(even, odd), w);
    }
}

/// `a·b`.
#[inline(always)]
pub(in crate::completion) fn dot<S: Lanes>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let mut sum = simd.splat(0.0);
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        sum = simd.fma(simd.load(a), simd.load(b), sum);
    }
    simd.sum(sum)
}

/// `y += a x`.
#[inline(always)]
pub(in crate::completion) fn axpy<S: Lanes>(simd: S, a: f64, x: &[f64], y: &mut [f64]) {
    let a = simd.splat(a);
    for (x, y) in x.as_chunks::<8>().0.iter().zip(y.as_chunks_mut::<8>().0) {
        simd.store(simd.fma(a, simd.load(x), simd.load(y)), y);
    }
}

/// `y = x + a y`.
#[inline(always)]
pub(in crate::completion) fn xpay<S: Lanes>(simd: S, x: &[f64], a: f64, y: &mut [f64]) {
    let a = simd.splat(a);
    for (x, y) in x.as_chunks::<8>().0.iter().zip(y.as_chunks_mut::<8>().0) {
        simd.store(simd.fma(a, simd.load(y), simd.load(x)), y);
    }
}
