//! Tests of the factorization family: the law, the four factorizations, fast variants against the reference, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod factorizations;
mod law;
mod orthogonal;
mod pivots;
mod support;
mod trajectories;
mod values;
