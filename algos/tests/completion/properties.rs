//! Invariants of alternating minimization and of its data.

use std::ops::ControlFlow;

use algos::completion::instance::{Rows, Spec, incoherence};
use algos::completion::sketched::{preconditioned_cg, sketch};
use algos::completion::{
    Duplicates, Init, Inner, Observations, Options, Sweep, Variant, altmin, diagnose, observed_residual,
};
use algos::faer::{Mat, Par};
use algos::{Error, NumericalError, linalg};
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::{apart, draw, full, rng, run};

#[test]
fn exact_sweeps_never_raise_the_observed_residual() {
    let instance = draw(70, 60, 4, 0.3, 1);
    let mut last = f64::INFINITY;
    let mut observe = |s: &Sweep<'_>| {
        let residual = observed_residual(&instance.observations, s.u, s.v);
        assert!(residual <= last * (1.0 + 1e-12) + 1e-15, "sweep {}: {residual:e} after {last:e}", s.sweep);
        last = residual;
        ControlFlow::Continue(())
    };
    altmin(Variant::Cholesky, &instance.observations, &Options::new(4, 30), Par::Seq, &mut observe).unwrap();
}

#[test]
fn permuting_rows_and_columns_permutes_the_completion() {
    let (m, n, k) = (50, 40, 3);
    let instance = draw(m, n, k, 0.6, 4);
    let row = |i: usize| (i * 7 + 3) % m;
    let column = |j: usize| (j * 9 + 5) % n;
    let permuted = instance.observations.rows().entries();
    let permuted = permuted.map(|(i, j, v)| (row(i) as u32, column(j) as u32, v)).collect();
    let permuted = Observations::from_triplets(m, n, permuted).unwrap();
    let u0 = Mat::from_fn(m, k, |i, j| ((i + 1) as f64 * (j + 1) as f64).sin());
    let mut moved = Mat::zeros(m, k);
    (0..m).for_each(|i| (0..k).for_each(|j| moved[(row(i), j)] = u0[(i, j)]));
    let options = Options::new(k, 5);
    let a = run(Variant::Cholesky, &instance.observations, &Options { init: Init::Given(u0.as_ref()), ..options });
    let b = run(Variant::Cholesky, &permuted, &Options { init: Init::Given(moved.as_ref()), ..options });
    let (a, b) = (full(&a.unwrap().value), full(&b.unwrap().value));
    let expected = Mat::from_fn(m, n, |i, j| b[(row(i), column(j))]);
    assert!(apart(a.as_ref(), expected.as_ref()) < 1e-10);
}

#[test]
fn scaling_the_data_scales_the_completion() {
    let instance = draw(40, 40, 2, 0.5, 2);
    let base = full(&run(Variant::WarmCg, &instance.observations, &Options::new(2, 6)).unwrap().value);
    for exponent in [-1000, -700, 600, 1000] {
        let factor = f64::powi(2.0, exponent / 2);
        let scaled = instance.observations.rows().entries();
        let scaled = scaled.map(|(i, j, v)| (i as u32, j as u32, v * factor * factor)).collect();
        let scaled = Observations::from_triplets(40, 40, scaled).unwrap();
        for &variant in Variant::ALL {
            let done = run(variant, &scaled, &Options::new(2, 6)).unwrap().value;
            let x = full(&done);
            let back = Mat::from_fn(40, 40, |i, j| x[(i, j)] / factor / factor);
            assert!(apart(back.as_ref(), base.as_ref()) < 1e-3, "{} at 2^{exponent}", variant.name());
        }
    }
}

#[test]
fn the_error_is_accurate_down_to_rounding() {
    let instance = draw(60, 50, 4, 0.5, 3);
    let truth = &instance.truth;
    for size in [1e-3, 1e-8, 1e-13] {
        let u = Mat::from_fn(60, 4, |i, j| truth.u[(i, j)] * truth.sigma[j] + size * ((i * 4 + j) as f64).sin());
        let measured = diagnose::relative_error(u.as_ref(), truth.v.as_ref(), truth).unwrap();
        let exact = size * (0..240).map(|i| f64::from(i).sin().powi(2)).sum::<f64>().sqrt() / truth.norm();
        assert!((measured / exact - 1.0).abs() < 1e-2, "{measured:e} for {exact:e}");
    }
    let u = Mat::from_fn(60, 4, |i, j| truth.u[(i, j)] * truth.sigma[j]);
    assert!(diagnose::relative_error(u.as_ref(), truth.v.as_ref(), truth).unwrap() < 1e-15);
}

#[test]
fn the_error_of_factors_wider_than_the_matrix_is_that_of_their_product() {
    let instance = draw(5, 3, 2, 0.9, 3);
    let truth = &instance.truth;
    // Beyond 2048 columns a part of a design is a group of eight rows.
    for k in [4, 2048, 2049, 2100] {
        let random = |rows: usize, seed: usize| Mat::from_fn(rows, k, |i, j| ((i * k + j + seed) as f64).sin());
        let (u, v) = (random(5, 1), random(3, 2));
        let exact = &truth.u * Mat::from_fn(2, 3, |i, j| truth.sigma[i] * truth.v[(j, i)]);
        let expected = apart((&u * v.transpose()).as_ref(), exact.as_ref());
        let found = diagnose::relative_error(u.as_ref(), v.as_ref(), truth).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-11, "{k} columns: {found} for {expected}");
    }
}

