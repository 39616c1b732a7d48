//! The engineered variants.

pub(crate) mod kernel;

pub(crate) mod descent;
pub(crate) mod lazy;
pub(crate) mod packed;
pub(crate) mod pass;

pub use kernel::Simd;
