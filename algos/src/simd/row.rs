//! Products of one row.
//!
//! Every dot product is split over two vectors of eight partial sums, whatever the width of the registers, so AVX-512
//! and AVX2 give the same bits.

use super::lanes::Lanes;

/// A stored entry, widened to `f64` when it is loaded.
pub(crate) trait Entry: Copy + Send + Sync + 'static {
    const ZERO: Self;

    fn load<S: Lanes>(simd: S, x: &[Self; 8]) -> S::V;
}

impl Entry for f64 {
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn load<S: Lanes>(simd: S, x: &[Self; 8]) -> S::V {
        simd.load(x)
    }
}

impl Entry for f32 {
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn load<S: Lanes>(simd: S, x: &[Self; 8]) -> S::V {
        simd.widen(x)
    }
}

/// The two halves of sixteen entries. Rows are padded to a multiple of sixteen.
#[inline(always)]
pub(crate) fn halves<T>(x: &[T; 16]) -> [&[T; 8]; 2] {
    let (low, high) = x.as_chunks::<8>().0.split_at(1);
    [&low[0], &high[0]]
}

/// The two halves of sixteen entries, to be written.
#[inline(always)]
pub(crate) fn halves_mut(x: &mut [f64; 16]) -> [&mut [f64; 8]; 2] {
    let (low, high) = x.as_chunks_mut::<8>().0.split_at_mut(1);
    [&mut low[0], &mut high[0]]
}

/// `a·x`.
#[inline(always)]
pub(crate) fn dot<T: Entry, S: Lanes>(simd: S, a: &[T], x: &[f64]) -> f64 {
    let mut sum = [simd.splat(0.0); 2];
    for (a, x) in a.as_chunks::<16>().0.iter().zip(x.as_chunks::<16>().0) {
        let (a, x) = (halves(a), halves(x));
        for h in 0..2 {
            sum[h] = simd.fma(T::load(simd, a[h]), simd.load(x[h]), sum[h]);
        }
    }
    simd.sum(simd.add(sum[0], sum[1]))
}

/// `g += w a`.
#[inline(always)]
pub(crate) fn axpy<T: Entry, S: Lanes>(simd: S, w: f64, a: &[T], g: &mut [f64]) {
    let w = simd.splat(w);
    for (g, a) in g.as_chunks_mut::<8>().0.iter_mut().zip(a.as_chunks::<8>().0) {
        simd.store(simd.fma(w, T::load(simd, a), simd.load(g)), g);
    }
}
