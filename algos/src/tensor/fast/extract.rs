//! Bases of the column space in packed coordinates.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::Error;
use crate::linalg::{householder, maximum, product, symmetric_eigen};
use crate::simd::Simd;
use crate::tensor::driver::rank;
use crate::tensor::flattening::Flattening;
use crate::tensor::options::Options;
use crate::tensor::reference::{Factors, factor};
use crate::tensor::subspace::Subspace;
use crate::tensor::symmetric::SymmetricTensor;

/// Columns beyond the rank that a partial extraction works with.
const OVERSAMPLING: usize = 10;

/// How far the eigenvectors of a partial extraction may be from invariant, relative to the smallest wanted eigenvalue;
/// above it the full decomposition is computed.
const INVARIANT: f64 = 1e-10;

/// Random products that a partial extraction tries.
const PASSES: usize = 3;

/// What a random direction adds to a range that was complete without it, relative to the largest.
const ROUNDING: f64 = 1e-12;

/// Bases, inverse core, spectrum and flops.
pub(in crate::tensor) struct Extracted {
    pub v: Subspace,
    pub u: Option<Subspace>,
    pub core: Mat<f64>,
    pub spectrum: Vec<f64>,
    pub flops: u64,
}

/// The column space of the flattening, from all eigenvectors or, where `partial` and for even orders, from random
/// directions.
pub(in crate::tensor) fn extract(
    tensor: &SymmetricTensor,
    options: &Options,
    partial: bool,
) -> Result<Extracted, Error> {
    let m = tensor.order();
    let flattening = tensor.flatten(m.div_ceil(2))?;
    let (left, right, signed, flops) =
        if partial && m.is_multiple_of(2) { dominant(&flattening, m, options)? } else { factor(&flattening, m)? };
    let spectrum: Vec<f64> = signed.iter().map(|s| s.abs()).collect();
    let rank = rank(&spectrum, options)?;
    let simd = Simd::detect();
    let Flattening { rows, columns, matrix } = flattening;
    drop(matrix);
    let v = Subspace::new(rows, left.as_ref().subcols(0, rank), simd);
    let u = right.map(|right| Subspace::new(columns, right.as_ref().subcols(0, rank), simd));
    let core = Mat::from_fn(rank, rank, |i, j| if i == j { 1.0 / signed[i] } else { 0.0 });
    Ok(Extracted { v, u, core, spectrum, flops })
}

/// The eigenpairs of largest magnitude of a symmetric flattening `S`, by a random range `Q`: those of `QᵀSQ`, the vectors
/// multiplied by `S` once more, which costs a division where `SQ` is there already.
///
/// Exact where the rank is. Under noise the residual decides: it is multiplied again, and all eigenvectors are computed if
/// it stays too large, or if `S` has no rank to be read off. `4N²w` flops for `w` directions and small terms instead of
/// `9N³`.
fn dominant(flattening: &Flattening, m: usize, options: &Options) -> Result<Factors, Error> {
    let s = flattening.matrix.as_ref();
    let n = s.nrows() as u64;
    let (range, rest, mut flops) = span(s, options);
    let mut next = range;
    for _ in 0..PASSES {
        let Some(range) = next else { break };
        let width = range.ncols();
        let image = product(s, range.as_ref());
        let mut small = product(range.transpose(), image.as_ref());
        for j in 0..width {
            for i in 0..j {
                small[(i, j)] = small[(j, i)];
            }
        }
        let (values, vectors) = symmetric_eigen(small.as_ref())?;
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
        let mut signed: Vec<f64> = order.iter().map(|&i| values[i]).collect();
        let wanted = options.rank.unwrap_or(width).min(width);
        let sorted = Mat::from_fn(width, wanted, |i, j| vectors[(i, order[j])]);
        let ritz = product(range.as_ref(), sorted.as_ref());
        let moved = product(image.as_ref(), sorted.as_ref());
        let w = width as u64;
        flops += 2 * n * n * w + 6 * n * w * w + 9 * w.pow(3);
        let worst = maximum((0..wanted).map(|j| apart(moved.as_ref(), ritz.as_ref(), signed[j], j)));
        if worst <= INVARIANT * signed.get(wanted.max(1) - 1).map_or(0.0, |s| s.abs()) {
            let left = Mat::from_fn(s.nrows(), wanted, |i, j| moved[(i, j)] / signed[j]);
            signed.extend(rest);
            return Ok((left, None, signed, flops));
        }
        next = Some(basis(image.as_ref()));
    }
    let (left, right, signed, all) = factor(flattening, m)?;
    Ok((left, right, signed, all + flops))
}

