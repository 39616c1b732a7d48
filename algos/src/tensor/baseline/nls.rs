//! Symmetric decomposition as nonlinear least squares, `min ½‖T − Σ s_r b_r^{⊗m}‖²`, by L-BFGS.

use std::ops::ControlFlow;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::lbfgs::minimize;
use crate::error::{Error, Size, argument, shape};
use crate::linalg::{norm, product};
use crate::simd::Simd;
use crate::tensor::contract::{Workspace, pull_flops};
use crate::tensor::instance::Truth;
use crate::tensor::octet::{Octet, Octets, Shared, gather};
use crate::tensor::symmetric::{SymmetricTensor, relative_error};
use crate::{Effort, Outcome, Status};

/// Pairs that L-BFGS keeps.
const MEMORY: usize = 20;

/// A search for the global minimum with positive weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The rank.
    pub rank: usize,
    /// A start has succeeded at this relative error.
    pub target: f64,
    /// Most evaluations from one start.
    pub evaluations: u64,
    /// Most starts.
    pub starts: u32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Unit vectors and weights.
    pub model: Truth,
    /// Relative error, from explicit differences.
    pub relative_error: f64,
    /// Starts used.
    pub starts: u32,
}

/// From random starts `N(0,1)/√d` until one reaches the target. Effort: iterations are evaluations.
///
/// Values and gradients use the Gram matrix of the factors and the packed flattening, `2N²R` flops an evaluation for even
/// orders. The Gram form cancels below a relative error of `1e-8`.
///
/// # Errors
///
/// [`Error::Input`]: no components, no starts or a target out of (0, 1).
pub fn search(tensor: &SymmetricTensor, options: &Search, rng: &mut ChaCha8Rng) -> Result<Outcome<Found>, Error> {
    argument(options.rank >= 1, "rank", options.rank as f64, "at least 1")?;
    argument(options.starts >= 1, "starts", f64::from(options.starts), "at least one")?;
    argument(options.target > 0.0 && options.target < 1.0, "target", options.target, "between 0 and 1")?;
    let (m, d, r) = (tensor.order(), tensor.dimension(), options.rank);
    let n = m.div_ceil(2);
    let flattening = tensor.flatten(n)?;
    let (norm_t, simd) = (tensor.norm(), Simd::detect());
    let roots = |all: Vec<f64>| all.into_iter().map(f64::sqrt).collect::<Vec<f64>>();
    let (rows, columns) = (&flattening.rows, &flattening.columns);
    let (row_roots, column_roots) = (roots(rows.multiplicities()), roots(columns.multiplicities()));
    let (mut up, mut down) = (Workspace::new(rows), Workspace::new(columns));
    let mut lifted = Mat::zeros(columns.len(), r);
    let mut image = Mat::zeros(rows.len(), r);
    let each = (2 * rows.len() * columns.len() * r) as u64
        + r as u64 * pull_flops(rows)
        + (r * columns.len()) as u64
        + (2 * d * r * r * 2) as u64;
    let mut value = |b: &[f64], gradient: &mut [f64]| {
        let b = MatRef::from_column_major_slice(b, d, r);
        for (j, x) in b.col_iter().enumerate() {
            let x: Vec<f64> = x.iter().copied().collect();
            down.lift(simd, columns, &x, &column_roots, lifted.col_as_slice_mut(j));
        }
        matmul(image.as_mut(), Accum::Replace, flattening.matrix.as_ref(), lifted.as_ref(), 1.0, Par::Seq);
        let gram = product(b.transpose(), b);
        let powers = Mat::from_fn(r, r, |i, j| gram[(i, j)].powi(m as i32 - 1));
        let model = product(b, powers.as_ref());
        let (mut with_tensor, mut with_model) = (0.0, 0.0);
        let mut weighted = vec![0.0; rows.len()];
        for (j, x) in b.col_iter().enumerate() {
            let x: Vec<f64> = x.iter().copied().collect();
            weighted.iter_mut().zip(image.col_as_slice(j)).zip(&row_roots).for_each(|((w, t), s)| *w = t * s);
            let out = &mut gradient[d * j..][..d];
            up.prepare(simd, rows, &x);
            up.pull(simd, rows, &x, &weighted, out);
            with_tensor += out.iter().zip(&x).map(|(y, x)| y * x).sum::<f64>();
            for (i, out) in out.iter_mut().enumerate() {
                with_model += model[(i, j)] * x[i];
                *out = m as f64 * (model[(i, j)] - *out);
            }
        }
        0.5 * norm_t * norm_t - with_tensor + 0.5 * with_model
    };
    let mut effort = Effort::default();
    let mut best: Option<Found> = None;
    for starts in 1..=options.starts {
        let start = (0..d * r).map(|_| rng.sample::<f64, _>(StandardNormal) / (d as f64).sqrt()).collect();
        let goal = 0.5 * (options.target * norm_t).powi(2);
        let reached =
            |_: &[f64], f: f64| if f < 0.25 * goal { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let minimum = minimize(start, MEMORY, options.evaluations, &mut value, reached);
        effort.iterations += minimum.evaluations;
        effort.flops += minimum.evaluations * each;
        let model = unit(&minimum.x, d, m, &vec![1.0; r]);
        let error = relative_error(tensor, model.vectors.as_ref(), &model.weights)?;
        if best.as_ref().is_none_or(|best| error < best.relative_error) {
            best = Some(Found { model, relative_error: error, starts });
        }
        if let Some(best) = &mut best {
            best.starts = starts;
            if best.relative_error < options.target {
                break;
            }
        }
    }
    let value = best.unwrap_or(Found {
        model: Truth { vectors: Mat::zeros(d, 0), weights: Vec::new() },
        relative_error: 1.0,
        starts: 0,
    });
    let status = if value.relative_error < options.target { Status::Converged } else { Status::IterationLimit };
    Ok(Outcome { value, status, effort })
}

/// Improves a decomposition with explicit residuals, which do not cancel, by this many evaluations.
///
/// Cost: about six flops per packed entry, component and evaluation.
///
/// # Errors
///
/// [`Error::Input`]: components of another dimension, or not one weight for each.
pub fn polish(tensor: &SymmetricTensor, model: &Truth, evaluations: u64) -> Result<Outcome<Truth>, Error> {
    let (m, d, r) = (tensor.order(), tensor.dimension(), model.weights.len());
    shape("components", Size::Matrix(d, r), Size::Matrix(model.vectors.nrows(), model.vectors.ncols()))?;
    let signs: Vec<f64> = model.weights.iter().map(|w| if *w < 0.0 { -1.0 } else { 1.0 }).collect();
    let mut start = Vec::with_capacity(d * r);
    for (j, weight) in model.weights.iter().enumerate() {
        let scale = weight.abs().powf(1.0 / m as f64);
        start.extend(model.vectors.col_as_slice(j).iter().map(|x| scale * x));
    }
    let (monomials, simd) = (tensor.monomials(), Simd::detect());
    let (counts, mut workspace) = (monomials.multiplicities(), Octets::new(monomials));
    let (mut x, mut y) = (vec![Octet::ZERO; d], vec![Octet::ZERO; d]);
    let mut failed = None;
    let value = |b: &[f64], gradient: &mut [f64]| {
        let mut rest = tensor.clone();
        if let Err(e) = rest.add_components(-1.0, MatRef::from_column_major_slice(b, d, r), &signs) {
            failed = Some(e);
            return f64::NAN;
        }
        let weighted: Vec<f64> = rest.packed().iter().zip(&counts).map(|(t, count)| count * t).collect();
        let eights = b.chunks(8 * d).zip(gradient.chunks_mut(8 * d)).zip(signs.chunks(8));
        for ((b, gradient), signs) in eights {
            gather(b.chunks_exact(d), &mut x);
            workspace.prepare(simd, monomials, &x);
            workspace.pull(simd, monomials, &x, Shared(&weighted), &mut y);
            for (l, (out, sign)) in gradient.chunks_exact_mut(d).zip(signs).enumerate() {
                out.iter_mut().zip(&y).for_each(|(out, y)| *out = -(m as f64) * sign * y[l]);
            }
        }
        0.5 * weighted.iter().zip(rest.packed()).map(|(w, t)| w * t).sum::<f64>()
    };
    let minimum = minimize(start, MEMORY, evaluations, value, |_, _| ControlFlow::Continue(()));
    if let Some(e) = failed {
        return Err(e);
    }
    let flops = minimum.evaluations * 6 * (tensor.packed().len() * r) as u64;
    let effort = Effort { iterations: minimum.evaluations, flops, ..Effort::default() };
    Ok(Outcome { value: unit(&minimum.x, d, m, &signs), status: Status::IterationLimit, effort })
}

/// Unit vectors and weights from scaled vectors and signs.
fn unit(b: &[f64], d: usize, m: usize, signs: &[f64]) -> Truth {
    let lengths: Vec<f64> = b.chunks_exact(d).map(norm).collect();
    let safe = |j: usize| if lengths[j] > 0.0 { lengths[j] } else { 1.0 };
    let vectors = Mat::from_fn(d, signs.len(), |i, j| b[d * j + i] / safe(j));
    let weights = signs.iter().zip(&lengths).map(|(s, l)| s * l.powi(m as i32)).collect();
    Truth { vectors, weights }
}
