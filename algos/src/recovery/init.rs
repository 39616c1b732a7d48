//! The start `U_0` (Algorithm 1, lines 1–3).

use faer::{Mat, MatRef};

use super::{Init, Options, diagnose::numerical_rank};
use crate::error::{Error, NumericalError};
use crate::linalg::symmetric_eigen;

/// `U_0` and its numerical rank. `sign_average` computes `M_0 = (1/m) Σ sign(y_i) S_i` when the spectral start wants it.
pub(crate) fn start(
    options: &Options<'_>,
    d: usize,
    sign_average: impl FnOnce() -> Mat<f64>,
) -> Result<(Mat<f64>, usize), Error> {
    let u = match options.init {
        Init::Spectral { alpha } => spectral(alpha, options.width, sign_average().as_ref())?,
        Init::Gaussian { alpha, direction } => {
            let scale = alpha / (d as f64).sqrt();
            Mat::from_fn(d, options.width, |i, j| scale * direction[(i, j)])
        }
        Init::Given(u) => u.to_owned(),
    };
    let effective = numerical_rank(u.as_ref())?;
    if effective == 0 {
        return Err(NumericalError::DegenerateInit { why: "U0 = 0 is a fixed point" }.into());
    }
    Ok((u, effective))
}

fn spectral(alpha: f64, width: usize, average: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let d = average.nrows();
    let (values, vectors) = symmetric_eigen(average)?;
    // Ascending order: the j-th largest eigenvalue is the (d−1−j)-th.
    if values[d - 1] <= 0.0 {
        return Err(NumericalError::DegenerateInit {
            why: "the average of sign(y_i) S_i has no positive eigenvalue, so the spectral start is zero",
        }
        .into());
    }
    Ok(Mat::from_fn(d, width, |i, j| alpha * vectors[(i, d - 1 - j)] * values[d - 1 - j].max(0.0).sqrt()))
}
