//! The tiles against the oracle.

use algos::Par;
use algos::kernel::{Bandwidth, Engine, Points, Problem, Variant, instance::gaussian, multiply, product};
use faer::Mat;

use crate::support::{bits, cloud, engines, exact, rng, unit};

/// The largest error of a variant over `Σ_j K_ij |x_j| (1 + largest norm²)`, on every instruction set.
fn worst(variant: Variant, queries: &Points, keys: &Points, x: &[f64]) -> f64 {
    let problem = unit(queries, keys);
    let truth = exact(&problem, x);
    let moduli = exact(&problem, &x.iter().map(|x| x.abs()).collect::<Vec<_>>());
    let norms = (0..queries.len()).map(|i| queries.point(i)).chain((0..keys.len()).map(|j| keys.point(j)));
    let largest = norms.map(|p| p.iter().map(|x| x * x).sum::<f64>()).fold(0.0, f64::max);
    let error = |engine| {
        let y = multiply(variant, &problem, x, engine).unwrap().value;
        let each =
            y.iter().zip(&truth).zip(&moduli).map(|((y, t), m)| (y - t).abs() / (m.max(1e-30) * (1.0 + largest)));
        each.fold(0.0, f64::max)
    };
    engines().map(error).fold(0.0, f64::max)
}

#[test]
fn tiles_agree_with_the_oracle_at_all_sizes() {
    for d in [0, 1, 2, 3, 7, 8, 16, 64, 128] {
        for n in [1, 5, 31, 33, 257] {
            for m in [1, 8, 31, 33, 130] {
                let (queries, keys) = (cloud(n, d, 0.7, n as u64), cloud(m, d, 0.7, 1000 + m as u64));
                let x = gaussian(m, &mut rng(7));
                let double = worst(Variant::TileF64, &queries, &keys, &x);
                assert!(double <= 1e-13, "d = {d}, n = {n}, m = {m}: {double:e}");
                let single = worst(Variant::TileF32, &queries, &keys, &x);
                assert!(single <= 3e-6, "d = {d}, n = {n}, m = {m}: {single:e}");
            }
        }
    }
}

#[test]
fn the_exponential_is_right_to_a_unit_in_the_last_place() {
    // One key at the origin in one dimension: each value is one exponential.
    let places: Vec<f64> = (0..40_000).map(|i| 37.6 * f64::from(i) / 40_000.0).collect();
    let queries = Points::new(places.len(), 1, places).unwrap();
    let keys = Points::new(1, 1, vec![0.0]).unwrap();
    let problem = unit(&queries, &keys);
    for engine in engines().filter(|engine| engine.simd.name() != "portable") {
        let y = multiply(Variant::TileF64, &problem, &[1.0], engine).unwrap().value;
        for (i, y) in y.iter().enumerate() {
            let q = queries.point(i)[0];
            // The argument as the tile has it, then the library's exponential of it.
            let truth = (-(0.5 * (q * q))).exp();
            let ulps = ((y - truth) / truth).abs() / (f64::EPSILON / 2.0);
            // The rounded logarithm of e counts once for each unit of the argument.
            let limit = 3.1 + 0.13 * (0.5 * q * q);
            assert!(ulps <= limit, "{}: e^-{} is off by {ulps}", engine.simd.name(), 0.5 * q * q);
        }
    }
}

#[test]
fn far_points_underflow_to_zero_and_huge_weights_stay_finite() {
    let queries = Points::new(3, 2, vec![0.0, 0.0, 1e3, 0.0, 1e140, 1e140]).unwrap();
    let keys = Points::new(3, 2, vec![0.0, 0.0, 0.0, 1e3, -1e140, 1e140]).unwrap();
    let problem = unit(&queries, &keys);
    for &variant in &[Variant::Reference, Variant::TileF64] {
        for engine in engines() {
            let y = multiply(variant, &problem, &[1.0, 1e300, -1e300], engine).unwrap().value;
            assert!(y.iter().all(|y| y.is_finite()), "{} {y:?}", variant.name());
            assert_eq!(y[2], 0.0);
        }
    }
}

#[test]
fn single_precision_underflows_to_zero_too() {
    // Exponents around the smallest normal number, −87.3, and far below.
    let places = [0.0, 13.0, 13.1, 13.19, 13.3, 14.0, 100.0, 1e10];
    let queries = Points::new(8, 1, places.to_vec()).unwrap();
    let keys = Points::new(1, 1, vec![0.0]).unwrap();
    let problem = unit(&queries, &keys);
    for engine in engines() {
        let y = multiply(Variant::TileF32, &problem, &[1.0], engine).unwrap().value;
        for (y, q) in y.iter().zip(places) {
            let truth = (-0.5 * q * q).exp();
            let expected = if 0.5 * q * q > 87.0 { 0.0 } else { truth };
            assert!((y - expected).abs() <= 1e-4 * truth, "{}: {y} at {q}", engine.simd.name());
        }
    }
}

#[test]
fn queries_beyond_single_precision_do_not_spoil_near_keys() {
    let queries = Points::new(3, 1, vec![1e60, -1e60, 0.0]).unwrap();
    let keys = Points::new(2, 1, vec![0.25, -0.25]).unwrap();
    let problem = unit(&queries, &keys);
    for engine in engines() {
        for variant in [Variant::TileF64, Variant::TileF32] {
            let y = multiply(variant, &problem, &[1.0, 1.0], engine).unwrap().value;
            assert_eq!(y[..2], [0.0, 0.0], "{} on {}", variant.name(), engine.simd.name());
            assert!((y[2] - 2.0 * (-0.03125_f64).exp()).abs() < 1e-6, "{} on {}", variant.name(), engine.simd.name());
        }
    }
}

