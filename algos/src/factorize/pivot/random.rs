//! Rules that draw.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Pivots, View, pairs};

/// A set drawn uniformly from all sets of size `k`, independently in each step: the rule of the paper.
#[derive(Debug, Clone)]
pub struct UniformIid {
    k: usize,
    rng: ChaCha8Rng,
    /// Any permutation: a partial shuffle of it is uniform whatever it was.
    deck: Vec<usize>,
}

impl UniformIid {
    /// Sets of size `k` drawn from `rng`.
    pub fn new(k: usize, rng: ChaCha8Rng) -> Self {
        Self { k, rng, deck: Vec::new() }
    }
}

impl Pivots for UniformIid {
    fn size(&self) -> usize {
        self.k
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let n = view.order();
        if let [p, q] = set {
            let [a, b] = pair(n, &mut self.rng);
            (*p, *q) = (a.min(b), a.max(b));
            return;
        }
        if self.deck.len() != n {
            self.deck = (0..n).collect();
        }
        for (i, chosen) in set.iter_mut().enumerate() {
            let j = self.rng.random_range(i..n);
            self.deck.swap(i, j);
            *chosen = self.deck[i];
        }
        set.sort_unstable();
    }
}

/// A uniformly random ordered pair of different indices.
fn pair(n: usize, rng: &mut ChaCha8Rng) -> [usize; 2] {
    let p = rng.random_range(0..n);
    let q = rng.random_range(0..n - 1);
    [p, q + usize::from(q >= p)]
}

/// A pair drawn uniformly from all *ordered* pairs, independently in each step (arXiv:2411.16101).
#[derive(Debug, Clone)]
pub struct OrderedPair {
    rng: ChaCha8Rng,
}

impl OrderedPair {
    /// Pairs drawn from `rng`.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { rng }
    }
}

impl Pivots for OrderedPair {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        set.copy_from_slice(&pair(view.order(), &mut self.rng));
    }
}

/// All pairs in a random order, drawn anew for each sweep. Not what the paper analyses: it converges faster.
#[derive(Debug, Clone)]
pub struct ShuffledSweep {
    rng: ChaCha8Rng,
    order: usize,
    left: Vec<[usize; 2]>,
}

impl ShuffledSweep {
    /// Orders drawn from `rng`.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, order: 0, left: Vec::new() }
    }
}

impl Pivots for ShuffledSweep {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let n = view.order();
        // What is left of another matrix's sweep says nothing of this one.
        if self.left.is_empty() || self.order != n {
            self.order = n;
            self.left.clear();
            self.left.reserve(pairs(n));
            self.left.extend((0..n).flat_map(|p| (p + 1..n).map(move |q| [p, q])));
        }
        let at = self.rng.random_range(0..self.left.len());
        set.copy_from_slice(&self.left.swap_remove(at));
    }
}
