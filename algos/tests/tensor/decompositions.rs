//! All variants on planted tensors.

use algos::tensor::diagnose::{assign, vectors_apart};
use algos::tensor::instance::{Spec, Vectors, Weights, kofidis_regalia, unit_noise};
use algos::tensor::power::{Ascent, Limits, advance, climb, direction};
use algos::tensor::reference::{Full, Removal};
use algos::tensor::sshopm::{self, sshopm, sufficient_shift};
use algos::tensor::subspace::Subspace;
use algos::tensor::{Options, Shift, SymmetricTensor, Threshold, Variant, decompose, relative_error};
use faer::Mat;
use std::ops::ControlFlow;

use super::support::{CELLS, draw, errors, options, rng, run};

#[test]
fn every_variant_recovers_exact_tensors_of_orders_three_to_six() {
    for (cell, seed) in CELLS.into_iter().zip(1..) {
        let (tensor, truth) = draw(cell, seed);
        for &variant in Variant::ALL {
            let found = run(variant, &tensor, seed);
            let (relative, distance) = errors(&found, &tensor, &truth);
            assert_eq!(found.rank, cell.2, "{variant:?} {cell:?}");
            assert!(relative < 1e-10 && distance.distance < 1e-8, "{variant:?} {cell:?}: {relative} {distance:?}");
            assert!(distance.weight < 1e-8, "{variant:?} {cell:?}: {distance:?}");
        }
    }
}

#[test]
fn variants_return_the_same_components() {
    let (tensor, _) = draw((4, 10, 30), 5);
    let reference = run(Variant::Reference, &tensor, 5);
    for &variant in &Variant::ALL[1..] {
        let found = run(variant, &tensor, 6);
        assert!(vectors_apart(reference.vectors.as_ref(), found.vectors.as_ref()).unwrap() < 1e-8, "{variant:?}");
    }
}

#[test]
fn a_partial_extraction_finds_the_same_components() {
    let (tensor, truth) = draw((4, 14, 20), 8);
    let given = Options { rank: Some(20), ..options(8) };
    let found = decompose(Variant::Partial, &tensor, &given).unwrap().value;
    assert_eq!(found.spectrum.len(), 30, "only the leading eigenvalues were computed");
    assert!(errors(&found, &tensor, &truth).1.distance < 1e-10);
    let found = run(Variant::Partial, &tensor, 8);
    assert_eq!((found.rank, found.spectrum.len()), (20, 21), "and of what is beyond one number");
    assert!(found.spectrum[20] < 1e-12 * found.spectrum[0]);
    assert!(errors(&found, &tensor, &truth).1.distance < 1e-10);
}

#[test]
fn correlated_components_are_recovered() {
    for vectors in [Vectors::Shifted(1.0), Vectors::Positive] {
        for (m, d, r) in [(3, 12, 8), (4, 9, 15)] {
            let spec = Spec { vectors, ..Spec::new(m, d, r) };
            let (tensor, truth) = spec.draw(&mut rng(11)).unwrap();
            for variant in [Variant::Reference, Variant::Newton] {
                let given = Options { rank: Some(r), ..options(3) };
                let found = decompose(variant, &tensor, &given).unwrap().value;
                let distance = errors(&found, &tensor, &truth).1;
                assert!(distance.distance < 1e-6, "{vectors:?} order {m} {variant:?}: {distance:?}");
            }
        }
    }
}

