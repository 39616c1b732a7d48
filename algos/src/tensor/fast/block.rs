//! Many starts at once as matrix products, and removal of all components of a round together.
//!
//! A power step of one point reads all of `V` for `4Nk` flops: it runs at the speed of the cache. Here a round takes
//! `0.25k` starts together, so that the two products run at the speed of a matrix product. Points fall nearly evenly on
//! the components, hence a round removes a fifth of them. What it found is removed exactly: for true components
//! `α_iᵀD₁α_j = δ_ij/λ_i`, so the weights are those of the core before the round, and one QR factorization of all null
//! vectors rotates them out.
//!
//! On spans of powers `F` mostly rises without a shift, and in fewer steps: a point takes none until a step has raised `F`
//! too little for its length, as steps do that turn in a cycle.

use faer::Mat;
use rand_chacha::ChaCha8Rng;

use super::extract::{Extracted, extract, noise_level};
use super::newton::{Base, Newton};
use super::project::Panels;
use crate::linalg::{householder, norm, product};
use crate::tensor::contract::pull_flops;
use crate::tensor::driver::{Parts, enter, reciprocal};
use crate::tensor::octet::{Octet, Octets, Own, gather};
use crate::tensor::options::Options;
use crate::tensor::outcome::{Component, Decomposition};
use crate::tensor::power::{advance, direction};
use crate::tensor::subspace::Subspace;
use crate::tensor::symmetric::SymmetricTensor;
use crate::{Error, Outcome};

/// How a block variant works.
#[derive(Debug, Clone, Copy)]
pub(in crate::tensor) struct Scheme {
    /// Finish with Newton's method.
    pub newton: bool,
    /// Compute only as many eigenvectors as are wanted.
    pub partial: bool,
}

/// A round that has found something ends when this share of its starts is still moving: products with few columns would
/// read all of `V` for little. What is left moves on in the next round, where components are fewer.
const TAIL: f64 = 0.3;
/// Starts of a round, as a share of the components left, and the fewest.
const SHARE: f64 = 0.25;
const FEWEST: usize = 8;
/// Where Newton's method takes over and where points are compared.
const CLOSE: f64 = 0.97;
/// Points at a smaller angle than this cosine go to the same component.
const SAME: f64 = 0.995;
/// How much a power step without a shift should raise `F`, relative to its squared length. Near a maximum it is
/// `n(1 + σ)` for the slowest factor `σ > −1` of the iteration: little where points jump to and fro.
const RISE: f64 = 0.1;
/// Steps of a round; four times as many after one that found nothing.
const STEPS: usize = 300;
/// Rounds in a row that may find nothing.
const PATIENCE: u32 = 5;

/// The block variant.
pub(in crate::tensor) fn spm(
    tensor: &SymmetricTensor,
    options: &Options,
    scheme: Scheme,
) -> Result<Outcome<Decomposition>, Error> {
    enter(tensor, options, |tensor, options| {
        let Extracted { v, u, core, spectrum, flops } = extract(tensor, options, scheme.partial)?;
        let rank = core.nrows();
        // 1 − F at a true component is the square of the relative noise; a factor 10 for the constant.
        let noise = noise_level(&spectrum, rank).map_or(f64::INFINITY, |level| (10.0 * level).powi(2));
        let acceptance = options.acceptance.min(noise.max(1e-10));
        let mut parts = Parts { spectrum, rank, ..Parts::default() };
        parts.phases.extraction_flops = flops;
        let rng = options.rng();
        let mut block = Block { v, u, core, acceptance, scheme, options, rng, carried: Vec::new(), parts: &mut parts };
        block.run()?;
        Ok(parts)
    })
}

struct Block<'a> {
    v: Subspace,
    u: Option<Subspace>,
    core: Mat<f64>,
    acceptance: f64,
    scheme: Scheme,
    options: &'a Options,
    rng: ChaCha8Rng,
    /// Points that were still moving when the last round ended.
    carried: Vec<Point>,
    parts: &'a mut Parts,
}

