//! The figures of the paper.

use crate::harness::prelude::*;

/// All figures.
pub const ALL: &[Figure] = &[];
