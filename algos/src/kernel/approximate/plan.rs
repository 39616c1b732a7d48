//! The plan of least predicted time.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use super::light::importance;
use super::pilot::Pilot;
use crate::error::{Error, argument};
use crate::kernel::hashing::collision;
use crate::kernel::points::Centred;

/// Predicted times of the steps, in nanoseconds. The defaults were measured on one core with AVX-512.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// One multiply-add of a projection.
    pub hash: f64,
    /// Filing or looking up one point in one table.
    pub lookup: f64,
    /// A pair met in a bucket.
    pub collision: f64,
    /// A pair met for the first time: its distance.
    pub candidate: f64,
    /// An entry of a tile takes `(d + overhead)/rate`.
    pub rate: f64,
    /// Multiply-adds that an exponential takes the time of.
    pub overhead: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Self { hash: 0.035, lookup: 6.0, collision: 20.0, candidate: 60.0, rate: 64.0, overhead: 30.0 }
    }
}

impl Costs {
    /// An entry of a tile.
    fn tile(&self, d: usize) -> f64 {
        (d as f64 + self.overhead) / self.rate
    }

    /// The exact product.
    pub fn exact(&self, n: usize, m: usize, d: usize) -> f64 {
        n as f64 * m as f64 * self.tile(d)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let all = [self.hash, self.lookup, self.collision, self.candidate, self.rate, self.overhead];
        for cost in all {
            argument(cost > 0.0 && cost.is_finite(), "cost", cost, "must be positive and finite")?;
        }
        Ok(())
    }
}

/// Parameters of one estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `ln(1/τ)`: pairs with `u` below are heavy.
    pub threshold: f64,
    /// Hashes of a code.
    pub k: usize,
    /// Width of a cell.
    pub w: f64,
    /// Hash tables.
    pub tables: usize,
    /// `a`: key `j` is drawn with probability `min(1, a q_j)`, see [`importance`].
    pub inclusion: f64,
    /// Expected number of keys drawn.
    pub sample: f64,
    /// Predicted time in nanoseconds.
    pub time: f64,
}

impl Plan {
    /// A plan for the heavy part alone.
    pub fn heavy(threshold: f64, k: usize, w: f64, tables: usize) -> Self {
        Self { threshold, k, w, tables, inclusion: 0.0, sample: 0.0, time: 0.0 }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        argument(self.k > 0 && self.k <= 64, "k", self.k as f64, "must be in 1 … 64")?;
        argument(self.tables > 0 && self.tables <= 4096, "tables", self.tables as f64, "must be in 1 … 4096")?;
        argument(self.w > 0.0 && self.w.is_finite(), "w", self.w, "must be positive and finite")?;
        argument(self.threshold > 0.0 && self.threshold.is_finite(), "threshold", self.threshold, "must be positive")
            .map_err(Error::from)
    }
}

const WIDTHS: [f64; 7] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
const LONGEST: usize = 24;
const MOST_TABLES: usize = 512;
/// Half of the squared error is for the heavy part, half for the light.
const SHARE: f64 = 0.5;

/// The plan of least predicted time whose expected squared error is at most `allowed`; none if no plan keeps it.
///
/// For each threshold the light part fixes the sample, then widths and code lengths are searched for the fewest tables
/// that keep the heavy part's error and find a pair at the threshold at least every other time.
pub(super) fn plan(pilot: &Pilot, points: &Centred, x: &[f64], allowed: f64, costs: &Costs) -> Option<Plan> {
    let (n, m) = (points.n as f64, points.m as f64);
    let square: f64 = x.iter().map(|x| x * x).sum();
    let light = Light::new(x);
    let collisions: Vec<OnceCell<Vec<f64>>> = vec![OnceCell::new(); WIDTHS.len()];
    let families: Vec<OnceCell<Family>> = vec![OnceCell::new(); WIDTHS.len() * LONGEST];
    let energies: Vec<f64> = pilot.histogram.iter().map(|(u, h)| h * (-2.0 * u).exp()).collect();
    let mut best: Option<Plan> = None;
    let thresholds: Vec<f64> = (2..=56).map(|step| 0.25 * f64::from(step)).collect();
    for threshold in thresholds {
        let split = pilot.histogram.partition_point(|(u, _)| *u < threshold);
        let energy = n / m * energies[split..].iter().sum::<f64>();
        let (inclusion, sample) = light.sample((1.0 - SHARE) * allowed, energy);
        let fixed = n * sample * costs.tile(points.d);
        for (number, &w) in WIDTHS.iter().enumerate() {
            let at_threshold = collision((2.0 * threshold).sqrt(), w);
            for k in 1..=LONGEST {
                let bound = best.map_or(f64::INFINITY, |plan| plan.time);
                let edge = (-at_threshold.powi(k as i32)).ln_1p();
                let least = (0.5f64.ln() / edge).ceil();
                if least.is_nan() || least > MOST_TABLES as f64 {
                    break;
                }
                let per_table = (n + m) * (k as f64 * points.d as f64 * costs.hash + costs.lookup);
                if fixed + least * per_table >= bound {
                    break;
                }
                let collisions = collisions[number]
                    .get_or_init(|| pilot.histogram.iter().map(|(u, _)| collision((2.0 * u).sqrt(), w)).collect());
                let family =
                    families[number * LONGEST + k - 1].get_or_init(|| Family::new(&pilot.histogram, collisions, k));
                let heavy = Heavy {
                    energies: &energies[..split],
                    logs: &family.logs[..split],
                    limit: SHARE * allowed * m / (n * square),
                };
                let Some(tables) = heavy.tables(least as usize) else { continue };
                let early = fixed + tables as f64 * (per_table + n * family.met * costs.collision);
                if early >= bound {
                    continue;
                }
                let found =
                    pilot.histogram.iter().zip(&family.logs).map(|((_, h), log)| h * -(tables as f64 * log).exp_m1());
                let time = early + n * found.sum::<f64>() * costs.candidate;
                if time < bound {
                    best = Some(Plan { threshold, k, w, tables, inclusion, sample, time });
                }
            }
        }
    }
    best
}