/// A point on its way.
struct Point {
    x: Vec<f64>,
    y: Vec<f64>,
    f: f64,
    steps: usize,
    /// What the last power step in this subspace should raise `F` to, and whether one has failed to: from then on there is
    /// a shift.
    goal: f64,
    shifted: bool,
    /// Where Newton's last step came from, with `y`, `f` and the length of the step.
    before: Option<Before>,
    /// The length of the step before that.
    earlier: f64,
    /// Has come close, and was found to be alone there.
    alone: bool,
    /// The last Newton step was taken back: a power step is due.
    hold: bool,
    state: State,
}

struct Before {
    x: Vec<f64>,
    y: Vec<f64>,
    f: f64,
    length: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Moving,
    /// One more evaluation, for `F` and the coordinates at the final point.
    Arrived,
    Done,
    Dropped,
}

/// A component of a round: the point, and its coordinates in `V`.
struct Hit {
    point: Point,
    alpha: Vec<f64>,
}

impl Block<'_> {
    fn run(&mut self) -> Result<(), Error> {
        let (mut empty, mut tries) = (0, 0);
        while self.core.nrows() > 0 && empty < PATIENCE {
            let hits = self.round(empty);
            self.parts.phases.rounds += 1;
            tries += 1;
            if self.remove(hits, tries)? == 0 {
                empty += 1;
            } else {
                (empty, tries) = (0, 0);
            }
        }
        Ok(())
    }

    /// Climbs from a block of starts; returns the distinct points that arrived at `F = 1`.
    fn round(&mut self, empty: u32) -> Vec<Hit> {
        let (d, k) = (self.v.monomials.dimension(), self.core.nrows());
        let starts = FEWEST.max((SHARE * k as f64).ceil() as usize) << empty.min(2);
        let most = self.options.iterations.min(STEPS << (2 * empty));
        let mut points = std::mem::take(&mut self.carried);
        let fresh = starts.saturating_sub(points.len());
        self.parts.phases.starts += fresh as u64;
        points.extend((0..fresh).map(|_| Point::new(direction(d, &mut self.rng))));
        let starts = points.len();
        let tail = if k > 2 * FEWEST { (TAIL * starts as f64) as usize } else { 0 };
        let mut newton = self.scheme.newton.then(|| Newton::new(&self.v));
        let (mut hits, mut close): (Vec<Hit>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        let (rows, simd) = (self.v.monomials.len(), self.v.simd);
        let panels = Panels::new(&self.v.basis, rows);
        let width = panels.width();
        let mut workspace = Octets::new(&self.v.monomials);
        let zeros = |size: usize| vec![Octet::ZERO; size * starts.div_ceil(8)];
        let (mut x, mut y, mut z) = (zeros(d), vec![Octet::ZERO; d], zeros(width));
        let (mut lifted, mut image) = (zeros(rows), zeros(rows));
        for step in 0..=most {
            let b = points.len();
            if b == 0 {
                break;
            }
            let octets = b.div_ceil(8);
            let blocks = points.chunks(8).zip(x.chunks_exact_mut(d)).zip(lifted.chunks_exact_mut(rows));
            for ((points, x), s) in blocks {
                gather(points.iter().map(|point| point.x.as_slice()), x);
                workspace.lift(simd, &self.v.monomials, x, &self.v.roots, s);
            }
            let (s, t) = (&lifted[..octets * rows], &mut image[..octets * rows]);
            panels.project(simd, s, &mut z[..octets * width], t);
            self.parts.phases.power_steps += b as u64;
            let each = 4 * (self.v.monomials.len() * k) as u64 + 2 * pull_flops(&self.v.monomials);
            self.parts.phases.power_flops += b as u64 * each;
            for ((points, x), t) in points.chunks_mut(8).zip(x.chunks_exact(d)).zip(image.chunks_exact(rows)) {
                let own = Own { coordinates: t, weights: &self.v.roots };
                workspace.prepare(simd, &self.v.monomials, x);
                workspace.pull(simd, &self.v.monomials, x, own, &mut y);
                for (l, point) in points.iter_mut().enumerate() {
                    point.y.iter_mut().zip(&y).for_each(|(to, y)| *to = y[l]);
                    point.f = point.x.iter().zip(&point.y).map(|(x, y)| x * y).sum();
                    point.steps += 1;
                }
            }
            for point in &mut points {
                point.settle(&mut close);
            }
            self.advance(&mut points, &image, rows, newton.as_mut());
            let alpha = |j: usize| z[j / 8 * width..][..k].iter().map(|z| z[j % 8]).collect();
            let mut kept = Vec::with_capacity(b);
            for (j, point) in points.into_iter().enumerate() {
                match point.state {
                    State::Done if 1.0 - point.f < self.acceptance => hits.push(Hit { point, alpha: alpha(j) }),
                    State::Done | State::Dropped => {}
                    State::Moving if step == most => {}
                    State::Moving | State::Arrived => kept.push(point),
                }
            }
            points = kept;
            if points.len() <= tail && !hits.is_empty() {
                break;
            }
        }
        points.retain(|point| point.steps < self.options.iterations);
        self.carried = points.into_iter().map(Point::carried).collect();
        if let Some(newton) = newton {
            self.parts.phases.newton_flops += newton.flops;
        }
        hits
    }

    /// One step of every point that is still moving.
    fn advance(&mut self, points: &mut [Point], image: &[Octet], rows: usize, newton: Option<&mut Newton>) {
        let (n, limit) = (self.v.monomials.degree(), self.options.step_limit(self.v.monomials.dimension()));
        let mut steps: Vec<Option<Vec<f64>>> = points.iter().map(|_| None).collect();
        if let Some(newton) = newton {
            let eligible = |point: &Point| point.state == State::Moving && point.alone && !point.hold;
            let pending: Vec<usize> = (0..points.len()).filter(|&j| eligible(&points[j])).collect();
            let base = |&j: &usize| {
                let Point { x, y, f, .. } = &points[j];
                Base { x, y, f: *f, image: (&image[j / 8 * rows..][..rows], j % 8) }
            };
            let bases: Vec<Base<'_>> = pending.iter().map(base).collect();
            self.parts.phases.newton_steps += bases.len() as u64;
            for (j, step) in pending.iter().zip(newton.steps(&bases)) {
                steps[*j] = step;
            }
        }
        for (point, step) in points.iter_mut().zip(steps) {
            match (point.state, step) {
                (State::Moving, Some(delta)) => point.newton(delta),
                (State::Moving, None) => {
                    point.shifted |= point.f < point.goal;
                    let gamma = if point.shifted { self.options.shift.gamma(n, point.f.clamp(0.0, 1.0)) } else { 0.0 };
                    let moved = advance(&mut point.x, &mut point.y, gamma);
                    point.goal = point.f + RISE * moved * moved - 1e-14;
                    point.earlier = f64::INFINITY;
                    point.hold = false;
                    if moved < limit {
                        point.state = State::Arrived;
                    }
                }
                _ => {}
            }
        }
    }

    /// Certifies the components of a round against each other and removes them; returns their number.
    fn remove(&mut self, mut hits: Vec<Hit>, tries: u32) -> Result<usize, Error> {
        let k = self.core.nrows();
        hits.sort_by(|a, b| b.point.f.total_cmp(&a.point.f));
        let pair = 1e-6f64.max(10.0 * self.acceptance.sqrt());
        let (mut taken, mut left, mut right): (Vec<Hit>, Vec<Vec<f64>>, Vec<Vec<f64>>) = Default::default();
        let mut weights: Vec<f64> = Vec::new();
        for hit in hits {
            if taken.len() == k {
                break;
            }
            let column = |v: &[f64]| Mat::from_fn(v.len(), 1, |i, _| v[i]);
            let alpha = column(&hit.alpha);
            let owned = |m: Mat<f64>| m.col_as_slice(0).to_vec();
            let (y, y_v) = match &mut self.u {
                None => (owned(product(self.core.as_ref(), alpha.as_ref())), None),
                Some(u) => {
                    let alpha_u = column(&u.coordinates(&hit.point.x));
                    let y_u = owned(product(self.core.as_ref(), alpha_u.as_ref()));
                    (y_u, Some(owned(product(self.core.transpose(), alpha.as_ref()))))
                }
            };
            let Ok(lambda) = reciprocal(&hit.alpha, &y, self.parts.weights.len() + taken.len()) else { continue };
            let along = |y: &Vec<f64>| hit.alpha.iter().zip(y).map(|(a, y)| a * y).sum::<f64>().abs();
            let clear = left.iter().zip(&weights).all(|(y, w)| along(y) * (lambda * w).abs().sqrt() < pair);
            let apart = taken.iter().all(|other| cosine(&other.point.x, &hit.point.x) < SAME);
            if clear && apart {
                weights.push(lambda);
                right.extend(y_v);
                left.push(y);
                taken.push(hit);
            }
        }
        let q = taken.len();
        if q == 0 {
            return Ok(0);
        }
        let null = |columns: &[Vec<f64>]| {
            let scaled = columns.iter().map(|y| norm(y)).collect::<Vec<_>>();
            householder(Mat::from_fn(k, q, |i, j| columns[j][i] / scaled[j]).as_ref())
        };
        let g = null(&left);
        let h = if self.u.is_some() { null(&right) } else { g.clone() };
        let mut rows = (self.v.basis.nrows()) as u64;
        self.v.basis = rest(&self.v.basis, &g, q);
        if let Some(u) = &mut self.u {
            rows += u.basis.nrows() as u64;
            u.basis = rest(&u.basis, &h, q);
        }
        let mut core = std::mem::replace(&mut self.core, Mat::zeros(0, 0));
        h.apply_right(core.as_mut());
        g.apply_transposed(core.as_mut());
        self.core = core.as_ref().submatrix(q, q, k - q, k - q).to_owned();
        let (k, q) = (k as u64, q as u64);
        self.parts.phases.deflation_flops += 4 * rows * k * q + 12 * k * k * q;
        for (hit, weight) in taken.into_iter().zip(weights) {
            let Point { x, f, steps, .. } = hit.point;
            self.parts.components.push(Component { f: f.clamp(0.0, 1.0), iterations: steps, tries, converged: true });
            self.parts.vectors.push(x);
            self.parts.weights.push(weight);
        }
        Ok(q as usize)
    }
}

