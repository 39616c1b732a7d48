//! Singular value decompositions: all variants against each other, across block and lane boundaries.

use algos::factorize::instance::{gaussian, graded};
use algos::factorize::svd::{Engine, Svd, Variant, certify, jacobi_from, svd};
use algos::faer::{Mat, MatRef, Par};
use algos::linalg::{distance, right_singular_vectors, singular_values, symmetric_eigen};
use algos::simd::Simd;
use algos::{Error, InputError, Outcome, Status};

use crate::support::{EPS, apart, norm, orthogonality, rng, sandwich};

fn run(variant: Variant, x: &Mat<f64>) -> Outcome<Svd> {
    svd(variant, x.as_ref(), Engine::detect()).unwrap()
}

/// Orthonormal factors, descending values, and a product that gives the matrix back.
fn holds(name: &str, x: MatRef<'_, f64>, found: &Svd) {
    let (m, n) = x.shape();
    let k = m.min(n);
    assert_eq!((found.left.shape(), found.right.shape()), ((m, k), (n, k)), "{name}");
    let size = 40.0 * (m.max(n) as f64 + 10.0) * EPS;
    assert!(found.values.is_sorted_by(|a, b| a >= b), "{name}");
    assert!(orthogonality(found.left.as_ref()) <= size, "{name}: U {}", orthogonality(found.left.as_ref()));
    assert!(orthogonality(found.right.as_ref()) <= size, "{name}: V {}", orthogonality(found.right.as_ref()));
    let back = sandwich(found.left.as_ref(), &found.values, found.right.transpose());
    let error = distance(back.as_ref(), x);
    assert!(error <= size * norm(x), "{name}: {error:e} against {:e}", norm(x));
}

#[test]
fn all_shapes_across_block_and_lane_boundaries() {
    let sizes = [
        (1, 1),
        (2, 1),
        (7, 1),
        (2, 2),
        (3, 2),
        (7, 7),
        (8, 8),
        (9, 8),
        (15, 15),
        (16, 16),
        (17, 16),
        (17, 17),
        (31, 31),
        (32, 32),
        (33, 33),
        (40, 33),
        (48, 47),
        (49, 49),
        (64, 64),
        (65, 65),
        (100, 20),
        (3, 11),
        (20, 65),
    ];
    for (m, n) in sizes {
        let x = gaussian(m, n, &mut rng((100 * m + n) as u64));
        let exact = singular_values(x.as_ref()).unwrap();
        for &variant in Variant::ALL {
            let done = run(variant, &x);
            let name = format!("{} {m}×{n}", variant.name());
            assert_eq!(done.status, Status::Converged, "{name}");
            assert_eq!(done.value.rank, m.min(n), "{name}");
            holds(&name, x.as_ref(), &done.value);
            assert!(apart(&done.value.values, &exact) <= 1e-11, "{name}");
        }
    }
}

#[test]
fn fast_variants_keep_the_relative_accuracy_of_the_reference() {
    for (m, n, seed) in [(24, 16, 1), (40, 33, 2), (70, 48, 3)] {
        for decades in [0.0, 12.0, 60.0, 140.0] {
            let x = graded(m, n, 10.0, decades, &mut rng(seed)).unwrap();
            let reference = run(Variant::Reference, &x).value.values;
            for &variant in &Variant::ALL[1..] {
                let done = run(variant, &x);
                let name = format!("{} {m}×{n}, {decades} decades", variant.name());
                assert_eq!(done.status, Status::Converged, "{name}");
                let error = apart(&done.value.values, &reference);
                assert!(error <= 1e-12, "{name}: {error:e}");
                holds(&name, x.as_ref(), &done.value);
            }
        }
    }
}

