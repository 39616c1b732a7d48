//! The Hadamard transform.

use std::fmt::Debug;

use algos::simd::Simd;
use algos::sketch::{Precision, Transform, fwht, fwht_on};

use crate::support::vector;

/// Integers add without rounding, so every order of additions gives the same bits; lengths up to twice that of the last
/// grouped pass. The sums stay below 2²⁴, so they are exact in single precision, too.
fn exact_on_integers<T: Precision + PartialEq + Debug + From<i8>>() {
    for bits in 0..=22 {
        let n = 1usize << bits;
        let input: Vec<T> = (0..n).map(|i| T::from(((i * i * 31 + i * 7) % 7) as i8 - 3)).collect();
        let mut reference = input.clone();
        fwht(Transform::Reference, &mut reference).unwrap();
        for simd in Simd::available() {
            let mut blocked = input.clone();
            let effort = fwht_on(Transform::Blocked, &mut blocked, simd).unwrap();
            assert!(blocked == reference, "2^{bits}, {}", simd.name());
            assert_eq!(effort.flops, (n * bits) as u64);
        }
    }
}

/// `unit` is the largest relative error of a level.
fn agrees_to_rounding<T: Precision>(unit: f64, rounded: impl Fn(f64) -> T) {
    for bits in [3, 4, 6, 10, 13, 16, 18] {
        let n = 1usize << bits;
        let input: Vec<T> = vector(n, bits).into_iter().map(&rounded).collect();
        let mut reference = input.clone();
        fwht(Transform::Reference, &mut reference).unwrap();
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let wide: Vec<f64> = reference.iter().map(|&x| x.into()).collect();
        for simd in Simd::available() {
            let mut blocked = input.clone();
            fwht_on(Transform::Blocked, &mut blocked, simd).unwrap();
            let distance = norm(&blocked.iter().zip(&wide).map(|(&a, b)| a.into() - b).collect::<Vec<_>>());
            assert!(distance <= unit * bits as f64 * norm(&wide), "2^{bits}, {}: {distance:e}", simd.name());
        }
    }
}

#[test]
fn blocked_has_the_bits_of_the_exact_transform_on_integers() {
    exact_on_integers::<f64>();
}

#[test]
fn blocked_in_single_precision_has_them_too() {
    exact_on_integers::<f32>();
}

#[test]
fn blocked_agrees_to_rounding_and_not_across_instruction_sets_only() {
    agrees_to_rounding(1e-14, |x| x);
    agrees_to_rounding(1e-7, |x| x as f32);
}

#[test]
fn single_precision_is_the_double_one_rounded() {
    let input = vector(1 << 12, 7);
    let mut single: Vec<f32> = input.iter().map(|&x| x as f32).collect();
    let mut double: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    fwht(Transform::Blocked, &mut single).unwrap();
    fwht(Transform::Blocked, &mut double).unwrap();
    let scale = double.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(single.iter().zip(&double).all(|(&a, b)| (f64::from(a) - b).abs() < 1e-6 * scale));
}

#[test]
fn it_is_its_own_inverse_up_to_the_length_and_matches_its_definition() {
    let input = vector(64, 4);
    let mut x = input.clone();
    fwht(Transform::Blocked, &mut x).unwrap();
    for (i, found) in x.iter().enumerate() {
        let sign = |j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
        let exact: f64 = (0..64).map(|j| sign(j) * input[j]).sum();
        assert!((found - exact).abs() < 1e-13);
    }
    fwht(Transform::Blocked, &mut x).unwrap();
    assert!(x.iter().zip(&input).all(|(a, b)| (a / 64.0 - b).abs() < 1e-14));
}
