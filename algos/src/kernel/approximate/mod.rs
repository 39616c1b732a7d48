//! Approximate products for any real `x`: the idea of the [`literal`](super::literal) algorithm, planned from data.
//!
//! What differs from the published algorithm: Gaussian projections instead of the paper's hash family; parameters from a
//! pilot sample instead of worst-case exponents; keys of the sampled part drawn in proportion to `x_j²`, nearly, and
//! spread over all distances instead of uniformly; pairs weighted by one over their probability of being found instead of
//! being found almost surely; a bound on the second moment of the error and a certificate afterwards instead of a
//! worst-case theorem.
//!
//! 0. The keys with the largest `|x_j|` are taken exactly.
//! 1. [`pilot`]: the distribution of `u` on a few exact rows.
//! 2. [`plan`]: threshold, code length, width and tables of least predicted time for half of the squared error each.
//! 3. [`join`]: heavy pairs from hash tables, each once, weighted by `1/P(u)`.
//! 4. [`mod@light`]: a sample of keys through the tile, heavy entries masked.
//! 5. The error on the pilot rows; if it is too large, independent estimates are averaged, then the exact product taken.

pub mod join;
pub mod light;
pub mod pilot;
pub mod plan;

use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use self::join::Weights;
use self::pilot::Pilot;
use self::plan::{Costs, Plan};
use super::fast::pack::{Packed, Rows};
use super::fast::{self, tile::Gaussian};
use super::points::Centred;
use super::{Engine, Problem, Variant};
use crate::error::argument;
use crate::{Effort, Error, Outcome, Status};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The error asked for, `‖Kx − y‖₂ ≤ ε‖x‖₂`.
    pub epsilon: f64,
    /// Approximate even where the exact product is predicted to be cheaper.
    pub force: bool,
    /// Predicted times of the steps. They are an input, so that results do not depend on the machine.
    pub costs: Costs,
    /// Exact rows to plan and certify with.
    pub rows: usize,
    /// Whether the error is tested on these rows and repaired.
    pub certify: bool,
    /// Whether the light part is estimated. Without it `y` is wrong by the whole light part: for controls.
    pub light: bool,
}

impl Options {
    /// The default: 128 rows, certified, exact where that is cheaper.
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon, force: false, costs: Costs::default(), rows: 128, certify: true, light: true }
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Big coordinates, taken exactly.
    pub big: u64,
    /// Hashes computed, over all points, tables and their digits.
    pub hashes: u64,
    /// Pairs met in a bucket, once for each table.
    pub collisions: u64,
    /// Different pairs among them.
    pub candidates: u64,
    /// Heavy pairs among these.
    pub heavy: u64,
    /// Keys sampled for the light part, summed over rounds.
    pub sampled: u64,
    /// Entries computed for the light part.
    pub light: u64,
}

