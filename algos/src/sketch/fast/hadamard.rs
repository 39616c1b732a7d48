//! The Hadamard transform, blocked for registers and caches.
//!
//! A level combines entries at a distance `h`; the levels commute, so they are grouped by where their operands are:
//!
//! | levels | operands in | saves |
//! | --- | --- | --- |
//! | 3, or 4 in single precision | one line of 64 bytes: shuffles and fused sign changes | all loads and stores of three passes |
//! | next 4 (AVX-512: radix 16; else 2 or 3) | registers | the same of four passes |
//! | up to `L1` lines | first cache | passes over the second |
//! | up to `L2` lines | second cache, three levels a pass | passes over the third, or memory |
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
//!
//! In single precision a line holds twice the entries and one level more: half the time for each pass, 36 and 48 G.
//!
//! All that is the best of many runs alone. Medians of the benchmark cases, many transforms in a row beside other load,
//! in G additions a second, from the busiest minutes to the quietest; FFHT is the usual library, in C with AVX:
//!
//! | | 2²⁰ | 64 of 2¹⁴ | FFHT, both |
//! | --- | --- | --- | --- |
//! | double precision | 14 to 17 | 18 to 22 | 9 to 14 |
//! | single precision | 26 to 33 | 34 to 48 | 17 to 26 |

use crate::simd::lanes::Lanes;
use crate::simd::{Simd, Task};
use crate::sketch::Precision;

/// Lines of 64 bytes in a block of the first cache: half of 32 KiB.
const L1: usize = 256;
/// Lines in a block of any second cache: 128 KiB.
const MIDDLE: usize = 2048;
/// Lines in a block of a large second cache: half of 2 MiB. Blocks are nested, so a smaller one costs only the passes
/// that do not fit it.
const L2: usize = 16_384;
/// Lines in the largest block whose distances are known when this is compiled.
const L3: usize = 131_072;

/// `x ← H_N x`; the length is a power of two.
pub(in crate::sketch) fn transform<T: Precision, const N: usize>(simd: Simd, x: &mut [T])
where
    [T; N]: Line,
{
    match x.as_chunks_mut().0 {
        [] => super::super::explicit::fwht(x),
        lines => simd.run(Levels { lines, within: true }),
    }
}

/// `X ← H_N X` for eight columns, stored row after row.
pub(in crate::sketch) fn transform_panel(simd: Simd, x: &mut [f64]) {
    simd.run(Levels { lines: x.as_chunks_mut::<8>().0, within: false });
}

/// The entries of a cache line, which are one vector.
pub(in crate::sketch) trait Line: Copy {
    type Vector<S: Lanes>: Copy;

    fn load<S: Lanes>(simd: S, line: &Self) -> Self::Vector<S>;
    fn store<S: Lanes>(simd: S, v: Self::Vector<S>, line: &mut Self);
    fn add<S: Lanes>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn sub<S: Lanes>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The levels within the line.
    fn hadamard<S: Lanes>(simd: S, line: &Self) -> Self::Vector<S>;
}

impl Line for [f64; 8] {
    type Vector<S: Lanes> = S::V;

    #[inline(always)]
    fn load<S: Lanes>(simd: S, line: &Self) -> S::V {
        simd.load(line)
    }

    #[inline(always)]
    fn store<S: Lanes>(simd: S, v: S::V, line: &mut Self) {
        simd.store(v, line);
    }

    #[inline(always)]
    fn add<S: Lanes>(simd: S, a: S::V, b: S::V) -> S::V {
        simd.add(a, b)
    }

    #[inline(always)]
    fn sub<S: Lanes>(simd: S, a: S::V, b: S::V) -> S::V {
        simd.sub(a, b)
    }

    #[inline(always)]
    fn hadamard<S: Lanes>(simd: S, line: &Self) -> S::V {
        simd.hadamard(line)
    }
}

impl Line for [f32; 16] {
    type Vector<S: Lanes> = S::Single;

    #[inline(always)]
    fn load<S: Lanes>(simd: S, line: &Self) -> S::Single {
        simd.load_single(line)
    }

    #[inline(always)]
    fn store<S: Lanes>(simd: S, v: S::Single, line: &mut Self) {
        simd.store_single(v, line);
    }

    #[inline(always)]
    fn add<S: Lanes>(simd: S, a: S::Single, b: S::Single) -> S::Single {
        simd.add_single(a, b)
    }

    #[inline(always)]
    fn sub<S: Lanes>(simd: S, a: S::Single, b: S::Single) -> S::Single {
        simd.sub_single(a, b)
    }

    #[inline(always)]
    fn hadamard<S: Lanes>(simd: S, line: &Self) -> S::Single {
        simd.hadamard_single(line)
    }
}

struct Levels<'a, L> {
    lines: &'a mut [L],
    /// Whether the levels within lines take part.
    within: bool,
}

