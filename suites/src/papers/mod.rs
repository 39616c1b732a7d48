//! The papers under test: one file or folder each, one line each in [`ALL`].

use crate::harness::paper::Paper;

pub mod altmin;
pub mod ding;
pub mod oversense;
mod sensing;
pub mod subgm;

/// All papers, in the order of reports.
pub const ALL: &[&Paper] = &[&subgm::PAPER, &ding::PAPER, &altmin::PAPER, &oversense::PAPER];
