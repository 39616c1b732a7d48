//! The law of the potential, as an average over all sets, not a sample.

use algos::factorize::engine::{Form, Stop, TwoSided, run};
use algos::factorize::instance::{congruence, geometric, wishart};
use algos::factorize::pivot::{Pivots, View, contraction_factor};
use algos::factorize::potential::{gamma, inverse, off_squared, scaled_condition};
use algos::factorize::solver::{
    BlockSolver, Cholesky, HalfAngle, Jacobi, Kaczmarz, Loewdin, RandomOrthogonal, ReverseCholesky, TridiagonalQr,
};
use algos::faer::Mat;
use proptest::prelude::*;

use crate::support::rng;

/// One set, again and again.
struct Fixed(Vec<usize>);

impl Pivots for Fixed {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn next(&mut self, _: &dyn View, set: &mut [usize]) {
        set.copy_from_slice(&self.0);
    }
}

fn subsets(n: usize, k: usize) -> Vec<Vec<usize>> {
    (0..1usize << n)
        .filter(|bits| bits.count_ones() as usize == k)
        .map(|bits| (0..n).filter(|i| bits >> i & 1 == 1).collect())
        .collect()
}

fn after(a: &Mat<f64>, set: &[usize], solver: &mut dyn BlockSolver) -> f64 {
    struct Dyn<'a>(&'a mut dyn BlockSolver);
    impl BlockSolver for Dyn<'_> {
        fn solve(
            &mut self,
            k: usize,
            g: &[f64],
            t: &mut [f64],
            t_inv: &mut [f64],
        ) -> Result<(), algos::factorize::solver::Breakdown> {
            self.0.solve(k, g, t, t_inv)
        }
        fn diagonalizes(&self) -> bool {
            self.0.diagonalizes()
        }
    }
    let mut form = TwoSided::new(a.as_ref()).unwrap();
    run(&mut form, &mut Fixed(set.to_vec()), &mut Dyn(solver), Stop::Steps(1), |_, _| ()).unwrap();
    gamma(form.a.as_ref()).unwrap_or(f64::INFINITY)
}

fn solvers(k: usize, seed: u64) -> Vec<(&'static str, Box<dyn BlockSolver>)> {
    let mut all: Vec<(&'static str, Box<dyn BlockSolver>)> = vec![
        ("jacobi", Box::new(Jacobi::default())),
        ("cholesky", Box::new(Cholesky::default())),
        ("reverse-cholesky", Box::new(ReverseCholesky::default())),
        ("loewdin", Box::new(Loewdin::default())),
        ("random-orthogonal", Box::new(RandomOrthogonal::new(rng(seed)))),
    ];
    if k == 2 {
        all.push(("kaczmarz", Box::new(Kaczmarz)));
    }
    all
}

fn matrices() -> Vec<Mat<f64>> {
    let mut d = geometric(7, 1e-6, 1e6);
    d.swap(0, 3);
    d.swap(1, 6);
    (0..2).map(|seed| wishart(7, &mut rng(seed)).unwrap()).flat_map(|a| [congruence(a.as_ref(), &d), a]).collect()
}

#[test]
fn the_mean_over_all_sets_contracts_by_rho_whatever_the_solver() {
    for a in matrices() {
        let before = gamma(a.as_ref()).unwrap();
        for k in [2, 3, 4, 7] {
            let sets = subsets(7, k);
            for (name, mut solver) in solvers(k, 9) {
                let mean = sets.iter().map(|set| after(&a, set, solver.as_mut())).sum::<f64>() / sets.len() as f64;
                let deviation = (mean / before - contraction_factor(7, k)).abs();
                assert!(deviation <= 1e-12, "{name}, k = {k}: {deviation:e}");
            }
        }
    }
}

#[test]
fn half_the_angle_breaks_the_law() {
    for a in matrices() {
        let before = gamma(a.as_ref()).unwrap();
        for k in [2, 3, 4] {
            let sets = subsets(7, k);
            let mut solver = HalfAngle::default();
            let mean = sets.iter().map(|set| after(&a, set, &mut solver)).sum::<f64>() / sets.len() as f64;
            assert!((mean / before - contraction_factor(7, k)).abs() >= 0.005);
        }
    }
}

#[test]
fn a_tridiagonal_eigensolver_breaks_the_law_on_graded_blocks() {
    let a = &matrices()[0];
    let before = gamma(a.as_ref()).unwrap();
    let sets = subsets(7, 4);
    let mean = sets.iter().map(|set| after(a, set, &mut TridiagonalQr)).sum::<f64>() / sets.len() as f64;
    let deviation = (mean / before - contraction_factor(7, 4)).abs();
    assert!(deviation.is_nan() || deviation >= 1e-6, "{deviation:e}");
}

