//! Symmetric matrices as vectors.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use faer::{Accum, Mat, MatMut, MatRef, Par, linalg::matmul::matmul};

use crate::linalg::{norm, sum_of_squares};

/// `D = d(d+1)/2`, the number of entries of `svec` of a matrix of order `d`.
pub(crate) fn packed_len(d: usize) -> usize {
    d * (d + 1) / 2
}

/// Writes `svec(X)`, upper triangle row by row with off-diagonals times √2, for a symmetric `X: d×d`.
///
/// Reads the lower triangle, which in column-major storage is contiguous in the same order. Entries of `out` past
/// `D` are left alone.
pub(crate) fn svec(x: MatRef<'_, f64>, out: &mut [f64]) {
    let mut rest = out;
    for j in 0..x.ncols() {
        let (head, tail) = rest.split_at_mut(x.nrows() - j);
        head.iter_mut().zip(x.col(j).subrows(j, x.nrows() - j).iter()).for_each(|(out, x)| *out = SQRT_2 * x);
        head[0] = x[(j, j)];
        rest = tail;
    }
}

/// Writes the symmetric matrix `scale · smat(v)`, the inverse of [`svec`] times `scale`, into both triangles.
pub(crate) fn smat(v: &[f64], scale: f64, mut out: MatMut<'_, f64>) {
    let (d, mut rest) = (out.nrows(), v);
    for j in 0..d {
        let (head, tail) = rest.split_at(d - j);
        let column = out.as_mut().col_mut(j).subrows_mut(j, d - j);
        column.iter_mut().zip(head).for_each(|(out, v)| *out = scale * (FRAC_1_SQRT_2 * v));
        out[(j, j)] = scale * head[0];
        rest = tail;
    }
    for j in 1..d {
        for i in 0..j {
            out[(i, j)] = out[(j, i)];
        }
    }
}

/// Writes `svec(U Uᵀ)` for `U: d×k`, with `work: d×d` as scratch.
pub(crate) fn svec_of_factor(u: MatRef<'_, f64>, work: &mut Mat<f64>, out: &mut [f64]) {
    matmul(work.as_mut(), Accum::Replace, u, u.transpose(), 1.0, Par::Seq);
    svec(work.as_ref(), out);
}

/// Sums of squares below this have lost digits to underflow.
const SMALLEST_SQUARE: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// `‖M‖_F`; infinite or NaN only where an entry is, or where the norm itself is too large for a number.
pub(crate) fn frobenius(m: MatRef<'_, f64>) -> f64 {
    let mut total = 0.0;
    for column in m.col_iter() {
        total += match column.try_as_col_major() {
            Some(column) => sum_of_squares(column.as_slice()),
            None => column.iter().map(|x| x * x).sum(),
        };
    }
    if (SMALLEST_SQUARE..f64::INFINITY).contains(&total) {
        return total.sqrt();
    }
    // Squares leave the range of numbers long before norms do.
    norm(&m.col_iter().flat_map(|column| column.iter().copied()).collect::<Vec<f64>>())
}
