//! Weighting vectors `Z w = 1`, `Z_ij = exp(−t‖x_i − x_j‖)`, and the magnitude `1ᵀw`.
//!
//! `w` is large on the boundary of a set of points. `Z` is positive definite for distinct points and badly conditioned;
//! conditioning each point on its nearest predecessors gives a sparse factor of an approximate inverse (Vecchia) that
//! brings conjugate gradients down to a few steps.

use faer::Mat;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fast::pack::{Packed, Rows};
use super::fast::tile::Exponential;
use super::points::{Centred, square};
use super::{Bandwidth, Engine, Points, Problem, fast};
use crate::error::{Error, InputError, NumericalError, argument};
use crate::linalg::{cholesky, solve_lower};
use crate::{Effort, Outcome, Par, Status};

/// Neighbours that a point is conditioned on.
pub const NEIGHBOURS: usize = 20;

/// `Z` as an operator on the fused tile.
#[derive(Debug)]
pub struct Similarity {
    points: Centred,
    rows: Rows<f64>,
}

impl Similarity {
    /// For a scale `t`.
    ///
    /// # Errors
    ///
    /// No points; a scale that is not positive and finite; two points that coincide.
    pub fn new(points: &Points, t: f64) -> Result<Self, Error> {
        argument(t > 0.0 && t.is_finite(), "t", t, "must be positive and finite: at zero all points are one")?;
        if points.is_empty() {
            return Err(InputError::Empty { what: "the set of points" }.into());
        }
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| {
            let pairs = points.point(a).iter().zip(points.point(b));
            pairs.map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        if let Some(twice) = order.windows(2).find(|w| points.point(w[0]) == points.point(w[1])) {
            let (row, column) = (twice[0].min(twice[1]), twice[0].max(twice[1]));
            return Err(InputError::Duplicate { row, column }.into());
        }
        let centred = Centred::new(&Problem::new(points, points, Bandwidth::StandardDeviation(1.0 / t))?, Par::Seq);
        let rows = Rows::all(&centred, Par::Seq);
        Ok(Self { points: centred, rows })
    }

    /// `Z x`. Cost: `n²` entries.
    pub fn apply(&self, x: &[f64], engine: Engine) -> Vec<f64> {
        let all: Vec<u32> = (0..self.points.m as u32).collect();
        let keys = Packed::<f64>::keys(&self.points, &all, 1, |j, _| x[j], engine.par);
        fast::sums(&self.rows, &keys, Exponential, None, engine)
    }

    fn entry(&self, i: usize, j: usize) -> f64 {
        (-square(self.points.query(i), self.points.query(j)).sqrt()).exp()
    }

    /// The weighting vector by a Cholesky factorization: the reference. Cost: `n³/3` flops, memory `n²`.
    ///
    /// # Errors
    ///
    /// A matrix that is not positive definite to rounding.
    pub fn direct(&self) -> Result<Vec<f64>, Error> {
        let n = self.points.n;
        let z = Mat::from_fn(n, n, |i, j| self.entry(i, j));
        let l = cholesky(z.as_ref(), 0.0).ok_or(NumericalError::NotPositiveDefinite { index: 0 })?;
        Ok(solve_factor(&l, &vec![1.0; n]))
    }

    /// The weighting vector by conjugate gradients until the residual is `tolerance` of the right-hand side.
    ///
    /// Cost: `n²` entries a step, `O(NEIGHBOURS·n)` for the preconditioner.
    ///
    /// # Errors
    ///
    /// A breakdown: a direction of no positive curvature. Not having converged is a status.
    pub fn conjugate_gradients(
        &self,
        preconditioner: Option<&Vecchia>,
        tolerance: f64,
        steps: usize,
        engine: Engine,
    ) -> Result<Outcome<Vec<f64>>, Error> {
        let n = self.points.n;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let condition = |r: &[f64]| preconditioner.map_or_else(|| r.to_vec(), |m| m.apply(r));
        let (mut w, mut r) = (vec![0.0; n], vec![1.0; n]);
        let target = tolerance * (n as f64).sqrt();
        let mut z = condition(&r);
        let mut p = z.clone();
        let mut rz = dot(&r, &z);
        let mut effort = Effort::default();
        let mut status = Status::IterationLimit;
        for iteration in 1..=steps {
            let q = self.apply(&p, engine);
            effort += fast::effort(n, n, self.points.d, 1);
            let curvature = dot(&p, &q);
            if curvature.is_nan() || curvature <= 0.0 {
                return Err(NumericalError::NotPositiveDefinite { index: iteration }.into());
            }
            let alpha = rz / curvature;
            w.iter_mut().zip(&p).for_each(|(w, p)| *w += alpha * p);
            r.iter_mut().zip(&q).for_each(|(r, q)| *r -= alpha * q);
            if dot(&r, &r).sqrt() <= target {
                status = Status::Converged;
                break;
            }
            z = condition(&r);
            let next = dot(&r, &z);
            let beta = next / rz;
            rz = next;
            p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
        }
        Ok(Outcome { value: w, status, effort })
    }

    /// The preconditioner: points in random order, each conditioned on its nearest predecessors.
    ///
    /// Cost: `n²d` flops for the neighbours, `O(n k³)` for the factor.
    ///
    /// # Errors
    ///
    /// A point that is not independent of even its nearest predecessor, to rounding.
    pub fn vecchia(&self, rng: &mut ChaCha8Rng) -> Result<Vecchia, Error> {
        let n = self.points.n;
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(rng);
        let mut rows = Vec::with_capacity(n);
        for a in 0..n {
            let mut near: Vec<(f64, usize)> =
                order[..a].iter().map(|&j| (square(self.points.query(order[a]), self.points.query(j)), j)).collect();
            if near.len() > NEIGHBOURS {
                near.select_nth_unstable_by(NEIGHBOURS - 1, |x, y| x.0.total_cmp(&y.0));
                near.truncate(NEIGHBOURS);
            }
            near.sort_by(|x, y| x.0.total_cmp(&y.0));
            rows.push(self.conditioned(order[a], &near)?);
        }
        Ok(Vecchia { rows })
    }

    /// The row of the factor for one point: the last column of the inverse of `Z` on its neighbours and itself, over the
    /// root of its last entry. The farthest neighbours are dropped where `Z` there is not positive definite.
    fn conditioned(&self, point: usize, near: &[(f64, usize)]) -> Result<Vec<(usize, f64)>, Error> {
        for count in (0..=near.len()).rev() {
            let set: Vec<usize> = near[..count].iter().map(|(_, j)| *j).chain([point]).collect();
            let block = Mat::from_fn(set.len(), set.len(), |i, j| self.entry(set[i], set[j]));
            if let Some(l) = cholesky(block.as_ref(), f64::EPSILON) {
                let mut last = vec![0.0; set.len()];
                last[count] = 1.0;
                let g = solve_factor(&l, &last);
                let root = g[count].sqrt();
                return Ok(set.into_iter().zip(g.into_iter().map(|g| g / root)).collect());
            }
        }
        Err(NumericalError::NotPositiveDefinite { index: point }.into())
    }
}

/// `L⁻ᵀ L⁻¹ b`.
fn solve_factor(l: &Mat<f64>, b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = Mat::from_fn(n, 1, |i, _| b[i]);
    solve_lower(l.as_ref(), x.as_mut());
    // Lᵀ with rows and columns reversed is lower triangular again.
    let reversed = Mat::from_fn(n, n, |i, j| l[(n - 1 - j, n - 1 - i)]);
    let mut y = Mat::from_fn(n, 1, |i, _| x[(n - 1 - i, 0)]);
    solve_lower(reversed.as_ref(), y.as_mut());
    (0..n).map(|i| y[(n - 1 - i, 0)]).collect()
}

/// A sparse `G` with `GᵀG ≈ Z⁻¹`.
#[derive(Debug, Clone)]
pub struct Vecchia {
    rows: Vec<Vec<(usize, f64)>>,
}

impl Vecchia {
    /// `GᵀG x`.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; x.len()];
        for row in &self.rows {
            let along: f64 = row.iter().map(|&(j, g)| g * x[j]).sum();
            row.iter().for_each(|&(j, g)| y[j] += g * along);
        }
        y
    }
}

