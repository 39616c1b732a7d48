//! The papers under test: one file each, one line each in [`ALL`].

use crate::harness::paper::Paper;

/// All papers, in the order of reports.
pub const ALL: &[&Paper] = &[];
