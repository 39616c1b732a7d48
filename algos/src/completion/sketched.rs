//! Robust alternating minimization of Gu, Song, Yin & Zhang: masked regressions by a sketched preconditioner.
//!
//! Algorithm 1 of arXiv:2302.11068 is AltMinComplete with each least-squares update replaced by `fast_mult_reg`, which
//! only has to be accurate to `ε₀`. The structure (subsets, spectral start, clipping, approximate regressions, QR) was
//! read in reviews of the paper; details are our reading. For each line `j`, with `A = U[Ω_j, :]: n_j×k`:
//!
//! ```text
//! 1  S ∈ R^{4k×n_j} a CountSketch with random signs                (S = I where n_j ≤ 4k)
//! 2  S A = Q R; where R is too ill-conditioned, solve directly
//! 3  conjugate gradients on min ‖A R⁻¹ z − b‖ from z = 0 until ‖(A R⁻¹)ᵀ r‖ ≤ ε₀ ‖(A R⁻¹)ᵀ b‖;  x = R⁻¹ z
//! ```
//!
//! CountSketch with `4k` rows is an embedding of random designs in practice; as a guarantee it would need `Ω(k²)` rows.

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::driver::{self, Solver, Tally};
use super::options::Stream;
use super::start::{Svd, start};
use super::{Completion, Lines, Observations, Observer, Options};
use crate::linalg::{least_squares, norm, triangular_factor};
use crate::{Error, Outcome};

/// Rows of the sketch per unknown.
pub const SKETCH: usize = 4;
/// Condition estimate of `R` above which a line is solved directly.
const ILL_CONDITIONED: f64 = 1e12;

/// The accuracy `ε₀` of a regression.
pub const ACCURACY: f64 = 1e-14;

/// AltMin with sketched regressions. Cost of a sweep: `O((|Ω|k + (m+n)k³) log(1/ε₀))` flops.
///
/// # Errors
///
/// As [`altmin`](super::altmin).
pub fn altmin_gsyz(
    observations: &Observations,
    options: &Options<'_>,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    let mut solver = Sketched { rng: options.rng(Stream::Sketch) };
    driver::run(observations, options, &mut solver, |o, options| start(o, options, Svd::Dense), observe)
}

struct Sketched {
    rng: ChaCha8Rng,
}

impl Solver for Sketched {
    fn half(&mut self, lines: &Lines, design: MatRef<'_, f64>, tally: &mut Tally) -> Result<Mat<f64>, Error> {
        let k = design.ncols();
        let mut solution = Mat::zeros(lines.len(), k);
        for j in 0..lines.len() {
            let (observed, values) = lines.line(j);
            if observed.is_empty() {
                continue;
            }
            let a = Mat::from_fn(observed.len(), k, |r, c| design[(observed[r] as usize, c)]);
            tally.underdetermined += u64::from(observed.len() < k);
            let sketch = sketch(a.as_ref(), &mut self.rng); // line 1
            let r = triangular_factor(sketch.as_ref()); // line 2
            let x = match well_conditioned(r.as_ref()) {
                true => {
                    let solved =
                        preconditioned_cg(a.as_ref(), values, Some(r.as_ref()), 10 * k + 50, &mut |z, _| z <= ACCURACY);
                    tally.inner_steps += solved.steps as u64;
                    tally.effort.flops += solved.flops;
                    solved.x // line 3
                }
                false => {
                    tally.fallbacks += 1;
                    least_squares(a.as_ref(), values)?
                }
            };
            (0..k).for_each(|c| solution[(j, c)] = x[c]);
            tally.effort.entries += observed.len() as u64;
            tally.effort.flops += (observed.len() * k + 2 * sketch.nrows() * k * k) as u64;
        }
        Ok(solution)
    }
}

