//! Cubic splines through values on a uniform grid, at other points.
//!
//! With `n` grid points in `[−1, 1]`, both ends included, `h = 2/(n−1)`, and `u = 1 − v` the place within an interval, the
//! spline is `v f_i + u f_{i+1} + (v³−v) c_i + (u³−u) c_{i+1}`, where `c_i = h² s″(x_i)/6`. Its first derivative is continuous
//! where `c_{i−1} + 4c_i + c_{i+1} = f_{i−1} − 2f_i + f_{i+1}`. The ends are not knots: the third derivative is continuous one
//! point away from each, `c_0 − 2c_1 + c_2 = 0`, which makes `6c_1` the second difference there. Cubics are met exactly.
//!
//! The error is at most about `h⁴|f⁗|/384` inside and `h⁴|f⁗|/35` in the outermost intervals; what the ends add decays by
//! `2 − √3` from one grid point to the next. Source: de Boor, *A Practical Guide to Splines* (1978), chapter IV.

use std::iter::successors;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use super::cube::count;
use super::series::{coefficients, points};
use super::{Cube, Variant};
use crate::error::{Error, NumericalError, argument, finite};
use crate::{Effort, Outcome, Status};

/// So many grid points away an end is felt by less than `(2−√3)^32 = 5e-19`.
const REACH: usize = 32;

/// Points that one matrix product serves are at most so many intervals apart.
const SPREAD: usize = 32;

/// The splines through the columns of `V: n×K`, values on the uniform grid of `n` points in `[−1, 1]` from −1 to 1, at the
/// points `x`: an `m×K` matrix.
///
/// Cost: `7(n+m)K` flops for the reference, which solves a tridiagonal system for each column. The fast variant makes no use
/// of grid values that are too far away to matter, and takes neighbouring points together as one product with their weights:
/// at most `2·min(n, 98)·mK` flops, `132 mK` where points are farther apart than 32 intervals.
///
/// # Errors
///
/// [`Error::Input`]: fewer than four grid points, a value that is not finite, a point outside `[−1, 1]`. [`Error::Numerical`]:
/// a value of a spline that overflows.
pub fn spline(variant: Variant, values: MatRef<'_, f64>, x: &[f64]) -> Result<Outcome<Mat<f64>>, Error> {
    let n = values.nrows();
    argument(n >= 4, "grid points", n as f64, "at least 4")?;
    finite("values on a grid", values.col_iter().flat_map(|column| column.iter()))?;
    for &x in x {
        argument((-1.0..=1.0).contains(&x), "x", x, "in [−1, 1]")?;
    }
    let places: Vec<Place> = x.iter().map(|&x| Place::of(x, n)).collect();
    let (value, flops) = match variant {
        Variant::Reference => literal(values, &places),
        Variant::Fast => grouped(values, &places),
    };
    bounded(value.col_iter().flat_map(|column| column.iter()))?;
    Ok(Outcome { value, status: Status::Converged, effort: Effort { flops, ..Effort::default() } })
}

/// The coefficients of the Chebyshev interpolant, `m₁×m₂×m₃` points, of the spline through values on a uniform grid of
/// `n₁×n₂×n₃` points in `[−1, 1]³`: algorithm 2 of the paper up to its compression.
///
/// Cost: the reference has a spline and a transform for each line of the array in each direction. The fast variant multiplies
/// the array by one `m×n` matrix for both in each direction, `2m₁n₁n₂n₃ + 2m₁m₂n₂n₃ + 2m₁m₂m₃n₃` flops: more of them, all in
/// matrix products.
///
/// # Errors
///
/// [`Error::Input`]: fewer than four grid points or two Chebyshev points in a direction, more than `2³¹` coefficients.
/// [`Error::Numerical`]: a value of a spline that overflows.
pub fn interpolate_grid(variant: Variant, grid: &Cube, m: [usize; 3]) -> Result<Outcome<Cube>, Error> {
    count(m)?;
    let nodes = [points(m[0])?, points(m[1])?, points(m[2])?];
    if variant == Variant::Reference {
        return grid.clone().along_all(|n, lines| {
            let at_nodes = spline(variant, lines, &nodes[n])?;
            let mut found = coefficients(variant, at_nodes.value.as_ref())?;
            found.effort += at_nodes.effort;
            Ok(found)
        });
    }
    let mut effort = Effort::default();
    let mut matrix = |n: usize| {
        let side = grid.sides()[n];
        let weights = spline(variant, Mat::identity(side, side).as_ref(), &nodes[n])?;
        let both = coefficients(variant, weights.value.as_ref())?;
        effort = effort + weights.effort + both.effort;
        Ok::<_, Error>(both.value)
    };
    let matrices = [matrix(0)?, matrix(1)?, matrix(2)?];
    let (value, flops) = grid.multiplied(matrices.each_ref().map(|a| Some(a.as_ref())));
    effort.flops += flops;
    bounded(value.entries().iter())?;
    Ok(Outcome { value, status: Status::Converged, effort })
}

/// Where a point lies: between grid points `interval` and `interval + 1`, at `u ∈ [0, 1]`.
struct Place {
    interval: usize,
    u: f64,
}

