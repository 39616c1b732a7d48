//! Bases of the column space in packed coordinates.

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::Error;
use crate::linalg::{householder, product, symmetric_eigen};
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

/// Bases, inverse core, spectrum and flops.
pub(in crate::tensor) struct Extracted {
    pub v: Subspace,
    pub u: Option<Subspace>,
    pub core: Mat<f64>,
    pub spectrum: Vec<f64>,
    pub flops: u64,
}

/// The column space of the flattening, from all eigenvectors or, where `partial`, from `R + 10` directions.
pub(in crate::tensor) fn extract(
    tensor: &SymmetricTensor,
    options: &Options,
    partial: bool,
) -> Result<Extracted, Error> {
    let m = tensor.order();
    let flattening = tensor.flatten(m.div_ceil(2))?;
    let (left, right, signed, flops) = match options.rank.filter(|_| partial && m.is_multiple_of(2)) {
        Some(rank) if rank + OVERSAMPLING < flattening.rows.len() => dominant(&flattening, m, rank, options)?,
        _ => factor(&flattening, m)?,
    };
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

/// The eigenpairs of largest magnitude of a symmetric flattening, by a random range with one more product for accuracy.
///
/// Exact where the rank is; under noise the residual decides, and all eigenvectors are computed if it is too large.
/// `6N²(R+10)` flops and small terms instead of `9N³`.
fn dominant(flattening: &Flattening, m: usize, rank: usize, options: &Options) -> Result<Factors, Error> {
    let s = flattening.matrix.as_ref();
    let (size, width) = (s.nrows(), rank + OVERSAMPLING);
    let mut rng = options.rng();
    rng.set_stream(1);
    let mut range = Mat::zeros(size, width);
    (0..width).for_each(|j| range.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
    for _ in 0..2 {
        range = basis(product(s, range.as_ref()).as_ref());
    }
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
    let signed: Vec<f64> = order.iter().map(|&i| values[i]).collect();
    let sorted = Mat::from_fn(width, rank, |i, j| vectors[(i, order[j])]);
    let left = product(range.as_ref(), sorted.as_ref());
    let residual = product(image.as_ref(), sorted.as_ref());
    let worst = (0..rank).map(|j| apart(residual.as_ref(), left.as_ref(), signed[j], j)).fold(0.0, f64::max);
    let (n, w) = (size as u64, width as u64);
    let flops = 6 * n * n * w + 12 * n * w * w + 9 * w.pow(3);
    let smallest = signed.get(rank.max(1) - 1).map_or(0.0, |s| s.abs());
    if worst <= INVARIANT * smallest {
        return Ok((left, None, signed, flops));
    }
    let (left, right, signed, all) = factor(flattening, m)?;
    Ok((left, right, signed, all + flops))
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
