//! Means of members, generalized cross-validation, and intervals.

use faer::MatRef;

use super::Fit;
use crate::error::{Error, InputError, NumericalError, Size, argument, finite, shape};

/// The ensemble of some members: the mean of `β` and the mean of the degrees of freedom.
///
/// # Errors
/// No member, or members of different lengths.
pub fn average(members: &[&Fit]) -> Result<Fit, Error> {
    let Some(first) = members.first() else { return Err(InputError::Empty { what: "the ensemble" }.into()) };
    let mut mean = Fit { beta: vec![0.0; first.beta.len()], df: 0.0 };
    let share = 1.0 / members.len() as f64;
    for member in members {
        shape("the coefficients of a member", Size::Len(mean.beta.len()), Size::Len(member.beta.len()))?;
        mean.beta.iter_mut().zip(&member.beta).for_each(|(mean, beta)| *mean += share * beta);
        mean.df += share * member.df;
    }
    Ok(mean)
}

/// Generalized cross-validation of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Gcv {
    /// `(‖y − Xβ‖²/n)/(1 − df/n)²`.
    pub value: f64,
    /// `‖y − Xβ‖²/n`.
    pub train: f64,
    /// Corrected residuals `(y − Xβ)/(1 − df/n)`.
    pub residuals: Vec<f64>,
}

/// Less of the degrees of freedom left than this fraction estimates nothing.
const SATURATED: f64 = 1e-8;

/// Generalized cross-validation of `y ≈ Xβ` with the given degrees of freedom. Cost: `2np` flops.
///
/// # Errors
/// Shapes; a response or coefficients that are not finite; [`NumericalError::DegreesOfFreedomSaturated`] where `df` is
/// `n` to eight digits, as for `λ = 0` with as many features as observations.
pub fn gcv(x: MatRef<'_, f64>, y: &[f64], fit: &Fit) -> Result<Gcv, Error> {
    let (n, p) = x.shape();
    shape("the response", Size::Len(n), Size::Len(y.len()))?;
    shape("the coefficients", Size::Len(p), Size::Len(fit.beta.len()))?;
    finite("the response", y)?;
    finite("the coefficients", &fit.beta)?;
    let left = 1.0 - fit.df / n as f64;
    if left.is_nan() || left <= SATURATED {
        return Err(NumericalError::DegreesOfFreedomSaturated { df: fit.df, n }.into());
    }
    let mut residuals = y.to_vec();
    for (column, beta) in x.col_iter().zip(&fit.beta) {
        residuals.iter_mut().zip(column.iter()).for_each(|(r, x)| *r -= beta * x);
    }
    let train = residuals.iter().map(|r| r * r).sum::<f64>() / n as f64;
    residuals.iter_mut().for_each(|r| *r /= left);
    Ok(Gcv { value: train / (left * left), train, residuals })
}

/// The ensemble trick: the limit `K → ∞` of a quantity that is affine in `1/K`, from one member and from two.
pub fn trick(one: f64, two: f64) -> f64 {
    2.0 * two - one
}

/// The `α/2` and `1 − α/2` quantiles of residuals, to be added to a prediction: an interval that holds a new response
/// with probability about `1 − α`.
///
/// # Errors
/// No residuals, some that are not finite, a level outside (0, 1).
pub fn interval(residuals: &[f64], level: f64) -> Result<(f64, f64), Error> {
    if residuals.is_empty() {
        return Err(InputError::Empty { what: "the residuals" }.into());
    }
    finite("the residuals", residuals)?;
    argument(level > 0.0 && level < 1.0, "level", level, "must be between 0 and 1")?;
    let mut sorted = residuals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let position = q * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
        low + position.fract() * (high - low)
    };
    Ok((at((1.0 - level) / 2.0), at((1.0 + level) / 2.0)))
}
