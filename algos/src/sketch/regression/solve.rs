//! Sketch-and-solve.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::traits::ComplexField;
use faer::{ColRef, Mat, MatRef, Spec};

use super::precondition::Preconditioned;
use crate::error::{Error, NumericalError, Size, argument, shape};
use crate::linalg::{dot, gram, power_of_two_scale, singular_values, triangular_factor};
use crate::simd::Simd;
use crate::sketch::fast::{Single, single};
use crate::sketch::{Input, Sketch, Variant, apply};
use crate::{Effort, Outcome, Par, Status};

/// A diagonal entry of `R` below this fraction of the largest means that the rank is not full.
const RANK: f64 = 1e-13;
/// Above these ratios of pivots a Gram matrix does not lose what a preconditioner needs.
const SAFE_SINGLE: f64 = 0.03;
const SAFE_DOUBLE: f64 = 1e-5;
/// As the double one, of columns that are rounded to single precision: an error of `κ(SA)·6·10⁻⁸` in `R`.
const SAFE_ROUNDED: f64 = 1e-4;

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
    let scaled = Scaled::new(&image);
    let (_, x) = solved(&qr_factor(&scaled, &mut effort), &scaled.scales)?;
    Ok(Outcome { value: x, status: Status::Converged, effort })
}

/// `[SA Sb]`, one matrix or two beside each other.
pub(super) struct Image(Vec<Mat<f64>>);

impl Image {
    fn columns(&self) -> Vec<&[f64]> {
        self.0.iter().flat_map(|part| (0..part.ncols()).map(|j| part.col_as_slice(j))).collect()
    }
}

/// Line 2: one and the same `S` on both.
pub(super) fn sketched(
    variant: Variant,
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    par: Par,
) -> Result<Outcome<Image>, Error> {
    if sketch.is_generated() {
        // Twice the entries of S would cost more than a copy of A.
        let mut joined = Mat::zeros(a.nrows(), a.ncols() + 1);
        let (mut left, right) = joined.as_mut().split_at_col_mut(a.ncols());
        left.copy_from(a);
        right.col_mut(0).copy_from(ColRef::from_slice(b));
        let Outcome { value, status, effort } = apply(variant, sketch, Input::Dense(joined.as_ref()), par)?;
        return Ok(Outcome { value: Image(vec![value]), status, effort });
    }
    let left = apply(variant, sketch, Input::Dense(a), par)?;
    let right = apply(variant, sketch, b.into(), par)?;
    let value = Image(vec![left.value, right.value]);
    Ok(Outcome { value, status: left.status, effort: left.effort + right.effort })
}

/// `R` and `R⁻¹Qᵀ(Sb)` of a QR factorization `SA = QR`: lines 3 to 5, since the triangular factor of `[SA Sb]` holds `R`
/// and `Qᵀ(Sb)`. Column `j` of `factor` is to be multiplied by scale `j`.
pub(super) fn solved(factor: &Mat<f64>, scales: &[f64]) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let (left, right) = scales.split_at(factor.ncols() - 1);
    let d = left.len();
    let largest = left.iter().fold(0.0, |a: f64, x| a.max(*x));
    let r = Mat::from_fn(d, d, |i, j| factor[(i, j)] * (left[j] / largest));
    full_rank(r.as_ref())?;
    let mut x: Vec<f64> = (0..d).map(|i| factor[(i, d)]).collect();
    solve_upper(factor, &mut x);
    x.iter_mut().zip(left).for_each(|(x, left)| *x *= right[0] / left);
    Ok((largest * r, x))
}

/// The columns of `[SA Sb]` over scales that bring the largest entry of each near 1, so that no square under- or
/// overflows, and that change no bit of a factorization.
pub(super) struct Scaled<'a> {
    columns: Vec<&'a [f64]>,
    scales: Vec<f64>,
}

impl<'a> Scaled<'a> {
    fn new(image: &'a Image) -> Self {
        let columns = image.columns();
        let scales = columns.iter().map(|column| power_of_two_scale(column)).collect();
        Self { columns, scales }
    }

    fn matrix<T: ComplexField>(&self, round: fn(f64) -> T) -> Mat<T> {
        let mut out = Mat::zeros(self.columns[0].len(), self.columns.len());
        for (j, (column, scale)) in self.columns.iter().zip(&self.scales).enumerate() {
            out.col_as_slice_mut(j).iter_mut().zip(*column).for_each(|(out, x)| *out = round(x / scale));
        }
        out
    }
}

