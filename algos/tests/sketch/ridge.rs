//! Sketched ridge regressions and their ensembles.

use algos::faer::{Mat, MatRef};
use algos::linalg::{gram, symmetric_eigen};
use algos::sketch::ridge::{
    Fit, Freeness, Solver, average, fit, gcv, implicit_penalty, interval, penalty_ratio, stacked, trick,
};
use algos::sketch::{Law, Rows, Sketch};
use algos::{Error, NumericalError};

use crate::support::{gaussian, laws, product, rng, vector};

/// `(M + penalty·I)⁻¹ v` by elimination with pivoting.
fn solve(m: &Mat<f64>, penalty: f64, v: &[f64]) -> Vec<f64> {
    let n = v.len();
    let mut a =
        Mat::from_fn(n, n + 1, |i, j| if j == n { v[i] } else { m[(i, j)] + if i == j { penalty } else { 0.0 } });
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[(i, k)].abs().total_cmp(&a[(j, k)].abs())).unwrap();
        for j in 0..=n {
            let (x, y) = (a[(k, j)], a[(pivot, j)]);
            a[(k, j)] = y;
            a[(pivot, j)] = x;
        }
        for i in 0..n {
            if i != k {
                let factor = a[(i, k)] / a[(k, k)];
                for j in k..=n {
                    let part = factor * a[(k, j)];
                    a[(i, j)] -= part;
                }
            }
        }
    }
    (0..n).map(|i| a[(i, n)] / a[(i, i)]).collect()
}

fn column(v: &[f64]) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(v, v.len(), 1)
}

