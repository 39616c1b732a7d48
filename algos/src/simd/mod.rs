//! Run-time dispatch: kernels are compiled once for each instruction set, and the processor decides which runs.
//!
//! A kernel is a [`Task`] over eight [`lanes`]; the order of its sums does not depend on the width of the registers. The
//! portable path rounds products before adding where the target has no fused multiply-add.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use pulp::{
    NullaryFnOnce,
    x86::{V3, V4},
};

pub(crate) mod lanes;
pub(crate) mod row;
mod streaming;

pub use streaming::streaming_sum;

use lanes::{Lanes, Portable};

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
}

/// Asks for the cache line at an address, which need not be valid: nothing is read. Does nothing where the target has no
/// stable way to ask.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch changes no state of the program and faults at no address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
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
