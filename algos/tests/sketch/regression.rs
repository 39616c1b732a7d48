//! Sketch-and-solve, LSQR and preconditioning.

use algos::faer::{Col, Mat, MatRef, linalg::solvers::DenseSolveCore};
use algos::linalg::{least_squares, singular_values};
use algos::sketch::instance::{Bases, balanced, balanced_dense, copies, haar, incoherent, spiked, spikes};
use algos::sketch::regression::{
    LsqrOptions, Passes, Start, lsqr, precondition, preconditioner, silent, sketch_and_solve,
};
use algos::sketch::{Law, Rows, Signs, Sketch, Variant, leverage_scores, sketched};
use algos::{Error, InputError, NumericalError, Outcome, Par, Status};

use crate::support::{gaussian, rng, vector};

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// `Aᵀ(A x − b)`.
fn gradient(a: MatRef<'_, f64>, x: &[f64], b: &[f64]) -> Vec<f64> {
    let r: Vec<f64> = (0..a.nrows()).map(|i| (0..a.ncols()).map(|j| a[(i, j)] * x[j]).sum::<f64>() - b[i]).collect();
    (0..a.ncols()).map(|j| (0..a.nrows()).map(|i| a[(i, j)] * r[i]).sum()).collect()
}

#[test]
fn the_sketched_problem_is_solved() {
    let (n, d, m) = (300, 6, 40);
    let (a, b) = (gaussian(n, d, 1), vector(n, 2));
    for law in
        [Law::Gaussian, Law::Srht(Rows::Distinct), Law::Srdct(Rows::Distinct), Law::CountSketch, Law::OsnapBlocks(4)]
    {
        let sketch = law.draw(m, n, &mut rng(3)).unwrap();
        let sa = sketched(&sketch, a.as_ref()).unwrap();
        let sb = sketched(&sketch, b.as_slice()).unwrap();
        let exact = least_squares(sa.as_ref(), sb.col_as_slice(0)).unwrap();
        for &variant in Variant::ALL {
            let x = sketch_and_solve(variant, &sketch, a.as_ref(), &b).unwrap().value;
            assert!(apart(&x, &exact) < 1e-12, "{law:?}");
        }
    }
}

#[test]
fn a_square_identity_sketch_gives_the_solution_itself() {
    let instance = incoherent(100, 5, &mut rng(2)).unwrap();
    let sketch = Sketch::hashed(100, 1, &(0..100).rev().collect::<Vec<u32>>(), &Signs::draw(100, &mut rng(1))).unwrap();
    let x = sketch_and_solve(Variant::Fast, &sketch, instance.a.as_ref(), &instance.b).unwrap().value;
    assert!(instance.errors(&x).1 < 1e-13);
}

#[test]
fn dependent_columns_of_the_sketch_are_refused_with_their_rank() {
    let b = vector(50, 2);
    // Equal columns, and one that is a sum of others at three scales.
    for (share, scale) in [(0.0, 1.0), (0.7, 1.0), (0.7, 1e-300), (0.7, 1e150)] {
        let mut a = gaussian(50, 4, 1);
        for i in 0..50 {
            a[(i, 2)] = (1.0 - share) * a[(i, 0)] + share * a[(i, 1)];
        }
        let a = Mat::from_fn(50, 4, |i, j| scale * a[(i, j)]);
        let sketch = Law::CountSketch.draw(20, 50, &mut rng(1)).unwrap();
        let refused = sketch_and_solve(Variant::Fast, &sketch, a.as_ref(), &b).unwrap_err();
        assert_eq!(refused, Error::Numerical(NumericalError::SketchRankDeficient { rank: 3, columns: 4 }), "{scale:e}");
    }
    // Full rank, and as small.
    let a = Mat::from_fn(50, 4, |i, j| 1e-300 * gaussian(50, 4, 1)[(i, j)]);
    let sketch = Law::CountSketch.draw(20, 50, &mut rng(1)).unwrap();
    assert!(sketch_and_solve(Variant::Fast, &sketch, a.as_ref(), &b).is_ok());
    // Empty buckets: one row for all.
    let sketch = Sketch::hashed(8, 1, &[0; 50], &Signs::plus(50)).unwrap();
    let refused = sketch_and_solve(Variant::Fast, &sketch, gaussian(50, 4, 1).as_ref(), &b).unwrap_err();
    assert!(
        matches!(refused, Error::Numerical(NumericalError::SketchRankDeficient { rank: 1, columns: 4 })),
        "{refused}"
    );
}