/// `S A` for a CountSketch `S` with `4k` rows, or `A` itself where it has no more rows.
pub fn sketch(a: MatRef<'_, f64>, rng: &mut ChaCha8Rng) -> Mat<f64> {
    let (n, k) = a.shape();
    let rows = SKETCH * k;
    if n <= rows {
        return a.to_owned();
    }
    let mut sketch = Mat::zeros(rows, k);
    for i in 0..n {
        let (bucket, sign) = (rng.random_range(0..rows), if rng.random::<bool>() { 1.0 } else { -1.0 });
        (0..k).for_each(|c| sketch[(bucket, c)] += sign * a[(i, c)]);
    }
    sketch
}

fn well_conditioned(r: MatRef<'_, f64>) -> bool {
    if r.nrows() < r.ncols() {
        return false;
    }
    let diagonal = || (0..r.nrows()).map(|i| r[(i, i)].abs());
    let (low, high) = (diagonal().fold(f64::INFINITY, f64::min), diagonal().fold(0.0, f64::max));
    high.is_finite() && low * ILL_CONDITIONED > high
}

/// What conjugate gradients did.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// The solution.
    pub x: Vec<f64>,
    /// Steps taken.
    pub steps: usize,
    /// Flops counted.
    pub flops: u64,
}

/// Conjugate gradients on `min ‖A R⁻¹ z − b‖` from zero, `x = R⁻¹ z`; without `R` on `A` itself.
///
/// `done` sees `‖(A R⁻¹)ᵀ r‖/‖(A R⁻¹)ᵀ b‖` and `x` after each step.
///
/// # Panics
/// If shapes do not agree.
pub fn preconditioned_cg(
    a: MatRef<'_, f64>,
    b: &[f64],
    r: Option<MatRef<'_, f64>>,
    limit: usize,
    done: &mut dyn FnMut(f64, &[f64]) -> bool,
) -> Solved {
    let (n, k) = a.shape();
    let forward = |z: &[f64]| -> Vec<f64> {
        let mut x = z.to_vec();
        if let Some(r) = r {
            for i in (0..k).rev() {
                let rest: f64 = (i + 1..k).map(|c| r[(i, c)] * x[c]).sum();
                x[i] = (x[i] - rest) / r[(i, i)];
            }
        }
        x
    };
    let adjoint = |y: &[f64]| -> Vec<f64> {
        let mut g: Vec<f64> = (0..k).map(|c| (0..n).map(|i| a[(i, c)] * y[i]).sum()).collect();
        if let Some(r) = r {
            for i in 0..k {
                let rest: f64 = (0..i).map(|c| r[(c, i)] * g[c]).sum();
                g[i] = (g[i] - rest) / r[(i, i)];
            }
        }
        g
    };
    let apply = |x: &[f64]| -> Vec<f64> { (0..n).map(|i| (0..k).map(|c| a[(i, c)] * x[c]).sum()).collect() };
    let mut z = vec![0.0; k];
    let mut residual = b.to_vec();
    let mut s = adjoint(&residual);
    let start = norm(&s);
    let mut p = s.clone();
    let mut gamma: f64 = s.iter().map(|s| s * s).sum();
    let mut solved = Solved { x: z.clone(), steps: 0, flops: 0 };
    while solved.steps < limit && gamma > 0.0 {
        let q = apply(&forward(&p));
        let alpha = gamma / q.iter().map(|q| q * q).sum::<f64>();
        z.iter_mut().zip(&p).for_each(|(z, p)| *z += alpha * p);
        residual.iter_mut().zip(&q).for_each(|(r, q)| *r -= alpha * q);
        s = adjoint(&residual);
        let next: f64 = s.iter().map(|s| s * s).sum();
        p.iter_mut().zip(&s).for_each(|(p, s)| *p = s + next / gamma * *p);
        gamma = next;
        solved.steps += 1;
        solved.flops += (4 * n * k + 2 * k * k) as u64;
        solved.x = forward(&z);
        if done(gamma.sqrt() / start, &solved.x) {
            break;
        }
    }
    solved
}
