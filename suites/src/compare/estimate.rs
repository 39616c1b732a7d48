//! From times to an effect with an interval.
//!
//! Two processes of one executable differ by a constant (where its pages landed) that no number of samples inside them
//! averages out, and machines drift. So the unit of evidence is a *pair* of fresh processes on one processor, repeated
//! with the other side started first, and in it times are taken in blocks A B B A or B A A B, in which linear drift
//! cancels. All numbers here are logarithms of time ratios, head over base.
//!
//! What the order of functions does to an executable is common to all pairs with that layout, so an interval from pairs
//! drawn one by one would be too short: pairs of one layout are drawn together.

use std::{collections::BTreeMap, f64::consts::FRAC_PI_2};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::harness::stats::{CONFIDENCE, binomial_test, normal_quantile, standard_errors};

/// Resamples behind an interval.
const RESAMPLES: usize = 2000;
/// Of fewer independent parts no percentile interval holds the median with the probability that it should: all of n lie
/// on one side of it with a chance of 2·2⁻ⁿ.
pub const FEWEST: usize = 6;
/// Seed of every resampling.
const SEED: u64 = 0xABBA;

/// Two processes of each side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The layout of both sides, by which pairs of head against base belong together.
    pub layout: usize,
    /// Mean over both orders of starting of the median log-ratio over the blocks.
    pub value: f64,
}

/// The change of a case, as a log-ratio of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Median over the pairs.
    pub value: f64,
    /// Its interval at level [`CONFIDENCE`].
    pub ci: (f64, f64),
    /// Pairs of processes.
    pub pairs: usize,
}

impl Effect {
    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.ci.1 - self.ci.0) / 2.0
    }
}

/// The log-ratio of a block: ½[(ln h₁ + ln h₂) − (ln b₁ + ln b₂)].
pub fn block(base: [f64; 2], head: [f64; 2]) -> f64 {
    0.5 * ((head[0].ln() + head[1].ln()) - (base[0].ln() + base[1].ln()))
}

/// The effect with its bootstrap interval: layouts are resampled, each with all its pairs; with one layout pairs are.
/// What is drawn is independent, so its own spread holds everything below it, and blocks are not drawn again. Fewer
/// than [`FEWEST`] parts bound nothing.
pub fn effect(pairs: &[Pair]) -> Effect {
    let mut values: Vec<f64> = pairs.iter().map(|pair| pair.value).collect();
    let value = median(&mut values);
    let clusters = clusters(pairs);
    if clusters.len() < FEWEST {
        return Effect { value, ci: (f64::NEG_INFINITY, f64::INFINITY), pairs: pairs.len() };
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut replicates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            values.clear();
            for _ in 0..clusters.len() {
                values.extend(&clusters[rng.random_range(0..clusters.len())]);
            }
            median(&mut values)
        })
        .collect();
    replicates.sort_by(f64::total_cmp);
    let outside = (tail(clusters.len()) * RESAMPLES as f64) as usize;
    Effect { value, ci: (replicates[outside], replicates[RESAMPLES - 1 - outside]), pairs: pairs.len() }
}

/// The share of resamples beyond each end of an interval from `n` ≥ 2 independent parts: that of a percentile interval,
/// expanded as Student's t does it for few parts, since resampling understates their spread by √(1 − 1/n)
/// (Hesterberg, "What teachers should know about the bootstrap", 2015).
fn tail(n: usize) -> f64 {
    let n = n as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).map_or(f64::NAN, |t| t.inverse_cdf(0.5 + CONFIDENCE / 2.0));
    Normal::standard().cdf(-t * (n / (n - 1.0)).sqrt())
}

/// The values that are drawn together: those of a layout, or each by itself if there is only one.
fn clusters(pairs: &[Pair]) -> Vec<Vec<f64>> {
    let mut layouts = BTreeMap::<usize, Vec<f64>>::new();
    pairs.iter().for_each(|pair| layouts.entry(pair.layout).or_default().push(pair.value));
    if layouts.len() > 1 {
        layouts.into_values().collect()
    } else {
        pairs.iter().map(|pair| vec![pair.value]).collect()
    }
}

/// The standard deviation of a pair, read off the median distance from the median.
pub fn spread(pairs: &[Pair]) -> f64 {
    let middle = median(&mut pairs.iter().map(|pair| pair.value).collect::<Vec<_>>());
    median(&mut pairs.iter().map(|pair| (pair.value - middle).abs()).collect::<Vec<_>>()) / normal_quantile(0.75)
}

/// What a comparison of the base with itself shows: the [`CONFIDENCE`] quantile of |median over `pairs` pairs|, for normal
/// values with the spread of pairs of two base processes. Their spread is read off the median of their absolute values,
/// which one process that is far off does not move. Fewer than three such pairs show nothing.
pub fn floor(same: &[Pair], pairs: usize) -> f64 {
    if same.len() < 3 || pairs == 0 {
        return 0.0;
    }
    let spread = median(&mut same.iter().map(|pair| pair.value.abs()).collect::<Vec<_>>()) / normal_quantile(0.75);
    standard_errors() * spread * (FRAC_PI_2 / pairs as f64).sqrt()
}

/// p-value of the hypothesis that the median over pairs lies within ±`margin`: a sign test, which assumes no
/// distribution and stays exact far in the tails, where a bootstrap does not.
pub fn p_value(pairs: &[Pair], margin: f64) -> f64 {
    let beyond = |count: usize| if 2 * count > pairs.len() { binomial_test(count, pairs.len(), 0.5) } else { 1.0 };
    let above = pairs.iter().filter(|pair| pair.value > margin).count();
    let below = pairs.iter().filter(|pair| pair.value < -margin).count();
    beyond(above).min(beyond(below))
}

/// The median, the mean of the middle two for an even number; NaN for none.
pub fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 { upper } else { 0.5 * (upper + below.iter().copied().fold(f64::NEG_INFINITY, f64::max)) }
}
