//! Runs experiments and judges claims.

pub mod dataset;
