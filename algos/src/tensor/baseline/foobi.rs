//! FOOBI: order 4 with positive weights, by a linear system and a joint diagonalization.
//!
//! De Lathauwer, Castaing & Cardoso (2007), [doi:10.1109/TSP.2007.893943](https://doi.org/10.1109/TSP.2007.893943). With
//! `mat(T) = H Hᵀ` for the columns `H_r = √D_r mat(V_r)` there is an orthogonal `Q` with `Σ_r Q_ri H_r = √λ_i a_i a_iᵀ`. A
//! symmetric `W` for which `Σ_ab W_ab Φ(H_a, H_b) = 0`, where `Φ(X, X) = 0` just for rank one, is `Q diag(·) Qᵀ`; there
//! are `R` of them, and their common eigenvectors are `Q`.

use faer::Mat;

use crate::error::argument;
use crate::linalg::{norm, product, symmetric_eigen};
use crate::tensor::instance::Truth;
use crate::tensor::symmetric::SymmetricTensor;
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// Most sweeps of the joint diagonalization, and the rotation angle at which it ends.
const SWEEPS: usize = 60;
const ANGLE: f64 = 1e-14;

/// Decomposes a symmetric tensor of order 4 with `r` positive weights.
///
/// Cost: `O(R⁴d²)` for the Gram matrix of all `Φ(H_a, H_b)` and `9(R²/2)³` for its kernel.
///
/// # Errors
///
/// [`Error::Input`]: another order or no components. [`Error::Numerical`]: a flattening without `r` positive eigenvalues.
pub fn foobi(tensor: &SymmetricTensor, r: usize) -> Result<Outcome<Truth>, Error> {
    let (m, d) = (tensor.order(), tensor.dimension());
    argument(m == 4, "order", m as f64, "4")?;
    let flattening = tensor.flatten(2)?;
    let size = flattening.rows.len();
    argument(r >= 1 && r <= size, "rank", r as f64, "between 1 and d(d+1)/2")?;
    let (values, vectors) = symmetric_eigen(flattening.matrix.as_ref())?;
    let indices = flattening.rows.indices();
    let mut h: Vec<Mat<f64>> = Vec::new();
    for k in 0..r {
        let at = size - 1 - k;
        if values[at] <= 0.0 {
            return Err(NumericalError::RankDeficient { column: k }.into());
        }
        let mut matrix = Mat::zeros(d, d);
        for (p, index) in indices.chunks_exact(2).enumerate() {
            let root = if index[0] == index[1] { 1.0 } else { 2f64.sqrt() };
            let entry = values[at].sqrt() * vectors[(p, at)] / root;
            matrix[(index[0], index[1])] = entry;
            matrix[(index[1], index[0])] = entry;
        }
        h.push(matrix);
    }
    let kernels = kernels(&h)?;
    let q = joint_diagonalizer(kernels, r);
    let (mut found, mut weights) = (Mat::zeros(d, r), Vec::with_capacity(r));
    for i in 0..r {
        let sum = Mat::from_fn(d, d, |a, b| h.iter().enumerate().map(|(k, h)| q[(k, i)] * h[(a, b)]).sum::<f64>());
        let (values, vectors) = symmetric_eigen(sum.as_ref())?;
        let top = if values[d - 1].abs() >= values[0].abs() { d - 1 } else { 0 };
        found.col_as_slice_mut(i).copy_from_slice(vectors.col_as_slice(top));
        weights.push(values[top] * values[top]);
    }
    let (n, pairs) = (d as u64, (r * (r + 1) / 2) as u64);
    let flops = 9 * (size as u64).pow(3) + 2 * pairs * pairs * n * n + 9 * pairs.pow(3);
    Ok(Outcome {
        value: Truth { vectors: found, weights },
        status: Status::Converged,
        effort: Effort { flops, ..Effort::default() },
    })
}

