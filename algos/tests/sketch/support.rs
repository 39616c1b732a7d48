//! Small matrices and comparisons.

use algos::faer::{Mat, MatRef};
use algos::sketch::{Law, Rows};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::StandardNormal;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub fn gaussian(n: usize, d: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    let mut x = Mat::zeros(n, d);
    (0..d).for_each(|j| x.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
    x
}

pub fn vector(n: usize, seed: u64) -> Vec<f64> {
    gaussian(n, 1, seed).col_as_slice(0).to_vec()
}

/// Every law that can make an `m×n` sketch.
pub fn laws(m: usize, n: usize) -> Vec<Law> {
    let mut laws = vec![
        Law::Gaussian,
        Law::Rademacher,
        Law::Srht(Rows::Replaced),
        Law::Srdct(Rows::Replaced),
        Law::Circulant(Rows::Replaced),
        Law::CountSketch,
        Law::VerySparse(3.0),
        Law::VerySparse(1.0),
        Law::OsnapGraph(m.min(3)),
    ];
    if m <= n {
        laws.extend([
            Law::Srht(Rows::Distinct),
            Law::Srdct(Rows::Distinct),
            Law::Circulant(Rows::Distinct),
            Law::Orthogonal,
        ]);
    }
    laws.extend((2..=8).filter(|s| m.is_multiple_of(*s)).map(Law::OsnapBlocks));
    if m.is_power_of_two() && m <= n.next_power_of_two() {
        laws.push(Law::Pooled);
    }
    if n.is_power_of_two() && n > 1 {
        laws.push(Law::TensorSrht { left: 2, right: n / 2 });
        laws.push(Law::TensorSrht { left: n / 2, right: 2 });
    }
    laws
}

/// The textbook product.
pub fn product(s: MatRef<'_, f64>, a: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(s.nrows(), a.ncols(), |i, j| (0..a.nrows()).map(|k| s[(i, k)] * a[(k, j)]).sum())
}

pub fn norm(a: &Mat<f64>) -> f64 {
    a.norm_l2()
}

pub fn bits(u: &Mat<f64>) -> Vec<u64> {
    u.col_iter().flat_map(|c| c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).collect()
}
