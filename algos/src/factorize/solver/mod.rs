//! Block solvers: what is done to the `k` columns of a step.
//!
//! A block is `G = A[S,S]: k×k`, symmetric positive semidefinite, in column-major order. All solvers here are
//! scale-free: replacing `G` by `ΔGΔ` with a diagonal `Δ` costs no accuracy. That is what relative accuracy rests on, and
//! what a tridiagonal eigensolver does not have ([`TridiagonalQr`]).

mod control;
mod jacobi;
mod root;
mod triangular;

pub use control::{HalfAngle, TridiagonalQr};
pub use jacobi::{Jacobi, Rotation};
pub use root::{Loewdin, RandomOrthogonal};
pub use triangular::{Cholesky, Kaczmarz, ReverseCholesky};

/// The block has no factorization of the solver's kind: its column with this position in `S` depends on others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown(pub usize);

/// Factorizes a block.
pub trait BlockSolver {
    /// Finds `T` and `T⁻¹` for a block `G`; all three are `k×k` in column-major order.
    ///
    /// # Errors
    ///
    /// [`Breakdown`] if the factorization does not exist.
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown>;

    /// Whether `TᵀGT` is diagonal, so that the engine may write exact zeros. Only controls say no.
    fn diagonalizes(&self) -> bool {
        true
    }
}

impl<B: BlockSolver + ?Sized> BlockSolver for Box<B> {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        (**self).solve(k, g, t, t_inv)
    }

    fn diagonalizes(&self) -> bool {
        (**self).diagonalizes()
    }
}