/// A basis of the symmetric `W` with `Σ_ab W_ab Φ(H_a, H_b) = 0`.
fn kernels(h: &[Mat<f64>]) -> Result<Vec<Mat<f64>>, Error> {
    let r = h.len();
    let trace = |a: &Mat<f64>, b: &Mat<f64>| -> f64 {
        (0..a.ncols()).map(|j| a.col_as_slice(j).iter().zip(b.col_as_slice(j)).map(|(a, b)| a * b).sum::<f64>()).sum()
    };
    let traces = Mat::from_fn(r, r, |a, b| trace(&h[a], &h[b]));
    let products: Vec<Mat<f64>> = (0..r * r).map(|at| product(h[at / r].as_ref(), h[at % r].as_ref())).collect();
    let pairs: Vec<(usize, usize)> = (0..r).flat_map(|a| (a..r).map(move |b| (a, b))).collect();
    // A pair of different indices stands for two terms; in an orthonormal basis that is a factor √2.
    let scale = |(a, b): (usize, usize)| if a == b { 1.0 } else { 2f64.sqrt() };
    let mut gram = Mat::zeros(pairs.len(), pairs.len());
    for (j, &(c, e)) in pairs.iter().enumerate() {
        for (i, &(a, b)) in pairs.iter().enumerate().skip(j) {
            let straight = traces[(a, c)] * traces[(b, e)] + traces[(a, e)] * traces[(b, c)];
            // tr(H_a H_c H_b H_e) = ⟨(H_a H_c)ᵀ, H_b H_e⟩ = ⟨H_c H_a, H_b H_e⟩.
            let crossed = trace(&products[c * r + a], &products[b * r + e]);
            gram[(i, j)] = scale((a, b)) * scale((c, e)) * (4.0 * straight - 8.0 * crossed);
        }
    }
    let (_, vectors) = symmetric_eigen(gram.as_ref())?;
    let matrix = |k: usize| {
        let mut w = Mat::zeros(r, r);
        for (i, &(a, b)) in pairs.iter().enumerate() {
            let entry = vectors[(i, k)] / scale((a, b));
            w[(a, b)] = entry;
            w[(b, a)] = entry;
        }
        w
    };
    Ok((0..r).map(matrix).collect())
}

/// The orthogonal matrix that makes symmetric matrices as diagonal as possible, by rotations of pairs (Cardoso &
/// Souloumiac 1996).
fn joint_diagonalizer(mut matrices: Vec<Mat<f64>>, r: usize) -> Mat<f64> {
    let mut q = Mat::<f64>::identity(r, r);
    for _ in 0..SWEEPS {
        let mut largest = 0.0f64;
        for i in 0..r {
            for j in i + 1..r {
                let (mut on, mut off) = (0.0, 0.0);
                for w in &matrices {
                    let (difference, twice) = (w[(i, i)] - w[(j, j)], 2.0 * w[(i, j)]);
                    on += difference * difference - twice * twice;
                    off += 2.0 * difference * twice;
                }
                let angle = 0.25 * off.atan2(on);
                largest = largest.max(angle.abs());
                let (c, s) = (angle.cos(), angle.sin());
                for w in &mut matrices {
                    rotate_columns(w, i, j, c, s);
                    for k in 0..r {
                        let (x, y) = (w[(i, k)], w[(j, k)]);
                        w[(i, k)] = c * x + s * y;
                        w[(j, k)] = c * y - s * x;
                    }
                }
                rotate_columns(&mut q, i, j, c, s);
            }
        }
        if largest < ANGLE {
            break;
        }
    }
    debug_assert!((0..r).all(|j| (norm(q.col_as_slice(j)) - 1.0).abs() < 1e-8));
    q
}

fn rotate_columns(w: &mut Mat<f64>, i: usize, j: usize, c: f64, s: f64) {
    for k in 0..w.nrows() {
        let (x, y) = (w[(k, i)], w[(k, j)]);
        w[(k, i)] = c * x + s * y;
        w[(k, j)] = c * y - s * x;
    }
}
