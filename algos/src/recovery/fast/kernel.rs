//! Vector kernels with run-time dispatch and a fixed number of lanes.
//!
//! Sums are always split over [`LANES`] interleaved partial sums, whatever the width of the vector registers, so that
//! AVX-512 and AVX2 give the same bits. The portable path rounds products before adding where the target has no fused
//! multiply-add, because `f64::mul_add` would be a library call there.

use std::sync::OnceLock;

use faer::Mat;
#[cfg(target_arch = "x86_64")]
use pulp::NullaryFnOnce;

/// Partial sums of every dot product. Rows are padded to a multiple of this.
pub(crate) const LANES: usize = super::super::measurements::PAD;

/// The portable path may use `mul_add` where it is one instruction.
const PORTABLE_FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// An instruction set that kernels run on.
#[derive(Debug, Clone, Copy)]
pub struct Simd(Level);

#[derive(Debug, Clone, Copy)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
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
            levels.extend(pulp::x86::V3::try_new().map(|v3| Self(Level::Avx2(v3))));
            levels.extend(pulp::x86::V4::try_new().map(|v4| Self(Level::Avx512(v4))));
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
            Level::Portable => task.run::<PORTABLE_FMA>(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(v3) => v3.vectorize(Dispatched(task)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(v4) => v4.vectorize(Dispatched(task)),
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
    fn run<const FMA: bool>(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
struct Dispatched<K>(K);

#[cfg(target_arch = "x86_64")]
impl<K: Task> NullaryFnOnce for Dispatched<K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run::<true>()
    }
}

/// A stored entry, widened to `f64` when it is loaded.
pub(crate) trait Entry: Copy + Send + Sync + 'static {
    fn wide(self) -> f64;
}

impl Entry for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
}

impl Entry for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

/// `a·b + c`.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The sum of the lanes, halving the vector each time.
#[inline(always)]
pub(crate) fn reduce(mut lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `a·x` over whole chunks of lanes.
#[inline(always)]
pub(crate) fn dot<T: Entry, const FMA: bool>(a: &[T], x: &[f64]) -> f64 {
    let mut sum = [0.0; LANES];
    for (a, x) in a.as_chunks::<LANES>().0.iter().zip(x.as_chunks::<LANES>().0) {
        for l in 0..LANES {
            sum[l] = fma::<FMA>(a[l].wide(), x[l], sum[l]);
        }
    }
    reduce(sum)
}

/// `g += w a` over whole chunks of lanes.
#[inline(always)]
pub(crate) fn axpy<T: Entry, const FMA: bool>(w: f64, a: &[T], g: &mut [f64]) {
    for (g, a) in g.as_chunks_mut::<LANES>().0.iter_mut().zip(a.as_chunks::<LANES>().0) {
        for l in 0..LANES {
            g[l] = fma::<FMA>(w, a[l].wide(), g[l]);
        }
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
    fn run<const FMA: bool>(self) {
        for (i, (z, y)) in self.z.iter_mut().zip(self.y).enumerate() {
            *z = dot::<T, FMA>(self.rows.col_as_slice(i), self.x) - y;
        }
    }
}