impl Place {
    fn of(x: f64, n: usize) -> Self {
        let t = 0.5 * (x + 1.0) * (n - 1) as f64;
        let interval = (t as usize).min(n - 2);
        Self { interval, u: t - interval as f64 }
    }

    /// Weights of `f_i`, `f_{i+1}`, `c_i` and `c_{i+1}`.
    fn local(&self) -> [f64; 4] {
        let (u, v) = (self.u, 1.0 - self.u);
        [v, u, v * (v * v - 1.0), u * (u * u - 1.0)]
    }

    /// Weights of all values on a grid of `n` points whose first is the point `first` of the whole grid.
    ///
    /// The map from values to `c` transposed: the system is symmetric.
    fn weights(&self, first: usize, n: usize) -> Vec<f64> {
        let i = self.interval - first;
        let [v, u, left, right] = self.local();
        let mut w = vec![0.0; n];
        (w[i], w[i + 1]) = (left, right);
        for [end, one, two] in [[0, 1, 2], [n - 1, n - 2, n - 3]] {
            w[one] += 2.0 * w[end];
            w[two] -= w[end];
            w[end] = 0.0;
        }
        solve(&mut w[2..n - 2]);
        if n > 4 {
            w[1] -= w[2];
            w[n - 2] -= w[n - 3];
        }
        w[1] /= 6.0;
        w[n - 2] /= 6.0;
        let mut weights = vec![0.0; n];
        (weights[i], weights[i + 1]) = (v, u);
        for (j, w) in w.iter().enumerate().take(n - 1).skip(1) {
            weights[j - 1] += w;
            weights[j] -= 2.0 * w;
            weights[j + 1] += w;
        }
        weights
    }
}

/// Column by column: the system, then the pieces.
fn literal(values: MatRef<'_, f64>, places: &[Place]) -> (Mat<f64>, u64) {
    let mut at = Mat::zeros(places.len(), values.ncols());
    for (j, column) in values.col_iter().enumerate() {
        let f: Vec<f64> = column.iter().copied().collect();
        let c = moments(&f);
        for (k, place) in places.iter().enumerate() {
            let (i, [v, u, left, right]) = (place.interval, place.local());
            at[(k, j)] = v * f[i] + u * f[i + 1] + left * c[i] + right * c[i + 1];
        }
    }
    (at, 7 * ((values.nrows() + places.len()) * values.ncols()) as u64)
}

/// `c` of the spline through `f`.
fn moments(f: &[f64]) -> Vec<f64> {
    let n = f.len();
    let mut c = vec![0.0; n];
    for i in 1..n - 1 {
        c[i] = f[i - 1] - 2.0 * f[i] + f[i + 1];
    }
    c[1] /= 6.0;
    c[n - 2] /= 6.0;
    if n > 4 {
        c[2] -= c[1];
        c[n - 3] -= c[n - 2];
    }
    solve(&mut c[2..n - 2]);
    c[0] = 2.0 * c[1] - c[2];
    c[n - 1] = 2.0 * c[n - 2] - c[n - 3];
    c
}

/// Solves `c_{i−1} + 4c_i + c_{i+1} = b_i`, with zeros beyond both ends, in place.
fn solve(b: &mut [f64]) {
    let pivots: Vec<f64> = successors(Some(4.0), |pivot| Some(4.0 - 1.0 / pivot)).take(b.len()).collect();
    for i in 1..b.len() {
        b[i] -= b[i - 1] / pivots[i - 1];
    }
    let mut next = 0.0;
    for (b, pivot) in b.iter_mut().zip(pivots).rev() {
        *b = (*b - next) / pivot;
        next = *b;
    }
}

/// Groups of neighbours as products with the weights of the splines through the grid points near them.
fn grouped(values: MatRef<'_, f64>, places: &[Place]) -> (Mat<f64>, u64) {
    let (n, columns) = (values.nrows(), values.ncols());
    let mut at = Mat::zeros(places.len(), columns);
    let (mut done, mut flops) = (0, 0);
    while done < places.len() {
        let (mut low, mut high, mut count) = (n, 0, 0);
        for place in &places[done..] {
            let wider = (low.min(place.interval), high.max(place.interval));
            if count > 0 && wider.1 - wider.0 > SPREAD {
                break;
            }
            ((low, high), count) = (wider, count + 1);
        }
        let first = low.saturating_sub(REACH);
        let width = (high + REACH + 2).min(n) - first;
        let near = places[done..][..count].iter();
        let rows: Vec<f64> = near.flat_map(|place| place.weights(first, width)).collect();
        let weights = MatRef::from_row_major_slice(&rows, count, width);
        matmul(at.subrows_mut(done, count), Accum::Replace, weights, values.subrows(first, width), 1.0, Par::Seq);
        flops += (count * width * (2 * columns + 8)) as u64;
        done += count;
    }
    (at, flops)
}

fn bounded<'a>(mut values: impl Iterator<Item = &'a f64>) -> Result<(), NumericalError> {
    if values.all(|x| x.is_finite()) { Ok(()) } else { Err(NumericalError::Overflow { what: "a value of a spline" }) }
}
