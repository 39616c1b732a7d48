//! Solvers whose `T` has no structure: they show that the law does not care.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{BlockSolver, Breakdown, Jacobi};
use crate::factorize::small::{haar, multiply, transpose};

/// Löwdin's symmetric orthogonalization: `T = D^(−1/2) B^(−1/2)` with `D = diag(G)`, `B = D^(−1/2) G D^(−1/2)`.
///
/// The root is taken of the block with unit diagonal; `G^(−1/2)` itself breaks down on graded blocks.
#[derive(Debug, Clone, Default)]
pub struct Loewdin {
    jacobi: Jacobi,
    unit: Vec<f64>,
    vectors: Vec<f64>,
    transposed: Vec<f64>,
}

impl BlockSolver for Loewdin {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        let size = |i: usize| g[i + k * i].sqrt();
        if let Some(zero) = (0..k).find(|&i| size(i).partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater)) {
            return Err(Breakdown(zero));
        }
        self.unit.clear();
        self.unit.extend((0..k * k).map(|at| g[at] / size(at % k) / size(at / k)));
        self.vectors.resize(k * k, 0.0);
        self.transposed.resize(k * k, 0.0);
        self.jacobi.solve(k, &self.unit, &mut self.vectors, &mut self.transposed)?;
        let eigenvalue = |j: usize| {
            let v = &self.vectors[k * j..k * (j + 1)];
            (0..k).map(|i| v[i] * (0..k).map(|l| self.unit[i + k * l] * v[l]).sum::<f64>()).sum::<f64>()
        };
        let roots: Vec<f64> = (0..k).map(|j| eigenvalue(j).sqrt()).collect();
        if let Some(j) = roots.iter().position(|root| root.is_nan() || *root == 0.0) {
            return Err(Breakdown(j));
        }
        for at in 0..k * k {
            let (i, j) = (at % k, at / k);
            let part = |power: &dyn Fn(f64) -> f64| -> f64 {
                (0..k).map(|l| self.vectors[i + k * l] * power(roots[l]) * self.vectors[j + k * l]).sum()
            };
            t[at] = part(&|root| 1.0 / root) / size(i);
            t_inv[at] = part(&|root| root) * size(j);
        }
        Ok(())
    }
}

/// [`Loewdin`]'s `T` times a uniformly random orthogonal matrix.
#[derive(Debug, Clone)]
pub struct RandomOrthogonal {
    loewdin: Loewdin,
    rng: ChaCha8Rng,
}

impl RandomOrthogonal {
    /// Draws its matrices from `rng`.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { loewdin: Loewdin::default(), rng }
    }
}

impl BlockSolver for RandomOrthogonal {
    fn solve(&mut self, k: usize, g: &[f64], t: &mut [f64], t_inv: &mut [f64]) -> Result<(), Breakdown> {
        let (mut root, mut root_inv) = (vec![0.0; k * k], vec![0.0; k * k]);
        self.loewdin.solve(k, g, &mut root, &mut root_inv)?;
        let draws: Vec<f64> = (0..k * k).map(|_| self.rng.sample(StandardNormal)).collect();
        let q = haar(k, &draws);
        let mut q_t = vec![0.0; k * k];
        transpose(k, &q, &mut q_t);
        multiply(k, &root, &q, t);
        multiply(k, &q_t, &root_inv, t_inv);
        Ok(())
    }
}