#[test]
fn deflation_keeps_the_remaining_components_in_the_basis() {
    for cell in [(3, 12, 10), (4, 8, 16), (5, 6, 15), (6, 5, 16)] {
        let spec = Spec { vectors: Vectors::Shifted(0.5), ..Spec::new(cell.0, cell.1, cell.2) };
        let (tensor, truth) = spec.draw(&mut rng(40)).unwrap();
        let given = Options { rank: Some(cell.2), ..Options::default() };
        for removal in [Removal::Rotation, Removal::Drop, Removal::Swapped] {
            let (mut full, ..) = Full::extract(&tensor, &given).unwrap();
            let x = truth.vectors.col_as_slice(0);
            let weight = full.weight_of(x).unwrap();
            assert!((weight.lambda - truth.weights[0]).abs() < 1e-9 * truth.weights[0].abs());
            full.remove(&weight, removal);
            let rest = |j: usize| {
                let (power, alpha) = full.coordinates(truth.vectors.col_as_slice(j));
                let inside: f64 = alpha.iter().map(|a| a * a).sum();
                (power.iter().map(|p| p * p).sum::<f64>() - inside).max(0.0).sqrt()
            };
            let worst = (1..cell.2).map(rest).fold(0.0, f64::max);
            let exact = removal == Removal::Rotation || (removal == Removal::Swapped && cell.0 % 2 == 0);
            assert_eq!(worst < 1e-6, exact, "{cell:?} {removal:?}: {worst}");
            assert!(exact || worst > 1e-2, "{cell:?} {removal:?}: {worst}");
        }
    }
}

#[test]
fn the_climb_contracts_at_the_derived_rate() {
    let (_, truth) = draw((4, 12, 30), 9);
    let mut space = Subspace::spanned_by(truth.vectors(), 2).unwrap();
    let a = truth.vectors.col_as_slice(0).to_vec();
    let (rho, slow) = space.local_rate(&a).unwrap();
    for (shift, expected) in [(Shift::None, rho), (Shift::Fixed, (rho + 0.5f64.sqrt()) / (1.0 + 0.5f64.sqrt()))] {
        let mut start: Vec<f64> = a.iter().zip(&slow).map(|(a, s)| a + 1e-4 * s).collect();
        let length = start.iter().map(|x| x * x).sum::<f64>().sqrt();
        start.iter_mut().for_each(|x| *x /= length);
        let mut errors = Vec::new();
        climb(&mut space, &start, shift, Limits { iterations: 20, tolerance: 0.0 }, |_, x, _| {
            errors.push(x.iter().zip(&a).map(|(x, a)| (x - a).powi(2)).sum::<f64>().sqrt());
            ControlFlow::Continue(())
        });
        let measured = errors[8] / errors[7];
        assert!((measured.ln() / expected.ln() - 1.0).abs() < 1e-2, "{shift:?}: {measured} {expected}");
    }
}

#[test]
fn the_shift_makes_f_monotone() {
    let (mut fell, mut rose) = (0, 0);
    for seed in 0..20 {
        let mut space = Subspace::generic(4, 3, 1, &mut rng(seed)).unwrap();
        let start = direction(4, &mut rng(100 + seed));
        for shift in [Shift::None, Shift::Fixed, Shift::Adaptive] {
            let (mut last, mut worst) = (0.0, 0.0f64);
            climb(&mut space, &start, shift, Limits { iterations: 300, tolerance: 1e-12 }, |_, _, f| {
                worst = worst.max(last - f);
                last = f;
                ControlFlow::Continue(())
            });
            if shift == Shift::None {
                fell += u32::from(worst > 1e-6);
            } else {
                rose += u32::from(worst < 1e-12);
            }
        }
    }
    assert_eq!(rose, 40);
    assert!(fell >= 3, "without a shift F falls in some runs: {fell}");

    // Along the sphere F has the second derivative 2n(γ − √(2(n−1)/n)·√(f(1−f))) in the worst direction; the shift that
    // vanishes at a component must make it non-negative everywhere, and not be larger than the fixed one.
    for n in [2, 3] {
        for f in (0..=100).map(|k| f64::from(k) / 100.0) {
            let needed = (2.0 * (n - 1) as f64 / n as f64 * f * (1.0 - f)).sqrt();
            let adaptive = Shift::Adaptive.gamma(n, f);
            assert!(adaptive >= needed - 1e-15, "n = {n}, f = {f}: {adaptive} < {needed}");
            assert!(adaptive <= Shift::Fixed.gamma(n, f) + 1e-15);
        }
    }
}

