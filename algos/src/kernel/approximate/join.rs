//! The heavy part: pairs that share a code in at least one hash table.

use rand_chacha::ChaCha8Rng;

use super::Counts;
use super::plan::Plan;
use crate::kernel::Engine;
use crate::kernel::fast::pack::Rows;
use crate::kernel::fast::vector::{Line, Real, Task, Vectors};
use crate::kernel::hashing::{Family, recall};
use crate::kernel::points::Centred;
use crate::parallel::{Spaces, map_pieces};

/// How a pair that was found counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// By one over the probability that it is found: unbiased.
    InverseProbability,
    /// As it is: pairs that are missed are missing. For controls.
    One,
}

/// Queries of a task.
const CHUNK: usize = 4096;

/// `Σ_j K_ij x_j/P(u_ij)` over pairs with `u < threshold` that share a code, each pair once; none if more than `budget`
/// pairs were met in buckets, which means that some bucket is far too full.
pub(super) fn heavy(
    points: &Centred,
    x: &[f64],
    plan: &Plan,
    weights: Weights,
    budget: u64,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Option<(Vec<f64>, Counts)> {
    let family = Family::draw(points.d, plan.k, plan.tables, plan.w, rng);
    let queries = Rows::<f32>::plain(points.d, points.n, |i| points.query(i), engine.par);
    let keys = Rows::<f32>::plain(points.d, points.m, |j| points.key(j), engine.par);
    let tables = Tables::new(&family, &keys, engine);
    let mut codes = vec![0u32; points.n * family.stride];
    family.codes(&queries, engine.simd, |first, block| {
        codes[first * family.stride..first * family.stride + block.len()].copy_from_slice(block);
    });
    // Queries of one bucket meet the same keys: one after the other they find them in cache.
    let mut order: Vec<u32> = (0..points.n as u32).collect();
    order.sort_unstable_by_key(|&i| (codes[i as usize * family.stride], i));
    let queries = Lined::new(points.d, points.n, |i| points.query(i));
    let keys = Lined::new(points.d, points.m, |j| points.key(j));
    let inverse = Inverse::new(plan, weights);
    let join = |order: &[u32]| {
        let share = (4.0 * budget as f64 * order.len() as f64 / points.n as f64) as u64;
        f32::dispatch(
            engine.simd,
            Join {
                order,
                codes: &codes,
                stride: family.stride,
                tables: &tables,
                queries: &queries,
                keys: &keys,
                x,
                inverse: &inverse,
                threshold: plan.threshold as f32,
                budget: share,
            },
        )
    };
    let looked_up = points.n * plan.tables;
    let chunks = order.chunks(CHUNK).collect();
    let parts: Vec<Option<(Vec<f64>, Counts)>> =
        map_pieces(engine.par, looked_up, chunks, (&Spaces::new(), || ()), |(), order| join(order));
    let mut y = vec![0.0; points.n];
    let hashes = (points.n + points.m) as u64 * (plan.k * plan.tables) as u64;
    let mut counts = Counts { hashes, ..Counts::default() };
    for (part, order) in parts.into_iter().zip(order.chunks(CHUNK)) {
        let (values, found) = part?;
        order.iter().zip(values).for_each(|(&i, value)| y[i as usize] = value);
        counts.collisions += found.collisions;
        counts.candidates += found.candidates;
        counts.heavy += found.heavy;
    }
    Some((y, counts))
}

/// Hash tables of the keys: in each, keys sorted by the leading bits of their code.
struct Tables {
    bits: u32,
    count: usize,
    keys: usize,
    /// `[table][bucket]`, one more than there are buckets.
    starts: Vec<u32>,
    /// `[table][place]`: code and key.
    entries: Vec<(u32, u32)>,
}

impl Tables {
    fn new(family: &Family, rows: &Rows<f32>, engine: Engine) -> Self {
        let m = rows.len();
        let bits = (m.max(2) as u32).ilog2() + 1;
        // Table by table, so that filing reads in order.
        let mut codes = vec![0u32; family.tables * m];
        family.codes(rows, engine.simd, |first, block| {
            for (row, of_row) in block.chunks_exact(family.stride).enumerate() {
                for (table, &code) in of_row[..family.tables].iter().enumerate() {
                    codes[table * m + first + row] = code;
                }
            }
        });
        let buckets = 1usize << bits;
        let mut starts = vec![0u32; family.tables * (buckets + 1)];
        let mut entries = vec![(0, 0); family.tables * m];
        let tables = starts.chunks_exact_mut(buckets + 1).zip(entries.chunks_exact_mut(m.max(1)));
        for ((starts, entries), codes) in tables.zip(codes.chunks_exact(m.max(1))) {
            let bucket = |code: u32| (code >> (32 - bits)) as usize;
            codes.iter().for_each(|&code| starts[bucket(code) + 1] += 1);
            for b in 0..buckets {
                starts[b + 1] += starts[b];
            }
            // Filled from the front; afterwards each start is the next bucket's, so they are shifted back.
            for (key, &code) in (0..).zip(codes) {
                let place = &mut starts[bucket(code)];
                entries[*place as usize] = (code, key);
                *place += 1;
            }
            starts.copy_within(0..buckets, 1);
            starts[0] = 0;
        }
        Self { bits, count: family.tables, keys: m, starts, entries }
    }

    /// The entries of the bucket of a code.
    #[inline(always)]
    fn bucket(&self, table: usize, code: u32) -> (u32, u32) {
        let at = table * ((1usize << self.bits) + 1) + (code >> (32 - self.bits)) as usize;
        (self.starts[at], self.starts[at + 1])
    }
}

/// Points as whole vectors.
struct Lined {
    lines: usize,
    coordinates: Vec<Line<[f32; 16]>>,
}

impl Lined {
    fn new<'p>(d: usize, count: usize, point: impl Fn(usize) -> &'p [f64]) -> Self {
        let lines = d.div_ceil(16);
        let mut coordinates = vec![Line([0.0; 16]); count * lines];
        for i in 0..count {
            for (t, &x) in point(i).iter().enumerate() {
                coordinates[i * lines + t / 16].0[t % 16] = x as f32;
            }
        }
        Self { lines, coordinates }
    }

    #[inline(always)]
    fn point(&self, i: usize) -> &[Line<[f32; 16]>] {
        &self.coordinates[i * self.lines..(i + 1) * self.lines]
    }
}

