//! Input that cannot be worked on is refused with a reason.

use algos::faer::Mat;
use algos::tensor::baseline::{foobi::foobi, gevd::gevd};
use algos::tensor::sshopm::{self, sshopm};
use algos::tensor::{Options, SymmetricTensor, Variant, Warning, decompose};
use algos::{Error, InputError, NumericalError};
use ndarray::ArrayD;

use super::support::{draw, options, rng};

fn input<T>(result: Result<T, Error>) -> InputError {
    match result {
        Err(Error::Input(e)) => e,
        Err(e) => panic!("not refused at the door: {e}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn dense_arrays_must_be_cubic_finite_and_symmetric() {
    let cube = |shape: &[usize]| ArrayD::<f64>::ones(shape.to_vec());
    assert!(matches!(input(SymmetricTensor::from_dense(cube(&[3, 3, 2]).view(), 0.0)), InputError::Shape { .. }));
    assert!(matches!(input(SymmetricTensor::from_dense(cube(&[0, 0, 0]).view(), 0.0)), InputError::Argument { .. }));
    let mut bad = cube(&[2, 2, 2]);
    bad[[0, 1, 0]] = f64::NAN;
    assert!(matches!(input(SymmetricTensor::from_dense(bad.view(), 0.0)), InputError::NonFinite { .. }));
    bad[[0, 1, 0]] = 2.0;
    let InputError::NotSymmetric { defect } = input(SymmetricTensor::from_dense(bad.view(), 1e-8)) else {
        panic!("the asymmetry is not named")
    };
    assert!(defect > 0.1);
    assert!(SymmetricTensor::symmetrized(bad.view()).is_ok());
    assert!(matches!(input(SymmetricTensor::zeros(6, 100_000)), InputError::Argument { .. }));
    assert!(matches!(input(SymmetricTensor::from_packed(3, 2, vec![0.0; 3])), InputError::Shape { .. }));
}

#[test]
fn trivial_tensors_have_trivial_decompositions() {
    for &variant in Variant::ALL {
        let zero = decompose(variant, &SymmetricTensor::zeros(4, 5).unwrap(), &options(0)).unwrap().value;
        assert_eq!((zero.rank, zero.weights.len()), (0, 0));
        let one = SymmetricTensor::from_packed(3, 1, vec![-2.0]).unwrap();
        assert_eq!(decompose(variant, &one, &options(0)).unwrap().value.weights, vec![-2.0]);
    }
}

#[test]
fn impossible_ranks_and_orders_are_refused() {
    let (tensor, _) = draw((4, 6, 5), 1);
    for &variant in Variant::ALL {
        let with = |rank| decompose(variant, &tensor, &Options { rank: Some(rank), ..options(1) });
        assert!(matches!(input(with(22)), InputError::Argument { name: "rank", .. }));
        assert!(matches!(with(12), Err(Error::Numerical(NumericalError::RankDeficient { .. }))), "{variant:?}");
        let order = SymmetricTensor::from_packed(2, 3, vec![1.0; 6]).unwrap();
        assert!(matches!(input(decompose(variant, &order, &options(1))), InputError::Argument { name: "order", .. }));
    }
}

#[test]
fn options_outside_their_domains_are_refused() {
    let (tensor, _) = draw((3, 4, 2), 1);
    for bad in [
        Options { tries: 0, ..options(0) },
        Options { iterations: 0, ..options(0) },
        Options { tolerance: f64::NAN, ..options(0) },
        Options { acceptance: -1.0, ..options(0) },
        Options { threshold: algos::tensor::Threshold::Absolute(f64::NAN), ..options(0) },
    ] {
        assert!(matches!(input(decompose(Variant::Reference, &tensor, &bad)), InputError::Argument { .. }));
    }
}

#[test]
fn eigenpairs_out_of_range_are_refused() {
    let refused = |tensor: &SymmetricTensor, start: &[f64], shift| {
        sshopm(tensor, start, &sshopm::Options { shift, iterations: 10, tolerance: 1e-12 }).unwrap_err()
    };
    let ones = |size| SymmetricTensor::from_packed(3, 2, vec![size; 4]).unwrap();
    assert!(matches!(refused(&ones(f64::MAX), &[1.0, 1.0], 0.0), Error::Numerical(NumericalError::Overflow { .. })));
    for (size, start, shift) in [(1.0, f64::MAX, 1.0), (1.0, 0.0, 1.0), (1e-200, 1.0, 1e200), (1.0, 1.0, f64::NAN)] {
        assert!(matches!(refused(&ones(size), &[start, start], shift), Error::Input(InputError::Argument { .. })));
    }
}

#[test]
fn what_did_not_converge_is_said() {
    let (tensor, _) = draw((4, 6, 12), 3);
    let hasty = Options { iterations: 3, ..options(3) };
    if let Ok(run) = decompose(Variant::Reference, &tensor, &hasty) {
        assert!(run.value.warnings.iter().any(|w| matches!(w, Warning::NotConverged { .. })));
        assert_ne!(run.status, algos::Status::Converged);
    }
    let run = decompose(Variant::Newton, &tensor, &hasty).unwrap();
    assert!(run.value.warnings.iter().any(|w| matches!(w, Warning::Incomplete { .. })));
    let (crowded, _) = draw((4, 4, 8), 4);
    let run = decompose(Variant::Packed, &crowded, &Options { rank: Some(8), iterations: 200, ..options(1) });
    if let Ok(run) = run {
        assert!(run.value.warnings.contains(&Warning::BeyondUniquenessBound { bound: 6 }));
    }
}

#[test]
fn parallel_components_merge() {
    let a = Mat::from_fn(5, 2, |i, j| if i == 0 { if j == 0 { 1.0 } else { -1.0 } } else { 0.0 });
    let tensor = SymmetricTensor::from_components(4, a.as_ref(), &[1.0, 0.5]).unwrap();
    let found = decompose(Variant::Newton, &tensor, &options(2)).unwrap().value;
    assert_eq!(found.rank, 1);
    assert!((found.weights[0] - 1.5).abs() < 1e-14);
}

#[test]
fn baselines_refuse_what_they_cannot_do() {
    let (tensor, _) = draw((4, 4, 3), 1);
    assert!(matches!(input(gevd(&tensor, 2, &mut rng(1))), InputError::Argument { name: "order", .. }));
    let (tensor, _) = draw((3, 4, 3), 1);
    assert!(matches!(input(gevd(&tensor, 5, &mut rng(1))), InputError::Argument { name: "rank", .. }));
    assert!(matches!(input(foobi(&tensor, 2)), InputError::Argument { name: "order", .. }));
}
