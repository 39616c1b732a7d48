//! Packed tensors, their flattenings, and contractions against dense arithmetic.

use algos::tensor::SymmetricTensor;
use algos::tensor::instance::{Spec, symmetric_gaussian};
use algos::tensor::monomials::{Monomials, count, multiplicity};
use algos::tensor::power::Ascent;
use algos::tensor::reference::Full;
use algos::tensor::subspace::Subspace;
use algos::tensor::{Options, uniqueness_bound};

use super::support::{CELLS, rng};

#[test]
fn multi_indices_are_numbered_in_order() {
    for (d, n) in [(1, 4), (4, 1), (5, 2), (4, 3), (3, 6)] {
        let monomials = Monomials::new(d, n).unwrap();
        let mut last: Option<Vec<usize>> = None;
        let mut total = 0.0;
        monomials.for_each(|p, index| {
            assert_eq!(monomials.position(index), p);
            assert!(index.is_sorted() && last.as_deref().is_none_or(|last| last < index));
            last = Some(index.to_vec());
            total += multiplicity(index);
        });
        assert_eq!(monomials.len(), count(d, n).unwrap());
        assert_eq!(total, (d as f64).powi(n as i32));
    }
}

#[test]
fn dense_and_packed_forms_agree() {
    for m in 1..=5 {
        let tensor = symmetric_gaussian(m, 4, &mut rng(m as u64)).unwrap();
        let dense = tensor.to_dense().unwrap();
        assert_eq!(dense.ndim(), m);
        let back = SymmetricTensor::from_dense(dense.view(), 1e-15).unwrap();
        let apart = back.plus(-1.0, &tensor).unwrap().largest();
        assert!(apart < 1e-15 * tensor.largest(), "{apart}");
        let norm = dense.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((tensor.norm() - norm).abs() < 1e-13 * norm);
    }
}

#[test]
fn the_flattening_has_the_norm_and_the_products_of_the_tensor() {
    for (m, d, _) in CELLS {
        let tensor = symmetric_gaussian(m, d, &mut rng(7)).unwrap();
        for rows in 1..m {
            let flat = tensor.flatten(rows).unwrap().matrix;
            assert!((flat.norm_l2() - tensor.norm()).abs() < 1e-12 * tensor.norm());
        }
    }
}

#[test]
fn contraction_is_that_of_the_dense_tensor() {
    for m in 2..=5 {
        let d = 4;
        let tensor = symmetric_gaussian(m, d, &mut rng(20 + m as u64)).unwrap();
        let dense = tensor.to_dense().unwrap();
        let x = [0.3, -0.8, 0.5, 1.1];
        let mut y = vec![0.0; d];
        let value = tensor.contraction().apply(&x, &mut y);
        let mut expected = vec![0.0; d];
        for (index, t) in dense.indexed_iter() {
            let product: f64 = (1..m).map(|k| x[index[k]]).product();
            expected[index[0]] += t * product;
        }
        for (y, e) in y.iter().zip(&expected) {
            assert!((y - e).abs() < 1e-12, "order {m}: {y} {e}");
        }
        let form: f64 = expected.iter().zip(&x).map(|(e, x)| e * x).sum();
        assert!((value - form).abs() < 1e-12);
    }
}

#[test]
fn packed_and_full_subspaces_define_the_same_function() {
    for (cell, seed) in CELLS.into_iter().zip(30..) {
        let (m, d, r) = cell;
        let (tensor, truth) = Spec::new(m, d, r).draw(&mut rng(seed)).unwrap();
        let options = Options { rank: Some(r), ..Options::default() };
        let (mut full, ..) = Full::extract(&tensor, &options).unwrap();
        let mut packed = Subspace::spanned_by(truth.vectors(), m.div_ceil(2)).unwrap();
        let x = algos::tensor::power::direction(d, &mut rng(seed + 50));
        let (mut y, mut z) = (vec![0.0; d], vec![0.0; d]);
        let (f, g) = (full.evaluate(&x, &mut y), packed.evaluate(&x, &mut z));
        assert!((f - g).abs() < 1e-11, "{cell:?}: {f} {g}");
        assert!(y.iter().zip(&z).all(|(y, z)| (y - z).abs() < 1e-11));
        let c = packed.contraction(&x);
        let squares = (0..r).map(|j| c.col_as_slice(j).iter().zip(&x).map(|(c, x)| c * x).sum::<f64>().powi(2));
        assert!((squares.sum::<f64>() - g).abs() < 1e-12, "F is the squared norm of the contraction");
    }
}

#[test]
fn the_gradient_is_the_derivative_of_f() {
    for n in [2, 3] {
        let mut space = Subspace::generic(5, n, 4, &mut rng(3)).unwrap();
        let x = algos::tensor::power::direction(5, &mut rng(4));
        let mut y = vec![0.0; 5];
        space.evaluate(&x, &mut y);
        for i in 0..5 {
            let mut value = |h: f64| {
                let mut moved = x.clone();
                moved[i] += h;
                let mut z = vec![0.0; 5];
                space.evaluate(&moved, &mut z);
                moved.iter().zip(&z).map(|(x, z)| x * z).sum::<f64>()
            };
            let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
            assert!((slope - 2.0 * n as f64 * y[i]).abs() < 1e-8, "{slope} {}", 2.0 * n as f64 * y[i]);
        }
    }
}

#[test]
fn bounds_of_uniqueness() {
    assert_eq!(uniqueness_bound(4, 5), 10);
    assert_eq!(uniqueness_bound(4, 8), 28);
    assert_eq!(uniqueness_bound(6, 3), 7);
    assert_eq!(uniqueness_bound(3, 30), 30);
    assert_eq!(uniqueness_bound(5, 19), 190);
}
