//! From times to an effect with an interval.
//!
//! Two processes of one executable differ by a constant (where its pages landed) that no number of samples inside them
//! averages out, and machines drift. So the unit of evidence is a *pair* of fresh processes, and inside a pair times
//! are taken in blocks A B B A or B A A B, in which linear drift cancels. All numbers here are logarithms of time
//! ratios, head over base.
//!
//! What the order of functions does to an executable is common to all pairs with that layout, so an interval from pairs
//! drawn one by one would be too short: pairs of one layout are drawn together.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::stats::{CONFIDENCE, binomial_test};

/// Resamples behind an interval.
const RESAMPLES: usize = 2000;
/// Seed of every resampling.
const SEED: u64 = 0xABBA;

/// A pair of processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The layout of both sides, by which pairs of head against base belong together.
    pub layout: usize,
    /// The log-ratio of each block.
    pub blocks: Vec<f64>,
}

impl Pair {
    /// The median over the blocks.
    fn value(&self) -> f64 {
        median(&mut self.blocks.clone())
    }
}

/// The change of a case, as a log-ratio of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Median over pairs of the medians over their blocks.
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

/// The effect with the interval of the hierarchical bootstrap: layouts are resampled, each with all its pairs, then the
/// blocks inside each pair. With one layout pairs are resampled instead. Fewer than two pairs bound nothing.
pub fn effect(pairs: &[Pair]) -> Effect {
    let mut values: Vec<f64> = pairs.iter().map(Pair::value).collect();
    let value = median(&mut values);
    if pairs.len() < 2 {
        return Effect { value, ci: (f64::NEG_INFINITY, f64::INFINITY), pairs: pairs.len() };
    }
    let clusters = clusters(pairs);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut drawn = Vec::new();
    let mut replicates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            values.clear();
            for _ in 0..clusters.len() {
                for Pair { blocks, .. } in &clusters[rng.random_range(0..clusters.len())] {
                    drawn.clear();
                    drawn.extend((0..blocks.len()).map(|_| blocks[rng.random_range(0..blocks.len())]));
                    values.push(median(&mut drawn));
                }
            }
            median(&mut values)
        })
        .collect();
    replicates.sort_by(f64::total_cmp);
    let outside = ((1.0 - CONFIDENCE) / 2.0 * RESAMPLES as f64) as usize;
    Effect { value, ci: (replicates[outside], replicates[RESAMPLES - 1 - outside]), pairs: pairs.len() }
}

/// The pairs that are drawn together: those of a layout, or each by itself if there is only one.
fn clusters(pairs: &[Pair]) -> Vec<Vec<&Pair>> {
    let mut layouts = BTreeMap::<usize, Vec<&Pair>>::new();
    pairs.iter().for_each(|pair| layouts.entry(pair.layout).or_default().push(pair));
    if layouts.len() > 1 { layouts.into_values().collect() } else { pairs.iter().map(|pair| vec![pair]).collect() }
}

/// What a comparison of the base with itself shows: the [`CONFIDENCE`] quantile of |median over `pairs` pairs|, from
/// pairs of two base processes with signs drawn at random. Fewer than three such pairs show nothing.
pub fn floor(same: &[Pair], pairs: usize) -> f64 {
    if same.len() < 3 || pairs == 0 {
        return 0.0;
    }
    let values: Vec<f64> = same.iter().map(Pair::value).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut drawn = vec![0.0; pairs];
    let mut replicates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            drawn.fill_with(|| {
                let value = values[rng.random_range(0..values.len())];
                if rng.random() { value } else { -value }
            });
            median(&mut drawn).abs()
        })
        .collect();
    replicates.sort_by(f64::total_cmp);
    replicates[(CONFIDENCE * (RESAMPLES - 1) as f64) as usize]
}

/// p-value of the hypothesis that the median over pairs lies within ±`margin`: a sign test, which assumes no
/// distribution and stays exact far in the tails, where a bootstrap does not.
pub fn p_value(pairs: &[Pair], margin: f64) -> f64 {
    let values: Vec<f64> = pairs.iter().map(Pair::value).collect();
    let beyond = |count: usize| if 2 * count > values.len() { binomial_test(count, values.len(), 0.5) } else { 1.0 };
    let above = values.iter().filter(|v| **v > margin).count();
    let below = values.iter().filter(|v| **v < -margin).count();
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
