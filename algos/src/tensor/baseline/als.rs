//! General CP decomposition of a tensor of equal sides by alternating least squares, without the symmetry.

use faer::{Mat, MatRef};
use ndarray::{ArrayViewD, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::error::{argument, finite};
use crate::linalg::{distance, norm, product, symmetric_eigen};
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
    let unfoldings: Vec<Mat<f64>> = (0..sides.len()).map(|mode| unfold(tensor.view(), mode)).collect();
    for _ in 0..sweeps {
        for mode in 0..sides.len() {
            let mut gram = Mat::from_fn(rank, rank, |_, _| 1.0);
            for (_, factor) in factors.iter().enumerate().filter(|(k, _)| *k != mode) {
                let g = product(factor.transpose(), factor.as_ref());
                gram = Mat::from_fn(rank, rank, |i, j| gram[(i, j)] * g[(i, j)]);
            }
            let others = columnwise(factors.iter().enumerate().filter(|(k, _)| *k != mode).map(|(_, f)| f), rank);
            let right = product(others.transpose(), unfoldings[mode].as_ref());
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
    let last = sides.len() - 1;
    let model = product(columnwise(factors[..last].iter(), rank).as_ref(), factors[last].transpose());
    let size = unfoldings[last].norm_l2();
    let rest = distance(model.as_ref(), unfoldings[last].as_ref());
    let relative_error = if size == 0.0 { rest } else { rest / size };
    let flops = (sweeps * sides.len() * sides.len() * tensor.len() * rank) as u64;
    let effort = Effort { iterations: sweeps as u64, flops, ..Effort::default() };
    Ok(Outcome { value: Cp { factors, relative_error }, status: Status::IterationLimit, effort })
}

/// The unfolding with one mode as columns; the other indices in order, the last one fastest.
fn unfold(tensor: ArrayViewD<'_, f64>, mode: usize) -> Mat<f64> {
    let side = tensor.shape()[mode];
    let mut unfolded = Mat::zeros(tensor.len() / side, side);
    for (i, slice) in tensor.axis_iter(Axis(mode)).enumerate() {
        unfolded.col_as_slice_mut(i).iter_mut().zip(slice).for_each(|(to, x)| *to = *x);
    }
    unfolded
}

/// Column `r` is the product `⊗_k f_k` of the columns `r` of the factors, the last index fastest.
fn columnwise<'a>(factors: impl Iterator<Item = &'a Mat<f64>>, rank: usize) -> Mat<f64> {
    factors.fold(Mat::from_fn(1, rank, |_, _| 1.0), |all, factor| {
        let mut next = Mat::zeros(all.nrows() * factor.nrows(), rank);
        for r in 0..rank {
            let lines = next.col_as_slice_mut(r).chunks_exact_mut(factor.nrows());
            for (line, a) in lines.zip(all.col_as_slice(r)) {
                line.iter_mut().zip(factor.col_as_slice(r)).for_each(|(to, f)| *to = a * f);
            }
        }
        next
    })
}

/// The solution of least norm of `G X = B` for a Gram matrix `G`, eigenvalues below `1e-12` of the largest left out.
fn pseudo_solve(g: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let (values, vectors) = symmetric_eigen(g)?;
    let largest = values[values.len() - 1];
    let mut along = product(vectors.transpose(), b);
    for j in 0..along.ncols() {
        for (x, value) in along.col_as_slice_mut(j).iter_mut().zip(&values) {
            *x = if *value > 1e-12 * largest { *x / value } else { 0.0 };
        }
    }
    Ok(product(vectors.as_ref(), along.as_ref()))
}
