//! Tests of the kernel family: fast products against the oracle on every instruction set, approximations against exact
//! products, closed forms, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod applications;
mod approximate;
mod bad_input;
mod support;