#[test]
fn counted_work_is_what_the_kernels_did() {
    // All entries observed: n_i = n for all lines, and the number of flops is known.
    for k in [5u64, 7] {
        let n = 40u64;
        let instance = Spec::square(40, k as usize, 1.0).draw(&mut rng(1)).unwrap();
        let one = Options { inner: Inner::Cholesky, ..Options::new(k as usize, 1) };
        let done = run(Variant::Cholesky, &instance.observations, &one).unwrap();
        // At a small rank products are formed once for each row of the design, and added for each entry.
        let products = k * (k + 1) / 2;
        let gram = if k == 5 { products + n * products } else { 2 * n * products };
        let rows = 2 * n * (gram + 2 * n * k + k * k * k / 3 + 2 * k * k);
        // Two rounds of Cholesky QR on both factors, and one carried along.
        let bases = 4 * 3 * n * k * k + 2 * n * k * k;
        assert_eq!(done.effort.flops, rows + bases, "k={k}");
        assert_eq!(done.effort.entries, 2 * n * n);
        assert_eq!(done.effort.iterations, 1);
    }
}

#[test]
fn a_sketch_preconditions_an_ill_conditioned_design() {
    let (n, k) = (300, 12);
    let mut rng = rng(9);
    let a = Mat::from_fn(n, k, |_, j| 10f64.powf(-0.4 * j as f64) * rng.sample::<f64, _>(StandardNormal));
    let x: Vec<f64> = (0..k).map(|i| 1.0 + i as f64).collect();
    let b: Vec<f64> = (0..n).map(|i| (0..k).map(|j| a[(i, j)] * x[j]).sum()).collect();
    let r = linalg::triangular_factor(sketch(a.as_ref(), &mut rng).as_ref());
    let steps = |r: Option<&Mat<f64>>| {
        let done = &mut |_: f64, y: &[f64]| y.iter().zip(&x).map(|(y, x)| (y - x).powi(2)).sum::<f64>().sqrt() < 1e-6;
        preconditioned_cg(a.as_ref(), &b, r.map(Mat::as_ref), 500, done).steps
    };
    let (plain, preconditioned) = (steps(None), steps(Some(&r)));
    assert!(preconditioned <= 30 && 2 * preconditioned < plain, "{preconditioned} against {plain}");
}

#[test]
fn least_squares_at_the_ends_of_the_range() {
    let mut rng = rng(4);
    let solve = |a: &Mat<f64>, b: &[f64]| linalg::least_squares(a.as_ref(), b);
    // Tall, wide, and of deficient rank.
    for (m, n, rank) in [(1, 1, 1), (9, 4, 4), (4, 9, 4), (9, 5, 3), (5, 9, 2)] {
        let left = Mat::from_fn(m, rank, |_, _| rng.sample::<f64, _>(StandardNormal));
        let right = Mat::from_fn(rank, n, |_, _| rng.sample::<f64, _>(StandardNormal));
        let a = &left * &right;
        let b: Vec<f64> = (0..m).map(|_| rng.sample(StandardNormal)).collect();
        let x = solve(&a, &b).unwrap();
        for (of_a, of_b) in [(-700, -700), (-700, 0), (700, 700), (700, 0), (0, -1000), (0, 900), (-1000, -990)] {
            let scaled = Mat::from_fn(m, n, |i, j| a[(i, j)] * 2f64.powi(of_a));
            let right: Vec<f64> = b.iter().map(|b| b * 2f64.powi(of_b)).collect();
            let expected: Vec<f64> = x.iter().map(|x| x * 2f64.powi(of_b - of_a)).collect();
            assert_eq!(solve(&scaled, &right).unwrap(), expected, "{m}×{n}, 2^{of_a}, 2^{of_b}");
        }
        let tiny = Mat::from_fn(m, n, |i, j| a[(i, j)] * 2f64.powi(-700));
        let large: Vec<f64> = b.iter().map(|b| b * 2f64.powi(700)).collect();
        assert!(matches!(solve(&tiny, &large), Err(Error::Numerical(NumericalError::Overflow { .. }))));
        assert_eq!(solve(&tiny, &vec![0.0; m]).unwrap(), vec![0.0; n]);
        assert_eq!(solve(&Mat::zeros(m, n), &large).unwrap(), vec![0.0; n]);
    }
    assert_eq!(solve(&Mat::full(1, 1, 1e-200), &[1e-200]).unwrap(), [1.0]);
    assert_eq!(solve(&Mat::full(1, 1, 5e-324), &[5e-324]).unwrap(), [1.0]);
}

