//! Leading singular vectors of the observed entries by subspace iteration on the sparse matrix.

use faer::Mat;

use super::factor::Factor;
use super::kernel::axpy;
use crate::completion::{Lines, Observations};
use crate::linalg::{product, thin_svd};
use crate::simd::{Simd, Task, lanes::Lanes};
use crate::{Effort, Error};

/// Iterations at most: near the threshold of recovery the gap closes, and a start of three digits suffices anyway.
const ITERATIONS: usize = 30;
/// Relative change of the leading `k` singular values below which the iteration ends.
const SETTLED: f64 = 1e-4;

/// The leading `k` left singular vectors of `P_Ω(M)` and their singular values, from a start of `k` or more columns.
///
/// The extra columns of the start speed up convergence. Cost of an iteration: `4|Ω|w` flops for `w` columns, and an
/// orthonormal basis of each side.
///
/// # Errors
///
/// A decomposition that does not converge.
pub fn leading(observations: &Observations, k: usize, start: Mat<f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let simd = Simd::detect();
    let (_, n) = observations.shape();
    let width = start.ncols();
    let mut uncounted = Effort::default();
    let (mut left, mut right) = (Factor::new(start.as_ref()), Factor::zeros(n, width));
    left.orthonormalize(&mut uncounted)?;
    let mut before: Vec<f64> = Vec::new();
    for iteration in 1.. {
        simd.run(Spread { lines: observations.columns(), x: &left, y: &mut right });
        right.orthonormalize(&mut uncounted)?;
        simd.run(Spread { lines: observations.rows(), x: &right, y: &mut left });
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

/// `Y = W X` for a matrix `W` given by lines.
pub(in crate::completion) fn spread(lines: &Lines, x: &Factor, y: &mut Factor) {
    Simd::detect().run(Spread { lines, x, y });
}

/// `Y = W X` by lines: each entry adds a multiple of one row of `X`.
struct Spread<'a> {
    lines: &'a Lines,
    x: &'a Factor,
    y: &'a mut Factor,
}

impl Task for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let padded = self.x.padded();
        let x = self.x.rows();
        for (i, y) in self.y.rows_mut().chunks_exact_mut(padded).enumerate() {
            y.fill(0.0);
            let (observed, values) = self.lines.line(i);
            for (&j, &v) in observed.iter().zip(values) {
                axpy(simd, v, &x[j as usize * padded..][..padded], y);
            }
        }
    }
}
