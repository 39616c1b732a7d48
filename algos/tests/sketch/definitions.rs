//! Explicit matrices against their definitions, and the distributions of what is drawn.

use algos::linalg::norm;
use algos::sketch::{Law, Rows, Signs, Sketch, sample_rows, sketched};

use crate::support::{laws, rng};

#[test]
fn the_scale_of_every_law_is_isotropic() {
    // E‖Sx‖² = 1 for a flat, a Gaussian and a one-hot x; the standard error is about 0.01.
    let (m, n, draws) = (64, 300, 300);
    for law in laws(m, n) {
        let mut rng = rng(11);
        let unit = |x: Vec<f64>| {
            let size = norm(&x);
            x.iter().map(|x| x / size).collect::<Vec<f64>>()
        };
        let inputs = [
            vec![1.0; n],
            (0..n).map(|i| ((i * i) as f64).sin()).collect(),
            (0..n).map(|i| f64::from(u8::from(i == 123))).collect(),
        ];
        for x in inputs.map(unit) {
            let mut sum = 0.0;
            let mut squares = 0.0;
            for _ in 0..draws {
                let sketch = law.draw(m, n, &mut rng).unwrap();
                let y = norm(sketched(&sketch, x.as_slice()).unwrap().col_as_slice(0)).powi(2);
                sum += y;
                squares += y * y;
            }
            let mean = sum / f64::from(draws);
            let error = ((squares / f64::from(draws) - mean * mean).max(0.0) / f64::from(draws)).sqrt();
            assert!((mean - 1.0).abs() <= 6.5 * error + 1e-12, "{law:?}: {mean} ± {error}");
        }
    }
}

#[test]
fn columns_have_the_entries_that_the_law_says() {
    let (m, n) = (24, 90);
    let mut rng = rng(5);
    for (law, s) in [(Law::CountSketch, 1), (Law::OsnapBlocks(4), 4), (Law::OsnapGraph(5), 5)] {
        let matrix = law.draw(m, n, &mut rng).unwrap().explicit();
        for j in 0..n {
            let entries: Vec<(usize, f64)> = (0..m).map(|i| (i, matrix[(i, j)])).filter(|e| e.1 != 0.0).collect();
            assert_eq!(entries.len(), s, "{law:?}");
            assert!(entries.iter().all(|e| (e.1.abs() - 1.0 / (s as f64).sqrt()).abs() < 1e-15));
            if let Law::OsnapBlocks(s) = law {
                assert!(entries.iter().enumerate().all(|(k, e)| e.0 / (m / s) == k), "one in each block");
            }
        }
    }
    let s = 9.0;
    let matrix = Law::VerySparse(s).draw(200, 500, &mut rng).unwrap().explicit();
    let entries = matrix.col_iter().map(|c| c.iter().filter(|x| **x != 0.0).count()).sum::<usize>();
    let expected = 200.0 * 500.0 / s;
    assert!((entries as f64 - expected).abs() < 6.0 * (expected * (1.0 - 1.0 / s)).sqrt(), "{entries} of {expected}");
}

#[test]
fn rows_are_distinct_only_where_that_is_meant() {
    let mut rng = rng(9);
    let repeated = |law: Law, rng: &mut rand_chacha::ChaCha8Rng| {
        let matrix = law.draw(48, 64, rng).unwrap().explicit();
        (0..48).any(|i| (0..i).any(|k| (0..64).all(|j| matrix[(i, j)] == matrix[(k, j)])))
    };
    for _ in 0..20 {
        assert!(!repeated(Law::Srht(Rows::Distinct), &mut rng));
        assert!(!repeated(Law::Srdct(Rows::Distinct), &mut rng));
        assert!(repeated(Law::Srht(Rows::Replaced), &mut rng));
        assert!(repeated(Law::Srdct(Rows::Replaced), &mut rng));
    }
    // All rows without replacement: an orthogonal matrix.
    let all = Law::Srht(Rows::Distinct).draw(64, 64, &mut rng).unwrap().explicit();
    let gram = all.transpose() * &all;
    assert!((0..64).all(|i| (0..64).all(|j| (gram[(i, j)] - f64::from(u8::from(i == j))).abs() < 1e-13)));
}

#[test]
fn orthogonal_rows_are_orthonormal_and_of_both_signs() {
    let s = Law::Orthogonal.draw(10, 40, &mut rng(1)).unwrap().explicit();
    let gram = &s * s.transpose();
    assert!((0..10).all(|i| (0..10).all(|j| (gram[(i, j)] - 4.0 * f64::from(u8::from(i == j))).abs() < 1e-13)));
    // Householder's reflections leave the first entry of a column negative unless signs are corrected.
    let positive = (0..60).filter(|&seed| Law::Orthogonal.draw(1, 3, &mut rng(seed)).unwrap().explicit()[(0, 0)] > 0.0);
    assert!((12..48).contains(&positive.count()));
}

#[test]
fn kept_rows_have_their_probability_and_weight() {
    let scores = [0.0, 1.0, 2.0, 100.0];
    let (draws, mut kept) = (4000, [0; 4]);
    let mut rng = rng(3);
    for _ in 0..draws {
        let Ok(sketch) = sample_rows(&scores, 2, 2.0, &mut rng) else { continue };
        let matrix = sketch.explicit();
        for (row, count) in kept.iter_mut().enumerate() {
            let q = (2.0 * scores[row] / 103.0f64).min(1.0);
            for i in (0..sketch.nrows()).filter(|&i| matrix[(i, row)] != 0.0) {
                *count += 1;
                assert!((matrix[(i, row)] - q.powf(-0.5)).abs() < 1e-14);
            }
        }
    }
    assert_eq!((kept[0], kept[3]), (0, draws));
    assert!((f64::from(kept[2]) - 4000.0 * 4.0 / 103.0).abs() < 75.0, "{kept:?}");
}

#[test]
fn signs_are_what_they_are_made_of() {
    let minus: Vec<bool> = (0..200).map(|i| i % 3 == 0).collect();
    let signs = Signs::from_bools(minus.iter().copied());
    assert_eq!(signs.len(), 200);
    assert!((0..200).all(|i| (signs.get(i) < 0.0) == minus[i]));
    let drawn = Signs::draw(1000, &mut rng(1));
    let sum: f64 = (0..1000).map(|i| drawn.get(i)).sum();
    assert!(sum.abs() < 190.0);
    // Signs of a sketch reach past the first word.
    let sketch = Sketch::srht(signs, vec![0]).unwrap().explicit();
    assert!((0..200).all(|j| (sketch[(0, j)] < 0.0) == minus[j]));
}

#[test]
fn signs_make_flat_vectors_isotropic() {
    // Without signs a flat vector is transformed to a single spike, which a sample of rows has or has not.
    let (m, n) = (64, 256);
    let flat = vec![1.0 / 16.0; n];
    let mut rng = rng(21);
    for law in
        [Law::Srht(Rows::Distinct), Law::Srdct(Rows::Distinct), Law::TensorSrht { left: 16, right: 16 }, Law::Pooled]
    {
        for _ in 0..50 {
            let image = sketched(&law.draw(m, n, &mut rng).unwrap(), flat.as_slice()).unwrap();
            let length = norm(image.col_as_slice(0));
            assert!((0.4..1.8).contains(&length), "{law:?}: {length}");
        }
    }
}
