//! Leading singular vectors of the observed entries by subspace iteration on the sparse matrix.

use faer::{Mat, Par};

use super::factor::Factor;
use super::half::BLOCKS;
use super::kernel::axpy;
use crate::completion::{Lines, Observations};
use crate::error::{Size, argument, shape};
use crate::linalg::{product, thin_svd};
use crate::parallel::map_chunks;
use crate::simd::{Simd, Task, lanes::Lanes};
use crate::{Effort, Error};

/// Iterations at most: near the threshold of recovery the gap closes, and a start of three digits suffices anyway.
const ITERATIONS: usize = 30;
/// Relative change of the leading `k` singular values below which the iteration ends.
const SETTLED: f64 = 1e-4;

/// The leading `k` left singular vectors of `P_Ω(M)` and their singular values, from a start of `k` or more columns.
///
/// The extra columns of the start speed up convergence. Cost of an iteration: `4|Ω|w` flops for `w` columns, and an
/// orthonormal basis of each side. `par` never changes a bit.
///
/// # Errors
///
/// A start with other rows than the matrix, fewer than `k` columns, or more than the matrix has rows or columns; a
/// decomposition that does not converge.
pub fn leading(
    observations: &Observations,
    k: usize,
    start: Mat<f64>,
    par: Par,
) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let (m, n) = observations.shape();
    let width = start.ncols();
    shape("start", Size::Matrix(m, width), Size::Matrix(start.nrows(), width))?;
    argument((k.max(1)..=m.min(n)).contains(&width), "columns of the start", width as f64, "k ≤ columns ≤ min(m, n)")?;
    let mut uncounted = Effort::default();
    let (mut left, mut right) = (Factor::new(start.as_ref()), Factor::zeros(n, width));
    left.orthonormalize(&mut uncounted)?;
    let mut before: Vec<f64> = Vec::new();
    for iteration in 1.. {
        spread(observations.columns(), observations.columns().values(), &left, &mut right, par);
        right.orthonormalize(&mut uncounted)?;
        spread(observations.rows(), observations.rows().values(), &right, &mut left, par);
        // W V = Q R: the singular vectors of R turn Q into place.
        let r = left.orthonormalize(&mut uncounted)?;
        let svd = thin_svd(r.as_ref())?;
        let close = |(new, old): (&f64, &f64)| (new - old).abs() <= SETTLED * svd.values[0];
        let settled = !before.is_empty() && svd.values[..k].iter().zip(&before).all(close);
        before = svd.values[..k].to_vec();
        if settled || iteration == ITERATIONS {
            return Ok((product(left.view(), svd.left.subcols(0, k)), before));
        }
    }
    Ok((left.to_mat(), before))
}

/// `Y = W X` for a matrix `W` with these values at the positions of the lines: each adds a multiple of one row of `X`.
pub(in crate::completion) fn spread(lines: &Lines, values: &[f64], x: &Factor, y: &mut Factor, par: Par) {
    let block = lines.len().div_ceil(BLOCKS);
    let simd = Simd::detect();
    map_chunks(par, 4 * values.len(), y.rows_mut(), block * x.padded(), |b, y| {
        simd.run(Spread { lines, values, x, first: b * block, y });
    });
}

struct Spread<'a> {
    lines: &'a Lines,
    values: &'a [f64],
    x: &'a Factor,
    /// The line of the first row of `y`.
    first: usize,
    y: &'a mut [f64],
}

impl Task for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let padded = self.x.padded();
        let x = self.x.rows();
        for (i, y) in (self.first..).zip(self.y.chunks_exact_mut(padded)) {
            let (observed, values) = (self.lines.line(i).0, &self.values[self.lines.start(i)..self.lines.start(i + 1)]);
            match padded / 8 {
                1 => combine::<S, 1>(simd, x, observed, values, y),
                2 => combine::<S, 2>(simd, x, observed, values, y),
                3 => combine::<S, 3>(simd, x, observed, values, y),
                4 => combine::<S, 4>(simd, x, observed, values, y),
                _ => {
                    y.fill(0.0);
                    for (&j, &v) in observed.iter().zip(values) {
                        axpy(simd, v, &x[j as usize * padded..][..padded], y);
                    }
                }
            }
        }
    }
}

/// `y = Σ v_j x_j` over the rows observed, with the sum in registers: two chains of additions.
#[inline(always)]
fn combine<S: Lanes, const T: usize>(simd: S, x: &[f64], observed: &[u32], values: &[f64], y: &mut [f64]) {
    let x = x.as_chunks::<8>().0.as_chunks::<T>().0;
    let mut sums = [[simd.splat(0.0); T]; 2];
    for (observed, values) in observed.chunks(2).zip(values.chunks(2)) {
        for (c, (&j, &v)) in observed.iter().zip(values).enumerate() {
            let v = simd.splat(v);
            for t in 0..T {
                sums[c][t] = simd.fma(v, simd.load(&x[j as usize][t]), sums[c][t]);
            }
        }
    }
    for (t, y) in y.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        simd.store(simd.add(sums[0][t], sums[1][t]), y);
    }
}

/// `Y = Wᵀ X` for the same: each adds a multiple of one row of `X` to one of `Y`. For `Y` that stays in cache.
pub(in crate::completion) fn scatter(lines: &Lines, values: &[f64], x: &Factor, y: &mut Factor) {
    Simd::detect().run(Scatter { lines, values, x, y });
}

struct Scatter<'a> {
    lines: &'a Lines,
    values: &'a [f64],
    x: &'a Factor,
    y: &'a mut Factor,
}

impl Task for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let padded = self.x.padded();
        let y = self.y.rows_mut();
        y.fill(0.0);
        for (i, x) in self.x.rows().chunks_exact(padded).enumerate() {
            let values = &self.values[self.lines.start(i)..self.lines.start(i + 1)];
            for (&j, &v) in self.lines.line(i).0.iter().zip(values) {
                axpy(simd, v, x, &mut y[j as usize * padded..][..padded]);
            }
        }
    }
}

/// The entries of `M − U Vᵀ` at the positions of the lines, of which `U` has a row each.
pub(in crate::completion) fn residuals(lines: &Lines, u: &Factor, v: &Factor) -> Vec<f64> {
    let mut values = lines.values().to_vec();
    Simd::detect().run(Residuals { lines, u, v, values: &mut values });
    values
}

struct Residuals<'a> {
    lines: &'a Lines,
    u: &'a Factor,
    v: &'a Factor,
    values: &'a mut [f64],
}

impl Task for Residuals<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let padded = self.u.padded();
        let v = self.v.rows();
        for (i, u) in self.u.rows().chunks_exact(padded).enumerate() {
            let values = &mut self.values[self.lines.start(i)..self.lines.start(i + 1)];
            for (observed, values) in self.lines.line(i).0.chunks(8).zip(values.chunks_mut(8)) {
                let mut sums = [simd.splat(0.0); 8];
                for (sum, &j) in sums.iter_mut().zip(observed) {
                    for (u, v) in u.as_chunks::<8>().0.iter().zip(v[j as usize * padded..][..padded].as_chunks::<8>().0)
                    {
                        *sum = simd.fma(simd.load(u), simd.load(v), *sum);
                    }
                }
                let mut products = [0.0; 8];
                simd.store(simd.sums(sums), &mut products);
                values.iter_mut().zip(products).for_each(|(value, product)| *value -= product);
            }
        }
    }
}
