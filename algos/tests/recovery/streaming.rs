//! The streaming sum that stands for the limit of a pass.

use algos::simd::{Simd, streaming_sum};
use faer::Mat;

#[test]
fn every_entry_counts_once() {
    for simd in Simd::available() {
        for (m, n) in [(0, 3), (3, 0), (1, 1), (7, 2), (8, 3), (16, 4), (33, 5), (100, 9), (5050, 7)] {
            let a = Mat::from_fn(m, n, |i, j| (i * n + j) as f64);
            let count = (m * n) as f64;
            let sum = count * (count - 1.0) / 2.0;
            assert_eq!(streaming_sum(simd, a.as_ref()), sum.max(0.0), "{m}×{n}, {}", simd.name());
        }
    }
}
