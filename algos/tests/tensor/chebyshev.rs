//! Chebyshev series with coefficients in Tucker form.

use algos::faer::Mat;
use algos::linalg::{distance, gram};
use algos::tensor::chebyshev::{
    Canonical, Cube, Variant, hosvd, interpolate,
    potential::{gaussian_series, newton_kernel, particles, potential},
    rhosvd,
    series::{chebyshev, coefficients, points},
    tucker_als,
};
use algos::{Error, InputError, Status};
use rand::RngExt;

use super::support::rng;

fn random(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    Mat::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// Entries that fall by two decades from the first to the last in each direction, of full rank.
fn decaying(side: usize, decades: f64, seed: u64) -> Cube {
    let mut rng = rng(seed);
    let slope = -decades * 10f64.ln() / side as f64;
    Cube::from_fn([side; 3], |[i, j, k]| (slope * (i + j + k) as f64).exp() * rng.random_range(-1.0..1.0)).unwrap()
}

fn largest(a: &Cube, b: &Cube) -> f64 {
    a.minus(b).unwrap().largest()
}

#[test]
fn transforms_recover_the_coefficients_of_polynomials() {
    for m in [2, 3, 5, 8, 9, 16, 17, 31, 33, 34, 65, 97] {
        let x = points(m).unwrap();
        let truth = random(m, 3, m as u64);
        let values = algos::linalg::product(chebyshev(&x, m).unwrap().as_ref(), truth.as_ref());
        for &variant in Variant::ALL {
            let found = coefficients(variant, values.as_ref()).unwrap().value;
            let apart = distance(found.as_ref(), truth.as_ref());
            assert!(apart < 1e-13 * (m as f64), "{variant:?} m = {m}: {apart:e}");
        }
    }
}

#[test]
fn folding_saves_two_thirds_of_the_flops() {
    let values = random(257, 2, 1);
    let [literal, folded] = [0, 1].map(|v| coefficients(Variant::ALL[v], values.as_ref()).unwrap().effort.flops);
    assert!((folded as f64) < 0.36 * literal as f64, "{folded} of {literal}");
}

#[test]
fn the_series_of_a_gaussian_is_that_of_bessel_functions() {
    for t in [0.1, 2.0, 8.0, 16.0, 20.0] {
        let m = 257;
        let x = points(m).unwrap();
        let exact = gaussian_series(t, m / 2 + 1).unwrap();
        let at_one: f64 = exact.iter().sum();
        assert!((at_one - (-t * t).exp()).abs() < 1e-14, "t = {t}: {at_one:e}");
        let values = Mat::from_fn(m, 1, |i, _| (-(t * x[i]).powi(2)).exp());
        let found = coefficients(Variant::Fast, values.as_ref()).unwrap().value;
        for k in 0..m {
            let exact = if k % 2 == 0 { exact[k / 2] } else { 0.0 };
            assert!((found[(k, 0)] - exact).abs() < 1e-15, "t = {t}, k = {k}: {:e}, {exact:e}", found[(k, 0)]);
        }
    }
}

#[test]
fn separable_polynomials_have_rank_one_and_are_met_exactly() {
    let f = |[x, y, z]: [f64; 3]| (1.0 + x * x) * y.powi(3) * (2.0 - z);
    let two = |[x, y, z]: [f64; 3]| f([x, y, z]) + x.powi(4) * (1.0 - y) * z * z;
    for &variant in Variant::ALL {
        let cube = interpolate(variant, [9, 6, 4], f).unwrap().value;
        // 1 + x² = 3/2 + T₂/2, y³ = (3T₁ + T₃)/4, 2 − z = 2 − T₁.
        let at = |i: usize, j: usize, k: usize| cube.entries()[i + 9 * (j + 6 * k)];
        assert!((at(0, 1, 0) - 2.25).abs() < 1e-14 && (at(2, 3, 1) + 0.125).abs() < 1e-14);
        let found = hosvd(variant, &cube, 1e-12).unwrap().value.tucker;
        assert_eq!(found.ranks(), [1, 1, 1]);
        assert!(largest(&found.to_cube().unwrap(), &cube) < 1e-14);
        let p = [0.3, -0.71, 0.9];
        assert!((found.value(p).unwrap() - f(p)).abs() < 1e-14);
        let pair = interpolate(variant, [9, 6, 4], two).unwrap().value;
        let found = hosvd(variant, &pair, 1e-12).unwrap().value.tucker;
        assert_eq!(found.ranks(), [2, 2, 2]);
        assert!((found.value(p).unwrap() - two(p)).abs() < 1e-14);
    }
}

#[test]
fn values_on_a_grid_are_those_at_its_points() {
    let f = |[x, y, z]: [f64; 3]| (x + 0.5 * y * z).sin() * (-z).exp();
    let cube = interpolate(Variant::Fast, [20, 21, 22], f).unwrap().value;
    let (x, y, z) = ([-1.0, 0.2, 1.0], [0.0, 0.77], [-0.4, 0.1, 0.5, 1.0]);
    let all = cube.on_grid([&x, &y, &z]).unwrap();
    let compressed = hosvd(Variant::Fast, &cube, 1e-13).unwrap().value.tucker;
    assert!(largest(&all, &compressed.on_grid([&x, &y, &z]).unwrap()) < 1e-11);
    let direct = Cube::from_fn([3, 2, 4], |[i, j, k]| f([x[i], y[j], z[k]])).unwrap();
    assert!(largest(&all, &direct) < 1e-13);
}

#[test]
fn truncation_keeps_its_tolerance_and_variants_agree() {
    // Over twelve decades a Gram matrix would keep less than half of the singular values.
    for (decades, tolerance) in [(2.0, 0.0), (2.0, 1e-6), (2.0, 1e-3), (2.0, 0.1), (12.0, 0.0), (12.0, 1e-6)] {
        let cube = decaying(14, decades, 3);
        let found = Variant::ALL.iter().map(|&v| hosvd(v, &cube, tolerance).unwrap().value).collect::<Vec<_>>();
        for hosvd in &found {
            let error = cube.minus(&hosvd.tucker.to_cube().unwrap()).unwrap().norm();
            assert!(error <= (tolerance + 1e-14) * cube.norm(), "{tolerance}: {error:e}");
            for (n, factor) in hosvd.tucker.factors.iter().enumerate() {
                let unit = Mat::identity(factor.ncols(), factor.ncols());
                assert!(distance(gram(factor.as_ref()).as_ref(), unit.as_ref()) < 1e-13);
                let exact = algos::linalg::singular_values(cube.unfold(n).as_ref()).unwrap();
                let off = exact.iter().zip(&hosvd.spectra[n]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(off < 1e-13 * exact[0], "mode {n}: {off:e}");
            }
        }
        assert_eq!(found[0].tucker.ranks(), found[1].tucker.ranks());
        let [a, b] = [0, 1].map(|v| found[v].tucker.to_cube().unwrap());
        assert!(largest(&a, &b) < 1e-12 * cube.largest());
    }
    assert!(
        hosvd(Variant::Fast, &decaying(14, 2.0, 3), 0.1).unwrap().value.tucker.rank() < 14,
        "nothing was truncated"
    );
}

#[test]
fn alternating_least_squares_improves_the_truncation() {
    let cube = decaying(12, 2.0, 8);
    let error = |t: &algos::tensor::chebyshev::Tucker| cube.minus(&t.to_cube().unwrap()).unwrap().norm();
    let start = tucker_als(&cube, [4, 5, 6], 0, 0.0).unwrap();
    let better = tucker_als(&cube, [4, 5, 6], 30, 1e-12).unwrap();
    assert_eq!((start.status, better.value.ranks()), (Status::IterationLimit, [4, 5, 6]));
    assert!(error(&better.value) < 0.999 * error(&start.value));
    assert!(error(&better.value) > 1e-3 * cube.norm(), "an approximation, not the array");
    let exact = tucker_als(&start.value.to_cube().unwrap(), [4, 5, 6], 3, 1e-12).unwrap();
    assert!(largest(&exact.value.to_cube().unwrap(), &start.value.to_cube().unwrap()) < 1e-13);
}

/// Coefficients of a potential that 33 points resolve.
fn smooth_potential() -> Canonical {
    let kernel: Vec<_> =
        newton_kernel(0.5, -16.0, 7.0).unwrap().into_iter().filter(|g| g.t > 1e-3 && g.t <= 3.0).collect();
    let x = points(33).unwrap();
    let all = potential(&kernel, &particles(5, 0.8, &mut rng(4)), [&x, &x, &x]).unwrap();
    all.coefficients(Variant::Fast).unwrap().value
}

#[test]
fn the_reduced_decomposition_equals_that_of_the_whole_array() {
    let canonical = smooth_potential();
    let tolerance = 1e-7;
    let [literal, whole] = [0, 1].map(|v| canonical.to_cube(Variant::ALL[v]).unwrap());
    assert!(largest(&literal, &whole) < 1e-14 * whole.largest());
    let direct = hosvd(Variant::Fast, &whole, tolerance).unwrap().value.tucker;
    let mut ranks = Vec::new();
    for &variant in Variant::ALL {
        let reduced = rhosvd(variant, &canonical, tolerance).unwrap().value;
        let error = reduced.hosvd.tucker.to_cube().unwrap().minus(&whole).unwrap().norm();
        assert!(error <= tolerance * (reduced.scale + whole.norm()), "{variant:?}: {error:e}");
        assert!(error > 1e-12 * whole.norm(), "{variant:?}: nothing was truncated");
        let apart = reduced.hosvd.tucker.to_cube().unwrap().minus(&direct.to_cube().unwrap()).unwrap().norm();
        assert!(apart <= 3.0 * tolerance * reduced.scale.max(whole.norm()));
        for ((first, last), direct) in reduced.first_ranks.iter().zip(reduced.hosvd.tucker.ranks()).zip(direct.ranks())
        {
            assert!(*first >= last && last.abs_diff(direct) <= 1, "{variant:?}: {first}, {last}, {direct}");
        }
        ranks.push((reduced.first_ranks, reduced.hosvd.tucker.ranks()));
    }
    assert_eq!(ranks[0], ranks[1]);
}

#[test]
fn a_potential_is_the_sum_over_particles() {
    let kernel = newton_kernel(0.5, -2.0, 1.0).unwrap();
    let all = particles(3, 0.8, &mut rng(6));
    let x = [-0.9, 0.1, 0.6];
    let cube = potential(&kernel, &all, [&x, &x, &x]).unwrap().to_cube(Variant::Reference).unwrap();
    let r2 = |p: &[f64; 3], at: [usize; 3]| p.iter().zip(at).map(|(p, i)| (x[i] - p).powi(2)).sum::<f64>();
    let direct = Cube::from_fn([3; 3], |at| {
        let of =
            |g: &algos::tensor::chebyshev::potential::Gaussian, p: &[f64; 3]| g.weight * (-g.t * g.t * r2(p, at)).exp();
        all.iter().map(|p| p.charge * kernel.iter().map(|g| of(g, &p.at)).sum::<f64>()).sum()
    });
    assert!(largest(&cube, &direct.unwrap()) < 1e-14);
    assert!(all.iter().all(|p| p.charge.abs() == 1.0 && p.at.iter().all(|x| x.abs() <= 0.8)));
}

#[test]
fn the_quadrature_of_the_newton_kernel_has_the_derived_error() {
    for h in [0.5, 0.4, 0.3] {
        let kernel = newton_kernel(h, -16.0, 7.0).unwrap();
        let derived = 8f64.sqrt() * (-std::f64::consts::PI.powi(2) / (2.0 * h)).exp();
        let error =
            |r: f64| (r * kernel.iter().map(|g| g.weight * (-(g.t * r).powi(2)).exp()).sum::<f64>() - 1.0).abs();
        let largest = (0..400).map(|i| error(0.05 + 0.95 * f64::from(i) / 399.0)).fold(0.0, f64::max);
        assert!(largest < 1.05 * derived + 3e-7 && largest > 0.8 * derived, "h = {h}: {largest:e}, {derived:e}");
    }
}

#[test]
fn zero_is_represented() {
    for &variant in Variant::ALL {
        let zero = Cube::from_fn([4; 3], |_| 0.0).unwrap();
        let found = hosvd(variant, &zero, 1e-7).unwrap().value.tucker;
        assert_eq!((found.ranks(), found.to_cube().unwrap().largest()), ([1; 3], 0.0));
        let none = Canonical::new(vec![0.0], [(); 3].map(|()| Mat::from_fn(4, 1, |_, _| 1.0))).unwrap();
        let found = rhosvd(variant, &none, 1e-7).unwrap().value;
        assert_eq!((found.scale, found.hosvd.tucker.to_cube().unwrap().largest()), (0.0, 0.0));
    }
}

#[test]
fn what_cannot_be_worked_on_is_refused() {
    let input = |e: Error| match e {
        Error::Input(e) => e,
        e => panic!("not refused at the door: {e}"),
    };
    let refused = |e: Error| matches!(input(e), InputError::Argument { .. });
    assert!(refused(points(1).unwrap_err()));
    assert!(refused(chebyshev(&[1.5], 3).unwrap_err()) && refused(chebyshev(&[f64::NAN], 3).unwrap_err()));
    assert!(refused(interpolate(Variant::Fast, [4, 1, 4], |_| 0.0).unwrap_err()));
    assert!(refused(Cube::from_fn([1 << 20, 1 << 20, 1 << 40], |_| 0.0).unwrap_err()));
    assert!(matches!(
        input(interpolate(Variant::Fast, [4; 3], |[x, ..]| 1.0 / (x - 1.0)).unwrap_err()),
        InputError::NonFinite { .. }
    ));
    assert!(matches!(input(Cube::new([2; 3], vec![0.0; 7]).unwrap_err()), InputError::Shape { .. }));
    let cube = decaying(4, 2.0, 1);
    for tolerance in [-1e-3, 1.0, f64::NAN] {
        assert!(refused(hosvd(Variant::Fast, &cube, tolerance).unwrap_err()));
        assert!(refused(tucker_als(&cube, [2; 3], 1, tolerance).unwrap_err()));
        assert!(refused(rhosvd(Variant::Fast, &smooth_potential(), tolerance).unwrap_err()));
    }
    for ranks in [[0, 1, 1], [5, 2, 3], [4, 1, 2]] {
        assert!(refused(tucker_als(&cube, ranks, 1, 0.0).unwrap_err()), "{ranks:?}");
    }
    let ones = |rows, columns| Mat::<f64>::from_fn(rows, columns, |_, _| 1.0);
    assert!(refused(Canonical::new(vec![], [ones(2, 0), ones(2, 0), ones(2, 0)]).unwrap_err()));
    let odd = Canonical::new(vec![1.0], [ones(2, 1), ones(2, 2), ones(2, 1)]).unwrap_err();
    assert!(matches!(input(odd), InputError::Shape { .. }));
    let nan = Canonical::new(vec![f64::NAN], [ones(2, 1), ones(2, 1), ones(2, 1)]).unwrap_err();
    assert!(matches!(input(nan), InputError::NonFinite { .. }));
    let huge = || Mat::<f64>::from_fn(2, 1, |_, _| 1e200);
    let huge = Canonical::new(vec![1.0], [huge(), huge(), huge()]).unwrap();
    assert!(matches!(input(rhosvd(Variant::Fast, &huge, 0.1).unwrap_err()), InputError::NonFinite { .. }));
    assert!(refused(gaussian_series(0.0, 3).unwrap_err()) && refused(newton_kernel(0.0, -1.0, 1.0).unwrap_err()));
    assert!(refused(newton_kernel(0.1, 1.0, -1.0).unwrap_err()));
    let missing = potential(&[], &particles(1, 0.8, &mut rng(1)), [&[0.0], &[0.0], &[0.0]]).unwrap_err();
    assert!(refused(missing));
}

#[test]
fn extreme_scales_survive() {
    for scale in [1e-150, 1e150] {
        let f = |[x, y, z]: [f64; 3]| scale / (3.0 + x + y * z);
        let cube = interpolate(Variant::Fast, [12; 3], f).unwrap().value;
        let found = hosvd(Variant::Fast, &cube, 1e-6).unwrap().value.tucker;
        let p = [0.1, 0.2, -0.9];
        assert!((found.value(p).unwrap() / f(p) - 1.0).abs() < 1e-5);
    }
}
