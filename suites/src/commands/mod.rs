//! The subcommands: each turns arguments into calls of the harness and prints what came of it.

pub mod calibrate;
pub mod check;
pub mod compare;
pub mod diff;
pub mod list;
pub mod merge;
pub mod new_paper;
pub mod peers;
pub mod plan;
pub mod reproduce;
pub mod rerun;
pub mod summary;
pub mod why;
pub mod worker;