#[test]
fn grading_of_rows_does_no_harm_to_plain_rotations() {
    let x = graded(30, 20, 10.0, 12.0, &mut rng(4)).unwrap();
    let rows = graded(20, 20, 10.0, 0.0, &mut rng(5)).unwrap();
    let x = Mat::from_fn(20, 20, |i, j| rows[(i, j)] * x.col_as_slice(i).iter().map(|x| x.abs()).fold(0.0, f64::max));
    let reference = run(Variant::Reference, &x).value.values;
    let error = apart(&run(Variant::DeRijk, &x).value.values, &reference);
    assert!(error <= 1e-11, "{error:e}");
    for &variant in Variant::ALL {
        let done = run(variant, &x);
        assert!((done.value.values[0] / reference[0] - 1.0).abs() <= 1e-13, "{}", variant.name());
        holds(variant.name(), x.as_ref(), &done.value);
    }
}

#[test]
fn duplicate_and_zero_columns_end() {
    for n in [6, 20, 40] {
        let mut x = gaussian(n + 5, n, &mut rng(n as u64));
        let copy = x.col_as_slice(0).to_vec();
        x.col_as_slice_mut(n - 1).copy_from_slice(&copy);
        x.col_as_slice_mut(2).fill(0.0);
        let opposite: Vec<f64> = x.col_as_slice(1).iter().map(|x| -3.0 * x).collect();
        x.col_as_slice_mut(3).copy_from_slice(&opposite);
        for &variant in Variant::ALL {
            let name = format!("{} {n}", variant.name());
            let done = run(variant, &x);
            assert_eq!(done.status, Status::Converged, "{name}");
            holds(&name, x.as_ref(), &done.value);
            assert!(done.value.values[n - 3] <= 1e-13 * done.value.values[0], "{name}");
            assert!(done.value.values[n - 4] >= 1e-3 * done.value.values[0], "{name}");
        }
    }
}

#[test]
fn low_rank_matrices_and_zero_matrices() {
    let (a, b) = (gaussian(40, 3, &mut rng(1)), gaussian(3, 36, &mut rng(2)));
    let x = algos::linalg::product(a.as_ref(), b.as_ref());
    for &variant in Variant::ALL {
        let done = run(variant, &x);
        holds(variant.name(), x.as_ref(), &done.value);
        assert!(done.value.values[3] <= 1e-13 * done.value.values[0], "{}", variant.name());
        let zero = run(variant, &Mat::zeros(5, 4));
        assert_eq!((zero.value.rank, zero.status), (0, Status::Converged));
        assert_eq!(zero.value.values, [0.0; 4]);
        holds(variant.name(), Mat::<f64>::zeros(5, 4).as_ref(), &zero.value);
        let mut one = Mat::zeros(20, 18);
        one[(4, 7)] = -3.0;
        let found = run(variant, &one);
        assert_eq!((found.value.rank, found.value.values[0]), (1, 3.0), "{}", variant.name());
        holds(variant.name(), one.as_ref(), &found.value);
        for (m, n) in [(0, 0), (3, 0), (0, 3)] {
            let empty = run(variant, &Mat::zeros(m, n));
            assert!(empty.value.values.is_empty() && empty.value.left.nrows() == m && empty.value.right.nrows() == n);
        }
    }
}

#[test]
fn equal_norms_and_equal_values() {
    // Two equal norms need 45 degrees, and multiples of the identity none.
    let x = Mat::from_fn(2, 2, |i, j| if i == j { 2.0 } else { 1.0 });
    for &variant in Variant::ALL {
        assert!(apart(&run(variant, &x).value.values, &[3.0, 1.0]) <= 4.0 * EPS, "{}", variant.name());
        let done = run(variant, &Mat::from_fn(36, 36, |i, j| if (i + 1) % 36 == j { -2.0 } else { 0.0 }));
        assert!(apart(&done.value.values, &[2.0; 36]) <= 4.0 * EPS, "{}", variant.name());
    }
}

