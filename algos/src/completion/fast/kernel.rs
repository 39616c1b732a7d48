//! Kernels on the design of one line: rows of the other factor, picked by index.
//!
//! Nothing is copied. A pass reads a row from the second cache once and uses it, while it is in the first, for all that
//! is asked of it; packed copies would be written and read besides. Sums run over whole vectors in fixed order, over groups
//! of eight rows. Rows missing in the last group have weight zero and change nothing.
//!
//! Passes over a line alternate in direction. One leaves its last rows in the first cache, and the next begins with them;
//! passes that all begin at the same end find nothing of a line that is longer than the cache.
//!
//! # The limit
//!
//! A pass takes `4nk` flops and reads `8nk` bytes of rows at random places, for `n` entries of a line. With AVX-512 and
//! caches of 48 KiB and 2 MiB, on 4000×4000 with 400 entries a line, a loop that loads each row twice and computes nothing
//! would do 37 G flops a second at rank 24, 36 at 48 and 64, and 29 to 31 at 96, where the other factor does not fit the
//! second cache. Three steps of conjugate gradients do 30, 31, 32 and 27, start and change of basis included. Passes over
//! a part of the factor for many lines together gain nothing at 96 and lose a tenth at 24: only the first pass of a line
//! comes from the third cache anyway.

use crate::simd::lanes::Lanes;

/// Doubles of the design that are worked on together: half of the first cache.
const CHUNK: usize = 2048;

/// The matrix whose row `i` is row `observed[i]` of another one, which is stored by rows `padded` long, a multiple of
/// eight.
#[derive(Debug, Clone, Copy)]
pub(in crate::completion) struct Design<'a> {
    pub rows: &'a [f64],
    pub padded: usize,
    pub observed: &'a [u32],
}

impl<'a> Design<'a> {
    /// Parts that fit the first cache, or of eight rows where those do not, in order; all but the last have a multiple of
    /// eight rows.
    #[inline(always)]
    pub fn parts(self) -> impl Iterator<Item = Self> {
        let rows = (CHUNK / self.padded).max(1).next_multiple_of(8);
        self.observed.chunks(rows).map(move |observed| Self { observed, ..self })
    }

    /// The rows, if they are `8 T` long.
    #[inline(always)]
    fn narrow<const T: usize>(self) -> &'a [[[f64; 8]; T]] {
        self.rows.as_chunks::<8>().0.as_chunks::<T>().0
    }

    /// Rows of any length.
    #[inline(always)]
    fn wide(self, index: &[u32; 8]) -> [&'a [[f64; 8]]; 8] {
        index.map(|j| self.rows[j as usize * self.padded..][..self.padded].as_chunks::<8>().0)
    }
}

/// The direction in which a pass takes the full groups. A short one is the last in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::completion) enum Order {
    Forth,
    Back,
}

impl Order {
    pub fn reversed(self) -> Self {
        match self {
            Self::Forth => Self::Back,
            Self::Back => Self::Forth,
        }
    }

    /// The group that is taken at a step.
    #[inline(always)]
    fn at(self, step: usize, groups: usize) -> usize {
        match self {
            Self::Forth => step,
            Self::Back => groups - 1 - step,
        }
    }
}

/// The indices of a short group, filled up with the first.
#[inline(always)]
fn filled(rest: &[u32]) -> Option<[u32; 8]> {
    let mut index = [*rest.first()?; 8];
    index[..rest.len()].copy_from_slice(rest);
    Some(index)
}

/// `q` of a short group from the products of its rows with `x`: zero where it is filled up.
#[inline(always)]
fn settled<S: Lanes>(simd: S, products: S::V, b: Option<&[f64]>, rows: usize) -> [f64; 8] {
    let mut q = [0.0; 8];
    simd.store(products, &mut q);
    if let Some(b) = b {
        b.iter().zip(&mut q).for_each(|(b, q)| *q = b - *q);
    }
    q[rows..].fill(0.0);
    q
}

/// `w += Aᵀ q` and `‖q‖²` with `q = A x`, or `q = b − A x` where `b` is given, one number for each row.
///
/// Both products take a group of rows while it is in the first cache: that halves the traffic of a pass. The second one
/// runs a group behind the first, so that a group's sums across vectors, a long chain, are hidden behind the
/// multiply-adds of the last. The loops of designs up to twelve vectors wide are unrolled, with `x` and `w` in registers as
/// far as there are any; at rank 96 that takes 13 % less time. Entries of `q` go through memory, since a load spreads one
/// over a vector for nothing, and a shuffle would take the place of a multiply-add.
#[inline(always)]
pub(in crate::completion) fn fused<S: Lanes>(
    simd: S,
    design: Design<'_>,
    x: &[f64],
    b: Option<&[f64]>,
    w: &mut [f64],
    order: Order,
) -> f64 {
    match design.padded / 8 {
        1 => narrow::<S, 1>(simd, design, x, b, w, order),
        2 => narrow::<S, 2>(simd, design, x, b, w, order),
        3 => narrow::<S, 3>(simd, design, x, b, w, order),
        4 => narrow::<S, 4>(simd, design, x, b, w, order),
        5 => narrow::<S, 5>(simd, design, x, b, w, order),
        6 => narrow::<S, 6>(simd, design, x, b, w, order),
        7 => narrow::<S, 7>(simd, design, x, b, w, order),
        8 => narrow::<S, 8>(simd, design, x, b, w, order),
        9 => narrow::<S, 9>(simd, design, x, b, w, order),
        10 => narrow::<S, 10>(simd, design, x, b, w, order),
        11 => narrow::<S, 11>(simd, design, x, b, w, order),
        12 => narrow::<S, 12>(simd, design, x, b, w, order),
        _ => wide(simd, design, x, b, w, order),
    }
}

