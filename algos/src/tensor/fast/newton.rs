//! Newton's method on the sphere near a component.
//!
//! Close to a maximum of `F` the power step gains a fixed factor, the Newton step doubles the digits. With
//! `y = ∇F/(2n)`, `H = (n−1) t x^{n−2} + n CCᵀ` (half the Hessian over `n`) and `P = I − xxᵀ`, it solves
//! `(−P(H − fI)P + xxᵀ) δ = y − fx`.

use faer::linalg::matmul::{
    matmul,
    triangular::{self, BlockStructure},
};
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::linalg::{cholesky, norm};
use crate::tensor::subspace::Subspace;

/// Points whose contractions are formed together: enough for a matrix product, few enough for the second cache.
const TOGETHER: usize = 16;

/// Longer steps are not trusted.
const LONGEST: f64 = 0.7;

/// What a step needs of a point.
pub(super) struct Base<'a> {
    pub x: &'a [f64],
    pub y: &'a [f64],
    pub f: f64,
    /// `P(x^{⊗n})` in packed coordinates, weighted by `√μ`.
    pub image: &'a [f64],
}

/// Newton steps in one subspace.
pub(super) struct Newton {
    /// For `n = 2`: each basis tensor as a symmetric `d×d` matrix, side by side, so that all contractions of many points
    /// are one matrix product.
    matrices: Option<Mat<f64>>,
    indices: Vec<usize>,
    contracted: Vec<f64>,
    pub flops: u64,
}

impl Newton {
    pub fn new(v: &Subspace) -> Self {
        let indices = v.monomials.indices();
        let d = v.monomials.dimension();
        let matrices = (v.monomials.degree() == 2).then(|| {
            let mut all = Mat::zeros(d, d * v.width());
            for c in 0..v.width() {
                let column = v.basis.col_as_slice(c);
                for (p, index) in indices.chunks_exact(2).enumerate() {
                    // √μ is √2 off the diagonal, and the entry stands for two.
                    let entry = column[p] / v.roots[p];
                    all[(index[0], c * d + index[1])] = entry;
                    all[(index[1], c * d + index[0])] = entry;
                }
            }
            all
        });
        Self { matrices, indices, contracted: Vec::new(), flops: 0 }
    }

    /// The steps `δ` at several points; `None` where `H` is not definite or the step is too long.
    pub fn steps(&mut self, v: &mut Subspace, points: &[Base<'_>]) -> Vec<Option<Vec<f64>>> {
        points.chunks(TOGETHER).flat_map(|group| self.group(v, group)).collect()
    }

    fn group(&mut self, v: &mut Subspace, points: &[Base<'_>]) -> Vec<Option<Vec<f64>>> {
        let (d, k) = (v.monomials.dimension(), v.width());
        self.contracted.resize(d * k * points.len(), 0.0);
        let mut contracted = std::mem::take(&mut self.contracted);
        if let Some(matrices) = &self.matrices {
            let x = Mat::from_fn(d, points.len(), |i, j| points[j].x[i]);
            let to = MatMut::from_column_major_slice_mut(&mut contracted, d * k, points.len());
            matmul(to, Accum::Replace, matrices.transpose(), x.as_ref(), 1.0, Par::Seq);
            self.flops += (2 * d * d * k * points.len()) as u64;
        } else {
            let mut c = Mat::zeros(d, k);
            for (point, to) in points.iter().zip(contracted.chunks_exact_mut(d * k)) {
                v.contract_into(point.x, &mut c);
                for (j, to) in to.chunks_exact_mut(d).enumerate() {
                    to.copy_from_slice(c.col_as_slice(j));
                }
                self.flops += (5 * v.monomials.len() * k) as u64;
            }
        }
        let steps =
            points.iter().zip(contracted.chunks_exact(d * k)).map(|(point, c)| self.step(v, point, c)).collect();
        self.contracted = contracted;
        steps
    }

    /// One step from `C: d×k`.
    fn step(&mut self, v: &Subspace, point: &Base<'_>, c: &[f64]) -> Option<Vec<f64>> {
        let (d, n, k) = (v.monomials.dimension(), v.monomials.degree(), v.width());
        let Base { x, y, f, image } = *point;
        let mut h = second(&self.indices, n, d, x, image);
        let c = MatRef::from_column_major_slice(c, d, k);
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(h.as_mut(), lower, Accum::Add, c, full, c.transpose(), full, n as f64, Par::Seq);
        self.flops += (d * d * (k + d / 3 + 8)) as u64;
        step(&mut h, x, y, f)
    }
}

/// The step from `H`, of which the lower triangle is read and overwritten.
pub(in crate::tensor) fn step(h: &mut Mat<f64>, x: &[f64], y: &[f64], f: f64) -> Option<Vec<f64>> {
    let d = x.len();
    // −P(H − fI)P + xxᵀ = −H + fI + x wᵀ + w xᵀ + (1 − f − xᵀHx) xxᵀ with w = Hx.
    let mut w = vec![0.0; d];
    for j in 0..d {
        let column = &h.col_as_slice(j)[j..];
        w[j] += column[0] * x[j] + column[1..].iter().zip(&x[j + 1..]).map(|(h, x)| h * x).sum::<f64>();
        w[j + 1..].iter_mut().zip(&column[1..]).for_each(|(w, h)| *w += h * x[j]);
    }
    let along: f64 = w.iter().zip(x).map(|(w, x)| w * x).sum();
    let square = 1.0 - f - along;
    for j in 0..d {
        let column = &mut h.col_as_slice_mut(j)[j..];
        let (all_x, all_w) = (x[j], w[j]);
        for ((entry, x), w) in column.iter_mut().zip(&x[j..]).zip(&w[j..]) {
            *entry = x * all_w + w * all_x + square * x * all_x - *entry;
        }
        column[0] += f;
    }
    let l = cholesky(h.as_ref(), 0.0)?;
    let mut delta: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - f * x).collect();
    solve(&l, &mut delta);
    (norm(&delta) < LONGEST).then_some(delta)
}

/// `(n−1) t x^{n−2}`, lower triangle, from weighted packed coordinates.
fn second(indices: &[usize], n: usize, d: usize, x: &[f64], image: &[f64]) -> Mat<f64> {
    let mut h = Mat::zeros(d, d);
    let scale = 1.0 / n as f64;
    for (index, t) in indices.chunks_exact(n).zip(image) {
        for a in 0..n {
            for b in 0..a {
                let rest: f64 = (0..n).filter(|&c| c != a && c != b).map(|c| x[index[c]]).product();
                let share = scale * t * rest;
                // Sorted, so the later slot has the larger index; equal indices count for both orders.
                h[(index[a], index[b])] += if index[a] == index[b] { 2.0 * share } else { share };
            }
        }
    }
    h
}

/// `b ← L^{−ᵀ} L^{−1} b`.
fn solve(l: &Mat<f64>, b: &mut [f64]) {
    let d = b.len();
    for j in 0..d {
        let column = l.col_as_slice(j);
        b[j] /= column[j];
        let value = b[j];
        b[j + 1..].iter_mut().zip(&column[j + 1..]).for_each(|(b, l)| *b -= value * l);
    }
    for j in (0..d).rev() {
        let column = l.col_as_slice(j);
        let rest: f64 = b[j + 1..].iter().zip(&column[j + 1..]).map(|(b, l)| b * l).sum();
        b[j] = (b[j] - rest) / column[j];
    }
}
