//! Rows that join a completed matrix.

use algos::completion::{Cg, Inner, Observations, fold_in};
use algos::linalg::least_squares;
use algos::{Error, InputError, NumericalError, Par};
use faer::{Mat, Scale};

use crate::support::{apart, draw};

/// A factor without orthonormal columns that spans what the truth's spans, and the rows that belong to it.
fn factors(instance: &algos::completion::instance::Instance) -> (Mat<f64>, Mat<f64>) {
    let truth = &instance.truth;
    let k = truth.sigma.len();
    let mixer = Mat::from_fn(k, k, |i, j| match j.checked_sub(i) {
        Some(0) => 1.0 + (i % 3) as f64,
        Some(1) => 0.5,
        _ => 0.0,
    });
    let v = &truth.v * &mixer;
    let planted = Mat::from_fn(truth.u.nrows(), k, |i, j| truth.u[(i, j)] * truth.sigma[j]);
    // `U Vᵀ = U Cᵀ V*ᵀ` for the mixer `C`, so that `C Uᵀ` is the planted factor, transposed.
    let mut u = planted.transpose().to_owned();
    for j in 0..u.ncols() {
        for i in (0..k).rev() {
            let later: f64 = (i + 1..k).map(|l| mixer[(i, l)] * u[(l, j)]).sum();
            u[(i, j)] = (u[(i, j)] - later) / mixer[(i, i)];
        }
    }
    (v, u.transpose().to_owned())
}

#[test]
fn planted_rows_are_found_at_ranks_around_lanes() {
    for k in [1, 2, 7, 8, 9, 16, 17, 33, 40, 65, 72] {
        let instance = draw(80, 150, k, 0.8, k as u64);
        let (v, u) = factors(&instance);
        let exact = fold_in(&instance.observations, v.as_ref(), None, Inner::Cholesky, Par::Seq).unwrap().value;
        assert!(apart(exact.as_ref(), u.as_ref()) < 1e-8, "k = {k}: {:e}", apart(exact.as_ref(), u.as_ref()));
        let many = Inner::Cg(Cg { steps: 400, ..Cg::default() });
        let cold = fold_in(&instance.observations, v.as_ref(), None, many, Par::Seq).unwrap().value;
        assert!(apart(cold.as_ref(), u.as_ref()) < 1e-8, "k = {k}: {:e}", apart(cold.as_ref(), u.as_ref()));
        // A start that is right is not left.
        let none = Inner::Cg(Cg { steps: 0, ..Cg::default() });
        let kept = fold_in(&instance.observations, v.as_ref(), Some(u.as_ref()), none, Par::Seq).unwrap().value;
        assert!(apart(kept.as_ref(), u.as_ref()) < 1e-10, "k = {k}");
        let twice = fold_in(&instance.observations, v.as_ref(), None, many, Par::rayon(2)).unwrap().value;
        assert_eq!(twice, cold, "two threads change bits at k = {k}");
    }
}

#[test]
fn short_and_empty_rows_have_least_norm() {
    // Row 0 has more entries than unknowns and noise, row 1 fewer, row 2 none.
    let v = Mat::from_fn(9, 3, |i, j| ((i * i + 3 * i * j + 1) % 7) as f64 - 2.5);
    let mut triplets: Vec<_> = (0..8).map(|j| (0, j, (j as f64).sin())).collect();
    triplets.push((1, 4, 2.0));
    let observations = Observations::from_triplets(3, 9, triplets).unwrap();
    let u = fold_in(&observations, v.as_ref(), None, Inner::Cholesky, Par::Seq).unwrap().value;
    let b: Vec<f64> = (0..8).map(|j| (j as f64).sin()).collect();
    let expected = least_squares(v.subrows(0, 8), &b).unwrap();
    for (j, expected) in expected.iter().enumerate() {
        assert!((u[(0, j)] - expected).abs() < 1e-12);
        assert_eq!(u[(2, j)], 0.0);
    }
    let fitted: f64 = (0..3).map(|j| u[(1, j)] * v[(4, j)]).sum();
    assert!((fitted - 2.0).abs() < 1e-12);
    // Of all rows that fit, the image `V u` is the shortest: `u` is a multiple of `(VᵀV)⁻¹ v_4`.
    let row: Vec<f64> = (0..3).map(|j| v[(4, j)]).collect();
    let direction = least_squares((v.transpose() * &v).as_ref(), &row).unwrap();
    let ratio = u[(1, 0)] / direction[0];
    assert!((0..3).all(|j| (u[(1, j)] - ratio * direction[j]).abs() < 1e-12));
}

