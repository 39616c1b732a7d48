//! The Hadamard transform, blocked for registers and caches.
//!
//! A level combines entries at a distance `h`; the levels commute, so they are grouped by where their operands are:
//!
//! | levels | operands in | saves |
//! | --- | --- | --- |
//! | 3 | one vector: shuffles and fused sign changes | all loads and stores of three passes |
//! | next 4 (AVX-512: radix 16; else 2 or 3) | registers | the same of four passes |
//! | up to `L1` vectors | first cache | passes over the second |
//! | up to `L2` vectors | second cache, three levels a pass | passes over the third, or memory |
//! | rest | the third or memory, three levels a pass | |
//!
//! Sums and differences of the same operands on all paths, so all paths have the same bits.
//!
//! # The limit
//!
//! With AVX-512 a vector takes one addition a level, and 5 operations for the three levels within it: 22 for the 20
//! levels of 2²⁰, on two ports 11 cycles. On a core of 2.8 GHz with a second cache of 2 MiB, 8 MiB of vectors take 0.31 ms
//! for the levels in the first cache; a pass that reads and writes them takes 0.19 ms in the second cache and 0.34 ms in
//! the third, however little it computes. At 2²⁰, data pass the third cache twice and the second twice more, 3 levels
//! each time:
//!
//! | pass | levels | ms alone |
//! | --- | --- | --- |
//! | from the third cache into the first | 11 | 0.43 |
//! | in the second | 3 + 3 | 0.19 + 0.19 |
//! | in the third | 3 | 0.34 |
//!
//! That is 1.15 ms, or 18 G additions a second, and 20 if all arithmetic hid behind the transport. More levels a pass gain
//! nothing: their lines lie at a distance of a power of two and fall into one set of the first cache, which holds 8 to
//! 12; gathering 64 of them into a buffer costs what the second pass costs. Nor does fetching ahead by hand: the caches'
//! own prefetchers do better. 64 vectors of length 2¹⁴ pass the third cache once: 0.43 + 0.19 ms, 24 G additions a second.
//! These are the best of many runs alone; the benchmark cases, 31 transforms in a row, on the same machine beside other
//! guests: 15 and 19 G in the median, 17 and 22 at best.

use crate::simd::lanes::Lanes;
use crate::simd::{Simd, Task};

/// Vectors of eight in a block of the first cache: half of 32 KiB.
const L1: usize = 256;
/// Vectors in a block of any second cache: 128 KiB.
const MIDDLE: usize = 2048;
/// Vectors in a block of a large second cache: half of 2 MiB. Blocks are nested, so a smaller one costs only the passes
/// that do not fit it.
const L2: usize = 16_384;
/// Vectors in the largest block whose distances are known when this is compiled.
const L3: usize = 131_072;

/// `x ← H_N x`; the length is a power of two.
pub(in crate::sketch) fn transform(simd: Simd, x: &mut [f64]) {
    if x.len() < 8 {
        super::super::explicit::fwht(x);
    } else {
        simd.run(Levels { x, within: true });
    }
}

/// `X ← H_N X` for eight columns, stored row after row.
pub(in crate::sketch) fn transform_panel(simd: Simd, x: &mut [f64]) {
    simd.run(Levels { x, within: false });
}

struct Levels<'a> {
    x: &'a mut [f64],
    /// Whether the levels within vectors take part.
    within: bool,
}

