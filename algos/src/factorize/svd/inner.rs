//! One sweep of rotations on the Gram matrix of two blocks.
//!
//! The 32 columns play a tournament: 31 rounds of 16 disjoint pairs, so that 16 angles are computed at once and all rows
//! of a column are rotated by four vector operations. Players move to their next seats while columns are stored: the
//! upper 16 seats one place down, the lower 16 one place up. After 31 rounds everybody is back.

use super::panel::{BLOCK, Mix, PAIR, Square};
use crate::simd::{Simd, Task, lanes::Lanes, row::halves};

/// Length of a column: seats 0 to 15, 16 spare places into which vectors spill, seats 16 to 31.
const SPREAD: usize = 48;
/// Place of the first lower seat.
const LOWER: usize = 32;

/// What a sweep did.
pub(super) struct Swept {
    /// The product of all rotations, row by row.
    pub v: Mix,
    /// Whether a squared norm fell below a tenth of what it was: then it has lost digits, and is to be computed anew.
    pub fallen: bool,
}

/// Flops of one sweep: 31 rounds, in which each entry of `G` is rotated twice and each of `V` once.
pub(super) const FLOPS: usize = 31 * 3 * 3 * PAIR * PAIR;

/// Rotates all pairs of the 32 columns whose cosine is above `tolerance`, once; writes the new diagonal blocks.
pub(super) fn sweep(a: &mut Square, b: &mut Square, c: &Square, tolerance: f64, simd: Simd) -> Swept {
    let mut g = [[0.0; SPREAD]; PAIR];
    for j in 0..BLOCK {
        for i in 0..BLOCK {
            g[j][i] = a[j][i];
            g[j][LOWER + i] = c[i][j];
            g[BLOCK + j][i] = c[j][i];
            g[BLOCK + j][LOWER + i] = b[j][i];
        }
    }
    let before: [f64; PAIR] = std::array::from_fn(|j| g[j][place(j)]);
    let mut columns = [[0.0; PAIR]; PAIR];
    (0..PAIR).for_each(|j| columns[j][j] = 1.0);
    simd.run(Tournament { g: &mut g, v: &mut columns, tolerance });
    for j in 0..BLOCK {
        a[j].copy_from_slice(&g[j][..BLOCK]);
        b[j].copy_from_slice(&g[BLOCK + j][LOWER..]);
    }
    let fallen = (0..PAIR).any(|j| g[j][place(j)] < 0.1 * before[j]);
    Swept { v: std::array::from_fn(|i| std::array::from_fn(|j| columns[j][i])), fallen }
}

/// The place of seat `j`.
fn place(j: usize) -> usize {
    if j < BLOCK { j } else { LOWER + j - BLOCK }
}

struct Tournament<'a> {
    g: &'a mut [[f64; SPREAD]; PAIR],
    v: &'a mut [[f64; PAIR]; PAIR],
    tolerance: f64,
}

/// Cosines and sines of the 16 rotations of a round.
struct Angles {
    c: [f64; BLOCK],
    s: [f64; BLOCK],
}

impl Task for Tournament<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let mut upper: [usize; BLOCK] = std::array::from_fn(|l| l);
        let mut lower: [usize; BLOCK] = std::array::from_fn(|l| BLOCK + l);
        for _ in 0..PAIR - 1 {
            let angles = angles(self.g, &upper, &lower, self.tolerance);
            let (c, s) = (halves(&angles.c).map(|h| simd.load(h)), halves(&angles.s).map(|h| simd.load(h)));
            for l in 0..BLOCK {
                let (p, q) = (upper[l], lower[l]);
                let (cosine, sine) = (angles.c[l], angles.s[l]);
                let [x, y] = rotate_columns(simd, &self.g[p], &self.g[q], cosine, sine);
                store(simd, rotate_rows(simd, x, c, s), &mut self.g[p]);
                store(simd, rotate_rows(simd, y, c, s), &mut self.g[q]);
                rotate_vectors(simd, self.v, p, q, cosine, sine);
            }
            // The same moves as in `store`.
            let (last, first) = (upper[BLOCK - 1], lower[0]);
            upper.copy_within(1..BLOCK - 1, 2);
            upper[1] = first;
            lower.copy_within(1.., 0);
            lower[BLOCK - 1] = last;
        }
    }
}

