//! Sketches without their matrix.

mod adjoint;
mod columns;
mod fourier;
pub(super) mod hadamard;
mod scatter;
mod single;
mod tiles;
mod trigonometric;

pub(super) use adjoint::adjoint;
pub(super) use single::{Single, single};

use std::ops::Range;

use faer::{Mat, MatMut, Par};

use super::Input;
use super::parts::{Parts, Sketch};
use crate::parallel::{Spaces, map_pieces};
use crate::simd::Simd;
use crate::{Effort, Error};

/// `S A`.
pub(super) fn apply(sketch: &Sketch, input: Input<'_>, simd: Simd, par: Par) -> Result<(Mat<f64>, Effort), Error> {
    let job = Job { sketch, input, simd, par };
    let (image, mut effort) = match &sketch.parts {
        Parts::Dense(_) | Parts::Gaussian(_) | Parts::Rademacher(_) => tiles::apply(&job),
        Parts::Hadamard { .. } | Parts::Tensor { .. } | Parts::Pooled { .. } => columns::apply(&job),
        Parts::Cosine { .. } | Parts::Circulant { .. } => trigonometric::apply(&job),
        Parts::Sparse(columns) => scatter::apply(&job, columns),
        Parts::Sample(kept) => scatter::gather(&job, kept),
    };
    effort.applications += input.shape().1 as u64;
    effort.entries += input.entries() as u64;
    Ok((image, effort))
}

impl Sketch {
    /// Whether an entry of the input that is not finite always leaves one in the image.
    pub(super) fn reads_everything(&self) -> bool {
        match &self.parts {
            Parts::Sparse(columns) => columns.offsets.is_none(),
            Parts::Sample(_) => false,
            _ => true,
        }
    }
}

/// What is to be done.
struct Job<'a> {
    sketch: &'a Sketch,
    input: Input<'a>,
    simd: Simd,
    par: Par,
}

impl Job<'_> {
    /// The image in blocks of `width` columns: `work` gets their numbers and zeros to fill, and returns its flops.
    fn blocks<W: Send>(
        &self,
        width: usize,
        workspace: impl Fn() -> W + Sync + Send,
        work: impl Fn(&mut W, Range<usize>, &mut [&mut [f64]]) -> u64 + Sync + Send,
    ) -> (Mat<f64>, Effort) {
        let mut image = Mat::zeros(self.sketch.rows, self.input.shape().1);
        let flops = self.fill(image.as_mut(), width, workspace, work);
        (image, Effort { flops: flops.iter().sum(), ..Effort::default() })
    }

    /// Fills an image in blocks of `width` columns, and returns what `work` does for each. A block depends on nothing but
    /// its own columns, so that threads change no bit.
    fn fill<T: Send, W: Send, R: Send>(
        &self,
        image: MatMut<'_, T>,
        width: usize,
        workspace: impl Fn() -> W + Sync + Send,
        work: impl Fn(&mut W, Range<usize>, &mut [&mut [T]]) -> R + Sync + Send,
    ) -> Vec<R> {
        let columns = image.col_iter_mut().filter_map(|column| column.try_as_col_major_mut());
        let mut columns: Vec<&mut [T]> = columns.map(|column| column.as_slice_mut()).collect();
        let blocks = columns.chunks_mut(width).enumerate().collect();
        map_pieces(self.par, self.input.entries(), blocks, (&Spaces::new(), workspace), |space, (k, block)| {
            work(space, k * width..k * width + block.len(), block)
        })
    }

    /// Columns of the input, one at a time.
    fn source(&self) -> Source<'_> {
        match self.input {
            Input::Dense(a) => Source::Dense(a),
            Input::Csr(a) => Source::Sparse(a.columns()),
        }
    }
}

/// The input by columns.
enum Source<'a> {
    Dense(faer::MatRef<'a, f64>),
    Sparse(Vec<Vec<(usize, f64)>>),
}

impl Source<'_> {
    /// Column `j`, contiguous: in place or copied to `buffer`.
    fn column<'b>(&'b self, j: usize, buffer: &'b mut [f64]) -> &'b [f64] {
        match self {
            Self::Dense(a) => {
                if let Some(column) = a.col(j).try_as_col_major() {
                    return column.as_slice();
                }
                buffer.iter_mut().zip(a.col(j).iter()).for_each(|(to, from)| *to = *from);
            }
            Self::Sparse(columns) => {
                buffer.fill(0.0);
                columns[j].iter().for_each(|&(i, value)| buffer[i] += value);
            }
        }
        buffer
    }

    /// The dense input with contiguous rows, if it has those and no contiguous columns.
    fn row_major(&self) -> Option<faer::MatRef<'_, f64>> {
        match self {
            Self::Dense(a) if a.row_stride() != 1 && a.col_stride() == 1 => Some(*a),
            _ => None,
        }
    }
}
