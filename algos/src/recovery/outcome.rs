//! What a run returns.

use faer::Mat;

/// The last iterate and what a reader needs to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// `U_T: d×r'`, the *last* iterate: the truth is unknown, so there is no best one to select.
    pub u: Mat<f64>,
    /// Numerical rank of `U_0`. Directions missing there are missing for ever: the iteration is multiplicative.
    pub effective_width: usize,
    /// Measurements that are zero.
    pub zero_rows: usize,
    /// Measurements evaluated, summed over the iterations.
    pub rows_evaluated: u64,
    /// What makes the result doubtful.
    pub warnings: Vec<Warning>,
}

/// A reason to doubt a result.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Fewer measurements than even a rank-one matrix without outliers needs.
    ///
    /// For rank `r` and corruption `p` the need is larger: see
    /// [`schedule::required_measurements`](super::schedule::required_measurements).
    #[error("{measurements} measurements are below {needed}, what rank one without noise needs")]
    UnderSampled {
        /// The number `m` given.
        measurements: usize,
        /// `⌈2d/φ²⌉ = ⌈πd⌉`, where `γ₀ = 1` for rank one and `p = 0`.
        needed: usize,
    },
    /// `U_0` has a smaller numerical rank than columns.
    #[error("the start has numerical rank {effective} instead of {width}")]
    NarrowStart {
        /// Numerical rank of `U_0`.
        effective: usize,
        /// The width `r'` asked for.
        width: usize,
    },
}

/// The warnings that can be given before the first iteration.
pub(crate) fn warnings(d: usize, m: usize, width: usize, effective: usize) -> Vec<Warning> {
    let needed = (std::f64::consts::PI * d as f64).ceil() as usize;
    let mut warnings = Vec::new();
    if m < needed {
        warnings.push(Warning::UnderSampled { measurements: m, needed });
    }
    if effective < width {
        warnings.push(Warning::NarrowStart { effective, width });
    }
    warnings
}
