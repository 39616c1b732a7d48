//! Symmetric matrices as vectors.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use faer::{Accum, Mat, MatMut, MatRef, Par, linalg::matmul::matmul};

/// `D = d(d+1)/2`, the number of entries of `svec` of a matrix of order `d`.
pub(crate) fn packed_len(d: usize) -> usize {
    d * (d + 1) / 2
}

/// Writes `svec(X)`, upper triangle row by row with off-diagonals times √2, for a symmetric `X: d×d`.
///
/// Reads the lower triangle, which in column-major storage is contiguous in the same order. Entries of `out` past
/// `D` are left alone.
pub(crate) fn svec(x: MatRef<'_, f64>, out: &mut [f64]) {
    let mut at = 0;
    for j in 0..x.ncols() {
        out[at] = x[(j, j)];
        at += 1;
        for i in j + 1..x.nrows() {
            out[at] = SQRT_2 * x[(i, j)];
            at += 1;
        }
    }
}

/// Writes the symmetric matrix `scale · smat(v)`, the inverse of [`svec`] times `scale`, into both triangles.
pub(crate) fn smat(v: &[f64], scale: f64, mut out: MatMut<'_, f64>) {
    let mut at = 0;
    for j in 0..out.ncols() {
        out[(j, j)] = scale * v[at];
        at += 1;
        for i in j + 1..out.nrows() {
            let entry = scale * (FRAC_1_SQRT_2 * v[at]);
            out[(i, j)] = entry;
            out[(j, i)] = entry;
            at += 1;
        }
    }
}

/// Writes `svec(U Uᵀ)` for `U: d×k`, with `work: d×d` as scratch.
pub(crate) fn svec_of_factor(u: MatRef<'_, f64>, work: &mut Mat<f64>, out: &mut [f64]) {
    matmul(work.as_mut(), Accum::Replace, u, u.transpose(), 1.0, Par::Seq);
    svec(work.as_ref(), out);
}

/// `‖M‖_F`, without protection against overflow: an infinite or NaN result means that the entries are out of range.
pub(crate) fn frobenius(m: MatRef<'_, f64>) -> f64 {
    let mut total = 0.0;
    for column in m.col_iter() {
        total += match column.try_as_col_major() {
            Some(column) => sum_of_squares(column.as_slice()),
            None => column.iter().map(|x| x * x).sum(),
        };
    }
    total.sqrt()
}

/// `Σ v_j²` in eight interleaved partial sums, which the compiler can keep in vector registers.
pub(crate) fn sum_of_squares(v: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = v.as_chunks::<8>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x * x;
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|x| x * x).sum::<f64>()
}
