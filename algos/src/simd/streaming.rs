//! What memory allows.

use faer::MatRef;

use super::{Simd, Task, lanes::Lanes};

/// Columns that are read side by side: one stream alone waits for memory.
const STREAMS: usize = 4;

/// The sum of all entries of `A: m×n`, read once as fast as one thread can: the limit of whatever has to read `A`.
///
/// Columns that are not contiguous count as empty. Cost: `mn` additions, `8mn` bytes.
pub fn streaming_sum(simd: Simd, a: MatRef<'_, f64>) -> f64 {
    simd.run(Sum(a))
}

struct Sum<'a>(MatRef<'a, f64>);

impl Task for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> f64 {
        let a = self.0;
        let quarter = a.ncols().div_ceil(STREAMS);
        let (mut sums, mut rest) = ([simd.splat(0.0); STREAMS], 0.0);
        for j in 0..quarter {
            let mut columns: [&[f64]; STREAMS] = [&[]; STREAMS];
            for (stream, column) in columns.iter_mut().enumerate() {
                let k = stream * quarter + j;
                if k < a.ncols() {
                    *column = a.col(k).try_as_col_major().map_or(&[], |column| column.as_slice());
                }
            }
            let [(p, p_rest), (q, q_rest), (r, r_rest), (s, s_rest)] = columns.map(|column| column.as_chunks::<8>());
            // All columns have the same length, but in the last groups some are missing.
            for (((p, q), r), s) in p.iter().zip(q).zip(r).zip(s) {
                sums[0] = simd.add(sums[0], simd.load(p));
                sums[1] = simd.add(sums[1], simd.load(q));
                sums[2] = simd.add(sums[2], simd.load(r));
                sums[3] = simd.add(sums[3], simd.load(s));
            }
            if s.len() < p.len() {
                for chunk in p.iter().chain(q).chain(r) {
                    sums[0] = simd.add(sums[0], simd.load(chunk));
                }
            }
            rest += p_rest.iter().chain(q_rest).chain(r_rest).chain(s_rest).sum::<f64>();
        }
        rest + simd.sum(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])))
    }
}