#[test]
fn instances_have_the_solution_and_residual_that_they_promise() {
    let mut rng = rng(4);
    let all = [
        spiked(400, 16, 4, 8, &mut rng).unwrap(),
        balanced(16, 32, 8, &mut rng).unwrap(),
        balanced_dense(16, 32, &mut rng).unwrap(),
        incoherent(400, 16, &mut rng).unwrap(),
    ];
    for instance in all {
        let gradient = gradient(instance.a.as_ref(), &instance.x, &instance.b);
        assert!(gradient.iter().all(|g| g.abs() < 1e-13));
        let n = instance.a.nrows();
        let r: Vec<f64> = (0..n).map(|i| instance.b[i] - instance.a.row(i).iter().sum::<f64>()).collect();
        assert!((algos::linalg::norm(&r) - 1.0).abs() < 1e-13);
        let values = singular_values(instance.a.as_ref()).unwrap();
        assert!(values.iter().all(|s| (s - 1.0).abs() < 1e-13));
    }
    assert_eq!(
        [(Some(1), 4), (Some(2), 4), (Some(4), 1), (Some(8), 1), (None, 4)].map(|(s, _)| copies(s)),
        [4, 4, 1, 1, 4]
    );
    let k = |s: Option<usize>| spikes(16 * 64, 64, copies(s), s);
    assert_eq!([k(Some(1)), k(Some(2)), k(Some(4)), k(Some(8)), k(None)], [8, 2, 2, 1, 8]);
    let scores = leverage_scores(balanced(16, 32, 8, &mut rng).unwrap().a.as_ref()).unwrap();
    assert!(scores.iter().all(|s| (s - 1.0 / 32.0).abs() < 1e-13));
}

#[test]
fn lsqr_converges_to_the_least_squares_solution_in_both_forms() {
    for (n, d) in [(70, 1), (64, 7), (1000, 13), (3000, 40)] {
        let (a, b) = (gaussian(n, d, 5), vector(n, 6));
        let exact = least_squares(a.as_ref(), &b).unwrap();
        let mut found = Vec::new();
        for &passes in Passes::ALL {
            let options = LsqrOptions { passes, ..LsqrOptions::default() };
            let outcome = lsqr(a.as_ref(), &b, None, None, &options, &mut silent).unwrap();
            assert_eq!(outcome.status, Status::Converged);
            assert!(
                apart(&outcome.value.x, &exact) < 1e-12 * algos::linalg::norm(&exact).max(1.0),
                "{n}×{d} {passes:?}"
            );
            found.push(outcome.effort);
        }
        assert!((found[0].iterations as i64 - found[1].iterations as i64).abs() <= 2);
        // The fused form reads the matrix once an iteration.
        let per = |k: usize| found[k].entries / (found[k].iterations + 1) / (n * d) as u64;
        assert_eq!([per(0), per(1)], [2, 1]);
        // From the solution there is nothing to do.
        let again = lsqr(a.as_ref(), &b, None, Some(&exact), &LsqrOptions::default(), &mut silent).unwrap();
        assert!(apart(&again.value.x, &exact) < 1e-12);
    }
}