#[test]
fn units_change_only_units() {
    let instance = draw(20, 60, 3, 0.7, 5);
    let (v, u) = factors(&instance);
    for (of_v, of_m) in [(1e160, 1.0), (1e-200, 1e-120), (1.0, 1e200), (1e-160, 1e-300)] {
        let triplets = instance.observations.rows().entries();
        let triplets = triplets.map(|(i, j, x)| (i as u32, j as u32, of_m * x)).collect();
        let observations = Observations::from_triplets(20, 60, triplets).unwrap();
        let found = fold_in(&observations, (Scale(of_v) * &v).as_ref(), None, Inner::Auto, Par::Seq).unwrap().value;
        let found = Scale(of_v) * (Scale(1.0 / of_m) * found);
        assert!(apart(found.as_ref(), u.as_ref()) < 1e-9, "{of_v:e}, {of_m:e}");
    }
}

#[test]
fn rows_that_overflow_are_an_error_and_empty_ones_stay_zero() {
    let instance = draw(20, 60, 3, 0.7, 5);
    let (v, _) = factors(&instance);
    let run = |of_v: f64, of_m: f64| {
        let entries = instance.observations.rows().entries().filter(|(i, ..)| *i != 4);
        let entries = entries.map(|(i, j, x)| (i as u32, j as u32, of_m * x)).collect();
        let observations = Observations::from_triplets(20, 60, entries).unwrap();
        fold_in(&observations, (Scale(of_v) * &v).as_ref(), None, Inner::Auto, Par::Seq)
    };
    let found = run(1e-200, 1e200);
    assert!(matches!(found, Err(Error::Numerical(NumericalError::Overflow { .. }))), "{found:?}");
    // The least row that a double holds is none of them.
    let found = run(1e200, 1e-200).unwrap().value;
    assert_eq!(found.norm_max(), 0.0);
    // The ratio of units is beyond the range, the rows are not.
    let found = run(1e-158, 1e150).unwrap().value;
    assert!(found.norm_max().is_finite() && (0..3).all(|j| found[(4, j)] == 0.0));
}

#[test]
fn bad_input_is_refused() {
    let instance = draw(10, 30, 2, 0.8, 7);
    let (v, u) = factors(&instance);
    let run = |v: &Mat<f64>, start: Option<&Mat<f64>>| {
        fold_in(&instance.observations, v.as_ref(), start.map(|s| s.as_ref()), Inner::Auto, Par::Seq)
    };
    let input = |v: &Mat<f64>, start: Option<&Mat<f64>>| match run(v, start) {
        Err(Error::Input(error)) => error,
        other => panic!("{other:?}"),
    };
    let with = |x: &Mat<f64>, value: f64| {
        let mut x = x.clone();
        x[(1, 1)] = value;
        x
    };
    assert!(matches!(input(&Mat::zeros(29, 2), None), InputError::Shape { .. }));
    assert!(matches!(input(&Mat::zeros(30, 0), None), InputError::Argument { .. }));
    assert!(matches!(input(&Mat::zeros(30, 31), None), InputError::Argument { .. }));
    assert!(matches!(input(&with(&v, f64::NAN), None), InputError::NonFinite { .. }));
    assert!(matches!(input(&v, Some(&with(&u, f64::INFINITY))), InputError::NonFinite { .. }));
    assert!(matches!(input(&v, Some(&Mat::zeros(9, 2))), InputError::Shape { .. }));
    let dependent = Mat::from_fn(30, 2, |i, j| (1 + j) as f64 * (i as f64 + 1.0));
    for v in [dependent, Mat::zeros(30, 2)] {
        let found = run(&v, None);
        assert!(matches!(found, Err(Error::Numerical(NumericalError::RankDeficient { .. }))), "{found:?}");
    }
}
