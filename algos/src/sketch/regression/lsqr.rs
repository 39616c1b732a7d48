//! LSQR with a right preconditioner.

use std::ops::ControlFlow;

use faer::{Mat, MatRef};

use super::passes::{Operator, Passes};
use super::solve::{full_rank, solve_upper, solve_upper_transposed};
use crate::error::{Error, Size, argument, finite, shape};
use crate::linalg::norm;
use crate::{Effort, Outcome, Par, Status};

/// When to stop, and how to run.
#[derive(Debug, Clone, Copy)]
pub struct LsqrOptions {
    /// Stops when `‖Bᵀr‖ ≤ atol·‖B‖‖r‖` for the preconditioned matrix `B`, by the recurrences' estimates.
    pub atol: f64,
    /// Stops when `‖r‖ ≤ btol·‖b‖ + atol·‖B‖‖y‖`: the system is consistent.
    pub btol: f64,
    /// The largest number of iterations.
    pub iterations: usize,
    /// How the matrix is read.
    pub passes: Passes,
    /// Threads; they change no bit.
    pub par: Par,
}

impl Default for LsqrOptions {
    /// To machine precision, in at most 500 iterations, one pass each, on one thread.
    fn default() -> Self {
        Self { atol: 4e-16, btol: 1e-16, iterations: 500, passes: Passes::Fused, par: Par::Seq }
    }
}

/// What LSQR found.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// `x: d`. At an iteration limit the last iterate, whose residual is the smallest so far.
    pub x: Vec<f64>,
    /// The estimate of `‖Bᵀr‖/(‖B‖‖r‖)` at the end; 0 for a consistent system.
    pub optimality: f64,
}

/// Sees the number of an iteration and, when asked, its iterate; may end the run.
pub type Observer<'a> = dyn FnMut(usize, &dyn Fn() -> Vec<f64>) -> ControlFlow<()> + 'a;

