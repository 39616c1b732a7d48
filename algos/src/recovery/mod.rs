//! Robust recovery of a low-rank matrix from linear measurements.
