//! The kernel for statistics against the engine.

use algos::factorize::engine::{Stop, TwoSided, run};
use algos::factorize::instance::{equicorrelated, exponential, wishart};
use algos::factorize::pivot::{OrderedPair, Pivots, UniformIid, contraction_factor};
use algos::factorize::potential::gamma;
use algos::factorize::solver::{BlockSolver, Cholesky, HalfAngle, Jacobi, Kaczmarz};
use algos::factorize::trajectory::Trajectory;
use algos::faer::Mat;

use crate::support::rng;

fn follow<P: Pivots, S: BlockSolver>(a: &Mat<f64>, steps: usize, rule: impl Fn() -> P, solver: impl Fn() -> S) {
    let (mut trajectory, mut pivots, mut block) = (Trajectory::new(a.as_ref()).unwrap(), rule(), solver());
    let mut form = TwoSided::new(a.as_ref()).unwrap();
    run(&mut form, &mut rule(), &mut solver(), Stop::Steps(steps), |t, form| {
        if t > 0 {
            trajectory.step(&mut pivots, &mut block).unwrap();
        }
        let (expected, found) = (gamma(form.a.as_ref()).unwrap(), trajectory.gamma());
        let slack = 1e-10 * expected + 1e-24;
        assert!((found - expected).abs() <= slack, "t = {t}: {found:e} {expected:e}");
    })
    .unwrap();
    assert!(trajectory.drift() <= 1e-11, "{}", trajectory.drift());
}

#[test]
fn the_kernel_follows_the_engine() {
    for n in [2, 3, 7, 8, 9, 16, 17, 24] {
        let a = wishart(n, &mut rng(n as u64)).unwrap();
        follow(&a, 4 * n, || UniformIid::new(2, rng(1)), Jacobi::default);
        follow(&a, 4 * n, || UniformIid::new(2, rng(2)), Cholesky::default);
        follow(&a, 4 * n, || OrderedPair::new(rng(3)), || Kaczmarz);
        follow(&a, 4 * n, || UniformIid::new(2, rng(4)), HalfAngle::default);
        follow(&a, n, || UniformIid::new(n, rng(5)), Jacobi::default);
        if n >= 4 {
            follow(&a, 2 * n, || UniformIid::new(4, rng(6)), Jacobi::default);
            follow(&a, 2 * n, || UniformIid::new(3, rng(7)), Cholesky::default);
        }
    }
    follow(&equicorrelated(12, 0.5), 150, || UniformIid::new(2, rng(1)), Jacobi::default);
    follow(&exponential(12, 0.9), 150, || UniformIid::new(2, rng(1)), Cholesky::default);
}

#[test]
fn a_kernel_is_reused() {
    let (a, b) = (wishart(6, &mut rng(1)).unwrap(), wishart(9, &mut rng(2)).unwrap());
    let mut used = Trajectory::new(a.as_ref()).unwrap();
    used.step(&mut UniformIid::new(3, rng(1)), &mut Jacobi::default()).unwrap();
    used.restart(b.as_ref()).unwrap();
    let start = Trajectory::new(b.as_ref()).unwrap();
    let mut copy = Trajectory::new(a.as_ref()).unwrap();
    copy.restart_from(&start);
    for kernel in [&mut used, &mut copy] {
        let mut fresh = start.clone();
        for seed in 0..20 {
            for each in [&mut *kernel, &mut fresh] {
                each.step(&mut UniformIid::new(2, rng(seed)), &mut Cholesky::default()).unwrap();
            }
        }
        assert_eq!(kernel.gamma().to_bits(), fresh.gamma().to_bits());
    }
}

#[test]
fn the_mean_of_many_runs_follows_the_law() {
    let (n, steps, runs) = (6, 30, 4000);
    let start = Trajectory::new(wishart(n, &mut rng(3)).unwrap().as_ref()).unwrap();
    let (mut kernel, mut pivots) = (start.clone(), UniformIid::new(2, rng(77)));
    let mut ratios = Vec::new();
    for _ in 0..runs {
        kernel.restart_from(&start);
        (0..steps).for_each(|_| kernel.step(&mut pivots, &mut Cholesky::default()).unwrap());
        ratios.push(kernel.gamma() / start.gamma() / contraction_factor(n, 2).powi(steps));
    }
    let mean = ratios.iter().sum::<f64>() / f64::from(runs);
    let variance = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / f64::from(runs);
    let error = (variance / f64::from(runs)).sqrt();
    assert!((mean - 1.0).abs() <= 6.0 * error, "{mean} ± {error}");
}

#[test]
fn bad_starts_and_sets_are_refused() {
    for singular in [0, 3] {
        assert!(Trajectory::new(Mat::<f64>::zeros(singular, singular).as_ref()).is_err());
    }
    let mut kernel = Trajectory::new(wishart(4, &mut rng(1)).unwrap().as_ref()).unwrap();
    for k in [1, 5] {
        assert!(kernel.step(&mut UniformIid::new(k, rng(1)), &mut Jacobi::default()).is_err());
    }
    kernel.step(&mut UniformIid::new(4, rng(1)), &mut Jacobi::default()).unwrap();
    assert!(kernel.gamma().abs() <= 1e-14);
}

#[test]
fn sets_larger_than_a_new_matrix_are_refused() {
    let (large, small) = (wishart(9, &mut rng(1)).unwrap(), wishart(4, &mut rng(2)).unwrap());
    let start = Trajectory::new(small.as_ref()).unwrap();
    for copied in [false, true] {
        let mut kernel = Trajectory::new(large.as_ref()).unwrap();
        let mut all = UniformIid::new(9, rng(1));
        kernel.step(&mut all, &mut Jacobi::default()).unwrap();
        if copied {
            kernel.restart_from(&start);
        } else {
            kernel.restart(small.as_ref()).unwrap();
        }
        assert!(kernel.step(&mut all, &mut Jacobi::default()).is_err());
        kernel.step(&mut UniformIid::new(4, rng(1)), &mut Jacobi::default()).unwrap();
        assert!(kernel.gamma().abs() <= 1e-13, "{}", kernel.gamma());
    }
}
