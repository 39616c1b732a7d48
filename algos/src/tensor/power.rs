//! The search for `x^{⊗n}` in a subspace: a shifted power iteration with restarts.
//!
//! `F(x) = ‖Vᵀ x^{⊗n}‖²` on the unit sphere is at most 1, and 1 exactly where `x^{⊗n}` lies in the span of the
//! orthonormal `V`. One step is
//!
//! ```text
//! y = P(x^{⊗n}) x^{n−1} = ∇F(x)/(2n),   f = xᵀy = F(x),   x⁺ = (y + γx)/‖y + γx‖.
//! ```

use std::ops::ControlFlow;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::options::{Options, Shift};
use crate::linalg::{norm, power_of_two_scale};

/// A function `F` on the unit sphere to be climbed.
pub trait Ascent {
    /// The dimension `d` of `x`.
    fn dimension(&self) -> usize;
    /// The power `n`.
    fn degree(&self) -> usize;
    /// `y = ∇F(x)/(2n)` at a unit vector `x`; returns `f = F(x)`.
    fn evaluate(&mut self, x: &[f64], y: &mut [f64]) -> f64;
    /// Flops of one evaluation.
    fn flops(&self) -> u64;
}

/// When one climb ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Most steps.
    pub iterations: usize,
    /// Converged when `‖x⁺ − x‖` is below this.
    pub tolerance: f64,
}

/// Where a climb ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Summit {
    /// The last point.
    pub x: Vec<f64>,
    /// `F` at the point before the last step; the two agree once converged.
    pub f: f64,
    /// Steps.
    pub iterations: usize,
    /// Whether the last step was short enough.
    pub converged: bool,
}

/// Shifted power steps from a unit vector. `see(t, x_t, F(x_t))` sees every point before its step and may end the climb.
pub fn climb(
    ascent: &mut impl Ascent,
    start: &[f64],
    shift: Shift,
    limits: Limits,
    mut see: impl FnMut(usize, &[f64], f64) -> ControlFlow<()>,
) -> Summit {
    let n = ascent.degree();
    let (mut x, mut y) = (start.to_vec(), vec![0.0; start.len()]);
    let mut f = 0.0;
    for t in 0..limits.iterations {
        f = ascent.evaluate(&x, &mut y);
        if see(t, &x, f).is_break() {
            return Summit { x, f, iterations: t + 1, converged: false };
        }
        let moved = advance(&mut x, &mut y, shift.gamma(n, f));
        if moved < limits.tolerance {
            return Summit { x, f, iterations: t + 1, converged: true };
        }
    }
    Summit { x, f, iterations: limits.iterations, converged: false }
}

/// Sums of squares below this have lost digits to underflow.
const SMALLEST_SQUARE: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// `x ← (y + γx)/‖y + γx‖`; returns the length of the step. Where `y + γx` vanishes, `x` stays.
pub fn advance(x: &mut [f64], y: &mut [f64], gamma: f64) -> f64 {
    let mut square = 0.0;
    for (y, x) in y.iter_mut().zip(&*x) {
        *y += gamma * x;
        square += *y * *y;
    }
    if !(SMALLEST_SQUARE..f64::INFINITY).contains(&square) {
        // Squares leave the range of numbers long before lengths do.
        let unit = power_of_two_scale(y);
        y.iter_mut().for_each(|y| *y /= unit);
        square = y.iter().map(|y| y * y).sum();
    }
    if square == 0.0 {
        return 0.0;
    }
    let scale = 1.0 / square.sqrt();
    let mut moved = 0.0;
    for (x, y) in x.iter_mut().zip(&*y) {
        let next = y * scale;
        moved += (next - *x) * (next - *x);
        *x = next;
    }
    moved.sqrt()
}

/// A uniformly random unit vector.
pub fn direction(d: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    loop {
        let mut x: Vec<f64> = (0..d).map(|_| rng.sample(StandardNormal)).collect();
        let length = norm(&x);
        if length > 0.0 {
            x.iter_mut().for_each(|x| *x /= length);
            return x;
        }
    }
}

/// The best point of several starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub summit: Summit,
    /// Steps of all starts.
    pub iterations: usize,
    pub tries: u32,
}

/// The power method with restarts: the first point with `1 − f` below the acceptance, else the best of all starts.
///
/// A start that is almost orthogonal to the subspace, `f < 1e-2/√d`, is redrawn and its step counted.
pub(super) fn search(ascent: &mut impl Ascent, options: &Options, rng: &mut ChaCha8Rng) -> Found {
    let d = ascent.dimension();
    let limits = Limits { iterations: options.iterations, tolerance: options.step_limit(d) };
    let redraw = 1e-2 / (d as f64).sqrt();
    let mut best =
        Found { summit: Summit { x: vec![0.0; d], f: -1.0, iterations: 0, converged: false }, iterations: 0, tries: 0 };
    while best.tries < options.tries && 1.0 - best.summit.f >= options.acceptance {
        let mut spent = 0;
        let summit = loop {
            let left = Limits { iterations: limits.iterations - spent, ..limits };
            let start = direction(d, rng);
            let mut orthogonal = false;
            let summit = climb(ascent, &start, options.shift, left, |t, _, f| {
                orthogonal = t == 0 && f < redraw;
                if orthogonal { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            spent += summit.iterations;
            if !orthogonal || spent >= limits.iterations {
                break summit;
            }
        };
        best.iterations += spent;
        best.tries += 1;
        if summit.f > best.summit.f {
            best.summit = summit;
        }
    }
    best
}
