//! Sign-RIP (arXiv:2102.02969): how far sub-gradients are from their mean.

use faer::{Mat, MatRef};

use super::fast::pass::{Engine, Passes};
use super::symmetric::{frobenius, smat, svec};
use super::{Loss, Measurements, problem::observations};
use crate::error::{Error, Size, finite, shape};
use crate::linalg::symmetric_eigen;
use crate::simd::Simd;
use crate::{Effort, Par};

/// `G(Δ) = (1/m) Σ sign(⟨S_i, Δ⟩ − s_i) S_i: d×d`, the sub-gradient at error `Δ` with noise `s`, computed by the packed
/// kernel. Cost: `4mD` flops.
///
/// Its mean is `φ(Δ) Δ/‖Δ‖_F` with the [scaling function](super::schedule::scaling_function) `φ`.
///
/// # Errors
///
/// `Δ` that is not `d×d` or not finite; `s` of another length than `m`. Only the lower triangle of `Δ` is read.
pub fn sub_gradient(measurements: &Measurements, delta: MatRef<'_, f64>, s: &[f64]) -> Result<Mat<f64>, Error> {
    let d = measurements.order();
    shape("error matrix", Size::Matrix(d, d), Size::Matrix(delta.nrows(), delta.ncols()))?;
    finite("error matrix", delta.col_iter().flat_map(|c| c.iter()))?;
    observations(measurements.len(), s)?;
    let rows = measurements.padded();
    let (mut x, mut g) = (Mat::zeros(rows.nrows(), 1), Mat::zeros(rows.nrows(), 1));
    svec(delta, x.col_as_slice_mut(0));
    let mut z = vec![0.0; s.len()];
    let mut passes = Passes::new(d, rows, Engine { simd: Simd::detect(), par: Par::Seq });
    let mut effort = Effort::default();
    passes.run(x.col_as_slice(0), s, &mut z, g.col_as_slice_mut(0), Loss::L1, &mut effort);
    let mut gradient = Mat::zeros(d, d);
    smat(g.col_as_slice(0), 1.0 / s.len() as f64, gradient.as_mut());
    Ok(gradient)
}

/// The deviation `R = G − φ Δ/‖Δ‖_F`, through its singular values.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// Singular values of `R`, descending.
    singular_values: Vec<f64>,
}

impl Deviation {
    /// The deviation of a symmetric `G` from `φ Δ/‖Δ‖_F`.
    ///
    /// # Errors
    ///
    /// Matrices that are not of the same order, `Δ = 0`, entries that are not finite.
    pub fn new(g: MatRef<'_, f64>, phi: f64, delta: MatRef<'_, f64>) -> Result<Self, Error> {
        let d = g.nrows();
        shape("sub-gradient", Size::Matrix(d, d), Size::Matrix(d, g.ncols()))?;
        shape("error matrix", Size::Matrix(d, d), Size::Matrix(delta.nrows(), delta.ncols()))?;
        let scale = phi / frobenius(delta);
        let difference = Mat::from_fn(d, d, |i, j| g[(i, j)] - scale * delta[(i, j)]);
        finite("deviation", difference.col_iter().flat_map(|c| c.iter()))?;
        let (values, _) = symmetric_eigen(difference.as_ref())?;
        let mut singular_values: Vec<f64> = values.iter().map(|v| v.abs()).collect();
        singular_values.sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Self { singular_values })
    }

    /// `‖R‖₂`.
    pub fn operator_norm(&self) -> f64 {
        self.singular_values.first().copied().unwrap_or(0.0)
    }

    /// `√(Σ_{j≤k} σ_j²)`, dual to the Frobenius norm on matrices of rank at most `k`.
    pub fn ky_fan(&self, k: usize) -> f64 {
        self.singular_values.iter().take(k).map(|s| s * s).sum::<f64>().sqrt()
    }
}
