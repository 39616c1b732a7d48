//! The three-stage algorithm as published, to be audited: big coordinates, heavy keys, a uniform sample of the rest.
//!
//! The order of the stages and their tools are the paper's: coordinates of `x` that are large are taken exactly, keys
//! near to a query are found by locality-sensitive hashing, all others are sampled uniformly. The exponents, the hash
//! family and the constants could not be read; those below are our derivation, marked where they enter.

use std::collections::{HashMap, HashSet};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::hashing::collision;
use super::instance::subset;
use super::points::Centred;
use super::{Problem, reference};
use crate::error::argument;
use crate::linalg::power_of_two_scale;
use crate::{Effort, Error, Outcome, Par, Status};

/// The number of keys that the last stage draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// From the assumption `1ᵀK1 ≤ c n` alone: `4 c τ n^{1+γ}/ε²`.
    Bound {
        /// `c`.
        c: f64,
    },
    /// From the energy of the light entries, measured on 64 rows, and the largest coordinate that is left.
    Measured,
}

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The error asked for, relative to `‖x‖`.
    pub epsilon: f64,
    /// `τ = n^{−β}`.
    pub beta: f64,
    /// Coordinates with `x_j² > ‖x‖²/n^{1−γ}` are big.
    pub gamma: f64,
    /// Probability that a pair at the threshold is missed.
    pub fail: f64,
    /// How many keys are sampled.
    pub sample: Sample,
}

impl Options {
    /// `β = 0.45`, `γ = 0.2`, one miss in a hundred, sample size measured.
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon, beta: 0.45, gamma: 0.2, fail: 0.01, sample: Sample::Measured }
    }
}

/// Width of a cell.
pub const WIDTH: f64 = 4.0;
/// Hashes of a code.
pub const HASHES: u32 = 4;

/// What came out, and what was used.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// `y ≈ Kx`.
    pub y: Vec<f64>,
    /// Big coordinates.
    pub big: usize,
    /// The threshold between heavy and light.
    pub tau: f64,
    /// Hash tables.
    pub tables: usize,
    /// Keys sampled.
    pub sample: usize,
    /// Candidates that hashing found, over all queries.
    pub candidates: u64,
    /// Heavy pairs among them.
    pub heavy: u64,
    /// Whether the exact product was returned instead: the sample would have been all keys, or hashing too much work.
    pub fallback: bool,
}

/// Tables for a pair at distance `r` to be found with probability `1 − fail`: `⌈ln(1/fail)/p(r)^k⌉`.
pub fn tables(r: f64, fail: f64) -> usize {
    (-fail.ln() / collision(r, WIDTH).powi(HASHES as i32)).ceil() as usize
}

/// The textbook's parameters `(k, L)`: codes so long that a pair at distance `√(2 ln n)` shares one with probability
/// `1/n`, and tables for every pair at the threshold to be found. Reported, never run.
pub fn textbook(n: usize, beta: f64, fail: f64) -> (u32, f64) {
    let log = (n as f64).ln();
    let k = (log / -collision((2.0 * log).sqrt(), WIDTH).ln()).ceil();
    let near = collision((2.0 * beta * log).sqrt(), WIDTH);
    (k as u32, ((n as f64 / fail).ln() / near.powf(k)).ceil())
}

/// The smallest `n` for which the sample of [`Sample::Bound`] is smaller than the set of keys: `(4c/ε²)^{1/(β−γ)}`.
pub fn smallest_useful(c: f64, epsilon: f64, beta: f64, gamma: f64) -> f64 {
    (4.0 * c / (epsilon * epsilon)).powf(1.0 / (beta - gamma))
}

