//! Chebyshev series: points, transforms, values.

use std::f64::consts::PI;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use super::{Cube, Variant};
use crate::error::{Error, argument, finite};
use crate::linalg::product;
use crate::{Effort, Outcome, Status};

/// Below this degree the folded transform is one matrix product.
const SMALL: usize = 16;

/// The Chebyshev points `x_j = cos(πj/(m−1))`, from 1 down to −1.
///
/// # Errors
///
/// [`Error::Input`]: fewer than two points.
pub fn points(m: usize) -> Result<Vec<f64>, Error> {
    argument(m >= 2, "points", m as f64, "at least 2")?;
    let last = (m - 1) as f64;
    // The sine is odd, so that the points lie symmetrically to the last bit and the middle one is zero.
    Ok((0..m).map(|j| (0.5 * PI * ((m - 1) as f64 - 2.0 * j as f64) / last).sin()).collect())
}

/// Coefficients `c_k` of `p(x) = Σ_{k<m} c_k T_k(x)`, a plain sum, from the values of `p` at the Chebyshev points, for each
/// column of `V: m×K`.
///
/// `c = F v`, `F_kj = 2/(m−1) · w_k w_j cos(πkj/(m−1))`, `w = ½` at both ends and 1 between. Cost: `2m²K` flops; the fast
/// variant folds the sum at its middle again and again as long as the degree is even, `⅔m²K` flops for `m = 2^p + 1`.
///
/// # Errors
///
/// [`Error::Input`]: fewer than two rows, or a value that is not finite.
pub fn coefficients(variant: Variant, values: MatRef<'_, f64>) -> Result<Outcome<Mat<f64>>, Error> {
    let m = values.nrows();
    argument(m >= 2, "points", m as f64, "at least 2")?;
    finite("values at Chebyshev points", values.col_iter().flat_map(|column| column.iter()))?;
    let (value, flops) = match variant {
        Variant::Reference => {
            let value = product(transform(m).as_ref(), values);
            (value, 2 * (m * m * values.ncols()) as u64)
        }
        Variant::Fast => folded(values),
    };
    Ok(Outcome { value, status: Status::Converged, effort: Effort { flops, ..Effort::default() } })
}

/// The coefficients of the interpolant of `f` at `m₁×m₂×m₃` Chebyshev points.
///
/// Cost: `m₁m₂m₃` evaluations, and the transform of every line in each direction.
///
/// # Errors
///
/// [`Error::Input`]: fewer than two points in a direction, more than `2³¹` in all, a value that is not finite.
pub fn interpolate(
    variant: Variant,
    m: [usize; 3],
    mut f: impl FnMut([f64; 3]) -> f64,
) -> Result<Outcome<Cube>, Error> {
    let [x, y, z] = [points(m[0])?, points(m[1])?, points(m[2])?];
    Cube::from_fn(m, |[i, j, k]| f([x[i], y[j], z[k]]))?.along_all(|_, lines| coefficients(variant, lines))
}

/// `T_k(x_i)` for `k < m`, by the recurrence: an `n×m` matrix for `n` points.
///
/// # Errors
///
/// [`Error::Input`]: no terms, or a point outside `[−1, 1]`.
pub fn chebyshev(x: &[f64], m: usize) -> Result<Mat<f64>, Error> {
    argument(m >= 1, "terms", m as f64, "at least 1")?;
    for &x in x {
        argument((-1.0..=1.0).contains(&x), "x", x, "in [−1, 1]")?;
    }
    let mut t = Mat::from_fn(x.len(), m, |i, k| if k == 0 { 1.0 } else { x[i] });
    for k in 2..m {
        for i in 0..x.len() {
            t[(i, k)] = 2.0 * x[i] * t[(i, k - 1)] - t[(i, k - 2)];
        }
    }
    Ok(t)
}

/// The matrix `F`.
fn transform(m: usize) -> Mat<f64> {
    let (last, cosine) = (m - 1, cosines(m - 1));
    let end = |k: usize| if k == 0 || k == last { 0.5 } else { 1.0 };
    Mat::from_fn(m, m, |k, j| 2.0 / last as f64 * end(k) * end(j) * cosine(k * j))
}

/// `i ↦ cos(πi/n)` from a table of one quarter of a period, exactly symmetric.
fn cosines(n: usize) -> impl Fn(usize) -> f64 {
    let table: Vec<f64> = (0..=n).map(|i| (0.5 * PI * (n as f64 - 2.0 * i as f64) / n as f64).sin()).collect();
    move |i| {
        let i = i % (2 * n);
        table[if i <= n { i } else { 2 * n - i }]
    }
}

/// `F V` by folding, and its flops.
fn folded(values: MatRef<'_, f64>) -> (Mat<f64>, u64) {
    let last = values.nrows() - 1;
    let mut v = values.to_owned();
    let halve_ends = |v: &mut Mat<f64>, scale: f64| {
        for j in 0..v.ncols() {
            let column = v.col_as_slice_mut(j);
            column.iter_mut().for_each(|x| *x *= scale);
            column[0] *= 0.5;
            column[last] *= 0.5;
        }
    };
    halve_ends(&mut v, 1.0);
    let (mut sums, flops) = cosine_sums(v);
    halve_ends(&mut sums, 2.0 / last as f64);
    (sums, flops + 4 * (values.nrows() * values.ncols()) as u64)
}

/// `S_k = Σ_{j=0}^n v_j cos(πkj/n)`, `k = 0…n`, for each column.
///
/// With `j ↦ n−j` the cosine keeps its sign for even `k`, which makes those sums a transform of half the length of
/// `v_j + v_{n−j}`, and changes it for odd `k`, which leaves a product of half the size with `v_j − v_{n−j}`.
fn cosine_sums(v: Mat<f64>) -> (Mat<f64>, u64) {
    let (n, columns) = (v.nrows() - 1, v.ncols());
    let cosine = cosines(n);
    if n % 2 == 1 || n < SMALL {
        let c = Mat::from_fn(n + 1, n + 1, |k, j| cosine(k * j));
        return (product(c.as_ref(), v.as_ref()), 2 * ((n + 1) * (n + 1) * columns) as u64);
    }
    let half = n / 2;
    let (mut even, mut odd) = (Mat::zeros(half + 1, columns), Mat::<f64>::zeros(half, columns));
    for c in 0..columns {
        let (v, even, odd) = (v.col_as_slice(c), even.col_as_slice_mut(c), odd.col_as_slice_mut(c));
        for j in 0..half {
            even[j] = v[j] + v[n - j];
            odd[j] = v[j] - v[n - j];
        }
        even[half] = v[half];
    }
    let (even, flops) = cosine_sums(even);
    let c = Mat::from_fn(half, half, |l, j| cosine((2 * l + 1) * j));
    let mut of_odd = Mat::<f64>::zeros(half, columns);
    matmul(of_odd.as_mut(), Accum::Replace, c.as_ref(), odd.as_ref(), 1.0, Par::Seq);
    let sums = Mat::from_fn(n + 1, columns, |k, c| if k % 2 == 0 { even[(k / 2, c)] } else { of_odd[(k / 2, c)] });
    (sums, flops + (2 * half * half * columns + n * columns) as u64)
}
