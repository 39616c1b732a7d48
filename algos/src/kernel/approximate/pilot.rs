//! A few exact rows of `K`: what plans are made from and certificates tested on.

use rand_chacha::ChaCha8Rng;

use crate::kernel::Engine;
use crate::kernel::fast::pack::{Packed, Rows, TOGETHER};
use crate::kernel::fast::tile::{Gaussian, Products};
use crate::kernel::fast::vector::{Line, Real};
use crate::kernel::fast::{SLICE, sums};
use crate::kernel::instance::subset;
use crate::kernel::points::Centred;

/// Width of a bin of `u`; a bin stands for its middle.
pub const BIN: f64 = 0.05;
/// Entries below `e^{−60}` are dropped.
const BINS: usize = 1200;

/// Exact rows.
#[derive(Debug, Clone)]
pub struct Pilot {
    /// Their numbers.
    pub rows: Vec<usize>,
    /// Non-empty bins: the middle `u` and the mean number of keys per row.
    pub histogram: Vec<(f64, f64)>,
    /// `(Kx)_i` on the rows.
    values: Vec<f64>,
    n: usize,
}

impl Pilot {
    /// Draws rows without replacement. Cost: twice their entries, in single precision once.
    pub(crate) fn draw(points: &Centred, x: &[f64], count: usize, engine: Engine, rng: &mut ChaCha8Rng) -> Self {
        let mut rows = subset(points.n, count, rng);
        rows.sort_unstable();
        let all: Vec<u32> = (0..points.m as u32).collect();
        let keys = Packed::<f64>::keys(points, &all, 1, |j, _| x[j], engine.par);
        let queries = Rows::queries(points, rows.len(), |a| rows[a], engine.par);
        let values = sums(&queries, &keys, Gaussian, None, engine);
        let histogram = histogram(points, &rows, engine);
        Self { rows, histogram, values, n: points.n }
    }

    /// Mean row sum of `K`.
    pub fn row_sum(&self) -> f64 {
        self.histogram.iter().map(|(u, h)| h * (-u).exp()).sum()
    }

    /// Mean squared row norm of `K`.
    pub fn energy(&self) -> f64 {
        self.histogram.iter().map(|(u, h)| h * (-2.0 * u).exp()).sum()
    }

    /// `‖Kx − y‖²`, estimated from the rows.
    pub(crate) fn squared_error(&self, y: &[f64]) -> f64 {
        let squares = self.rows.iter().zip(&self.values).map(|(&i, exact)| (y[i] - exact).powi(2));
        squares.sum::<f64>() * self.n as f64 / self.rows.len() as f64
    }
}

/// The distribution of `u` over the keys, per row. Single precision moves `u` by less than a bin.
fn histogram(points: &Centred, rows: &[usize], engine: Engine) -> Vec<(f64, f64)> {
    let d = points.d;
    let mut counts = vec![0u32; BINS];
    for first in (0..points.m).step_by(SLICE * 64) {
        let many = (SLICE * 64).min(points.m - first);
        let key = |j: usize, out: &mut [f64]| points.put_key(first + j, out);
        let keys = Packed::<f32>::new(d, many, 0, key, |_, _| 0.0, engine.par);
        let panels = keys.panels();
        let queries = Rows::<f32>::queries(points, rows.len(), |a| rows[a], engine.par);
        let mut out = vec![Line([0.0; 16]); rows.len().next_multiple_of(TOGETHER) * panels];
        f32::dispatch(engine.simd, Products { rows: &queries, first: 0, keys: &keys, out: &mut out });
        for row in out.chunks_exact(panels).take(rows.len()) {
            for &exponent in row.iter().flat_map(|line| &line.0).take(many) {
                let bin = (-exponent.min(0.0) * (1.0 / BIN as f32)) as usize;
                if bin < BINS {
                    counts[bin] += 1;
                }
            }
        }
    }
    let middle = |bin: usize| (bin as f64 + 0.5) * BIN;
    let filled = counts.iter().enumerate().filter(|(_, c)| **c > 0);
    filled.map(|(bin, &c)| (middle(bin), f64::from(c) / rows.len() as f64)).collect()
}
