//! The Hadamard transform.

use algos::simd::Simd;
use algos::sketch::{Transform, fwht, fwht_on};

use crate::support::vector;

#[test]
fn blocked_has_the_bits_of_the_exact_transform_on_integers() {
    // Integers add without rounding, so every order of additions gives the same bits; lengths up to twice that of the last
    // grouped pass.
    for bits in 0..=21 {
        let n = 1usize << bits;
        let input: Vec<f64> = (0..n).map(|i| ((i * i * 31 + i * 7) % 17) as f64 - 8.0).collect();
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

#[test]
fn blocked_agrees_to_rounding_and_not_across_instruction_sets_only() {
    for bits in [3, 6, 10, 13, 16, 18] {
        let n = 1usize << bits;
        let input = vector(n, bits);
        let mut reference = input.clone();
        fwht(Transform::Reference, &mut reference).unwrap();
        let norm = reference.iter().map(|x| x * x).sum::<f64>().sqrt();
        for simd in Simd::available() {
            let mut blocked = input.clone();
            fwht_on(Transform::Blocked, &mut blocked, simd).unwrap();
            let distance = blocked.iter().zip(&reference).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            assert!(distance <= 1e-14 * f64::from(bits as u32) * norm, "2^{bits}, {}: {distance:e}", simd.name());
        }
    }
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