#[test]
fn preconditioning_reaches_the_accuracy_of_qr_whatever_the_condition() {
    let (n, d) = (2000, 30);
    let bases = Bases::draw(n, d, &mut rng(7)).unwrap();
    // In the second, single precision still factors the Gram matrix, but badly.
    for kappa in [1e2, 3e3, 1e6, 1e10] {
        let problem = bases.conditioned(kappa).unwrap();
        for law in [Law::Gaussian, Law::Srht(Rows::Distinct), Law::OsnapBlocks(8), Law::CountSketch] {
            let sketch = law.draw(8 * d, n, &mut rng(8)).unwrap();
            for start in [Start::Zero, Start::Sketched] {
                let options = LsqrOptions::default();
                let outcome = precondition(&sketch, problem.a.as_ref(), &problem.b, start, &options).unwrap();
                assert_eq!(outcome.status, Status::Converged);
                assert!(outcome.effort.iterations < 60, "{law:?}: {} iterations", outcome.effort.iterations);
                // What is left of the residual in the range of A.
                let x = &outcome.value.x;
                let r: Vec<f64> =
                    (0..n).map(|i| (0..d).map(|j| problem.a[(i, j)] * x[j]).sum::<f64>() - problem.b[i]).collect();
                let left = (0..d).map(|j| problem.u.col_as_slice(j).iter().zip(&r).map(|(u, r)| u * r).sum::<f64>());
                let left = left.map(|x| x * x).sum::<f64>().sqrt();
                // Forward errors of κ·eps in x are scaled by the singular values; the residual sees κ·eps at most.
                assert!(left < 1e-14 * kappa.max(10.0), "{law:?}, κ = {kappa:e}: {left:e}");
            }
            let r = preconditioner(&sketch, problem.a.as_ref(), &problem.b, Par::Seq).unwrap().value.r;
            let sa = sketched(&sketch, problem.a.as_ref()).unwrap();
            let gram = |x: &Mat<f64>| x.transpose() * x;
            // Single precision where that is enough; of sparse sketches longer than of Gram matrices.
            let sparse = matches!(law, Law::OsnapBlocks(_) | Law::CountSketch);
            let single = kappa < if sparse { 1e5 } else { 1e3 };
            let apart = (gram(&r) - gram(&sa)).norm_l2() / gram(&sa).norm_l2();
            assert!(apart < if single { 1e-6 } else { 1e-13 }, "R comes from SA: {apart:e}");
        }
    }
}

#[test]
fn zero_right_hand_sides_end_at_once() {
    let mut a = gaussian(40, 3, 1);
    a.row_mut(0).fill(0.0);
    let mut b = vec![0.0; 40];
    for spike in [0.0, 5.0] {
        b[0] = spike; // orthogonal to the range
        let outcome = lsqr(a.as_ref(), &b, None, None, &LsqrOptions::default(), &mut silent).unwrap();
        assert_eq!((outcome.value.x, outcome.effort.iterations), (vec![0.0; 3], 0));
    }
    // A consistent system.
    let x = [1.0, -2.0, 3.0];
    let b: Vec<f64> = (0..40).map(|i| (0..3).map(|j| a[(i, j)] * x[j]).sum()).collect();
    let outcome = lsqr(a.as_ref(), &b, None, None, &LsqrOptions::default(), &mut silent).unwrap();
    assert!(apart(&outcome.value.x, &x) < 1e-13 && outcome.status == Status::Converged);
}

#[test]
fn units_change_only_the_scale_of_what_lsqr_finds() {
    let (n, d) = (400, 6);
    let (a, b) = (gaussian(n, d, 1), vector(n, 2));
    let sketch = Law::OsnapBlocks(4).draw(10 * d, n, &mut rng(3)).unwrap();
    let r = preconditioner(&sketch, a.as_ref(), &b, Par::Seq).unwrap().value.r;
    let times = |a: &Mat<f64>, e: i32| Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * 2f64.powi(e));
    let start = vector(d, 4);
    for passes in [Passes::Reference, Passes::Fused] {
        let options = LsqrOptions { passes, ..LsqrOptions::default() };
        for (r, x0) in [(None, None), (Some(&r), None), (None, Some(&start)), (Some(&r), Some(&start))] {
            let solve = |of_a: i32, of_b: i32, of_r: i32| {
                let b: Vec<f64> = b.iter().map(|b| b * 2f64.powi(of_b)).collect();
                let x0: Option<Vec<f64>> = x0.map(|x| x.iter().map(|x| x * 2f64.powi(of_b - of_a)).collect());
                let r = r.map(|r| times(r, of_r));
                let (r, x0) = (r.as_ref().map(Mat::as_ref), x0.as_deref());
                let mut last = Vec::new();
                let mut keep = |_: usize, x: &dyn Fn() -> Vec<f64>| {
                    last = x();
                    std::ops::ControlFlow::Continue(())
                };
                let found = lsqr(times(&a, of_a).as_ref(), &b, r, x0, &options, &mut keep).unwrap();
                assert_eq!(found.status, Status::Converged);
                let back = |x: Vec<f64>| x.iter().map(|x| x * 2f64.powi(of_a - of_b)).collect::<Vec<f64>>();
                (back(found.value.x), found.value.optimality, found.effort.iterations, back(last))
            };
            let base = solve(0, 0, 0);
            assert!(base.2 > 2);
            for (of_a, of_b, of_r) in [
                (700, 0, 700),
                (-700, 0, -700),
                (0, -700, 0),
                (0, 700, 0),
                (700, 700, 0),
                (-700, -700, -600),
                (300, 0, -300),
                (-900, -900, -900),
                (-100, 800, 900),
            ] {
                assert_eq!(solve(of_a, of_b, of_r), base, "2^{of_a}, 2^{of_b}, 2^{of_r}");
            }
        }
    }
    for (of_a, of_b) in [(200, 0), (-200, 0), (0, -200), (200, 200), (-200, -200)] {
        let a = Mat::from_fn(n, d, |i, j| a[(i, j)] * f64::powi(10.0, of_a));
        let scaled: Vec<f64> = b.iter().map(|b| b * f64::powi(10.0, of_b)).collect();
        let exact = least_squares(gaussian(n, d, 1).as_ref(), &b).unwrap();
        for start in [Start::Zero, Start::Sketched] {
            let found = precondition(&sketch, a.as_ref(), &scaled, start, &LsqrOptions::default()).unwrap();
            let found: Vec<f64> =
                found.value.x.iter().map(|x| x * f64::powi(10.0, of_a) / f64::powi(10.0, of_b)).collect();
            assert!(apart(&found, &exact) < 1e-12, "1e{of_a}, 1e{of_b}");
        }
    }
}