/// `V Q` without its first `q` columns.
fn rest(v: &Mat<f64>, q: &crate::linalg::Reflectors, columns: usize) -> Mat<f64> {
    let mut rotated = v.to_owned();
    q.apply_right(rotated.as_mut());
    rotated.as_ref().subcols(columns, v.ncols() - columns).to_owned()
}

/// `|xᵀy|`.
fn cosine(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>().abs()
}

impl Point {
    fn new(x: Vec<f64>) -> Self {
        let y = vec![0.0; x.len()];
        let earlier = f64::INFINITY;
        let (goal, shifted) = (0.0, false);
        Self {
            x,
            y,
            f: 0.0,
            steps: 0,
            goal,
            shifted,
            before: None,
            earlier,
            alone: false,
            hold: false,
            state: State::Moving,
        }
    }

    /// Judges the evaluation of the current point. `close` has all points of the round that came close, where they did.
    fn settle(&mut self, close: &mut Vec<Vec<f64>>) {
        if self.state == State::Arrived {
            self.state = State::Done;
            return;
        }
        if let Some(before) = self.before.take() {
            if self.f < before.f - 1e-14 {
                // Newton went downhill: back, and a power step from there.
                (self.x, self.y, self.f) = (before.x, before.y, before.f);
                self.hold = true;
                self.earlier = f64::INFINITY;
                return;
            }
            if before.length < 1e-13 || (before.length < 1e-8 && self.earlier < 1e-4) {
                self.state = State::Done;
                return;
            }
            self.earlier = before.length;
        }
        if self.f > CLOSE && !self.alone {
            if close.iter().any(|other| cosine(other, &self.x) > SAME) {
                self.state = State::Dropped;
            } else {
                close.push(self.x.clone());
                self.alone = true;
            }
        }
    }

    /// The same point in another subspace.
    fn carried(self) -> Self {
        Self { steps: self.steps, ..Self::new(self.x) }
    }

    /// `x ← normalise(x + δ)`.
    fn newton(&mut self, delta: Vec<f64>) {
        let length = norm(&delta);
        let mut x: Vec<f64> = self.x.iter().zip(&delta).map(|(x, d)| x + d).collect();
        let scale = 1.0 / norm(&x);
        x.iter_mut().for_each(|x| *x *= scale);
        let from = std::mem::replace(&mut self.x, x);
        self.before = Some(Before { x: from, y: self.y.clone(), f: self.f, length });
    }
}
