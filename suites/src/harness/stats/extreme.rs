//! Largest and smallest values as estimates without spread. A failed run is a NaN, and so is the estimate then.

pub use algos::linalg::{maximum, minimum};

use super::{Estimate, point};

/// The largest value.
#[must_use]
pub fn largest(values: &[f64]) -> Estimate {
    point(maximum(values.iter().copied()), values.len())
}

/// The smallest value.
#[must_use]
pub fn smallest(values: &[f64]) -> Estimate {
    point(minimum(values.iter().copied()), values.len())
}
