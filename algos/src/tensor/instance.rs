//! Seeded tensors with known components, and noise.

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::symmetric::SymmetricTensor;
use crate::error::{Error, argument};
use crate::linalg::{norm, orthonormal_basis};

/// The law of the components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Vectors {
    /// Independent and uniform on the sphere.
    Uniform,
    /// `g + c·1`, normalised, with Gaussian `g`: correlated.
    Shifted(f64),
    /// `|g|`, normalised: in one orthant.
    Positive,
    /// Orthonormal.
    Orthonormal,
    /// `(g + c·1)/√d`, not normalised.
    Raw(f64),
}

/// The law of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// `±U[½, 2]`, each sign with probability one half.
    Signed,
    /// `U[½, 2]`.
    Positive,
    /// 1.
    One,
}

/// Components and weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Unit vectors, `d×R`.
    pub vectors: Mat<f64>,
    /// Weights.
    pub weights: Vec<f64>,
}

/// A planted decomposition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Order `m`.
    pub m: usize,
    /// Dimension `d`.
    pub d: usize,
    /// Rank `R`.
    pub r: usize,
    /// Law of the components.
    pub vectors: Vectors,
    /// Law of the weights.
    pub weights: Weights,
}

impl Spec {
    /// Uniform components with weights of either sign.
    pub fn new(m: usize, d: usize, r: usize) -> Self {
        Self { m, d, r, vectors: Vectors::Uniform, weights: Weights::Signed }
    }

    /// Draws components and weights. What is raw is returned as unit vectors with its norms in the weights.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: orthonormal components with `R > d`.
    pub fn truth(&self, rng: &mut ChaCha8Rng) -> Result<Truth, Error> {
        let Self { m, d, r, .. } = *self;
        let mut a = Mat::<f64>::zeros(d, r);
        (0..r).for_each(|j| a.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
        let mut weights: Vec<f64> = (0..r)
            .map(|_| {
                let (size, sign) = (rng.random_range(0.5..2.0), if rng.random::<bool>() { 1.0 } else { -1.0 });
                match self.weights {
                    Weights::Signed => sign * size,
                    Weights::Positive => size,
                    Weights::One => 1.0,
                }
            })
            .collect();
        if self.vectors == Vectors::Orthonormal {
            argument(r <= d, "rank", r as f64, "at most d orthonormal components")?;
            a = orthonormal_basis(a.as_ref())?;
        }
        for (j, weight) in weights.iter_mut().enumerate() {
            let column = a.col_as_slice_mut(j);
            match self.vectors {
                Vectors::Shifted(c) => column.iter_mut().for_each(|x| *x += c),
                Vectors::Positive => column.iter_mut().for_each(|x| *x = x.abs()),
                Vectors::Raw(c) => column.iter_mut().for_each(|x| *x = (*x + c) / (d as f64).sqrt()),
                Vectors::Uniform | Vectors::Orthonormal => {}
            }
            let length = norm(column);
            column.iter_mut().for_each(|x| *x /= length);
            if matches!(self.vectors, Vectors::Raw(_)) {
                *weight *= length.powi(m as i32);
            }
        }
        Ok(Truth { vectors: a, weights })
    }

    /// Draws components and forms the tensor.
    ///
    /// # Errors
    ///
    /// As [`truth`](Self::truth) and [`SymmetricTensor::from_components`].
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Result<(SymmetricTensor, Truth), Error> {
        let truth = self.truth(rng)?;
        Ok((truth.tensor(self.m)?, truth))
    }
}

impl Truth {
    /// `Σ_r λ_r a_r^{⊗m}`.
    ///
    /// # Errors
    ///
    /// As [`SymmetricTensor::from_components`].
    pub fn tensor(&self, m: usize) -> Result<SymmetricTensor, Error> {
        SymmetricTensor::from_components(m, self.vectors.as_ref(), &self.weights)
    }

    /// The components.
    pub fn vectors(&self) -> MatRef<'_, f64> {
        self.vectors.as_ref()
    }
}

/// The mean over all `m!` permutations of a tensor with independent standard normal entries: an entry of multiplicity `μ`
/// has variance `1/μ`.
///
/// # Errors
///
/// As [`SymmetricTensor::zeros`].
pub fn symmetric_gaussian(m: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<SymmetricTensor, Error> {
    let counts = SymmetricTensor::zeros(m, d)?.monomials().multiplicities();
    let entries = counts.into_iter().map(|mu| rng.sample::<f64, _>(StandardNormal) / mu.sqrt()).collect();
    SymmetricTensor::from_packed(m, d, entries)
}

/// The same, scaled to Frobenius norm 1.
///
/// # Errors
///
/// As [`symmetric_gaussian`].
pub fn unit_noise(m: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<SymmetricTensor, Error> {
    let noise = symmetric_gaussian(m, d, rng)?;
    Ok(noise.scaled(1.0 / noise.norm()))
}

/// The symmetric `3×3×3×3` tensor of Kofidis & Regalia (2002) on which the unshifted power method cycles.
///
/// # Errors
///
/// None; the result is that of a constructor.
pub fn kofidis_regalia() -> Result<SymmetricTensor, Error> {
    let entries = [
        0.2883, -0.0031, 0.1973, -0.2485, -0.2939, 0.3847, 0.2972, 0.1862, 0.0919, -0.3619, 0.1241, -0.3420, 0.2127,
        0.2727, -0.3054,
    ];
    SymmetricTensor::from_packed(4, 3, entries.to_vec())
}
