//! The shifted symmetric higher-order power method by itself: eigenpairs `T x^{m−1} = μ x` of a symmetric tensor.
//!
//! Kolda & Mayo (2011), [doi:10.1137/100801482](https://doi.org/10.1137/100801482):
//! `x ← normalise(T x^{m−1} + αx)`, `μ = T x^m`. With `α > (m−1)ρ(T)`, `ρ(T) = max_x ‖T x^{m−2}‖₂` on the sphere, `μ` never
//! decreases and the iteration converges from every start; without a shift it may cycle.

use super::power::advance;
use super::symmetric::SymmetricTensor;
use crate::error::{Error, Size, argument, finite, shape};
use crate::linalg::{maximum, norm};
use crate::{Effort, NumericalError, Outcome, Status};

/// Options of the method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The shift `α ≥ 0`.
    pub shift: f64,
    /// Most steps.
    pub iterations: usize,
    /// Converged when `‖x⁺ − x‖` is below this.
    pub tolerance: f64,
}

/// An eigenpair, or the last iterate.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigenpair {
    /// The unit vector.
    pub x: Vec<f64>,
    /// `T x^m`.
    pub value: f64,
    /// The largest decrease of `T x^m` in a step; 0 where it never decreased.
    pub decrease: f64,
}

/// Runs the method from a start. Cost: four flops per packed entry and step.
///
/// # Errors
///
/// [`Error::Input`]: a start of another dimension, zero, not finite or longer than the largest number; a shift that is
/// negative or not finite, also where the largest entry of the tensor is taken for one. [`Error::Numerical`]: a value
/// `T x^m` that overflows.
pub fn sshopm(tensor: &SymmetricTensor, start: &[f64], options: &Options) -> Result<Outcome<Eigenpair>, Error> {
    let d = tensor.dimension();
    shape("start", Size::Len(d), Size::Len(start.len()))?;
    finite("start", start)?;
    argument(options.shift >= 0.0 && options.shift.is_finite(), "shift", options.shift, "non-negative and finite")?;
    let length = norm(start);
    argument(length > 0.0 && length.is_finite(), "length of the start", length, "positive and finite")?;
    let (tensor, unit) = tensor.normalized();
    let shift = unit.divide(options.shift);
    argument(shift.is_finite(), "shift", options.shift, "finite beside the largest entry of the tensor")?;
    let mut contraction = tensor.contraction();
    let mut x: Vec<f64> = start.iter().map(|x| x / length).collect();
    let mut y = vec![0.0; d];
    let mut effort = Effort::default();
    let (mut last, mut decrease) = (f64::NEG_INFINITY, 0.0f64);
    let mut status = Status::IterationLimit;
    while effort.iterations < options.iterations as u64 {
        let value = contraction.apply(&x, &mut y);
        decrease = maximum([decrease, last - value]);
        last = value;
        effort.iterations += 1;
        effort.flops += contraction.flops();
        if advance(&mut x, &mut y, shift) < options.tolerance {
            status = Status::Converged;
            break;
        }
    }
    let value = contraction.apply(&x, &mut y);
    let decrease = unit.multiply(maximum([decrease, last - value]));
    let value = unit.multiply(value);
    if !value.is_finite() {
        return Err(NumericalError::Overflow { what: "an eigenvalue" }.into());
    }
    Ok(Outcome { value: Eigenpair { x, value, decrease }, status, effort })
}

/// `(m−1) max_i Σ |t_{i…}|`, the largest absolute row sum of the tensor: a shift that is always sufficient.
pub fn sufficient_shift(tensor: &SymmetricTensor) -> f64 {
    let (m, d) = (tensor.order(), tensor.dimension());
    let mut sums = vec![0.0; d];
    tensor.monomials().for_each(|p, index| {
        let size = tensor.packed()[p].abs() * super::monomials::multiplicity(index);
        // Of all permutations of the index, a share of one over m for each slot starts with that slot's index.
        index.iter().for_each(|&i| sums[i] += size / m as f64);
    });
    (m - 1) as f64 * sums.into_iter().fold(0.0, f64::max)
}
