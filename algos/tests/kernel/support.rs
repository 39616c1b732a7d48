//! What the tests share.

use algos::Par;
use algos::kernel::{Bandwidth, Engine, Points, Problem, Variant, instance::gaussian, multiply};
use algos::simd::Simd;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Gaussian points of a given size.
pub fn cloud(n: usize, d: usize, size: f64, seed: u64) -> Points {
    let coordinates = gaussian(n * d, &mut rng(seed)).into_iter().map(|z| size * z).collect();
    Points::new(n, d, coordinates).unwrap()
}

pub fn unit<'a>(queries: &'a Points, keys: &'a Points) -> Problem<'a> {
    Problem::new(queries, keys, Bandwidth::StandardDeviation(1.0)).unwrap()
}

pub fn exact(problem: &Problem<'_>, x: &[f64]) -> Vec<f64> {
    multiply(Variant::Reference, problem, x, Engine::detect()).unwrap().value
}

pub fn engines() -> impl Iterator<Item = Engine> {
    Simd::available().into_iter().map(|simd| Engine { simd, par: Par::Seq })
}

pub fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// `‖a − b‖₂`.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

pub fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}
