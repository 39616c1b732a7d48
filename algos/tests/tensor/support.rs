//! Small problems and comparisons.

use algos::tensor::diagnose::{Match, compare};
use algos::tensor::instance::{Spec, Truth};
use algos::tensor::{Decomposition, Options, SymmetricTensor, Variant, decompose, relative_error};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Orders 3 to 6 below the uniqueness bound.
pub const CELLS: [(usize, usize, usize); 4] = [(3, 10, 8), (4, 8, 20), (5, 6, 15), (6, 5, 20)];

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub fn draw((m, d, r): (usize, usize, usize), seed: u64) -> (SymmetricTensor, Truth) {
    Spec::new(m, d, r).draw(&mut rng(seed)).unwrap()
}

pub fn options(seed: u64) -> Options {
    Options { seed: 1000 + seed, ..Options::default() }
}

pub fn run(variant: Variant, tensor: &SymmetricTensor, seed: u64) -> Decomposition {
    decompose(variant, tensor, &options(seed)).unwrap().value
}

/// Relative reconstruction error, and errors of components and weights.
pub fn errors(found: &Decomposition, tensor: &SymmetricTensor, truth: &Truth) -> (f64, Match) {
    let relative = relative_error(tensor, found.vectors.as_ref(), &found.weights).unwrap();
    (relative, compare(found, truth, tensor.order()).unwrap())
}
