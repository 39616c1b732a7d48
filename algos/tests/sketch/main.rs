//! Tests of the sketch family: fast variants against explicit matrices, properties, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod bad_input;
mod definitions;
mod hadamard;
mod regression;
mod ridge;
mod support;
