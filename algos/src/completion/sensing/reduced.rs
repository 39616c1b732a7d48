//! The population model in the subspace that its iterates never leave.
//!
//! Gradients of the population are combinations of the columns of `Q`, `F_0` and `G_0`, so all factors stay in their
//! span, of dimension at most `r + 2k`. In coordinates of an orthonormal basis of it the descent is the same descent on
//! a matrix of that order: exact, and free of `n`.

use faer::{Mat, MatRef};

use super::{Descent, Truth};
use crate::error::{Size, shape};
use crate::linalg::{norm, product};
use crate::{Error, InputError};

/// A population problem in reduced coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduced {
    /// The basis, `n×d` with orthonormal columns; the first `r` are those of the truth.
    pub basis: Mat<f64>,
    /// The truth in its coordinates, of order `d`.
    pub truth: Truth,
    /// The starts in its coordinates.
    pub starts: Vec<Descent>,
}

/// A direction with less than this part outside the span so far is inside it.
const INSIDE: f64 = 1e-12;

/// Reduces starts with a common truth.
///
/// # Errors
///
/// Factors with another number of rows than the truth.
pub fn reduce(truth: &Truth, starts: &[Descent]) -> Result<Reduced, Error> {
    let n = truth.basis().nrows();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let factors = starts.iter().flat_map(|s| [s.left(), s.right()]);
    for factor in std::iter::once(truth.basis()).chain(factors) {
        shape("factor", Size::Matrix(n, factor.ncols()), Size::Matrix(factor.nrows(), factor.ncols()))?;
        for column in factor.col_iter() {
            extend(&mut basis, column.iter().copied().collect());
        }
    }
    let d = basis.len();
    if d == 0 {
        return Err(InputError::Empty { what: "the set of factors" }.into());
    }
    let basis = Mat::from_fn(n, d, |i, j| basis[j][i]);
    let into = |x: MatRef<'_, f64>| product(basis.transpose(), x);
    let starts = starts.iter().map(|start| match start {
        Descent::Symmetric { z } => Descent::Symmetric { z: into(z.as_ref()) },
        Descent::Asymmetric { f, g, one_step } => {
            Descent::Asymmetric { f: into(f.as_ref()), g: into(g.as_ref()), one_step: *one_step }
        }
    });
    let starts = starts.collect();
    let r = truth.basis().ncols();
    let q = Mat::from_fn(d, r, |i, j| f64::from(u8::from(i == j)));
    Ok(Reduced { truth: Truth::new(q, truth.eigenvalues().to_vec()), starts, basis })
}

/// Adds the part of `v` outside the span, orthogonalized twice.
fn extend(basis: &mut Vec<Vec<f64>>, mut v: Vec<f64>) {
    let before = norm(&v);
    for _ in 0..2 {
        for b in basis.iter() {
            let along: f64 = b.iter().zip(&v).map(|(b, v)| b * v).sum();
            v.iter_mut().zip(b).for_each(|(v, b)| *v -= along * b);
        }
    }
    let after = norm(&v);
    if after > INSIDE * before && basis.len() < v.len() {
        v.iter_mut().for_each(|v| *v /= after);
        basis.push(v);
    }
}

impl Reduced {
    /// A factor in the original coordinates.
    pub fn lift(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        product(self.basis.as_ref(), x)
    }
}