#[inline(always)]
fn narrow<S: Lanes, const T: usize>(
    simd: S,
    design: Design<'_>,
    x: &[f64],
    b: Option<&[f64]>,
    w: &mut [f64],
    order: Order,
) -> f64 {
    let Some(&first) = design.observed.first() else { return 0.0 };
    let rows = design.narrow::<T>();
    let (groups, rest) = design.observed.as_chunks::<8>();
    let b = b.map(|b| b.as_chunks::<8>());
    let (x, w) = (&x.as_chunks::<8>().0[..T], &mut w.as_chunks_mut::<8>().0[..T]);
    let zero = simd.splat(0.0);
    let (mut xs, mut even, mut odd) = ([zero; T], [zero; T], [zero; T]);
    for t in 0..T {
        xs[t] = simd.load(&x[t]);
        even[t] = simd.load(&w[t]);
    }
    let (mut last, mut weights, mut square) = ([&rows[first as usize]; 8], [[0.0; 8]; 2], zero);
    for step in 0..groups.len() {
        let g = order.at(step, groups.len());
        let new = pick(rows, &groups[g]);
        let mut q = products(simd, new, &xs);
        if let Some((b, _)) = b {
            q = simd.sub(simd.load(&b[g]), q);
        }
        square = simd.fma(q, q, square);
        add(simd, last, &weights[(step + 1) % 2], &mut even, &mut odd);
        simd.store(q, &mut weights[step % 2]);
        last = new;
    }
    add(simd, last, &weights[(groups.len() + 1) % 2], &mut even, &mut odd);
    if let Some(index) = filled(rest) {
        let new = pick(rows, &index);
        let q = settled(simd, products(simd, new, &xs), b.map(|(_, b)| b), rest.len());
        square = simd.fma(simd.load(&q), simd.load(&q), square);
        add(simd, new, &q, &mut even, &mut odd);
    }
    for t in 0..T {
        simd.store(simd.add(even[t], odd[t]), &mut w[t]);
    }
    simd.sum(square)
}

/// The rows of a group. Written out: as a map, the indices would be loaded together and taken apart again.
#[inline(always)]
fn pick<'a, const T: usize>(rows: &'a [[[f64; 8]; T]], index: &[u32; 8]) -> [&'a [[f64; 8]; T]; 8] {
    let row = |r: usize| &rows[index[r] as usize];
    [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)]
}

/// The products of the rows of a group with `x`.
#[inline(always)]
fn products<S: Lanes, const T: usize>(simd: S, rows: [&[[f64; 8]; T]; 8], x: &[S::V; T]) -> S::V {
    let mut sums = [simd.splat(0.0); 8];
    for t in 0..T {
        for r in 0..8 {
            sums[r] = simd.fma(simd.load(&rows[r][t]), x[t], sums[r]);
        }
    }
    simd.sums(sums)
}

/// Adds the rows of a group with these weights, in two chains.
#[inline(always)]
fn add<S: Lanes, const T: usize>(
    simd: S,
    rows: [&[[f64; 8]; T]; 8],
    weights: &[f64; 8],
    even: &mut [S::V; T],
    odd: &mut [S::V; T],
) {
    for r in 0..4 {
        let (a, b) = (simd.splat(weights[2 * r]), simd.splat(weights[2 * r + 1]));
        for t in 0..T {
            even[t] = simd.fma(simd.load(&rows[2 * r][t]), a, even[t]);
            odd[t] = simd.fma(simd.load(&rows[2 * r + 1][t]), b, odd[t]);
        }
    }
}

#[inline(always)]
fn wide<S: Lanes>(simd: S, design: Design<'_>, x: &[f64], b: Option<&[f64]>, w: &mut [f64], order: Order) -> f64 {
    let Some(&first) = design.observed.first() else { return 0.0 };
    let (groups, rest) = design.observed.as_chunks::<8>();
    let b = b.map(|b| b.as_chunks::<8>());
    let (x, w) = (x.as_chunks::<8>().0, w.as_chunks_mut::<8>().0);
    let zero = simd.splat(0.0);
    let (mut last, mut weights, mut square) = (design.wide(&[first; 8]), [[0.0; 8]; 2], zero);
    for step in 0..groups.len() {
        let g = order.at(step, groups.len());
        let new = design.wide(&groups[g]);
        let mut q = products_wide(simd, new, x);
        if let Some((b, _)) = b {
            q = simd.sub(simd.load(&b[g]), q);
        }
        square = simd.fma(q, q, square);
        add_wide(simd, last, &weights[(step + 1) % 2], w);
        simd.store(q, &mut weights[step % 2]);
        last = new;
    }
    add_wide(simd, last, &weights[(groups.len() + 1) % 2], w);
    if let Some(index) = filled(rest) {
        let new = design.wide(&index);
        let q = settled(simd, products_wide(simd, new, x), b.map(|(_, b)| b), rest.len());
        square = simd.fma(simd.load(&q), simd.load(&q), square);
        add_wide(simd, new, &q, w);
    }
    simd.sum(square)
}

