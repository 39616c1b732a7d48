//! Fast applications against the product with the explicit matrix.

use algos::Par;
use algos::faer::{Mat, MatRef};
use algos::simd::Simd;
use algos::sketch::{Csr, Input, Law, Sketch, Variant, adjoint, apply, apply_on, rank_one, sample_rows};

use crate::support::{bits, gaussian, laws, norm, product, rng, vector};

fn close(image: &Mat<f64>, exact: &Mat<f64>, input: f64, what: &str) {
    let distance = norm(&(image - exact));
    // A sketch may cancel, so its input counts too.
    assert!(distance <= 1e-12 * norm(exact).max(input), "{what}: {distance:e} of {:e}", norm(exact));
}

/// Gaussian, one spike, constant, and huge next to tiny columns.
fn inputs(n: usize, d: usize) -> Vec<Mat<f64>> {
    let random = gaussian(n, d, 3);
    vec![
        Mat::from_fn(n, d, |i, j| if i == (7 * j + 1) % n { 1.0 } else { 0.0 }),
        Mat::from_fn(n, d, |_, j| 1.0 + j as f64),
        Mat::from_fn(n, d, |i, j| random[(i, j)] * 10f64.powi(40 * (j as i32 % 3))),
        random,
    ]
}

#[test]
fn fast_equals_explicit_on_every_instruction_set() {
    let small = [(1, 1, 1), (2, 3, 2), (4, 8, 9), (8, 17, 3), (16, 64, 8)];
    // The last two have whole words of signs in the second half of the padded column, with and without a rest.
    let large = [(24, 100, 17), (64, 300, 20), (300, 520, 5), (32, 200, 5), (32, 256, 9)];
    for (m, n, d) in small.into_iter().chain(large) {
        for law in laws(m, n) {
            let sketch = law.draw(m, n, &mut rng(m as u64)).unwrap();
            let s = sketch.explicit();
            for a in inputs(n, d) {
                let exact = product(s.as_ref(), a.as_ref());
                for simd in Simd::available() {
                    let what = format!("{law:?} {m}×{n}, {d} columns, {}", simd.name());
                    // Column by column, so that a small column beside a large one is judged too.
                    let image = apply_on(Variant::Fast, &sketch, a.as_ref().into(), simd, Par::Seq).unwrap().value;
                    for j in 0..d {
                        let column = |x: &Mat<f64>| x.as_ref().subcols(j, 1).to_owned();
                        close(&column(&image), &column(&exact), norm(&column(&a)), &what);
                    }
                }
                let image = apply(Variant::Explicit, &sketch, a.as_ref().into(), Par::Seq).unwrap().value;
                close(&image, &exact, norm(&a), &format!("{law:?}"));
            }
        }
    }
}