#[test]
fn fits_solve_the_regularized_equations_for_every_sketch() {
    let (n, p) = (24, 32);
    let (x, y) = (gaussian(n, p, 1), vector(n, 2));
    for q in [8, 16, 30] {
        for law in laws(q, p) {
            let sketch = law.draw(q, p, &mut rng(3)).unwrap();
            let s = sketch.explicit();
            let z = product(x.as_ref(), s.transpose());
            let zz = product(z.transpose(), z.as_ref());
            let zy = product(z.transpose(), column(&y));
            for &solver in Solver::ALL {
                let fits = fit(solver, x.as_ref(), &y, Some(&sketch), &[0.01, 1.0]).unwrap().value;
                for (fit, lambda) in fits.iter().zip([0.01, 1.0]) {
                    let w = solve(&zz, n as f64 * lambda, zy.col_as_slice(0));
                    let beta = product(s.transpose(), column(&w));
                    let distance =
                        fit.beta.iter().zip(beta.col_as_slice(0)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    assert!(distance < 1e-9, "{law:?} {q} {solver:?}: {distance:e}");
                    let values = symmetric_eigen(zz.as_ref()).unwrap().0;
                    let df: f64 = values.iter().map(|e| e.max(0.0) / (e.max(0.0) + n as f64 * lambda)).sum();
                    assert!((fit.df - df).abs() < 1e-9, "{law:?} {solver:?}: {} {df}", fit.df);
                }
            }
        }
    }
}

#[test]
fn both_solvers_agree_down_to_no_penalty() {
    for (n, q) in [(40, 12), (12, 40), (20, 20)] {
        let p = 50;
        let (x, y) = (gaussian(n, p, 4), vector(n, 5));
        let sketch = Law::Srdct(Rows::Distinct).draw(q, p, &mut rng(6)).unwrap();
        let lambdas = [0.0, 1e-9, 1e-4, 1.0, 1e3];
        let [a, b] =
            [Solver::Svd, Solver::Gram].map(|s| fit(s, x.as_ref(), &y, Some(&sketch), &lambdas).unwrap().value);
        for (a, b) in a.iter().zip(&b) {
            let size = a.beta.iter().map(|x| x * x).sum::<f64>().sqrt();
            let distance = a.beta.iter().zip(&b.beta).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            assert!(distance < 1e-8 * size, "{n} {q}: {distance:e} of {size:e}");
            assert!((a.df - b.df).abs() < 1e-7);
        }
    }
}

#[test]
fn gcv_is_its_definition_and_refuses_saturation() {
    let (n, p) = (30, 50);
    let (x, y) = (gaussian(n, p, 1), vector(n, 2));
    let sketch = Law::CountSketch.draw(20, p, &mut rng(3)).unwrap();
    let fits = fit(Solver::Gram, x.as_ref(), &y, Some(&sketch), &[0.1]).unwrap().value;
    let found = gcv(x.as_ref(), &y, &fits[0]).unwrap();
    let fitted = product(x.as_ref(), column(&fits[0].beta));
    let train: f64 = (0..n).map(|i| (y[i] - fitted[(i, 0)]).powi(2)).sum::<f64>() / n as f64;
    assert!((found.train - train).abs() < 1e-12);
    let left = 1.0 - fits[0].df / n as f64;
    assert!((found.value - train / left.powi(2)).abs() < 1e-12);
    assert!((found.residuals[3] - (y[3] - fitted[(3, 0)]) / left).abs() < 1e-12);
    // As many features as observations and no penalty.
    let sketch = Law::Gaussian.draw(30, p, &mut rng(3)).unwrap();
    let fits = fit(Solver::Svd, x.as_ref(), &y, Some(&sketch), &[0.0]).unwrap().value;
    let refused = gcv(x.as_ref(), &y, &fits[0]).unwrap_err();
    assert!(matches!(refused, Error::Numerical(NumericalError::DegreesOfFreedomSaturated { n: 30, .. })), "{refused}");
    // A constant response is as good as any.
    let constant = fit(Solver::Gram, x.as_ref(), &[1.0; 30], None, &[0.1]).unwrap().value;
    assert!(gcv(x.as_ref(), &[1.0; 30], &constant[0]).unwrap().value.is_finite());
}

#[test]
fn ensembles_average_coefficients_and_degrees_of_freedom() {
    let (a, b) = (Fit { beta: vec![1.0, 2.0], df: 3.0 }, Fit { beta: vec![3.0, -2.0], df: 5.0 });
    assert_eq!(average(&[&a, &b]).unwrap(), Fit { beta: vec![2.0, 0.0], df: 4.0 });
    assert!(average(&[]).is_err());
    assert_eq!(trick(5.0, 3.0), 1.0);
    let residuals: Vec<f64> = (0..=100).map(f64::from).collect();
    let (low, high) = interval(&residuals, 0.9).unwrap();
    assert!((low - 5.0).abs() < 1e-12 && (high - 95.0).abs() < 1e-12);
    assert!(interval(&[], 0.9).is_err() && interval(&[1.0], 1.0).is_err() && interval(&[f64::NAN], 0.5).is_err());
}

#[test]
fn the_implicit_penalty_has_the_degrees_of_freedom_and_without_a_sketch_it_is_the_penalty() {
    let (n, p, lambda) = (60, 40, 0.3);
    let x = gaussian(n, p, 9);
    let spectrum: Vec<f64> =
        symmetric_eigen(gram(x.as_ref()).as_ref()).unwrap().0.iter().map(|e| e / n as f64).collect();
    let fit = &fit(Solver::Gram, x.as_ref(), &vector(n, 1), None, &[lambda]).unwrap().value[0];
    let mu = implicit_penalty(&spectrum, fit.df).unwrap();
    assert!((mu / lambda - 1.0).abs() < 1e-10, "{mu}");
    assert!(implicit_penalty(&spectrum, 41.0).is_err() && implicit_penalty(&spectrum, 0.0).is_err());
    // All features kept: an orthogonal sketch changes nothing, a Gaussian one does.
    assert!((penalty_ratio(Freeness::Orthogonal, 1.0, 0.4) - 1.0).abs() < 1e-15);
    assert!((penalty_ratio(Freeness::Gaussian, 1.0, 0.5) - 2.0).abs() < 1e-15);
    assert_eq!(stacked(220, 300), (57, 3));
}

#[test]
fn fits_at_the_ends_of_the_range_are_those_in_other_units() {
    for (n, p) in [(24, 8), (8, 24)] {
        let (x, y) = (gaussian(n, p, 1), vector(n, 2));
        let sketch = Law::CountSketch.draw(6, p, &mut rng(3)).unwrap();
        for (sketch, lambdas) in [(None, &[0.25, 2.0]), (Some(&sketch), &[0.0, 1.0])] {
            for &solver in Solver::ALL {
                let base = fit(solver, x.as_ref(), &y, sketch, lambdas).unwrap().value;
                for (of_x, of_y) in [(500, 0), (-500, 0), (0, 900), (0, -900), (500, 800), (-500, -800)] {
                    let scaled = Mat::from_fn(n, p, |i, j| x[(i, j)] * 2f64.powi(of_x));
                    let response: Vec<f64> = y.iter().map(|y| y * 2f64.powi(of_y)).collect();
                    let penalties = lambdas.map(|lambda| lambda * 2f64.powi(2 * of_x));
                    let found = fit(solver, scaled.as_ref(), &response, sketch, &penalties).unwrap().value;
                    for (found, base) in found.iter().zip(&base) {
                        assert!((found.df / base.df - 1.0).abs() < 1e-9, "2^{of_x}: {} {}", found.df, base.df);
                        for (found, base) in found.beta.iter().zip(&base.beta) {
                            let found = found * 2f64.powi(of_x - of_y);
                            assert!((found - base).abs() < 1e-9, "{solver:?} 2^{of_x} 2^{of_y}: {found} {base}");
                        }
                    }
                }
            }
        }
    }
    // Squares and penalties that no double holds together.
    for &solver in Solver::ALL {
        let one = |x: f64, y: f64, lambda: f64| {
            let found = fit(solver, Mat::full(1, 1, x).as_ref(), &[y], None, &[lambda])?;
            Ok((found.value[0].beta[0], found.value[0].df))
        };
        assert_eq!(one(1e200, 1e200, 1.0), Ok((1.0, 1.0)));
        assert_eq!(one(1e-200, 1e-200, 0.0), Ok((1.0, 1.0)));
        let Ok((beta, df)) = one(1e-200, 1.0, 1.0) else { panic!("refused") };
        assert!((beta / 1e-200 - 1.0).abs() < 1e-15 && df == 0.0);
        let found = one(1e-200, 1e200, 0.0);
        assert!(matches!(found, Err(Error::Numerical(NumericalError::Overflow { .. }))), "{found:?}");
    }
}

#[test]
fn bad_regressions_are_refused() {
    let (x, y) = (gaussian(10, 6, 1), vector(10, 2));
    let sketch = Law::CountSketch.draw(4, 6, &mut rng(1)).unwrap();
    let tries = |x: &Mat<f64>, y: &[f64], sketch: &Sketch, lambda: f64| {
        Solver::ALL.iter().all(|&s| matches!(fit(s, x.as_ref(), y, Some(sketch), &[lambda]), Err(Error::Input(_))))
    };
    assert!(tries(&x, &y, &sketch, -1e-9) && tries(&x, &y, &sketch, f64::NAN));
    assert!(tries(&x, &y[..9], &sketch, 1.0));
    assert!(tries(&Mat::zeros(0, 6), &[], &sketch, 1.0) && tries(&Mat::zeros(10, 0), &y, &sketch, 1.0));
    assert!(tries(&x, &y, &Law::CountSketch.draw(4, 7, &mut rng(1)).unwrap(), 1.0));
    let mut bad = x.clone();
    bad[(3, 3)] = f64::INFINITY;
    assert!(tries(&bad, &y, &sketch, 1.0));
    let mut bad = y.clone();
    bad[9] = f64::NAN;
    assert!(tries(&x, &bad, &sketch, 1.0));
}
