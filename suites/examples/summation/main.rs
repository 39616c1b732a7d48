//! A repository with a paper of its own, outside the crate: the paper in `paper.rs`, a case in `case.rs`, and experiments
//! for tests of the harness in `load.rs`.
//!
//! `cargo run --release --example summation -- reproduce` runs it.

use std::process::ExitCode;

use suites::{cli, harness::paper::Paper};

mod case;
mod load;
mod paper;

const SUMMATION: Paper = Paper {
    experiments: &[&paper::Growth, &load::Course, &load::Steady, &load::Idle, &load::Many],
    figures: &[paper::FIGURE, load::FIGURE],
    cases: &[&case::SMALL, &case::LARGE],
    ..paper::PAPER
};

fn main() -> ExitCode {
    cli::run(&[&SUMMATION])
}
