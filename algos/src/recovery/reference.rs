//! SubGM as the paper writes it, for reading and auditing.
//!
//! Algorithm 1 of Ma & Fattahi, arXiv:2202.08788, on full matrices `A_i: d×d` that need not be symmetric:
//!
//! ```text
//! 1  M_0 ← (1/m) Σ sign(y_i) (A_i + A_iᵀ)/2
//! 2  M_0 = V diag(λ) Vᵀ, λ descending
//! 3  U_0 ← α V[:, 0..r'] diag(√max(λ_j, 0))
//! 4  for t = 0 … T−1
//! 5     z_i ← ⟨A_i, U_t U_tᵀ⟩ − y_i                  first pass over the data
//! 6     G_t ← (1/m) Σ sign(z_i) (A_i + A_iᵀ)/2       second pass
//! 7     f_t ← (1/m) Σ |z_i|
//! 8     η_t ← step rule
//! 9     U_{t+1} ← U_t − η_t · 2 G_t U_t
//! 10 return U_T
//! ```
//!
//! The order of lines and the factor 2 in line 9 are our convention. With [`Loss::L2`](super::Loss) the weights
//! `sign(z_i)` of line 6 are `z_i`, and line 7 is `(1/2m) Σ z_i²`.

use faer::{Mat, MatRef};

use super::fast::descent::{bounded, norm_limit};
use super::observe::{Gauge, Iterate, Observe};
use super::options::{Reading, sign};
use super::outcome::warnings;
use super::problem::observations;
use super::symmetric::frobenius;
use super::{Factor, FullMeasurements, Options, init::start};
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// SubGM on full measurement matrices.
///
/// Cost of an iteration: `4md² + 4d²r'` flops, `16md²` bytes in two passes. Memory beyond the data: `2d² + 2dr' + m`.
///
/// # Errors
///
/// Input that is not finite, sizes that do not agree, parameters outside their domains; a start that is zero; iterates
/// that diverge; a sub-gradient whose norm overflows where the step is divided by it.
pub fn subgm(
    a: &FullMeasurements,
    y: &[f64],
    options: &Options<'_>,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    observations(a.len(), y)?;
    options.check(a.order())?;
    let (d, m) = (a.order(), a.len());
    let mut effort = Effort::default();
    let mut scratch = Vec::new();
    let limit = norm_limit(y, &mut scratch);
    // Lines 1–3.
    let (mut u, effective_width) = start(options, d, || {
        let signs: Vec<f64> = y.iter().map(|&y| sign(y)).collect();
        weighted_average(a, &signs, &mut effort)
    })?;
    let mut status = Status::IterationLimit;
    let mut rows_evaluated = 0;
    // Line 4.
    for t in 0..options.iterations {
        bounded(u.as_ref(), limit, t)?;
        let z = residual(a, y, u.as_ref(), &mut effort); // line 5
        let weights: Vec<f64> = z.iter().map(|&z| options.loss.weight(z)).collect();
        let g = weighted_average(a, &weights, &mut effort); // line 6
        let f = options.loss.mean(&z); // line 7
        if f.is_nan() {
            return Err(NumericalError::Diverged { iteration: t, norm: frobenius(u.as_ref()) }.into());
        }
        rows_evaluated += m as u64;
        let gradient_norm = frobenius(g.as_ref());
        let eta = options.step.size(t, Reading { loss: f, gradient_norm, residual: &z }, &mut scratch)?; // line 8
        let still = 2.0 * eta * gradient_norm < f64::powi(2.0, -54);
        if observe.wants(t) {
            observe.see(&Iterate {
                iteration: t,
                u: u.as_ref(),
                step: (!still).then_some(eta),
                rows_evaluated: m as u64,
                known: Gauge { loss: Some(f), gradient_norm: Some(gradient_norm) },
                measure: &|u| gauge(a, y, options, u),
            });
        }
        if still {
            status = Status::StepExhausted;
            break;
        }
        // Line 9.
        let gu = multiply(g.as_ref(), u.as_ref(), &mut effort);
        for j in 0..u.ncols() {
            for i in 0..d {
                u[(i, j)] -= eta * 2.0 * gu[(i, j)];
            }
        }
        effort.iterations += 1;
    }
    bounded(u.as_ref(), limit, options.iterations)?;
    if status == Status::IterationLimit && observe.wants(options.iterations) {
        observe.see(&Iterate {
            iteration: options.iterations,
            u: u.as_ref(),
            step: None,
            rows_evaluated: 0,
            known: Gauge::default(),
            measure: &|u| gauge(a, y, options, u),
        });
    }
    // Line 10.
    let warnings = warnings(d, m, options.width, effective_width);
    let value = Factor { u, effective_width, zero_rows: a.zero_rows(), rows_evaluated, warnings };
    Ok(Outcome { value, status, effort })
}

/// `z_i = ⟨A_i, U Uᵀ⟩ − y_i`.
fn residual(a: &FullMeasurements, y: &[f64], u: MatRef<'_, f64>, effort: &mut Effort) -> Vec<f64> {
    let d = a.order();
    let x = multiply(u, u.transpose(), effort);
    let mut z = vec![0.0; y.len()];
    for i in 0..y.len() {
        let a_i = a.matrix(i);
        let mut inner = 0.0;
        for l in 0..d {
            for k in 0..d {
                inner += a_i[(k, l)] * x[(k, l)];
            }
        }
        z[i] = inner - y[i];
    }
    count_pass(a, effort);
    z
}

/// `(1/m) Σ w_i (A_i + A_iᵀ)/2`.
fn weighted_average(a: &FullMeasurements, w: &[f64], effort: &mut Effort) -> Mat<f64> {
    let (d, m) = (a.order(), a.len());
    let mut sum = Mat::<f64>::zeros(d, d);
    for (i, w_i) in w.iter().enumerate() {
        let a_i = a.matrix(i);
        for l in 0..d {
            for k in 0..d {
                sum[(k, l)] += w_i * a_i[(k, l)];
            }
        }
    }
    count_pass(a, effort);
    Mat::from_fn(d, d, |k, l| (sum[(k, l)] + sum[(l, k)]) / 2.0 / m as f64)
}

/// `P Q` by the definition.
fn multiply(p: MatRef<'_, f64>, q: MatRef<'_, f64>, effort: &mut Effort) -> Mat<f64> {
    let mut product = Mat::zeros(p.nrows(), q.ncols());
    for j in 0..q.ncols() {
        for k in 0..p.ncols() {
            for i in 0..p.nrows() {
                product[(i, j)] += p[(i, k)] * q[(k, j)];
            }
        }
    }
    effort.flops += 2 * (p.nrows() * p.ncols() * q.ncols()) as u64;
    product
}

/// One product with all measurement matrices: a multiplication and an addition for each entry.
fn count_pass(a: &FullMeasurements, effort: &mut Effort) {
    let entries = (a.len() * a.order() * a.order()) as u64;
    effort.entries += entries;
    effort.flops += 2 * entries;
    effort.applications += 1;
}

/// Loss and `‖G‖_F` for observers of the last iterate.
fn gauge(a: &FullMeasurements, y: &[f64], options: &Options<'_>, u: MatRef<'_, f64>) -> Gauge {
    let mut uncounted = Effort::default();
    let z = residual(a, y, u, &mut uncounted);
    let weights: Vec<f64> = z.iter().map(|&z| options.loss.weight(z)).collect();
    let g = weighted_average(a, &weights, &mut uncounted);
    Gauge { loss: Some(options.loss.mean(&z)), gradient_norm: Some(frobenius(g.as_ref())) }
}
