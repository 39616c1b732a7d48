//! The engineered variants.

pub mod spectral;

pub(super) mod altmin;

pub(super) mod factor;
pub(super) mod half;
pub(super) mod kernel;
mod lifted;
mod systems;