impl<L: Line> Task for Levels<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let v = self.lines;
        for far in v.chunks_mut(L2) {
            for middle in far.chunks_mut(MIDDLE) {
                for near in middle.chunks_mut(L1) {
                    if S::WIDE {
                        first::<S, L, 16>(simd, near, self.within);
                        fixed::<S, L, 16, 16, L1>(simd, near);
                    } else {
                        first::<S, L, 4>(simd, near, self.within);
                        fixed::<S, L, 4, 4, 16>(simd, near);
                        fixed::<S, L, 4, 16, 64>(simd, near);
                        fixed::<S, L, 4, 64, L1>(simd, near);
                    }
                }
                if S::WIDE {
                    fixed::<S, L, 8, L1, MIDDLE>(simd, middle);
                } else {
                    fixed::<S, L, 4, L1, 1024>(simd, middle);
                    fixed::<S, L, 2, 1024, MIDDLE>(simd, middle);
                }
            }
            if S::WIDE {
                fixed::<S, L, 8, MIDDLE, L2>(simd, far);
            } else {
                fixed::<S, L, 4, MIDDLE, 8192>(simd, far);
                fixed::<S, L, 2, 8192, L2>(simd, far);
            }
        }
        if S::WIDE {
            fixed::<S, L, 8, L2, L3>(simd, v);
        } else {
            fixed::<S, L, 4, L2, 65_536>(simd, v);
            fixed::<S, L, 2, 65_536, L3>(simd, v);
        }
        upward(simd, v, L3);
    }
}

/// The levels within lines and between `R` neighbours.
#[inline(always)]
fn first<S: Lanes, L: Line, const R: usize>(simd: S, v: &mut [L], within: bool) {
    if v.len() < R {
        if within {
            for x in v.iter_mut() {
                let v = L::hadamard(simd, x);
                L::store(simd, v, x);
            }
        }
        return upward(simd, v, 1);
    }
    for group in v.as_chunks_mut::<R>().0 {
        let mut x = [L::load(simd, &group[0]); R];
        for r in 0..R {
            x[r] = if within { L::hadamard(simd, &group[r]) } else { L::load(simd, &group[r]) };
        }
        butterflies::<S, L, R>(simd, &mut x);
        for r in 0..R {
            L::store(simd, x[r], &mut group[r]);
        }
    }
}

/// `log₂ R` levels from a distance of `D` lines on, in one pass over groups of `LEN = R·D` lines; all remaining
/// levels where there is no whole group.
///
/// A distance that the compiler knows makes addresses constants and removes every check of bounds.
#[inline(always)]
fn fixed<S: Lanes, L: Line, const R: usize, const D: usize, const LEN: usize>(simd: S, v: &mut [L]) {
    if v.len() < LEN {
        return upward(simd, v, D);
    }
    for group in v.as_chunks_mut::<LEN>().0 {
        for j in 0..D {
            let mut x = [L::load(simd, &group[0]); R];
            for r in 0..R {
                x[r] = L::load(simd, &group[r * D + j]);
            }
            butterflies::<S, L, R>(simd, &mut x);
            for r in 0..R {
                L::store(simd, x[r], &mut group[r * D + j]);
            }
        }
    }
}

/// All levels from a distance of `stride` lines on, two or three in a pass.
#[inline(always)]
fn upward<S: Lanes, L: Line>(simd: S, v: &mut [L], mut stride: usize) {
    while stride < v.len() {
        stride *= match v.len() / stride {
            2 => pass::<S, L, 2>(simd, v, stride),
            4 => pass::<S, L, 4>(simd, v, stride),
            _ if S::WIDE => pass::<S, L, 8>(simd, v, stride),
            _ => pass::<S, L, 4>(simd, v, stride),
        };
    }
}

/// `log₂ R` levels in one pass.
#[inline(always)]
fn pass<S: Lanes, L: Line, const R: usize>(simd: S, v: &mut [L], stride: usize) -> usize {
    for group in v.chunks_exact_mut(R * stride) {
        for j in 0..stride {
            let mut x = [L::load(simd, &group[0]); R];
            for r in 0..R {
                x[r] = L::load(simd, &group[r * stride + j]);
            }
            butterflies::<S, L, R>(simd, &mut x);
            for r in 0..R {
                L::store(simd, x[r], &mut group[r * stride + j]);
            }
        }
    }
    R
}

/// The transform of `R` lines, entry by entry.
#[inline(always)]
fn butterflies<S: Lanes, L: Line, const R: usize>(simd: S, x: &mut [L::Vector<S>; R]) {
    let mut h = 1;
    while h < R {
        for i in 0..R {
            if i & h == 0 {
                (x[i], x[i + h]) = (L::add(simd, x[i], x[i + h]), L::sub(simd, x[i], x[i + h]));
            }
        }
        h *= 2;
    }
}
