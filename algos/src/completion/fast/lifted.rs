//! Exact updates at small ranks, eight lines at a time.
//!
//! A row `x` of the design enters the Gram matrices of all lines that observe it with the same products `x_a x_b`. They
//! are formed once for a half-sweep, so that the Gram matrix of a line is a sum of vectors: an addition for eight
//! products. Eight systems are then solved side by side, one in each lane, because a small factorization is one chain of
//! divisions and roots.

use faer::Mat;

use super::factor::Factor;
use super::gram::PIVOT;
use super::half::{Done, minimal};
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
        let mut done = Done::default();
        for (group, out) in out.chunks_mut(64).enumerate() {
            let first = first + 8 * group;
            let mut systems = [[simd.splat(0.0); 8]; 4];
            for l in 0..out.len() / 8 {
                let (observed, values) = lines.line(first + l);
                // Two chains of additions.
                let mut sums = [[simd.splat(0.0); T]; 2];
                let mut right = [simd.splat(0.0); 2];
                for (observed, values) in observed.chunks(2).zip(values.chunks(2)) {
                    for (c, (&j, &v)) in observed.iter().zip(values).enumerate() {
                        let record = &records[j as usize * (T + 1)..][..T + 1];
                        for t in 0..T {
                            sums[c][t] = simd.add(sums[c][t], simd.load(&record[t]));
                        }
                        right[c] = simd.fma(simd.splat(v), simd.load(&record[T]), right[c]);
                    }
                }
                for t in 0..T {
                    systems[t][l] = simd.add(sums[0][t], sums[1][t]);
                }
                systems[T][l] = simd.add(right[0], right[1]);
            }
            let (mut gram, mut x) = ([[0.0; 8]; 24], [[0.0; 8]; 8]);
            for t in 0..T {
                let columns = simd.transpose(systems[t]);
                for e in 0..8 {
                    simd.store(columns[e], &mut gram[8 * t + e]);
                }
            }
            let columns = simd.transpose(systems[T]);
            for e in 0..k {
                simd.store(columns[e], &mut x[e]);
            }
            let sound = solve(simd, k, &mut gram, &mut x);
            let mut columns = [simd.splat(0.0); 8];
            for e in 0..8 {
                columns[e] = simd.load(&x[e]);
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

/// Solves eight systems by Cholesky factorization; the solutions replace the right-hand sides `x`. False in lanes where a
/// pivot is too small.
#[inline(always)]
fn solve<S: Lanes>(simd: S, k: usize, gram: &mut [[f64; 8]; 24], x: &mut [[f64; 8]; 8]) -> [bool; 8] {
    let row = |a: usize| a * k - a * a.saturating_sub(1) / 2;
    let (mut sound, mut least, mut inverses) = ([true; 8], [0.0f64; 8], [[0.0; 8]; RANK]);
    for a in 0..k {
        for l in 0..8 {
            least[l] = least[l].max(PIVOT * gram[row(a)][l]);
        }
    }
    for a in 0..k {
        let at = row(a);
        for l in 0..8 {
            let pivot = gram[at][l];
            sound[l] &= pivot > least[l];
            inverses[a][l] = if sound[l] { 1.0 / pivot.sqrt() } else { 0.0 };
        }
        let inverse = simd.load(&inverses[a]);
        for b in at + 1..at + k - a {
            simd.store(simd.mul(inverse, simd.load(&gram[b])), &mut gram[b]);
        }
        let y = simd.mul(inverse, simd.load(&x[a]));
        simd.store(y, &mut x[a]);
        for r in a + 1..k {
            let minus = simd.mul(simd.splat(-1.0), simd.load(&gram[at + r - a]));
            simd.store(simd.fma(minus, y, simd.load(&x[r])), &mut x[r]);
            for b in r..k {
                let to = row(r) + b - r;
                simd.store(simd.fma(minus, simd.load(&gram[at + b - a]), simd.load(&gram[to])), &mut gram[to]);
            }
        }
    }
    for a in (0..k).rev() {
        let mut sum = simd.load(&x[a]);
        for b in a + 1..k {
            let minus = simd.mul(simd.splat(-1.0), simd.load(&gram[row(a) + b - a]));
            sum = simd.fma(minus, simd.load(&x[b]), sum);
        }
        simd.store(simd.mul(simd.load(&inverses[a]), sum), &mut x[a]);
    }
    sound
}