#[test]
fn least_squares_of_every_shape_and_rank() {
    let mut rng = rng(3);
    for (m, n, rank) in [(9, 4, 4), (4, 9, 4), (6, 6, 6), (9, 5, 3), (5, 9, 2), (1, 3, 1), (3, 1, 1), (7, 4, 1)] {
        let left = Mat::from_fn(m, rank, |_, _| rng.sample::<f64, _>(StandardNormal));
        let right = Mat::from_fn(rank, n, |_, _| rng.sample::<f64, _>(StandardNormal));
        let a = &left * &right;
        let b: Vec<f64> = (0..m).map(|_| rng.sample(StandardNormal)).collect();
        let x = linalg::least_squares(a.as_ref(), &b).unwrap();
        let r: Vec<f64> = (0..m).map(|i| b[i] - (0..n).map(|j| a[(i, j)] * x[j]).sum::<f64>()).collect();
        // The residual is orthogonal to the range, and x to the null space.
        for j in 0..n {
            assert!((0..m).map(|i| a[(i, j)] * r[i]).sum::<f64>().abs() < 1e-9, "{m}×{n}, rank {rank}");
        }
        let svd = linalg::thin_svd(a.as_ref()).unwrap();
        let inside: f64 = (0..rank).map(|c| (0..n).map(|j| svd.right[(j, c)] * x[j]).sum::<f64>().powi(2)).sum();
        let norm: f64 = x.iter().map(|x| x * x).sum();
        assert!((inside - norm).abs() < 1e-9 * norm, "{m}×{n}, rank {rank}");
    }
}

#[test]
fn laws_of_the_generator() {
    let flat = Spec { rows: Rows::Flat, ..Spec::square(80, 4, 0.5) }.truth(&mut rng(1)).unwrap();
    assert!((incoherence(flat.u.as_ref()) - 1.0).abs() < 1e-6);
    let coherent = Spec { rows: Rows::Decaying(1.0), ..Spec::square(80, 4, 0.5) }.truth(&mut rng(1)).unwrap();
    assert!(incoherence(coherent.u.as_ref()) > 3.0);
    let graded = Spec { kappa: 100.0, ..Spec::square(80, 3, 0.5) }.truth(&mut rng(1)).unwrap();
    assert!((graded.sigma[1] - 0.1).abs() < 1e-12 && (graded.sigma[2] - 0.01).abs() < 1e-14);
    // A larger rate keeps the entries of a smaller one.
    let few = Spec::square(30, 2, 0.2).draw(&mut rng(5)).unwrap().observations;
    let many = Spec::square(30, 2, 0.4).draw(&mut rng(5)).unwrap().observations;
    let many: Vec<_> = many.rows().entries().collect();
    assert!(few.rows().entries().all(|entry| many.contains(&entry)) && few.len() < many.len());
}

proptest! {
    #[test]
    fn both_layouts_hold_the_same_entries(
        m in 1usize..20, n in 1usize..20, seed in any::<u64>(), keep in 0.05f64..1.0,
    ) {
        let mut rng = rng(seed);
        let mut triplets = Vec::new();
        for i in (0..m).rev() {
            for j in 0..n {
                if (i == 0 && j == 0) || rng.random::<f64>() < keep {
                    triplets.push((i as u32, j as u32, rng.sample::<f64, _>(StandardNormal)));
                }
            }
        }
        let observations = Observations::from_triplets(m, n, triplets.clone()).unwrap();
        let mut rows: Vec<_> = observations.rows().entries().collect();
        let mut columns: Vec<_> = observations.columns().entries().map(|(j, i, v)| (i, j, v)).collect();
        let mut given: Vec<_> = triplets.iter().map(|&(i, j, v)| (i as usize, j as usize, v)).collect();
        for entries in [&mut rows, &mut columns, &mut given] {
            entries.sort_by(|a, b| a.partial_cmp(b).unwrap());
        }
        prop_assert_eq!(&rows, &given);
        prop_assert_eq!(&columns, &given);
        prop_assert_eq!(observations.transposed().transposed(), observations);
    }

    #[test]
    fn duplicates_follow_their_rule(values in prop::collection::vec(-1e3f64..1e3, 2..6)) {
        let triplets: Vec<_> = values.iter().map(|&v| (1, 2, v)).collect();
        prop_assert!(Observations::from_triplets(3, 4, triplets.clone()).is_err());
        let last = Observations::with_duplicates(3, 4, triplets.clone(), Duplicates::Last).unwrap();
        prop_assert_eq!(last.rows().line(1), (&[2u32][..], &values[values.len() - 1..]));
        let mean = Observations::with_duplicates(3, 4, triplets, Duplicates::Mean).unwrap();
        let expected = values.iter().sum::<f64>() / values.len() as f64;
        prop_assert!((mean.rows().line(1).1[0] - expected).abs() < 1e-9);
    }
}

#[test]
fn factors_without_columns_leave_everything() {
    let observed = Observations::from_triplets(2, 3, vec![(0, 1, 3.0), (1, 2, -4.0)]).unwrap();
    let (u, v) = (Mat::<f64>::zeros(2, 0), Mat::<f64>::zeros(3, 0));
    assert_eq!(observed_residual(&observed, u.as_ref(), v.as_ref()), 1.0);
}
