//! Sketch-and-precondition.

use faer::{Mat, MatRef};

use super::lsqr::{LsqrOptions, Solution, lsqr, silent};
use super::solve::prepared;
use crate::error::{Error, Size, argument, shape};
use crate::sketch::Sketch;
use crate::{Outcome, Par};

/// The first iterate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// Zero.
    Zero,
    /// The solution of the sketched problem.
    #[default]
    Sketched,
}

/// The triangular factor `R` of `S A` and the solution of the sketched problem.
#[derive(Debug, Clone)]
pub struct Preconditioned {
    /// `R: d×d`, upper triangular.
    pub r: Mat<f64>,
    /// `argmin ‖S A x − S b‖`, as precise as `R`: a start.
    pub x: Vec<f64>,
}

/// `R` with `RᵀR = (SA)ᵀSA`, to single precision where `κ(A)` allows it. With it `A R⁻¹` is well conditioned,
/// `κ ≤ (1 + √(d/m))/(1 − √(d/m))` for a Gaussian sketch of many rows, whatever the condition of `A`.
///
/// # Errors
/// As [`sketch_and_solve`](super::sketch_and_solve).
pub fn preconditioner(
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    par: Par,
) -> Result<Outcome<Preconditioned>, Error> {
    argument(sketch.nrows() >= a.ncols(), "m", sketch.nrows() as f64, "must be at least the number of columns")?;
    shape("the right-hand side", Size::Len(a.nrows()), Size::Len(b.len()))?;
    prepared(sketch, a, b, par)
}

/// Solves `min ‖A x − b‖₂` to rounding by LSQR, preconditioned with a sketch (Rokhlin & Tygert 2008; Avron, Maymounkov &
/// Toledo 2010, doi:10.1137/090767911).
///
/// With `m = γd` rows the error falls by about `γ^{−1/2}` an iteration. Cost: the sketch, `γd³` flops in single precision
/// for its Gram matrix, as many in double precision where `κ(A)` is above some tens, `2γd³` for its QR factorization where
/// it is near `10⁵` or above, and `4nd` an iteration. A sparse sketch, too, is in single precision, and is made anew in
/// double precision for `κ(A)` above some `10⁴`.
///
/// # Errors
/// As [`preconditioner`] and [`lsqr`].
pub fn precondition(
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    start: Start,
    options: &LsqrOptions,
) -> Result<Outcome<Solution>, Error> {
    let prepared = preconditioner(sketch, a, b, options.par)?;
    let Preconditioned { r, x } = prepared.value;
    let x0 = (start == Start::Sketched).then_some(x.as_slice());
    let mut solved = lsqr(a, b, Some(r.as_ref()), x0, options, &mut silent)?;
    solved.effort += prepared.effort;
    Ok(solved)
}
