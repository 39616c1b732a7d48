//! Splines through values on a uniform grid, and what is made of grid tensors with them.

use algos::faer::Mat;
use algos::faer::linalg::solvers::{PartialPivLu, Solve};
use algos::linalg::distance;
use algos::tensor::chebyshev::{
    Canonical, Cube, Variant, hosvd, interpolate, interpolate_grid, rhosvd, series, spline::spline,
};
use algos::{Error, InputError, NumericalError};
use rand::RngExt;

use super::support::rng;

fn random(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    Mat::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

fn uniform(n: usize) -> Vec<f64> {
    (0..n).map(|i| (2.0 * i as f64 - (n - 1) as f64) / (n - 1) as f64).collect()
}

/// Values of `f` on the grid.
fn sampled(n: usize, f: impl Fn(f64) -> f64) -> Mat<f64> {
    let x = uniform(n);
    Mat::from_fn(n, 1, |i, _| f(x[i]))
}

fn evaluate(variant: Variant, values: &Mat<f64>, x: &[f64]) -> Mat<f64> {
    spline(variant, values.as_ref(), x).unwrap().value
}

fn largest(a: &Cube, b: &Cube) -> f64 {
    a.minus(b).unwrap().largest()
}

/// Places that are awkward: ends, grid points and their neighbours, repeated and in no order.
fn places(n: usize) -> Vec<f64> {
    let mut x = series::points(37).unwrap();
    x.extend(uniform(n).into_iter().flat_map(|x| [x, x.next_up().min(1.0), x.next_down().max(-1.0)]));
    x.extend([0.3, -0.3, 0.3, 1.0, -1.0]);
    x
}

#[test]
fn cubics_are_met_exactly() {
    let cubic = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x + 3.0 * x.powi(3);
    for n in [4, 5, 6, 7, 9, 40, 300] {
        let x = places(n);
        for &variant in Variant::ALL {
            let found = evaluate(variant, &sampled(n, cubic), &x);
            for (i, &x) in x.iter().enumerate() {
                assert!((found[(i, 0)] - cubic(x)).abs() < 2e-14, "{variant:?}, n = {n}, x = {x}: {}", found[(i, 0)]);
            }
        }
    }
    // In all directions, on a grid with three different sides.
    let f = |[x, y, z]: [f64; 3]| cubic(x) * (y.powi(3) - y) + cubic(-z) * y * y - x * z;
    let (a, b, c) = (uniform(4), uniform(11), uniform(6));
    let grid = Cube::from_fn([4, 11, 6], |[i, j, k]| f([a[i], b[j], c[k]])).unwrap();
    for &variant in Variant::ALL {
        let exact = interpolate(variant, [5, 4, 9], f).unwrap().value;
        assert!(largest(&interpolate_grid(variant, &grid, [5, 4, 9]).unwrap().value, &exact) < 2e-14);
    }
}

/// The coefficients of all pieces, in powers of the distance to the left grid point in units of the grid, from the conditions
/// themselves: values, two continuous derivatives, and a third one at the second and the last but one point.
fn by_conditions(f: &[f64]) -> Mat<f64> {
    let pieces = f.len() - 1;
    let (mut a, mut b) = (Mat::<f64>::zeros(4 * pieces, 4 * pieces), Mat::<f64>::zeros(4 * pieces, 1));
    let mut row = 0;
    let mut condition = |terms: &[(usize, usize, f64)], right: f64| {
        terms.iter().for_each(|&(piece, power, factor)| a[(row, 4 * piece + power)] += factor);
        b[(row, 0)] = right;
        row += 1;
    };
    for p in 0..pieces {
        condition(&[(p, 0, 1.0)], f[p]);
        condition(&[(p, 0, 1.0), (p, 1, 1.0), (p, 2, 1.0), (p, 3, 1.0)], f[p + 1]);
    }
    for p in 1..pieces {
        condition(&[(p - 1, 1, 1.0), (p - 1, 2, 2.0), (p - 1, 3, 3.0), (p, 1, -1.0)], 0.0);
        condition(&[(p - 1, 2, 1.0), (p - 1, 3, 3.0), (p, 2, -1.0)], 0.0);
    }
    for p in [1, pieces - 1] {
        condition(&[(p - 1, 3, 1.0), (p, 3, -1.0)], 0.0);
    }
    PartialPivLu::new(a.as_ref()).solve(b)
}

#[test]
fn the_ends_are_not_knots() {
    for n in [5, 6, 7, 8, 12, 25] {
        let values = random(n, 1, n as u64);
        let f: Vec<f64> = (0..n).map(|i| values[(i, 0)]).collect();
        let pieces = by_conditions(&f);
        let x = places(n);
        let found = Variant::ALL.iter().map(|&variant| evaluate(variant, &values, &x)).collect::<Vec<_>>();
        for (i, &x) in x.iter().enumerate() {
            let t = 0.5 * (x + 1.0) * (n - 1) as f64;
            let p = (t as usize).min(n - 2);
            let exact = (0..4).rev().fold(0.0, |sum, q| sum * (t - p as f64) + pieces[(4 * p + q, 0)]);
            for found in &found {
                assert!((found[(i, 0)] - exact).abs() < 1e-13, "n = {n}, x = {x}: {}, {exact}", found[(i, 0)]);
            }
        }
    }
}

#[test]
fn one_value_in_the_middle_spreads_as_known() {
    // On all integers the solution of c_{k−1} + 4c_k + c_{k+1} = δ_k is (√3−2)^|k|/(2√3); at ½ both weights of c are −3/8.
    let n = 101;
    let values = Mat::from_fn(n, 1, |i, _| f64::from(i == 50));
    let decay = 3f64.sqrt() - 2.0;
    let green = |k: i32| decay.powi(k.abs()) / (2.0 * 3f64.sqrt());
    let c = |k: i32| green(k - 1) - 2.0 * green(k) + green(k + 1);
    for &variant in Variant::ALL {
        for k in 0..30 {
            let x = (f64::from(k) + 0.5) * 2.0 / 100.0;
            let exact = f64::from(k == 0) / 2.0 - 0.375 * (c(k) + c(k + 1));
            let found = evaluate(variant, &values, &[x])[(0, 0)];
            assert!((found - exact).abs() < 1e-15, "{variant:?}, k = {k}: {found:e}, {exact:e}");
        }
    }
}

#[test]
fn fast_splines_are_those_of_the_reference() {
    for (n, columns) in [(4, 1), (5, 3), (33, 8), (65, 17), (66, 1), (67, 9), (200, 5), (3000, 3)] {
        let mut values = random(n, columns, 7);
        // A column of alternating signs, the worst for a spline, and one with a jump of many decades.
        (0..n).for_each(|i| values[(i, 0)] = if i % 2 == 0 { 1.0 } else { -1.0 });
        (0..n).for_each(|i| values[(i, columns - 1)] *= if i < n / 2 { 1e-8 } else { 1e8 });
        for x in [vec![], vec![0.1], places(n), series::points(129).unwrap()] {
            let [literal, fast] = [0, 1].map(|v| evaluate(Variant::ALL[v], &values, &x));
            assert_eq!((fast.nrows(), fast.ncols()), (x.len(), columns));
            for j in 0..columns {
                let size = (0..n).fold(0.0, |l: f64, i| l.max(values[(i, j)].abs()));
                for i in 0..x.len() {
                    let apart = (literal[(i, j)] - fast[(i, j)]).abs();
                    assert!(apart < 2e-15 * size, "n = {n}, ({i}, {j}): {apart:e} of {size:e}");
                }
            }
        }
    }
}

#[test]
fn far_values_are_not_read() {
    let count =
        |n| spline(Variant::Fast, random(n, 50, 1).as_ref(), &series::points(65).unwrap()).unwrap().effort.flops;
    assert!(count(8192) <= 65 * 66 * 108, "{}", count(8192));
    assert!(count(128) < 65 * 128 * 108, "{}", count(128));
}

#[test]
fn the_error_is_that_of_the_leading_term() {
    // exp is its own fourth derivative. Inside, h⁴f⁗/384; near an end c deviates, by −(2+√3)/36 of h⁴f⁗ there and by √3 − 2
    // times as much at each next grid point.
    let (f, fourth) = (f64::exp, f64::exp);
    for &variant in Variant::ALL {
        for n in [81, 161, 321] {
            let h = 2.0 / (n - 1) as f64;
            let error = |x: f64| (evaluate(variant, &sampled(n, f), &[x])[(0, 0)] - f(x)).abs();
            let middle = 0.5 - 0.5 * h;
            let inside = error(middle) / (h.powi(4) * fourth(middle).abs() / 384.0);
            assert!((inside - 1.0).abs() < 0.5 * h, "n = {n}: {inside}");
            let u = 0.430;
            let layer = |u: f64, v: f64| {
                let d = -(2.0 + 3f64.sqrt()) / 36.0;
                u * u * v * v / 24.0 - (v * v * v - v) * d - (u * u * u - u) / 36.0
            };
            let at_end = -1.0 + u * h;
            let end = error(at_end) / (h.powi(4) * (fourth(at_end) * layer(u, 1.0 - u)).abs());
            assert!((end - 1.0).abs() < 3.0 * h, "n = {n}: {end}");
        }
    }
}

/// Twelve decaying terms.
fn canonical(sides: [usize; 3]) -> Canonical {
    let factor = |n: usize| {
        let x = uniform(sides[n]);
        Mat::from_fn(x.len(), 12, |i, r| (-(2.0 + r as f64) * (x[i] - 0.1 * (r + n) as f64).powi(2)).exp())
    };
    let weights = (0..12).map(|r| if r % 3 == 0 { -1.0 } else { 0.7 }).collect();
    Canonical::new(weights, [factor(0), factor(1), factor(2)]).unwrap()
}

#[test]
fn grid_tensors_and_canonical_forms_give_the_same_coefficients() {
    let m = [17, 20, 9];
    for sides in [[33, 33, 33], [40, 5, 80]] {
        let canonical = canonical(sides);
        let mut all = Vec::new();
        for &variant in Variant::ALL {
            let grid = canonical.to_cube(variant).unwrap();
            let whole = interpolate_grid(variant, &grid, m).unwrap();
            let terms = canonical.at_points(variant, m).unwrap();
            let terms = terms.value.coefficients(variant).unwrap().value.to_cube(variant).unwrap();
            assert!(whole.effort.flops > 0);
            all.extend([whole.value, terms]);
        }
        for other in &all[1..] {
            assert!(largest(&all[0], other) < 1e-14 * all[0].largest(), "{sides:?}: {:e}", largest(&all[0], other));
        }
    }
}

#[test]
fn grids_that_no_array_could_hold_are_fine_for_terms() {
    let (fine, m) = (canonical([8193; 3]), [30; 3]);
    assert!(matches!(fine.to_cube(Variant::Fast), Err(Error::Input(InputError::Argument { name: "side", .. }))));
    let coefficients = fine.at_points(Variant::Fast, m).unwrap().value.coefficients(Variant::Fast).unwrap().value;
    let tucker = rhosvd(Variant::Fast, &coefficients, 1e-10).unwrap().value.hosvd.tucker;
    let exact = |[x, y, z]: [f64; 3]| -> f64 {
        let term = |r: usize| -> f64 {
            let to = |x: f64, n: usize| (x - 0.1 * (r + n) as f64).powi(2);
            fine.weights()[r] * (-(2.0 + r as f64) * (to(x, 0) + to(y, 1) + to(z, 2))).exp()
        };
        (0..12).map(term).sum()
    };
    for at in [[0.1, 0.3, 0.2], [-0.9, 0.5, 0.99], [1.0, 1.0, -1.0]] {
        assert!((tucker.value(at).unwrap() - exact(at)).abs() < 1e-7, "{at:?}");
    }
}

#[test]
fn ranks_of_a_resolved_grid_are_those_of_the_function() {
    let f = |[x, y, z]: [f64; 3]| (x + 2.0 * y * z).sin() / (3.0 + x - z);
    let x = uniform(81);
    let grid = Cube::from_fn([81; 3], |[i, j, k]| f([x[i], x[j], x[k]])).unwrap();
    let exact = interpolate(Variant::Fast, [20; 3], f).unwrap().value;
    let found = interpolate_grid(Variant::Fast, &grid, [20; 3]).unwrap().value;
    let error = largest(&exact, &found);
    assert!(error < 1e-5 && error > 1e-9, "{error:e}");
    let ranks = |cube: &Cube| hosvd(Variant::Fast, cube, 1e-4).unwrap().value.tucker.ranks();
    assert_eq!(ranks(&exact), ranks(&found));
}

#[test]
fn splines_commute_with_scaling() {
    let values = random(70, 4, 3);
    let x = series::points(33).unwrap();
    for scale in [1e-300, 1e-150, 1e150, 1e300] {
        let scaled = Mat::from_fn(70, 4, |i, j| scale * values[(i, j)]);
        for &variant in Variant::ALL {
            let (once, twice) = (evaluate(variant, &values, &x), evaluate(variant, &scaled, &x));
            let back = Mat::from_fn(33, 4, |i, j| twice[(i, j)] / scale);
            assert!(distance(once.as_ref(), back.as_ref()) < 1e-13, "{variant:?}, {scale:e}");
        }
    }
}

#[test]
fn what_no_spline_goes_through_is_refused() {
    let ones = |n| Mat::<f64>::from_fn(n, 2, |_, _| 1.0);
    for &variant in Variant::ALL {
        let of = |values: &Mat<f64>, x: &[f64]| match spline(variant, values.as_ref(), x) {
            Err(Error::Input(e)) => e,
            other => panic!("not refused at the door: {other:?}"),
        };
        for n in [0, 1, 3] {
            assert!(matches!(of(&ones(n), &[0.0]), InputError::Argument { name: "grid points", .. }));
        }
        for x in [1.0f64.next_up(), -1.5, f64::NAN, f64::INFINITY] {
            assert!(matches!(of(&ones(5), &[0.0, x]), InputError::Argument { name: "x", .. }));
        }
        let mut bad = ones(6);
        bad[(4, 1)] = f64::NAN;
        assert!(matches!(of(&bad, &[0.0]), InputError::NonFinite { index: 10, .. }));
        // Between the first two of alternating values the spline reaches 1.16 times their size.
        let huge = Mat::from_fn(8, 1, |i, _| if i % 2 == 0 { f64::MAX } else { -f64::MAX });
        let overflow = spline(variant, huge.as_ref(), &[-1.0 + 0.6 * 2.0 / 7.0]);
        assert!(matches!(overflow, Err(Error::Numerical(NumericalError::Overflow { .. }))));

        let cube = |sides| Cube::from_fn(sides, |_| 1.0).unwrap();
        let grid = |sides, m| match interpolate_grid(variant, &cube(sides), m) {
            Err(Error::Input(InputError::Argument { name, .. })) => name,
            other => panic!("not refused at the door: {other:?}"),
        };
        assert_eq!(grid([4, 3, 4], [3; 3]), "grid points");
        assert_eq!(grid([4; 3], [3, 3, 1]), "points");
        assert_eq!(grid([4; 3], [1 << 12; 3]), "side");
        let factors = canonical([9, 9, 3]);
        let refused = factors.at_points(variant, [5; 3]);
        assert!(matches!(refused, Err(Error::Input(InputError::Argument { name: "grid points", .. }))));
    }
    // Other numbers of columns are refused where the form is made, other numbers of rows are other grids.
    let uneven = [ones(5), Mat::from_fn(5, 3, |_, _| 1.0), ones(5)];
    assert!(matches!(Canonical::new(vec![1.0; 2], uneven), Err(Error::Input(InputError::Shape { .. }))));
}
