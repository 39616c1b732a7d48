//! Orthogonal solvers: rotations.

use super::{BlockSolver, Breakdown};
use crate::factorize::small::{identity, transpose};

/// A plane rotation `[[c, s], [−s, c]]` that acts on a pair of columns from the right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    /// Cosine, at least `1/√2`.
    pub c: f64,
    /// Sine.
    pub s: f64,
    /// Tangent.
    pub t: f64,
}

impl Rotation {
    /// No rotation.
    pub const IDENTITY: Self = Self { c: 1.0, s: 0.0, t: 0.0 };

    /// The rotation by at most 45° that diagonalizes `[[a, c], [c, b]]`. Equal diagonals give 45°, not 0.
    #[inline(always)]
    pub fn diagonalizing(a: f64, b: f64, c: f64) -> Self {
        if c == 0.0 {
            return Self::IDENTITY;
        }
        let z = (b - a) / (2.0 * c);
        // Beyond 1e150 the square overflows, and the square root is |z| to all digits.
        let t = if z.abs() > 1e150 { 0.5 / z } else { 1f64.copysign(z) / (z.abs() + (1.0 + z * z).sqrt()) };
        Self::from_tangent(t)
    }

    /// The rotation with this tangent.
    #[inline(always)]
    pub fn from_tangent(t: f64) -> Self {
        let c = 1.0 / (1.0 + t * t).sqrt();
        Self { c, s: c * t, t }
    }

    /// The rotation by half the angle.
    pub fn halved(self) -> Self {
        let half = 0.5 * self.t.atan();
        Self { c: half.cos(), s: half.sin(), t: half.tan() }
    }
}

/// Diagonalizes the block by rotations; `T` is orthogonal. Eigenvalues are not sorted.
///
/// For `k = 2` one rotation; else cyclic sweeps until `|G_ij| ≤ eps √G_ii √G_jj` for all pairs, about six of `6k³` flops.
#[derive(Debug, Clone, Default)]
pub struct Jacobi {
    work: Vec<f64>,
}

/// More sweeps than any block needs; reached only by blocks that are not numbers.
const SWEEPS: usize = 40;

impl BlockSolver for Jacobi {
    #[inline]
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        if k == 2 {
            let Rotation { c, s, .. } = Rotation::diagonalizing(g[0], g[3], g[2]);
            t.copy_from_slice(&[c, -s, s, c]);
            t_inv.copy_from_slice(&[c, s, -s, c]);
            return Ok(());
        }
        self.work.clear();
        self.work.extend_from_slice(g);
        identity(k, t);
        for _ in 0..SWEEPS {
            if !sweep(k, &mut self.work, t, |rotation| rotation) {
                break;
            }
        }
        transpose(k, t, t_inv);
        Ok(())
    }
}

/// One cyclic sweep over `G`, accumulated in `t`; whether any pair was rotated. `alter` changes each rotation.
pub(super) fn sweep(k: usize, g: &mut [f64], t: &mut [f64], alter: impl Fn(Rotation) -> Rotation) -> bool {
    let mut rotated = false;
    for p in 0..k {
        for q in p + 1..k {
            let (a, b, c) = (g[p + k * p], g[q + k * q], g[p + k * q]);
            // Written so that a zero column and a NaN skip.
            let significant = c.abs() > f64::EPSILON * a.sqrt() * b.sqrt();
            if !significant {
                continue;
            }
            rotated = true;
            let exact = Rotation::diagonalizing(a, b, c);
            let used = alter(exact);
            rotate_columns(k, g, p, q, used);
            rotate_rows(k, g, p, q, used);
            if used == exact {
                g[p + k * p] = a - exact.t * c;
                g[q + k * q] = b + exact.t * c;
                g[p + k * q] = 0.0;
                g[q + k * p] = 0.0;
            }
            rotate_columns(k, t, p, q, used);
        }
    }
    rotated
}

fn rotate_columns(k: usize, a: &mut [f64], p: usize, q: usize, Rotation { c, s, .. }: Rotation) {
    for i in 0..k {
        let (x, y) = (a[i + k * p], a[i + k * q]);
        a[i + k * p] = c * x - s * y;
        a[i + k * q] = s * x + c * y;
    }
}

fn rotate_rows(k: usize, a: &mut [f64], p: usize, q: usize, Rotation { c, s, .. }: Rotation) {
    for j in 0..k {
        let (x, y) = (a[p + k * j], a[q + k * j]);
        a[p + k * j] = c * x - s * y;
        a[q + k * j] = s * x + c * y;
    }
}
