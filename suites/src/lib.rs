//! Residual: re-runs the claims of numerical-linear-algebra papers from seeds and judges them.
//!
//! [`papers`] describe: experiments, claims, figures, cases. The [`harness`] executes: seeds, threads, files,
//! statistics, verdicts. [`cli`] is the command `residual`; a repository with papers of its own calls [`cli::run`]
//! with its own list.

pub mod cli;
pub mod commands;
pub mod compare;
pub mod harness;
pub mod papers;
pub mod peers;
pub mod worker;

pub use algos::{self, faer};
