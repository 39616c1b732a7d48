//! LSQR with a right preconditioner.

use std::ops::ControlFlow;

use faer::{Mat, MatRef};

use super::passes::{Operator, Passes};
use super::solve::{full_rank, solve_upper, solve_upper_transposed};
use crate::error::{Error, NumericalError, Size, argument, finite, shape};
use crate::linalg::{maximum, norm};
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
/// [`Error::Input`]: shapes, entries that are not finite. [`Error::Numerical`]: `R` has not full rank; the solution or the
/// residual of the start overflows, or the iteration breaks down.
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
        unit: 1.0,
        effort: Effort::default(),
    };
    let mut first = run.first(b);
    let scaled: Scaled;
    let mut b = b;
    if !first.ordinary {
        scaled = Scaled::new(a, b, &run)?;
        b = &scaled.b;
        run = Run {
            operator: Operator::new(scaled.a.as_ref(), options.passes, options.par),
            r: scaled.r.clone(),
            start: scaled.start.clone(),
            unit: scaled.unit,
            effort: run.effort,
        };
        first = run.first(b);
    }
    let (value, status) = run.solve(first, norm(b), options, observe)?;
    if !value.x.iter().all(|x| x.is_finite()) {
        return Err(NumericalError::Overflow { what: "the solution" }.into());
    }
    Ok(Outcome { value, status, effort: run.effort })
}

/// The same problem in other units, so that `A`, `R` and `b − A x₀` are of order one. They are powers of two and change no
/// digit.
struct Scaled {
    a: Mat<f64>,
    r: Option<Mat<f64>>,
    b: Vec<f64>,
    start: Vec<f64>,
    /// That of `x`.
    unit: f64,
}

impl Scaled {
    fn new(a: MatRef<'_, f64>, b: &[f64], run: &Run<'_>) -> Result<Self, Error> {
        for column in a.col_iter() {
            finite("the matrix", column.iter())?;
        }
        let exponent = |largest: f64| largest.log2().floor().clamp(-1000.0, 1000.0) as i32;
        let largest = |x: &[f64]| exponent(maximum(x.iter().map(|x| x.abs())));
        let of_a = if a.norm_max() == 0.0 { 0 } else { exponent(a.norm_max()) };
        // Where x would be out of range, what counts of it is zero or overflows anyway.
        let of_b = largest(b).max(of_a + largest(&run.start)).clamp(of_a - 1000, of_a + 1000).clamp(-1000, 1000);
        let divided =
            |x: MatRef<'_, f64>, e: i32| Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] / f64::powi(2.0, e));
        let vector = |x: &[f64], e: i32| x.iter().map(|x| x / f64::powi(2.0, e)).collect();
        Ok(Self {
            a: divided(a, of_a),
            r: run.r.as_ref().map(|r| divided(r.as_ref(), exponent(r.norm_max()))),
            b: vector(b, of_b),
            start: vector(&run.start, of_b - of_a),
            unit: f64::powi(2.0, of_b - of_a),
        })
    }
}

/// What the bidiagonalization starts with.
struct First {
    u: Vec<f64>,
    v: Vec<f64>,
    /// `‖b − A x₀‖`.
    beta: f64,
    /// `‖Bᵀu‖`.
    alpha: f64,
    /// Whether these and `‖Aᵀ(b − A x₀)‖` are such that no square or product of the iteration leaves the range.
    ordinary: bool,
}

struct Run<'a> {
    operator: Operator<'a>,
    r: Option<Mat<f64>>,
    start: Vec<f64>,
    /// What a solution is to be multiplied by.
    unit: f64,
    effort: Effort,
}

impl Run<'_> {
    /// `x₀ + R⁻¹ y`.
    fn iterate(&self, y: &[f64]) -> Vec<f64> {
        let x = self.forward(y);
        x.iter().zip(&self.start).map(|(x, start)| self.unit * (x + start)).collect()
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

    fn first(&mut self, b: &[f64]) -> First {
        // u = b − A x₀ as −(A x₀ − 1·b).
        let (mut u, mut v) = (b.to_vec(), vec![0.0; self.start.len()]);
        let beta = self.operator.run(&self.start, 1.0, &mut u, &mut v, &mut self.effort).sqrt();
        let correlation = norm(&v);
        if beta > 0.0 {
            u.iter_mut().chain(v.iter_mut()).for_each(|x| *x /= -beta);
        }
        if let Some(r) = &self.r {
            solve_upper_transposed(r, &mut v);
        }
        let alpha = norm(&v);
        if alpha > 0.0 {
            v.iter_mut().for_each(|v| *v /= alpha);
        }
        let ordinary = [beta, correlation, alpha].iter().all(|size| (1e-75..=1e75).contains(size));
        First { u, v, beta, alpha, ordinary }
    }

    fn solve(
        &mut self,
        first: First,
        right: f64,
        options: &LsqrOptions,
        observe: &mut Observer<'_>,
    ) -> Result<(Solution, Status), Error> {
        let First { mut u, mut v, mut beta, mut alpha, .. } = first;
        if !beta.is_finite() || !alpha.is_finite() {
            return Err(NumericalError::Overflow { what: "the residual at the start" }.into());
        }
        let (mut y, mut g) = (vec![0.0; v.len()], v.clone());
        let done = |run: &Self, y: &[f64], optimality| Solution { x: run.iterate(y), optimality };
        if beta == 0.0 || alpha == 0.0 {
            return Ok((done(self, &y, 0.0), Status::Converged));
        }
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
            if !phi_bar.is_finite() {
                return Err(NumericalError::Diverged { iteration, norm: phi_bar }.into());
            }
            if optimality <= options.atol || consistent {
                return Ok((done(self, &y, if consistent { 0.0 } else { optimality }), Status::Converged));
            }
            if observe(iteration, &|| self.iterate(&y)).is_break() {
                break;
            }
        }
        Ok((done(self, &y, optimality), Status::IterationLimit))
    }
}
