//! Dense sketches whose entries are made a tile at a time, multiplied and forgotten.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::Job;
use crate::Effort;
use crate::sketch::Input;
use crate::sketch::explicit::{TILE, gaussian_tile};
use crate::sketch::parts::Parts;

/// `S A`: `2mnd` flops. Memory beside the image: one tile of half a megabyte instead of `8mn` bytes.
///
/// faer's product gives the same bits on any number of threads, and its tiles are added in one order.
pub(super) fn apply(job: &Job<'_>) -> (Mat<f64>, Effort) {
    let (m, n) = (job.sketch.rows, job.sketch.columns);
    let mut image = Mat::zeros(m, job.input.shape().1);
    let flops = 2 * (m * job.input.entries()) as u64;
    if let Parts::Dense(s) = &job.sketch.parts {
        add(image.as_mut(), s.as_ref(), 0, job.input, 1.0, job.par);
        return (image, Effort { flops, ..Effort::default() });
    }
    let scale = 1.0 / (m as f64).sqrt();
    let mut space = vec![0.0; TILE * TILE];
    for j0 in (0..n).step_by(TILE) {
        for i0 in (0..m).step_by(TILE) {
            let (height, width) = (TILE.min(m - i0), TILE.min(n - j0));
            let tile = &mut space[..height * width];
            match &job.sketch.parts {
                Parts::Gaussian(key) => gaussian_tile(key, (i0 / TILE, j0 / TILE), tile),
                Parts::Rademacher(signs) => {
                    for (j, column) in tile.chunks_mut(height).enumerate() {
                        let first = (j0 + j) * m + i0;
                        column.iter_mut().enumerate().for_each(|(i, x)| *x = signs.get(first + i));
                    }
                }
                _ => {}
            }
            let tile = MatRef::from_column_major_slice(&*tile, height, width);
            add(image.as_mut().subrows_mut(i0, height), tile, j0, job.input, scale, job.par);
        }
    }
    (image, Effort { flops, ..Effort::default() })
}

/// `out += scale · T A_{j0..}`.
fn add(mut out: MatMut<'_, f64>, tile: MatRef<'_, f64>, j0: usize, input: Input<'_>, scale: f64, par: Par) {
    match input {
        Input::Dense(a) => matmul(out, Accum::Add, tile, a.subrows(j0, tile.ncols()), scale, par),
        Input::Csr(a) => {
            for i in 0..tile.ncols() {
                for (j, value) in a.row(j0 + i) {
                    let to = out.as_mut().col_mut(j);
                    let from = tile.col(i);
                    to.iter_mut().zip(from.iter()).for_each(|(y, t)| *y += scale * value * t);
                }
            }
        }
    }
}
