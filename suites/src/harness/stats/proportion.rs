//! Proportions and the exact binomial tests.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, Discrete};

use super::{CONFIDENCE, Estimate, standard_errors};

/// Wilson score interval of a proportion (Wilson 1927), z being the normal quantile of the level:
/// (k + z²/2 ± z·√(k(n − k)/n + z²/4)) / (n + z²) around the value k/n.
///
/// Undefined for n = 0 and for more successes than trials.
#[must_use]
pub fn wilson(successes: usize, n: usize) -> Estimate {
    if n == 0 || successes > n {
        return Estimate::undefined(n);
    }
    let (k, trials, z2) = (successes as f64, n as f64, standard_errors().powi(2));
    let centre = k + z2 / 2.0;
    let half = (z2 * (k * (trials - k) / trials + z2 / 4.0)).sqrt();
    let lower = if successes == 0 { 0.0 } else { (centre - half) / (trials + z2) };
    let upper = if successes == n { 1.0 } else { (centre + half) / (trials + z2) };
    Estimate { value: k / trials, ci: (lower, upper), n }
}

/// Fraction of seeds for which something holds, with its Wilson interval.
#[must_use]
pub fn fraction(holds: &[bool]) -> Estimate {
    wilson(holds.iter().filter(|h| **h).count(), holds.len())
}

/// Exact interval of a proportion from `k` successes in `n` trials (Clopper & Pearson 1934): the α/2 quantile of
/// Beta(k, n − k + 1) and the 1 − α/2 quantile of Beta(k + 1, n − k), α = 1 − `confidence`.
///
/// (NaN, NaN) for n = 0, k > n and a confidence outside (0, 1).
#[must_use]
pub fn clopper_pearson(k: usize, n: usize, confidence: f64) -> (f64, f64) {
    if n == 0 || k > n || !(confidence > 0.0 && confidence < 1.0) {
        return (f64::NAN, f64::NAN);
    }
    let tail = (1.0 - confidence) / 2.0;
    let quantile = |a: usize, b: usize, p: f64| Beta::new(a as f64, b as f64).map_or(f64::NAN, |d| d.inverse_cdf(p));
    let lower = if k == 0 { 0.0 } else { quantile(k, n - k + 1, tail) };
    // The upper end mirrors the lower end of the failures, which keeps the digits of small tails.
    let upper = if k == n { 1.0 } else { 1.0 - quantile(n - k, k + 1, tail) };
    (lower, upper)
}

/// Two-sided exact binomial test of success probability `p`: the probability of all outcomes that are no more likely
/// than `k` successes in `n` trials (the method of small p-values, as in R's `binom.test`).
///
/// 1 for n = 0; NaN for k > n and p outside [0, 1]. Cost: O(n).
#[must_use]
pub fn binomial_test(k: usize, n: usize, p: f64) -> f64 {
    // Outcomes that are equally likely in exact arithmetic must not be separated by rounding.
    const TIE: f64 = 1.0 + 1e-7;
    match Binomial::new(p, n as u64) {
        Ok(law) if k <= n => {
            let limit = law.pmf(k as u64) * TIE;
            (0..=n as u64).map(|i| law.pmf(i)).filter(|mass| *mass <= limit).sum::<f64>().min(1.0)
        }
        _ => f64::NAN,
    }
}

/// Two-sided p-value of the sign test: `wins` and `losses` are equally likely. Ties count as neither.
#[must_use]
pub fn sign_test(wins: usize, losses: usize) -> f64 {
    binomial_test(wins, wins + losses, 0.5)
}

/// Fraction of the pairs (a, b) with a < b, with its Clopper–Pearson interval.
///
/// A tie counts against the ordering. Without ties the interval excludes ½ exactly when [`sign_test`] rejects at level
/// 1 − [`CONFIDENCE`]. Undefined for no pairs or where a number is NaN.
#[must_use]
pub fn ordering(pairs: &[(f64, f64)]) -> Estimate {
    let n = pairs.len();
    if n == 0 || pairs.iter().any(|(a, b)| a.is_nan() || b.is_nan()) {
        return Estimate::undefined(n);
    }
    let wins = pairs.iter().filter(|(a, b)| a < b).count();
    Estimate { value: wins as f64 / n as f64, ci: clopper_pearson(wins, n, CONFIDENCE), n }
}