/// `y ≈ Kx` with `E‖y − Kx‖² ≤ ε²‖x‖²/4` for the sampled part.
///
/// Cost: `n^{2−γ}` entries for big coordinates, `(n + m)Lkd` multiply-adds for hashing, one entry per candidate and
/// `ns` for the sample, each computed from its definition.
///
/// # Errors
///
/// As [`product`](super::product()); an error outside (0, 1], exponents that are not `0 < γ < β < 1`, a probability outside
/// (0, 1), a bound `c` that is not positive.
pub fn multiply(
    problem: &Problem<'_>,
    x: &[f64],
    options: &Options,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Product>, Error> {
    let Options { epsilon, beta, gamma, fail, sample } = *options;
    problem.check(super::column(x))?;
    argument(epsilon > 0.0 && epsilon <= 1.0, "epsilon", epsilon, "must be in (0, 1]")?;
    argument(gamma > 0.0 && gamma < beta && beta < 1.0, "beta", beta, "0 < gamma < beta < 1 is needed")?;
    argument(fail > 0.0 && fail < 1.0, "fail", fail, "must be in (0, 1)")?;
    if let Sample::Bound { c } = sample {
        argument(c > 0.0 && c.is_finite(), "c", c, "must be positive and finite")?;
    }
    // In units of a power of two, exact, so that squares neither overflow nor vanish; of subnormal x the smallest one.
    let largest = x.iter().fold(f64::MIN_POSITIVE, |largest: f64, x| largest.max(x.abs()));
    let unit = power_of_two_scale(&[largest]);
    let given = x;
    let x: Vec<f64> = given.iter().map(|x| x / unit).collect();
    let (n, m, d) = (problem.queries().len(), problem.keys().len(), problem.keys().dimension());
    let size = m.max(1) as f64;
    let square: f64 = x.iter().map(|x| x * x).sum();
    let mut effort = Effort { iterations: 1, applications: 1, ..Effort::default() };
    let mut out = Product {
        y: vec![0.0; n],
        big: 0,
        tau: size.powf(-beta),
        tables: 0,
        sample: 0,
        candidates: 0,
        heavy: 0,
        fallback: false,
    };
    if square == 0.0 || n == 0 {
        return Ok(Outcome { value: out, status: Status::Converged, effort });
    }

    // Stage 1: big coordinates, exactly.
    let mut rest = x.clone();
    for j in 0..m {
        if x[j] * x[j] > square / size.powf(1.0 - gamma) {
            (0..n).for_each(|i| out.y[i] += problem.entry(i, j) * x[j]);
            rest[j] = 0.0;
            out.big += 1;
        }
    }
    effort.entries += (n * out.big) as u64;

    // Sizes of stages 2 and 3.
    let r = (2.0 * (1.0 / out.tau).ln()).sqrt();
    out.tables = tables(r, fail);
    let s = match sample {
        Sample::Bound { c } => 4.0 * c * out.tau * size.powf(1.0 + gamma) / (epsilon * epsilon),
        Sample::Measured => {
            let left: f64 = rest.iter().map(|x| x * x).sum();
            let largest = rest.iter().map(|x| x * x).fold(0.0, f64::max);
            let peak = if left > 0.0 { size * largest / square } else { 0.0 };
            let rows = subset(n, 64, rng);
            let light = |i: &usize| -> f64 {
                (0..m).map(|j| problem.entry(*i, j)).filter(|k| *k <= out.tau).map(|k| k * k).sum()
            };
            let energy = rows.iter().map(light).sum::<f64>() / rows.len() as f64;
            effort.entries += (rows.len() * m) as u64;
            4.0 * n as f64 * peak * energy / (epsilon * epsilon)
        }
    };
    out.sample = (s.ceil() as usize).min(m);
    let hashing = (n + m) as f64 * out.tables as f64 * f64::from(HASHES);
    if out.sample == m || hashing > n as f64 * size {
        let exact = reference::product(problem, super::column(given))?;
        effort += exact.effort;
        out.y = exact.value.col_as_slice(0).to_vec();
        out.fallback = true;
        return Ok(Outcome { value: out, status: Status::Converged, effort });
    }

    // Stage 2: heavy keys. A pair that several tables find counts once.
    let points = Centred::new(problem, Par::Seq);
    let mut found: Vec<HashSet<usize>> = vec![HashSet::new(); n];
    for _ in 0..out.tables {
        let hashes: Vec<(Vec<f64>, f64)> = (0..HASHES)
            .map(|_| ((0..d).map(|_| rng.sample(StandardNormal)).collect(), WIDTH * rng.random::<f64>()))
            .collect();
        let code = |point: &[f64]| -> Vec<i64> {
            let project = |g: &[f64]| g.iter().zip(point).map(|(g, z)| g * z).sum::<f64>();
            hashes.iter().map(|(g, b)| ((project(g) + b) / WIDTH).floor() as i64).collect()
        };
        let mut buckets: HashMap<Vec<i64>, Vec<usize>> = HashMap::new();
        (0..m).for_each(|j| buckets.entry(code(points.key(j))).or_default().push(j));
        for (i, found) in found.iter_mut().enumerate() {
            found.extend(buckets.get(&code(points.query(i))).into_iter().flatten());
        }
    }
    effort.flops += (n + m) as u64 * out.tables as u64 * u64::from(HASHES) * 2 * d as u64;
    for (i, found) in found.iter().enumerate() {
        // Sorted, so that the sum does not depend on the order of a hash set.
        let mut found: Vec<usize> = found.iter().copied().collect();
        found.sort_unstable();
        out.candidates += found.len() as u64;
        for j in found {
            let entry = problem.entry(i, j);
            if entry > out.tau {
                out.heavy += 1;
                out.y[i] += entry * rest[j];
            }
        }
    }
    effort.entries += out.candidates;

    // Stage 3: light keys, one uniform sample for all queries.
    let scale = size / out.sample as f64;
    for j in subset(m, out.sample, rng) {
        for i in 0..n {
            let entry = problem.entry(i, j);
            if entry <= out.tau {
                out.y[i] += scale * entry * rest[j];
            }
        }
    }
    effort.entries += (n * out.sample) as u64;
    out.y.iter_mut().for_each(|y| *y *= unit);
    Ok(Outcome { value: out, status: Status::Converged, effort })
}
