//! Tests of the recovery family: fast variants against the reference, properties, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod bad_input;
mod exactness;
mod models;
mod planted;
mod screening;
mod streaming;
mod support;
