//! The product with a matrix and the product with its transpose, in one pass over the matrix.

use faer::{Mat, MatRef, Par};
use serde::Serialize;

use crate::Effort;
use crate::parallel::map_chunks;
use crate::simd::lanes::Lanes;
use crate::simd::{Simd, Task};

/// How an iteration reads the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passes {
    /// Twice: `A v`, then `Aᵀ u`.
    Reference,
    /// Once: each block of rows is used for both products while it is in the second cache. Half the traffic, `8nd`
    /// bytes an iteration.
    Fused,
}

impl Passes {
    /// Both; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::Fused];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Fused => "fused",
        }
    }
}

/// Rows are split into at most this many parts with sums of their own, added in order, whatever the number of threads.
const PARTS: usize = 16;
/// Entries of a block of rows: half of a second cache of 2 MiB. Long pieces of columns are what memory is read fast in.
const BLOCK: usize = 1 << 17;
/// Columns that share the loads and stores of the vector that they are combined with, and the addition of their sums.
const GROUP: usize = 8;

/// A matrix with contiguous columns, ready for passes.
pub(super) struct Operator<'a> {
    a: MatRef<'a, f64>,
    how: Passes,
    simd: Simd,
    par: Par,
}

impl<'a> Operator<'a> {
    /// # Panics
    /// If the columns are not contiguous.
    pub(super) fn new(a: MatRef<'a, f64>, how: Passes, par: Par) -> Self {
        assert!(a.nrows() < 2 || a.row_stride() == 1, "contiguous columns");
        Self { a, how, simd: Simd::detect(), par }
    }

    /// `u ← A v − α u` and `g ← Aᵀ u`; returns `‖u‖²`. Cost: `4nd` flops.
    pub(super) fn run(&self, v: &[f64], alpha: f64, u: &mut [f64], g: &mut [f64], effort: &mut Effort) -> f64 {
        let (n, d) = self.a.shape();
        effort.flops += 4 * (n * d) as u64;
        effort.applications += 2;
        let reads = if self.how == Passes::Fused { 1 } else { 2 };
        effort.entries += reads * (n * d) as u64;
        match self.how {
            Passes::Reference => {
                u.iter_mut().for_each(|u| *u *= -alpha);
                for (column, v) in self.a.col_iter().zip(v) {
                    u.iter_mut().zip(column.iter()).for_each(|(u, a)| *u += v * a);
                }
                for (column, g) in self.a.col_iter().zip(g) {
                    *g = column.iter().zip(&*u).map(|(a, u)| a * u).sum();
                }
                u.iter().map(|u| u * u).sum()
            }
            Passes::Fused => self.fused(v, alpha, u, g),
        }
    }

    fn fused(&self, v: &[f64], alpha: f64, u: &mut [f64], g: &mut [f64]) -> f64 {
        let (n, d) = self.a.shape();
        let part = n.div_ceil(PARTS).next_multiple_of(8);
        let work = |k: usize, u: &mut [f64]| {
            let mut own = Mat::<f64>::zeros(d, 1);
            let a = self.a.subrows(k * part, u.len());
            let square = self.simd.run(Fused { a, v, alpha, u, g: own.col_as_slice_mut(0) });
            (own, square)
        };
        let parts: Vec<(Mat<f64>, f64)> = map_chunks(self.par, n * d, u, part, work);
        g.fill(0.0);
        for (own, _) in &parts {
            g.iter_mut().zip(own.col_as_slice(0)).for_each(|(g, x)| *g += x);
        }
        parts.iter().map(|(_, square)| square).sum()
    }
}

/// One part of the rows.
struct Fused<'a> {
    a: MatRef<'a, f64>,
    v: &'a [f64],
    alpha: f64,
    u: &'a mut [f64],
    g: &'a mut [f64],
}