/// What all plans with a width and a length of codes share.
#[derive(Debug, Clone)]
struct Family {
    /// `ln(1 − pᵏ)` for every bin.
    logs: Vec<f64>,
    /// Expected keys met in one table.
    met: f64,
}

impl Family {
    fn new(histogram: &[(f64, f64)], collisions: &[f64], k: usize) -> Self {
        let logs: Vec<f64> = collisions.iter().map(|p| (-p.powi(k as i32)).ln_1p()).collect();
        let met = histogram.iter().zip(&logs).map(|((_, h), log)| h * -log.exp_m1()).sum();
        Self { logs, met }
    }
}

/// The error of the heavy part as a function of the number of tables.
struct Heavy<'a> {
    /// `h e^{−2u}` by bin.
    energies: &'a [f64],
    logs: &'a [f64],
    limit: f64,
}

impl Heavy<'_> {
    /// Whether `Σ h e^{−2u}(1/P − 1)` is within the limit.
    fn fits(&self, tables: usize) -> bool {
        let mut sum = 0.0;
        for (energy, log) in self.energies.iter().zip(self.logs) {
            // 1/P − 1 = (1 − pᵏ)ᴸ/P.
            let miss = (tables as f64 * log).exp();
            sum += energy * miss / (1.0 - miss);
            if sum > self.limit {
                return false;
            }
        }
        true
    }

    /// The fewest tables, at least `least`, within the limit.
    fn tables(&self, least: usize) -> Option<usize> {
        let (mut low, mut high) = (least.max(1), least.max(1));
        while !self.fits(high) {
            if high >= MOST_TABLES {
                return None;
            }
            low = high + 1;
            high = (2 * high).min(MOST_TABLES);
        }
        while low < high {
            let middle = (low + high) / 2;
            if self.fits(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(high)
    }
}

/// The importances of keys in ascending order with their partial sums, to find sample sizes.
struct Light {
    importances: Vec<f64>,
    partial: Vec<f64>,
}

impl Light {
    fn new(x: &[f64]) -> Self {
        // A zero costs nothing and is never drawn.
        let mut importances: Vec<f64> = importance(x).into_iter().filter(|q| *q > 0.0).collect();
        importances.sort_by(f64::total_cmp);
        let partial = importances.iter().scan(0.0, |sum, s| {
            let before = *sum;
            *sum += s;
            Some(before)
        });
        let partial = partial.collect();
        Self { importances, partial }
    }

    /// `a` with `Σ_{a q_j < 1} (1/a − q_j) = allowed/energy`, and the expected number of keys `Σ min(1, a q_j)`.
    fn sample(&self, allowed: f64, energy: f64) -> (f64, f64) {
        if energy <= 0.0 || self.importances.is_empty() {
            return (0.0, 0.0);
        }
        let right = allowed / energy;
        let excess = |c: usize| c as f64 * self.importances[c] - self.partial[c];
        let count = (0..self.importances.len()).find(|&c| excess(c) >= right).unwrap_or(self.importances.len());
        let below = self.partial.get(count).copied().unwrap_or_else(|| self.importances.iter().sum());
        if count == 0 {
            return (f64::INFINITY, self.importances.len() as f64);
        }
        let a = count as f64 / (right + below);
        (a, a * below + (self.importances.len() - count) as f64)
    }
}
