//! Pivot rules: which sets they return, how often, and in which order.

use std::collections::BTreeMap;

use algos::factorize::engine::TwoSided;
use algos::factorize::instance::wishart;
use algos::factorize::pivot::{
    AdjacentOnly, Adversarial, DeRijk, FixedPartition, GreedyMax, OrderedPair, Pivots, RoundRobin, RowCyclic,
    ShuffledSweep, UniformIid, contraction_factor, pairs,
};
use algos::faer::Mat;

use crate::support::rng;

fn take(rule: &mut dyn Pivots, n: usize, steps: usize) -> Vec<Vec<usize>> {
    let view = TwoSided::new(Mat::<f64>::identity(n, n).as_ref()).unwrap();
    let mut set = vec![0; rule.size()];
    (0..steps)
        .map(|_| {
            rule.next(&view, &mut set);
            set.clone()
        })
        .collect()
}

fn counts(sets: Vec<Vec<usize>>) -> BTreeMap<Vec<usize>, usize> {
    let mut counts = BTreeMap::new();
    sets.into_iter().for_each(|set| *counts.entry(set).or_default() += 1);
    counts
}

/// χ² of equal frequencies is below its mean plus six standard deviations.
fn uniform(counts: &BTreeMap<Vec<usize>, usize>, cells: usize) {
    assert_eq!(counts.len(), cells);
    let expected = counts.values().sum::<usize>() as f64 / cells as f64;
    let chi: f64 = counts.values().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
    let freedom = (cells - 1) as f64;
    assert!((chi - freedom).abs() <= 6.0 * (2.0 * freedom).sqrt(), "χ² = {chi}, {freedom} degrees of freedom");
}

#[test]
fn uniform_sets_are_uniform_and_ascend() {
    for (k, cells) in [(2, 21), (3, 35), (5, 21), (7, 1)] {
        let sets = take(&mut UniformIid::new(k, rng(5)), 7, 7000);
        assert!(sets.iter().all(|set| set.is_sorted_by(|a, b| a < b)));
        let counts = counts(sets);
        if cells == 1 {
            assert_eq!(counts.len(), 1);
        } else {
            uniform(&counts, cells);
        }
    }
}

#[test]
fn successive_sets_are_independent() {
    let sets = take(&mut UniformIid::new(2, rng(8)), 4, 2 * 7200);
    uniform(&counts(sets.chunks(2).map(<[_]>::concat).collect()), 36);
}

#[test]
fn ordered_pairs_come_in_both_orders() {
    uniform(&counts(take(&mut OrderedPair::new(rng(1)), 5, 6000)), 20);
}

#[test]
fn sweeps_visit_every_pair_once() {
    for n in [2, 3, 4, 5, 8, 9] {
        let mut rules: Vec<Box<dyn Pivots>> = vec![
            Box::new(RowCyclic::default()),
            Box::new(ShuffledSweep::new(rng(2))),
            Box::new(DeRijk::default()),
            Box::new(RoundRobin::default()),
        ];
        for rule in &mut rules {
            for _ in 0..2 {
                let sets = take(rule.as_mut(), n, pairs(n));
                let sets = sets.into_iter().map(|mut set| {
                    set.sort_unstable();
                    set
                });
                let counts = counts(sets.collect());
                assert!(counts.len() == pairs(n) && counts.values().all(|&c| c == 1), "n = {n}: {counts:?}");
            }
        }
    }
}

#[test]
fn a_rule_keeps_nothing_of_a_matrix_of_another_order() {
    let mut rules: Vec<Box<dyn Pivots>> = vec![
        Box::new(RowCyclic::default()),
        Box::new(ShuffledSweep::new(rng(2))),
        Box::new(DeRijk::default()),
        Box::new(RoundRobin::default()),
        Box::new(UniformIid::new(2, rng(2))),
    ];
    for rule in &mut rules {
        for n in [9, 4, 7, 2] {
            let sets = take(rule.as_mut(), n, pairs(n) + 1);
            assert!(sets.iter().all(|set| set[0] != set[1] && set.iter().all(|&i| i < n)), "n = {n}: {sets:?}");
        }
    }
    let mut shuffled = ShuffledSweep::new(rng(3));
    take(&mut shuffled, 4, 1);
    assert!(counts(take(&mut shuffled, 7, pairs(7))).values().all(|&c| c == 1));
}

#[test]
fn rounds_consist_of_disjoint_pairs() {
    for n in [2, 5, 8] {
        let sets = take(&mut RoundRobin::default(), n, pairs(n));
        for round in sets.chunks(n / 2) {
            let mut players = round.concat();
            players.sort_unstable();
            players.dedup();
            assert_eq!(players.len(), 2 * round.len());
        }
    }
}

#[test]
fn row_cyclic_goes_row_by_row() {
    assert_eq!(
        take(&mut RowCyclic::default(), 4, 7),
        [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3], [0, 1]].map(Vec::from)
    );
}

#[test]
fn de_rijk_starts_with_the_longest_column() {
    let view =
        TwoSided::new(Mat::from_fn(4, 4, |i, j| if i == j { [1.0, 3.0, 9.0, 2.0][i] } else { 0.0 }).as_ref()).unwrap();
    let mut rule = DeRijk::default();
    let mut set = [0; 2];
    let order: Vec<usize> = (0..6)
        .map(|_| {
            rule.next(&view, &mut set);
            set[0]
        })
        .collect();
    assert_eq!(order, [2, 2, 2, 1, 1, 3]);
}

#[test]
fn greedy_takes_the_largest_cosine_and_the_adversary_the_worst_pair() {
    let mut a = wishart(6, &mut rng(4)).unwrap();
    for i in 0..6 {
        for j in 0..6 {
            a[(i, j)] *= 10f64.powi(i as i32 - j as i32).min(1.0) * 10f64.powi(j as i32 - i as i32).min(1.0);
        }
    }
    let a = Mat::from_fn(6, 6, |i, j| if i == j { 1.0 } else { a[(i, j)] });
    let view = TwoSided::new(a.as_ref()).unwrap();
    let mut set = [0; 2];
    GreedyMax.next(&view, &mut set);
    let largest = |f: &dyn Fn(usize, usize) -> f64| {
        let mut all: Vec<_> = (0..6).flat_map(|i| (i + 1..6).map(move |j| [i, j])).collect();
        all.sort_by(|a, b| f(b[0], b[1]).total_cmp(&f(a[0], a[1])));
        all[0]
    };
    assert_eq!(set, largest(&|i, j| a[(i, j)].abs()));
    let inverse = algos::factorize::potential::inverse(a.as_ref()).unwrap();
    Adversarial.next(&view, &mut set);
    assert_eq!(set, largest(&|i, j| a[(i, j)] * inverse[(i, j)]));
}

#[test]
fn controls_return_what_they_say() {
    let neighbours = take(&mut AdjacentOnly::new(rng(3)), 5, 400);
    uniform(&counts(neighbours), 4);
    uniform(&counts(take(&mut AdjacentOnly::ordered(rng(3)), 5, 800)), 8);
    let blocks = take(&mut FixedPartition::new(2, rng(3)), 6, 300);
    assert!(blocks.iter().all(|set| set[0] % 2 == 0 && set[1] == set[0] + 1));
    uniform(&counts(blocks), 3);
}

#[test]
fn the_factor_counts_pairs() {
    assert_eq!(contraction_factor(7, 7), 0.0);
    assert_eq!(contraction_factor(4, 2), 1.0 - 1.0 / 6.0);
    assert_eq!(contraction_factor(16, 8), 1.0 - 56.0 / 240.0);
}
