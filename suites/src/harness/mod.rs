//! What runs, records, judges and shows experiments.

pub mod figure;
