//! From what an iteration leaves to a decomposition: order, scale, a full basis.

use faer::Mat;

use super::{Certificate, Svd, times_power};
use crate::linalg::norm;
use crate::{Effort, Outcome, Status};

/// Singular triplets in any order, of a matrix scaled by a power of two.
pub(super) struct Triplets {
    /// `U: m×n`, a column of anything where `σ` is zero.
    pub left: Mat<f64>,
    /// `σ`.
    pub values: Vec<f64>,
    /// `V: n×n`.
    pub right: Mat<f64>,
    pub sweeps: usize,
    pub status: Status,
    pub effort: Effort,
    pub certificate: Option<Certificate>,
}

impl Triplets {
    /// The decomposition of a matrix of zeros, `m×n`.
    pub fn zero(m: usize, n: usize) -> Self {
        Self {
            left: Mat::zeros(m, n),
            values: vec![0.0; n],
            right: Mat::identity(n, n),
            sweeps: 0,
            status: Status::Converged,
            effort: Effort::default(),
            certificate: None,
        }
    }

    /// Sorts by descending `σ`, divides by `2^exponent`, and completes `U`.
    pub fn finish(self, exponent: i32) -> Outcome<Svd> {
        let n = self.values.len();
        let mut order: Vec<usize> = (0..n).collect();
        // Stable: equal values keep their order.
        order.sort_by(|&a, &b| self.values[b].total_cmp(&self.values[a]));
        let sorted = |a: &Mat<f64>| {
            let mut to = Mat::zeros(a.nrows(), n);
            for (j, &from) in order.iter().enumerate() {
                to.col_as_slice_mut(j).copy_from_slice(a.col_as_slice(from));
            }
            to
        };
        let (mut left, right) = (sorted(&self.left), sorted(&self.right));
        let rank = self.values.iter().filter(|&&sigma| sigma > 0.0).count();
        complete(&mut left, rank);
        let values = order.iter().map(|&j| times_power(self.values[j], -exponent)).collect();
        let Self { sweeps, status, effort, certificate, .. } = self;
        Outcome { value: Svd { left, values, right, rank, sweeps, certificate }, status, effort }
    }
}

/// Divides each column by its norm; returns the norms.
pub(super) fn normalise(a: &mut Mat<f64>) -> Vec<f64> {
    let scale = |column: &mut [f64]| {
        let norm = norm(column);
        if norm > 0.0 {
            let inverse = 1.0 / norm;
            column.iter_mut().for_each(|x| *x *= inverse);
        }
        norm
    };
    (0..a.ncols()).map(|j| scale(a.col_as_slice_mut(j))).collect()
}

/// Replaces the columns from `rank` on by unit vectors orthogonal to all before: coordinate vectors, projected twice.
fn complete(q: &mut Mat<f64>, rank: usize) {
    let m = q.nrows();
    let mut next = 0;
    for j in rank..q.ncols() {
        // Of m coordinate vectors at least m − j keep a component of norm above ½/√m.
        while next < m {
            let mut candidate = vec![0.0; m];
            candidate[next] = 1.0;
            next += 1;
            for _ in 0..2 {
                for l in 0..j {
                    let column = q.col_as_slice(l);
                    let along: f64 = column.iter().zip(&candidate).map(|(a, b)| a * b).sum();
                    candidate.iter_mut().zip(column).for_each(|(c, x)| *c -= along * x);
                }
            }
            let left = norm(&candidate);
            if left > 0.5 / (m as f64).sqrt() {
                q.col_as_slice_mut(j).iter_mut().zip(&candidate).for_each(|(x, c)| *x = c / left);
                break;
            }
        }
    }
}