impl Counts {
    /// Hashes, collisions and light entries: what grows with the size of the problem.
    pub fn work(&self) -> u64 {
        self.hashes + self.collisions + self.light
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation {
    /// `y ≈ Kx`.
    pub y: Vec<f64>,
    /// The plan that was followed; none for the exact product.
    pub plan: Option<Plan>,
    /// The error on the exact rows, over `‖x‖`; not a number where nothing was certified.
    pub certified: f64,
    /// Independent estimates averaged.
    pub rounds: u32,
    /// Whether the exact product was returned because the certificate failed or a bucket was too full.
    pub fallback: bool,
    /// Mean row sum of `K` on the exact rows.
    pub row_sum: f64,
    /// Mean squared row norm of `K` on the exact rows.
    pub energy: f64,
    /// Work.
    pub counts: Counts,
}

/// Estimates are averaged at most this often.
const ROUNDS: u32 = 4;
/// The squared error planned for is this fraction of the squared error allowed: the rest is for the spread.
const TARGET: f64 = 0.7;

/// `y ≈ Kx`, see the [module](self).
///
/// Cost: 128 rows of `K`, then what the [`Plan`] says. Memory: `(n + m)(d + L)` numbers for `L` tables.
///
/// # Errors
///
/// As [`product`](super::product()); an error outside (0, 1].
pub fn multiply(
    problem: &Problem<'_>,
    x: &[f64],
    options: &Options,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Approximation>, Error> {
    problem.check(super::column(x))?;
    let epsilon = options.epsilon;
    argument(epsilon > 0.0 && epsilon <= 1.0, "epsilon", epsilon, "must be in (0, 1]")?;
    argument(options.rows > 0, "rows", 0.0, "planning needs exact rows")?;
    options.costs.check()?;
    let points = Centred::new(problem, engine.par);
    let (n, m) = (points.n, points.m);
    // Squares of the largest and smallest numbers have no place in a double.
    let peak = x.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let mut out = Approximation {
        y: vec![0.0; n],
        plan: None,
        certified: f64::NAN,
        rounds: 0,
        fallback: false,
        row_sum: f64::NAN,
        energy: f64::NAN,
        counts: Counts::default(),
    };
    let mut effort = Effort { iterations: 1, applications: 1, ..Effort::default() };
    if peak == 0.0 || n == 0 {
        return Ok(Outcome { value: out, status: Status::Converged, effort });
    }
    let scaled: Vec<f64> = x.iter().map(|x| x / peak).collect();
    let square: f64 = scaled.iter().map(|x| x * x).sum();

    // Step 0.
    let (big, rest) = split_big(&scaled);
    let base = exact_part(&points, &big, &scaled, engine);
    out.counts.big = big.len() as u64;
    effort += fast::effort(n, big.len(), points.d, 1);
    let finish = |mut out: Approximation, effort: Effort| {
        out.y.iter_mut().for_each(|y| *y *= peak);
        Ok(Outcome { value: out, status: Status::Converged, effort })
    };
    if rest.iter().all(|&x| x == 0.0) {
        (out.y, out.certified, out.rounds) = (base, 0.0, 1);
        return finish(out, effort);
    }

    // Steps 1 and 2.
    let pilot = Pilot::draw(&points, &scaled, options.rows, engine, rng);
    effort += fast::effort(pilot.rows.len(), m, points.d, 1);
    (out.row_sum, out.energy) = (pilot.row_sum(), pilot.energy());
    let allowed = (TARGET * epsilon).powi(2) * square;
    let plan = plan::plan(&pilot, &points, &rest, allowed, &options.costs);
    let exact_time = options.costs.exact(n, m, points.d);
    let Some(plan) = plan.filter(|plan| options.force || plan.time < exact_time) else {
        return exact(problem, &scaled, out, effort, engine, finish);
    };
    out.plan = Some(plan);

    // Steps 3 to 5. Each round has streams of its own.
    let mut sum = vec![0.0; n];
    let order = light::by_distance(&points);
    for round in 1..=ROUNDS {
        let mut tables = ChaCha8Rng::from_seed(rng.random());
        let mut sample = ChaCha8Rng::from_seed(rng.random());
        let budget = (exact_time / options.costs.collision) as u64;
        let heavy = join::heavy(&points, &rest, &plan, Weights::InverseProbability, budget, engine, &mut tables);
        let Some((heavy, counts)) = heavy else {
            out.fallback = true;
            return exact(problem, &scaled, out, effort, engine, finish);
        };
        out.counts.hashes += counts.hashes;
        out.counts.collisions += counts.collisions;
        out.counts.candidates += counts.candidates;
        out.counts.heavy += counts.heavy;
        effort.flops += counts.hashes * 2 * points.d as u64 + counts.candidates * 3 * points.d as u64;
        sum.iter_mut().zip(&heavy).for_each(|(s, y)| *s += y);
        if options.light {
            let draw = light::pivotal(&order, &rest, plan.inclusion, &mut sample);
            let light = light::sum::<f32>(&points, &draw, plan.threshold, engine);
            sum.iter_mut().zip(&light).for_each(|(s, y)| *s += y);
            out.counts.sampled += draw.len() as u64;
            out.counts.light += (draw.len() * n) as u64;
            effort += fast::effort(n, draw.len(), points.d, 1);
        }
        out.rounds = round;
        out.y = base.iter().zip(&sum).map(|(b, s)| b + s / f64::from(round)).collect();
        out.certified = (pilot.squared_error(&out.y) / square).sqrt();
        if !options.certify || out.certified <= epsilon {
            return finish(out, effort);
        }
    }
    out.fallback = true;
    exact(problem, &scaled, out, effort, engine, finish)
}

fn exact(
    problem: &Problem<'_>,
    x: &[f64],
    mut out: Approximation,
    mut effort: Effort,
    engine: Engine,
    finish: impl FnOnce(Approximation, Effort) -> Result<Outcome<Approximation>, Error>,
) -> Result<Outcome<Approximation>, Error> {
    let product = super::multiply(Variant::TileF64, problem, x, engine)?;
    effort += product.effort;
    out.counts.light += product.effort.entries;
    out.counts.sampled += problem.keys().len() as u64;
    (out.y, out.certified) = (product.value, 0.0);
    finish(out, effort)
}

/// The numbers of the `min(256, m/32)` coordinates of largest modulus, ascending, and `x` without them. None where all
/// moduli are equal: nothing is gained.
fn split_big(x: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let count = (x.len() / 32).min(256);
    let mut rest = x.to_vec();
    if count == 0 || x.iter().all(|v| v.abs() == x[0].abs()) {
        return (Vec::new(), rest);
    }
    let mut order: Vec<u32> = (0..x.len() as u32).collect();
    order.select_nth_unstable_by(count - 1, |&a, &b| {
        x[b as usize].abs().total_cmp(&x[a as usize].abs()).then(a.cmp(&b))
    });
    order.truncate(count);
    order.sort_unstable();
    order.iter().for_each(|&j| rest[j as usize] = 0.0);
    (order, rest)
}

/// `K x` over some keys, exactly.
fn exact_part(points: &Centred, keys: &[u32], x: &[f64], engine: Engine) -> Vec<f64> {
    let packed = Packed::<f64>::keys(points, keys, 1, |a, _| x[keys[a] as usize], engine.par);
    let rows = Rows::all(points, engine.par);
    fast::sums(&rows, &packed, Gaussian, None, engine)
}

/// The heavy part of `Kx` alone, for entries with `u < threshold`: estimated from hash tables.
///
/// # Errors
///
/// As [`product`](super::product()); no hashes or tables; a width or threshold that is not positive.
pub fn heavy(
    problem: &Problem<'_>,
    x: &[f64],
    plan: &Plan,
    weights: Weights,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<f64>, Error> {
    problem.check(super::column(x))?;
    plan.check()?;
    let points = Centred::new(problem, engine.par);
    let found = join::heavy(&points, x, plan, weights, u64::MAX, engine, rng);
    Ok(found.map_or_else(Vec::new, |(y, _)| y))
}

/// The exact heavy and light parts of `Kx`, split at `u = threshold`.
///
/// # Errors
///
/// As [`product`](super::product()).
pub fn split(problem: &Problem<'_>, x: &[f64], threshold: f64, engine: Engine) -> Result<(Vec<f64>, Vec<f64>), Error> {
    problem.check(super::column(x))?;
    let points = Centred::new(problem, engine.par);
    let all: Vec<(u32, f64)> = (0..).zip(x.iter().copied()).collect();
    let light = light::sum::<f64>(&points, &all, threshold, engine);
    let whole = super::multiply(Variant::TileF64, problem, x, engine)?.value;
    Ok((whole.iter().zip(&light).map(|(w, l)| w - l).collect(), light))
}

/// The light part of `Kx` alone, from sampled keys with their weights.
///
/// # Errors
///
/// As [`product`](super::product()).
pub fn light(problem: &Problem<'_>, sample: &[(u32, f64)], threshold: f64, engine: Engine) -> Result<Vec<f64>, Error> {
    let m = problem.keys().len();
    for &(j, weight) in sample {
        argument((j as usize) < m, "key", f64::from(j), "there are fewer keys")?;
        argument(weight.is_finite(), "weight", weight, "must be finite")?;
    }
    Ok(light::sum::<f64>(&Centred::new(problem, engine.par), sample, threshold, engine))
}