#[test]
fn the_shifted_power_method_converges_where_the_plain_one_cycles() {
    let tensor = kofidis_regalia().unwrap();
    for seed in 0..20 {
        let start = direction(3, &mut rng(seed));
        let run = |shift| {
            let options = sshopm::Options { shift, iterations: 5000, tolerance: 1e-12 };
            sshopm(&tensor, &start, &options).unwrap()
        };
        let (plain, shifted) = (run(0.0), run(2.0));
        assert_eq!(plain.status, algos::Status::IterationLimit);
        assert_eq!(shifted.status, algos::Status::Converged);
        let pair = shifted.value;
        assert!(pair.decrease < 1e-13);
        assert!([0.8893, 0.8169, 0.3633].iter().any(|mu| (pair.value - mu).abs() < 1e-4), "{}", pair.value);
    }
    assert!(sufficient_shift(&tensor) >= 3.0 * 0.8893);
}

#[test]
fn the_rank_is_read_off_and_noise_needs_a_threshold() {
    let (tensor, _) = draw((4, 8, 12), 21);
    assert_eq!(run(Variant::Newton, &tensor, 1).rank, 12);
    let noisy = tensor.plus(0.02, &unit_noise(4, 8, &mut rng(22)).unwrap()).unwrap();
    let rank = |threshold| decompose(Variant::Packed, &noisy, &Options { threshold, iterations: 5, ..options(1) });
    assert_eq!(rank(Threshold::Absolute(0.007)).unwrap().value.rank, 12);
    assert!(rank(Threshold::Relative(1e-4)).is_err() || rank(Threshold::Relative(1e-4)).unwrap().value.rank > 30);
}

#[test]
fn absolute_thresholds_are_in_the_units_of_the_tensor() {
    for scale in [2f64.powi(-600), 1.0, 100.0, 2f64.powi(600)] {
        for order in 3..=6 {
            let weights = [100.0 * scale, scale];
            let tensor = SymmetricTensor::from_components(order, Mat::identity(3, 2).as_ref(), &weights).unwrap();
            for &variant in Variant::ALL {
                for (limit, rank) in [(0.5, 2), (50.0, 1), (500.0, 0)] {
                    let options = Options { threshold: Threshold::Absolute(limit * scale), ..options(1) };
                    let found = decompose(variant, &tensor, &options).unwrap().value;
                    assert_eq!(found.rank, rank, "{variant:?}, order {order}, {limit} of {scale:e}");
                    assert_eq!(found.weights.len(), rank);
                    assert!(found.spectrum.iter().take(rank).all(|s| *s > limit * scale));
                }
            }
        }
    }
}

#[test]
fn one_dimension_has_a_rank_as_any_other() {
    for &variant in Variant::ALL {
        for size in [1e-310, 1e-200, 3.0, 1e200, f64::MAX] {
            let tensor = SymmetricTensor::from_packed(3, 1, vec![-size]).unwrap();
            let found = |options| decompose(variant, &tensor, &options).unwrap().value;
            assert_eq!(found(options(1)).weights, [-size]);
            let above = |limit| found(Options { threshold: Threshold::Absolute(limit), ..options(1) });
            assert_eq!(above(0.5 * size).rank, 1);
            assert_eq!((above(size).rank, above(size).weights.len()), (0, 0));
            assert_eq!(found(Options { rank: Some(0), ..options(1) }).weights.len(), 0);
        }
    }
}

#[test]
fn noise_moves_components_in_proportion() {
    let spec = Spec { weights: Weights::One, ..Spec::new(4, 8, 8) };
    let (tensor, truth) = spec.draw(&mut rng(31)).unwrap();
    let noise = unit_noise(4, 8, &mut rng(32)).unwrap();
    for variant in [Variant::Reference, Variant::Newton] {
        let error = |sigma: f64| {
            let given = Options { rank: Some(8), ..options(2) };
            let found = decompose(variant, &tensor.plus(sigma, &noise).unwrap(), &given).unwrap().value;
            errors(&found, &tensor, &truth).0
        };
        let ratio = error(1e-4) / error(1e-6);
        assert!((80.0..125.0).contains(&ratio), "{variant:?}: {ratio}");
    }
}

#[test]
fn extreme_scales_change_no_digit() {
    let (tensor, _) = draw((3, 6, 4), 51);
    let base = run(Variant::Newton, &tensor, 4);
    for scale in [2f64.powi(-500), 2f64.powi(480)] {
        let found = run(Variant::Newton, &tensor.scaled(scale), 4);
        assert_eq!(found.vectors, base.vectors);
        for (a, b) in found.weights.iter().zip(&base.weights) {
            assert!((a / scale - b).abs() <= 1e-15 * b.abs());
        }
    }
}

