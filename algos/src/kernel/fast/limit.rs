//! What the machine allows: the multiply-adds and the exponentials of a product without anything else.

// Loops over constant ranges, which the compiler unrolls; iterators over arrays of registers it does not.
#![allow(clippy::needless_range_loop)]

use super::vector::{Line, Real, Task, Vectors};
use crate::kernel::Engine;
use crate::parallel::map_chunks;

/// Multiply-adds on 24 independent sums in registers, then exponentials of one vector after the other, as many as a
/// product of `pairs` entries in dimension `d` takes at least. Returns a number that depends on all of them.
///
/// Its time is the limit of a tile in double precision on this instruction set and so many threads.
pub fn limit(engine: Engine, pairs: usize, d: usize) -> f64 {
    let vectors = pairs / f64::LANES / PIECES;
    let pieces = map_chunks(engine.par, pairs * (d + 1), &mut [1e-9; PIECES], 1, |_, with| {
        let with = std::hint::black_box(with[0]);
        f64::dispatch(engine.simd, Limit { multiply_adds: vectors * (d + 1), exponentials: vectors, with })
    });
    pieces.iter().sum()
}

/// Pieces that threads share.
const PIECES: usize = 64;

struct Limit {
    multiply_adds: usize,
    exponentials: usize,
    with: f64,
}

impl Task<f64> for Limit {
    type Output = f64;

    #[inline(always)]
    fn run<S: Vectors<f64>, const Q: usize, const P: usize>(self, simd: S) -> f64 {
        let x = simd.splat(self.with);
        let mut sums = [[x; P]; Q];
        for _ in 0..self.multiply_adds / (P * Q) {
            for row in &mut sums {
                for sum in row {
                    *sum = simd.fma(x, *sum, x);
                }
            }
        }
        // Arguments and values in the first cache: loads and stores take no turn of the arithmetic units.
        let arguments = [Line([-self.with; 8]); 24];
        let mut values = [Line([0.0; 8]); 24];
        for _ in 0..self.exponentials / 24 {
            let arguments = std::hint::black_box(&arguments).as_chunks::<P>().0;
            for (values, arguments) in values.as_chunks_mut::<P>().0.iter_mut().zip(arguments) {
                let mut line = [x; P];
                for p in 0..P {
                    line[p] = simd.load(&arguments[p]);
                }
                line = simd.exp(line);
                for p in 0..P {
                    simd.store(line[p], &mut values[p]);
                }
            }
        }
        let mut total = simd.load(&values[0]);
        for row in sums {
            for sum in row {
                total = simd.add(total, sum);
            }
        }
        let mut line = Line::default();
        simd.store(total, &mut line);
        line.0.iter().sum()
    }
}
