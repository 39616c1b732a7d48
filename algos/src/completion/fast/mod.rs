//! The engineered variants.

pub mod spectral;

pub(super) mod altmin;

mod factor;
mod gram;
mod half;
pub(super) mod kernel;