#[test]
fn a_step_changes_the_potential_by_what_its_set_says_alone() {
    for a in matrices() {
        let (before, inverse) = (gamma(a.as_ref()).unwrap(), inverse(a.as_ref()).unwrap());
        for k in [2, 3, 5] {
            for set in subsets(7, k) {
                let pairs = set.iter().flat_map(|&i| set.iter().map(move |&j| (i, j))).filter(|(i, j)| i != j);
                let change: f64 = pairs.map(|(i, j)| a[(i, j)] * inverse[(i, j)]).sum();
                for (name, mut solver) in solvers(k, 4) {
                    let found = after(&a, &set, solver.as_mut()) - before;
                    assert!((found - change).abs() <= 1e-11 * before, "{name}, {set:?}: {found} {change}");
                }
            }
        }
    }
}

#[test]
fn a_set_of_all_indices_finishes_in_one_step() {
    let a = &matrices()[1];
    for (name, mut solver) in solvers(7, 2) {
        assert!(after(a, &[0, 1, 2, 3, 4, 5, 6], solver.as_mut()) <= 1e-13, "{name}");
    }
}

#[test]
fn every_solver_returns_an_inverse_and_a_diagonal() {
    let a = wishart(5, &mut rng(3)).unwrap();
    for k in [2, 5] {
        let g: Vec<f64> = (0..k * k).map(|at| a[(at % k, at / k)] * 10f64.powi((at % k + at / k) as i32)).collect();
        for (name, mut solver) in solvers(k, 1) {
            let (mut t, mut t_inv) = (vec![0.0; k * k], vec![0.0; k * k]);
            solver.solve(k, &g, &mut t, &mut t_inv).unwrap();
            let entry =
                |a: &[f64], b: &[f64], i: usize, j: usize| (0..k).map(|l| a[i + k * l] * b[l + k * j]).sum::<f64>();
            let gt: Vec<f64> = (0..k * k).map(|at| entry(&g, &t, at % k, at / k)).collect();
            let tgt = |i: usize, j: usize| (0..k).map(|l| t[l + k * i] * gt[l + k * j]).sum::<f64>();
            for i in 0..k {
                for j in 0..k {
                    let unit = f64::from(u8::from(i == j));
                    let scale = 10f64.powi(2 * k as i32);
                    assert!((entry(&t, &t_inv, i, j) - unit).abs() <= 1e-10 * scale, "{name}");
                    let size = (tgt(i, i) * tgt(j, j)).sqrt();
                    assert!(i == j || tgt(i, j).abs() <= 1e-12 * size, "{name}, k = {k}: {}", tgt(i, j) / size);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_potential_is_scale_free_and_bounds_the_condition_number(n in 1usize..9, seed in 0u64..1000, decades in -60i32..60) {
        let a = wishart(n, &mut rng(seed)).unwrap();
        let value = gamma(a.as_ref()).unwrap();
        let d: Vec<f64> = (0..n).map(|i| 10f64.powi(decades * i as i32 / n as i32)).collect();
        let scaled = gamma(congruence(a.as_ref(), &d).as_ref()).unwrap();
        prop_assert!((value - scaled).abs() <= 1e-10 * value);
        let kappa = scaled_condition(a.as_ref()).unwrap();
        let n = n as f64;
        prop_assert!(value <= n * (kappa - 1.0) * (1.0 + 1e-12) + 1e-12);
        prop_assert!(kappa <= (n * (value + n)).min((4.0 * (value / 8.0).sqrt().asinh()).exp()) * (1.0 + 1e-10));
        // λ_min ≥ 1/(Γ+n) turns Γ = Σ (1−λ)²/λ into bounds by Σ (1−λ)².
        let off = off_squared(a.as_ref()).unwrap();
        prop_assert!(value <= off * (value + n) * (1.0 + 1e-10) + 1e-14);
        prop_assert!(off <= value * n * (1.0 + 1e-10) + 1e-14);
    }
}

#[test]
fn near_convergence_the_potential_is_computed_without_cancellation() {
    for size in [1e-3f64, 1e-7, 1e-9] {
        let a = Mat::from_fn(5, 5, |i, j| if i == j { 1.0 } else { size });
        let lambda = [1.0 + 4.0 * size, 1.0 - size, 1.0 - size, 1.0 - size, 1.0 - size];
        let exact = (4.0 * size).powi(2) / lambda[0] + 4.0 * size * size / lambda[1];
        let value = gamma(a.as_ref()).unwrap();
        assert!((value / exact - 1.0).abs() <= 1e-12, "{value:e} {exact:e}");
    }
}

#[test]
fn matrices_that_have_no_potential_are_refused() {
    let mut a = Mat::<f64>::identity(3, 3);
    a[(0, 1)] = 1.0;
    a[(1, 0)] = 1.0;
    assert!(gamma(a.as_ref()).is_err());
    assert!(gamma(Mat::<f64>::zeros(2, 2).as_ref()).is_err());
    assert!(gamma(Mat::<f64>::zeros(0, 0).as_ref()).is_err());
    assert!(gamma(Mat::<f64>::zeros(2, 3).as_ref()).is_err());
    a[(0, 1)] = f64::NAN;
    assert!(gamma(a.as_ref()).is_err());
    let _ = TwoSided::new(a.as_ref()).unwrap_err();
    assert_eq!(TwoSided::new(Mat::<f64>::identity(2, 2).as_ref()).unwrap().entry_flops(), 0);
}
