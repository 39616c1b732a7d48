//! Jacobi rotations on a matrix whose columns are nearly orthogonal already (after Drmač & Veselić 2008).
//!
//! ```text
//! 1  X P = Q R          pivoted: the rows of R decrease
//! 2  Rᵀ  = Q₂ Lᵀ        so R = L Q₂ᵀ, and the columns of L are far closer to orthogonal
//! 3  L W = Y Σ          rotations, W is not accumulated
//! 4  W   = L⁻¹ Y Σ      a triangular solve, a fraction of a sweep
//! 5  U   = Q Y,  V = P Q₂ W
//! ```
//!
//! Line 2 is columnwise stable only because of the order that pivoting gives to the rows of `R`: without it small
//! singular values are lost.

use faer::{Mat, MatRef};

use super::blocked::{Columns, Done};
use super::finish::{Triplets, normalise};
use super::{Engine, flops, status, tolerance};
use crate::error::Error;
use crate::linalg::{gram, householder, norm, pivoted_householder, solve_lower};

/// The decomposition of `X: m×n`, `m ≥ n`. Two QR factorizations, `4mn² + …` flops, then sweeps of `6n³`.
pub(super) fn jacobi(x: MatRef<'_, f64>, engine: Engine) -> Result<Triplets, Error> {
    let (m, n) = x.shape();
    let (first, order) = pivoted_householder(x); // line 1
    let second = householder(first.r().transpose()); // line 2
    let l = second.r().transpose().to_owned();
    let mut columns = Columns::new(l.as_ref(), None);
    let mut done = columns.orthogonalize(tolerance(m), engine); // line 3
    let mut y = columns.into_parts().0;
    let mut values = normalise(&mut y);
    let mut w = match solve(&l, &y, &values) {
        Some(w) => w,
        None => {
            // The triangle is too ill-conditioned for line 4: once more, with the rotations accumulated.
            let (done_again, parts) = accumulate(&l, tolerance(m), engine);
            done.sweeps += done_again.sweeps;
            done.effort += done_again.effort;
            done.converged = done_again.converged;
            y = parts.0;
            values = normalise(&mut y);
            parts.1
        }
    };
    done.effort += flops(4 * m * n * n + 4 * n * n * n + 2 * m * n * n);
    second.apply(w.as_mut()); // line 5
    let mut right = Mat::zeros(n, n);
    for j in 0..n {
        let (from, to) = (w.col_as_slice(j), right.col_as_slice_mut(j));
        order.iter().zip(from).for_each(|(&i, x)| to[i] = *x);
    }
    Ok(Triplets {
        left: first.embed(y.as_ref()),
        values,
        right,
        sweeps: done.sweeps,
        status: status(done.converged),
        effort: done.effort,
        certificate: None,
    })
}

fn accumulate(l: &Mat<f64>, tolerance: f64, engine: Engine) -> (Done, (Mat<f64>, Mat<f64>)) {
    let mut columns = Columns::new(l.as_ref(), Some(Mat::identity(l.nrows(), l.nrows()).as_ref()));
    let done = columns.orthogonalize(tolerance, engine);
    (done, columns.into_parts())
}

/// `W = L⁻¹ Y Σ`, if it comes out orthogonal.
fn solve(l: &Mat<f64>, y: &Mat<f64>, values: &[f64]) -> Option<Mat<f64>> {
    let n = l.nrows();
    // Rows of L decrease over many orders; of unit norm they are well-conditioned.
    let size: Vec<f64> = (0..n).map(|i| norm(&(0..=i).map(|j| l[(i, j)]).collect::<Vec<_>>())).collect();
    if values.iter().chain(&size).any(|&x| x == 0.0) {
        return None;
    }
    let scaled = Mat::from_fn(n, n, |i, j| if j <= i { l[(i, j)] / size[i] } else { 0.0 });
    let mut w = Mat::from_fn(n, n, |i, j| y[(i, j)] / size[i] * values[j]);
    solve_lower(scaled.as_ref(), w.as_mut());
    let g = gram(w.as_ref());
    let off = |i: usize, j: usize| (g[(i, j)] - f64::from(u8::from(i == j))).abs();
    let worst = (0..n).flat_map(|j| (0..n).map(move |i| (i, j))).map(|(i, j)| off(i, j));
    // A NaN is no small number.
    worst.fold(0.0, |w: f64, x| if x <= w { w } else { x }).le(&(n as f64 * 1e-14)).then_some(w)
}
