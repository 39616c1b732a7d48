//! Tests of the completion family: fast variants against the reference, properties, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod bad_input;
mod baselines;
mod fold_in;
mod half_sweep;
mod properties;
mod sensing;
mod support;