#[test]
fn row_major_strided_sparse_and_vector_inputs_are_the_same_matrix() {
    let (m, n, d) = (32, 150, 75);
    let mut a = gaussian(n, d, 1);
    // About half of it zero, some rows and columns entirely.
    for j in 0..d {
        a.col_as_slice_mut(j).iter_mut().enumerate().for_each(|(i, x)| {
            if (i * j) % 2 == 0 {
                *x = 0.0;
            }
        });
    }
    let rows: Vec<f64> = (0..n).flat_map(|i| (0..d).map(|j| a[(i, j)]).collect::<Vec<_>>()).collect();
    let by_rows = MatRef::from_row_major_slice(&rows, n, d);
    let doubled =
        Mat::from_fn(2 * n, 2 * d, |i, j| if i % 2 == 0 && j % 2 == 0 { a[(i / 2, j / 2)] } else { f64::NAN });
    let (rs, cs) = (2 * doubled.row_stride(), 2 * doubled.col_stride());
    // SAFETY: every second row and column of a matrix of twice the size.
    let strided = unsafe { MatRef::from_raw_parts(doubled.as_ptr(), n, d, rs, cs) };
    let (mut offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        for j in (0..d).filter(|&j| a[(i, j)] != 0.0) {
            indices.push(j);
            values.push(a[(i, j)]);
        }
        offsets.push(indices.len());
    }
    let csr = Csr::new((n, d), &offsets, &indices, &values).unwrap();
    for law in laws(m, n) {
        let sketch = law.draw(m, n, &mut rng(5)).unwrap();
        let exact = product(sketch.explicit().as_ref(), a.as_ref());
        let forms: [(&str, Input<'_>); 4] = [
            ("columns", a.as_ref().into()),
            ("rows", by_rows.into()),
            ("strided", strided.into()),
            ("sparse", csr.into()),
        ];
        for (name, input) in forms {
            for &variant in Variant::ALL {
                let image = apply(variant, &sketch, input, Par::Seq).unwrap().value;
                close(&image, &exact, 0.0, &format!("{law:?}, {name}, {}", variant.name()));
            }
        }
        let image = apply(Variant::Fast, &sketch, a.col_as_slice(1).into(), Par::Seq).unwrap().value;
        close(&image, &exact.as_ref().subcols(1, 1).to_owned(), 0.0, &format!("{law:?}, vector"));
    }
}

#[test]
fn threads_change_no_bit() {
    let (m, n, d) = (64, 700, 50);
    let a = gaussian(n, d, 2);
    let rows: Vec<f64> = (0..n).flat_map(|i| (0..d).map(|j| a[(i, j)]).collect::<Vec<_>>()).collect();
    let by_rows = MatRef::from_row_major_slice(&rows, n, d);
    for law in laws(m, n) {
        let sketch = law.draw(m, n, &mut rng(6)).unwrap();
        for input in [Input::from(a.as_ref()), Input::from(by_rows)] {
            let with = |par| {
                let outcome = apply(Variant::Fast, &sketch, input, par).unwrap();
                (bits(&outcome.value), outcome.effort)
            };
            let one = with(Par::Seq);
            assert!([1, 2, 3].into_iter().all(|threads| with(Par::rayon(threads)) == one), "{law:?}");
        }
    }
}

#[test]
fn adjoint_is_the_transposed_map() {
    for (m, n) in [(8, 17), (32, 256), (20, 300)] {
        for law in laws(m, n) {
            let sketch = law.draw(m, n, &mut rng(7)).unwrap();
            let (s, w) = (sketch.explicit(), vector(m, 8));
            let found = adjoint(&sketch, &w).unwrap();
            for (j, found) in found.iter().enumerate() {
                let exact: f64 = (0..m).map(|i| s[(i, j)] * w[i]).sum();
                assert!((found - exact).abs() < 1e-12 * norm(&s), "{law:?} {m}×{n}: {found} {exact}");
            }
        }
        let sketch = sample_rows(&vec![1.0; n], m, 2.0, &mut rng(1)).unwrap();
        let w = vector(sketch.nrows(), 1);
        let transposed = product(sketch.explicit().transpose(), MatRef::from_column_major_slice(&w, w.len(), 1));
        let found = adjoint(&sketch, &w).unwrap();
        assert!((0..n).all(|j| (found[j] - transposed[(j, 0)]).abs() < 1e-13));
    }
}

#[test]
fn tensor_sketch_of_a_product_needs_no_product() {
    let (left, right, m) = (16, 8, 40);
    let sketch = Law::TensorSrht { left, right }.draw(m, left * right, &mut rng(2)).unwrap();
    let (u, v) = (vector(left, 1), vector(right, 2));
    let whole: Vec<f64> = u.iter().flat_map(|x| v.iter().map(move |y| x * y)).collect();
    let image = apply(Variant::Explicit, &sketch, whole.as_slice().into(), Par::Seq).unwrap().value;
    let fast = rank_one(&sketch, &u, &v).unwrap();
    assert!((0..m).all(|i| (image[(i, 0)] - fast[i]).abs() < 1e-13));
}

#[test]
fn huge_inputs_do_not_overflow_on_the_way() {
    // Sums of 256 entries of 1e306 overflow; the scaled image does not.
    let a = Mat::from_fn(256, 3, |i, j| 1e306 * (1.0 + ((i * 3 + j) as f64).sin()));
    let small = Mat::from_fn(256, 3, |i, j| 1e-306 * 1e306 * a[(i, j)] * 1e-306);
    for law in [Law::Srht(Default::default()), Law::Gaussian, Law::CountSketch, Law::Srdct(Default::default())] {
        let sketch: Sketch = law.draw(16, 256, &mut rng(3)).unwrap();
        let image = apply(Variant::Fast, &sketch, a.as_ref().into(), Par::Seq).unwrap().value;
        let exact = product(sketch.explicit().as_ref(), small.as_ref());
        for j in 0..3 {
            for i in 0..16 {
                assert!((image[(i, j)] * 1e-306 - exact[(i, j)]).abs() < 1e-11, "{law:?}");
            }
        }
    }
}
