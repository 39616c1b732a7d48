//! Complex Fourier transforms of eight sequences at once, one in each lane of a vector.
//!
//! The forward transform leaves bit-reversed order and the inverse takes it, so that no permutation is ever done: a
//! convolution does not care, and a subsampled transform looks its few rows up.

use faer::Mat;

use crate::simd::lanes::Lanes;
use crate::simd::{Simd, Task};

/// Entries (of 128 bytes) that stay in the first cache over all lower levels.
const BLOCK: usize = 128;

/// A length that is a power of two, and its roots of unity.
pub(super) struct Plan {
    bits: u32,
    /// `e^{−2πik/N}` for `k < N/2`.
    roots: Vec<(f64, f64)>,
}

impl Plan {
    /// For sequences of length `2^bits`.
    pub(super) fn new(bits: u32) -> Self {
        let n = 1usize << bits;
        let root = |k: usize| {
            let (sin, cos) = (-2.0 * std::f64::consts::PI * k as f64 / n as f64).sin_cos();
            (cos, sin)
        };
        Self { bits, roots: (0..n / 2).map(root).collect() }
    }

    /// The length `N`.
    pub(super) fn len(&self) -> usize {
        1 << self.bits
    }

    /// Where the forward transform leaves frequency `k`.
    pub(super) fn place(&self, k: usize) -> usize {
        if self.bits == 0 { 0 } else { k.reverse_bits() >> (usize::BITS - self.bits) }
    }

    /// Storage for eight complex sequences: real and imaginary parts of an entry are two vectors of eight.
    pub(super) fn space(&self) -> Mat<f64> {
        Mat::zeros(16 * self.len(), 1)
    }

    /// `X_k = Σ_j x_j e^{−2πijk/N}`, entry `k` at [`place`](Self::place)`(k)`. About `5N log₂ N` flops a sequence.
    pub(super) fn forward(&self, simd: Simd, x: &mut [f64]) -> u64 {
        simd.run(Levels { plan: self, x, inverse: false });
        self.flops()
    }

    /// `N` times the inverse.
    pub(super) fn inverse(&self, simd: Simd, x: &mut [f64]) -> u64 {
        simd.run(Levels { plan: self, x, inverse: true });
        self.flops()
    }

    /// Ten flops a butterfly, eight sequences.
    fn flops(&self) -> u64 {
        (8 * 5 * u64::from(self.bits)) << self.bits
    }
}

/// Pointwise products with one sequence, `kernel[k]` times all eight.
pub(super) fn multiply(simd: Simd, x: &mut [f64], kernel: &[(f64, f64)]) {
    simd.run(Multiply { x, kernel });
}

struct Levels<'a> {
    plan: &'a Plan,
    x: &'a mut [f64],
    inverse: bool,
}

impl Task for Levels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let n = self.plan.len();
        let x = self.x.as_chunks_mut::<16>().0;
        let block = BLOCK.min(n);
        let upper = (n / block).trailing_zeros();
        let lower = block.trailing_zeros();
        if self.inverse {
            for part in x.chunks_mut(block) {
                (0..lower).for_each(|k| level(simd, &self.plan.roots, part, 2 << k, n, true));
            }
            (0..upper).for_each(|k| level(simd, &self.plan.roots, x, (2 * block) << k, n, true));
        } else {
            (0..upper).rev().for_each(|k| level(simd, &self.plan.roots, x, (2 * block) << k, n, false));
            for part in x.chunks_mut(block) {
                (0..lower).rev().for_each(|k| level(simd, &self.plan.roots, part, 2 << k, n, false));
            }
        }
    }
}

/// Butterflies within groups of `size` entries: decimation in frequency, or its inverse.
#[inline(always)]
fn level<S: Lanes>(simd: S, roots: &[(f64, f64)], x: &mut [[f64; 16]], size: usize, n: usize, inverse: bool) {
    let step = n / size;
    for group in x.chunks_exact_mut(size) {
        let (low, high) = group.split_at_mut(size / 2);
        for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
            let (cos, sin) = roots[k * step];
            let sin = if inverse { -sin } else { sin };
            let (ar, ai) = load(simd, a);
            let (br, bi) = load(simd, b);
            if inverse {
                let (br, bi) = rotate(simd, br, bi, cos, sin);
                store(simd, (simd.add(ar, br), simd.add(ai, bi)), a);
                store(simd, (simd.sub(ar, br), simd.sub(ai, bi)), b);
            } else {
                store(simd, (simd.add(ar, br), simd.add(ai, bi)), a);
                store(simd, rotate(simd, simd.sub(ar, br), simd.sub(ai, bi), cos, sin), b);
            }
        }
    }
}

/// `(re + i im)(cos + i sin)`.
#[inline(always)]
fn rotate<S: Lanes>(simd: S, re: S::V, im: S::V, cos: f64, sin: f64) -> (S::V, S::V) {
    let (zero, cos, plus, minus) = (simd.splat(0.0), simd.splat(cos), simd.splat(sin), simd.splat(-sin));
    (simd.fma(minus, im, simd.fma(cos, re, zero)), simd.fma(plus, re, simd.fma(cos, im, zero)))
}

#[inline(always)]
fn load<S: Lanes>(simd: S, x: &[f64; 16]) -> (S::V, S::V) {
    let halves = x.as_chunks::<8>().0;
    (simd.load(&halves[0]), simd.load(&halves[1]))
}

#[inline(always)]
fn store<S: Lanes>(simd: S, (re, im): (S::V, S::V), x: &mut [f64; 16]) {
    let halves = x.as_chunks_mut::<8>().0;
    simd.store(re, &mut halves[0]);
    simd.store(im, &mut halves[1]);
}

struct Multiply<'a> {
    x: &'a mut [f64],
    kernel: &'a [(f64, f64)],
}

impl Task for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for (x, &(cos, sin)) in self.x.as_chunks_mut::<16>().0.iter_mut().zip(self.kernel) {
            let (re, im) = load(simd, x);
            store(simd, rotate(simd, re, im, cos, sin), x);
        }
    }
}
