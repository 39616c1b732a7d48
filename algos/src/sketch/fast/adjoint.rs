//! The transposed maps, on vectors.

use faer::MatRef;

use super::hadamard::transform;
use crate::simd::Simd;
use crate::sketch::explicit::{TILE, cosines, gaussian_tile};
use crate::sketch::parts::{Parts, Sketch, padded};

/// `Sᵀ w`.
pub(in crate::sketch) fn adjoint(sketch: &Sketch, w: &[f64], simd: Simd) -> Vec<f64> {
    let (m, n) = (sketch.rows, sketch.columns);
    let root = (m as f64).sqrt();
    let mut out = vec![0.0; n];
    match &sketch.parts {
        Parts::Dense(s) => {
            for (j, y) in out.iter_mut().enumerate() {
                *y = s.col_as_slice(j).iter().zip(w).map(|(s, w)| s * w).sum();
            }
        }
        Parts::Gaussian(key) => {
            for j0 in (0..n).step_by(TILE) {
                for i0 in (0..m).step_by(TILE) {
                    let (height, width) = (TILE.min(m - i0), TILE.min(n - j0));
                    let mut tile = vec![0.0; height * width];
                    gaussian_tile(key, (i0 / TILE, j0 / TILE), &mut tile);
                    let tile = MatRef::from_column_major_slice(&tile, height, width);
                    for (j, column) in tile.col_iter().enumerate() {
                        let sum: f64 = column.iter().zip(&w[i0..]).map(|(s, w)| s * w).sum();
                        out[j0 + j] += sum / root;
                    }
                }
            }
        }
        Parts::Rademacher(signs) => {
            for (j, y) in out.iter_mut().enumerate() {
                *y = w.iter().enumerate().map(|(i, w)| signs.get(j * m + i) * w).sum::<f64>() / root;
            }
        }
        Parts::Hadamard { signs, rows } => {
            let mut x = vec![0.0; padded(n)];
            rows.iter().zip(w).for_each(|(&row, w)| x[row as usize] += w);
            transform(simd, &mut x);
            (0..n).for_each(|j| out[j] = signs.get(j) * x[j] / root);
        }
        Parts::Tensor { left, right, pairs } => {
            let mut x = vec![0.0; n];
            let width = right.len();
            pairs.iter().zip(w).for_each(|(&(i, j), w)| x[i as usize * width + j as usize] += w);
            transform(simd, &mut x);
            (0..n).for_each(|j| out[j] = left.get(j / width) * right.get(j % width) * x[j] / root);
        }
        Parts::Pooled { signs, order, weights } => {
            let size = padded(n);
            let mut x = vec![0.0; size];
            for (k, (&to, weight)) in order.iter().zip(weights).enumerate() {
                x[to as usize] = weight * w[k / (size / m)];
            }
            transform(simd, &mut x);
            (0..n).for_each(|j| out[j] = signs.get(j) * x[j] / (size as f64).sqrt());
        }
        Parts::Cosine { signs, rows } => {
            let table = cosines(n);
            for (&row, w) in rows.iter().zip(w) {
                let k = row as usize;
                let size = if k == 0 { 1.0 } else { std::f64::consts::SQRT_2 } * w / root;
                // The angle k(2j + 1) grows by 2k with j.
                let mut q = k;
                for y in &mut out {
                    *y += size * table[q];
                    q = (q + 2 * k) % (4 * n);
                }
            }
            out.iter_mut().enumerate().for_each(|(j, y)| *y *= signs.get(j));
        }
        Parts::Circulant { generator, signs, rows } => {
            for (&row, w) in rows.iter().zip(w) {
                for (j, y) in out.iter_mut().enumerate() {
                    *y += generator.get((row as usize + n - j) % n) * w / root;
                }
            }
            out.iter_mut().enumerate().for_each(|(j, y)| *y *= signs.get(j));
        }
        Parts::Sparse(columns) => {
            for (j, y) in out.iter_mut().enumerate() {
                let sum: f64 =
                    columns.of(j).iter().map(|&t| [1.0, -1.0][(t & 1) as usize] * w[(t >> 1) as usize]).sum();
                *y = columns.scale * sum;
            }
        }
        Parts::Sample(kept) => kept.iter().zip(w).for_each(|(&(row, weight), w)| out[row as usize] += weight * w),
    }
    out
}
