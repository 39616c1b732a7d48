//! Soft-Impute and the loaders.

use algos::completion::load::{LoadError, matrix_market, ratings};
use algos::completion::soft_impute::{Path, along, fast, reference};
use algos::completion::{Duplicates, Observations, diagnose};
use algos::{Error, InputError};

use crate::support::{apart, draw};

#[test]
fn soft_impute_agrees_with_its_reference() {
    let instance = draw(50, 40, 2, 0.6, 3);
    // All columns and many iterations: both arrive at the same minimiser.
    let path = Path { width: 40, iterations: 300, tolerance: 1e-9, last: 1e-2, ..Path::default() };
    let [a, b] =
        [reference(&instance.observations, &path), fast(&instance.observations, &path)].map(|o| o.unwrap().value);
    let [x, y] = [&a, &b].map(|s| s.scaled() * s.v.transpose());
    assert!(apart(x.as_ref(), y.as_ref()) < 1e-5, "{:e}", apart(x.as_ref(), y.as_ref()));
    // Shrinkage is a bias: the data are not met exactly, however much of the matrix is seen.
    let error = diagnose::relative_error(b.scaled().as_ref(), b.v.as_ref(), &instance.truth).unwrap();
    assert!(error > 1e-3 && error < 0.2, "{error:e}");
    for bad in [Path { values: 0, ..path }, Path { first: f64::NAN, ..path }, Path { last: 1.0, ..path }] {
        assert!(matches!(fast(&instance.observations, &bad), Err(Error::Input(InputError::Argument { .. }))));
        assert!(matches!(reference(&instance.observations, &bad), Err(Error::Input(InputError::Argument { .. }))));
    }
}

#[test]
fn soft_impute_shows_its_path() {
    let instance = draw(30, 20, 2, 0.6, 5);
    let path = Path { width: 20, ..Path::default() };
    let mut seen = Vec::new();
    let end = along(&instance.observations, &path, &mut |lambda, x| seen.push((lambda, x.clone()))).unwrap();
    assert_eq!(end, fast(&instance.observations, &path).unwrap());
    assert_eq!(seen.len(), path.values);
    assert_eq!(seen[path.values - 1].1, end.value);
    assert!((seen[path.values - 1].0 / seen[0].0 / (path.last / path.first) - 1.0).abs() < 1e-12);
    // What is shown belongs to its λ: a path that ends there ends with it.
    let short = Path { values: 4, last: path.first * seen[3].0 / seen[0].0, ..path };
    let (found, expected) = (&seen[3].1.sigma, &fast(&instance.observations, &short).unwrap().value.sigma);
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-9 * expected[0], "{a} and {b}");
    }
}

#[test]
fn soft_impute_does_not_stop_early_in_other_units() {
    let instance = draw(30, 20, 2, 0.6, 4);
    let path = Path { width: 20, iterations: 100, tolerance: 1e-5, ..Path::default() };
    let usual = fast(&instance.observations, &path).unwrap();
    // Squares of these values overflow or vanish.
    for scale in [2f64.powi(-560), 2f64.powi(560)] {
        let triplets = instance.observations.rows().entries();
        let triplets = triplets.map(|(i, j, v)| (i as u32, j as u32, scale * v)).collect();
        let found = match fast(&Observations::from_triplets(30, 20, triplets).unwrap(), &path) {
            Ok(found) => found,
            Err(error) => {
                // Sums of squares inside overflow, and say so.
                assert!(scale > 1.0 && matches!(error, Error::Numerical(_)), "{error} at {scale:e}");
                continue;
            }
        };
        let (iterations, expected) = (found.effort.iterations as f64, usual.effort.iterations as f64);
        assert!((iterations / expected - 1.0).abs() < 0.1, "{iterations} at {scale:e}, {expected} at 1");
        for (found, expected) in found.value.sigma.iter().zip(&usual.value.sigma) {
            let apart = (found / scale - expected).abs();
            assert!(apart <= 1e-3 * usual.value.sigma[0], "{found:e} at {scale:e}, {expected:e} at 1");
        }
    }
}

#[test]
fn ratings_keep_names_and_refuse_what_they_cannot_read() {
    for text in [
        "user,item,rating\nu1,a,4.5\nu2,b,3\nu1,b,1\n",
        "u1\ta\t4.5\t99\nu2\tb\t3\t98\nu1\tb\t1\t97\n",
        "u1::a::4.5\nu2::b::3\nu1::b::1",
        "u1 a 4.5\nu2 b 3\n\nu1 b 1",
    ] {
        let found = ratings(text, Duplicates::Refuse).unwrap();
        assert_eq!(
            (&found.rows[..], &found.columns[..]),
            (&["u1".into(), "u2".into()][..], &["a".into(), "b".into()][..])
        );
        assert_eq!(found.observations.rows().entries().collect::<Vec<_>>(), [(0, 0, 4.5), (0, 1, 1.0), (1, 1, 3.0)]);
    }
    assert!(matches!(ratings("u,a,1\nu,b", Duplicates::Refuse), Err(LoadError::Line { line: 2, .. })));
    assert!(matches!(ratings("u,a,1\nu,b,x", Duplicates::Refuse), Err(LoadError::Line { line: 2, .. })));
    assert!(matches!(ratings("u,a,1\nu,b,NaN", Duplicates::Refuse), Err(LoadError::Line { line: 2, .. })));
    assert!(matches!(ratings("", Duplicates::Refuse), Err(LoadError::Entries(_))));
    assert!(matches!(ratings("u,a,1\nu,a,2", Duplicates::Refuse), Err(LoadError::Entries(_))));
    assert_eq!(ratings("u,a,1\nu,a,2", Duplicates::Mean).unwrap().observations.rows().line(0).1, [1.5]);
}

#[test]
fn matrix_market_files_are_read_as_written() {
    let head = "%%MatrixMarket matrix coordinate real";
    let general = format!("{head} general\n% note\n2 3 2\n1 3 1.5\n2 1 -2e0\n");
    let found = matrix_market(&general, Duplicates::Refuse).unwrap();
    assert_eq!(found.shape(), (2, 3));
    assert_eq!(found.rows().entries().collect::<Vec<_>>(), [(0, 2, 1.5), (1, 0, -2.0)]);
    let mirrored = matrix_market(&format!("{head} skew-symmetric\n2 2 1\n2 1 3\n"), Duplicates::Refuse).unwrap();
    assert_eq!(mirrored.rows().entries().collect::<Vec<_>>(), [(0, 1, -3.0), (1, 0, 3.0)]);
    for (text, line) in [
        ("1 1 1\n".into(), 1),
        (format!("{head} hermitian\n1 1 1\n1 1 1\n"), 1),
        (format!("{head} general\n1 1\n1 1 1\n"), 2),
        (format!("{head} general\n1 1 1\n0 1 1\n"), 3),
        (format!("{head} general\n1 1 1\n1 1 inf\n"), 3),
        (format!("{head} general\n1 2 2\n1 1 1\n"), 3),
    ] {
        match matrix_market(&text, Duplicates::Refuse) {
            Err(LoadError::Line { line: found, .. }) => assert_eq!(found, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let outside = matrix_market(&format!("{head} general\n1 1 1\n2 1 1\n"), Duplicates::Refuse);
    assert!(matches!(outside, Err(LoadError::Entries(Error::Input(InputError::OutOfRange { .. })))));
}