#[test]
fn solutions_that_overflow_and_entries_that_are_not_finite_are_errors_of_lsqr() {
    let (a, b) = (gaussian(40, 3, 1), vector(40, 2));
    let solve = |a: &Mat<f64>, b: &[f64], x0: Option<&[f64]>| {
        lsqr(a.as_ref(), b, None, x0, &LsqrOptions::default(), &mut silent)
    };
    let times = |e: i32| Mat::from_fn(40, 3, |i, j| a[(i, j)] * 2f64.powi(e));
    let large: Vec<f64> = b.iter().map(|b| b * 2f64.powi(700)).collect();
    let overflow = |found: Result<_, Error>| matches!(found, Err(Error::Numerical(NumericalError::Overflow { .. })));
    assert!(overflow(solve(&times(-700), &large, None)));
    // The residual at the start overflows.
    assert!(overflow(solve(&times(700), &b, Some(&[1e300; 3]))));
    // And here the solution underflows.
    let small: Vec<f64> = b.iter().map(|b| b * 2f64.powi(-700)).collect();
    assert_eq!(solve(&times(700), &small, None).unwrap().value.x, [0.0; 3]);
    for bad in [f64::NAN, f64::INFINITY] {
        let mut a = a.clone();
        a[(7, 1)] = bad;
        let found = solve(&a, &b, None);
        assert!(matches!(found, Err(Error::Input(InputError::NonFinite { .. }))), "{found:?}");
    }
}