#[test]
fn scaling_by_powers_of_two_changes_nothing_but_the_scale() {
    let x = graded(20, 18, 10.0, 3.0, &mut rng(6)).unwrap();
    for &variant in Variant::ALL {
        let plain = run(variant, &x).value;
        for exponent in [-1000, -300, 300, 1010] {
            let factor = |e: i32| 2f64.powi(e / 2) * 2f64.powi(e - e / 2);
            let scaled = Mat::from_fn(20, 18, |i, j| x[(i, j)] * factor(exponent));
            let found = run(variant, &scaled).value;
            let expected: Vec<f64> = plain.values.iter().map(|s| s * factor(exponent)).collect();
            assert_eq!(found.values, expected, "{} 2^{exponent}", variant.name());
            assert_eq!(distance(found.right.as_ref(), plain.right.as_ref()), 0.0, "{}", variant.name());
        }
    }
}

#[test]
fn subnormal_and_huge_entries() {
    let x = gaussian(10, 6, &mut rng(7));
    let tiny = Mat::from_fn(10, 6, |i, j| x[(i, j)] * 1e-310);
    let huge = Mat::from_fn(10, 6, |i, j| x[(i, j)].signum() * f64::MAX / 8.0);
    for &variant in Variant::ALL {
        let found = run(variant, &tiny).value.values;
        let exact: Vec<f64> = run(Variant::Reference, &Mat::from_fn(10, 6, |i, j| tiny[(i, j)] * 2f64.powi(1000)))
            .value
            .values
            .iter()
            .map(|s| s * 2f64.powi(-1000))
            .collect();
        assert!(apart(&found, &exact) <= 1e-12, "{}", variant.name());
        assert!(run(variant, &huge).value.values.iter().all(|s| s.is_finite()), "{}", variant.name());
    }
}

#[test]
fn inadmissible_matrices_are_refused_by_every_variant() {
    let mut x = gaussian(6, 4, &mut rng(8));
    x[(2, 1)] = f64::INFINITY;
    let mut wide = Mat::<f64>::identity(3, 3);
    wide[(1, 1)] = 1e-290;
    for &variant in Variant::ALL {
        let refused = svd(variant, x.as_ref(), Engine::detect());
        assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index: 8, .. }))), "{refused:?}");
        let refused = svd(variant, wide.as_ref(), Engine::detect());
        assert!(matches!(refused, Err(Error::Input(InputError::RangeTooWide { index: 1, .. }))), "{refused:?}");
        assert_eq!(Variant::from_name(variant.name()), Some(variant));
    }
    wide[(1, 1)] = 1e-270;
    assert_eq!(run(Variant::Blocked, &wide).value.values, [1.0, 1.0, 1e-270]);
}

#[test]
fn instruction_sets_and_threads_agree() {
    let x = graded(90, 70, 10.0, 6.0, &mut rng(9)).unwrap();
    for variant in [Variant::DeRijk, Variant::Blocked, Variant::Certified] {
        let widest = run(variant, &x).value;
        for simd in Simd::available() {
            let other = svd(variant, x.as_ref(), Engine { simd, par: Par::Seq }).unwrap().value;
            let error = apart(&other.values, &widest.values);
            assert!(error <= if simd.name() == "portable" { 1e-13 } else { 0.0 }, "{} {}", variant.name(), simd.name());
        }
        let threads = svd(variant, x.as_ref(), Engine { simd: Simd::detect(), par: Par::rayon(2) }).unwrap().value;
        assert_eq!(threads.values, widest.values, "{}", variant.name());
        assert_eq!(distance(threads.left.as_ref(), widest.left.as_ref()), 0.0);
        assert_eq!(distance(threads.right.as_ref(), widest.right.as_ref()), 0.0);
    }
}