/// An observer that sees nothing.
pub fn silent(_: usize, _: &dyn Fn() -> Vec<f64>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Solves `min ‖A x − b‖₂` for `A: n×d` by LSQR on `B = A R⁻¹`, from `x₀` or zero (Paige & Saunders 1982,
/// doi:10.1145/355984.355989).
///
/// Cost of an iteration: `4nd + 2d²` flops, and one read of `A` where [`Passes::Fused`] is chosen. A matrix whose columns
/// are not contiguous is copied first. `b = 0` and `Aᵀb = 0` end with the start in no iteration.
///
/// # Errors
/// [`Error::Input`]: shapes, entries that are not finite. [`Error::Numerical`]: `R` has not full rank.
/// An iteration limit is a [`Status`].
pub fn lsqr(
    a: MatRef<'_, f64>,
    b: &[f64],
    r: Option<MatRef<'_, f64>>,
    x0: Option<&[f64]>,
    options: &LsqrOptions,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Solution>, Error> {
    let (n, d) = a.shape();
    shape("the right-hand side", Size::Len(n), Size::Len(b.len()))?;
    argument(n > 0 && d > 0, "size", 0.0, "must be positive")?;
    finite("the right-hand side", b)?;
    argument(options.atol >= 0.0 && options.btol >= 0.0, "tolerance", options.atol, "must not be negative")?;
    if let Some(r) = r {
        shape("the preconditioner", Size::Matrix(d, d), Size::Matrix(r.nrows(), r.ncols()))?;
        full_rank(r)?;
    }
    if let Some(x0) = x0 {
        shape("the start", Size::Len(d), Size::Len(x0.len()))?;
        finite("the start", x0)?;
    }
    let owned: Mat<f64>;
    let a = if n > 1 && a.row_stride() != 1 {
        owned = a.to_owned();
        owned.as_ref()
    } else {
        a
    };
    let mut run = Run {
        operator: Operator::new(a, options.passes, options.par),
        r: r.map(|r| r.to_owned()),
        start: x0.map_or_else(|| vec![0.0; d], <[f64]>::to_vec),
        effort: Effort::default(),
    };
    let solution = run.solve(b, options, observe)?;
    let (value, status) = solution;
    finite("the iterate", &value.x)?;
    Ok(Outcome { value, status, effort: run.effort })
}

struct Run<'a> {
    operator: Operator<'a>,
    r: Option<Mat<f64>>,
    start: Vec<f64>,
    effort: Effort,
}

impl Run<'_> {
    /// `x₀ + R⁻¹ y`.
    fn iterate(&self, y: &[f64]) -> Vec<f64> {
        let x = self.forward(y);
        x.iter().zip(&self.start).map(|(x, start)| x + start).collect()
    }

    fn forward(&self, y: &[f64]) -> Vec<f64> {
        let mut x = y.to_vec();
        if let Some(r) = &self.r {
            solve_upper(r, &mut x);
        }
        x
    }

    /// One step of the bidiagonalization: `u ← B v − α u`, normalised, and `g ← Bᵀ u`; returns `‖u‖`.
    fn step(&mut self, v: &[f64], alpha: f64, u: &mut [f64], g: &mut [f64]) -> f64 {
        let x = self.forward(v);
        let beta = self.operator.run(&x, alpha, u, g, &mut self.effort).sqrt();
        if beta > 0.0 {
            // Bᵀ is linear: dividing afterwards saves a second pass.
            u.iter_mut().chain(g.iter_mut()).for_each(|x| *x /= beta);
        }
        if let Some(r) = &self.r {
            solve_upper_transposed(r, g);
            self.effort.flops += 2 * (g.len() * g.len()) as u64;
        }
        beta
    }

    fn solve(
        &mut self,
        b: &[f64],
        options: &LsqrOptions,
        observe: &mut Observer<'_>,
    ) -> Result<(Solution, Status), Error> {
        let d = self.start.len();
        // u = b − A x₀ as −(A x₀ − 1·b).
        let (mut u, mut g) = (b.to_vec(), vec![0.0; d]);
        let start = self.start.clone();
        let mut beta = self.operator.run(&start, 1.0, &mut u, &mut g, &mut self.effort).sqrt();
        argument(beta.is_finite(), "the residual at the start", beta, "must be finite")?;
        let mut y = vec![0.0; d];
        let done = |run: &Self, y: &[f64], optimality| Solution { x: run.iterate(y), optimality };
        if beta == 0.0 {
            return Ok((done(self, &y, 0.0), Status::Converged));
        }
        u.iter_mut().chain(g.iter_mut()).for_each(|x| *x /= -beta);
        if let Some(r) = &self.r {
            solve_upper_transposed(r, &mut g);
        }
        let mut v = g.clone();
        let mut alpha = norm(&v);
        let right = norm(b);
        if alpha == 0.0 {
            return Ok((done(self, &y, 0.0), Status::Converged));
        }
        v.iter_mut().for_each(|v| *v /= alpha);
        let mut w = v.clone();
        let (mut phi_bar, mut rho_bar) = (beta, alpha);
        let mut frobenius = alpha * alpha;
        let mut optimality = f64::INFINITY;
        for iteration in 1..=options.iterations {
            beta = self.step(&v, alpha, &mut u, &mut g);
            for (v, g) in v.iter_mut().zip(&g) {
                *v = g - beta * *v;
            }
            alpha = norm(&v);
            if alpha > 0.0 {
                v.iter_mut().for_each(|v| *v /= alpha);
            }
            frobenius += alpha * alpha + beta * beta;
            let rho = rho_bar.hypot(beta);
            let (c, s) = (rho_bar / rho, beta / rho);
            let (theta, phi) = (s * alpha, c * phi_bar);
            rho_bar = -c * alpha;
            phi_bar *= s;
            for ((y, w), v) in y.iter_mut().zip(&mut w).zip(&v) {
                *y += phi / rho * *w;
                *w = v - theta / rho * *w;
            }
            self.effort.iterations += 1;
            let size = frobenius.sqrt();
            optimality = if phi_bar > 0.0 { alpha * c.abs() / size } else { 0.0 };
            let consistent = phi_bar <= options.btol * right + options.atol * size * norm(&y);
            if optimality <= options.atol || consistent || !phi_bar.is_finite() {
                return Ok((done(self, &y, if consistent { 0.0 } else { optimality }), Status::Converged));
            }
            if observe(iteration, &|| self.iterate(&y)).is_break() {
                break;
            }
        }
        Ok((done(self, &y, optimality), Status::IterationLimit))
    }
}
