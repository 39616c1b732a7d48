//! `residual compare` end to end: on real kernels, and between revisions of tiny repositories. No test asserts how long
//! anything takes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod kernels;
mod repository;
mod revisions;