#[test]
fn a_shift_of_all_points_does_no_harm() {
    let (queries, keys) = (cloud(200, 8, 0.7, 1), cloud(190, 8, 0.7, 2));
    let shift = |p: &Points| Points::new(p.len(), 8, p.coordinates().iter().map(|x| x + 1e6).collect()).unwrap();
    let (far_queries, far_keys) = (shift(&queries), shift(&keys));
    let x = gaussian(190, &mut rng(3));
    let problem = unit(&far_queries, &far_keys);
    let truth = exact(&problem, &x);
    let moduli = exact(&problem, &x.iter().map(|x| x.abs()).collect::<Vec<_>>());
    for engine in engines() {
        for (variant, limit) in [(Variant::TileF64, 1e-7), (Variant::TileF32, 1e-4)] {
            let y = multiply(variant, &problem, &x, engine).unwrap().value;
            for ((y, t), m) in y.iter().zip(&truth).zip(&moduli) {
                assert!((y - t).abs() <= limit * m, "{} on {}", variant.name(), engine.simd.name());
            }
        }
    }
}

#[test]
fn points_far_apart_from_each_other_are_subtracted_first() {
    // Two clusters 1e6 apart: no centre is near to both.
    let shifted = |seed| {
        let mut points = cloud(60, 3, 0.5, seed).coordinates().to_vec();
        points.iter_mut().skip(90).for_each(|x| *x += 1e6);
        Points::new(60, 3, points).unwrap()
    };
    let (queries, keys) = (shifted(1), shifted(2));
    let problem = unit(&queries, &keys);
    let x = vec![1.0; 60];
    let truth = exact(&problem, &x);
    for engine in engines() {
        let y = multiply(Variant::TileF64, &problem, &x, engine).unwrap().value;
        for (y, t) in y.iter().zip(&truth) {
            assert!((y - t).abs() <= 1e-7 * t, "{}: {y} {t}", engine.simd.name());
        }
    }
}

#[test]
fn several_sides_are_the_columns_one_by_one() {
    let (queries, keys) = (cloud(67, 5, 0.7, 1), cloud(45, 5, 0.7, 2));
    let problem = unit(&queries, &keys);
    let x = Mat::from_fn(45, 3, |j, c| ((j * 7 + c * 3) % 11) as f64 - 4.0);
    for &variant in Variant::ALL {
        for engine in engines() {
            let all = product(variant, &problem, x.as_ref(), engine).unwrap().value;
            for c in 0..3 {
                let one = multiply(variant, &problem, x.col_as_slice(c), engine).unwrap().value;
                assert_eq!(bits(&one), bits(all.col_as_slice(c)), "{}", variant.name());
            }
        }
    }
}

#[test]
fn threads_and_fma_instruction_sets_give_the_same_bits() {
    let (queries, keys) = (cloud(1201, 6, 0.8, 1), cloud(701, 6, 0.8, 2));
    let problem = unit(&queries, &keys);
    let x = gaussian(701, &mut rng(3));
    for variant in [Variant::TileF64, Variant::TileF32] {
        let mut seen = Vec::new();
        for engine in engines().filter(|engine| engine.simd.name() != "portable") {
            for par in [Par::Seq, Par::rayon(2), Par::rayon(3)] {
                let y = multiply(variant, &problem, &x, Engine { par, ..engine }).unwrap().value;
                seen.push(bits(&y));
            }
        }
        assert!(seen.windows(2).all(|w| w[0] == w[1]), "{}", variant.name());
    }
}

#[test]
fn conventions_and_scales_of_the_bandwidth() {
    let points = Points::new(2, 1, vec![0.0, 3.0]).unwrap();
    let entry = |b| Problem::new(&points, &points, b).unwrap().entry(0, 1);
    assert!((entry(Bandwidth::StandardDeviation(1.5)) - (-2f64).exp()).abs() < 1e-16);
    assert!((entry(Bandwidth::Scale(1.5)) - (-4f64).exp()).abs() < 1e-16);
    let Bandwidth::StandardDeviation(sigma) = Bandwidth::median(&points).unwrap() else { panic!() };
    assert!((2.0 * sigma * sigma - 9.0).abs() < 1e-12);
}

#[test]
fn no_points_and_no_coordinates() {
    let none = Points::new(0, 3, vec![]).unwrap();
    let some = cloud(4, 3, 1.0, 1);
    let flat = Points::new(5, 0, vec![]).unwrap();
    for &variant in Variant::ALL {
        let run =
            |q: &Points, k: &Points, x: &[f64]| multiply(variant, &unit(q, k), x, Engine::detect()).unwrap().value;
        assert!(run(&none, &some, &[1.0; 4]).is_empty());
        assert_eq!(run(&some, &none, &[]), [0.0; 4]);
        // Without coordinates all points coincide.
        assert_eq!(run(&flat, &flat, &[1.0, 2.0, 3.0, 4.0, 5.0]), [15.0; 5]);
    }
}