#[test]
fn limits_stops_and_threads() {
    let (a, b) = (gaussian(5000, 20, 1), vector(5000, 2));
    let options = LsqrOptions { iterations: 2, ..LsqrOptions::default() };
    let outcome = lsqr(a.as_ref(), &b, None, None, &options, &mut silent).unwrap();
    assert_eq!((outcome.status, outcome.effort.iterations), (Status::IterationLimit, 2));
    let mut seen = 0;
    let mut stop = |t: usize, _: &dyn Fn() -> Vec<f64>| {
        seen = t;
        if t == 3 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    lsqr(a.as_ref(), &b, None, None, &LsqrOptions::default(), &mut stop).unwrap();
    assert_eq!(seen, 3);
    let with = |par| {
        let options = LsqrOptions { par, ..LsqrOptions::default() };
        lsqr(a.as_ref(), &b, None, None, &options, &mut silent).unwrap().value.x
    };
    assert_eq!(with(Par::Seq), with(Par::rayon(2)));
    // Rows first.
    let rows: Vec<f64> = (0..5000).flat_map(|i| (0..20).map(|j| a[(i, j)]).collect::<Vec<_>>()).collect();
    let by_rows = MatRef::from_row_major_slice(&rows, 5000, 20);
    assert_eq!(lsqr(by_rows, &b, None, None, &LsqrOptions::default(), &mut silent).unwrap().value.x, with(Par::Seq));
}

#[test]
fn moderate_conditions_need_one_sketch() {
    let (n, d) = (4000, 40);
    let (good, b) = (gaussian(n, d, 1), vector(n, 2));
    let rotation = haar(d, d, &mut rng(4)).unwrap();
    let sketch = Law::OsnapBlocks(4).draw(16 * d, n, &mut rng(3)).unwrap();
    for (kappa, sketches) in [(1.0, 1), (1e2, 1), (1e3, 1), (1e7, 2)] {
        let values = Col::from_fn(d, |k| f64::powf(kappa, -(k as f64) / (d - 1) as f64));
        let a = &good * values.as_diagonal() * &rotation;
        let Outcome { value, effort, .. } = preconditioner(&sketch, a.as_ref(), &b, Par::Seq).unwrap();
        assert_eq!(effort.applications, sketches * (d as u64 + 1), "condition {kappa:e}");
        let q = sketched(&sketch, a.as_ref()).unwrap() * value.r.partial_piv_lu().inverse();
        let defect = (q.transpose() * &q - Mat::<f64>::identity(d, d)).norm_l2();
        assert!(defect < 1e-3, "condition {kappa:e}: {defect:e}");
    }
}

#[test]
fn preconditioners_of_bad_columns_come_from_qr() {
    let (n, d) = (400, 6);
    let (good, b) = (gaussian(n, d, 1), vector(n, 2));
    let sketch = Law::OsnapBlocks(4).draw(10 * d, n, &mut rng(3)).unwrap();
    let factor = |a: &Mat<f64>| preconditioner(&sketch, a.as_ref(), &b, Par::Seq);
    // Nearly equal columns, whose Gram matrix is singular to rounding, and columns of very different size.
    let nearly = Mat::from_fn(n, d, |i, j| if j < 2 { good[(i, 0)] + 1e-9 * good[(i, j)] } else { good[(i, j)] });
    let uneven = Mat::from_fn(n, d, |i, j| good[(i, j)] * 10f64.powi(-2 * j as i32));
    for a in [nearly, uneven] {
        let r = factor(&a).unwrap().value.r;
        let sa = sketched(&sketch, a.as_ref()).unwrap();
        // Columns of SA R⁻¹ are orthonormal, to the condition times rounding.
        let mut q = sa.clone();
        for i in 0..q.nrows() {
            let mut row: Vec<f64> = (0..d).map(|j| q[(i, j)]).collect();
            for j in 0..d {
                let done: f64 = (0..j).map(|k| row[k] * r[(k, j)]).sum();
                row[j] = (row[j] - done) / r[(j, j)];
                q[(i, j)] = row[j];
            }
        }
        let gram = q.transpose() * &q;
        assert!((gram - Mat::<f64>::identity(d, d)).norm_l2() < 1e-4);
        let options = LsqrOptions::default();
        let solved = precondition(&sketch, a.as_ref(), &b, Start::Sketched, &options).unwrap();
        assert_eq!(solved.status, Status::Converged);
        assert!(solved.effort.iterations < 60, "{} iterations", solved.effort.iterations);
    }
    // Sizes at the ends of the range change nothing but the scale.
    let r = factor(&good).unwrap().value.r;
    for exponent in [-990, 900] {
        let scale = 2f64.powi(exponent);
        let scaled = factor(&Mat::from_fn(n, d, |i, j| good[(i, j)] * scale)).unwrap().value.r;
        assert!((0..d).all(|j| (0..=j).all(|i| scaled[(i, j)] == r[(i, j)] * scale)), "2^{exponent}");
    }
    // Equal columns, and a column of zeros.
    for copy in [true, false] {
        let a = Mat::from_fn(n, d, |i, j| if j == 3 { if copy { good[(i, 0)] } else { 0.0 } } else { good[(i, j)] });
        let refused = factor(&a).unwrap_err();
        let rank = NumericalError::SketchRankDeficient { rank: d - 1, columns: d };
        assert!(matches!(&refused, Error::Numerical(e) if *e == rank), "{refused}");
    }
}
