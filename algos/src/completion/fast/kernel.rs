//! Kernels on the packed design of one row.
//!
//! The `n_i×k` design is stored in panels of eight rows, a panel as tiles of eight by eight: `tile[r][l]` is entry `8j+l`
//! of row `r`. Products with it are then sums over whole vectors in fixed order, and a panel is read from the first cache
//! for both products of a step. Missing rows of the last panel are zero and change nothing.

use crate::simd::lanes::Lanes;

/// Entries of a tile.
pub(in crate::completion) const TILE: usize = 64;

/// Copies one row of the other factor into row `r` of a panel.
#[inline(always)]
pub(in crate::completion) fn pack(panel: &mut [f64], r: usize, row: &[f64]) {
    for (tile, part) in panel.as_chunks_mut::<TILE>().0.iter_mut().zip(row.as_chunks::<8>().0) {
        tile.as_chunks_mut::<8>().0[r] = *part;
    }
}

/// Copies the rows observed into panels; rows that are missing in the last one become zero. `rows` are `padded` long.
#[inline(always)]
pub(super) fn gather(panels: &mut [f64], rows: &[f64], padded: usize, observed: &[u32]) {
    match padded / 8 {
        1 => gather_narrow::<1>(panels, rows, observed),
        2 => gather_narrow::<2>(panels, rows, observed),
        3 => gather_narrow::<3>(panels, rows, observed),
        4 => gather_narrow::<4>(panels, rows, observed),
        _ => {
            for (panel, observed) in panels.chunks_exact_mut(8 * padded).zip(observed.chunks(8)) {
                for (r, &j) in observed.iter().enumerate() {
                    pack(panel, r, &rows[j as usize * padded..][..padded]);
                }
            }
        }
    }
    let missing = observed.len().next_multiple_of(8) - observed.len();
    if missing > 0
        && let Some(panel) = panels.chunks_exact_mut(8 * padded).last()
    {
        panel.as_chunks_mut::<TILE>().0.iter_mut().for_each(|tile| tile[TILE - 8 * missing..].fill(0.0));
    }
}

/// The same with a length that the compiler knows.
#[inline(always)]
fn gather_narrow<const T: usize>(panels: &mut [f64], rows: &[f64], observed: &[u32]) {
    let rows = rows.as_chunks::<8>().0.as_chunks::<T>().0;
    let panels = panels.as_chunks_mut::<TILE>().0.as_chunks_mut::<T>().0;
    for (panel, observed) in panels.iter_mut().zip(observed.chunks(8)) {
        for (r, &j) in observed.iter().enumerate() {
            let row = &rows[j as usize];
            for t in 0..T {
                panel[t].as_chunks_mut::<8>().0[r] = row[t];
            }
        }
    }
}

/// `w += Aᵀ q` and `‖q‖²` with `q = A x`, or `q = b − A x` where `b` is given, one number for each row of the panels.
///
/// Both products take a panel while it is in the first cache: that halves the traffic of a pass. The second one runs a
/// panel behind the first, so that a panel's sums across vectors, a long chain, are hidden behind the multiply-adds of
/// the last. Narrow designs have `x` and `w` in registers.
#[inline(always)]
pub(in crate::completion) fn fused<S: Lanes>(
    simd: S,
    panels: &[f64],
    x: &[f64],
    b: Option<&[f64]>,
    w: &mut [f64],
) -> f64 {
    match x.len() / 8 {
        1 => narrow::<S, 1>(simd, panels, x, b, w),
        2 => narrow::<S, 2>(simd, panels, x, b, w),
        3 => narrow::<S, 3>(simd, panels, x, b, w),
        4 => narrow::<S, 4>(simd, panels, x, b, w),
        _ => wide(simd, panels, x, b, w),
    }
}

/// `q` of a panel from the sums of its rows.
#[inline(always)]
fn settle<S: Lanes>(simd: S, sums: [S::V; 8], b: Option<&[f64]>, panel: usize) -> S::V {
    let q = simd.sums(sums);
    match b {
        Some(b) => simd.sub(simd.load(&b.as_chunks::<8>().0[panel]), q),
        None => q,
    }
}