impl Task for Fused<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> f64 {
        let Self { a, v, alpha, u, g } = self;
        let height = (BLOCK / v.len().max(1)).clamp(64, 4096) / 8 * 8;
        let mut square = simd.splat(0.0);
        let mut rest = 0.0;
        for (k, u) in u.chunks_mut(height).enumerate() {
            let a = a.subrows(k * height, u.len());
            let whole = u.len() / 8 * 8;
            let (vectors, tail) = u.split_at_mut(whole);
            let vectors = vectors.as_chunks_mut::<8>().0;
            let minus = simd.splat(-alpha);
            for u in vectors.iter_mut() {
                simd.store(simd.fma(minus, simd.load(u), simd.splat(0.0)), u);
            }
            tail.iter_mut().for_each(|u| *u *= -alpha);
            let mut j = 0;
            while j + GROUP <= v.len() {
                combine(simd, columns(a, j, vectors.len()), &v[j..], vectors);
                j += GROUP;
            }
            while j < v.len() {
                let (c, x) = (column(a, j), simd.splat(v[j]));
                for (u, a) in vectors.iter_mut().zip(c.as_chunks::<8>().0) {
                    simd.store(simd.fma(x, simd.load(a), simd.load(u)), u);
                }
                j += 1;
            }
            for (i, u) in tail.iter_mut().enumerate() {
                for (j, v) in v.iter().enumerate() {
                    *u += v * column(a, j)[whole + i];
                }
                rest += *u * *u;
            }
            for u in vectors.iter() {
                square = simd.fma(simd.load(u), simd.load(u), square);
            }
            let mut j = 0;
            while j + GROUP <= v.len() {
                dots(simd, columns(a, j, vectors.len()), vectors, &mut g[j..]);
                j += GROUP;
            }
            while j < v.len() {
                let mut sum = simd.splat(0.0);
                for (u, a) in vectors.iter().zip(column(a, j).as_chunks::<8>().0) {
                    sum = simd.fma(simd.load(u), simd.load(a), sum);
                }
                g[j] += simd.sum(sum);
                j += 1;
            }
            for (i, u) in tail.iter().enumerate() {
                for (j, g) in g.iter_mut().enumerate() {
                    *g += u * column(a, j)[whole + i];
                }
            }
        }
        simd.sum(square) + rest
    }
}

/// Column `j`; empty where it is not contiguous, which [`Operator::new`] excludes.
#[inline(always)]
fn column<'a>(a: MatRef<'a, f64>, j: usize) -> &'a [f64] {
    match a.col(j).try_as_col_major() {
        Some(column) => column.as_slice(),
        None => &[],
    }
}

/// The whole vectors of columns from `j` on.
#[inline(always)]
fn columns<'a>(a: MatRef<'a, f64>, j: usize, length: usize) -> [&'a [[f64; 8]]; GROUP] {
    let mut group = [&[][..]; GROUP];
    for (k, part) in group.iter_mut().enumerate() {
        *part = &column(a, j + k).as_chunks::<8>().0[..length];
    }
    group
}

/// `u += Σ v_k a_k` for a group of columns.
#[inline(always)]
fn combine<S: Lanes>(simd: S, a: [&[[f64; 8]]; GROUP], v: &[f64], u: &mut [[f64; 8]]) {
    let mut factors = [simd.splat(0.0); GROUP];
    for k in 0..GROUP {
        factors[k] = simd.splat(v[k]);
    }
    for i in 0..u.len() {
        let mut sum = simd.load(&u[i]);
        for k in 0..GROUP {
            sum = simd.fma(factors[k], simd.load(&a[k][i]), sum);
        }
        simd.store(sum, &mut u[i]);
    }
}

/// `g_k += a_k·u` for a group of columns.
#[inline(always)]
fn dots<S: Lanes>(simd: S, a: [&[[f64; 8]]; GROUP], u: &[[f64; 8]], g: &mut [f64]) {
    let mut sums = [simd.splat(0.0); GROUP];
    for i in 0..u.len() {
        let u = simd.load(&u[i]);
        for k in 0..GROUP {
            sums[k] = simd.fma(u, simd.load(&a[k][i]), sums[k]);
        }
    }
    let g = &mut g.as_chunks_mut::<GROUP>().0[0];
    simd.store(simd.add(simd.load(g), simd.sums(sums)), g);
}
