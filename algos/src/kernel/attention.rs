//! Softmax attention `softmax(Q Kᵀ) V`, directly and by two reductions to Gaussian kernels.
//!
//! `exp⟨q, k⟩ = e^{‖q‖²/2} e^{‖k‖²/2} exp(−‖q − k‖²/2)`, and the factor of the query cancels in the quotient of numerator
//! and denominator.

use faer::{Mat, MatRef};

use super::Points;
use super::points::square;
use crate::error::{Error, InputError, NumericalError, Size, finite, shape};

/// How attention is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// From the logits `⟨q, k⟩`, the largest of each row subtracted.
    Direct,
    /// A kernel product whose weights carry `e^{‖k‖²/2}`, in the logarithm.
    Scaled,
    /// Keys get one more coordinate, `√(max‖k‖² − ‖k‖²)`, so that all have one norm; the smallest distance of each row is
    /// subtracted.
    Augmented,
    /// The same without the subtraction, as a kernel product that cannot shift its rows has it.
    Unshifted,
}

/// `softmax(Q Kᵀ) V` for `n` queries, `m` keys and `V: m×r`, row by row.
///
/// Cost: `nm(d + r)` multiply-adds.
///
/// # Errors
///
/// Shapes that do not fit, no keys, values that are not finite; a logit, squared norm, squared distance or sum that
/// overflows; with [`Reduction::Unshifted`] rows whose denominator underflows to zero.
pub fn attention(
    reduction: Reduction,
    queries: &Points,
    keys: &Points,
    values: MatRef<'_, f64>,
) -> Result<Mat<f64>, Error> {
    shape("coordinates of a key", Size::Len(queries.dimension()), Size::Len(keys.dimension()))?;
    shape("values", Size::Matrix(keys.len(), values.ncols()), Size::Matrix(values.nrows(), values.ncols()))?;
    finite("values", values.col_iter().flat_map(|column| column.iter()))?;
    if keys.is_empty() {
        return Err(InputError::Empty { what: "the set of keys" }.into());
    }
    let augmented = match reduction {
        Reduction::Direct | Reduction::Scaled => None,
        Reduction::Augmented | Reduction::Unshifted => Some(augment(queries, keys)?),
    };
    let (queries, keys) = augmented.as_ref().map_or((queries, keys), |(queries, keys)| (queries, keys));
    let mut out = Mat::zeros(queries.len(), values.ncols());
    for i in 0..queries.len() {
        let exponents = exponents(reduction, queries, keys, i);
        if !exponents.iter().all(|e| e.is_finite()) {
            return Err(NumericalError::Overflow { what: "attention: an exponent" }.into());
        }
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shift = if reduction == Reduction::Unshifted { 0.0 } else { top };
        let weights: Vec<f64> = exponents.iter().map(|e| (e - shift).exp()).collect();
        let total: f64 = weights.iter().sum();
        if total == 0.0 {
            return Err(
                NumericalError::Factorization { what: "attention: underflow of a row without shift, which" }.into()
            );
        }
        for c in 0..values.ncols() {
            out[(i, c)] = weights.iter().enumerate().map(|(j, w)| w * values[(j, c)]).sum::<f64>() / total;
            if !out[(i, c)].is_finite() {
                return Err(NumericalError::Overflow { what: "attention: a sum of values" }.into());
            }
        }
    }
    Ok(out)
}

/// The logarithms of a row's weights, up to a number that is the same for all keys; points are augmented already.
fn exponents(reduction: Reduction, queries: &Points, keys: &Points, i: usize) -> Vec<f64> {
    let of = |f: &dyn Fn(usize) -> f64| (0..keys.len()).map(f).collect();
    let q = queries.point(i);
    match reduction {
        Reduction::Direct => of(&|j| q.iter().zip(keys.point(j)).map(|(q, k)| q * k).sum()),
        Reduction::Scaled => of(&|j| {
            let k = keys.point(j);
            0.5 * k.iter().map(|k| k * k).sum::<f64>() - 0.5 * square(q, k)
        }),
        Reduction::Augmented | Reduction::Unshifted => of(&|j| -0.5 * square(q, keys.point(j))),
    }
}

/// Queries with a zero, keys with what their norms lack to the largest.
///
/// # Errors
///
/// Dimensions that differ; squared norms of keys that overflow.
pub fn augment(queries: &Points, keys: &Points) -> Result<(Points, Points), Error> {
    let d = queries.dimension();
    let norm = |p: &[f64]| p.iter().map(|x| x * x).sum::<f64>();
    let largest = (0..keys.len()).map(|j| norm(keys.point(j))).fold(0.0, f64::max);
    if !largest.is_finite() {
        return Err(NumericalError::Overflow { what: "attention: a squared norm" }.into());
    }
    let longer = |points: &Points, last: &dyn Fn(&[f64]) -> f64| {
        let each = |i: usize| points.point(i).iter().copied().chain([last(points.point(i))]).collect::<Vec<_>>();
        Points::new(points.len(), d + 1, (0..points.len()).flat_map(each).collect())
    };
    Ok((longer(queries, &|_| 0.0)?, longer(keys, &|k| (largest - norm(k)).max(0.0).sqrt())?))
}
