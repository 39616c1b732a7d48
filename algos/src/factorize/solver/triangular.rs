//! Triangular solvers: elimination.

use super::{BlockSolver, Breakdown};
use crate::factorize::small::{cholesky, invert_unit_upper, reverse};

/// Unit upper triangular `T = R⁻¹ diag(R)` from `G = RᵀR`. With `k = 2` it is a Gram–Schmidt step: `x_q` loses its
/// component along `x_p`.
///
/// Keeps triangular form only if `S` ascends.
#[derive(Debug, Clone, Default)]
pub struct Cholesky {
    work: Vec<f64>,
}

impl BlockSolver for Cholesky {
    #[inline]
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        if k == 2 {
            return gram_schmidt(g, t, t_inv);
        }
        self.work.clear();
        self.work.extend_from_slice(g);
        unit_upper(k, &mut self.work, t, t_inv)
    }
}

/// `T = [[1, −G₀₁/G₀₀], [0, 1]]`.
#[inline(always)]
fn gram_schmidt(g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
    let positive = g[0] > 0.0;
    if !positive {
        return Err(Breakdown(0));
    }
    let along = g[2] / g[0];
    t.copy_from_slice(&[1.0, 0.0, -along, 1.0]);
    t_inv.copy_from_slice(&[1.0, 0.0, along, 1.0]);
    Ok(())
}

fn unit_upper(k: usize, g: &mut [f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
    cholesky(k, g).map_err(Breakdown)?;
    // Rows of R over its diagonal: T⁻¹ = diag(R)⁻¹ R.
    for j in 0..k {
        for i in 0..k {
            t_inv[i + k * j] = if i <= j { g[i + k * j] / g[i + k * i] } else { 0.0 };
        }
    }
    invert_unit_upper(k, t_inv, t);
    Ok(())
}

/// Unit lower triangular: [`Cholesky`] on the block with its indices reversed.
#[derive(Debug, Clone, Default)]
pub struct ReverseCholesky {
    work: Vec<f64>,
}

impl BlockSolver for ReverseCholesky {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        self.work.clear();
        self.work.extend_from_slice(g);
        reverse(&mut self.work);
        unit_upper(k, &mut self.work, t, t_inv).map_err(|Breakdown(i)| Breakdown(k - 1 - i))?;
        reverse(t);
        reverse(t_inv);
        Ok(())
    }
}

/// The step of Kaczmarz's kind, `k = 2`: a Gram–Schmidt step that also gives `x_q` unit norm (arXiv:2411.16101).
///
/// Meant for columns of unit norm and [ordered pairs](crate::factorize::pivot::OrderedPair). The result is a basis; no
/// triangular structure is kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kaczmarz;

impl BlockSolver for Kaczmarz {
    #[inline]
    fn solve(&mut self, _: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        gram_schmidt(g, t, t_inv)?;
        let left = g[3] - g[2] * (g[2] / g[0]);
        let positive = left > 0.0;
        if !positive {
            return Err(Breakdown(1));
        }
        let norm = left.sqrt();
        t[2] /= norm;
        t[3] = 1.0 / norm;
        t_inv[3] = norm;
        Ok(())
    }
}
