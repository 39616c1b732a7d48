//! Locality-sensitive hashing by Gaussian projections, and the density estimators built on it.
//!
//! A hash is `⌊(⟨g, z⟩ + b)/w⌋` with Gaussian `g` and `b` uniform in `[0, w)`; a code joins `k` of them. Two points at
//! distance `r` share a code with probability `p(r)ᵏ`, see [`collision`].

use std::collections::HashMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::fast::pack::{Packed, Rows, TOGETHER};
use super::fast::tile::Products;
use super::fast::vector::{Line, Real, Task, Vectors};
use super::points::Centred;
use super::{Engine, Problem};
use crate::error::{Error, InputError, argument};
use crate::{Par, simd::Simd};

/// The probability that two points at distance `r` (not squared) fall into one cell of width `w`:
/// `1 − 2Φ(−t) − 2(1 − e^{−t²/2})/(√(2π) t)`, `t = w/r`.
pub fn collision(r: f64, w: f64) -> f64 {
    if r <= 0.0 {
        return 1.0;
    }
    let t = w / r;
    let tail = -2.0 / ((2.0 * std::f64::consts::PI).sqrt() * t) * -(-0.5 * t * t).exp_m1();
    (central(t) + tail).clamp(0.0, 1.0)
}

/// `P(|Z| ≤ t)` for a standard normal `Z`: the error function at `t/√2`.
pub(crate) fn central(t: f64) -> f64 {
    let density = (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if t < 4.0 {
        let (mut term, mut sum, mut k) = (t, t, 1.0);
        while term > 1e-17 * sum {
            k += 2.0;
            term *= t * t / k;
            sum += term;
        }
        2.0 * density * sum
    } else {
        // The continued fraction of the tail, from far out.
        let fraction = (1..40).rev().fold(t, |f, k| t + f64::from(k) / f);
        1.0 - 2.0 * density / fraction
    }
}

/// `1 − (1 − pᵏ)ᴸ`: the probability that at least one of `tables` codes of `k` hashes is shared at distance `r`.
pub fn recall(r: f64, w: f64, k: u32, tables: f64) -> f64 {
    -(tables * (-collision(r, w).powi(k as i32)).ln_1p()).exp_m1()
}

/// The directions of many tables, packed for the tile.
#[derive(Debug)]
pub(crate) struct Family {
    pub k: usize,
    pub tables: usize,
    /// Tables rounded up to whole vectors.
    pub stride: usize,
    packed: Packed<f32>,
}

/// Points that are hashed together: their projections stay in the second cache.
const BLOCK: usize = 6 * TOGETHER;

impl Family {
    pub(crate) fn draw(d: usize, k: usize, tables: usize, w: f64, rng: &mut ChaCha8Rng) -> Self {
        let stride = tables.next_multiple_of(f32::LANES);
        let mut directions = vec![0.0; k * stride * d];
        let mut shifts = vec![0.0; k * stride];
        for table in 0..tables {
            for j in 0..k {
                let at = j * stride + table;
                directions[at * d..(at + 1) * d].iter_mut().for_each(|g| *g = rng.sample::<f64, _>(StandardNormal) / w);
                shifts[at] = rng.random::<f64>();
            }
        }
        let direction = |at: usize, out: &mut [f64]| {
            out.copy_from_slice(&directions[at * d..(at + 1) * d]);
            shifts[at]
        };
        let packed = Packed::new(d, k * stride, 0, direction, |_, _| 0.0, Par::Seq);
        Self { k, tables, stride, packed }
    }

    /// The codes of all rows, `[row][table]` in blocks of rows; `put` gets the first row of a block and its codes.
    pub(crate) fn codes(&self, rows: &Rows<f32>, simd: Simd, mut put: impl FnMut(usize, &[u32])) {
        let panels = self.packed.panels();
        let mut products = vec![Line([0.0; 16]); BLOCK * panels];
        let mut codes = vec![0; BLOCK * self.stride];
        for first in (0..rows.len()).step_by(BLOCK) {
            let count = BLOCK.min(rows.len() - first);
            let out = &mut products[..count.next_multiple_of(TOGETHER) * panels];
            f32::dispatch(simd, Products { rows, first, keys: &self.packed, out });
            let (k, groups) = (self.k, self.stride / f32::LANES);
            f32::dispatch(
                simd,
                Mix { products: &products, panels, k, groups, codes: &mut codes[..count * self.stride] },
            );
            put(first, &codes[..count * self.stride]);
        }
    }
}

/// Projections to codes: the floor of each, then one number out of `k`.
struct Mix<'a> {
    products: &'a [Line<[f32; 16]>],
    panels: usize,
    k: usize,
    /// Vectors of tables.
    groups: usize,
    codes: &'a mut [u32],
}

