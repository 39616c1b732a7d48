//! Tensor sketches of rank-one vectors.

use super::parts::{Parts, Sketch};
use super::{Transform, fwht};
use crate::error::{Error, InputError, Size, finite, shape};

const NOT_TENSOR: InputError =
    InputError::Argument { name: "sketch", value: f64::NAN, requirement: "must be a tensor sketch" };

/// `S (u ⊗ v)` without the product `u ⊗ v`: two transforms and `m` products, `O(n₁ log n₁ + n₂ log n₂ + m)`.
///
/// # Errors
/// `sketch` is no tensor sketch, or its sides have other lengths; an entry that is not finite.
pub fn rank_one(sketch: &Sketch, u: &[f64], v: &[f64]) -> Result<Vec<f64>, Error> {
    let Parts::Tensor { left, right, pairs } = &sketch.parts else {
        return Err(NOT_TENSOR.into());
    };
    shape("the left factor", Size::Len(left.len()), Size::Len(u.len()))?;
    shape("the right factor", Size::Len(right.len()), Size::Len(v.len()))?;
    let transformed = |signs: &super::Signs, x: &[f64]| -> Result<Vec<f64>, Error> {
        finite("the factor", x)?;
        let mut y: Vec<f64> = x.iter().enumerate().map(|(i, x)| signs.get(i) * x).collect();
        fwht(Transform::Blocked, &mut y)?;
        Ok(y)
    };
    let (y, z) = (transformed(left, u)?, transformed(right, v)?);
    let scale = 1.0 / (pairs.len() as f64).sqrt();
    Ok(pairs.iter().map(|&(i, j)| scale * y[i as usize] * z[j as usize]).collect())
}
