//! Decomposition of order 3 by one generalized eigenvalue problem (Jennrich; Leurgans, Ross & Abel 1993).

use faer::Mat;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::error::argument;
use crate::linalg::{least_squares, norm, product, real_eigenvectors, solve, thin_svd};
use crate::tensor::instance::Truth;
use crate::tensor::symmetric::SymmetricTensor;
use crate::{Effort, Error, Outcome, Status};

/// Decomposes a symmetric tensor of order 3 and rank `r ≤ d`.
///
/// Two random contractions `Σ_i u_i T_i`, compressed to the column space, are `A diag(·) Aᵀ`; the eigenvectors of their
/// quotient are the columns of `A`. Its error grows with the inverse of the smallest gap of the eigenvalues, ratios of
/// random numbers, also where `A` is orthonormal. Cost: `6d⁴ + 25d³` flops.
///
/// # Errors
///
/// [`Error::Input`]: another order, or `r` not in `1..=d`. [`Error::Numerical`]: a singular contraction.
pub fn gevd(tensor: &SymmetricTensor, r: usize, rng: &mut ChaCha8Rng) -> Result<Outcome<Truth>, Error> {
    let (m, d) = (tensor.order(), tensor.dimension());
    argument(m == 3, "order", m as f64, "3")?;
    argument(r >= 1 && r <= d, "rank", r as f64, "between 1 and the dimension")?;
    let svd = thin_svd(tensor.flatten(2)?.matrix.transpose())?;
    let u = svd.left.as_ref().subcols(0, r).to_owned();
    let mut contracted = || {
        let along: Vec<f64> = (0..d).map(|_| rng.sample(StandardNormal)).collect();
        let slice =
            Mat::from_fn(d, d, |i, j| along.iter().enumerate().map(|(k, a)| a * tensor.entry(&[i, j, k])).sum::<f64>());
        product(u.transpose(), product(slice.as_ref(), u.as_ref()).as_ref())
    };
    let (first, second) = (contracted(), contracted());
    // The eigenvectors of F S⁻¹ are those of the transposed solution of Sᵀ X = Fᵀ; both are symmetric.
    let quotient = solve(second.as_ref(), first.as_ref())?.transpose().to_owned();
    let mut vectors = product(u.as_ref(), real_eigenvectors(quotient.as_ref())?.as_ref());
    for j in 0..r {
        let column = vectors.col_as_slice_mut(j);
        let length = norm(column);
        column.iter_mut().for_each(|x| *x /= length);
    }
    let weights = fit_weights(tensor, &vectors)?;
    let (n, r) = (d as u64, r as u64);
    let flops = 6 * n.pow(4) + 4 * n.pow(3) + 4 * n * n * r + 25 * r.pow(3);
    Ok(Outcome {
        value: Truth { vectors, weights },
        status: Status::Converged,
        effort: Effort { flops, ..Effort::default() },
    })
}

/// The weights of least squares: `(AᵀA)^{∘m} λ = (T a_r^m)`.
///
/// # Errors
///
/// A decomposition that does not converge.
pub fn fit_weights(tensor: &SymmetricTensor, vectors: &Mat<f64>) -> Result<Vec<f64>, Error> {
    let r = vectors.ncols();
    let mut contraction = tensor.contraction();
    let mut y = vec![0.0; tensor.dimension()];
    let right: Vec<f64> = (0..r).map(|j| contraction.apply(vectors.col_as_slice(j), &mut y)).collect();
    let gram = product(vectors.transpose(), vectors.as_ref());
    let power = Mat::from_fn(r, r, |i, j| gram[(i, j)].powi(tensor.order() as i32));
    least_squares(power.as_ref(), &right)
}
