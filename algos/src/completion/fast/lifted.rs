//! Exact updates at small ranks.
//!
//! A row `x` of the design enters the Gram matrices of all lines that observe it with the same products `x_a x_b`. They
//! are formed once for a half-sweep, so that the Gram matrix of a line is a sum of vectors: an addition for eight
//! products.

use faer::Mat;

use super::factor::Factor;
use super::half::{Done, minimal};
use super::systems::Systems;
use crate::Error;
use crate::completion::Lines;
use crate::simd::{Task, lanes::Lanes};

/// The largest rank: above it the products of a row take more loads than the arithmetic that they save.
pub(super) const RANK: usize = 6;

/// The rows of a design, each behind its products `x_a x_b`, `a ≤ b`, by rows of the triangle.
pub(super) struct Lifted {
    records: Mat<f64>,
    /// Vectors of products.
    vectors: usize,
    /// What forming them took.
    pub flops: u64,
}

impl Lifted {
    /// Forms `k(k+1)/2` products for each row.
    pub fn new(design: &Factor) -> Self {
        let k = design.width();
        let vectors = (k * (k + 1) / 2).div_ceil(8);
        let size = 8 * (vectors + 1);
        let rows = design.rows().as_chunks::<8>().0;
        let mut records = Mat::zeros(size * rows.len(), 1);
        for (record, row) in records.col_as_slice_mut(0).chunks_exact_mut(size).zip(rows) {
            let (products, copy) = record.split_at_mut(8 * vectors);
            let pairs = (0..k).flat_map(|a| (a..k).map(move |b| row[a] * row[b]));
            products.iter_mut().zip(pairs).for_each(|(to, product)| *to = product);
            copy.copy_from_slice(row);
        }
        Self { records, vectors, flops: (rows.len() * k * (k + 1) / 2) as u64 }
    }
}

/// A block of lines, each `min ‖A u − b‖`.
pub(super) struct Block<'a> {
    pub lines: &'a Lines,
    pub design: &'a Factor,
    pub lifted: &'a Lifted,
    pub first: usize,
    pub out: &'a mut [f64],
}

impl Task for Block<'_> {
    type Output = Result<Done, Error>;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Self::Output {
        match self.lifted.vectors {
            1 => self.solve::<S, 1>(simd),
            2 => self.solve::<S, 2>(simd),
            _ => self.solve::<S, 3>(simd),
        }
    }
}

impl Block<'_> {
    #[inline(always)]
    fn solve<S: Lanes, const T: usize>(self, simd: S) -> Result<Done, Error> {
        let Self { lines, design, lifted, first, out } = self;
        let k = design.width();
        let records = lifted.records.col_as_slice(0).as_chunks::<8>().0;
        let (mut done, mut systems) = (Done::default(), Systems::new(k));
        for (group, out) in out.chunks_mut(64).enumerate() {
            let first = first + 8 * group;
            let mut sums = [[simd.splat(0.0); 8]; 4];
            for (l, _) in out.chunks_exact(8).enumerate() {
                let (observed, values) = lines.line(first + l);
                // Two chains of additions.
                let mut products = [[simd.splat(0.0); T]; 2];
                let mut right = [simd.splat(0.0); 2];
                for (observed, values) in observed.chunks(2).zip(values.chunks(2)) {
                    for (c, (&j, &v)) in observed.iter().zip(values).enumerate() {
                        let record = &records[j as usize * (T + 1)..][..T + 1];
                        for t in 0..T {
                            products[c][t] = simd.add(products[c][t], simd.load(&record[t]));
                        }
                        right[c] = simd.fma(simd.splat(v), simd.load(&record[T]), right[c]);
                    }
                }
                for t in 0..T {
                    sums[t][l] = simd.add(products[0][t], products[1][t]);
                }
                sums[T][l] = simd.add(right[0], right[1]);
            }
            for (t, sums) in sums[..T].iter().enumerate() {
                systems.put_entries(simd, 8 * t, *sums);
            }
            systems.put_right(simd, sums[T]);
            let sound = systems.solve(simd);
            let mut columns = [simd.splat(0.0); 8];
            for (column, x) in columns.iter_mut().zip(&systems.right) {
                *column = simd.load(x);
            }
            let solutions = simd.transpose(columns);
            for (l, u) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                let (observed, values) = lines.line(first + l);
                let n = observed.len();
                done.tally.effort.entries += n as u64;
                done.tally.effort.flops += (n * (k * (k + 1) / 2 + 2 * k)) as u64;
                if n >= k && sound[l] {
                    simd.store(solutions[l], u);
                    done.tally.effort.flops += (k * k * k / 3 + 2 * k * k) as u64;
                } else if n == 0 {
                    u.fill(0.0);
                } else {
                    done.tally.underdetermined += u64::from(n < k);
                    done.tally.fallbacks += u64::from(n >= k);
                    done.tally.effort.flops += minimal(design, observed, values, u)?;
                }
            }
        }
        Ok(done)
    }
}