/// An orthonormal basis of `S` times random vectors: `R + 10` of them where the rank is given. Where it is not, an eighth of
/// the dimension at a time, until what they add is rounding; then also the size of that, which stands for the next
/// eigenvalue. `None` if there is no end before five eighths, where the full decomposition costs no more.
fn span(s: MatRef<'_, f64>, options: &Options) -> (Option<Mat<f64>>, Option<f64>, u64) {
    let size = s.nrows();
    let mut rng = options.rng();
    rng.set_stream(1);
    let mut random = |columns: usize| {
        let mut all = Mat::zeros(size, columns);
        (0..columns).for_each(|j| all.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
        product(s, all.as_ref())
    };
    let flops = |old: usize, new: usize| (2 * size * new * (size + 4 * old + 2 * new)) as u64;
    if let Some(rank) = options.rank {
        let width = rank + OVERSAMPLING;
        return if width < size {
            (Some(basis(random(width).as_ref())), None, flops(0, width))
        } else {
            (None, None, 0)
        };
    }
    let (block, mut spent, mut largest) = (size.div_ceil(8), 0, 0.0);
    let mut range = Mat::zeros(size, 0);
    while range.ncols() + block <= 5 * size.div_ceil(8) {
        let (old, mut image) = (range.ncols(), random(block));
        // Twice, so that what is orthogonal to the basis is so to working precision however small it is.
        for _ in 0..2 {
            let along = product(range.transpose(), image.as_ref());
            matmul(image.as_mut(), Accum::Add, range.as_ref(), along.as_ref(), -1.0, Par::Seq);
        }
        spent += flops(old, block);
        let qr = householder(image.as_ref());
        let sizes: Vec<f64> = qr.r().diagonal().column_vector().iter().map(|r| r.abs()).collect();
        largest = sizes.iter().copied().fold(largest, f64::max);
        let new = sizes.iter().position(|r| *r <= ROUNDING * largest).unwrap_or(block);
        let q = qr.embed(Mat::<f64>::identity(block, new).as_ref());
        range = Mat::from_fn(size, old + new, |i, j| if j < old { range[(i, j)] } else { q[(i, j - old)] });
        if new < block {
            return (Some(range), Some(sizes[new] / (size as f64).sqrt()), spent);
        }
    }
    (None, None, spent)
}

/// `‖S w − σ w‖` of one column.
fn apart(image: MatRef<'_, f64>, w: MatRef<'_, f64>, sigma: f64, j: usize) -> f64 {
    image.col(j).iter().zip(w.col(j).iter()).map(|(s, w)| (s - sigma * w).powi(2)).sum::<f64>().sqrt()
}

/// An orthonormal basis of the columns.
fn basis(a: MatRef<'_, f64>) -> Mat<f64> {
    householder(a).embed(Mat::<f64>::identity(a.ncols(), a.ncols()).as_ref())
}

/// The relative size of what was cut off the spectrum, which bounds `1 − F` at true components; `None` where nothing was.
pub(in crate::tensor) fn noise_level(spectrum: &[f64], rank: usize) -> Option<f64> {
    Some(spectrum.get(rank)? / spectrum.get(rank.checked_sub(1)?)?)
}
