//! The unit tests of the library but for its papers: they are most of what there is to compile, and are tested by
//! being run. A test build of all would take minutes more.

// What only papers and the command use.
#![allow(dead_code, unused_imports)]

pub mod cli;
pub mod commands;
pub mod compare;
pub mod harness;
pub mod peers;
pub mod worker;

/// What papers have with tests of its own.
mod papers {
    mod demmel {
        mod certified_data;
        mod double;
        mod judge;
    }
}

pub use algos::{self, faer};