/// The rotations that diagonalize 16 pairs, or the identity where the cosine is small already: written without branches.
#[inline(always)]
fn angles(g: &[[f64; SPREAD]; PAIR], upper: &[usize; BLOCK], lower: &[usize; BLOCK], tolerance: f64) -> Angles {
    let a: [f64; BLOCK] = std::array::from_fn(|l| g[upper[l]][l]);
    let b: [f64; BLOCK] = std::array::from_fn(|l| g[lower[l]][LOWER + l]);
    let off: [f64; BLOCK] = std::array::from_fn(|l| g[lower[l]][l]);
    let mut angles = Angles { c: [1.0; BLOCK], s: [0.0; BLOCK] };
    for l in 0..BLOCK {
        let significant = off[l].abs() > tolerance * a[l].sqrt() * b[l].sqrt();
        let z = (b[l] - a[l]) / (2.0 * off[l]);
        let near = 1f64.copysign(z) / (z.abs() + (1.0 + z * z).sqrt());
        // The square of z overflows long before.
        let t = if z.abs() > 1e150 { 0.5 / z } else { near };
        let t = if significant { t } else { 0.0 };
        let c = 1.0 / (1.0 + t * t).sqrt();
        angles.c[l] = c;
        angles.s[l] = c * t;
    }
    angles
}

/// Upper and lower seats of a column, two vectors each.
type Column<V> = [V; 4];

#[inline(always)]
fn load<S: Lanes>(simd: S, column: &[f64; SPREAD]) -> Column<S::V> {
    let chunks = column.as_chunks::<8>().0;
    [0, 1, 4, 5].map(|chunk| simd.load(&chunks[chunk]))
}

/// `[c x − s y, s x + c y]`.
#[inline(always)]
fn rotate<S: Lanes>(simd: S, x: S::V, y: S::V, c: S::V, s: S::V, minus: S::V) -> [S::V; 2] {
    let zero = simd.splat(0.0);
    [simd.fma(c, x, simd.fma(minus, y, zero)), simd.fma(s, x, simd.fma(c, y, zero))]
}

#[inline(always)]
fn rotate_columns<S: Lanes>(
    simd: S,
    x: &[f64; SPREAD],
    y: &[f64; SPREAD],
    cosine: f64,
    sine: f64,
) -> [Column<S::V>; 2] {
    let (c, s, minus) = (simd.splat(cosine), simd.splat(sine), simd.splat(-sine));
    let (mut x, mut y) = (load(simd, x), load(simd, y));
    for k in 0..4 {
        [x[k], y[k]] = rotate(simd, x[k], y[k], c, s, minus);
    }
    [x, y]
}

/// Rotates the seats of a column against each other, upper against lower.
#[inline(always)]
fn rotate_rows<S: Lanes>(simd: S, x: Column<S::V>, c: [S::V; 2], s: [S::V; 2]) -> Column<S::V> {
    let (zero, minus) = (simd.splat(0.0), simd.splat(-1.0));
    let turn = |k: usize| rotate(simd, x[k], x[k + 2], c[k], s[k], simd.fma(s[k], minus, zero));
    let ([a, c], [b, d]) = (turn(0), turn(1));
    [a, b, c, d]
}

/// Stores a column with its entries moved on to the next seats.
#[inline(always)]
fn store<S: Lanes>(simd: S, x: Column<S::V>, column: &mut [f64; SPREAD]) {
    for (k, from) in [1, 9, LOWER - 1, LOWER + 7].into_iter().enumerate() {
        if let Some(to) = column[from..].first_chunk_mut::<8>() {
            simd.store(x[k], to);
        }
    }
    // The first seat stays, the first lower player comes up beside it, the last upper player goes down.
    column[0] = column[1];
    column[1] = column[LOWER - 1];
    column[SPREAD - 1] = column[BLOCK];
}

#[inline(always)]
fn rotate_vectors<S: Lanes>(simd: S, v: &mut [[f64; PAIR]; PAIR], p: usize, q: usize, cosine: f64, sine: f64) {
    let (c, s, minus) = (simd.splat(cosine), simd.splat(sine), simd.splat(-sine));
    let Ok([x, y]) = v.get_disjoint_mut([p, q]) else { return };
    let (x, y) = (x.as_chunks_mut::<8>().0, y.as_chunks_mut::<8>().0);
    for (x, y) in x.iter_mut().zip(y) {
        let [new_x, new_y] = rotate(simd, simd.load(x), simd.load(y), c, s, minus);
        simd.store(new_x, x);
        simd.store(new_y, y);
    }
}