/// The products of the rows of a group with `x`.
#[inline(always)]
fn products_wide<S: Lanes>(simd: S, rows: [&[[f64; 8]]; 8], x: &[[f64; 8]]) -> S::V {
    let rows = rows.map(|row| &row[..x.len()]);
    let mut sums = [simd.splat(0.0); 8];
    for t in 0..x.len() {
        let x = simd.load(&x[t]);
        for r in 0..8 {
            sums[r] = simd.fma(simd.load(&rows[r][t]), x, sums[r]);
        }
    }
    simd.sums(sums)
}

/// Adds the rows of a group with these weights to `w`.
#[inline(always)]
fn add_wide<S: Lanes>(simd: S, rows: [&[[f64; 8]]; 8], weights: &[f64; 8], w: &mut [[f64; 8]]) {
    let rows = rows.map(|row| &row[..w.len()]);
    let mut splats = [simd.splat(0.0); 8];
    for r in 0..8 {
        splats[r] = simd.splat(weights[r]);
    }
    for t in 0..w.len() {
        let (mut even, mut odd) = (simd.load(&w[t]), simd.splat(0.0));
        for r in 0..4 {
            even = simd.fma(simd.load(&rows[2 * r][t]), splats[2 * r], even);
            odd = simd.fma(simd.load(&rows[2 * r + 1][t]), splats[2 * r + 1], odd);
        }
        simd.store(simd.add(even, odd), &mut w[t]);
    }
}

/// `w += Aᵀ q`.
#[inline(always)]
pub(in crate::completion) fn adjoint<S: Lanes>(simd: S, design: Design<'_>, q: &[f64], w: &mut [f64]) {
    let w = w.as_chunks_mut::<8>().0;
    let ((groups, rest), (q, q_rest)) = (design.observed.as_chunks::<8>(), q.as_chunks::<8>());
    for (group, q) in groups.iter().zip(q) {
        add_wide(simd, design.wide(group), q, w);
    }
    if let Some(index) = filled(rest) {
        let mut weights = [0.0; 8];
        weights[..rest.len()].copy_from_slice(q_rest);
        add_wide(simd, design.wide(&index), &weights, w);
    }
}

/// `G += AᵀA`, the upper triangle, by rows of `padded` numbers. What lies below the diagonal inside a tile of eight by
/// eight on it is arbitrary and never used. Takes as many rows as fit the first cache; see [`Design::parts`].
///
/// Register tiles of 8×16 entries: sixteen multiply-adds for ten loads, so that the arithmetic units set the pace.
#[inline(always)]
pub(in crate::completion) fn gram<S: Lanes>(simd: S, design: Design<'_>, g: &mut [f64]) {
    let tiles = design.padded / 8;
    for i in 0..tiles {
        let mut j = i;
        while j + 1 < tiles {
            register_tile::<S, 2>(simd, design, i, j, g);
            j += 2;
        }
        if j < tiles {
            register_tile::<S, 1>(simd, design, i, j, g);
        }
    }
}

/// Tile `(i, j)` of the triangle and the `N − 1` to the right of it.
#[inline(always)]
fn register_tile<S: Lanes, const N: usize>(simd: S, design: Design<'_>, i: usize, j: usize, g: &mut [f64]) {
    let Design { rows, padded, observed } = design;
    let mut sums = [[simd.splat(0.0); N]; 8];
    for l in 0..8 {
        let row = g[(8 * i + l) * padded + 8 * j..][..8 * N].as_chunks::<8>().0;
        for c in 0..N {
            sums[l][c] = simd.load(&row[c]);
        }
    }
    for &o in observed {
        let row = rows[o as usize * padded..][..padded].as_chunks::<8>().0;
        let (left, right) = (&row[i], &row[j..j + N]);
        let mut vectors = [simd.splat(0.0); N];
        for c in 0..N {
            vectors[c] = simd.load(&right[c]);
        }
        for l in 0..8 {
            let a = simd.splat(left[l]);
            for c in 0..N {
                sums[l][c] = simd.fma(a, vectors[c], sums[l][c]);
            }
        }
    }
    for l in 0..8 {
        let row = g[(8 * i + l) * padded + 8 * j..][..8 * N].as_chunks_mut::<8>().0;
        for c in 0..N {
            simd.store(sums[l][c], &mut row[c]);
        }
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
