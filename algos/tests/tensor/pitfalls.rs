//! Input on which subspace methods are known to stumble.

use algos::faer::Mat;
use algos::linalg::norm;
use algos::tensor::reference::Full;
use algos::tensor::{Options, SymmetricTensor, Variant, Warning, decompose, relative_error};
use algos::{Error, InputError, NumericalError, Status};
use rand::RngExt;

use super::support::{draw, options, rng, run};

fn tensor(order: usize, vectors: &Mat<f64>, weights: &[f64]) -> SymmetricTensor {
    SymmetricTensor::from_components(order, vectors.as_ref(), weights).unwrap()
}

/// Unit vectors in random directions.
fn directions(d: usize, r: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    let raw = Mat::from_fn(d, r, |_, _| rng.random_range(-1.0..1.0));
    Mat::from_fn(d, r, |i, j| raw[(i, j)] / norm(raw.col_as_slice(j)))
}

#[test]
fn every_entry_must_be_finite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for at in [0, 7, 34] {
            let mut entries = vec![1.0; 35];
            entries[at] = bad;
            let refused = SymmetricTensor::from_packed(4, 4, entries);
            assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index, .. })) if index == at));
        }
    }
}

#[test]
fn opposite_components_cancel_or_add() {
    let mut vectors = directions(5, 3, 1);
    (0..5).for_each(|i| vectors[(i, 1)] = -vectors[(i, 0)]);
    // With signs: for even orders a and −a are one component, for odd ones they have opposite weights.
    for (order, weights, left) in [
        (4, [1.0, 0.5, 2.0], vec![1.5, 2.0]),
        (4, [1.0, -1.0, 2.0], vec![2.0]),
        (3, [1.0, 1.0, 2.0], vec![2.0]),
        (3, [1.0, -0.5, 2.0], vec![1.5, 2.0]),
    ] {
        for &variant in Variant::ALL {
            let found = run(variant, &tensor(order, &vectors, &weights), 2);
            let mut sizes: Vec<f64> = found.weights.iter().map(|w| w.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            assert_eq!(sizes.len(), left.len(), "{variant:?}, order {order}, {weights:?}: {sizes:?}");
            assert!(sizes.iter().zip(&left).all(|(a, b)| (a - b).abs() < 1e-12), "{variant:?}: {sizes:?}");
        }
    }
}

#[test]
fn nearly_parallel_components_do_not_hang() {
    let mut vectors = directions(5, 3, 3);
    for i in 0..5 {
        vectors[(i, 1)] = vectors[(i, 0)] + if i == 2 { 1e-3 } else { 0.0 };
    }
    let length = norm(vectors.col_as_slice(1));
    (0..5).for_each(|i| vectors[(i, 1)] /= length);
    for order in [3, 4] {
        let tensor = tensor(order, &vectors, &[1.0, 1.0, 1.0]);
        for &variant in Variant::ALL {
            let given = Options { rank: Some(3), iterations: 500, ..options(3) };
            let found = decompose(variant, &tensor, &given).unwrap();
            let value = &found.value;
            let most = 3 * given.tries as usize * given.iterations;
            assert!(value.components.iter().all(|c| c.iterations <= most), "{variant:?}, order {order}");
            assert!(value.weights.iter().all(|w| w.is_finite()), "{variant:?}, order {order}");
            let complete = value.components.len() == 3 && value.components.iter().all(|c| c.converged);
            let said = |w: &Warning| matches!(w, Warning::NotConverged { .. } | Warning::Incomplete { .. });
            assert_eq!(complete, !value.warnings.iter().any(said), "{variant:?}, order {order}: {:?}", value.warnings);
            assert_eq!(complete, found.status == Status::Converged, "{variant:?}, order {order}");
        }
    }
}

#[test]
fn equal_singular_values_do_no_harm() {
    let unit = Mat::<f64>::identity(6, 6);
    for order in 3..=6 {
        let tensor = tensor(order, &unit, &[1.0; 6]);
        for &variant in Variant::ALL {
            let found = run(variant, &tensor, 4);
            let error = relative_error(&tensor, found.vectors.as_ref(), &found.weights).unwrap();
            assert!(found.rank == 6 && error < 1e-12, "{variant:?}, order {order}: {error:e}");
        }
    }
}

#[test]
fn weights_below_the_threshold_are_the_error_that_stays() {
    let vectors = Mat::<f64>::identity(5, 3);
    let tensor = tensor(4, &vectors, &[1.0, 1.0, 1e-6]);
    for &variant in Variant::ALL {
        let found = run(variant, &tensor, 5);
        let error = relative_error(&tensor, found.vectors.as_ref(), &found.weights).unwrap();
        assert_eq!(found.rank, 2, "{variant:?}");
        assert!((error * 2f64.sqrt() / 1e-6 - 1.0).abs() < 1e-3, "{variant:?}: {error:e}");
        let given = decompose(variant, &tensor, &Options { rank: Some(3), ..options(5) }).unwrap().value;
        let error = relative_error(&tensor, given.vectors.as_ref(), &given.weights).unwrap();
        assert!(error < 1e-12, "{variant:?}, rank given: {error:e}");
    }
}

#[test]
fn a_point_that_is_no_component_has_no_weight() {
    // D₁ = diag(1, −1) at half the sum of two squares: αᵀD₁α = 0.
    let tensor = tensor(4, &Mat::<f64>::identity(4, 2), &[1.0, -1.0]);
    let (mut full, ..) = Full::extract(&tensor, &Options::default()).unwrap();
    let x = [0.5f64.sqrt(), 0.5f64.sqrt(), 0.0, 0.0];
    assert!(matches!(full.weight_of(&x), Err(Error::Numerical(NumericalError::Deflation { component: 0 }))));
}

#[test]
fn weights_are_finite_however_hasty_the_search() {
    let mut broken = 0;
    for seed in 0..40 {
        let (tensor, _) = draw((4, 6, 12), seed);
        for &variant in Variant::ALL {
            let hasty = Options { iterations: 1 + seed as usize % 3, tries: 1, ..options(seed) };
            match decompose(variant, &tensor, &hasty) {
                Ok(found) => {
                    assert!(found.value.weights.iter().all(|w| w.is_finite()), "{variant:?}, {seed}");
                    assert!(found.value.components.iter().all(|c| (0.0..=1.0).contains(&c.f)), "{variant:?}, {seed}");
                }
                Err(Error::Numerical(NumericalError::Deflation { .. })) => broken += 1,
                Err(e) => panic!("{variant:?}, {seed}: {e}"),
            }
        }
    }
    assert!(broken < 40, "{broken}");
}

#[test]
fn a_certificate_is_at_most_one() {
    for cell in [(3, 10, 8), (4, 8, 20), (5, 6, 15), (6, 5, 20)] {
        let (tensor, _) = draw(cell, 6);
        for &variant in Variant::ALL {
            let found = run(variant, &tensor, 6);
            assert!(found.components.iter().all(|c| c.f <= 1.0 && c.f > 1.0 - 1e-12), "{variant:?}, {cell:?}");
        }
    }
}

#[test]
fn starts_that_miss_a_small_space_are_drawn_again_within_the_limit() {
    // One component in 40 dimensions: F of a random start is below 1/400 more often than not.
    let (tensor, truth) = draw((4, 40, 1), 7);
    for &variant in Variant::ALL {
        let found = run(variant, &tensor, 7);
        assert!((found.weights[0] / truth.weights[0] - 1.0).abs() < 1e-12, "{variant:?}");
        let limit = Options { iterations: 2, tries: 1, ..options(7) };
        if let Ok(found) = decompose(variant, &tensor, &limit) {
            assert!(found.value.components.iter().all(|c| c.iterations <= 4), "{variant:?}");
        }
    }
}

#[test]
fn steps_that_rounding_keeps_from_shrinking_end() {
    // Whatever the tolerance, steps below 4ε√d count as none.
    for d in [20, 140] {
        let (tensor, _) = draw((3, d, 6), 8);
        for variant in [Variant::Reference, Variant::Packed, Variant::Newton] {
            let found = decompose(variant, &tensor, &Options { tolerance: 0.0, ..options(8) }).unwrap().value;
            assert!(found.components.iter().all(|c| c.converged && c.iterations < 1000), "{variant:?}, d = {d}");
        }
    }
}
