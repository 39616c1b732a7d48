//! The method on synthetic times: its error rates where the truth is known.
#![allow(clippy::unwrap_used)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, StandardNormal};
use rayon::prelude::*;

use super::{
    estimate::{Pair, block, effect, floor, median, p_value},
    schedule::{Orientation, blocks, round},
    verdict::{Evidence, LOOKS, MOST, Speed, confirmed, suspects},
};

/// A machine: relative spread of processes and samples, and drift over a block.
#[derive(Debug, Clone, Copy)]
struct Machine {
    process: f64,
    sample: f64,
    burst: f64,
}

/// Cache-resident and memory-bound, as measured on a shared virtual machine.
const CACHED: Machine = Machine { process: 0.006, sample: 0.01, burst: 0.3 };
const MEMORY: Machine = Machine { process: 0.04, sample: 0.04, burst: 0.3 };

impl Machine {
    fn pair(self, change: f64, rng: &mut ChaCha8Rng) -> Pair {
        let normal = |sd: f64, rng: &mut ChaCha8Rng| Normal::new(0.0, sd).unwrap().sample(rng);
        let constant = [normal(self.process, rng), change.ln_1p() + normal(self.process, rng)];
        (0..5)
            .map(|_| {
                let drift = normal(0.05, rng);
                let mut times = [Vec::new(), Vec::new()];
                let orientation = if rng.random() { Orientation::Abba } else { Orientation::Baab };
                for (slot, side) in (0..).zip(orientation.sides()) {
                    let burst = if rng.random_bool(0.03) { self.burst * rng.random::<f64>() } else { 0.0 };
                    let log = constant[side] + drift * f64::from(slot) + normal(self.sample, rng) + burst;
                    times[side].push(log.exp());
                }
                block([times[0][0], times[0][1]], [times[1][0], times[1][1]])
            })
            .collect()
    }

    /// A run as the command does it: looks at the width of the interval, with base-against-base pairs.
    fn run(self, change: f64, cases: usize, rng: &mut ChaCha8Rng) -> Evidence {
        let (mut pairs, mut same) = (Vec::new(), Vec::new());
        for pair in 0..MOST {
            if LOOKS.contains(&pair) && Evidence::new(&pairs, &same).settled(cases) {
                break;
            }
            pairs.push(self.pair(change, rng));
            if pair % 4 == 0 {
                same.push(self.pair(0.0, rng));
            }
        }
        Evidence::new(&pairs, &same)
    }

    /// The verdicts of a table in which every case changed by `change`.
    fn table(self, change: f64, cases: usize, seed: u64) -> Vec<(Speed, Evidence)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let first: Vec<Evidence> = (0..cases).map(|_| self.run(change, cases, &mut rng)).collect();
        let suspects = suspects(&first);
        (0..cases)
            .map(|i| {
                let second = suspects.contains(&i).then(|| self.run(change, suspects.len(), &mut rng));
                (confirmed(&first[i], second.as_ref()), first[i])
            })
            .collect()
    }

    fn tables(self, change: f64, tables: u64) -> Vec<(Speed, Evidence)> {
        (0..tables).into_par_iter().flat_map(|seed| self.table(change, 10, seed)).collect()
    }
}

fn share(of: &[(Speed, Evidence)], holds: impl Fn(&(Speed, Evidence)) -> bool) -> f64 {
    of.iter().filter(|v| holds(v)).count() as f64 / of.len() as f64
}

#[test]
fn identical_sides_are_never_called_faster_or_slower() {
    for machine in [CACHED, MEMORY] {
        let verdicts = machine.tables(0.0, 15);
        assert!(verdicts.iter().all(|(speed, _)| !matches!(speed, Speed::Faster | Speed::Slower)), "{machine:?}");
        // Even before the correction and the second run, the margin keeps false alarms rare.
        let suspect = |(_, e): &(Speed, Evidence)| matches!(e.speed(), Speed::Faster | Speed::Slower);
        assert!(share(&verdicts, suspect) < 0.02, "{machine:?}");
    }
    assert!(share(&CACHED.tables(0.0, 8), |(speed, _)| *speed == Speed::Unchanged) > 0.9);
}

