//! Functions to interpolate: Gaussians with their exact series, and potentials of charged particles as sums of Gaussians.

use faer::Mat;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Canonical;
use crate::error::{Error, argument, finite};

/// The exact Chebyshev coefficients of `exp(−t²x²)` on `[−1, 1]`: entry `k` belongs to `T_{2k}`.
///
/// `exp(−t²x²) = e^{−a}[I₀(a) + 2 Σ_{k≥1} (−1)^k I_k(a) T_{2k}(x)]` with `a = t²/2` and modified Bessel functions, here by the
/// backward recurrence `I_{k−1} = I_{k+1} + (2k/a) I_k`, normalised by `e^{−a}(I₀ + 2ΣI_k) = 1`.
///
/// # Errors
///
/// [`Error::Input`]: `t` not in `(0, 100]`.
pub fn gaussian_series(t: f64, count: usize) -> Result<Vec<f64>, Error> {
    argument(t > 0.0 && t <= 100.0, "t", t, "0 < t ≤ 100")?;
    let a = 0.5 * t * t;
    // Where I_k is below 1e-40 of I₀ for all a in question.
    let start = count + 40 + (20.0 * a.sqrt() + a.min(20.0)) as usize;
    let mut bessel = vec![0.0; start + 2];
    bessel[start] = 1e-250;
    for k in (1..=start).rev() {
        bessel[k - 1] = bessel[k + 1] + 2.0 * k as f64 / a * bessel[k];
        if bessel[k - 1] > 1e200 {
            bessel[k - 1..].iter_mut().for_each(|i| *i *= 1e-250);
        }
    }
    let total = bessel[0] + 2.0 * bessel[1..].iter().rev().sum::<f64>();
    let coefficient = |k: usize| {
        let size = bessel[k] / total * if k == 0 { 1.0 } else { 2.0 };
        if k.is_multiple_of(2) { size } else { -size }
    };
    Ok((0..count).map(coefficient).collect())
}

/// A term `w exp(−t²r²)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian {
    /// `t`.
    pub t: f64,
    /// `w`.
    pub weight: f64,
}

/// `1/r ≈ Σ w exp(−t²r²)`: the trapezoidal rule of step `h` for `(2/√π) ∫ e^u exp(−r²e^{2u}) du` on `[low, high]`.
///
/// The relative error of the infinite sum is `2√2 e^{−π²/(2h)}`.
///
/// # Errors
///
/// [`Error::Input`]: a step that is not positive, or limits that are not finite and in order.
pub fn newton_kernel(h: f64, low: f64, high: f64) -> Result<Vec<Gaussian>, Error> {
    argument(h > 0.0 && h.is_finite(), "h", h, "positive and finite")?;
    finite("limits", &[low, high])?;
    argument(low < high && (high - low) / h <= 1e6, "high", high, "above low, by at most a million steps")?;
    let scale = 2.0 / std::f64::consts::PI.sqrt() * h;
    let steps = (low / h).ceil() as i64..=(high / h).floor() as i64;
    Ok(steps.map(|k| (k as f64 * h).exp()).map(|t| Gaussian { t, weight: scale * t }).collect())
}

/// A charged particle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Particle {
    /// Where it is.
    pub at: [f64; 3],
    /// Its charge.
    pub charge: f64,
}

/// Particles with independent positions, uniform in `[−half, half]³`, and charges ±1.
pub fn particles(count: usize, half: f64, rng: &mut ChaCha8Rng) -> Vec<Particle> {
    let mut particle = || {
        let at = [(); 3].map(|()| half * (2.0 * rng.random::<f64>() - 1.0));
        Particle { at, charge: if rng.random::<bool>() { 1.0 } else { -1.0 } }
    };
    (0..count).map(|_| particle()).collect()
}

/// `Σ_p q_p Σ_k w_k exp(−t_k²‖x − x_p‖²)` on a grid, in canonical form: one term for each particle and Gaussian.
///
/// # Errors
///
/// [`Error::Input`]: no particles, no Gaussians, no points, or numbers that are not finite.
pub fn potential(kernel: &[Gaussian], particles: &[Particle], points: [&[f64]; 3]) -> Result<Canonical, Error> {
    let terms: Vec<(&Particle, &Gaussian)> =
        particles.iter().flat_map(|p| kernel.iter().map(move |g| (p, g))).collect();
    let weights = terms.iter().map(|(p, g)| p.charge * g.weight).collect();
    let factor = |n: usize| {
        let x: &[f64] = points[n];
        Mat::from_fn(x.len(), terms.len(), |i, r| {
            let (particle, gaussian) = terms[r];
            (-(gaussian.t * (x[i] - particle.at[n])).powi(2)).exp()
        })
    };
    Canonical::new(weights, [factor(0), factor(1), factor(2)])
}