#[test]
fn eigenpairs_scale_with_the_tensor() {
    let (tensor, _) = draw((3, 5, 4), 52);
    let start = direction(5, &mut rng(53));
    for shift in [0.0, 2.0] {
        let run = |scale: f64| {
            let options = sshopm::Options { shift: scale * shift, iterations: 2000, tolerance: 1e-12 };
            sshopm(&tensor.scaled(scale), &start, &options).unwrap()
        };
        let base = run(1.0);
        assert_ne!(base.value.x, start);
        for scale in [2f64.powi(-1000), 2f64.powi(-700), 4.0, 2f64.powi(700), 2f64.powi(1020)] {
            let found = run(scale);
            assert_eq!((found.status, &found.value.x), (base.status, &base.value.x), "{scale:e}");
            assert_eq!(found.value.value, scale * base.value.value);
        }
    }
    let zero = SymmetricTensor::zeros(3, 5).unwrap();
    let still = sshopm(&zero, &start, &sshopm::Options { shift: 0.0, iterations: 9, tolerance: 1e-12 }).unwrap();
    assert_eq!(still.value.value, 0.0);
}

#[test]
fn power_steps_take_vectors_of_any_length() {
    let (start, along) = (direction(6, &mut rng(54)), direction(6, &mut rng(55)));
    let step = |scale: f64| {
        let (mut x, mut y) = (start.clone(), along.iter().map(|y| scale * y).collect::<Vec<_>>());
        let moved = advance(&mut x, &mut y, 0.5 * scale);
        (x, moved)
    };
    let base = step(1.0);
    assert!(base.1 > 0.1);
    for scale in [2f64.powi(-900), 2f64.powi(-530), 2f64.powi(530), 2f64.powi(1022)] {
        assert_eq!(step(scale), base, "{scale:e}");
    }
    assert_eq!(step(0.0), (start.clone(), 0.0));
}

#[test]
fn equal_options_give_equal_bits() {
    let (tensor, _) = draw((4, 8, 20), 61);
    for &variant in Variant::ALL {
        assert_eq!(run(variant, &tensor, 9), run(variant, &tensor, 9));
    }
}

#[test]
fn the_assignment_is_the_cheapest() {
    let cost = [[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]];
    assert_eq!(assign(3, |i, j| cost[i][j]), vec![1, 0, 2]);
    // Greedy would take the zero first and pay for it.
    let trap = [[0.0, 1.0], [1.0, 100.0]];
    assert_eq!(assign(2, |i, j| trap[i][j]), vec![1, 0]);
}

#[test]
fn effort_counts_what_ran() {
    let (tensor, _) = draw((4, 10, 30), 71);
    let reference = decompose(Variant::Reference, &tensor, &options(1)).unwrap();
    let fast = decompose(Variant::Newton, &tensor, &options(1)).unwrap();
    assert!(fast.value.phases.search_flops() < reference.value.phases.search_flops());
    assert_eq!(reference.effort.iterations, reference.value.phases.power_steps);
    let steps: usize = reference.value.components.iter().map(|c| c.iterations).sum();
    assert_eq!(reference.value.phases.power_steps, steps as u64);
    let space = Subspace::spanned_by(reference.value.vectors.as_ref(), 2).unwrap();
    assert!(space.flops() > 4 * 55 * 30);
    assert!(relative_error(&tensor, fast.value.vectors.as_ref(), &fast.value.weights).unwrap() < 1e-10);
}

#[test]
fn what_is_not_a_number_is_far_from_everything() {
    let identity = Mat::<f64>::identity(3, 3);
    for lost in 0..3 {
        let mut found = identity.clone();
        found[(0, lost)] = f64::NAN;
        assert!(vectors_apart(identity.as_ref(), found.as_ref()).unwrap().is_nan(), "{lost}");
    }
    assert_eq!(vectors_apart(identity.as_ref(), identity.as_ref()).unwrap(), 0.0);
}
