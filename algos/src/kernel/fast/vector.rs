//! Vectors of one cache line on every instruction set, in both precisions.
//!
//! A vector has 8 doubles or 16 singles whatever the registers are, so that AVX-512 and AVX2 give the same bits. The
//! exponential is one polynomial for all of them.

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
    /// log₂ e.
    const LOG2_E: Self;
    /// 1.5 times a power of two that leaves integers in the low bits, and the bias of the exponent.
    const BIAS: Self;
    /// The leading bits of ln 2, so few that multiples by integers are exact.
    const LN2_HIGH: Self;
    /// The rest of ln 2.
    const LN2_LOW: Self;
    /// The least argument with a normal exponential.
    const LEAST: Self;
    /// A Chebyshev fit of `eʳ` on `[−ln 2/2, ln 2/2]`: the last coefficient, then the others downwards. Errors of the
    /// exponential with fused multiply-add: 0.94 units in the last place in double, 1.07 in single precision; a Taylor
    /// polynomial of the same degree is wrong by dozens.
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
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const LEAST: f64 = -708.0;
    const POLYNOMIAL: (f64, &'static [f64]) = (
        2.511_003_760_596_377_8e-8,
        &[
            2.763_263_963_904_103e-7,
            2.755_724_091_857_897e-6,
            2.480_148_548_232_849_4e-5,
            0.000_198_412_698_900_471_13,
            0.001_388_888_895_231_477_5,
            0.008_333_333_333_319_601,
            0.041_666_666_666_488_1,
            0.166_666_666_666_666_8,
            0.500_000_000_000_001_9,
            1.0,
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
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const LEAST: f32 = -87.0;
    const POLYNOMIAL: (f32, &'static [f32]) =
        (0.001_394_110_8, &[0.008_375_126, 0.041_666_35, 0.166_664_16, 0.5, 1.0, 1.0]);
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
    /// `2ⁿ` for a `t` that holds `n` in the low bits of its fraction, biased as an exponent is.
    fn power_of_two(self, t: Self::V) -> Self::V;
    /// `eˣ` for `x ≤ 0`; exactly 0 below the smallest normal number.
    ///
    /// `x·log₂e` is rounded to an integer `n` by adding a constant, `x − n ln 2` formed in two parts, and a polynomial
    /// taken of the rest.
    #[inline(always)]
    fn exp(self, x: Self::V) -> Self::V {
        let bias = self.splat(T::BIAS);
        let t = self.fma(x, self.splat(T::LOG2_E), bias);
        let n = self.sub(t, bias);
        let r = self.fnma(n, self.splat(T::LN2_LOW), self.fnma(n, self.splat(T::LN2_HIGH), x));
        let (last, rest) = T::POLYNOMIAL;
        let mut p = self.splat(last);
        for &c in rest {
            p = self.fma(p, r, self.splat(c));
        }
        self.where_at_least(x, self.splat(T::LEAST), self.mul(p, self.power_of_two(t)))
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
            fn power_of_two(self, t: Self::V) -> Self::V {
                t.map(|t| <$T>::from_bits(t.to_bits() << $mantissa))
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
            fn power_of_two(self, t: Self::V) -> Self::V {
                [cast(self.avx2.$shift::<$mantissa>(cast(t[0]))), cast(self.avx2.$shift::<$mantissa>(cast(t[1])))]
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
     $fnma:ident, $min:ident, $sqrt:ident, $ge:ident, $select:ident, $shift:ident, $mantissa:literal) => {
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
            fn power_of_two(self, t: $R) -> $R {
                cast(self.avx512f.$shift::<$mantissa>(cast(t)))
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
    _mm512_slli_epi64,
    52
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
    _mm512_slli_epi32,
    23
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
