//! Peers: other libraries on the same cases, side by side with ours.
//!
//! | step | module |
//! | --- | --- |
//! | the virtual environment of the Python peers, under fair settings | [`environment`] |
//! | one case: everything that solves it, interleaved, outputs verified | [`contest`] |
//! | the committed table | [`table`] |
//!
//! Rust peers are variants of a case with [`Role::Peer`](crate::harness::case::Role). Peers in Python are declared in
//! `suites/peers/<family>.py` and speak the worker protocol; they get their inputs as `.npy` files.

pub mod contest;
pub mod environment;
pub mod table;
