//! Vectors of one cache line on every instruction set, in both precisions.
//!
//! A vector has 8 doubles or 16 singles whatever the registers are, so that AVX-512 and AVX2 give the same bits. The
//! exponential is one polynomial for all of them.

// Loops over constant ranges, which the compiler unrolls; iterators over arrays of registers it does not.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
use std::marker::PhantomData;

#[cfg(target_arch = "x86_64")]
use pulp::{
    NullaryFnOnce, cast, f32x8, f32x16, f64x4, f64x8,
    x86::{V3, V4},
};

use crate::simd::{Level, Simd};

/// One cache line, so that no load is split over two.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Line<A>(pub(crate) A);

/// Single or double precision.
pub(crate) trait Real: Copy + Default + Send + Sync + 'static {
    /// Entries of a vector.
    const LANES: usize;
    /// Unit of rounding.
    const EPSILON: f64;
    /// Centred points beyond this product of squared norm and rounding unit are subtracted before they are squared.
    const CANCELLATION: f64;
    /// log₂ e. Rounding it moves an exponential by an eighth (a fifth in single precision) of a unit in the last place
    /// for each unit of the argument: less than rounding the argument does.
    const LOG2_E: Self;
    /// 1.5 times a power of two that leaves integers in the low bits, and the bias of the exponent.
    const BIAS: Self;
    /// The least argument with a normal exponential.
    const LEAST: Self;
    /// A Chebyshev fit of `2⁻ˢ` on `[−½, ½]`: the last coefficient, then the others downwards. Errors of exponentials of
    /// arguments near 0, with fused multiply-add: 0.8 units in the last place in double, 1.1 in single precision; a
    /// Taylor polynomial of the same degree is wrong by dozens.
    const POLYNOMIAL: (Self, &'static [Self]);
    /// The entries of a vector.
    type Lanes: Copy + Default + Send + Sync + AsRef<[Self]> + AsMut<[Self]>;

    fn round(x: f64) -> Self;
    fn widen(self) -> f64;
    /// Runs a task compiled for an instruction set.
    fn dispatch<K: Task<Self>>(simd: Simd, task: K) -> K::Output;
}

/// The instruction sets as a `match`: the same for both precisions.
macro_rules! dispatched {
    ($T:ty) => {
        /// 24 sums in the 32 registers of AVX-512, 12 in the 16 of AVX2.
        #[inline]
        fn dispatch<K: Task<Self>>(simd: Simd, task: K) -> K::Output {
            match simd.0 {
                Level::Portable => task.run::<Portable, 2, 1>(Portable),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(v3) => v3.vectorize(Dispatched::<K, V3, $T, 6, 1>(task, v3, PhantomData)),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512(v4) => v4.vectorize(Dispatched::<K, V4, $T, 6, 4>(task, v4, PhantomData)),
            }
        }
    };
}

impl Real for f64 {
    const LANES: usize = 8;
    const EPSILON: f64 = f64::EPSILON;
    const CANCELLATION: f64 = 1e-9;
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    const BIAS: f64 = 6_755_399_441_055_744.0 + 1023.0;
    const LEAST: f64 = -708.0;
    const POLYNOMIAL: (f64, &'static [f64]) = (
        -4.455_817_908_336_064_5e-10,
        &[
            7.074_194_297_288_521e-9,
            -1.017_805_708_773_394_1e-7,
            1.321_543_253_591_237_5e-6,
            -1.525_273_384_155_677_3e-5,
            0.000_154_035_304_637_243_43,
            -0.001_333_355_814_640_647,
            0.009_618_129_107_587_256,
            -0.055_504_108_664_821_625,
            0.240_226_506_959_101_58,
            -std::f64::consts::LN_2,
            1.0,
        ],
    );
    type Lanes = [f64; 8];

    #[inline(always)]
    fn round(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    dispatched!(f64);
}

impl Real for f32 {
    const LANES: usize = 16;
    const EPSILON: f64 = f32::EPSILON as f64;
    const CANCELLATION: f64 = 1e-3;
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const BIAS: f32 = 12_582_912.0 + 127.0;
    const LEAST: f32 = -87.0;
    const POLYNOMIAL: (f32, &'static [f32]) = (
        0.000_154_614_45,
        &[-0.001_340_042_8, 0.009_618_057, -0.055_503_27, 0.240_226_5, -std::f32::consts::LN_2, 1.0],
    );
    type Lanes = [f32; 16];

    #[inline(always)]
    fn round(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    dispatched!(f32);
}

/// The operations of the kernels; `self` proves that the processor has the instructions.
pub(crate) trait Vectors<T: Real>: Copy {
    /// The vector.
    type V: Copy;

