//! Products with many short columns, for which a general matrix product does not pay.
//!
//! A column is read in whole vectors that reach into the next one, against weights of zero there: no column has an end.

use crate::simd::{Simd, Task, lanes::Lanes};

/// `Aᵀw` for the columns of `A` with as many rows as `w`, one after the other in `a`.
pub(super) fn dots(a: &[f64], w: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() / w.len()];
    Simd::detect().run(Dots { a, rows: w.len(), w: &padded(w), out: &mut out });
    out
}

/// `y ← A z` for the columns of `A` with as many rows as `y`.
pub(super) fn combine(a: &[f64], z: &[f64], y: &mut [f64]) {
    let mut sums = padded(&vec![0.0; y.len()]);
    Simd::detect().run(Combine { a, rows: y.len(), z, y: &mut sums });
    y.copy_from_slice(&sums.as_flattened()[..y.len()]);
}

/// In vectors, the last one filled up with zeros.
fn padded(w: &[f64]) -> Vec<[f64; 8]> {
    let mut vectors = vec![[0.0; 8]; w.len().div_ceil(8)];
    vectors.as_flattened_mut()[..w.len()].copy_from_slice(w);
    vectors
}

/// Columns that can be read in this many whole vectors.
#[inline(always)]
fn within(a: &[f64], rows: usize, vectors: usize) -> usize {
    (a.len() + rows).checked_sub(8 * vectors).map_or(0, |room| room / rows)
}

/// Column `j` in whole vectors.
#[inline(always)]
fn column(a: &[f64], rows: usize, j: usize, vectors: usize) -> &[[f64; 8]] {
    a[j * rows..][..8 * vectors].as_chunks().0
}

struct Dots<'a> {
    a: &'a [f64],
    rows: usize,
    w: &'a [[f64; 8]],
    out: &'a mut [f64],
}

impl Task for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { a, rows, w, out } = self;
        let whole = within(a, rows, w.len());
        let (blocks, _) = out[..whole].as_chunks_mut::<8>();
        for (block, out) in blocks.iter_mut().enumerate() {
            let columns: [&[[f64; 8]]; 8] = std::array::from_fn(|c| column(a, rows, 8 * block + c, w.len()));
            let mut sums = [simd.splat(0.0); 8];
            for (q, w) in w.iter().enumerate() {
                let w = simd.load(w);
                for c in 0..8 {
                    sums[c] = simd.fma(simd.load(&columns[c][q]), w, sums[c]);
                }
            }
            simd.store(simd.sums(sums), out);
        }
        let w = w.as_flattened();
        for (a, out) in a.chunks_exact(rows).zip(out).skip(whole / 8 * 8) {
            *out = a.iter().zip(w).map(|(a, w)| a * w).sum();
        }
    }
}

struct Combine<'a> {
    a: &'a [f64],
    rows: usize,
    z: &'a [f64],
    /// What is beyond the rows is left over from neighbouring columns.
    y: &'a mut [[f64; 8]],
}

impl Task for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { a, rows, z, y } = self;
        let whole = within(a, rows, y.len()).min(z.len());
        let blocks = z[..whole].as_chunks::<4>().0;
        for (block, z) in blocks.iter().enumerate() {
            let columns: [&[[f64; 8]]; 4] = std::array::from_fn(|c| column(a, rows, 4 * block + c, y.len()));
            for (q, y) in y.iter_mut().enumerate() {
                let mut sum = simd.load(y);
                for c in 0..4 {
                    sum = simd.fma(simd.load(&columns[c][q]), simd.splat(z[c]), sum);
                }
                simd.store(sum, y);
            }
        }
        let y = y.as_flattened_mut();
        for (a, z) in a.chunks_exact(rows).zip(z).skip(whole / 4 * 4) {
            y.iter_mut().zip(a).for_each(|(y, a)| *y += z * a);
        }
    }
}
