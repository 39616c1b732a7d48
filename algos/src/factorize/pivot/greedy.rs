//! The classical rule of Jacobi.

use super::{Pivots, View};

/// The pair with the largest scaled entry `|A_ij| / √(A_ii A_jj)`. Costs `n²/2` entries a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct GreedyMax;

impl Pivots for GreedyMax {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        set.copy_from_slice(&best(view.order(), |i, j| cosine(view, i, j).abs()));
    }
}

/// `A_ij / √(A_ii A_jj)`, zero where a diagonal is.
pub(super) fn cosine(view: &dyn View, i: usize, j: usize) -> f64 {
    let size = view.entry(i, i).sqrt() * view.entry(j, j).sqrt();
    if size > 0.0 { view.entry(i, j) / size } else { 0.0 }
}

/// The first pair of largest score.
pub(super) fn best(n: usize, score: impl Fn(usize, usize) -> f64) -> [usize; 2] {
    let mut best = ([0, 1], f64::NEG_INFINITY);
    for i in 0..n {
        for j in i + 1..n {
            let score = score(i, j);
            if score > best.1 {
                best = ([i, j], score);
            }
        }
    }
    best.0
}
