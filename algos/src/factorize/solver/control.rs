//! Solvers that must fail: negative controls for the law and for relative accuracy.

use faer::MatRef;

use super::{BlockSolver, Breakdown, Rotation, jacobi::sweep};
use crate::factorize::small::{identity, transpose};
use crate::linalg::symmetric_eigen;

/// Rotates by half the angle that [`Jacobi`](super::Jacobi) takes; one cyclic sweep of such rotations if `k > 2`.
#[derive(Debug, Clone, Default)]
pub struct HalfAngle {
    work: Vec<f64>,
}

impl BlockSolver for HalfAngle {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        self.work.clear();
        self.work.extend_from_slice(g);
        identity(k, t);
        sweep(k, &mut self.work, t, Rotation::halved);
        transpose(k, t, t_inv);
        Ok(())
    }

    fn diagonalizes(&self) -> bool {
        false
    }
}

/// Diagonalizes the block by reduction to tridiagonal form, the usual eigensolver, which is not scale-free. Eigenvalues
/// descend.
///
/// On a graded block small eigenvalues have no correct digit and their vectors have components of the size of `eps` along
/// the large ones, which the next products magnify.
#[derive(Debug, Clone, Copy, Default)]
pub struct TridiagonalQr;

impl BlockSolver for TridiagonalQr {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        let block = MatRef::from_column_major_slice(g, k, k);
        let (_, vectors) = symmetric_eigen(block).map_err(|_| Breakdown(0))?;
        for j in 0..k {
            t[k * j..k * (j + 1)].copy_from_slice(vectors.col_as_slice(k - 1 - j));
        }
        transpose(k, t, t_inv);
        Ok(())
    }
}
