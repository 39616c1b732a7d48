//! Tests of the tensor family: packed form, fast variants against the reference, exact identities, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod baselines;
mod chebyshev;
mod decompositions;
mod packed;
mod pitfalls;
mod splines;
mod support;
