//! General CP decomposition of a tensor of equal sides by alternating least squares, without the symmetry.

use faer::{Mat, MatRef};
use ndarray::{ArrayViewD, Dimension, IxDyn};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::error::{argument, finite};
use crate::linalg::{norm, product, thin_svd};
use crate::{Effort, Error, Outcome, Status};

/// A sum of `R` products of vectors, one factor matrix `d×R` for each mode; weights are in the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Cp {
    /// Factor matrices.
    pub factors: Vec<Mat<f64>>,
    /// `‖T − T̂‖_F/‖T‖_F`, from explicit differences.
    pub relative_error: f64,
}

/// Alternating least squares from a Gaussian start. Cost of a sweep: `2m d^m R` flops.
///
/// # Errors
///
/// [`Error::Input`]: an entry that is not finite, a tensor without entries, no components.
pub fn cp_als(
    tensor: ArrayViewD<'_, f64>,
    rank: usize,
    sweeps: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Cp>, Error> {
    argument(rank >= 1, "rank", rank as f64, "at least 1")?;
    argument(!tensor.is_empty(), "entries", tensor.len() as f64, "at least one")?;
    finite("dense tensor", tensor.iter())?;
    let sides = tensor.shape().to_vec();
    let mut factors: Vec<Mat<f64>> = Vec::new();
    for &side in &sides {
        let mut factor = Mat::zeros(side, rank);
        (0..rank).for_each(|j| factor.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
        factors.push(factor);
    }
    let entries: Vec<(Vec<usize>, f64)> =
        tensor.indexed_iter().map(|(index, x)| (IxDyn::slice(&index).to_vec(), *x)).collect();
    for _ in 0..sweeps {
        for mode in 0..sides.len() {
            let mut gram = Mat::from_fn(rank, rank, |_, _| 1.0);
            for (_, factor) in factors.iter().enumerate().filter(|(k, _)| *k != mode) {
                let g = product(factor.transpose(), factor.as_ref());
                gram = Mat::from_fn(rank, rank, |i, j| gram[(i, j)] * g[(i, j)]);
            }
            let mut right = Mat::<f64>::zeros(rank, sides[mode]);
            let mut row = vec![0.0; rank];
            for (index, x) in &entries {
                row.fill(*x);
                for (k, factor) in factors.iter().enumerate().filter(|(k, _)| *k != mode) {
                    row.iter_mut().enumerate().for_each(|(r, row)| *row *= factor[(index[k], r)]);
                }
                right.col_as_slice_mut(index[mode]).iter_mut().zip(&row).for_each(|(a, b)| *a += b);
            }
            factors[mode] = pseudo_solve(gram.as_ref(), right.as_ref())?.transpose().to_owned();
            if mode + 1 < sides.len() {
                for j in 0..rank {
                    let column = factors[mode].col_as_slice_mut(j);
                    let length = norm(column);
                    if length > 0.0 {
                        column.iter_mut().for_each(|x| *x /= length);
                    }
                }
            }
        }
    }
    let mut rest = Vec::with_capacity(entries.len());
    for (index, x) in &entries {
        let term = |r: usize| factors.iter().zip(index).map(|(f, &i)| f[(i, r)]).product::<f64>();
        rest.push(x - (0..rank).map(term).sum::<f64>());
    }
    let size = norm(&entries.iter().map(|(_, x)| *x).collect::<Vec<_>>());
    let relative_error = if size == 0.0 { norm(&rest) } else { norm(&rest) / size };
    let flops = (sweeps * sides.len() * sides.len() * entries.len() * rank) as u64;
    let effort = Effort { iterations: sweeps as u64, flops, ..Effort::default() };
    Ok(Outcome { value: Cp { factors, relative_error }, status: Status::IterationLimit, effort })
}

/// The solution of least norm of `G X = B` for a Gram matrix `G`, singular values below `1e-12` of the first left out.
fn pseudo_solve(g: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let svd = thin_svd(g)?;
    let mut along = product(svd.left.transpose(), b);
    for j in 0..along.ncols() {
        for (x, sigma) in along.col_as_slice_mut(j).iter_mut().zip(&svd.values) {
            *x = if *sigma > 1e-12 * svd.values[0] { *x / sigma } else { 0.0 };
        }
    }
    Ok(product(svd.right.as_ref(), along.as_ref()))
}
