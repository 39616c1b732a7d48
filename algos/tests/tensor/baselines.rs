//! The baselines do what they are known to do.

use std::ops::ControlFlow;

use algos::tensor::baseline::als::cp_als;
use algos::tensor::baseline::deflated::deflated_power;
use algos::tensor::baseline::foobi::foobi;
use algos::tensor::baseline::gevd::gevd;
use algos::tensor::baseline::nls::{Search, polish, search};
use algos::tensor::diagnose::vectors_apart;
use algos::tensor::instance::{Spec, Truth, Vectors, Weights, symmetric_gaussian};
use algos::tensor::landscape::{Landscape, Place};
use algos::tensor::langevin::{Options, langevin, partial_trace};
use algos::tensor::power::{Ascent, Limits, climb, direction};
use algos::tensor::subspace::Subspace;
use algos::tensor::{Shift, SymmetricTensor, Variant, decompose, relative_error};

use super::support::rng;

fn error(tensor: &SymmetricTensor, model: &Truth) -> f64 {
    relative_error(tensor, model.vectors.as_ref(), &model.weights).unwrap()
}

#[test]
fn one_eigenvalue_problem_decomposes_order_three() {
    let (tensor, truth) = Spec::new(3, 12, 10).draw(&mut rng(1)).unwrap();
    let found = gevd(&tensor, 10, &mut rng(2)).unwrap().value;
    assert!(vectors_apart(truth.vectors(), found.vectors.as_ref()).unwrap() < 1e-8);
    assert!(error(&tensor, &found) < 1e-8);
}

#[test]
fn one_eigenvalue_problem_is_less_accurate_than_the_method() {
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let ratio = |seed| {
        let (tensor, _) = Spec::new(3, 24, 24).draw(&mut rng(seed)).unwrap();
        let direct = gevd(&tensor, 24, &mut rng(100 + seed)).unwrap().value;
        let options = algos::tensor::Options { rank: Some(24), ..Default::default() };
        let found = decompose(Variant::Newton, &tensor, &options).unwrap().value;
        error(&tensor, &direct) / relative_error(&tensor, found.vectors.as_ref(), &found.weights).unwrap()
    };
    let ratio = median((1..=7).map(ratio).collect());
    assert!(ratio > 10.0, "{ratio}");
}

#[test]
fn foobi_decomposes_order_four_with_positive_weights() {
    let spec = Spec { weights: Weights::Positive, ..Spec::new(4, 6, 8) };
    let (tensor, truth) = spec.draw(&mut rng(3)).unwrap();
    let found = foobi(&tensor, 8).unwrap().value;
    assert!(vectors_apart(truth.vectors(), found.vectors.as_ref()).unwrap() < 1e-7);
    assert!(error(&tensor, &found) < 1e-8);
}

#[test]
fn least_squares_finds_and_polishes() {
    let spec = Spec { weights: Weights::One, vectors: Vectors::Raw(0.0), ..Spec::new(4, 5, 6) };
    let (tensor, truth) = spec.draw(&mut rng(4)).unwrap();
    let options = Search { rank: 6, target: 1e-6, evaluations: 3000, starts: 40 };
    let run = search(&tensor, &options, &mut rng(5)).unwrap();
    assert!(run.value.relative_error < 1e-6, "{}", run.value.relative_error);
    assert!(run.effort.iterations > 0 && run.effort.flops > run.effort.iterations);
    let polished = polish(&tensor, &run.value.model, 300).unwrap().value;
    assert!(error(&tensor, &polished) < 1e-9, "{}", error(&tensor, &polished));
    assert!(vectors_apart(truth.vectors(), polished.vectors.as_ref()).unwrap() < 1e-6);
}

#[test]
fn plain_deflation_works_for_orthonormal_components_only() {
    let draw = |vectors, r| {
        let spec = Spec { weights: Weights::Positive, vectors, ..Spec::new(3, 8, r) };
        spec.draw(&mut rng(6)).unwrap().0
    };
    let run = |tensor: &SymmetricTensor| deflated_power(tensor, 8, 10, 300, &mut rng(7)).unwrap().value;
    let (orthonormal, generic) = (draw(Vectors::Orthonormal, 8), draw(Vectors::Uniform, 8));
    assert!(error(&orthonormal, &run(&orthonormal)) < 1e-10);
    assert!(error(&generic, &run(&generic)) > 1e-2);
}

