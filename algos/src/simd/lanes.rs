//! Eight doubles at a time on every instruction set.
//!
//! Loops over arrays leave it to the compiler whether a sum of products stays in vector registers; it does for one
//! product and does not for the four of a fused pass. Explicit vectors of a fixed length settle that, and make the
//! order of every sum independent of the width of the registers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512d;

#[cfg(target_arch = "x86_64")]
use pulp::{
    cast, f32x4, f32x8, f64x4, f64x8,
    x86::{V3, V4},
};

/// Vectors of eight doubles; `self` proves that the processor has the instructions.
pub(crate) trait Lanes: Copy {
    /// The vector.
    type V: Copy;

    fn splat(self, x: f64) -> Self::V;
    fn load(self, x: &[f64; 8]) -> Self::V;
    /// Loads single precision and widens it.
    fn widen(self, x: &[f32; 8]) -> Self::V;
    fn store(self, v: Self::V, to: &mut [f64; 8]);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a·b + c`, rounded once where the instruction set has that.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// The sum of the entries, halving the vector each time.
    #[inline(always)]
    fn sum(self, v: Self::V) -> f64 {
        let mut a = [0.0; 8];
        self.store(v, &mut a);
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }

    /// The sums of eight vectors, each added in the order of [`sum`](Lanes::sum).
    #[inline(always)]
    fn sums(self, v: [Self::V; 8]) -> Self::V {
        let mut a = [0.0; 8];
        for l in 0..8 {
            a[l] = self.sum(v[l]);
        }
        self.load(&a)
    }
}

/// Baseline instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

/// One instruction for `a·b + c` is certain here; elsewhere `f64::mul_add` would be a library call.
const FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

impl Lanes for Portable {
    type V = [f64; 8];

    #[inline(always)]
    fn splat(self, x: f64) -> [f64; 8] {
        [x; 8]
    }

    #[inline(always)]
    fn load(self, x: &[f64; 8]) -> [f64; 8] {
        *x
    }

    #[inline(always)]
    fn widen(self, x: &[f32; 8]) -> [f64; 8] {
        x.map(f64::from)
    }

    #[inline(always)]
    fn store(self, v: [f64; 8], to: &mut [f64; 8]) {
        *to = v;
    }

    #[inline(always)]
    fn add(self, a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| a[l] + b[l])
    }

    #[inline(always)]
    fn fma(self, a: [f64; 8], b: [f64; 8], c: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| if FMA { a[l].mul_add(b[l], c[l]) } else { a[l] * b[l] + c[l] })
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for V3 {
    type V = [f64x4; 2];

    #[inline(always)]
    fn splat(self, x: f64) -> [f64x4; 2] {
        [self.splat_f64x4(x); 2]
    }

    #[inline(always)]
    fn load(self, x: &[f64; 8]) -> [f64x4; 2] {
        cast(*x)
    }

    #[inline(always)]
    fn widen(self, x: &[f32; 8]) -> [f64x4; 2] {
        let [low, high]: [f32x4; 2] = cast(*x);
        [self.convert_f32x4_to_f64x4(low), self.convert_f32x4_to_f64x4(high)]
    }

    #[inline(always)]
    fn store(self, v: [f64x4; 2], to: &mut [f64; 8]) {
        *to = cast(v);
    }

    #[inline(always)]
    fn add(self, a: [f64x4; 2], b: [f64x4; 2]) -> [f64x4; 2] {
        [self.add_f64x4(a[0], b[0]), self.add_f64x4(a[1], b[1])]
    }

    #[inline(always)]
    fn fma(self, a: [f64x4; 2], b: [f64x4; 2], c: [f64x4; 2]) -> [f64x4; 2] {
        [self.mul_add_f64x4(a[0], b[0], c[0]), self.mul_add_f64x4(a[1], b[1], c[1])]
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for V4 {
    type V = f64x8;

    #[inline(always)]
    fn splat(self, x: f64) -> f64x8 {
        self.splat_f64x8(x)
    }

    #[inline(always)]
    fn load(self, x: &[f64; 8]) -> f64x8 {
        cast(*x)
    }

    #[inline(always)]
    fn widen(self, x: &[f32; 8]) -> f64x8 {
        let x: f32x8 = cast(*x);
        self.convert_f32x8_to_f64x8(x)
    }

    #[inline(always)]
    fn store(self, v: f64x8, to: &mut [f64; 8]) {
        *to = cast(v);
    }

    #[inline(always)]
    fn add(self, a: f64x8, b: f64x8) -> f64x8 {
        self.add_f64x8(a, b)
    }

    #[inline(always)]
    fn fma(self, a: f64x8, b: f64x8, c: f64x8) -> f64x8 {
        self.mul_add_f64x8(a, b, c)
    }

    /// A tree of shuffles that halves pairs of vectors together: 7 additions instead of 56.
    #[inline(always)]
    fn sums(self, v: [f64x8; 8]) -> f64x8 {
        let x: [__m512d; 8] = cast(v);
        let f = self.avx512f;
        // Quarters (128 bits) of a pair: the low halves of both, and the high halves.
        let halves = |a, b| {
            f._mm512_add_pd(
                f._mm512_shuffle_f64x2::<0b01_00_01_00>(a, b),
                f._mm512_shuffle_f64x2::<0b11_10_11_10>(a, b),
            )
        };
        let quarters = |a, b| {
            f._mm512_add_pd(
                f._mm512_shuffle_f64x2::<0b10_00_10_00>(a, b),
                f._mm512_shuffle_f64x2::<0b11_01_11_01>(a, b),
            )
        };
        let even = quarters(halves(x[0], x[2]), halves(x[4], x[6]));
        let odd = quarters(halves(x[1], x[3]), halves(x[5], x[7]));
        cast(f._mm512_add_pd(f._mm512_unpacklo_pd(even, odd), f._mm512_unpackhi_pd(even, odd)))
    }
}
