//! What every experiment shares.

pub mod stats;
