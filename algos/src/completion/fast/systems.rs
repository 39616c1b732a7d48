//! Normal equations of eight lines, solved side by side.
//!
//! The Cholesky factorization of a small matrix is one chain of roots and divisions. Eight of them run in the time of
//! one, each in its lane, and need no sums across vectors.

use crate::simd::lanes::Lanes;

/// A pivot below this fraction of the largest diagonal entry is taken for zero.
const PIVOT: f64 = 1e-14;

/// Eight systems `G x = c`, `G: k×k` positive definite, entry by entry over the lanes.
#[derive(Debug, Clone)]
pub(super) struct Systems {
    k: usize,
    /// Upper triangles by rows.
    gram: Vec<[f64; 8]>,
    /// Right-hand sides, then solutions.
    pub right: Vec<[f64; 8]>,
    inverses: Vec<[f64; 8]>,
}

impl Systems {
    pub fn new(k: usize) -> Self {
        let zeros = |n| vec![[0.0; 8]; n];
        Self { k, gram: zeros(k * (k + 1) / 2), right: zeros(k), inverses: zeros(k) }
    }

    /// Takes a system into a lane: the upper triangle of rows `padded` long, and the right-hand side.
    #[inline(always)]
    pub fn put(&mut self, lane: usize, gram: &[f64], padded: usize, right: &[f64]) {
        let mut to = self.gram.iter_mut();
        for (a, row) in gram.chunks_exact(padded).take(self.k).enumerate() {
            to.by_ref().zip(&row[a..self.k]).for_each(|(to, x)| to[lane] = *x);
        }
        self.right.iter_mut().zip(right).for_each(|(to, x)| to[lane] = *x);
    }

    /// Takes eight entries `at…` of all upper triangles, a system in each row.
    #[inline(always)]
    pub fn put_entries<S: Lanes>(&mut self, simd: S, at: usize, rows: [S::V; 8]) {
        put(simd, self.gram.get_mut(at..).unwrap_or_default(), rows);
    }

    /// Takes the first eight entries of all right-hand sides.
    #[inline(always)]
    pub fn put_right<S: Lanes>(&mut self, simd: S, rows: [S::V; 8]) {
        put(simd, &mut self.right, rows);
    }

    /// `G = UᵀU`, then `Uᵀ y = c` and `U x = y`; false in lanes where a pivot is too small. Cost: `k³/3 + 2k²` flops a lane.
    #[inline(always)]
    pub fn solve<S: Lanes>(&mut self, simd: S) -> [bool; 8] {
        let Self { k, gram, right, inverses } = self;
        let k = *k;
        let row = |a: usize| a * k - a * a.saturating_sub(1) / 2;
        let (mut sound, mut least) = ([true; 8], [0.0f64; 8]);
        for a in 0..k {
            for l in 0..8 {
                least[l] = least[l].max(PIVOT * gram[row(a)][l]);
            }
        }
        for r in (0..k).step_by(2) {
            // Two rows of U at a time share what they read of the rows above.
            eliminate(simd, gram, k, r);
            for r in r..k.min(r + 2) {
                let at = row(r);
                if r % 2 == 1 {
                    // The first of the two from the second.
                    let (above, own) = gram[row(r - 1)..].split_at_mut(k - r + 1);
                    let factor = simd.mul(simd.splat(-1.0), simd.load(&above[1]));
                    for (own, above) in own[..k - r].iter_mut().zip(&above[1..]) {
                        simd.store(simd.fma(factor, simd.load(above), simd.load(own)), own);
                    }
                }
                let mut y = simd.load(&right[r]);
                for a in 0..r {
                    let minus = simd.mul(simd.splat(-1.0), simd.load(&gram[row(a) + r - a]));
                    y = simd.fma(minus, simd.load(&right[a]), y);
                }
                for l in 0..8 {
                    let pivot = gram[at][l];
                    sound[l] &= pivot > least[l];
                    inverses[r][l] = if sound[l] { 1.0 / pivot.sqrt() } else { 0.0 };
                }
                let inverse = simd.load(&inverses[r]);
                for entry in &mut gram[at..at + k - r] {
                    simd.store(simd.mul(inverse, simd.load(entry)), entry);
                }
                simd.store(simd.mul(inverse, y), &mut right[r]);
            }
        }
        for a in (0..k).rev() {
            let mut sum = simd.load(&right[a]);
            for b in a + 1..k {
                let minus = simd.mul(simd.splat(-1.0), simd.load(&gram[row(a) + b - a]));
                sum = simd.fma(minus, simd.load(&right[b]), sum);
            }
            simd.store(simd.mul(simd.load(&inverses[a]), sum), &mut right[a]);
        }
        sound
    }
}

/// Eight columns of `rows`, as far as there is room.
#[inline(always)]
fn put<S: Lanes>(simd: S, to: &mut [[f64; 8]], rows: [S::V; 8]) {
    let columns = simd.transpose(rows);
    for (e, to) in to.iter_mut().take(8).enumerate() {
        simd.store(columns[e], to);
    }
}

/// Subtracts the rows above row `r` from it and from the next, if there is one: blocks whose sums fill the registers.
#[inline(always)]
fn eliminate<S: Lanes>(simd: S, gram: &mut [[f64; 8]], k: usize, r: usize) {
    subtract::<S, 1, 1>(simd, gram, k, r, r);
    let mut b = r + 1;
    if b == k {
        return;
    }
    while S::WIDE && b + 8 <= k {
        subtract::<S, 2, 8>(simd, gram, k, r, b);
        b += 8;
    }
    while b + 2 <= k {
        subtract::<S, 2, 2>(simd, gram, k, r, b);
        b += 2;
    }
    if b < k {
        subtract::<S, 2, 1>(simd, gram, k, r, b);
    }
}

/// `g_qb −= Σ_{a<r} u_aq u_ab` for `R` rows from `q = r` on and `N` entries from `b ≥ r + R − 1` on.
#[inline(always)]
fn subtract<S: Lanes, const R: usize, const N: usize>(simd: S, gram: &mut [[f64; 8]], k: usize, r: usize, b: usize) {
    let row = |a: usize| a * k - a * a.saturating_sub(1) / 2;
    let mut sums = [[simd.splat(0.0); N]; R];
    for a in 0..r {
        let above = &gram[row(a)..row(a) + k - a];
        let factors = &above[r - a..][..R];
        let entries = &above[b - a..][..N];
        for q in 0..R {
            let factor = simd.load(&factors[q]);
            for e in 0..N {
                sums[q][e] = simd.fma(factor, simd.load(&entries[e]), sums[q][e]);
            }
        }
    }
    for q in 0..R {
        let own = &mut gram[row(r + q) + b - r - q..][..N];
        for e in 0..N {
            simd.store(simd.sub(simd.load(&own[e]), sums[q][e]), &mut own[e]);
        }
    }
}
