//! The four factorizations that fall out of one loop.

use algos::factorize::engine::{OneSided, Stop, TwoSided, run};
use algos::factorize::instance::{congruence, gaussian, graded, wishart};
use algos::factorize::pivot::{
    DeRijk, GreedyMax, OrderedPair, Pivots, RoundRobin, RowCyclic, ShuffledSweep, UniformIid, pairs,
};
use algos::factorize::readout::{cholesky, eigen, qr, svd};
use algos::factorize::solver::{Cholesky, Jacobi, Kaczmarz};
use algos::faer::Mat;
use algos::linalg::{distance, product, singular_values, symmetric_eigen};
use algos::{Error, InputError, NumericalError, Status};

use crate::support::{EPS, apart, descending, norm, orthogonality, rng, sandwich};

fn rules(ascending: bool) -> Vec<(&'static str, Box<dyn Pivots>)> {
    let mut rules: Vec<(&'static str, Box<dyn Pivots>)> = vec![
        ("uniform k=2", Box::new(UniformIid::new(2, rng(1)))),
        ("uniform k=3", Box::new(UniformIid::new(3, rng(2)))),
        ("uniform k=4", Box::new(UniformIid::new(4, rng(3)))),
        ("row-cyclic", Box::new(RowCyclic::default())),
        ("shuffled", Box::new(ShuffledSweep::new(rng(4)))),
        ("round-robin", Box::new(RoundRobin::default())),
        ("greedy", Box::new(GreedyMax)),
    ];
    if !ascending {
        rules.push(("de Rijk", Box::new(DeRijk::default())));
    }
    rules
}

#[test]
fn eigendecomposition() {
    let a = congruence(wishart(9, &mut rng(7)).unwrap().as_ref(), &[1.0, 2.0, 5.0, 0.1, 3.0, 1.0, 1.0, 7.0, 0.5]);
    let exact = symmetric_eigen(a.as_ref()).unwrap().0;
    for (name, mut rule) in rules(false) {
        let done = eigen(a.as_ref(), &mut rule, Stop::rounding(9)).unwrap();
        let found = done.value;
        assert_eq!(done.status, Status::Converged, "{name}");
        assert!(orthogonality(found.vectors.as_ref()) <= 100.0 * EPS, "{name}");
        let back = sandwich(found.vectors.as_ref(), &found.values, found.vectors.transpose());
        assert!(distance(back.as_ref(), a.as_ref()) <= 200.0 * EPS * norm(a.as_ref()), "{name}");
        let mut values = descending(&found.values);
        values.reverse();
        assert!(apart(&values, &exact) <= 1e-11, "{name}");
    }
}

#[test]
fn cholesky_factorization() {
    let a = congruence(wishart(8, &mut rng(6)).unwrap().as_ref(), &[1e3, 1.0, 1e-4, 2.0, 1e5, 1.0, 3.0, 1e-2]);
    let factor = a.llt(algos::faer::Side::Upper).unwrap().L().to_owned();
    for (name, mut rule) in rules(true) {
        let done = cholesky(a.as_ref(), &mut rule, Stop::rounding(8)).unwrap();
        assert_eq!(done.status, Status::Converged, "{name}");
        let found = done.value;
        for i in 0..8 {
            for j in 0..8 {
                let entry = found.lower[(i, j)] * found.diagonal[j].sqrt();
                let below = (a[(i, i)] * EPS * 1e3).sqrt().max(1e-12 * factor[(i, i)].abs());
                if i < j {
                    assert!(found.lower[(i, j)] == 0.0, "{name}: structure");
                } else {
                    assert!((entry - factor[(i, j)]).abs() <= below.min(1e-11 * a[(i, i)].sqrt()), "{name} {i} {j}");
                }
            }
        }
    }
}

#[test]
fn singular_value_decomposition() {
    for (m, n) in [(12, 7), (7, 7), (1, 1), (5, 1), (9, 2)] {
        let x = gaussian(m, n, &mut rng((m * n) as u64));
        let exact = singular_values(x.as_ref()).unwrap();
        for (name, mut rule) in rules(false).into_iter().filter(|(_, rule)| n == 1 || rule.size() <= n) {
            let done = svd(x.as_ref(), &mut rule, Stop::rounding(m)).unwrap();
            assert_eq!(done.status, Status::Converged, "{name}");
            let found = done.value;
            assert!(orthogonality(found.left.as_ref()) <= 200.0 * EPS, "{name}");
            assert!(orthogonality(found.right.as_ref()) <= 200.0 * EPS, "{name}");
            let back = sandwich(found.left.as_ref(), &found.values, found.right.transpose());
            assert!(distance(back.as_ref(), x.as_ref()) <= 200.0 * EPS * norm(x.as_ref()), "{name}");
            assert!(apart(&descending(&found.values), &exact) <= 1e-12, "{name}");
        }
    }
}

