//! Eight doubles at a time on every instruction set.
//!
//! Loops over arrays leave it to the compiler whether a sum of products stays in vector registers; it does for one
//! product and does not for the four of a fused pass. Explicit vectors of a fixed length settle that, and make the
//! order of every sum independent of the width of the registers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512d;

#[cfg(target_arch = "x86_64")]
use pulp::{
    cast, f32x4, f32x8, f32x16, f64x4, f64x8,
    x86::{V3, V4},
};

/// Vectors of eight doubles; `self` proves that the processor has the instructions.
pub(crate) trait Lanes: Copy {
    /// The vector.
    type V: Copy;
    /// Sixteen numbers in single precision.
    type Single: Copy;
    /// Whether sixteen vectors fit the registers, with as many left for what is computed from them.
    const WIDE: bool;

    fn splat(self, x: f64) -> Self::V;
    fn load(self, x: &[f64; 8]) -> Self::V;
    /// Loads single precision and widens it.
    fn widen(self, x: &[f32; 8]) -> Self::V;
    fn store(self, v: Self::V, to: &mut [f64; 8]);
    /// Two vectors rounded to single precision.
    fn narrow(self, low: Self::V, high: Self::V) -> Self::Single;
    fn load_single(self, x: &[f32; 16]) -> Self::Single;
    fn store_single(self, v: Self::Single, to: &mut [f32; 16]);
    fn add_single(self, a: Self::Single, b: Self::Single) -> Self::Single;
    fn sub_single(self, a: Self::Single, b: Self::Single) -> Self::Single;
    /// The Hadamard transform of sixteen entries, in natural order.
    fn hadamard_single(self, x: &[f32; 16]) -> Self::Single;
    /// Adds `sign·x`, for a sign of ±1.
    fn accumulate(self, sign: f32, x: Self::Single, to: &mut [f32; 16]);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// The Hadamard transform of eight entries, in natural order.
    fn hadamard(self, x: &[f64; 8]) -> Self::V;
    /// `a·b + c`, rounded once where the instruction set has that.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// Eight rows to eight columns.
    #[inline(always)]
    fn transpose(self, v: [Self::V; 8]) -> [Self::V; 8] {
        let mut rows = [[0.0; 8]; 8];
        for l in 0..8 {
            self.store(v[l], &mut rows[l]);
        }
        let mut columns = v;
        for c in 0..8 {
            let mut column = [0.0; 8];
            for r in 0..8 {
                column[r] = rows[r][c];
            }
            columns[c] = self.load(&column);
        }
        columns
    }

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
    type Single = [f32; 16];
    const WIDE: bool = false;

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
    fn narrow(self, low: [f64; 8], high: [f64; 8]) -> [f32; 16] {
        std::array::from_fn(|l| if l < 8 { low[l] } else { high[l - 8] } as f32)
    }

    #[inline(always)]
    fn load_single(self, x: &[f32; 16]) -> [f32; 16] {
        *x
    }

    #[inline(always)]
    fn store_single(self, v: [f32; 16], to: &mut [f32; 16]) {
        *to = v;
    }

