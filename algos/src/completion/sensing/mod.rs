//! Gradient descent on over-parameterized factors from linear measurements.
//!
//! A matrix `M: n×n`, positive semidefinite of rank `r`, is measured by `y = 𝒜(M)`, `𝒜(X)_i = ⟨A_i, X⟩/√m` with
//! Gaussian `A_i`. With `E = 𝒜*(𝒜(X) − y)` the iterations are
//!
//! ```text
//! symmetric    X = Z Zᵀ   Z ← Z − η sym(E) Z
//! asymmetric   X = F Gᵀ   F ← F − η E G,   G ← G − η Eᵀ F      (both from the old factors)
//! one step     once, F = A S Bᵀ is replaced by β A and G by G B S/β: the product stays, FᵀF becomes β² I
//! ```
//!
//! with `k ≥ r` columns. The step `η` is defined by these formulas: no factor 2 or 4. In the *population* model
//! `𝒜*𝒜` is the identity.
//!
//! [`mod@reference`] is literal; [`lockstep`] runs many descents on the same measurements at once; [`reduced`] runs the
//! population model in the subspace that the iterates never leave, where `n` is gone from the cost.
//!
//! Source: Xiong, Ding & Du, [arXiv:2310.01769](https://arxiv.org/abs/2310.01769).

pub mod lockstep;
pub mod operator;
pub mod reduced;
pub mod reference;

mod one_step;
mod truth;

pub use one_step::OneStep;
pub use operator::{Fused, Model, Normal, Operator, Population, TwoPass};
pub use truth::Truth;

use faer::{Mat, MatRef};

use crate::error::{Error, Size, argument, finite, shape};

/// A descent: its factors and how they move.
#[derive(Debug, Clone, PartialEq)]
pub enum Descent {
    /// `Z: n×k`.
    Symmetric {
        /// The factor.
        z: Mat<f64>,
    },
    /// `F, G: n×k`.
    Asymmetric {
        /// The left factor.
        f: Mat<f64>,
        /// The right factor.
        g: Mat<f64>,
        /// The modified step, if any.
        one_step: Option<OneStep>,
    },
}

impl Descent {
    /// The left factor.
    pub fn left(&self) -> MatRef<'_, f64> {
        match self {
            Self::Symmetric { z } => z.as_ref(),
            Self::Asymmetric { f, .. } => f.as_ref(),
        }
    }

    /// The right factor.
    pub fn right(&self) -> MatRef<'_, f64> {
        match self {
            Self::Symmetric { z } => z.as_ref(),
            Self::Asymmetric { g, .. } => g.as_ref(),
        }
    }

    fn check(&self, n: usize) -> Result<(), Error> {
        let k = self.left().ncols();
        for (what, x) in [("left factor", self.left()), ("right factor", self.right())] {
            shape(what, Size::Matrix(n, k), Size::Matrix(x.nrows(), x.ncols()))?;
            finite(what, x.col_iter().flat_map(|c| c.iter()))?;
        }
        if let Self::Asymmetric { one_step: Some(OneStep { beta, .. }), .. } = self {
            argument(*beta > 0.0 && beta.is_finite(), "beta", *beta, "positive and finite")?;
            argument(k <= n, "columns", k as f64, "at most the order: the modified step makes them orthogonal")?;
        }
        Ok(())
    }
}

/// An iterate, before the step that leaves it.
#[derive(Debug, Clone, Copy)]
pub struct Iterate<'a> {
    /// Which descent of the batch.
    pub run: usize,
    /// The number `t` of steps done.
    pub t: usize,
    /// The left factor.
    pub left: MatRef<'a, f64>,
    /// The right factor.
    pub right: MatRef<'a, f64>,
    /// Their product `F Gᵀ`.
    pub product: MatRef<'a, f64>,
}

fn check_step(eta: f64) -> Result<(), Error> {
    Ok(argument(eta > 0.0 && eta.is_finite(), "eta", eta, "positive and finite")?)
}
