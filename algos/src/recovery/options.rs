//! What a caller chooses: width, start, step rule, loss, number of iterations.

use faer::MatRef;
use serde::Serialize;

use crate::error::{Error, NumericalError, Size, argument, finite, shape};

/// Options of [`subgm`](super::subgm).
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Width `r'` of the factor, `1 ≤ r' ≤ d`: an over-estimate of the rank.
    pub width: usize,
    /// The start `U_0`.
    pub init: Init<'a>,
    /// The step rule.
    pub step: Step,
    /// The loss.
    pub loss: Loss,
    /// Number `T` of iterations; 0 returns `U_0`.
    pub iterations: usize,
}

/// The start `U_0: d×r'`.
#[derive(Debug, Clone, Copy)]
pub enum Init<'a> {
    /// `α V diag(√max(λ_j, 0))` from the `r'` leading eigenpairs of `(1/m) Σ sign(y_i) S_i` (Algorithm 1, lines 1–3).
    ///
    /// On Gaussian data only about `d/2` of these eigenvalues are positive. The other columns are zero and stay so,
    /// hence all `r' ≥ d/2` give the same run: look at [`Factor::effective_width`](super::Factor).
    Spectral {
        /// Scale `α > 0`.
        alpha: f64,
    },
    /// `α/√d` times the first `r'` columns of one matrix of unit normals, so that runs with different `r'` are paired.
    Gaussian {
        /// Scale `α > 0`.
        alpha: f64,
        /// The normals: `d×d`, drawn by [`instance::direction`](super::instance::direction).
        direction: MatRef<'a, f64>,
    },
    /// This `U_0`: `d×r'`.
    Given(MatRef<'a, f64>),
}

/// The step size `η_t`, `t = 0, 1, …`
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// `η ρᵗ`: exponentially decaying, the paper's choice for noisy data. Free of the scale of `y`.
    Geometric {
        /// First step `η > 0`.
        eta: f64,
        /// Decay `0 < ρ ≤ 1`.
        rho: f64,
    },
    /// `η ρᵗ / ‖G_t‖_F`.
    GeometricNormalized {
        /// First step `η > 0`.
        eta: f64,
        /// Decay `0 < ρ ≤ 1`.
        rho: f64,
    },
    /// `(π/2) η f(U_t)`, for data without noise. When `y` is multiplied by `c`, divide `η` by `c`.
    LossProportional {
        /// Factor `η > 0`.
        eta: f64,
    },
    /// `c · median |z_i|` (Ding et al., arXiv:2109.11154). For `p ≥ 1/2` the median is an outlier and the iteration
    /// diverges. When `y` is multiplied by `k`, divide `c` by `k`.
    Median {
        /// Factor `c > 0`.
        c: f64,
    },
    /// `η`: not summable, kept as a negative control.
    Constant {
        /// Step `η > 0`.
        eta: f64,
    },
    /// `η/√(t+1)`: not summable, kept as a negative control.
    InvSqrt {
        /// First step `η > 0`.
        eta: f64,
    },
}

/// The loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `(1/m) Σ |z_i|`, weights `sign(z_i)`.
    L1,
    /// `(1/2m) Σ z_i²`, weights `z_i`: gradient descent, the non-robust contrast.
    L2,
}

/// What a step rule looks at, besides the iteration number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub loss: f64,
    pub gradient_norm: f64,
    pub residual: &'a [f64],
}

impl Step {
    /// `η_t`; `scratch` is overwritten by the median.
    ///
    /// # Errors
    ///
    /// [`NumericalError::Overflow`]: a step to be divided by a norm that is not finite, which would never move.
    pub(crate) fn size(self, t: usize, reading: Reading<'_>, scratch: &mut Vec<f64>) -> Result<f64, Error> {
        Ok(match self {
            Self::Geometric { eta, rho } => eta * rho.powf(t as f64),
            // G = 0: the iterate is stationary, and stepping nowhere ends the run.
            Self::GeometricNormalized { .. } if reading.gradient_norm == 0.0 => 0.0,
            Self::GeometricNormalized { .. } if !reading.gradient_norm.is_finite() => {
                return Err(NumericalError::Overflow { what: "the norm of the sub-gradient" }.into());
            }
            Self::GeometricNormalized { eta, rho } => eta * rho.powf(t as f64) / reading.gradient_norm,
            Self::LossProportional { eta } => std::f64::consts::FRAC_PI_2 * eta * reading.loss,
            Self::Median { c } => c * median_abs(reading.residual, scratch),
            Self::Constant { eta } => eta,
            Self::InvSqrt { eta } => eta / ((t + 1) as f64).sqrt(),
        })
    }

