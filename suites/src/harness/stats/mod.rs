//! Estimators with intervals, exact tests, and what they say about false alarms.
//!
//! Every function is pure: the bootstrap draws from a generator with a fixed seed, so the same samples always give the
//! same interval. An estimate says how far another set of *seeds* could have moved it; `n` therefore counts seeds
//! (trials, pairs), never iterations.
//!
//! | wanted | function | interval |
//! | --- | --- | --- |
//! | level of a quantity | [`mean`], [`median`], [`quantile`], [`plateau`] | percentile bootstrap |
//! | rate of success | [`fraction`], [`wilson`] | Wilson |
//! | ordering of pairs | [`ordering`], [`sign_test`] | Clopper–Pearson |
//! | rate or exponent | [`slope_over_seeds`], [`pooled_slope`] | bootstrap over seeds |
//! | one line | [`slope`], [`log_log_slope`], [`semilog_slope`] | Student's t |
//! | anything else | [`bootstrap`] | percentile bootstrap |
//!
//! Nothing panics on bad data. Where a value is undefined (no samples, a NaN among them, slices of unequal length) the
//! estimate and both ends of its interval are NaN, which fits into no accepted range. Infinite samples are allowed: the
//! median over seeds of which some never arrived, coded as ∞, is what it should be.

mod alarm;
mod bootstrap;
mod extreme;
#[cfg(test)]
mod properties;
mod proportion;
mod regression;
mod sampling;
#[cfg(test)]
mod tests;

use statrs::distribution::{ContinuousCDF, Normal};

pub use alarm::{false_alarm, family_wise, headroom, holm};
pub use bootstrap::{bootstrap, mean, median, paired_log10_ratios, paired_ratios, plateau, quantile};
pub use extreme::{largest, maximum, minimum, smallest};
pub use proportion::{binomial_test, clopper_pearson, fraction, ordering, sign_test, wilson};
pub use regression::{Axes, Fit, log_log_slope, pooled_slope, semilog_slope, slope, slope_over_seeds};
pub use sampling::{crossing, log_spaced};

/// The confidence level of every interval that does not state its own.
pub const CONFIDENCE: f64 = 0.95;

/// Bootstrap resamples per interval.
pub const RESAMPLES: usize = 2000;

/// A number, the interval that it could have been in, and the number of samples behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic of the whole sample.
    pub value: f64,
    /// Lower and upper end of the interval at level [`CONFIDENCE`].
    pub ci: (f64, f64),
    /// Samples (seeds, trials or pairs) that were given.
    pub n: usize,
}

impl Estimate {
    /// The undefined estimate from `n` samples: NaN with a NaN interval.
    #[must_use]
    pub fn undefined(n: usize) -> Self {
        point(f64::NAN, n)
    }

    /// Whether the whole interval lies in the closed range `accept`; never where anything is NaN.
    #[must_use]
    pub fn fits(&self, accept: (f64, f64)) -> bool {
        !self.value.is_nan() && accept.0 <= self.ci.0 && self.ci.1 <= accept.1
    }
}

/// An estimate whose uncertainty is inside the statistic itself (a maximum of |z| scores) or that has none (a
/// deterministic error): the interval is the value.
#[must_use]
pub fn point(value: f64, n: usize) -> Estimate {
    Estimate { value, ci: (value, value), n }
}

/// Φ⁻¹(p), the quantile of the standard normal distribution; NaN outside [0, 1].
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { Normal::standard().inverse_cdf(p) } else { f64::NAN }
}

/// The number of standard errors on each side of a two-sided interval at level [`CONFIDENCE`]: 1.96.
pub fn standard_errors() -> f64 {
    normal_quantile(0.5 + CONFIDENCE / 2.0)
}
