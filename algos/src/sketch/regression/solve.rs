//! Sketch-and-solve.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::{ColRef, Mat, MatRef, Spec};

use crate::error::{Error, NumericalError, Size, argument, shape};
use crate::linalg::{gram, singular_values, triangular_factor};
use crate::sketch::{Input, Sketch, Variant, apply};
use crate::{Effort, Outcome, Par, Status};

/// A diagonal entry of `R` below this fraction of the largest means that the rank is not full.
const RANK: f64 = 1e-13;
/// Above this ratio of pivots a Gram matrix does not lose what a preconditioner needs.
const SAFE: f64 = 1e-5;

/// `x' = argmin ‖S A x − S b‖₂` (Song, Ye, Yin & Zhang 2023, algorithm 1; arXiv:2302.00248).
///
/// Cost: one sketch of `d + 1` columns and `2md²` flops.
///
/// # Errors
/// [`Error::Input`]: shapes that do not fit, `m < d`, entries that are not finite.
/// [`NumericalError::SketchRankDeficient`]: `S A` has not full rank. There is then no single solution, and none is
/// returned.
pub fn sketch_and_solve(
    variant: Variant,
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
) -> Result<Outcome<Vec<f64>>, Error> {
    // Line 1: shapes.
    let (n, d) = a.shape();
    shape("the right-hand side", Size::Len(n), Size::Len(b.len()))?;
    argument(sketch.nrows() >= d, "m", sketch.nrows() as f64, "must be at least the number of columns")?;
    let Outcome { value: image, mut effort, .. } = sketched(variant, sketch, a, b, Par::Seq)?;
    let (_, x) = solved(image, qr_factor, &mut effort)?;
    Ok(Outcome { value: x, status: Status::Converged, effort })
}

/// `[SA Sb]`, line 2: one and the same `S` on both.
pub(super) fn sketched(
    variant: Variant,
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    par: Par,
) -> Result<Outcome<Mat<f64>>, Error> {
    if sketch.is_generated() {
        // Twice the entries of S would cost more than a copy of A.
        return apply(variant, sketch, Input::Dense(join(a, b).as_ref()), par);
    }
    let left = apply(variant, sketch, Input::Dense(a), par)?;
    let right = apply(variant, sketch, b.into(), par)?;
    let value = join(left.value.as_ref(), right.value.col_as_slice(0));
    Ok(Outcome { value, status: left.status, effort: left.effort + right.effort })
}

/// `[A b]`.
fn join(a: MatRef<'_, f64>, b: &[f64]) -> Mat<f64> {
    let mut joined = Mat::zeros(a.nrows(), a.ncols() + 1);
    let (mut left, right) = joined.as_mut().split_at_col_mut(a.ncols());
    left.copy_from(a);
    right.col_mut(0).copy_from(ColRef::from_slice(b));
    joined
}

/// `R` and `R⁻¹Qᵀ(Sb)` of a QR factorization `SA = QR`, given `[SA Sb]`: lines 3 to 5, since the triangular factor of
/// the joined matrix, which `factor` computes, holds `R` and `Qᵀ(Sb)`.
///
/// Both parts are scaled to largest entries near 1 meanwhile, so that no square under- or overflows.
pub(super) fn solved(
    mut joined: Mat<f64>,
    factor: fn(MatRef<'_, f64>, &mut Effort) -> Mat<f64>,
    effort: &mut Effort,
) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let d = joined.ncols() - 1;
    let scale = |joined: &mut Mat<f64>, columns: std::ops::Range<usize>| {
        let largest = columns.clone().flat_map(|j| joined.col_as_slice(j)).fold(0.0, |l: f64, x| l.max(x.abs()));
        let factor = power_of_two_below(largest);
        columns.for_each(|j| joined.col_as_slice_mut(j).iter_mut().for_each(|x| *x /= factor));
        factor
    };
    let (left, right) = (scale(&mut joined, 0..d), scale(&mut joined, d..d + 1));
    let factor = factor(joined.as_ref(), effort);
    let r = factor.as_ref().submatrix(0, 0, d, d);
    full_rank(r)?;
    let mut x: Vec<f64> = (0..d).map(|i| factor[(i, d)]).collect();
    solve_upper(r, &mut x);
    x.iter_mut().for_each(|x| *x *= right / left);
    Ok((Mat::from_fn(d, d, |i, j| left * r[(i, j)]), x))
}

/// The triangular factor of `[SA Sb]` by Cholesky's factorization of its Gram matrix: half the flops of a QR
/// factorization, in products. An error of `eps·κ(SA)²` does not harm a preconditioner unless it is near 1; where
/// pivots say that it may be, a QR factorization takes over.
pub(super) fn gram_factor(joined: MatRef<'_, f64>, effort: &mut Effort) -> Mat<f64> {
    let (m, d) = (joined.nrows(), joined.ncols() - 1);
    effort.flops += (m * d * d) as u64;
    let mut g = gram(joined);
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(d + 1, Par::Seq, Spec::default()));
    let (stack, rules) = (MemStack::new(&mut memory), LltRegularization::default());
    let done = cholesky_in_place(g.as_mut(), rules, Par::Seq, stack, Spec::default()).is_ok();
    let pivots = || (0..d).map(|j| g[(j, j)]);
    if done && pivots().fold(f64::INFINITY, f64::min) > SAFE * pivots().fold(0.0, f64::max) {
        return Mat::from_fn(d + 1, d + 1, |i, j| if i <= j { g[(j, i)] } else { 0.0 });
    }
    qr_factor(joined, effort)
}

/// The same by Householder's QR factorization.
fn qr_factor(joined: MatRef<'_, f64>, effort: &mut Effort) -> Mat<f64> {
    let (m, d) = (joined.nrows(), joined.ncols() - 1);
    effort.flops += 2 * (m * d * d) as u64;
    triangular_factor(joined)
}

/// The power of two at or below a positive normal number, else 1: dividing by it is exact.
pub(super) fn power_of_two_below(x: f64) -> f64 {
    if x.is_normal() { f64::from_bits(x.to_bits() & (0x7FF << 52)) } else { 1.0 }
}

/// Refuses an upper triangular matrix that has not full numerical rank.
pub(super) fn full_rank(r: MatRef<'_, f64>) -> Result<(), Error> {
    let d = r.ncols();
    let diagonal = || (0..d).map(|j| r[(j, j)].abs());
    let (low, high) = (diagonal().fold(f64::INFINITY, f64::min), diagonal().fold(0.0, f64::max));
    // Written so that a NaN is refused.
    if low > RANK * high {
        return Ok(());
    }
    let values = singular_values(r)?;
    let rank = values.iter().filter(|&&value| value > RANK * values[0]).count().min(d.saturating_sub(1));
    Err(NumericalError::SketchRankDeficient { rank, columns: d }.into())
}

/// `x ← R⁻¹ x`, by columns. Cost: `d²` flops.
pub(super) fn solve_upper(r: MatRef<'_, f64>, x: &mut [f64]) {
    for j in (0..x.len()).rev() {
        x[j] /= r[(j, j)];
        let (above, xj) = (r.col(j), x[j]);
        x[..j].iter_mut().zip(above.iter()).for_each(|(x, r)| *x -= xj * r);
    }
}

/// `x ← R⁻ᵀ x`. Cost: `d²` flops.
pub(super) fn solve_upper_transposed(r: MatRef<'_, f64>, x: &mut [f64]) {
    for j in 0..x.len() {
        let done: f64 = x[..j].iter().zip(r.col(j).iter()).map(|(x, r)| x * r).sum();
        x[j] = (x[j] - done) / r[(j, j)];
    }
}
