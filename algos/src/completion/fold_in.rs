//! New rows for a matrix that is already completed.

use std::borrow::Cow;

use faer::{Mat, MatRef, Scale};

use super::fast::{altmin::cheaper, factor::Factor, half};
use super::{Cg, Inner, Observations, driver};
use crate::error::{Size, argument, finite, shape};
use crate::linalg::{exponent, halves, solve_lower};
use crate::parallel::Spaces;
use crate::simd::Simd;
use crate::{Effort, Error, NumericalError, Outcome, Par, Status};

/// The rows `u_i` that fit a factor `V: n×k` best, `min Σ_{j ∈ Ω_i} (u_i·v_j − M_ij)²` for each row of the `m×n`
/// observations: `U: m×k`.
///
/// New users of a recommender join so without completing the matrix again; it is one half-sweep of AltMin. A row without
/// entries is zero; one with fewer entries than unknowns is that of least norm in an orthonormal basis of `V`.
///
/// With [`Inner::Cg`] each row takes at most the steps given, from `start: m×k` or from zero; with [`Inner::Auto`] from a
/// start that is far off choose [`Inner::Cholesky`] instead. Cost: `|Ω|k(k + 3) + mk³/3` flops exactly, `4|Ω|k` a step of
/// conjugate gradients and `4|Ω|k` besides. `par` never changes a bit.
///
/// # Errors
///
/// [`Error::Input`]: shapes that do not fit, `V` or the start not finite, more columns than rows of `V`.
/// [`Error::Numerical`]: columns of `V` that are dependent to about seven digits; rows that overflow.
pub fn fold_in(
    observations: &Observations,
    v: MatRef<'_, f64>,
    start: Option<MatRef<'_, f64>>,
    inner: Inner,
    par: Par,
) -> Result<Outcome<Mat<f64>>, Error> {
    let ((m, n), k) = (observations.shape(), v.ncols());
    shape("V", Size::Matrix(n, k), Size::Matrix(v.nrows(), k))?;
    argument((1..=n).contains(&k), "columns of V", k as f64, "between 1 and its rows")?;
    finite("V", v.col_iter().flat_map(|c| c.iter()))?;
    if let Some(start) = start {
        shape("start", Size::Matrix(m, k), Size::Matrix(start.nrows(), start.ncols()))?;
        finite("start", start.col_iter().flat_map(|c| c.iter()))?;
    }
    let mut effort = Effort::default();
    // Powers of two bring both sides to order one, so that no square leaves the range, and change no digit.
    let (of_v, of_m) = (exponent(v.norm_max()), exponent(observations.largest()));
    let mut design = Factor::scaled(-of_v, v);
    let [p, q] = halves(-of_m);
    let observations =
        if of_m == 0 { Cow::Borrowed(observations) } else { Cow::Owned(observations.scaled(p).scaled(q)) };
    let r = design.orthonormalize(&mut effort)?;
    let largest = (0..k).map(|j| r[(j, j)].abs()).fold(0.0, f64::max);
    if let Some(column) = (0..k).find(|&j| r[(j, j)].abs() <= DEPENDENT * largest || below(&r, j)) {
        return Err(NumericalError::RankDeficient { column }.into());
    }
    let mut u = match start {
        Some(start) => Factor::scaled(of_v - of_m, start).carried(&r, &mut effort),
        None => Factor::zeros(m, k),
    };
    let method = match cheaper(inner, k, observations.len() as f64 / m as f64) {
        Inner::Cg(cg) => half::Method::Cg(Cg { warm: start.is_some(), ..cg }),
        _ => half::Method::Exact { residual: false },
    };
    let done = half::half(observations.rows(), &design, &mut u, method, Simd::detect(), par, &Spaces::new())?;
    effort += done.tally.effort;
    // `Û Qᵀ = U Vᵀ = U Rᵀ Qᵀ`.
    let mut inverse = Mat::identity(k, k);
    solve_lower(r.transpose(), inverse.as_mut());
    let u = u.carried(&inverse.transpose().to_owned(), &mut effort);
    driver::finite(u.view(), 1)?;
    let [p, q] = halves(of_m - of_v);
    let mut value = Scale(p) * u.view();
    if q != 1.0 {
        value *= Scale(q);
        if !value.col_iter().all(|c| c.iter().all(|x| x.is_finite())) {
            return Err(NumericalError::Overflow { what: "a row" }.into());
        }
    }
    Ok(Outcome { value, status: Status::Converged, effort })
}

/// Diagonal entries of `R` below this fraction of the largest are those of dependent columns.
const DEPENDENT: f64 = 1e-7;

/// Whether column `j` has entries below the diagonal: then `R` is none of Cholesky.
fn below(r: &Mat<f64>, j: usize) -> bool {
    (j + 1..r.nrows()).any(|i| r[(i, j)] != 0.0)
}
