//! Run-time dispatch, and products of one row.
//!
//! Every dot product is split over two vectors of eight partial sums, whatever the width of the registers, so AVX-512
//! and AVX2 give the same bits. The portable path rounds products before adding where the target has no fused
//! multiply-add.

use std::sync::OnceLock;

use faer::Mat;
#[cfg(target_arch = "x86_64")]
use pulp::{
    NullaryFnOnce,
    x86::{V3, V4},
};

use super::lanes::{Lanes, Portable};

/// An instruction set that kernels run on.
#[derive(Debug, Clone, Copy)]
pub struct Simd(pub(crate) Level);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(V4),
}

impl Simd {
    /// The widest that this processor has.
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Simd> = OnceLock::new();
        *DETECTED.get_or_init(|| Self::available().pop().unwrap_or(Self::portable()))
    }

    /// All that this processor has, narrowest first.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut levels = vec![Self::portable()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(V3::try_new().map(|v3| Self(Level::Avx2(v3))));
            levels.extend(V4::try_new().map(|v4| Self(Level::Avx512(v4))));
        }
        levels
    }

    /// Baseline instructions, on every processor.
    pub fn portable() -> Self {
        Self(Level::Portable)
    }

    /// `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) => "avx512",
        }
    }

    /// Runs a task compiled for this instruction set. Costs a few nanoseconds: dispatch once per pass, not per row.
    #[inline]
    pub(crate) fn run<K: Task>(self, task: K) -> K::Output {
        match self.0 {
            Level::Portable => task.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(v3) => v3.vectorize(Dispatched(task, v3)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(v4) => v4.vectorize(Dispatched(task, v4)),
        }
    }

    /// `z = A x − y` with one row of `A` a column of `rows`.
    pub(crate) fn residual<T: Entry>(self, rows: &Mat<T>, x: &[f64], y: &[f64], z: &mut [f64]) {
        self.run(Residual { rows, x, y, z });
    }
}

/// Work that is compiled once for each instruction set. Implementations must be `#[inline(always)]`.
pub(crate) trait Task {
    type Output;
    fn run<S: Lanes>(self, simd: S) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
struct Dispatched<K, S>(K, S);

#[cfg(target_arch = "x86_64")]
impl<K: Task, S: Lanes> NullaryFnOnce for Dispatched<K, S> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run(self.1)
    }
}

/// A stored entry, widened to `f64` when it is loaded.
pub(crate) trait Entry: Copy + Send + Sync + 'static {
    fn load<S: Lanes>(simd: S, x: &[Self; 8]) -> S::V;
}

impl Entry for f64 {
    #[inline(always)]
    fn load<S: Lanes>(simd: S, x: &[Self; 8]) -> S::V {
        simd.load(x)
    }
}

impl Entry for f32 {
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

struct Residual<'a, T> {
    rows: &'a Mat<T>,
    x: &'a [f64],
    y: &'a [f64],
    z: &'a mut [f64],
}

impl<T: Entry> Task for Residual<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for (i, (z, y)) in self.z.iter_mut().zip(self.y).enumerate() {
            *z = dot(simd, self.rows.col_as_slice(i), self.x) - y;
        }
    }
}