#[test]
fn qr_factorization() {
    let x = graded(15, 8, 10.0, 6.0, &mut rng(5)).unwrap();
    let reference = x.qr().thin_R().to_owned();
    for (name, mut rule) in rules(true) {
        let done = qr(x.as_ref(), &mut rule, Stop::rounding(15)).unwrap();
        assert_eq!(done.status, Status::Converged, "{name}");
        let found = done.value;
        assert!(orthogonality(found.q.as_ref()) <= 100.0 * EPS, "{name}");
        let back = product(found.q.as_ref(), found.r.as_ref());
        assert!(distance(back.as_ref(), x.as_ref()) <= 100.0 * EPS * norm(x.as_ref()), "{name}");
        for j in 0..8 {
            assert!((0..8).all(|i| i <= j || found.r[(i, j)] == 0.0), "{name}: structure");
            for i in 0..=j {
                let column = (0..=j).map(|l| reference[(l, j)].powi(2)).sum::<f64>().sqrt();
                let exact = reference[(i, j)] * reference[(i, i)].signum();
                assert!((found.r[(i, j)] - exact).abs() <= 1e-13 * column, "{name} {i} {j}");
            }
        }
    }
}

#[test]
fn row_cyclic_gram_schmidt_steps_are_modified_gram_schmidt() {
    let x = gaussian(10, 6, &mut rng(3));
    let done = qr(x.as_ref(), &mut RowCyclic::default(), Stop::Steps(pairs(6))).unwrap().value;
    let mut q = x.clone();
    for p in 0..6 {
        for j in p + 1..6 {
            let inner = |a: usize, b: usize| (0..10).map(|i| q[(i, a)] * q[(i, b)]).sum::<f64>();
            let along = inner(p, j) / inner(p, p);
            for i in 0..10 {
                let part = along * q[(i, p)];
                q[(i, j)] -= part;
            }
        }
    }
    for j in 0..6 {
        let length = (0..10).map(|i| q[(i, j)].powi(2)).sum::<f64>().sqrt();
        assert!((0..10).all(|i| (q[(i, j)] / length - done.q[(i, j)]).abs() <= 1e-13));
    }
    assert!(done.progress.off <= 1e-13 && done.progress.steps == 15);
}

#[test]
fn unsorted_sets_keep_the_product_and_lose_the_triangle() {
    struct Descending(UniformIid);
    impl Pivots for Descending {
        fn size(&self) -> usize {
            self.0.size()
        }
        fn next(&mut self, view: &dyn algos::factorize::pivot::View, set: &mut [usize]) {
            self.0.next(view, set);
            set.reverse();
        }
    }
    let x = gaussian(10, 6, &mut rng(3));
    let found = qr(x.as_ref(), &mut Descending(UniformIid::new(2, rng(1))), Stop::rounding(10)).unwrap().value;
    assert!(distance(product(found.q.as_ref(), found.r.as_ref()).as_ref(), x.as_ref()) <= 1e-13);
    assert!((0..6).any(|j| (j + 1..6).any(|i| found.r[(i, j)].abs() > 0.1)));
}

#[test]
fn normalised_steps_on_ordered_pairs_give_an_orthonormal_basis() {
    let x = algos::factorize::potential::unit_columns(gaussian(12, 6, &mut rng(2)).as_ref()).unwrap();
    let mut form = OneSided::new(x.as_ref()).unwrap();
    let done = run(&mut form, &mut OrderedPair::new(rng(4)), &mut Kaczmarz, Stop::rounding(12), |_, _| ()).unwrap();
    assert_eq!(done.status, Status::Converged);
    assert!(orthogonality(form.x.as_ref()) <= 1e-13);
    assert!(distance(product(x.as_ref(), form.m.as_ref()).as_ref(), form.x.as_ref()) <= 1e-12);
    assert!(orthogonality(product(form.m.as_ref(), form.m_inv.as_ref()).as_ref()) <= 1e-10);
}

