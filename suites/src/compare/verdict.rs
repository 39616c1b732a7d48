//! From effects to verdicts on speed.

use serde::{Deserialize, Serialize};

use statrs::distribution::{Beta, ContinuousCDF};

use super::estimate::{Effect, Pair, effect, floor, p_value, spread};
use crate::harness::stats::{binomial_test, holm, normal_quantile};

/// The smallest margin, as a log-ratio: linking the same code anew moves times by about this much.
pub const MARGIN: f64 = 0.01;
/// Numbers of pairs after which a case whose interval is narrow enough is left alone.
pub const LOOKS: [usize; 6] = [10, 20, 40, 80, 160, 320];
/// The most pairs that a case gets.
pub const MOST: usize = LOOKS[LOOKS.len() - 1];
/// Family-wise error of a table.
pub const ALPHA: f64 = 0.05;
/// The chance with which a run must see a change that both see four times in five.
const SEEN: f64 = 0.89;
/// Share of base-against-base pairs: one after this many.
pub const FLOOR_EVERY: usize = 3;

/// A verdict on speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speed {
    /// Confirmed to take less time, by more than the margin.
    Faster,
    /// Confirmed to take more time, by more than the margin.
    Slower,
    /// The whole interval lies within the margin.
    Unchanged,
    /// Neither.
    Undecided,
}

/// The evidence on one case from one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Head against base.
    pub effect: Effect,
    /// What base against base shows.
    pub floor: f64,
    /// p-value of an effect within the margin.
    pub p: f64,
    /// Standard deviation of a pair.
    pub spread: f64,
}

impl Evidence {
    /// The evidence in pairs of head against base and of base against base.
    pub fn new(pairs: &[Pair], same: &[Pair]) -> Self {
        let floor = floor(same, pairs.len());
        Self { effect: effect(pairs), floor, p: p_value(pairs, floor.max(MARGIN)), spread: spread(pairs) }
    }

    /// The margin: a change within it is none.
    pub fn margin(&self) -> f64 {
        self.floor.max(MARGIN)
    }

    /// The verdict of the interval alone.
    pub fn speed(&self) -> Speed {
        let ((low, high), m) = (self.effect.ci, self.margin());
        if self.effect.pairs < LOOKS[0] {
            Speed::Undecided
        } else if low > m {
            Speed::Slower
        } else if high < -m {
            Speed::Faster
        } else if -m <= low && high <= m {
            Speed::Unchanged
        } else {
            Speed::Undecided
        }
    }

    /// Whether more pairs would add little. It looks at the width of the interval only, never at where it lies, and at
    /// whether so few pairs could survive the correction for the number of cases.
    pub fn settled(&self, cases: usize) -> bool {
        let smallest_p = 2.0 * 0.5f64.powi(self.effect.pairs as i32);
        self.effect.half_width() <= MARGIN / 2.0 && smallest_p * cases as f64 <= ALPHA
    }

    /// The smallest change that is excluded (for *unchanged*) or that would have been found about four times in five in a table
    /// of so many cases: both runs must then see it, each with a chance of [`SEEN`]. That takes 1.96 + 1.25 standard errors
    /// beyond the margin for the interval, and as many pairs beyond it as survive Holm's correction.
    pub fn resolution(&self, cases: usize) -> f64 {
        match self.speed() {
            Speed::Unchanged => self.effect.ci.0.abs().max(self.effect.ci.1.abs()),
            // So few can decide nothing.
            _ if self.effect.pairs < LOOKS[0] => f64::INFINITY,
            _ => {
                let interval = 1.64 * self.effect.half_width();
                let share = share(self.effect.pairs, cases);
                let signs = share.map_or(f64::INFINITY, |share| normal_quantile(share) * self.spread);
                self.margin() + interval.max(signs)
            }
        }
    }
}

/// The share of pairs that must lie beyond the margin for the sign test to survive Holm's correction over so many cases with
/// a chance of [`SEEN`]; none if all of them would not be enough.
fn share(pairs: usize, cases: usize) -> Option<f64> {
    let enough = |k: &usize| binomial_test(*k, pairs, 0.5) * cases as f64 <= ALPHA;
    let least = (pairs / 2 + 1..=pairs).find(enough)?;
    let law = Beta::new(least as f64, (pairs - least + 1) as f64).ok()?;
    Some(law.inverse_cdf(SEEN))
}

/// The cases that a first run makes suspect of a change: interval beyond the margin, and significant after Holm's
/// correction over all cases. Only a second run with fresh processes makes a verdict of it.
pub fn suspects(evidence: &[Evidence]) -> Vec<usize> {
    let adjusted = holm(&evidence.iter().map(|e| e.p).collect::<Vec<_>>());
    (0..evidence.len())
        .filter(|&i| matches!(evidence[i].speed(), Speed::Slower | Speed::Faster) && adjusted[i] <= ALPHA)
        .collect()
}

/// The verdict on a case: a change is one only if the run that confirms agrees.
pub fn confirmed(first: &Evidence, second: Option<&Evidence>) -> Speed {
    match (first.speed(), second.map(Evidence::speed)) {
        (change @ (Speed::Slower | Speed::Faster), Some(again)) if change == again => change,
        (Speed::Slower | Speed::Faster, _) => Speed::Undecided,
        (speed, _) => speed,
    }
}