#[inline(always)]
fn narrow<S: Lanes, const T: usize>(simd: S, panels: &[f64], x: &[f64], b: Option<&[f64]>, w: &mut [f64]) -> f64 {
    let (x, w) = (&x.as_chunks::<8>().0[..T], &mut w.as_chunks_mut::<8>().0[..T]);
    let zero = simd.splat(0.0);
    let (mut xs, mut even, mut odd) = ([zero; T], [zero; T], [zero; T]);
    for t in 0..T {
        xs[t] = simd.load(&x[t]);
        even[t] = simd.load(&w[t]);
    }
    let mut rest = panels.as_chunks::<TILE>().0.as_chunks::<T>().0.iter();
    let Some(mut last) = rest.next() else { return 0.0 };
    let q = settle(simd, dots(simd, last, &xs), b, 0);
    let mut square = simd.fma(q, q, zero);
    let mut weights = [0.0; 8];
    simd.store(q, &mut weights);
    for (p, panel) in (1..).zip(rest) {
        let sums = dots(simd, panel, &xs);
        add(simd, last, &weights, &mut even, &mut odd);
        let q = settle(simd, sums, b, p);
        square = simd.fma(q, q, square);
        simd.store(q, &mut weights);
        last = panel;
    }
    add(simd, last, &weights, &mut even, &mut odd);
    for t in 0..T {
        simd.store(simd.add(even[t], odd[t]), &mut w[t]);
    }
    simd.sum(square)
}

/// For each row of a panel, products with `x` that are still to be summed.
#[inline(always)]
fn dots<S: Lanes, const T: usize>(simd: S, panel: &[[f64; TILE]; T], x: &[S::V; T]) -> [S::V; 8] {
    let mut sums = [simd.splat(0.0); 8];
    for t in 0..T {
        let rows = panel[t].as_chunks::<8>().0;
        for r in 0..8 {
            sums[r] = simd.fma(simd.load(&rows[r]), x[t], sums[r]);
        }
    }
    sums
}

/// Adds the rows of a panel with these weights, in two chains.
#[inline(always)]
fn add<S: Lanes, const T: usize>(
    simd: S,
    panel: &[[f64; TILE]; T],
    weights: &[f64; 8],
    even: &mut [S::V; T],
    odd: &mut [S::V; T],
) {
    for r in 0..4 {
        let (a, b) = (simd.splat(weights[2 * r]), simd.splat(weights[2 * r + 1]));
        for t in 0..T {
            let rows = panel[t].as_chunks::<8>().0;
            even[t] = simd.fma(simd.load(&rows[2 * r]), a, even[t]);
            odd[t] = simd.fma(simd.load(&rows[2 * r + 1]), b, odd[t]);
        }
    }
}

#[inline(always)]
fn wide<S: Lanes>(simd: S, panels: &[f64], x: &[f64], b: Option<&[f64]>, w: &mut [f64]) -> f64 {
    let zero = simd.splat(0.0);
    let (x, w) = (x.as_chunks::<8>().0, w.as_chunks_mut::<8>().0);
    let mut rest = panels.chunks_exact(TILE * x.len());
    let Some(mut last) = rest.next() else { return 0.0 };
    let mut sums = [zero; 8];
    for (tile, x) in last.as_chunks::<TILE>().0.iter().zip(x) {
        let (rows, x) = (tile.as_chunks::<8>().0, simd.load(x));
        for r in 0..8 {
            sums[r] = simd.fma(simd.load(&rows[r]), x, sums[r]);
        }
    }
    let q = settle(simd, sums, b, 0);
    let mut square = simd.fma(q, q, zero);
    let mut weights = [0.0; 8];
    simd.store(q, &mut weights);
    for (p, panel) in (1..).zip(rest) {
        let mut sums = [zero; 8];
        let mut splats = [zero; 8];
        for r in 0..8 {
            splats[r] = simd.splat(weights[r]);
        }
        let tiles = panel.as_chunks::<TILE>().0.iter().zip(last.as_chunks::<TILE>().0);
        for ((new, old), (x, w)) in tiles.zip(x.iter().zip(w.iter_mut())) {
            let (new, old, x) = (new.as_chunks::<8>().0, old.as_chunks::<8>().0, simd.load(x));
            let (mut even, mut odd) = (simd.load(w), zero);
            for r in 0..4 {
                sums[2 * r] = simd.fma(simd.load(&new[2 * r]), x, sums[2 * r]);
                even = simd.fma(simd.load(&old[2 * r]), splats[2 * r], even);
                sums[2 * r + 1] = simd.fma(simd.load(&new[2 * r + 1]), x, sums[2 * r + 1]);
                odd = simd.fma(simd.load(&old[2 * r + 1]), splats[2 * r + 1], odd);
            }
            simd.store(simd.add(even, odd), w);
        }
        let q = settle(simd, sums, b, p);
        square = simd.fma(q, q, square);
        simd.store(q, &mut weights);
        last = panel;
    }
    adjoint(simd, last, &weights, w.as_flattened_mut());
    simd.sum(square)
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