    #[inline(always)]
    fn add_single(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|l| a[l] + b[l])
    }

    #[inline(always)]
    fn sub_single(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|l| a[l] - b[l])
    }

    #[inline(always)]
    fn hadamard_single(self, x: &[f32; 16]) -> [f32; 16] {
        let mut v = *x;
        for h in [8, 4, 2, 1] {
            let other: [f32; 16] = std::array::from_fn(|l| v[l ^ h]);
            v = std::array::from_fn(|l| if l & h == 0 { v[l] + other[l] } else { other[l] - v[l] });
        }
        v
    }

    #[inline(always)]
    fn accumulate(self, sign: f32, x: [f32; 16], to: &mut [f32; 16]) {
        to.iter_mut().zip(x).for_each(|(to, x)| *to += sign * x);
    }

    #[inline(always)]
    fn add(self, a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| a[l] + b[l])
    }

    #[inline(always)]
    fn sub(self, a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| a[l] - b[l])
    }

    #[inline(always)]
    fn mul(self, a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| a[l] * b[l])
    }

    #[inline(always)]
    fn hadamard(self, x: &[f64; 8]) -> [f64; 8] {
        let mut v = *x;
        for h in [4, 2, 1] {
            let other: [f64; 8] = std::array::from_fn(|l| v[l ^ h]);
            v = std::array::from_fn(|l| if l & h == 0 { v[l] + other[l] } else { other[l] - v[l] });
        }
        v
    }

    #[inline(always)]
    fn fma(self, a: [f64; 8], b: [f64; 8], c: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|l| if FMA { a[l].mul_add(b[l], c[l]) } else { a[l] * b[l] + c[l] })
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for V3 {
    type V = [f64x4; 2];
    type Single = [f32x8; 2];
    const WIDE: bool = false;

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
    fn narrow(self, low: [f64x4; 2], high: [f64x4; 2]) -> [f32x8; 2] {
        [low, high].map(|[a, b]| cast([self.convert_f64x4_to_f32x4(a), self.convert_f64x4_to_f32x4(b)]))
    }

    #[inline(always)]
    fn load_single(self, x: &[f32; 16]) -> [f32x8; 2] {
        cast(*x)
    }

    #[inline(always)]
    fn store_single(self, v: [f32x8; 2], to: &mut [f32; 16]) {
        *to = cast(v);
    }

    #[inline(always)]
    fn add_single(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.add_f32x8(a[0], b[0]), self.add_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn sub_single(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.sub_f32x8(a[0], b[0]), self.sub_f32x8(a[1], b[1])]
    }

    /// As [`hadamard`](Lanes::hadamard), with one level more.
    #[inline(always)]
    fn hadamard_single(self, x: &[f32; 16]) -> [f32x8; 2] {
        let [low, high]: [f32x8; 2] = cast(*x);
        [self.add_f32x8(low, high), self.sub_f32x8(low, high)].map(|x| {
            let swapped = cast(self.avx._mm256_permute2f128_ps::<1>(cast(x), cast(x)));
            let x = self.mul_add_f32x8(x, f32x8(1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0), swapped);
            let swapped = cast(self.avx._mm256_permute_ps::<0b01_00_11_10>(cast(x)));
            let x = self.mul_add_f32x8(x, f32x8(1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0), swapped);
            let swapped = cast(self.avx._mm256_permute_ps::<0b10_11_00_01>(cast(x)));
            self.mul_add_f32x8(x, f32x8(1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0), swapped)
        })
    }

    #[inline(always)]
    fn accumulate(self, sign: f32, x: [f32x8; 2], to: &mut [f32; 16]) {
        let (sign, sum): (_, [f32x8; 2]) = (self.splat_f32x8(sign), cast(*to));
        *to = cast([self.mul_add_f32x8(sign, x[0], sum[0]), self.mul_add_f32x8(sign, x[1], sum[1])]);
    }

    #[inline(always)]
    fn add(self, a: [f64x4; 2], b: [f64x4; 2]) -> [f64x4; 2] {
        [self.add_f64x4(a[0], b[0]), self.add_f64x4(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: [f64x4; 2], b: [f64x4; 2]) -> [f64x4; 2] {
        [self.sub_f64x4(a[0], b[0]), self.sub_f64x4(a[1], b[1])]
    }

    #[inline(always)]
    fn mul(self, a: [f64x4; 2], b: [f64x4; 2]) -> [f64x4; 2] {
        [self.mul_f64x4(a[0], b[0]), self.mul_f64x4(a[1], b[1])]
    }

    /// A multiplication by ±1 is exact, so these are the sums and differences of the other paths.
    #[inline(always)]
    fn hadamard(self, x: &[f64; 8]) -> [f64x4; 2] {
        let v = self.load(x);
        [self.add(v, [v[1], v[0]])[0], self.sub(v, [v[1], v[0]])[0]].map(|x| {
            let swapped = cast(self.avx._mm256_permute2f128_pd::<1>(cast(x), cast(x)));
            let x = self.mul_add_f64x4(x, f64x4(1.0, 1.0, -1.0, -1.0), swapped);
            let swapped = cast(self.avx._mm256_permute_pd::<0b0101>(cast(x)));
            self.mul_add_f64x4(x, f64x4(1.0, -1.0, 1.0, -1.0), swapped)
        })
    }

    #[inline(always)]
    fn fma(self, a: [f64x4; 2], b: [f64x4; 2], c: [f64x4; 2]) -> [f64x4; 2] {
        [self.mul_add_f64x4(a[0], b[0], c[0]), self.mul_add_f64x4(a[1], b[1], c[1])]
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for V4 {
    type V = f64x8;
    type Single = f32x16;
    const WIDE: bool = true;

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
    fn narrow(self, low: f64x8, high: f64x8) -> f32x16 {
        cast([self.convert_f64x8_to_f32x8(low), self.convert_f64x8_to_f32x8(high)])
    }

    #[inline(always)]
    fn load_single(self, x: &[f32; 16]) -> f32x16 {
        cast(*x)
    }

    #[inline(always)]
    fn store_single(self, v: f32x16, to: &mut [f32; 16]) {
        *to = cast(v);
    }

    #[inline(always)]
    fn add_single(self, a: f32x16, b: f32x16) -> f32x16 {
        self.add_f32x16(a, b)
    }

    #[inline(always)]
    fn sub_single(self, a: f32x16, b: f32x16) -> f32x16 {
        self.sub_f32x16(a, b)
    }

    /// As [`hadamard`](Lanes::hadamard), with one level more.
    #[inline(always)]
    fn hadamard_single(self, x: &[f32; 16]) -> f32x16 {
        const EIGHTS: f32x16 =
            f32x16(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0);
        const FOURS: f32x16 =
            f32x16(1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0);
        const TWOS: f32x16 =
            f32x16(1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0);
        const ONES: f32x16 =
            f32x16(1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0);
        let f = self.avx512f;
        let [low, high]: [f64x4; 2] = cast(*x);
        let (low, high) = (f._mm512_broadcast_f64x4(cast(low)), f._mm512_broadcast_f64x4(cast(high)));
        let v = self.mul_add_f32x16(cast(high), EIGHTS, cast(low));
        let swapped = cast(f._mm512_permutex_pd::<0b01_00_11_10>(cast(v)));
        let v = self.mul_add_f32x16(v, FOURS, swapped);
        let swapped = cast(f._mm512_permute_ps::<0b01_00_11_10>(cast(v)));
        let v = self.mul_add_f32x16(v, TWOS, swapped);
        let swapped = cast(f._mm512_permute_ps::<0b10_11_00_01>(cast(v)));
        self.mul_add_f32x16(v, ONES, swapped)
    }

    #[inline(always)]
    fn accumulate(self, sign: f32, x: f32x16, to: &mut [f32; 16]) {
        *to = cast(self.mul_add_f32x16(self.splat_f32x16(sign), x, cast(*to)));
    }

    #[inline(always)]
    fn add(self, a: f64x8, b: f64x8) -> f64x8 {
        self.add_f64x8(a, b)
    }

    #[inline(always)]
    fn sub(self, a: f64x8, b: f64x8) -> f64x8 {
        self.sub_f64x8(a, b)
    }

    #[inline(always)]
    fn mul(self, a: f64x8, b: f64x8) -> f64x8 {
        self.mul_f64x8(a, b)
    }

    /// Each level is one fused operation, a multiplication by ±1 being exact. Its other operand is shuffled, except for
    /// the first level, whose operands are loaded twice over: the ports of loads are idle and that of shuffles is not.
    #[inline(always)]
    fn hadamard(self, x: &[f64; 8]) -> f64x8 {
        let f = self.avx512f;
        let [low, high]: [f64x4; 2] = cast(*x);
        let (low, high) = (f._mm512_broadcast_f64x4(cast(low)), f._mm512_broadcast_f64x4(cast(high)));
        let v = self.mul_add_f64x8(cast(high), f64x8(1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0), cast(low));
        let swapped = cast(f._mm512_permutex_pd::<0b01_00_11_10>(cast(v)));
        let v = self.mul_add_f64x8(v, f64x8(1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0), swapped);
        let swapped = cast(f._mm512_permute_pd::<0b0101_0101>(cast(v)));
        self.mul_add_f64x8(v, f64x8(1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0), swapped)
    }

    #[inline(always)]
    fn fma(self, a: f64x8, b: f64x8, c: f64x8) -> f64x8 {
        self.mul_add_f64x8(a, b, c)
    }

    /// Three levels of shuffles: pairs, quarters, halves.
    #[inline(always)]
    fn transpose(self, v: [f64x8; 8]) -> [f64x8; 8] {
        // Written out: closures over vectors are not always inlined into the dispatched function.
        let f = self.avx512f;
        let x: [__m512d; 8] = cast(v);
        let mut pairs = x;
        for k in 0..4 {
            pairs[k] = f._mm512_unpacklo_pd(x[2 * k], x[2 * k + 1]);
            pairs[k + 4] = f._mm512_unpackhi_pd(x[2 * k], x[2 * k + 1]);
        }
        let mut halves = x;
        for k in [0, 4] {
            for h in [0, 2] {
                let (a, b) = (pairs[k + h], pairs[k + h + 1]);
                halves[k + h] = f._mm512_shuffle_f64x2::<0b10_00_10_00>(a, b);
                halves[k + h + 1] = f._mm512_shuffle_f64x2::<0b11_01_11_01>(a, b);
            }
        }
        let mut columns = x;
        for odd in 0..2 {
            for h in 0..2 {
                let (a, b) = (halves[4 * odd + h], halves[4 * odd + h + 2]);
                columns[2 * h + odd] = f._mm512_shuffle_f64x2::<0b10_00_10_00>(a, b);
                columns[2 * h + odd + 4] = f._mm512_shuffle_f64x2::<0b11_01_11_01>(a, b);
            }
        }
        cast(columns)
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
