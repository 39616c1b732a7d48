//! Cases of the family `recovery`: SubGM at a size that fits in cache and at one that does not.

use crate::harness::case::Case;

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[];
