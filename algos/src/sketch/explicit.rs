//! The reference: the matrix `S` entry by entry from its definition, and its product.

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::parts::{Parts, Sketch, padded};
use super::{Input, Key, Precision};
use crate::linalg::product;
use crate::{Effort, Error};

/// Order of the square tiles of a Gaussian sketch.
pub(super) const TILE: usize = 256;

/// The tile at block `(row, column)` of a Gaussian sketch, of unit variance, column after column. At the edges it has
/// only the entries that the sketch has.
pub(super) fn gaussian_tile(key: &Key, block: (usize, usize), out: &mut [f64]) {
    let mut rng = key.tile((block.1 as u64) << 32 | block.0 as u64);
    out.fill_with(|| rng.sample(StandardNormal));
}

/// Entry `(i, j)` of the Hadamard matrix in natural order: `(−1)^{⟨i, j⟩}`.
fn hadamard(i: usize, j: usize) -> f64 {
    if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The cosines of a transform of length `n`: entry `q` is `cos(πq/(2n))`.
///
/// Every cosine of the transform is one of these `4n`: reducing the angle in integers is exact.
pub(super) fn cosines(n: usize) -> Vec<f64> {
    (0..4 * n).map(|q| (std::f64::consts::PI * q as f64 / (2 * n) as f64).cos()).collect()
}

impl Sketch {
    /// `S: m×n`, entry by entry. Memory `8mn` bytes.
    pub fn explicit(&self) -> Mat<f64> {
        let (m, n) = (self.rows, self.columns);
        let root = (m as f64).sqrt();
        match &self.parts {
            Parts::Dense(matrix) => matrix.clone(),
            Parts::Gaussian(key) => {
                let mut s = Mat::zeros(m, n);
                for (i0, j0) in (0..m).step_by(TILE).flat_map(|i| (0..n).step_by(TILE).map(move |j| (i, j))) {
                    let (height, width) = (TILE.min(m - i0), TILE.min(n - j0));
                    let mut tile = vec![0.0; height * width];
                    gaussian_tile(key, (i0 / TILE, j0 / TILE), &mut tile);
                    for (k, x) in tile.iter().enumerate() {
                        s[(i0 + k % height, j0 + k / height)] = x / root;
                    }
                }
                s
            }
            Parts::Rademacher(signs) => Mat::from_fn(m, n, |i, j| signs.get(j * m + i) / root),
            Parts::Hadamard { signs, rows } => {
                Mat::from_fn(m, n, |i, j| hadamard(rows[i] as usize, j) * signs.get(j) / root)
            }
            Parts::Tensor { left, right, pairs } => {
                let width = right.len();
                Mat::from_fn(m, n, |k, column| {
                    let ((i, j), (a, b)) = (pairs[k], (column / width, column % width));
                    let first = hadamard(i as usize, a) * left.get(a);
                    first * hadamard(j as usize, b) * right.get(b) / root
                })
            }
            Parts::Pooled { signs, order, weights } => {
                let size = padded(n);
                let block = size / m;
                let unit = (size as f64).sqrt();
                Mat::from_fn(m, n, |i, j| {
                    let pool = i * block..(i + 1) * block;
                    let sum: f64 = pool.map(|k| weights[k] * hadamard(order[k] as usize, j)).sum();
                    sum * signs.get(j) / unit
                })
            }
            Parts::Cosine { signs, rows } => {
                let table = cosines(n);
                Mat::from_fn(m, n, |i, j| {
                    let k = rows[i] as usize;
                    // √(n/m)·√(2/n) = √(2/m), and √(1/m) for the constant row.
                    let size = if k == 0 { 1.0 } else { std::f64::consts::SQRT_2 };
                    size * table[k * (2 * j + 1) % (4 * n)] * signs.get(j) / root
                })
            }
            Parts::Circulant { generator, signs, rows } => {
                Mat::from_fn(m, n, |i, j| generator.get((rows[i] as usize + n - j) % n) * signs.get(j) / root)
            }
            Parts::Sparse(columns) => {
                let mut s = Mat::zeros(m, n);
                for j in 0..n {
                    for &target in columns.of(j) {
                        s[((target >> 1) as usize, j)] += if target & 1 == 0 { columns.scale } else { -columns.scale };
                    }
                }
                s
            }
            Parts::Sample(kept) => {
                let mut s = Mat::zeros(m, n);
                kept.iter().enumerate().for_each(|(k, &(row, weight))| s[(k, row as usize)] = weight);
                s
            }
        }
    }
}

/// `S A` by the product with the explicit matrix: `2mn` flops for each column, or for each entry of a sparse `A` `2m`.
pub(super) fn apply(sketch: &Sketch, input: Input<'_>) -> Result<(Mat<f64>, Effort), Error> {
    let s = sketch.explicit();
    let effort = Effort {
        flops: 2 * (sketch.rows * input.entries()) as u64,
        entries: input.entries() as u64,
        applications: input.shape().1 as u64,
        ..Effort::default()
    };
    let image = match input {
        Input::Dense(a) => product(s.as_ref(), a),
        Input::Csr(a) => {
            let mut out = Mat::zeros(sketch.rows, input.shape().1);
            for i in 0..sketch.columns {
                for (j, value) in a.row(i) {
                    axpy(value, s.as_ref(), i, out.col_as_slice_mut(j));
                }
            }
            out
        }
    };
    Ok((image, effort))
}

/// `y += x·(column i of S)`.
fn axpy(x: f64, s: MatRef<'_, f64>, i: usize, y: &mut [f64]) {
    y.iter_mut().zip(s.col(i).iter()).for_each(|(y, s)| *y += x * s);
}

/// `H_N x` in place, in natural order and without a scale: the textbook loop over strides.
///
/// `N log₂ N` additions, `log₂ N` passes over the data.
pub(super) fn fwht(x: &mut [impl Precision]) {
    let mut h = 1;
    while h < x.len() {
        for i in (0..x.len()).step_by(2 * h) {
            for j in i..i + h {
                (x[j], x[j + h]) = (x[j] + x[j + h], x[j] - x[j + h]);
            }
        }
        h *= 2;
    }
}