    /// Whether `η_t` depends on the residuals, so that all of them are needed in every iteration.
    pub(crate) fn reads_residual(self) -> bool {
        matches!(self, Self::LossProportional { .. } | Self::Median { .. })
    }

    fn check(self) -> Result<(), Error> {
        let positive = |name, value: f64| argument(value > 0.0 && value.is_finite(), name, value, "must be positive");
        match self {
            Self::Geometric { eta, rho } | Self::GeometricNormalized { eta, rho } => {
                positive("eta", eta)?;
                argument(rho > 0.0 && rho <= 1.0, "rho", rho, "must lie in (0, 1]")?;
            }
            Self::LossProportional { eta } | Self::Constant { eta } | Self::InvSqrt { eta } => positive("eta", eta)?,
            Self::Median { c } => positive("c", c)?,
        }
        Ok(())
    }
}

impl Loss {
    /// The weight of a row in `G`. Not `f64::signum`, which is ±1 at zero.
    #[inline(always)]
    pub(crate) fn weight(self, z: f64) -> f64 {
        match self {
            Self::L1 => sign(z),
            Self::L2 => z,
        }
    }

    /// The share of one residual in `f`, already divided by `m`, so that huge residuals do not overflow the sum.
    #[inline(always)]
    pub(crate) fn share(self, z: f64, inverse_m: f64) -> f64 {
        match self {
            Self::L1 => z.abs() * inverse_m,
            Self::L2 => 0.5 * z * inverse_m * z,
        }
    }

    /// `f` from its residuals.
    pub(crate) fn mean(self, z: &[f64]) -> f64 {
        let inverse_m = 1.0 / z.len() as f64;
        z.iter().map(|&z| self.share(z, inverse_m)).sum()
    }
}

/// `sign(z)` with `sign(±0) = 0`.
#[inline(always)]
pub(crate) fn sign(z: f64) -> f64 {
    if z > 0.0 {
        1.0
    } else if z < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// `median |v_i|`; of an even number of entries, the mean of the middle two.
pub(crate) fn median_abs(v: &[f64], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(v.iter().map(|x| x.abs()));
    let half = scratch.len() / 2;
    if scratch.is_empty() {
        return f64::NAN;
    }
    let (below, &mut upper, _) = scratch.select_nth_unstable_by(half, f64::total_cmp);
    if v.len() % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(0.0, f64::max);
    lower + 0.5 * (upper - lower)
}

/// Smallest `α`: below, `α²` and with it `U_0 U_0ᵀ` underflows.
const MIN_ALPHA: f64 = 1e-154;

impl Options<'_> {
    /// Checks everything that does not need the measurements' values.
    pub(crate) fn check(&self, d: usize) -> Result<(), Error> {
        argument((1..=d).contains(&self.width), "width", self.width as f64, "must lie between 1 and the order d")?;
        self.step.check()?;
        match self.init {
            Init::Spectral { alpha } => check_alpha(alpha),
            Init::Gaussian { alpha, direction } => {
                shape("Gaussian direction", Size::Matrix(d, d), Size::Matrix(direction.nrows(), direction.ncols()))?;
                finite("Gaussian direction", direction.col_iter().flat_map(|c| c.iter()))?;
                check_alpha(alpha)
            }
            Init::Given(u) => {
                shape("start U0", Size::Matrix(d, self.width), Size::Matrix(u.nrows(), u.ncols()))?;
                finite("start U0", u.col_iter().flat_map(|c| c.iter()))?;
                Ok(())
            }
        }
    }
}

fn check_alpha(alpha: f64) -> Result<(), Error> {
    argument(
        alpha.is_finite() && alpha >= MIN_ALPHA,
        "alpha",
        alpha,
        "must be finite and at least 1e-154, where alpha² underflows",
    )?;
    Ok(())
}
