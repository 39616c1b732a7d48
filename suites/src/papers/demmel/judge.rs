//! The judge of singular values: one-sided Jacobi rotations in double-double arithmetic.
//!
//! Written from the definition, apart from everything that it judges: row-cyclic, inner products computed anew for each
//! pair. Its relative error is about `2 κ(B) 2^−104`, as long as squares keep their low parts: scales of columns within
//! 1e-140 of the largest.

use faer::MatRef;

use super::double::Double;

/// Singular values, descending.
pub fn singular_values(x: MatRef<'_, f64>) -> Vec<Double> {
    let mut columns: Vec<Vec<Double>> = x.col_iter().map(|c| c.iter().map(|&x| x.into()).collect()).collect();
    let n = columns.len();
    // A dozen sweeps are enough; the limit only guards against input that is not finite.
    for _ in 0..60 {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                rotated |= rotate(&mut columns, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut values: Vec<Double> = columns.iter().map(|x| dot(x, x).sqrt()).collect();
    values.sort_by(|a, b| b.hi.total_cmp(&a.hi).then(b.lo.total_cmp(&a.lo)));
    values
}

fn dot(x: &[Double], y: &[Double]) -> Double {
    x.iter().zip(y).fold(Double::ZERO, |sum, (&x, &y)| sum + x * y)
}

/// Makes two columns orthogonal, unless they are.
fn rotate(columns: &mut [Vec<Double>], p: usize, q: usize) -> bool {
    let (a, b, c) = (dot(&columns[p], &columns[p]), dot(&columns[q], &columns[q]), dot(&columns[p], &columns[q]));
    let significant = c.hi.abs() > 1e-28 * a.hi.sqrt() * b.hi.sqrt();
    if !significant {
        return false;
    }
    let z = (b - a) / (c + c);
    let t = if z.hi.abs() > 1e150 {
        Double::ONE / (z + z)
    } else {
        let t = Double::ONE / (z.abs() + (Double::ONE + z * z).sqrt());
        if z.hi < 0.0 { -t } else { t }
    };
    let cosine = Double::ONE / (Double::ONE + t * t).sqrt();
    let sine = cosine * t;
    let (left, right) = columns.split_at_mut(q);
    for (x, y) in left[p].iter_mut().zip(right[0].iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    true
}

/// The largest relative error of computed singular values, both descending; infinite if there are not as many.
pub fn largest_error(exact: &[Double], computed: &[f64]) -> f64 {
    if exact.len() != computed.len() {
        return f64::INFINITY;
    }
    let errors = exact.iter().zip(computed).map(|(exact, &x)| exact.relative_error(x).abs());
    crate::harness::stats::maximum(errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    const UNIT: f64 = 1.0 / (1u128 << 104) as f64;

    fn product(values: &[Double]) -> Double {
        values.iter().fold(Double::ONE, |p, &v| p * v)
    }

    fn off(a: Double, b: f64) -> f64 {
        a.relative_error(b).abs()
    }

    #[test]
    fn arithmetic_keeps_what_one_number_loses() {
        let third = Double::ONE / Double::from(3.0);
        assert!(off(third * Double::from(3.0), 1.0) <= 2.0 * UNIT);
        let root = Double::from(2.0).sqrt();
        assert!(off(root * root, 2.0) <= 4.0 * UNIT);
        let sum = Double::from(1.0) + Double::from(1e-25);
        assert_eq!((sum - Double::ONE).hi, 1e-25);
        assert_eq!(Double::from(0.0).sqrt(), Double::ZERO);
    }

    #[test]
    fn unit_bidiagonal_matrices_have_values_of_closed_form() {
        for n in [5, 17, 32] {
            let x = Mat::from_fn(n, n, |i, j| if i == j || i + 1 == j { 1.0 } else { 0.0 });
            let values = singular_values(x.as_ref());
            assert!(off(product(&values), 1.0) <= 1e-28);
            let squares = values.iter().fold(Double::ZERO, |s, &v| s + v * v);
            assert!(off(squares, 2.0 * n as f64 - 1.0) <= 1e-29);
            for (j, value) in (1..).zip(&values) {
                let exact = 2.0 * (f64::from(j) * std::f64::consts::PI / (2 * n + 1) as f64).cos();
                assert!(off(*value, exact) <= 1e-13);
            }
        }
    }

    #[test]
    fn values_of_pascal_matrices_come_in_reciprocal_pairs() {
        for (n, slack) in [(6usize, 1e-27), (8, 1e-26), (10, 1e-23)] {
            let binomial = |a: usize, b: usize| (1..=b).fold(1.0, |c, k| c * (a - b + k) as f64 / k as f64);
            let values = singular_values(Mat::from_fn(n, n, |i, j| binomial(i + j, i)).as_ref());
            for i in 0..n {
                assert!(off(values[i] * values[n - 1 - i], 1.0) <= slack, "n = {n}");
            }
        }
    }

    #[test]
    fn their_product_is_the_determinant_of_a_triangular_matrix() {
        let x = Mat::from_fn(7, 7, |i, j| if i <= j { f64::from((3 * i as i32 + 5 * j as i32) % 7 + 1) } else { 0.0 });
        let determinant: f64 = (0..7).map(|i| x[(i, i)]).product();
        assert!(off(product(&singular_values(x.as_ref())), determinant) <= 1e-27);
    }

    #[test]
    fn powers_of_two_scale_every_bit() {
        let x = Mat::from_fn(9, 6, |i, j| f64::from((7 * i as i32 + 11 * j as i32) % 13 - 6));
        let values = singular_values(x.as_ref());
        let scaled = singular_values(Mat::from_fn(9, 6, |i, j| x[(i, j)] * 2f64.powi(-40)).as_ref());
        for (a, b) in values.iter().zip(&scaled) {
            assert_eq!((a.hi * 2f64.powi(-40), a.lo * 2f64.powi(-40)), (b.hi, b.lo));
        }
    }

    #[test]
    fn grading_costs_no_digits() {
        let sizes = [1.0, 2f64.powi(-100), 2f64.powi(-200), 2f64.powi(-300)];
        let unit = Mat::from_fn(4, 4, |i, j| if i == j { 3.0 } else { 1.0 });
        let graded = Mat::from_fn(4, 4, |i, j| unit[(i, j)] * sizes[j]);
        // The determinant is 48 times the product of the scales.
        let volume = product(&singular_values(graded.as_ref()));
        assert!(off(volume, 48.0 * 2f64.powi(-600)) <= 1e-28);
    }

    #[test]
    fn errors_are_measured_against_both_parts() {
        let third = Double::ONE / Double::from(3.0);
        let error = largest_error(&[third], &[1.0 / 3.0]);
        assert!((1e-18..1e-16).contains(&error), "{error:e}");
        assert_eq!(largest_error(&[third], &[]), f64::INFINITY);
        assert!(largest_error(&[third], &[f64::NAN]).is_nan());
    }
}
