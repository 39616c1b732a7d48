//! QR factorizations: all variants, the fallbacks, bad input.

use algos::factorize::instance::{gaussian, geometric, graded, unit_with_spectrum};
use algos::factorize::qr::{Qr, Route, Variant, qr};
use algos::faer::Mat;
use algos::linalg::{distance, product};
use algos::{Error, InputError, NumericalError, Status};

use crate::support::{EPS, norm, orthogonality, rng};

fn holds(name: &str, x: &Mat<f64>, found: &Qr) {
    let (m, n) = x.shape();
    assert!(
        orthogonality(found.q.as_ref()) <= 30.0 * (m + n) as f64 * EPS,
        "{name}: {}",
        orthogonality(found.q.as_ref())
    );
    for j in 0..n {
        assert!((0..n).all(|i| i <= j || found.r[(i, j)] == 0.0) && found.r[(j, j)] > 0.0, "{name}: R");
    }
    // Column by column: scales must not mix.
    let back = product(found.q.as_ref(), found.r.as_ref());
    for j in 0..n {
        let column = |a: &Mat<f64>| Mat::from_fn(m, 1, |i, _| a[(i, j)]);
        let (a, b) = (column(&back), column(x));
        assert!(
            distance(a.as_ref(), b.as_ref()) <= 30.0 * (m + n) as f64 * EPS * norm(b.as_ref()),
            "{name}: column {j}"
        );
    }
}

#[test]
fn all_shapes_and_scales() {
    for (m, n) in [(1, 1), (5, 1), (7, 7), (16, 16), (33, 17), (100, 33), (200, 64)] {
        for decades in [0.0, 100.0] {
            let x = graded(m, n, 10.0, decades, &mut rng((m + n) as u64)).unwrap();
            for &variant in Variant::ALL {
                let done = qr(variant, x.as_ref()).unwrap();
                assert_eq!(done.status, Status::Converged);
                holds(&format!("{} {m}×{n}", variant.name()), &x, &done.value);
                assert!(variant != Variant::CholeskyQr2 || done.value.route == Route::Twice);
                assert_eq!(Variant::from_name(variant.name()), Some(variant));
            }
        }
    }
}

#[test]
fn variants_agree_on_r() {
    let x = graded(40, 20, 100.0, 5.0, &mut rng(2)).unwrap();
    let reference = qr(Variant::Reference, x.as_ref()).unwrap().value.r;
    for &variant in &Variant::ALL[1..] {
        let r = qr(variant, x.as_ref()).unwrap().value.r;
        for j in 0..20 {
            let size = reference.col_as_slice(j).iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((0..20).all(|i| (r[(i, j)] - reference[(i, j)]).abs() <= 1e-12 * size), "{}", variant.name());
        }
    }
}

#[test]
fn ill_conditioned_columns_take_the_fallbacks() {
    for (kappa, route) in [(1e5, Route::Twice), (1e10, Route::Shifted), (1e13, Route::Shifted)] {
        let x = unit_with_spectrum(60, &geometric(20, 1.0, 1.0 / kappa), &mut rng(4)).unwrap();
        let found = qr(Variant::CholeskyQr2, x.as_ref()).unwrap().value;
        assert_eq!(found.route, route, "{kappa:e}");
        holds(&format!("{kappa:e}"), &x, &found);
    }
    // Two columns that are equal but for one bit.
    let mut x = gaussian(30, 5, &mut rng(5));
    let mut copy = x.col_as_slice(0).to_vec();
    copy[3] *= 1.0 + EPS;
    x.col_as_slice_mut(4).copy_from_slice(&copy);
    holds("one bit", &x, &qr(Variant::CholeskyQr2, x.as_ref()).unwrap().value);
}

#[test]
fn inadmissible_matrices_are_refused_by_every_variant() {
    let mut zero = gaussian(6, 3, &mut rng(1));
    zero.col_as_slice_mut(1).fill(0.0);
    let mut nan = gaussian(6, 3, &mut rng(1));
    nan[(0, 1)] = f64::NAN;
    for &variant in Variant::ALL {
        let wide = qr(variant, Mat::<f64>::zeros(2, 3).as_ref());
        assert!(matches!(wide, Err(Error::Input(InputError::Shape { .. }))));
        let refused = qr(variant, nan.as_ref());
        assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index: 6, .. }))));
        let refused = qr(variant, zero.as_ref());
        assert!(matches!(refused, Err(Error::Numerical(NumericalError::RankDeficient { column: 1 }))));
        assert_eq!(qr(variant, Mat::<f64>::zeros(4, 0).as_ref()).unwrap().value.q.shape(), (4, 0));
    }
}

#[test]
fn extreme_scales_of_columns() {
    let mut x = gaussian(20, 4, &mut rng(6));
    for (j, scale) in [1e-305, 1e300, 1.0, 1e-160].into_iter().enumerate() {
        x.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= scale);
    }
    for &variant in Variant::ALL {
        let found = qr(variant, x.as_ref()).unwrap().value;
        assert!(orthogonality(found.q.as_ref()) <= 1e-13, "{}", variant.name());
        assert!((0..4).all(|j| found.r[(j, j)] > 0.0 && found.r[(j, j)].is_finite()), "{}", variant.name());
    }
}
