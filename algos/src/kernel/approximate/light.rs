//! The light part: sampled keys through the tile, heavy entries masked.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::kernel::Engine;
use crate::kernel::fast::pack::{Packed, Rows};
use crate::kernel::fast::sums;
use crate::kernel::fast::tile::Gaussian;
use crate::kernel::fast::vector::Real;
use crate::kernel::instance::subset;
use crate::kernel::points::Centred;

/// Each key by itself with probability `π_j = min(1, a x_j²)`, weighted by `x_j/π_j`.
///
/// The expected squared error is at most `‖K_L‖_F²/a`, whatever columns of `K_L` are like: a column that all queries see
/// costs no more than one that one query sees.
pub fn poisson(x: &[f64], a: f64, rng: &mut ChaCha8Rng) -> Vec<(u32, f64)> {
    let mut sample = Vec::new();
    for (j, &x) in (0..).zip(x).filter(|(_, x)| **x != 0.0) {
        let pi = (a * x * x).min(1.0);
        if rng.random::<f64>() < pi {
            sample.push((j, x / pi));
        }
    }
    sample
}

/// The `a` for which `Σ min(1, a x_j²) = s`, by bisection.
pub fn inclusion(x: &[f64], s: f64) -> f64 {
    let expected = |a: f64| x.iter().map(|x| (a * x * x).min(1.0)).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    let most = x.iter().filter(|x| **x != 0.0).count() as f64;
    while expected(high) < s.min(0.999_999 * most) && high < 1e300 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if expected(middle) < s { low = middle } else { high = middle }
    }
    high
}

/// `s` keys uniformly without replacement, weighted by `x_j m/s`.
pub fn uniform(x: &[f64], s: usize, rng: &mut ChaCha8Rng) -> Vec<(u32, f64)> {
    let mut chosen = subset(x.len(), s, rng);
    chosen.sort_unstable();
    let scale = x.len() as f64 / s as f64;
    chosen.into_iter().map(|j| (j as u32, scale * x[j])).collect()
}

/// `Σ_j K_ij w_j` over sampled keys with `u_ij ≥ threshold`.
pub(crate) fn sum<T: Real>(points: &Centred, sample: &[(u32, f64)], threshold: f64, engine: Engine) -> Vec<f64> {
    let direct = T::EPSILON * points.largest > T::CANCELLATION;
    let chosen: Vec<u32> = sample.iter().map(|(j, _)| *j).collect();
    let keys = Packed::<T>::keys(points, &chosen, 1, direct, |a, _| sample[a].1);
    let rows = Rows::queries(points, 0..points.n, direct);
    sums(&rows, &keys, Gaussian, direct, Some(threshold), engine)
}
