//! Rules that break one assumption of the law: negative controls.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::greedy::{best, cosine};
use super::{Pivots, View};
use crate::factorize::small::{cholesky, invert_upper};

/// A pair of neighbours `(i, i+1)`, `i` uniform: random, but not over all pairs.
#[derive(Debug, Clone)]
pub struct AdjacentOnly {
    rng: ChaCha8Rng,
    ordered: bool,
}

impl AdjacentOnly {
    /// Pairs drawn from `rng`, ascending.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, ordered: false }
    }

    /// Pairs drawn from `rng`, in either order.
    pub fn ordered(rng: ChaCha8Rng) -> Self {
        Self { rng, ordered: true }
    }
}

impl Pivots for AdjacentOnly {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let i = self.rng.random_range(0..view.order() - 1);
        let swap = self.ordered && self.rng.random();
        set.copy_from_slice(&if swap { [i + 1, i] } else { [i, i + 1] });
    }
}

/// One of the `n/k` consecutive blocks of size `k`, chosen uniformly: pairs in different blocks never meet.
#[derive(Debug, Clone)]
pub struct FixedPartition {
    k: usize,
    rng: ChaCha8Rng,
}

impl FixedPartition {
    /// Blocks of size `k` drawn from `rng`.
    pub fn new(k: usize, rng: ChaCha8Rng) -> Self {
        Self { k, rng }
    }
}

impl Pivots for FixedPartition {
    fn size(&self) -> usize {
        self.k
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let block = self.rng.random_range(0..view.order() / self.k);
        set.iter_mut().enumerate().for_each(|(i, index)| *index = block * self.k + i);
    }
}

/// The pair whose step increases the potential most, among those with a scaled entry above 1e-9. Costs `n³` flops a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Adversarial;

impl Pivots for Adversarial {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let n = view.order();
        let scaled: Vec<f64> = (0..n * n).map(|at| cosine(view, at % n, at / n)).collect();
        let mut factor = scaled.clone();
        let mut root = vec![0.0; n * n];
        if cholesky(n, &mut factor).is_ok() {
            invert_upper(n, &factor, &mut root);
        }
        // (B⁻¹)_ij = Σ (R⁻¹)_il (R⁻¹)_jl
        let inverse = |i: usize, j: usize| (0..n).map(|l| root[i + n * l] * root[j + n * l]).sum::<f64>();
        set.copy_from_slice(&best(n, |i, j| {
            let c = scaled[i + n * j];
            if c.abs() > 1e-9 { c * inverse(i, j) } else { f64::NEG_INFINITY }
        }));
    }
}
