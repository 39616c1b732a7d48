//! The unsketched ridge regression that an infinite ensemble is equivalent to.

use serde::{Deserialize, Serialize};

use crate::error::{Error, argument, finite};

/// The law of a sketch that is asymptotically free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freeness {
    /// Independent entries.
    Gaussian,
    /// Orthonormal rows.
    Orthogonal,
}

/// `μ/λ` for sketches to `α = q/p` of the features at which a fit has `df` degrees of freedom: the S-transform of `S Sᵀ`
/// at `w = −df/p`, which is `α/(α + w)` for Gaussian and `α(1 + w)/(α + w)` for orthogonal sketches.
pub fn penalty_ratio(law: Freeness, alpha: f64, df_over_p: f64) -> f64 {
    let w = -df_over_p;
    match law {
        Freeness::Gaussian => alpha / (alpha + w),
        Freeness::Orthogonal => alpha * (1.0 + w) / (alpha + w),
    }
}

/// The penalty `μ` at which unsketched ridge regression has `df` degrees of freedom: `Σ e/(e + μ) = df` over the
/// eigenvalues of `XᵀX/n`, by bisection of `log μ`.
///
/// # Errors
/// Eigenvalues that are not finite; `df` not between 0 and the number of positive eigenvalues.
pub fn implicit_penalty(eigenvalues: &[f64], df: f64) -> Result<f64, Error> {
    finite("eigenvalues", eigenvalues)?;
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    let positive: Vec<f64> = eigenvalues.iter().copied().filter(|&e| e > 1e-13 * largest).collect();
    argument(df > 0.0 && df < positive.len() as f64, "df", df, "must be between 0 and the rank")?;
    let freedom = |log: f64| positive.iter().map(|e| e / (e + log.exp())).sum::<f64>();
    let (mut low, mut high) = (largest.ln() - 80.0, largest.ln() + 80.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if freedom(middle) > df { low = middle } else { high = middle }
    }
    Ok((0.5 * (low + high)).exp())
}

/// Blocks and buckets `(t, b)` of the stacked CountSketch of Patil & LeJeune's code for `q` of `p` features:
/// `t = ⌊10 max(1, ln p)⌋` blocks of `b = ⌊q/t⌋`. The sketch has `tb ≤ q` rows.
pub fn stacked(q: usize, p: usize) -> (usize, usize) {
    let t = (10.0 * (p as f64).ln().max(1.0)).floor() as usize;
    (t, (q / t).max(1))
}
