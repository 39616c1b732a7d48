//! The subcommands: each turns arguments into calls of the harness and prints what came of it.

pub mod check;
pub mod compare;
pub mod list;
pub mod plan;
pub mod reproduce;
pub mod why;
pub mod worker;