#[test]
fn plain_deflation_scales_with_the_tensor() {
    let (tensor, _) = Spec::new(3, 5, 4).draw(&mut rng(15)).unwrap();
    let run = |scale: f64| deflated_power(&tensor.scaled(scale), 4, 9, 200, &mut rng(16)).unwrap();
    let base = run(1.0);
    for scale in [2f64.powi(-900), 4.0, 2f64.powi(900)] {
        let found = run(scale);
        assert_eq!((&found.value.vectors, found.effort), (&base.value.vectors, base.effort), "{scale:e}");
        assert!(found.value.weights.iter().zip(&base.value.weights).all(|(a, b)| *a == scale * b));
    }
}

#[test]
fn no_steps_leave_every_start_where_it_is() {
    let (tensor, truth) = Spec::new(4, 4, 5).draw(&mut rng(17)).unwrap();
    let known = Landscape::new(truth.vectors(), 2).unwrap();
    let mut rng = rng(18);
    let starts: Vec<Vec<f64>> = (0..11).map(|_| direction(4, &mut rng)).collect();
    let limits = Limits { iterations: 0, tolerance: 0.0 };
    let together = known.climb_all(&starts, Shift::None, limits);
    assert_eq!(together.len(), starts.len());
    for (start, summit) in starts.iter().zip(together) {
        let alone = climb(&mut known.clone(), start, Shift::None, limits, |_, _, _| ControlFlow::Continue(()));
        assert_eq!(summit, alone);
        assert_eq!((&summit.x, summit.iterations, summit.converged), (start, 0, false));
    }
    let run = deflated_power(&tensor, 2, 9, 0, &mut rng).unwrap();
    assert_eq!((run.value.weights.len(), run.effort.iterations), (2, 0));
}

#[test]
fn alternating_least_squares_lowers_the_error() {
    let (tensor, _) = Spec::new(3, 5, 3).draw(&mut rng(8)).unwrap();
    let dense = tensor.to_dense().unwrap();
    let run = |sweeps| cp_als(dense.view(), 3, sweeps, &mut rng(9)).unwrap().value.relative_error;
    assert!(run(200) < 1e-3 && run(200) <= run(5));
}

#[test]
fn the_landscape_from_components_is_that_of_the_subspace() {
    for n in [2, 3] {
        let (_, truth) = Spec::new(2 * n, 4, 5).draw(&mut rng(10)).unwrap();
        let mut space = Subspace::spanned_by(truth.vectors(), n).unwrap();
        let mut known = Landscape::new(truth.vectors(), n).unwrap();
        let mut rng = rng(11);
        let x = direction(4, &mut rng);
        let limits = Limits { iterations: 20_000, tolerance: 1e-10 };
        let (mut y, mut z) = (vec![0.0; 4], vec![0.0; 4]);
        let (f, g) = (space.evaluate(&x, &mut y), known.evaluate(&x, &mut z));
        assert!((f - g).abs() < 1e-12 && y.iter().zip(&z).all(|(y, z)| (y - z).abs() < 1e-12));
        let a = truth.vectors.col_as_slice(2);
        assert_eq!(known.place(a, true), Place::Component);
        let starts: Vec<Vec<f64>> = (0..11).map(|_| direction(4, &mut rng)).collect();
        let alone =
            |x: &Vec<f64>| climb(&mut known.clone(), x, Shift::Fixed, limits, |_, _, _| ControlFlow::Continue(()));
        for (start, summit) in starts.iter().zip(known.climb_all(&starts, Shift::Fixed, limits)) {
            let one = alone(start);
            assert!(summit.converged && one.converged);
            assert!(summit.x.iter().zip(&one.x).all(|(a, b)| (a - b).abs() < 1e-6), "{:?} {:?}", summit.x, one.x);
        }
        for (end, converged, _) in known.finish_all(&starts) {
            assert!(converged && known.place(&end, converged) != Place::Unconverged);
        }
    }
}

#[test]
fn the_average_of_chains_follows_the_partial_trace() {
    let d = 16;
    let v = direction(d, &mut rng(12));
    let mut tensor = symmetric_gaussian(3, d, &mut rng(13)).unwrap();
    let column = algos::faer::Mat::from_fn(d, 1, |i, _| v[i]);
    tensor.add_components(1.0, column.as_ref(), &[d as f64]).unwrap();
    let options = Options { beta: 0.5, step: 0.3 / d as f64, steps: 400, burn_in: 20, chains: 32 };
    let average = langevin(&tensor, &options, &mut rng(14)).unwrap().value;
    let trace = partial_trace(&tensor).unwrap();
    let cosine = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert!(cosine(&average.direction, &trace) > 0.8);
    assert!(cosine(&average.direction, &v) > 0.5);
}