    fn splat(self, x: T) -> Self::V;
    fn load(self, x: &Line<T::Lanes>) -> Self::V;
    fn store(self, v: Self::V, to: &mut Line<T::Lanes>);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a·b + c`, rounded once where the instruction set has that.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c − a·b`.
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `v` where `a ≥ b`, else 0.
    fn where_at_least(self, a: Self::V, b: Self::V, v: Self::V) -> Self::V;
    /// `p·2ⁿ` for a `t` that holds `n` in the low bits of its fraction, biased as an exponent is.
    fn scaled(self, p: Self::V, n: Self::V, t: Self::V) -> Self::V;
    /// `eˣ` for `x ≤ 0`; exactly 0 below the smallest normal number.
    ///
    /// `x·log₂e` is rounded to an integer `n` by adding a constant, and a polynomial taken of `s = n − x·log₂e`. Vectors
    /// keep step, so that instructions that do not wait for each other stand side by side.
    #[inline(always)]
    fn exp<const P: usize>(self, x: [Self::V; P]) -> [Self::V; P] {
        let (bias, log2_e, least) = (self.splat(T::BIAS), self.splat(T::LOG2_E), self.splat(T::LEAST));
        let (last, rest) = T::POLYNOMIAL;
        let (mut t, mut n, mut s, mut p) = ([bias; P], [bias; P], [bias; P], [self.splat(last); P]);
        for i in 0..P {
            t[i] = self.fma(x[i], log2_e, bias);
            n[i] = self.sub(t[i], bias);
            s[i] = self.fnma(x[i], log2_e, n[i]);
        }
        for &c in rest {
            for i in 0..P {
                p[i] = self.fma(p[i], s[i], self.splat(c));
            }
        }
        for i in 0..P {
            p[i] = self.where_at_least(x[i], least, self.scaled(p[i], n[i], t[i]));
        }
        p
    }
}

/// Baseline instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

/// One instruction for `a·b + c` is certain here; elsewhere `mul_add` would be a library call.
const FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

macro_rules! portable {
    ($T:ty, $n:literal, $bits:ty, $mantissa:literal) => {
        impl Vectors<$T> for Portable {
            type V = [$T; $n];

            #[inline(always)]
            fn splat(self, x: $T) -> Self::V {
                [x; $n]
            }

            #[inline(always)]
            fn load(self, x: &Line<Self::V>) -> Self::V {
                x.0
            }

            #[inline(always)]
            fn store(self, v: Self::V, to: &mut Line<Self::V>) {
                to.0 = v;
            }

            #[inline(always)]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|l| a[l] + b[l])
            }

            #[inline(always)]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|l| a[l] - b[l])
            }

            #[inline(always)]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|l| a[l] * b[l])
            }

            #[inline(always)]
            fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                std::array::from_fn(|l| if FMA { a[l].mul_add(b[l], c[l]) } else { a[l] * b[l] + c[l] })
            }

            #[inline(always)]
            fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                std::array::from_fn(|l| if FMA { (-a[l]).mul_add(b[l], c[l]) } else { c[l] - a[l] * b[l] })
            }

            #[inline(always)]
            fn min(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|l| if a[l] < b[l] { a[l] } else { b[l] })
            }

            #[inline(always)]
            fn sqrt(self, a: Self::V) -> Self::V {
                a.map(<$T>::sqrt)
            }

            #[inline(always)]
            fn where_at_least(self, a: Self::V, b: Self::V, v: Self::V) -> Self::V {
                std::array::from_fn(|l| if a[l] >= b[l] { v[l] } else { 0.0 })
            }

            #[inline(always)]
            fn scaled(self, p: Self::V, _: Self::V, t: Self::V) -> Self::V {
                std::array::from_fn(|l| p[l] * <$T>::from_bits(t[l].to_bits() << $mantissa))
            }
        }
    };
}

portable!(f64, 8, u64, 52);
portable!(f32, 16, u32, 23);

