//! The fused tile: exponents, exponentials and weighted sums of a block of `K` in registers; `K` is never formed.
//!
//! A block has `Q` queries and `P` panels of keys. Its `QP` vectors start as `−‖q‖²/2 − ‖k‖²/2` and take `d` fused
//! multiply-adds each, then become exponentials in place and are added to the sums of the queries. Panels that fit in
//! half of the first cache stay there while a slice of the queries passes, so per block only `Q·d` numbers are loaded
//! from farther away.

// Loops over constant ranges, which the compiler unrolls; iterators over arrays of registers it does not.
#![allow(clippy::needless_range_loop)]

use std::marker::PhantomData;

use super::pack::{GROUP, Packed, Rows, TOGETHER};
use super::vector::{Line, Real, Task, Vectors};

/// A radial profile: what becomes of `−u = −‖q − k‖²/2`.
pub(crate) trait Profile: Copy + Send + Sync {
    /// Whether differences must be formed before they are squared, whatever the norms.
    const DIRECT: bool;
    fn apply<T: Real, S: Vectors<T>, const P: usize>(simd: S, exponents: [S::V; P]) -> [S::V; P];
}

/// `exp(−u)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gaussian;

/// `exp(−√(2u)) = exp(−‖q − k‖)`. The root doubles the relative error of small `u`, so differences come first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exponential;

impl Profile for Gaussian {
    const DIRECT: bool = false;

    #[inline(always)]
    fn apply<T: Real, S: Vectors<T>, const P: usize>(simd: S, exponents: [S::V; P]) -> [S::V; P] {
        simd.exp(exponents)
    }
}

impl Profile for Exponential {
    const DIRECT: bool = true;

    #[inline(always)]
    fn apply<T: Real, S: Vectors<T>, const P: usize>(simd: S, mut exponents: [S::V; P]) -> [S::V; P] {
        let zero = simd.splat(T::default());
        for p in 0..P {
            let square = simd.fnma(simd.splat(T::round(2.0)), exponents[p], zero);
            exponents[p] = simd.sub(zero, simd.sqrt(square));
        }
        simd.exp(exponents)
    }
}

/// `y = profile(−u) x` for a slice of the queries.
pub(crate) struct Tile<'a, T: Real, K> {
    pub rows: &'a Rows<T>,
    /// First query of the slice.
    pub first: usize,
    pub keys: &'a Packed<T>,
    pub profile: PhantomData<K>,
    /// Whether coordinates are subtracted before they are squared.
    pub direct: bool,
    /// Only entries with `u ≥ limit` count.
    pub limit: Option<f64>,
    /// `[query][right-hand side]`.
    pub y: &'a mut [f64],
}

impl<T: Real, K: Profile> Task<T> for Tile<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors<T>, const Q: usize, const P: usize>(self, simd: S) {
        match (self.direct, self.limit) {
            (false, None) => sweep::<T, K, S, Q, P, false, false>(simd, self),
            (false, Some(_)) => sweep::<T, K, S, Q, P, false, true>(simd, self),
            (true, None) => sweep::<T, K, S, Q, P, true, false>(simd, self),
            (true, Some(_)) => sweep::<T, K, S, Q, P, true, true>(simd, self),
        }
    }
}

#[inline(always)]
fn sweep<T: Real, K: Profile, S: Vectors<T>, const Q: usize, const P: usize, const DIRECT: bool, const LIGHT: bool>(
    simd: S,
    task: Tile<'_, T, K>,
) {
    let Tile { rows, first, keys, limit, y, .. } = task;
    let sides = keys.sides;
    let padded = (y.len() / sides.max(1)).next_multiple_of(TOGETHER);
    let mut sums = vec![Line(T::Lanes::default()); padded * sides];
    let limit = simd.splat(T::round(-limit.unwrap_or(0.0)));
    for start in (0..keys.panels()).step_by(keys.resident()) {
        let end = (start + keys.resident()).min(keys.panels());
        for i in (0..padded).step_by(Q) {
            for panel in (start..end).step_by(P) {
                block::<T, K, S, Q, P, DIRECT, LIGHT>(
                    simd,
                    rows,
                    first + i,
                    keys,
                    panel,
                    limit,
                    &mut sums[i * sides..],
                );
            }
        }
    }
    for (y, sum) in y.iter_mut().zip(&sums) {
        *y = sum.0.as_ref().iter().map(|x| x.widen()).sum();
    }
}