#[test]
fn both_forms_take_the_same_steps() {
    let x = gaussian(9, 5, &mut rng(9));
    let mut one = OneSided::new(x.as_ref()).unwrap();
    let mut two = TwoSided::new(product(x.transpose(), x.as_ref()).as_ref()).unwrap();
    let stop = Stop::Steps(25);
    run(&mut one, &mut UniformIid::new(3, rng(6)), &mut Jacobi::default(), stop, |_, _| ()).unwrap();
    run(&mut two, &mut UniformIid::new(3, rng(6)), &mut Jacobi::default(), stop, |_, _| ()).unwrap();
    let gram = product(one.x.transpose(), one.x.as_ref());
    assert!(distance(gram.as_ref(), two.a.as_ref()) <= 1e-11 * norm(two.a.as_ref()));
    assert!(distance(one.m.as_ref(), two.m.as_ref()) <= 1e-10);
    assert!(orthogonality(product(two.m.as_ref(), two.m_inv.as_ref()).as_ref()) <= 1e-12);
}

#[test]
fn iterates_are_seen_from_the_start_and_steps_are_counted() {
    let a = wishart(5, &mut rng(1)).unwrap();
    let mut form = TwoSided::new(a.as_ref()).unwrap();
    let mut seen = Vec::new();
    let done = run(&mut form, &mut RowCyclic::default(), &mut Cholesky::default(), Stop::Steps(4), |t, _| seen.push(t));
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let done = done.unwrap();
    assert_eq!((done.status, done.effort.iterations), (Status::IterationLimit, 4));
    assert_eq!(done.effort.flops, 4 * 8 * 5 * 4);
}

#[test]
fn sets_of_one_or_of_too_many_indices_are_refused() {
    let a = wishart(4, &mut rng(1)).unwrap();
    for k in [0, 1, 5] {
        let refused = eigen(a.as_ref(), &mut UniformIid::new(k, rng(1)), Stop::rounding(4));
        assert!(matches!(refused, Err(Error::Input(InputError::Argument { name: "k", .. }))), "{refused:?}");
    }
}

#[test]
fn dependent_and_zero_columns() {
    let mut x = gaussian(8, 4, &mut rng(3));
    x.col_as_slice_mut(2).fill(0.0);
    let refused = qr(x.as_ref(), &mut RowCyclic::default(), Stop::rounding(8));
    assert!(matches!(refused, Err(Error::Numerical(NumericalError::RankDeficient { column: 2 }))), "{refused:?}");
    let found = svd(x.as_ref(), &mut RowCyclic::default(), Stop::rounding(8)).unwrap();
    assert_eq!(found.status, Status::Converged);
    assert_eq!(found.value.values[2], 0.0);
    let copy = x.col_as_slice(1).to_vec();
    x.col_as_slice_mut(2).copy_from_slice(&copy);
    let found = svd(x.as_ref(), &mut RowCyclic::default(), Stop::rounding(8)).unwrap();
    assert_eq!(found.status, Status::Converged);
    assert!(descending(&found.value.values)[3] <= 1e-15 * norm(x.as_ref()));
    let mut singular = Mat::<f64>::identity(3, 3);
    singular[(0, 1)] = 2.0;
    singular[(1, 0)] = 2.0;
    let refused = cholesky(singular.as_ref(), &mut RowCyclic::default(), Stop::rounding(3));
    assert!(matches!(refused, Err(Error::Numerical(NumericalError::NotPositiveDefinite { .. }))), "{refused:?}");
}

#[test]
fn inadmissible_matrices_are_refused() {
    let wide = OneSided::new(Mat::<f64>::zeros(2, 3).as_ref());
    assert!(matches!(wide, Err(Error::Input(InputError::Shape { .. }))));
    let nan = OneSided::new(Mat::from_fn(3, 2, |i, j| if i + j == 3 { f64::NAN } else { 1.0 }).as_ref());
    assert!(matches!(nan, Err(Error::Input(InputError::NonFinite { index: 5, .. }))));
    assert!(TwoSided::new(Mat::<f64>::zeros(2, 3).as_ref()).is_err());
    assert!(TwoSided::new(Mat::<f64>::zeros(2, 2).as_ref()).is_err());
    let empty = svd(Mat::<f64>::zeros(0, 0).as_ref(), &mut RowCyclic::default(), Stop::rounding(0)).unwrap();
    assert!(empty.value.values.is_empty());
}
