//! Step schedules and the difficulty of a problem.
//!
//! These formulas are ours: they make the paper's "exponentially decaying" step concrete. They take oracle knowledge
//! of the truth's spectrum and of the noise, which an experiment has; a user over-estimates the one number
//! [`Schedule::path`].

use std::f64::consts::{FRAC_2_PI, PI};

use serde::Serialize;

use super::Step;
use crate::error::{Error, argument};

/// First step of every schedule.
pub const ETA: f64 = 0.4;

/// What the schedule has to know of the truth `X*`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Target {
    /// `‖X*‖_F`.
    pub norm: f64,
    /// Largest eigenvalue `σ₁`.
    pub largest: f64,
    /// Smallest nonzero eigenvalue `σ_r`.
    pub smallest: f64,
}

impl Target {
    /// From the nonzero eigenvalues of `X*`, in any order.
    pub fn new(eigenvalues: &[f64]) -> Self {
        Self {
            norm: eigenvalues.iter().map(|s| s * s).sum::<f64>().sqrt(),
            largest: eigenvalues.iter().copied().fold(0.0, f64::max),
            smallest: eigenvalues.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }

    /// `r` eigenvalues equal to one.
    pub fn flat(rank: usize) -> Self {
        Self { norm: (rank as f64).sqrt(), largest: 1.0, smallest: 1.0 }
    }
}

/// What the schedule has to know of the noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Corruption {
    /// A fraction `p < 1` of outliers of any size.
    Outliers {
        /// The fraction.
        p: f64,
    },
    /// Gaussian noise of standard deviation `nu`; 0 where it is unknown.
    Gaussian {
        /// The standard deviation.
        nu: f64,
    },
}

/// A geometric schedule `η_t = η ρᵗ`, `t = 0 … T−1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Schedule {
    /// `C = Σ η_t / ln(√σ₁/α)`: how far the steps go in units of the way from `α` to one.
    pub path: f64,
    /// First step `η`.
    pub eta: f64,
    /// Decay `ρ`.
    pub rho: f64,
    /// Number `T` of iterations until `ρᵗ` falls below the tolerance.
    pub iterations: usize,
}

impl Schedule {
    /// The step rule.
    pub fn step(&self) -> Step {
        Step::Geometric { eta: self.eta, rho: self.rho }
    }
}

/// The schedule for a start of scale `alpha`, ending when the step has shrunk by `tol`.
///
/// While the factor is small, the direction of `σ_i` grows by `1 + 2 η_t φ σ_i/‖X*‖_F` a step, so the steps must add
/// up to `‖X*‖_F ln(1/α)/(2φσ_r)`. `C` is 1.5 times that for outliers (`φ = √(2/π)(1−p)`) and 1.8 times for Gaussian
/// noise (`φ = √(2/π)/√(1 + ν²/‖X*‖²)`). Much shorter and the signal does not arrive; much longer and the residual
/// grows after it has.
///
/// # Errors
///
/// `α`, `tol`, `p`, `ν` or the target outside their domains; `α` so close to `√σ₁` that no decay is left (`ρ ≤ 0`); a
/// path so long that `ρ` rounds to one.
pub fn geometric(target: Target, corruption: Corruption, alpha: f64, tol: f64) -> Result<Schedule, Error> {
    let (margin, shrink) = match corruption {
        Corruption::Outliers { .. } => (1.5, direction_norm(target, corruption)?),
        Corruption::Gaussian { .. } => (1.8, direction_norm(target, corruption)?),
    };
    along(margin * target.norm / (2.0 * shrink * target.smallest), target.largest.sqrt(), alpha, tol)
}

/// The schedule of a given path length `C`, for a truth with `‖U*‖₂ = scale`.
///
/// # Errors
///
/// As [`geometric`].
pub fn along(path: f64, scale: f64, alpha: f64, tol: f64) -> Result<Schedule, Error> {
    argument(path > 0.0 && path.is_finite(), "path", path, "must be positive")?;
    argument(alpha > 0.0 && alpha < scale, "alpha", alpha, "must lie between 0 and the square root of sigma_1")?;
    argument(tol > 0.0 && tol < 1.0, "tol", tol, "must lie in (0, 1)")?;
    let rho = 1.0 - ETA / (path * (scale / alpha).ln());
    argument(rho > 0.0, "alpha", alpha, "must be small enough for the steps to decay")?;
    argument(rho < 1.0, "path", path, "must be short enough for the steps to decay: rho rounds to one")?;
    let iterations = (tol.ln() / rho.ln()).ceil() as usize;
    Ok(Schedule { path, eta: ETA, rho, iterations })
}

/// The difficulty `γ₀ = √(2d/m) ‖X*‖_F/(φσ_r)`: growth rate of the residual over that of the signal at the start.
///
/// Over-parameterized recovery needs `γ₀ < 1` when all eigenvalues of `X*` are equal; the error floor is then about
/// `α^{2(1−γ₀)}`.
///
/// # Errors
///
/// As [`geometric`]; `m = 0`.
pub fn difficulty(d: usize, m: usize, target: Target, corruption: Corruption) -> Result<f64, Error> {
    argument(m > 0, "m", 0.0, "must be positive")?;
    let phi = direction_norm(target, corruption)?;
    Ok((2.0 * d as f64 / m as f64).sqrt() * target.norm / (phi * target.smallest))
}

/// The number of measurements at which `γ₀ = 1`.
///
/// # Errors
///
/// As [`geometric`].
pub fn required_measurements(d: usize, target: Target, corruption: Corruption) -> Result<usize, Error> {
    Ok(difficulty(d, 1, target, corruption)?.powi(2).ceil() as usize)
}

/// The scaling function `φ(Δ)`: the expected sub-gradient at error `Δ` is `φ(Δ) Δ/‖Δ‖_F` (Sign-RIP).
///
/// For `s = N(0, ν²)` plus, with probability `p`, `N(0, L²)`:
/// `φ = √(2/π) [(1−p) n/√(n²+ν²) + p n/√(n²+ν²+L²)]`, `n = ‖Δ‖_F`.
pub fn scaling_function(norm: f64, p: f64, scale: f64, nu: f64) -> f64 {
    let part = |variance: f64| norm / (norm * norm + variance).sqrt();
    FRAC_2_PI.sqrt() * ((1.0 - p) * part(nu * nu) + p * part(nu * nu + scale * scale))
}

/// `φ` near the start, where the error is `X*`; outliers are taken as infinite.
fn direction_norm(target: Target, corruption: Corruption) -> Result<f64, Error> {
    let Target { norm, largest, smallest } = target;
    argument(smallest > 0.0 && smallest <= largest, "sigma_r", smallest, "must be positive and at most sigma_1")?;
    argument(norm >= largest && norm.is_finite(), "norm of X*", norm, "must be finite and at least sigma_1")?;
    let clean = (2.0 / PI).sqrt();
    match corruption {
        Corruption::Outliers { p } => {
            argument((0.0..1.0).contains(&p), "p", p, "must lie in [0, 1)")?;
            Ok(clean * (1.0 - p))
        }
        Corruption::Gaussian { nu } => {
            argument(nu >= 0.0 && nu.is_finite(), "nu", nu, "must not be negative")?;
            Ok(clean / (1.0 + (nu / norm).powi(2)).sqrt())
        }
    }
}
