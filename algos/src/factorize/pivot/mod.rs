//! Pivot rules: which `k` columns a step takes.

mod control;
mod cyclic;
mod greedy;
mod random;

pub use control::{AdjacentOnly, Adversarial, FixedPartition};
pub use cyclic::{DeRijk, RoundRobin, RowCyclic, round};
pub use greedy::GreedyMax;
pub use random::{OrderedPair, ShuffledSweep, UniformIid};

/// The matrix as a pivot rule may look at it.
pub trait View {
    /// The order `n`.
    fn order(&self) -> usize;
    /// `A_ij`.
    fn entry(&self, i: usize, j: usize) -> f64;
}

/// Chooses the pivots of each step.
///
/// A set is returned in the order in which its columns enter the block; the engine never sorts it. Rules return it
/// ascending, which triangular solvers need to keep their form, but for [`OrderedPair`] and [`DeRijk`].
pub trait Pivots {
    /// The size `k` of the sets.
    fn size(&self) -> usize;
    /// Writes the next set.
    fn next(&mut self, view: &dyn View, set: &mut [usize]);
}

impl<P: Pivots + ?Sized> Pivots for Box<P> {
    fn size(&self) -> usize {
        (**self).size()
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        (**self).next(view, set);
    }
}

/// `n(n−1)/2`, the number of pairs: steps of a sweep if `k = 2`.
pub fn pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

/// `ρ = 1 − k(k−1)/(n(n−1))`: the factor by which a step with uniformly random pivots contracts the potential in
/// expectation.
pub fn contraction_factor(n: usize, k: usize) -> f64 {
    let pairs = |n: usize| (n * n.saturating_sub(1)) as f64;
    1.0 - pairs(k) / pairs(n)
}
