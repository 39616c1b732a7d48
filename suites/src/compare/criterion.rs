//! The rule that criterion applies to a stored baseline, for the experiment that puts both methods side by side.
//!
//! "Different" needs p < 0.05 of a bootstrapped Welch t statistic and a 95 % interval of the ratio of means that lies
//! beyond a noise threshold of 1 %. Those are criterion's defaults; it draws 100,000 resamples, here it is 2000.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::verdict::Speed;

const RESAMPLES: usize = 2000;
const SEED: u64 = 0xC217;
const SIGNIFICANCE: f64 = 0.05;
const NOISE: f64 = 0.01;

/// The relative change of the mean and criterion's verdict on it; *unchanged* is its "no change or within noise".
pub fn rule(base: &[f64], head: &[f64]) -> (f64, Speed) {
    let change = mean(head) / mean(base) - 1.0;
    if base.len() < 2 || head.len() < 2 {
        return (change, Speed::Undecided);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let pooled = [base, head].concat();
    let observed = welch(base, head).abs();
    let (mut beyond, mut changes) = (0, Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let mut draw =
            |from: &[f64], n: usize| -> Vec<f64> { (0..n).map(|_| from[rng.random_range(0..from.len())]).collect() };
        let (b, h) = (draw(&pooled, base.len()), draw(&pooled, head.len()));
        beyond += usize::from(welch(&b, &h).abs() >= observed);
        changes.push(mean(&draw(head, head.len())) / mean(&draw(base, base.len())) - 1.0);
    }
    changes.sort_by(f64::total_cmp);
    let (low, high) = (changes[RESAMPLES / 40], changes[RESAMPLES - 1 - RESAMPLES / 40]);
    let different = (beyond as f64) < SIGNIFICANCE * RESAMPLES as f64;
    let speed = match (different, low > NOISE, high < -NOISE) {
        (true, true, _) => Speed::Slower,
        (true, _, true) => Speed::Faster,
        _ => Speed::Unchanged,
    };
    (change, speed)
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn welch(base: &[f64], head: &[f64]) -> f64 {
    let square = |x: &[f64]| {
        let m = mean(x);
        x.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0) / x.len() as f64
    };
    (mean(head) - mean(base)) / (square(base) + square(head)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_shift_is_found_and_the_same_sample_is_not() {
        let sample = |level: f64| -> Vec<f64> { (0..100).map(|i| level * (1.0 + 0.01 * f64::from(i % 7))).collect() };
        assert_eq!(rule(&sample(1.0), &sample(1.05)).1, Speed::Slower);
        assert_eq!(rule(&sample(1.0), &sample(0.95)).1, Speed::Faster);
        assert_eq!(rule(&sample(1.0), &sample(1.0)), (0.0, Speed::Unchanged));
        assert_eq!(rule(&sample(1.0), &sample(1.005)).1, Speed::Unchanged);
        assert_eq!(rule(&[1.0], &[2.0]).1, Speed::Undecided);
    }

    #[test]
    fn it_takes_what_belongs_to_a_process_for_evidence() {
        // Two processes of one program, 3 % apart by where their pages landed: criterion is sure of a change.
        let process =
            |constant: f64| -> Vec<f64> { (0..100).map(|i| constant * (1.0 + 0.002 * f64::from(i % 5))).collect() };
        assert_eq!(rule(&process(1.0), &process(1.03)).1, Speed::Slower);
    }
}