/// The weighting vector of points on a line, in closed form: half the sum of `tanh(t·gap/2)` on both sides, 1 where there
/// is no neighbour.
///
/// # Errors
///
/// A scale that is not positive; points that coincide or are not finite.
pub fn on_a_line(places: &[f64], t: f64) -> Result<Vec<f64>, Error> {
    argument(t > 0.0 && t.is_finite(), "t", t, "must be positive and finite")?;
    crate::error::finite("places", places)?;
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut w = vec![0.0; places.len()];
    for (at, &i) in order.iter().enumerate() {
        let side = |other: Option<&usize>| other.map_or(1.0, |&j| (0.5 * t * (places[i] - places[j]).abs()).tanh());
        w[i] = 0.5 * (side(at.checked_sub(1).and_then(|b| order.get(b))) + side(order.get(at + 1)));
    }
    if let Some(pair) = order.windows(2).find(|p| places[p[0]] == places[p[1]]) {
        return Err(InputError::Duplicate { row: pair[0].min(pair[1]), column: pair[0].max(pair[1]) }.into());
    }
    Ok(w)
}

/// `w` and the distances of the points to the boundary of `[0, 1]²`: the probability that a random point nearer than `near`
/// has a larger weight than one farther than `far`.
pub fn boundary_score(points: &Points, w: &[f64], near: f64, far: f64) -> f64 {
    let depth = |i: usize| points.point(i).iter().fold(f64::INFINITY, |a: f64, x| a.min(*x).min(1.0 - x));
    let (mut edge, mut inside) = (Vec::new(), Vec::new());
    for (i, &w) in w.iter().enumerate() {
        if depth(i) < near {
            edge.push(w);
        } else if depth(i) > far {
            inside.push(w);
        }
    }
    inside.sort_by(f64::total_cmp);
    let below = |w: &f64| inside.partition_point(|v| v < w) as f64 + inside.partition_point(|v| v <= w) as f64;
    edge.iter().map(below).sum::<f64>() / (2.0 * edge.len() as f64 * inside.len() as f64)
}

/// The weighting vector of the same points on a torus, which has no boundary: `Z` from distances around the unit square.
///
/// # Errors
///
/// A matrix that is not positive definite to rounding.
pub fn on_a_torus(points: &Points, t: f64) -> Result<Vec<f64>, Error> {
    let n = points.len();
    let around = |a: f64, b: f64| (a - b).abs().min(1.0 - (a - b).abs());
    let distance = |i: usize, j: usize| {
        points.point(i).iter().zip(points.point(j)).map(|(a, b)| around(*a, *b).powi(2)).sum::<f64>().sqrt()
    };
    let z = Mat::from_fn(n, n, |i, j| (-t * distance(i, j)).exp());
    let l = cholesky(z.as_ref(), 0.0).ok_or(NumericalError::NotPositiveDefinite { index: 0 })?;
    Ok(solve_factor(&l, &vec![1.0; n]))
}