impl Task for Levels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let v = self.x.as_chunks_mut::<8>().0;
        for far in v.chunks_mut(L2) {
            for middle in far.chunks_mut(MIDDLE) {
                for near in middle.chunks_mut(L1) {
                    if S::WIDE {
                        first::<S, 16>(simd, near, self.within);
                        fixed::<S, 16, 16, L1>(simd, near);
                    } else {
                        first::<S, 4>(simd, near, self.within);
                        fixed::<S, 4, 4, 16>(simd, near);
                        fixed::<S, 4, 16, 64>(simd, near);
                        fixed::<S, 4, 64, L1>(simd, near);
                    }
                }
                if S::WIDE {
                    fixed::<S, 8, L1, MIDDLE>(simd, middle);
                } else {
                    fixed::<S, 4, L1, 1024>(simd, middle);
                    fixed::<S, 2, 1024, MIDDLE>(simd, middle);
                }
            }
            if S::WIDE {
                fixed::<S, 8, MIDDLE, L2>(simd, far);
            } else {
                fixed::<S, 4, MIDDLE, 8192>(simd, far);
                fixed::<S, 2, 8192, L2>(simd, far);
            }
        }
        if S::WIDE {
            fixed::<S, 8, L2, L3>(simd, v);
        } else {
            fixed::<S, 4, L2, 65_536>(simd, v);
            fixed::<S, 2, 65_536, L3>(simd, v);
        }
        upward(simd, v, L3);
    }
}

/// The levels within vectors and between `R` neighbours.
#[inline(always)]
fn first<S: Lanes, const R: usize>(simd: S, v: &mut [[f64; 8]], within: bool) {
    if v.len() < R {
        if within {
            for x in v.iter_mut() {
                simd.store(simd.hadamard(x), x);
            }
        }
        return upward(simd, v, 1);
    }
    for group in v.as_chunks_mut::<R>().0 {
        let mut x = [simd.splat(0.0); R];
        for r in 0..R {
            x[r] = if within { simd.hadamard(&group[r]) } else { simd.load(&group[r]) };
        }
        butterflies(simd, &mut x);
        for r in 0..R {
            simd.store(x[r], &mut group[r]);
        }
    }
}

/// `log₂ R` levels from a distance of `D` vectors on, in one pass over groups of `LEN = R·D` vectors; all remaining
/// levels where there is no whole group.
///
/// A distance that the compiler knows makes addresses constants and removes every check of bounds.
#[inline(always)]
fn fixed<S: Lanes, const R: usize, const D: usize, const LEN: usize>(simd: S, v: &mut [[f64; 8]]) {
    if v.len() < LEN {
        return upward(simd, v, D);
    }
    for group in v.as_chunks_mut::<LEN>().0 {
        for j in 0..D {
            let mut x = [simd.splat(0.0); R];
            for r in 0..R {
                x[r] = simd.load(&group[r * D + j]);
            }
            butterflies(simd, &mut x);
            for r in 0..R {
                simd.store(x[r], &mut group[r * D + j]);
            }
        }
    }
}

/// All levels from a distance of `stride` vectors on, two in a pass.
#[inline(always)]
fn upward<S: Lanes>(simd: S, v: &mut [[f64; 8]], mut stride: usize) {
    while stride < v.len() {
        stride *= match v.len() / stride {
            2 => pass::<S, 2>(simd, v, stride),
            4 => pass::<S, 4>(simd, v, stride),
            _ if S::WIDE => pass::<S, 8>(simd, v, stride),
            _ => pass::<S, 4>(simd, v, stride),
        };
    }
}

/// `log₂ R` levels in one pass.
#[inline(always)]
fn pass<S: Lanes, const R: usize>(simd: S, v: &mut [[f64; 8]], stride: usize) -> usize {
    for group in v.chunks_exact_mut(R * stride) {
        for j in 0..stride {
            let mut x = [simd.splat(0.0); R];
            for r in 0..R {
                x[r] = simd.load(&group[r * stride + j]);
            }
            butterflies(simd, &mut x);
            for r in 0..R {
                simd.store(x[r], &mut group[r * stride + j]);
            }
        }
    }
    R
}

/// The transform of `R` vectors, entry by entry.
#[inline(always)]
fn butterflies<S: Lanes, const R: usize>(simd: S, x: &mut [S::V; R]) {
    let mut h = 1;
    while h < R {
        for i in 0..R {
            if i & h == 0 {
                (x[i], x[i + h]) = (simd.add(x[i], x[i + h]), simd.sub(x[i], x[i + h]));
            }
        }
        h *= 2;
    }
}