#[test]
fn the_certificate_accepts_clean_starts_and_refuses_spoilt_ones() {
    let x = graded(40, 30, 10.0, 0.0, &mut rng(3)).unwrap();
    let v0 = right_singular_vectors(x.as_ref()).unwrap();
    let clean = certify(x.as_ref(), v0.as_ref()).unwrap();
    assert!(clean.accepted && clean.eta <= 1e-10 && clean.gamma <= 11.0, "{clean:?}");
    let accepted = run(Variant::Certified, &x).value;
    assert!(accepted.certificate.is_some_and(|c| c.accepted) && accepted.sweeps <= 3);
    // A start that is orthogonal to single precision only.
    let single = Mat::from_fn(30, 30, |i, j| f64::from(v0[(i, j)] as f32));
    assert!(!certify(x.as_ref(), single.as_ref()).unwrap().accepted);
    // Columns that differ by more than the rounding errors of a start can bear.
    let graded = graded(40, 30, 10.0, 40.0, &mut rng(3)).unwrap();
    let v0 = right_singular_vectors(graded.as_ref()).unwrap();
    let spoilt = certify(graded.as_ref(), v0.as_ref()).unwrap();
    assert!(!spoilt.accepted, "{spoilt:?}");
    let reference = run(Variant::Reference, &graded).value.values;
    let forced = jacobi_from(graded.as_ref(), v0.as_ref(), Engine::detect()).unwrap().value;
    assert!(apart(&forced.values, &reference) >= 1e-3);
    let refused = run(Variant::Certified, &graded).value;
    assert!(refused.certificate.is_some_and(|c| !c.accepted) && apart(&refused.values, &reference) <= 1e-12);
    assert!(certify(x.as_ref(), Mat::<f64>::identity(29, 29).as_ref()).is_err());
}

#[test]
fn starts_that_are_empty_end_and_starts_that_are_not_finite_are_refused() {
    for (m, n) in [(3, 0), (0, 0)] {
        let (x, v0) = (Mat::<f64>::zeros(m, n), Mat::<f64>::zeros(n, n));
        let found = jacobi_from(x.as_ref(), v0.as_ref(), Engine::detect()).unwrap();
        assert_eq!((found.value.rank, found.status), (0, Status::Converged));
        holds("empty", x.as_ref(), &found.value);
        certify(x.as_ref(), v0.as_ref()).unwrap();
    }
    let x = gaussian(6, 4, &mut rng(8));
    for bad in [f64::NAN, f64::INFINITY] {
        let mut v0 = Mat::<f64>::identity(4, 4);
        v0[(2, 1)] = bad;
        let refused = jacobi_from(x.as_ref(), v0.as_ref(), Engine::detect()).map(|_| ());
        assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index: 6, .. }))), "{refused:?}");
        let refused = certify(x.as_ref(), v0.as_ref());
        assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index: 6, .. }))), "{refused:?}");
    }
}

#[test]
fn eleven_vectors_with_cosines_of_a_tenth_can_be_dependent() {
    // A bound on the cosines would accept this start; the norm of all of them does not.
    let gram = Mat::from_fn(11, 11, |i, j| if i == j { 1.0 } else { -0.1 });
    let (values, vectors) = symmetric_eigen(gram.as_ref()).unwrap();
    let x = Mat::from_fn(11, 11, |i, j| values[i].max(0.0).sqrt() * vectors[(j, i)]);
    assert!(!certify(x.as_ref(), Mat::<f64>::identity(11, 11).as_ref()).unwrap().accepted);
}

#[test]
fn effort_is_counted_where_the_work_is_done() {
    let x = gaussian(96, 64, &mut rng(1));
    for variant in [Variant::DeRijk, Variant::Blocked] {
        let done = run(variant, &x);
        let sweeps = done.value.sweeps as u64;
        assert_eq!(done.effort.iterations, sweeps);
        let sweep = 64u64.pow(3);
        assert!((sweeps * sweep..sweeps * 40 * sweep).contains(&done.effort.flops), "{:?}", done.effort);
    }
    // A column of zeros takes a second run, with the rotations accumulated: its sweeps count.
    let mut singular = x.clone();
    singular.col_as_slice_mut(5).fill(0.0);
    let done = run(Variant::Blocked, &singular);
    assert_eq!(done.effort.iterations, done.value.sweeps as u64);
    assert!(done.value.sweeps > run(Variant::Blocked, &x).value.sweeps);
}