/// AVX2 with fused multiply-add: two registers a vector.
#[cfg(target_arch = "x86_64")]
macro_rules! avx2 {
    ($T:ty, $n:literal, $R:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $fma:ident,
     $fnma:ident, $min:ident, $sqrt:ident, $ge:ident, $select:ident, $shift:ident, $mantissa:literal) => {
        impl Vectors<$T> for V3 {
            type V = [$R; 2];

            #[inline(always)]
            fn splat(self, x: $T) -> Self::V {
                [self.$splat(x); 2]
            }

            #[inline(always)]
            fn load(self, x: &Line<[$T; $n]>) -> Self::V {
                cast(x.0)
            }

            #[inline(always)]
            fn store(self, v: Self::V, to: &mut Line<[$T; $n]>) {
                to.0 = cast(v);
            }

            #[inline(always)]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                [self.$add(a[0], b[0]), self.$add(a[1], b[1])]
            }

            #[inline(always)]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                [self.$sub(a[0], b[0]), self.$sub(a[1], b[1])]
            }

            #[inline(always)]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                [self.$mul(a[0], b[0]), self.$mul(a[1], b[1])]
            }

            #[inline(always)]
            fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                [self.$fma(a[0], b[0], c[0]), self.$fma(a[1], b[1], c[1])]
            }

            #[inline(always)]
            fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                [self.$fnma(a[0], b[0], c[0]), self.$fnma(a[1], b[1], c[1])]
            }

            #[inline(always)]
            fn min(self, a: Self::V, b: Self::V) -> Self::V {
                [self.$min(a[0], b[0]), self.$min(a[1], b[1])]
            }

            #[inline(always)]
            fn sqrt(self, a: Self::V) -> Self::V {
                [self.$sqrt(a[0]), self.$sqrt(a[1])]
            }

            #[inline(always)]
            fn where_at_least(self, a: Self::V, b: Self::V, v: Self::V) -> Self::V {
                let zero = self.$splat(0.0);
                [self.$select(self.$ge(a[0], b[0]), v[0], zero), self.$select(self.$ge(a[1], b[1]), v[1], zero)]
            }

            #[inline(always)]
            fn scaled(self, p: Self::V, _: Self::V, t: Self::V) -> Self::V {
                [
                    self.$mul(p[0], cast(self.avx2.$shift::<$mantissa>(cast(t[0])))),
                    self.$mul(p[1], cast(self.avx2.$shift::<$mantissa>(cast(t[1])))),
                ]
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
avx2!(
    f64,
    8,
    f64x4,
    splat_f64x4,
    add_f64x4,
    sub_f64x4,
    mul_f64x4,
    mul_add_f64x4,
    negate_mul_add_f64x4,
    min_f64x4,
    sqrt_f64x4,
    cmp_ge_f64x4,
    select_f64x4,
    _mm256_slli_epi64,
    52
);
#[cfg(target_arch = "x86_64")]
avx2!(
    f32,
    16,
    f32x8,
    splat_f32x8,
    add_f32x8,
    sub_f32x8,
    mul_f32x8,
    mul_add_f32x8,
    negate_mul_add_f32x8,
    min_f32x8,
    sqrt_f32x8,
    cmp_ge_f32x8,
    select_f32x8,
    _mm256_slli_epi32,
    23
);

/// AVX-512: one register a vector.
#[cfg(target_arch = "x86_64")]
macro_rules! avx512 {
    ($T:ty, $n:literal, $R:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $fma:ident,
     $fnma:ident, $min:ident, $sqrt:ident, $ge:ident, $select:ident, $scale:ident) => {
        impl Vectors<$T> for V4 {
            type V = $R;

            #[inline(always)]
            fn splat(self, x: $T) -> $R {
                self.$splat(x)
            }

            #[inline(always)]
            fn load(self, x: &Line<[$T; $n]>) -> $R {
                cast(x.0)
            }

            #[inline(always)]
            fn store(self, v: $R, to: &mut Line<[$T; $n]>) {
                to.0 = cast(v);
            }

            #[inline(always)]
            fn add(self, a: $R, b: $R) -> $R {
                self.$add(a, b)
            }

            #[inline(always)]
            fn sub(self, a: $R, b: $R) -> $R {
                self.$sub(a, b)
            }

            #[inline(always)]
            fn mul(self, a: $R, b: $R) -> $R {
                self.$mul(a, b)
            }

            #[inline(always)]
            fn fma(self, a: $R, b: $R, c: $R) -> $R {
                self.$fma(a, b, c)
            }

            #[inline(always)]
            fn fnma(self, a: $R, b: $R, c: $R) -> $R {
                self.$fnma(a, b, c)
            }

            #[inline(always)]
            fn min(self, a: $R, b: $R) -> $R {
                cast(self.avx512f.$min(cast(a), cast(b)))
            }

            #[inline(always)]
            fn sqrt(self, a: $R) -> $R {
                self.$sqrt(a)
            }

            #[inline(always)]
            fn where_at_least(self, a: $R, b: $R, v: $R) -> $R {
                self.$select(self.$ge(a, b), v, self.$splat(0.0))
            }

            #[inline(always)]
            fn scaled(self, p: $R, n: $R, _: $R) -> $R {
                cast(self.avx512f.$scale(cast(p), cast(n)))
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
avx512!(
    f64,
    8,
    f64x8,
    splat_f64x8,
    add_f64x8,
    sub_f64x8,
    mul_f64x8,
    mul_add_f64x8,
    negate_mul_add_f64x8,
    _mm512_min_pd,
    sqrt_f64x8,
    cmp_ge_f64x8,
    select_f64x8,
    _mm512_scalef_pd
);
#[cfg(target_arch = "x86_64")]
avx512!(
    f32,
    16,
    f32x16,
    splat_f32x16,
    add_f32x16,
    sub_f32x16,
    mul_f32x16,
    mul_add_f32x16,
    negate_mul_add_f32x16,
    _mm512_min_ps,
    sqrt_f32x16,
    cmp_ge_f32x16,
    select_f32x16,
    _mm512_scalef_ps
);

/// Work that is compiled once for each instruction set. Implementations must be `#[inline(always)]`.
///
/// `Q` queries and `P` vectors of keys make a block whose sums fit into the registers.
pub(crate) trait Task<T: Real> {
    type Output;
    fn run<S: Vectors<T>, const Q: usize, const P: usize>(self, simd: S) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
struct Dispatched<K, S, T, const Q: usize, const P: usize>(K, S, PhantomData<T>);

#[cfg(target_arch = "x86_64")]
impl<T: Real, K: Task<T>, S: Vectors<T>, const Q: usize, const P: usize> NullaryFnOnce for Dispatched<K, S, T, Q, P> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run::<S, Q, P>(self.1)
    }
}
