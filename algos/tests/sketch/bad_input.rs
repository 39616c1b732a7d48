//! What is refused, and how.

use algos::faer::Mat;
use algos::sketch::regression::{LsqrOptions, lsqr, silent, sketch_and_solve};
use algos::sketch::{
    Csr, Key, Law, Rows, Signs, Sketch, Transform, Variant, adjoint, apply, fwht, leverage_scores, sample_rows,
};
use algos::{Error, InputError, NumericalError, Par};

use crate::support::{gaussian, laws, rng, vector};

fn input<T>(result: Result<T, Error>) -> InputError {
    match result {
        Err(Error::Input(e)) => e,
        Err(e) => panic!("another error: {e}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn laws_refuse_shapes_that_they_cannot_have() {
    let draw = |law: Law, m, n| law.draw(m, n, &mut rng(1));
    for law in laws(4, 8) {
        assert!(matches!(input(draw(law, 0, 8)), InputError::Empty { .. }), "{law:?}");
        assert!(matches!(input(draw(law, 4, 0)), InputError::Empty { .. }), "{law:?}");
    }
    // More rows than there are, without replacement; with it they are fine.
    for (distinct, replaced) in [
        (Law::Srht(Rows::Distinct), Law::Srht(Rows::Replaced)),
        (Law::Srdct(Rows::Distinct), Law::Srdct(Rows::Replaced)),
        (Law::Circulant(Rows::Distinct), Law::Circulant(Rows::Replaced)),
    ] {
        assert!(matches!(input(draw(distinct, 17, 16)), InputError::Argument { name: "m", .. }));
        assert!(draw(replaced, 17, 16).is_ok() && draw(distinct, 16, 16).is_ok());
    }
    for law in [Law::OsnapBlocks(0), Law::OsnapBlocks(9), Law::OsnapBlocks(3), Law::OsnapGraph(0), Law::OsnapGraph(9)] {
        assert!(matches!(input(draw(law, 8, 20)), InputError::Argument { name: "s", .. }), "{law:?}");
    }
    assert!(draw(Law::OsnapGraph(3), 8, 20).is_ok());
    for s in [0.5, f64::NAN, f64::INFINITY] {
        input(draw(Law::VerySparse(s), 8, 20));
    }
    input(draw(Law::TensorSrht { left: 4, right: 4 }, 8, 17));
    input(draw(Law::TensorSrht { left: 3, right: 4 }, 8, 12));
    input(draw(Law::Pooled, 12, 64));
    input(draw(Law::Orthogonal, 9, 8));
}

#[test]
fn parts_are_checked() {
    let signs = |n| Signs::plus(n);
    input(Sketch::srht(signs(5), vec![8]));
    assert!(Sketch::srht(signs(5), vec![7]).is_ok());
    input(Sketch::srht(signs(5), vec![]));
    input(Sketch::srdct(signs(5), vec![5]));
    input(Sketch::circulant(signs(4), signs(5), vec![0]));
    input(Sketch::circulant(signs(5), signs(5), vec![5]));
    input(Sketch::hashed(3, 1, &[0, 3], &signs(2)));
    input(Sketch::hashed(3, 2, &[0, 1, 2], &signs(3)));
    input(Sketch::hashed(3, 1, &[0, 1], &signs(3)));
    assert!(matches!(
        input(Sketch::hashed(3, 2, &[0, 1, 2, 2], &signs(4))),
        InputError::Duplicate { row: 2, column: 1 }
    ));
    input(Sketch::sparse(3, &[vec![(3, false)]], 1.0));
    input(Sketch::sparse(3, &[vec![(0, false)]], 0.0));
    input(Sketch::rademacher(2, 3, signs(5)));
    input(Sketch::gaussian(0, 3, Key([0; 32])));
    input(Sketch::dense(Mat::from_fn(2, 2, |_, _| f64::NAN)));
    input(Sketch::pooled(2, signs(4), vec![0, 1, 2, 2], vec![1.0; 4]));
    input(Sketch::pooled(2, signs(4), vec![0, 1, 2, 3], vec![f64::NAN; 4]));
    input(Sketch::pooled(3, signs(4), vec![0, 1, 2, 3], vec![1.0; 4]));
    input(Sketch::tensor_srht(signs(4), signs(2), vec![(4, 0)]));
    input(Sketch::tensor_srht(signs(3), signs(2), vec![(0, 0)]));
    input(Sketch::sample(4, vec![(4, 1.0)]));
    input(Sketch::sample(4, vec![(0, 0.0)]));
    input(Sketch::sample(4, vec![]));
}

#[test]
fn entries_that_are_not_finite_are_named_by_every_sketch() {
    let (m, n, d) = (16, 64, 12);
    for law in laws(m, n) {
        let sketch = law.draw(m, n, &mut rng(2)).unwrap();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut a = gaussian(n, d, 1);
            a[(63, 9)] = bad;
            for &variant in Variant::ALL {
                match input(apply(variant, &sketch, a.as_ref().into(), Par::Seq)) {
                    InputError::NonFinite { index, .. } => assert_eq!(index, 9 * n + 63, "{law:?}"),
                    e => panic!("{law:?}: {e}"),
                }
            }
        }
        for (rows, columns) in [(n - 1, d), (n + 1, d), (n, 0), (0, 0)] {
            for &variant in Variant::ALL {
                input(apply(variant, &sketch, Mat::<f64>::zeros(rows, columns).as_ref().into(), Par::Seq));
            }
        }
        input(adjoint(&sketch, &vec![0.0; m + 1]));
        input(adjoint(&sketch, &vec![f64::NAN; m]));
    }
    // A sample does not read all rows and looks at them all the same.
    let sketch = Sketch::sample(4, vec![(0, 1.0)]).unwrap();
    input(apply(Variant::Fast, &sketch, [1.0, 2.0, f64::NAN, 3.0].as_slice().into(), Par::Seq));
}

#[test]
fn transforms_scores_and_compressed_rows_are_checked() {
    for n in [0, 3, 12, 100] {
        input(fwht(Transform::Blocked, &mut vec![1.0; n]));
        input(fwht(Transform::Blocked, &mut vec![1.0_f32; n]));
        input(fwht(Transform::Reference, &mut vec![1.0; n]));
    }
    for at in [0, 77, 127] {
        let mut x = vec![1.0; 128];
        x[at] = f64::INFINITY;
        input(fwht(Transform::Blocked, &mut x));
        let mut x = vec![1.0_f32; 128];
        x[at] = f32::NAN;
        input(fwht(Transform::Blocked, &mut x));
    }
    for scores in [vec![], vec![-1.0, 2.0], vec![0.0, 0.0], vec![f64::NAN]] {
        input(sample_rows(&scores, 2, 2.0, &mut rng(1)));
    }
    input(sample_rows(&[1.0], 1, 0.0, &mut rng(1)));
    input(sample_rows(&[1.0], 0, 2.0, &mut rng(1)));
    input(leverage_scores(gaussian(3, 4, 1).as_ref()));
    let mut a = gaussian(40, 5, 1);
    for (column, factor) in [(2, 1.0), (2, 1e-30), (4, 0.0)] {
        let mut a = a.clone();
        (0..40).for_each(|i| a[(i, column)] = factor * (a[(i, 0)] + 0.3 * a[(i, 1)]));
        let found = leverage_scores(a.as_ref());
        assert_eq!(found, Err(NumericalError::RankDeficient { column }.into()), "factor {factor:e}");
    }
    // A small column is no dependent one, and scores do not depend on units.
    let scores = leverage_scores(a.as_ref()).unwrap();
    (0..40).for_each(|i| a[(i, 2)] *= 2f64.powi(-500));
    let close = |(x, y): (&f64, &f64)| (x - y).abs() < 1e-13;
    assert!(leverage_scores(a.as_ref()).unwrap().iter().zip(&scores).all(close));
    input(Csr::new((2, 2), &[0, 1], &[0], &[1.0]));
    input(Csr::new((2, 2), &[0, 2, 1], &[0], &[1.0]));
    input(Csr::new((2, 2), &[0, 1, 1], &[2], &[1.0]));
    input(Csr::new((2, 2), &[0, 1, 2], &[0], &[1.0]));
    input(Csr::new((2, 2), &[1, 1, 2], &[0], &[1.0]));
}

#[test]
fn regressions_are_checked() {
    let (a, b) = (gaussian(30, 4, 1), vector(30, 2));
    let solve = |m: usize, a: &Mat<f64>, b: &[f64]| {
        let sketch = Law::Gaussian.draw(m, 30, &mut rng(1)).unwrap();
        sketch_and_solve(Variant::Fast, &sketch, a.as_ref(), b)
    };
    assert!(solve(8, &a, &b).is_ok());
    input(solve(3, &a, &b));
    input(solve(8, &a, &b[..29]));
    let mut bad = b.clone();
    bad[3] = f64::NAN;
    input(solve(8, &a, &bad));
    let run = |a: &Mat<f64>, b: &[f64], x0: Option<&[f64]>| {
        lsqr(a.as_ref(), b, None, x0, &LsqrOptions::default(), &mut silent)
    };
    input(run(&a, &bad, None));
    input(run(&a, &b[..29], None));
    input(run(&a, &b, Some(&[0.0; 3])));
    input(run(&Mat::zeros(0, 0), &[], None));
    let mut bad = a.clone();
    bad[(2, 2)] = f64::INFINITY;
    assert!(run(&bad, &b, None).is_err());
}