/// `1/P` by linear interpolation in the distance, in which it is smooth at zero.
struct Inverse {
    scale: f64,
    nodes: Vec<f64>,
}

impl Inverse {
    const NODES: usize = 4096;

    fn new(plan: &Plan, weights: Weights) -> Self {
        let farthest = (2.0 * plan.threshold).sqrt();
        let value = |node: usize| match weights {
            Weights::One => 1.0,
            Weights::InverseProbability => {
                let r = farthest * node as f64 / Self::NODES as f64;
                1.0 / recall(r, plan.w, plan.k as u32, plan.tables as f64)
            }
        };
        Self { scale: Self::NODES as f64 / farthest, nodes: (0..=Self::NODES + 1).map(value).collect() }
    }

    #[inline(always)]
    fn at(&self, u: f64) -> f64 {
        let position = (2.0 * u).sqrt() * self.scale;
        let node = (position as usize).min(Self::NODES);
        let part = position - node as f64;
        self.nodes[node] + part * (self.nodes[node + 1] - self.nodes[node])
    }
}

struct Join<'a> {
    order: &'a [u32],
    codes: &'a [u32],
    stride: usize,
    tables: &'a Tables,
    queries: &'a Lined,
    keys: &'a Lined,
    x: &'a [f64],
    inverse: &'a Inverse,
    threshold: f32,
    budget: u64,
}

impl Task<f32> for Join<'_> {
    type Output = Option<(Vec<f64>, Counts)>;

    #[inline(always)]
    fn run<S: Vectors<f32>, const Q: usize, const P: usize>(self, simd: S) -> Self::Output {
        let Self { order, codes, stride, tables, queries, keys, x, inverse, threshold, budget } = self;
        let mut counts = Counts::default();
        let mut y = Vec::with_capacity(order.len());
        // The last query that met a key: a pair that several tables find counts once.
        let mut met = vec![u32::MAX; tables.keys];
        let mut buckets = vec![(0, 0); tables.count];
        let mut found = Vec::new();
        for &i in order {
            let mine = &codes[i as usize * stride..][..tables.count];
            // Reads that do not wait for each other.
            for ((table, &code), bucket) in mine.iter().enumerate().zip(&mut buckets) {
                *bucket = tables.bucket(table, code);
            }
            found.clear();
            for ((table, &code), &(start, end)) in mine.iter().enumerate().zip(&buckets) {
                let entries = &tables.entries[table * tables.keys..][start as usize..end as usize];
                for &(other, key) in entries.iter().filter(|(other, _)| *other == code) {
                    debug_assert_eq!(other, code);
                    counts.collisions += 1;
                    if met[key as usize] != i {
                        met[key as usize] = i;
                        found.push(key);
                    }
                }
            }
            if counts.collisions > budget {
                return None;
            }
            counts.candidates += found.len() as u64;
            let query = queries.point(i as usize);
            let mut sum = 0.0;
            for &key in &found {
                let mut square = simd.splat(0.0);
                for (q, k) in query.iter().zip(keys.point(key as usize)) {
                    let difference = simd.sub(simd.load(q), simd.load(k));
                    square = simd.fma(difference, difference, square);
                }
                let mut lanes = Line([0.0; 16]);
                simd.store(square, &mut lanes);
                let mut a = lanes.0;
                for width in [8, 4, 2, 1] {
                    for l in 0..width {
                        a[l] += a[l + width];
                    }
                }
                let u = 0.5 * a[0];
                if u < threshold {
                    counts.heavy += 1;
                    let u = f64::from(u);
                    sum += (-u).exp() * inverse.at(u) * x[key as usize];
                }
            }
            y.push(sum);
        }
        Some((y, counts))
    }
}
