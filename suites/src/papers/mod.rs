//! The papers under test: one file or folder each, one line each in [`ALL`].

use crate::harness::paper::Paper;

pub mod altmin;
pub mod demmel;
pub mod detherage;
mod diagonalization;
pub mod ding;
pub mod langevin;
pub mod oversense;
mod sensing;
pub mod shah;
pub mod spm;
pub mod subgm;

/// All papers, in the order of reports.
pub const ALL: &[&Paper] = &[
    &subgm::PAPER,
    &ding::PAPER,
    &altmin::PAPER,
    &oversense::PAPER,
    &detherage::PAPER,
    &shah::PAPER,
    &demmel::PAPER,
    &spm::PAPER,
    &langevin::PAPER,
];