/// `R` and the solution of the sketched problem, for a preconditioner, by Cholesky's factorization of the Gram matrix of
/// `[SA Sb]`: half the flops of a QR factorization, in products, and in single precision half the time again. An error of
/// `eps·κ(SA)²` does not harm a preconditioner unless it is near 1; where pivots say that it may be, a Gram matrix in
/// double precision and then a QR factorization take over. Sparse sketches are in single precision from the start, which
/// suffices for the first two.
pub(super) fn prepared(
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    par: Par,
) -> Result<Outcome<Preconditioned>, Error> {
    let single = single(sketch, a, b, Simd::detect(), par);
    let mut effort = single.as_ref().map_or_else(Effort::default, |single| single.effort);
    if let Some(Single { columns, scales, .. }) = &single
        && let Some(factor) = in_single(columns, &mut effort)
            .or_else(|| by_pivots(widened(columns).as_ref(), |x| x, SAFE_ROUNDED, &mut effort))
    {
        let (r, x) = solved(&factor, scales)?;
        return Ok(Outcome { value: Preconditioned { r, x }, status: Status::Converged, effort });
    }
    let Outcome { value: image, status, effort: own } = sketched(Variant::Fast, sketch, a, b, par)?;
    effort += own;
    let scaled = Scaled::new(&image);
    let untried = single.is_none().then(|| scaled.matrix(|x| x as f32));
    let factor = untried
        .and_then(|columns| in_single(&columns, &mut effort))
        .or_else(|| by_pivots(scaled.matrix(|x| x).as_ref(), |x| x, SAFE_DOUBLE, &mut effort))
        .unwrap_or_else(|| qr_factor(&scaled, &mut effort));
    let (r, x) = solved(&factor, &scaled.scales)?;
    Ok(Outcome { value: Preconditioned { r, x }, status, effort })
}

/// The factor in single precision, if the pivots of a few rows do not say already that it will not do.
fn in_single(columns: &Mat<f32>, effort: &mut Effort) -> Option<Mat<f64>> {
    let few = 2 * columns.ncols();
    if few < columns.nrows() / 2 {
        by_pivots(columns.subrows(0, few), f64::from, SAFE_SINGLE / 2.0, effort)?;
    }
    by_pivots(columns.as_ref(), f64::from, SAFE_SINGLE, effort)
}

fn widened(columns: &Mat<f32>) -> Mat<f64> {
    Mat::from_fn(columns.nrows(), columns.ncols(), |i, j| f64::from(columns[(i, j)]))
}

/// The transposed Cholesky factor of the Gram matrix of some columns, or none if a pivot of those before the last is below
/// this fraction of the largest.
fn by_pivots<T: ComplexField + Copy>(
    columns: MatRef<'_, T>,
    widen: fn(T) -> f64,
    safe: f64,
    effort: &mut Effort,
) -> Option<Mat<f64>> {
    let d = columns.ncols() - 1;
    effort.flops += (columns.nrows() * d * d) as u64;
    let products = gram(columns);
    let mut g = Mat::from_fn(d + 1, d + 1, |i, j| widen(products[(i, j)]));
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(d + 1, Par::Seq, Spec::default()));
    let (stack, rules) = (MemStack::new(&mut memory), LltRegularization::default());
    cholesky_in_place(g.as_mut(), rules, Par::Seq, stack, Spec::default()).ok()?;
    let pivots = || (0..d).map(|j| g[(j, j)]);
    let kept = pivots().fold(f64::INFINITY, f64::min) > safe * pivots().fold(0.0, f64::max);
    kept.then(|| Mat::from_fn(d + 1, d + 1, |i, j| if i <= j { g[(j, i)] } else { 0.0 }))
}

/// The same by Householder's QR factorization.
fn qr_factor(scaled: &Scaled<'_>, effort: &mut Effort) -> Mat<f64> {
    let joined = scaled.matrix(|x| x);
    let (m, d) = (joined.nrows(), joined.ncols() - 1);
    effort.flops += 2 * (m * d * d) as u64;
    triangular_factor(joined.as_ref())
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

/// `x ← R⁻¹ x`, by columns, with the leading part of `R` that fits. Cost: `d²` flops.
pub(super) fn solve_upper(r: &Mat<f64>, x: &mut [f64]) {
    for j in (0..x.len()).rev() {
        x[j] /= r[(j, j)];
        let xj = x[j];
        x[..j].iter_mut().zip(r.col_as_slice(j)).for_each(|(x, r)| *x -= xj * r);
    }
}

/// `x ← R⁻ᵀ x`. Cost: `d²` flops.
pub(super) fn solve_upper_transposed(r: &Mat<f64>, x: &mut [f64]) {
    for j in 0..x.len() {
        x[j] = (x[j] - dot(&x[..j], &r.col_as_slice(j)[..j])) / r[(j, j)];
    }
}
