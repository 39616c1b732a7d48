//! The runner end to end: killed, cut, sharded, replayed. The example paper `summation` is the experiment; its program
//! is built together with the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod damage;
mod identity;
mod journal;
mod kill;
mod partial;
mod replay;
mod shards;
mod surroundings;
