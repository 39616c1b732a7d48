//! The engineered variants.

pub mod batched;
pub(crate) mod kernel;

pub(crate) mod descent;
pub(crate) mod lanes;
pub(crate) mod lazy;
pub(crate) mod packed;
pub(crate) mod pass;

pub use kernel::Simd;
