//! How often correct code would be reported as failing.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Estimate, standard_errors};

/// Distance of an estimate from the nearer end of its accepted range, in its own standard errors; negative outside.
///
/// The standard error on each side is that side's half-interval over z = 1.96, so that skewed intervals count as they
/// are. A side without a limit (an infinite end of `accept`) has infinite headroom, as has a point interval inside the
/// range; give an end that the quantity cannot exceed (1 for a fraction) as infinite. An unbounded interval has none.
/// NaN where anything is NaN.
#[must_use]
pub fn headroom(estimate: &Estimate, accept: (f64, f64)) -> f64 {
    let Estimate { value, ci, .. } = *estimate;
    let below = side(value, ci.0, accept.0, 1.0);
    let above = side(value, ci.1, accept.1, -1.0);
    if below.is_nan() || above.is_nan() { f64::NAN } else { below.min(above) }
}

/// Headroom to one limit; `inward` is the sign of the direction from the limit into the range.
fn side(value: f64, end: f64, limit: f64, inward: f64) -> f64 {
    if value.is_nan() || end.is_nan() || limit.is_nan() {
        return f64::NAN;
    }
    if limit == f64::NEG_INFINITY * inward {
        return f64::INFINITY;
    }
    let gap = (value - limit) * inward;
    let standard_error = ((value - end) * inward).max(0.0) / standard_errors();
    if standard_error == 0.0 {
        return if gap >= 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
    }
    if standard_error.is_finite() { gap / standard_error } else { 0.0 }
}

/// Chance that the interval of a normal estimate does not fit into a range whose limit is `headroom` standard errors
/// away from the true value: Φ(z − headroom), z = 1.96.
///
/// 5.7 standard errors give 1e-4.
#[must_use]
pub fn false_alarm(headroom: f64) -> f64 {
    if headroom.is_nan() { f64::NAN } else { Normal::standard().cdf(standard_errors() - headroom) }
}

/// Chance of at least one false alarm among `checks` independent checks with chance `per_check` each:
/// 1 − (1 − `per_check`)^`checks`. An upper bound when the checks are positively dependent.
///
/// NaN for a chance outside [0, 1].
#[must_use]
pub fn family_wise(checks: usize, per_check: f64) -> f64 {
    if !(0.0..=1.0).contains(&per_check) {
        return f64::NAN;
    }
    if checks == 0 { 0.0 } else { -(checks as f64 * (-per_check).ln_1p()).exp_m1() }
}

/// p-values adjusted by Holm's step-down method (Holm 1979), in the order given: the i-th smallest of m is multiplied
/// by m − i + 1, and no adjusted value is below one of a smaller p. Rejecting what is ≤ α bounds the family-wise error
/// by α under any dependence.
///
/// A NaN stays NaN and counts towards m.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|i| !p[*i].is_nan()).collect();
    order.sort_by(|i, j| p[*i].total_cmp(&p[*j]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, i) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[i]).min(1.0);
        adjusted[i] = largest;
    }
    adjusted
}
