//! Residual.

pub mod harness;
