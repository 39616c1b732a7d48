//! Least-squares lines: rates on a semi-logarithmic scale, exponents on a doubly logarithmic one.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{CONFIDENCE, Estimate, bootstrap, mean};

/// Scales on which a line is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// y against x.
    Linear,
    /// log₁₀ y against x: a slope s means a factor 10ˢ per unit of x.
    SemiLog,
    /// log₁₀ y against log₁₀ x: the slope is the exponent of a power law.
    LogLog,
}

impl Axes {
    /// The point on these scales; NaN where a logarithm is undefined.
    fn map(self, (x, y): (f64, f64)) -> (f64, f64) {
        match self {
            Self::Linear => (x, y),
            Self::SemiLog => (x, log10(y)),
            Self::LogLog => (log10(x), log10(y)),
        }
    }
}

/// log₁₀ of a positive number, else NaN.
fn log10(v: f64) -> f64 {
    if v > 0.0 { v.log10() } else { f64::NAN }
}

/// A least-squares line y ≈ intercept + slope·x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Slope.
    pub slope: f64,
    /// Value at x = 0.
    pub intercept: f64,
    /// Standard error of the slope; infinite for two points, which leave no residual to judge by.
    pub standard_error: f64,
    /// Points given.
    pub n: usize,
}

impl Fit {
    /// The slope with its Student-t interval: slope ± t(n − 2)·se, for independent errors of equal variance.
    ///
    /// The points of one trajectory are not independent: use [`slope_over_seeds`] for those.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        if self.slope.is_nan() {
            return Estimate::undefined(self.n);
        }
        let t = StudentsT::new(0.0, 1.0, self.n as f64 - 2.0)
            .map_or(f64::INFINITY, |law| law.inverse_cdf(0.5 + CONFIDENCE / 2.0));
        let half = t * self.standard_error;
        Estimate { value: self.slope, ci: (self.slope - half, self.slope + half), n: self.n }
    }
}

/// Least-squares line through the points (xᵢ, yᵢ): slope = Sxy/Sxx about the means, standard error
/// √(Σ residual² / ((n − 2)·Sxx)).
///
/// NaN for unequal lengths, fewer than two different x, and numbers that are not finite.
#[must_use]
pub fn slope(x: &[f64], y: &[f64]) -> Fit {
    fit(x, y, Axes::Linear)
}

/// The line through (log₁₀ xᵢ, log₁₀ yᵢ), as [`slope`]; NaN unless all numbers are positive.
#[must_use]
pub fn log_log_slope(x: &[f64], y: &[f64]) -> Fit {
    fit(x, y, Axes::LogLog)
}

/// The line through (xᵢ, log₁₀ yᵢ), as [`slope`]; NaN unless every yᵢ is positive.
#[must_use]
pub fn semilog_slope(x: &[f64], y: &[f64]) -> Fit {
    fit(x, y, Axes::SemiLog)
}

/// Mean over seeds of the slope of each seed's own series of points (x, y), with its bootstrap interval.
///
/// Undefined as soon as one seed's slope is: drop what is not to be fitted (points below a floor) beforehand.
#[must_use]
pub fn slope_over_seeds<S: AsRef<[(f64, f64)]>>(series: &[S], axes: Axes) -> Estimate {
    let slopes: Vec<f64> = series.iter().map(|s| line(&on_axes(s.as_ref(), axes)).slope).collect();
    mean(&slopes)
}

/// Slope of one line through the points of all seeds together; the interval resamples whole seeds.
#[must_use]
pub fn pooled_slope<S: AsRef<[(f64, f64)]>>(series: &[S], axes: Axes) -> Estimate {
    let mut mapped: Vec<Vec<(f64, f64)>> = series.iter().map(|s| on_axes(s.as_ref(), axes)).collect();
    // Any fixed order makes the estimate independent of the order of the seeds.
    mapped.sort_by_cached_key(|s| s.iter().map(|p| (p.0.to_bits(), p.1.to_bits())).collect::<Vec<_>>());
    bootstrap(&mapped, |drawn| {
        let points: Vec<(f64, f64)> = drawn.iter().flat_map(|s| s.iter().copied()).collect();
        line(&points).slope
    })
}

fn fit(x: &[f64], y: &[f64], axes: Axes) -> Fit {
    if x.len() != y.len() {
        return undefined(x.len().min(y.len()));
    }
    let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    line(&on_axes(&points, axes))
}

fn on_axes(points: &[(f64, f64)], axes: Axes) -> Vec<(f64, f64)> {
    points.iter().map(|p| axes.map(*p)).collect()
}

fn undefined(n: usize) -> Fit {
    Fit { slope: f64::NAN, intercept: f64::NAN, standard_error: f64::NAN, n }
}

/// The least-squares line, from sums about the means.
fn line(points: &[(f64, f64)]) -> Fit {
    let n = points.len();
    let distinct = points.iter().any(|p| p.0 != points[0].0);
    if !distinct || points.iter().any(|p| !p.0.is_finite() || !p.1.is_finite()) {
        return undefined(n);
    }
    let count = n as f64;
    let x_mean = points.iter().map(|p| p.0).sum::<f64>() / count;
    let y_mean = points.iter().map(|p| p.1).sum::<f64>() / count;
    let sxx: f64 = points.iter().map(|p| (p.0 - x_mean).powi(2)).sum();
    let sxy: f64 = points.iter().map(|p| (p.0 - x_mean) * (p.1 - y_mean)).sum();
    if !sxx.is_normal() {
        return undefined(n);
    }
    let slope = sxy / sxx;
    let rss: f64 = points.iter().map(|p| (p.1 - y_mean - slope * (p.0 - x_mean)).powi(2)).sum();
    let standard_error = if n > 2 { (rss / ((count - 2.0) * sxx)).sqrt() } else { f64::INFINITY };
    Fit { slope, intercept: y_mean - slope * x_mean, standard_error, n }
}