#[test]
fn a_change_is_found() {
    let found = |machine: Machine, change, tables| {
        let wanted = if change > 0.0 { Speed::Slower } else { Speed::Faster };
        share(&machine.tables(change, tables), |(speed, _)| *speed == wanted)
    };
    assert!(found(CACHED, 0.05, 8) > 0.95);
    assert!(found(CACHED, -0.05, 8) > 0.95);
    let memory = found(MEMORY, 0.10, 20);
    assert!(memory >= 0.8, "{memory}");
}

#[test]
fn what_unchanged_excludes_is_excluded() {
    let (mut n, mut covered) = (0u32, 0u32);
    for change in [0.0, 0.004, 0.008] {
        for (_, evidence) in CACHED.tables(change, 10).iter().filter(|(speed, _)| *speed == Speed::Unchanged) {
            n += 1;
            covered += u32::from(change.ln_1p().abs() <= evidence.resolution());
        }
    }
    assert!(n > 100 && f64::from(covered) / f64::from(n) >= 0.9, "{covered} of {n}");
}

#[test]
fn intervals_cover_the_truth() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let covered = (0..300)
        .filter(|_| {
            let pairs: Vec<Pair> = (0..20).map(|_| CACHED.pair(0.03, &mut rng)).collect();
            let (low, high) = effect(&pairs).ci;
            (low..=high).contains(&0.03f64.ln_1p())
        })
        .count();
    assert!(covered >= 275, "{covered} of 300");
}

#[test]
fn linear_drift_cancels_in_a_block() {
    let time = |log: f64, slot: f64| (log + 0.1 * slot).exp();
    let abba = block([time(0.0, 0.0), time(0.0, 3.0)], [time(0.2, 1.0), time(0.2, 2.0)]);
    let baab = block([time(0.0, 1.0), time(0.0, 2.0)], [time(0.2, 0.0), time(0.2, 3.0)]);
    assert!((abba - 0.2).abs() < 1e-12 && (baab - 0.2).abs() < 1e-12);
}

#[test]
fn the_floor_grows_with_the_spread_and_shrinks_with_pairs() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let same: Vec<Pair> = (0..8).map(|_| vec![0.05 * rng.sample::<f64, _>(StandardNormal)]).collect();
    assert!(floor(&same, 10) > floor(&same, 30));
    assert!(floor(&same, 30) > 0.005);
    assert_eq!(floor(&same[..2], 30), 0.0);
}

#[test]
fn few_pairs_decide_nothing() {
    let clear = vec![vec![0.5; 5]; 9];
    assert_eq!(Evidence::new(&clear, &[]).speed(), Speed::Undecided);
    assert_eq!(Evidence::new(&clear, &[]).resolution(), f64::INFINITY);
    assert_eq!(effect(&clear[..1]).ci, (f64::NEG_INFINITY, f64::INFINITY));
    assert!(effect(&[]).value.is_nan());
}

#[test]
fn the_sign_test_counts_pairs_beyond_the_margin() {
    let pairs = vec![vec![0.02]; 10];
    assert!((p_value(&pairs, 0.01) - 2.0 / 1024.0).abs() < 1e-12);
    assert_eq!(p_value(&pairs, 0.03), 1.0);
    assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
}

#[test]
fn a_round_visits_every_case_once_and_orients_at_random() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let cases = [(0, 5), (3, 1)];
    assert_eq!(round(&cases, 0, &mut rng).len(), 4);
    let steps: Vec<_> = (1..4).flat_map(|r| round(&cases, r, &mut rng)).collect();
    assert_eq!(steps.len(), 6);
    assert!(steps.iter().all(|s| !s.same && s.blocks.len() == if s.case == 0 { 5 } else { 1 }));
    let all: Vec<_> = (0..100).flat_map(|r| round(&cases, 4 * r + 1, &mut rng)).collect();
    let abba = all.iter().flat_map(|s| &s.blocks).filter(|o| **o == Orientation::Abba).count();
    assert!((240..360).contains(&abba), "{abba} of 600");
    assert_eq!([blocks(2e6), blocks(3e7), blocks(1e9)], [5, 3, 1]);
}
