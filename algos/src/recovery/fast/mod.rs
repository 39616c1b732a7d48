//! The engineered variants.

pub mod batched;

pub(crate) mod descent;
pub(crate) mod lazy;
pub(crate) mod packed;
pub(crate) mod pass;
mod sweep;
