//! What alternating minimization returns, and what an observer sees.

use std::ops::ControlFlow;

use faer::{Mat, MatRef};

use super::fast::{factor::Factor, spectral::residuals};
use super::{Observations, Options};
use crate::{Effort, linalg};

/// A completed matrix `X = U Vᵀ`.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// `U: m×k`, as the last least-squares update returned it.
    pub u: Mat<f64>,
    /// `V: n×k`, orthonormal columns.
    pub v: Mat<f64>,
    /// `‖P_Ω(U Vᵀ − M)‖_F/‖P_Ω(M)‖_F`. Small does not mean recovered: with too few entries it always is.
    pub observed_residual: f64,
    /// Flops counted in the row solves, without changes of basis and the start.
    pub row_flops: u64,
    /// Steps of conjugate gradients over all rows; zero for direct solvers.
    pub inner_steps: u64,
    /// Rows solved by a rank-revealing factorization because Cholesky broke down.
    pub fallbacks: u64,
    /// What a caller should know.
    pub warnings: Vec<Warning>,
}

/// What a caller should know about a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Rows and columns without an entry; their factors are zero.
    Unobserved {
        /// Their number.
        lines: usize,
    },
    /// Least-squares problems with fewer equations than unknowns, over all sweeps. Direct solvers return the solution
    /// of least norm, conjugate gradients the one nearest to the last iterate.
    Underdetermined {
        /// Their number.
        problems: u64,
    },
    /// Fewer entries than the `k(m+n−k)` degrees of freedom of the matrix.
    BelowFreedom,
    /// The graph of rows and columns has several components; their parts are not determined relative to each other.
    Disconnected {
        /// Their number.
        components: usize,
    },
}

/// A finished sweep.
#[derive(Debug, Clone, Copy)]
pub struct Sweep<'a> {
    /// Its number, from 1.
    pub sweep: usize,
    /// `U: m×k` as the update returned it.
    pub u: MatRef<'a, f64>,
    /// `V: n×k`, orthonormal columns.
    pub v: MatRef<'a, f64>,
    /// The unit of `U`: 1 unless entries are beyond `10^±100`, where it is a power of two.
    pub scale: f64,
    /// Whether the sweep was solved exactly.
    pub exact: bool,
    /// Work so far.
    pub effort: Effort,
}

/// Sees every sweep and may end the run.
pub type Observer<'a> = dyn FnMut(&Sweep<'_>) -> ControlFlow<()> + 'a;

/// An observer that sees nothing.
pub fn silent(_: &Sweep<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// `‖P_Ω(U Vᵀ − M)‖_F/‖P_Ω(M)‖_F` from explicit residuals; 0 for a zero `M` met exactly.
pub fn observed_residual(observations: &Observations, u: MatRef<'_, f64>, v: MatRef<'_, f64>) -> f64 {
    if u.ncols() == 0 {
        // Factors without columns stand for zero.
        return if observations.norm() == 0.0 { 0.0 } else { 1.0 };
    }
    let residuals = residuals(observations.rows(), &Factor::new(u), &Factor::new(v));
    match (linalg::norm(&residuals), observations.norm()) {
        (0.0, _) => 0.0,
        (residual, norm) => residual / norm,
    }
}

/// The warnings that follow from the data alone, and from the counts of the run.
pub(super) fn warnings(observations: &Observations, options: &Options<'_>, underdetermined: u64) -> Vec<Warning> {
    let (m, n) = observations.shape();
    let mut warnings = Vec::new();
    let empty = |lines: &super::Lines| (0..lines.len()).filter(|&i| lines.count(i) == 0).count();
    let lines = empty(observations.rows()) + empty(observations.columns());
    if lines > 0 {
        warnings.push(Warning::Unobserved { lines });
    }
    if underdetermined > 0 {
        warnings.push(Warning::Underdetermined { problems: underdetermined });
    }
    if observations.len() < options.rank * (m + n - options.rank) {
        warnings.push(Warning::BelowFreedom);
    }
    let components = observations.components();
    if components > 1 {
        warnings.push(Warning::Disconnected { components });
    }
    warnings
}