/// The exponents of one block.
#[inline(always)]
fn exponents<T: Real, S: Vectors<T>, const Q: usize, const P: usize, const DIRECT: bool>(
    simd: S,
    rows: &Rows<T>,
    first: usize,
    keys: &Packed<T>,
    panel: usize,
) -> Line<[[S::V; P]; Q]> {
    // Loops, not closures: only what is inlined is compiled for the instruction set.
    let d = keys.d;
    let zero = simd.splat(T::default());
    let block = first / TOGETHER * TOGETHER * d;
    let queries = rows.coordinates[block..block + TOGETHER * d].as_chunks::<TOGETHER>().0;
    let group = panel / GROUP * GROUP * d;
    let panels = keys.coordinates[group..group + GROUP * d].as_chunks::<GROUP>().0;
    // Zero, and known to be, where a block is whole.
    let from = if Q == TOGETHER { 0 } else { first % TOGETHER };
    let at = if P == GROUP { 0 } else { panel % GROUP };
    let mut sums = [[zero; P]; Q];
    if !DIRECT {
        for q in 0..Q {
            let offset = simd.splat(rows.offsets[first + q]);
            for p in 0..P {
                sums[q][p] = simd.add(offset, simd.load(&keys.offsets[panel + p]));
            }
        }
    }
    for (query, lines) in queries.iter().zip(panels) {
        let mut k = [zero; P];
        for p in 0..P {
            k[p] = simd.load(&lines[at + p]);
        }
        for q in 0..Q {
            let x = simd.splat(query[from + q]);
            for p in 0..P {
                sums[q][p] = if DIRECT {
                    let difference = simd.sub(x, k[p]);
                    simd.fnma(difference, difference, sums[q][p])
                } else {
                    simd.fma(x, k[p], sums[q][p])
                };
            }
        }
    }
    // A copy: what follows reads its block from memory, and the sums would be stored after every coordinate. Vectors are
    // not aligned by themselves, and a store over two lines takes twice as long.
    let scale = simd.splat(T::round(if DIRECT { 0.5 } else { 1.0 }));
    let mut block = Line([[zero; P]; Q]);
    for q in 0..Q {
        for p in 0..P {
            block.0[q][p] = if DIRECT { simd.mul(scale, sums[q][p]) } else { sums[q][p] };
        }
    }
    block
}

#[inline(always)]
fn block<T: Real, K: Profile, S: Vectors<T>, const Q: usize, const P: usize, const DIRECT: bool, const LIGHT: bool>(
    simd: S,
    rows: &Rows<T>,
    first: usize,
    keys: &Packed<T>,
    panel: usize,
    limit: S::V,
    sums: &mut [Line<T::Lanes>],
) {
    let mut block = exponents::<T, S, Q, P, DIRECT>(simd, rows, first, keys, panel);
    let entries = &mut block.0;
    let zero = simd.splat(T::default());
    for q in 0..Q {
        let mut exponents = entries[q];
        if !DIRECT {
            for p in 0..P {
                // Rounding makes some exponents of coinciding points positive.
                exponents[p] = simd.min(exponents[p], zero);
            }
        }
        entries[q] = K::apply::<T, S, P>(simd, exponents);
        if LIGHT {
            for p in 0..P {
                entries[q][p] = simd.where_at_least(limit, exponents[p], entries[q][p]);
            }
        }
    }
    let sides = keys.sides;
    for c in 0..sides {
        let mut x = [zero; P];
        for p in 0..P {
            x[p] = simd.load(&keys.weights[(panel + p) * sides + c]);
        }
        for q in 0..Q {
            let mut sum = simd.load(&sums[q * sides + c]);
            for p in 0..P {
                sum = simd.fma(entries[q][p], x[p], sum);
            }
            simd.store(sum, &mut sums[q * sides + c]);
        }
    }
}

/// `⟨q, k⟩ + offset_q + offset_k` for every pair, stored: `out[query][panel]`. The first query begins a block; there is
/// room for whole blocks.
pub(crate) struct Products<'a, T: Real> {
    pub rows: &'a Rows<T>,
    pub first: usize,
    pub keys: &'a Packed<T>,
    pub out: &'a mut [Line<T::Lanes>],
}

impl<T: Real> Task<T> for Products<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors<T>, const Q: usize, const P: usize>(self, simd: S) {
        let Self { rows, first, keys, out } = self;
        let panels = keys.panels();
        let count = out.len() / panels.max(1);
        for start in (0..panels).step_by(keys.resident()) {
            let end = (start + keys.resident()).min(panels);
            for i in (0..count).step_by(Q) {
                for panel in (start..end).step_by(P) {
                    let sums = exponents::<T, S, Q, P, false>(simd, rows, first + i, keys, panel).0;
                    for q in 0..Q {
                        for p in 0..P {
                            simd.store(sums[q][p], &mut out[(i + q) * panels + panel + p]);
                        }
                    }
                }
            }
        }
    }
}

const _: () = assert!(GROUP.is_multiple_of(4) && TOGETHER.is_multiple_of(6), "whole blocks on every instruction set");