impl Task<f32> for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors<f32>, const Q: usize, const P: usize>(self, _: S) {
        let Self { products, panels, k, groups, codes } = self;
        for (row, codes) in codes.as_chunks_mut::<16>().0.chunks_exact_mut(groups).enumerate() {
            for (group, codes) in codes.iter_mut().enumerate() {
                let mut mixed = [0u32; 16];
                for (lane, start) in mixed.iter_mut().enumerate() {
                    *start = (group * 16 + lane) as u32;
                }
                for j in 0..k {
                    let z = &products[row * panels + j * groups + group].0;
                    for lane in 0..16 {
                        // The floor without a library call where the instruction set has none.
                        let cut = z[lane] as i32;
                        let cell = cut - i32::from(z[lane] < cut as f32);
                        mixed[lane] = (mixed[lane].rotate_left(5) ^ cell as u32).wrapping_mul(0x9E37_79B1);
                    }
                }
                *codes = mixed;
            }
        }
    }
}

/// What one table says of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Densities {
    /// `Z_l(q)/μ(q)`, `[table][query]`.
    pub relative: Vec<f64>,
    /// The number of queries.
    pub queries: usize,
}

/// Hashing-based estimates (Charikar & Siminelakis 2017) of the mean `μ(q) = (K1)_q/m` over the keys: from each table one
/// uniform key `Y` of the bucket `B(q)` gives `Z = (|B(q)|/m) K(q, Y)/p(‖q − Y‖)ᵏ`, and 0 for an empty bucket. Each `Z` is
/// unbiased; all queries share the tables. Returned relative to the exact `μ`.
///
/// Cost: `(n + m)Lkd` multiply-adds for `L` tables, and the exact densities.
///
/// # Errors
///
/// No queries or keys; no tables; a width that is not positive.
pub fn estimates(
    problem: &Problem<'_>,
    k: usize,
    w: f64,
    tables: usize,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Result<Densities, Error> {
    argument(w > 0.0 && w.is_finite(), "w", w, "must be positive and finite")?;
    argument(tables > 0, "tables", 0.0, "must be positive")?;
    let points = Centred::new(problem, engine.par);
    if points.n == 0 || points.m == 0 {
        return Err(InputError::Empty { what: "the set of points" }.into());
    }
    let exact = super::multiply(super::Variant::TileF64, problem, &vec![1.0; points.m], engine)?.value;
    let family = Family::draw(points.d, k, tables, w, rng);
    let of = |rows: &Rows<f32>| {
        let mut all = Vec::with_capacity(rows.len() * family.stride);
        family.codes(rows, engine.simd, |_, codes| all.extend_from_slice(codes));
        all
    };
    let keys = of(&Rows::plain(points.d, points.m, |j| points.key(j), engine.par));
    let queries = of(&Rows::plain(points.d, points.n, |i| points.query(i), engine.par));
    let mut relative = Vec::with_capacity(tables * points.n);
    for table in 0..tables {
        let mut buckets: HashMap<u32, Vec<usize>> = HashMap::new();
        for j in 0..points.m {
            buckets.entry(keys[j * family.stride + table]).or_default().push(j);
        }
        for i in 0..points.n {
            let z = buckets.get(&queries[i * family.stride + table]).map_or(0.0, |bucket| {
                let j = bucket[rng.random_range(0..bucket.len())];
                let u = points.exponent(i, j);
                bucket.len() as f64 * (-u).exp() / collision((2.0 * u).sqrt(), w).powi(k as i32)
            });
            relative.push(z / exact[i]);
        }
    }
    Ok(Densities { relative, queries: points.n })
}

impl Densities {
    /// For each table, the mean over queries of `Z/μ`.
    pub fn table_means(&self) -> Vec<f64> {
        let mean = |row: &[f64]| row.iter().sum::<f64>() / row.len() as f64;
        self.relative.chunks_exact(self.queries.max(1)).map(mean).collect()
    }

    /// Variance over tables of `Z/μ`, averaged over queries.
    pub fn relative_variance(&self) -> f64 {
        let (tables, n) = (self.relative.len() / self.queries.max(1), self.queries);
        let variance = |i: usize| {
            let column = || (0..tables).map(|l| self.relative[l * n + i]);
            let mean = column().sum::<f64>() / tables as f64;
            column().map(|z| (z - mean).powi(2)).sum::<f64>() / (tables - 1) as f64
        };
        (0..n).map(variance).sum::<f64>() / n as f64
    }
}
