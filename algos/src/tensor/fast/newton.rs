//! Newton's method on the sphere near a component, for eight points at a time.
//!
//! Close to a maximum of `F` the power step gains a fixed factor, the Newton step doubles the digits. With
//! `y = ∇F/(2n)`, `H = (n−1) t x^{n−2} + n CCᵀ` (half the Hessian over `n`) and `P = I − xxᵀ`, it solves
//! `(−P(H − fI)P + xxᵀ) δ = y − fx`. Matrices of eight points lie side by side, one in each lane: all loops, those of the
//! factorization too, work on whole vectors, and an entry of `V` is loaded once for eight points.

use crate::simd::{Simd, Task, lanes::Lanes};
use crate::tensor::monomials::Monomials;
use crate::tensor::octet::{Octet, Octets, gather};
use crate::tensor::subspace::Subspace;

/// Longer steps are not trusted.
const LONGEST: f64 = 0.7;

/// Rows and columns of `H` that are updated together.
const TILE: usize = 4;
/// Rows of `C` that are formed together.
const ROWS: usize = 8;
/// Entries of `C` for each of eight points that are formed before they go into `H`: they stay in the first cache.
const ENTRIES: usize = 320;

/// What a step needs of a point.
pub(super) struct Base<'a> {
    pub x: &'a [f64],
    pub y: &'a [f64],
    pub f: f64,
    /// `P(x^{⊗n})` of eight points in packed coordinates, and the lane of this one.
    pub image: (&'a [Octet], usize),
}

/// Newton steps in one subspace.
pub(super) struct Newton {
    d: usize,
    n: usize,
    k: usize,
    simd: Simd,
    /// Multi-indices of degree `n−1` and their multiplicities.
    below: Monomials,
    weights: Vec<f64>,
    /// Each basis tensor as a matrix of `d` rows, padded to whole tiles, and a column for each multi-index below.
    matrices: Vec<f64>,
    /// Multi-indices of degree `n`, and `√μ/n`.
    indices: Vec<usize>,
    shares: Vec<f64>,
    pub flops: u64,
}

impl Newton {
    /// Lays out `V`. Cost: `d^n/(n−1)!` entries for each basis tensor.
    pub fn new(v: &Subspace) -> Self {
        let (d, n, k) = (v.monomials.dimension(), v.monomials.degree(), v.width());
        let below = v.monomials.below();
        let side = d.next_multiple_of(ROWS);
        let mut places = Vec::with_capacity(d * below.len());
        let mut sorted = vec![0; n];
        below.for_each(|_, rest| {
            for i in 0..d {
                sorted[1..].copy_from_slice(rest);
                sorted[0] = i;
                sorted.sort_unstable();
                places.push(v.monomials.position(&sorted));
            }
        });
        let mut matrices = vec![0.0; k * below.len() * side];
        for (c, matrix) in matrices.chunks_exact_mut(below.len() * side).enumerate() {
            let column = v.basis.col_as_slice(c);
            for (to, places) in matrix.chunks_exact_mut(side).zip(places.chunks_exact(d)) {
                to.iter_mut().zip(places).for_each(|(to, &p)| *to = column[p] / v.roots[p]);
            }
        }
        let (weights, indices) = (below.multiplicities(), v.monomials.indices());
        let shares = v.roots.iter().map(|root| root / n as f64).collect();
        Self { d, n, k, simd: v.simd, below, weights, matrices, indices, shares, flops: 0 }
    }

    /// The steps `δ` at several points; `None` where `H` is not definite or the step is too long.
    pub fn steps(&mut self, points: &[Base<'_>]) -> Vec<Option<Vec<f64>>> {
        let (d, n, side) = (self.d, self.n, self.d.next_multiple_of(ROWS));
        let mut workspace = Octets::new(&self.below);
        let mut groups: Vec<Group> = Vec::new();
        for points in points.chunks(8) {
            let mut group = Group::new(d, self.below.len(), side);
            gather(points.iter().map(|p| p.x), &mut group.x);
            gather(points.iter().map(|p| p.y), &mut group.y);
            workspace.lift(self.simd, &self.below, &group.x, &self.weights, &mut group.power);
            groups.push(group);
        }
        let (length, columns) = (self.below.len() * side, (ENTRIES / side).max(1));
        let mut c = vec![Octet::ZERO; columns * side];
        for matrices in self.matrices.chunks(columns * length) {
            for Group { power, h, .. } in &mut groups {
                let c = &mut c[..matrices.len() / length * side];
                self.simd.run(Curvature { matrices, power, side, c, h });
            }
        }
        self.flops += (points.len() * self.k * (2 * d * self.below.len() + d * d)) as u64;
        self.flops += (points.len() * (d.pow(3) / 3 + 8 * d * d)) as u64;
        let mut steps = Vec::with_capacity(points.len());
        for (points, mut group) in points.chunks(8).zip(groups) {
            let (mut f, mut t) = ([0.0; 8], vec![Octet::ZERO; self.shares.len()]);
            for (l, point) in points.iter().enumerate() {
                f[l] = point.f;
                let (image, lane) = point.image;
                for ((t, image), share) in t.iter_mut().zip(image).zip(&self.shares) {
                    t[l] = image[lane] * share;
                }
            }
            let mut matrix = Lower::new(d);
            self.simd.run(Hessian {
                n,
                side,
                indices: &self.indices,
                t: &t,
                x: &group.x,
                h: &group.h,
                to: &mut matrix,
            });
            self.simd.run(Solve { matrix: &mut matrix, x: &group.x, y: &mut group.y, f });
            steps.extend((0..points.len()).map(|l| trusted(&group.y, l)));
        }
        steps
    }
}

/// One step at one point, from `H`.
pub(in crate::tensor) fn step(
    h: impl Fn(usize, usize) -> f64,
    x: &[f64],
    y: &[f64],
    f: f64,
    simd: Simd,
) -> Option<Vec<f64>> {
    let d = x.len();
    let mut matrix = Lower::new(d);
    for j in 0..d {
        matrix.column(j).iter_mut().enumerate().for_each(|(i, to)| *to = Octet([h(j + i, j); 8]));
    }
    let all = |v: &[f64]| v.iter().map(|v| Octet([*v; 8])).collect::<Vec<Octet>>();
    let (x, mut y) = (all(x), all(y));
    simd.run(Solve { matrix: &mut matrix, x: &x, y: &mut y, f: [f; 8] });
    trusted(&y, 0)
}

/// The step of one lane, unless it is too long or not a number: `H` was not definite.
fn trusted(delta: &[Octet], lane: usize) -> Option<Vec<f64>> {
    let square: f64 = delta.iter().map(|d| d[lane] * d[lane]).sum();
    (square < LONGEST * LONGEST).then(|| delta.iter().map(|d| d[lane]).collect())
}

/// Eight points.
struct Group {
    x: Vec<Octet>,
    /// `y`, and then `δ`.
    y: Vec<Octet>,
    /// `μ_a x^a` of degree `n−1`.
    power: Vec<Octet>,
    /// The lower triangle of `CCᵀ` in tiles.
    h: Vec<[[Octet; TILE]; TILE]>,
}

impl Group {
    fn new(d: usize, below: usize, side: usize) -> Self {
        let tiles = side / TILE;
        Self {
            x: vec![Octet::ZERO; d],
            y: vec![Octet::ZERO; d],
            power: vec![Octet::ZERO; below],
            h: vec![[[Octet::ZERO; TILE]; TILE]; tiles * (tiles + 1) / 2],
        }
    }
}

/// A lower triangle, column after column.
struct Lower {
    d: usize,
    entries: Vec<Octet>,
}

impl Lower {
    fn new(d: usize) -> Self {
        Self { d, entries: vec![Octet::ZERO; d * (d + 1) / 2] }
    }

    /// Where column `j` begins, with its diagonal entry.
    #[inline(always)]
    fn begin(&self, j: usize) -> usize {
        j * (2 * self.d + 1 - j) / 2
    }

    #[inline(always)]
    fn column(&mut self, j: usize) -> &mut [Octet] {
        let begin = self.begin(j);
        &mut self.entries[begin..][..self.d - j]
    }
}

/// `H ← H + CCᵀ` for the columns of `C` that some basis tensors give.
struct Curvature<'a> {
    matrices: &'a [f64],
    power: &'a [Octet],
    side: usize,
    c: &'a mut [Octet],
    h: &'a mut [[[Octet; TILE]; TILE]],
}

impl Task for Curvature<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { matrices, power, side, c, h } = self;
        let pairs = matrices.chunks(2 * power.len() * side).zip(c.chunks_mut(2 * side));
        for (matrices, c) in pairs {
            if c.len() == 2 * side {
                contract::<S, 2>(simd, matrices, power, side, c);
            } else {
                contract::<S, 1>(simd, matrices, power, side, c);
            }
        }
        let c = c.as_chunks::<TILE>().0;
        let tiles = side / TILE;
        let mut at = 0;
        for i in 0..tiles {
            for j in 0..=i {
                let h = &mut h[at];
                let mut sums = [[simd.splat(0.0); TILE]; TILE];
                for column in c.chunks_exact(tiles) {
                    let (a, b) = (&column[i], &column[j]);
                    let b: [S::V; TILE] = std::array::from_fn(|s| simd.load(&b[s]));
                    for r in 0..TILE {
                        let a = simd.load(&a[r]);
                        for s in 0..TILE {
                            sums[r][s] = simd.fma(a, b[s], sums[r][s]);
                        }
                    }
                }
                for r in 0..TILE {
                    for s in 0..TILE {
                        simd.store(simd.add(sums[r][s], simd.load(&h[r][s])), &mut h[r][s]);
                    }
                }
                at += 1;
            }
        }
    }
}

/// `K` columns of `C`: as many basis tensors, contracted together so that sums need not wait for each other.
#[inline(always)]
fn contract<S: Lanes, const K: usize>(simd: S, matrices: &[f64], power: &[Octet], side: usize, c: &mut [Octet]) {
    let matrices: [&[[f64; ROWS]]; K] =
        std::array::from_fn(|k| matrices[k * power.len() * side..][..power.len() * side].as_chunks().0);
    let tiles = side / ROWS;
    for tile in 0..tiles {
        let mut sums = [[simd.splat(0.0); ROWS]; K];
        for (a, power) in power.iter().enumerate() {
            let power = simd.load(power);
            for k in 0..K {
                let entries = &matrices[k][a * tiles + tile];
                for r in 0..ROWS {
                    sums[k][r] = simd.fma(simd.splat(entries[r]), power, sums[k][r]);
                }
            }
        }
        for k in 0..K {
            for r in 0..ROWS {
                simd.store(sums[k][r], &mut c[k * side + tile * ROWS + r]);
            }
        }
    }
}

/// `(n−1) t x^{n−2} + n CCᵀ`, with `t` in coordinates weighted by `√μ/n`: what each pair of slots counts for.
struct Hessian<'a> {
    n: usize,
    side: usize,
    indices: &'a [usize],
    t: &'a [Octet],
    x: &'a [Octet],
    h: &'a [[[Octet; TILE]; TILE]],
    to: &'a mut Lower,
}

impl Task for Hessian<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { n, side, indices, t, x, h, to } = self;
        let (d, tiles, factor) = (to.d, side / TILE, simd.splat(n as f64));
        let mut at = 0;
        for i in 0..tiles {
            for j in 0..=i {
                for (r, row) in h[at].iter().enumerate() {
                    for (s, entry) in row.iter().enumerate() {
                        let (i, j) = (TILE * i + r, TILE * j + s);
                        if i < d && j <= i {
                            simd.store(simd.mul(factor, simd.load(entry)), &mut to.column(j)[i - j]);
                        }
                    }
                }
                at += 1;
            }
        }
        for (index, t) in indices.chunks_exact(n).zip(t) {
            for a in 1..n {
                for b in 0..a {
                    let mut rest = simd.load(t);
                    for (c, &i) in index.iter().enumerate() {
                        if c != a && c != b {
                            rest = simd.mul(rest, simd.load(&x[i]));
                        }
                    }
                    // Sorted, so the later slot has the larger index; equal indices count for both orders.
                    let (i, j) = (index[a], index[b]);
                    let entry = &mut to.column(j)[i - j];
                    let twice = if i == j { simd.add(rest, rest) } else { rest };
                    simd.store(simd.add(simd.load(entry), twice), entry);
                }
            }
        }
    }
}

/// From `H` to `δ`, which takes the place of `y`. Lanes in which the matrix is not definite end without a number.
struct Solve<'a> {
    matrix: &'a mut Lower,
    x: &'a [Octet],
    y: &'a mut [Octet],
    f: [f64; 8],
}

impl Task for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { matrix, x, y, f } = self;
        let (d, f) = (x.len(), simd.load(&f));
        // −P(H − fI)P + xxᵀ = −H + fI + x wᵀ + w xᵀ + (1 − f − xᵀHx) xxᵀ with w = Hx.
        let mut w = vec![Octet::ZERO; d];
        for j in 0..d {
            let (at, column) = (simd.load(&x[j]), &*matrix.column(j));
            let mut sum = simd.fma(simd.load(&column[0]), at, simd.load(&w[j]));
            for ((h, x), w) in column.iter().zip(&x[j..]).zip(&mut w[j..]).skip(1) {
                let h = simd.load(h);
                sum = simd.fma(h, simd.load(x), sum);
                simd.store(simd.fma(h, at, simd.load(w)), w);
            }
            simd.store(sum, &mut w[j]);
        }
        let mut square = simd.sub(simd.splat(1.0), f);
        for (w, x) in w.iter().zip(x) {
            square = simd.sub(square, simd.mul(simd.load(w), simd.load(x)));
        }
        for j in 0..d {
            let (all_x, all_w) = (simd.load(&x[j]), simd.load(&w[j]));
            let all = simd.fma(square, all_x, all_w);
            for ((entry, x), w) in matrix.column(j).iter_mut().zip(&x[j..]).zip(&w[j..]) {
                let sum = simd.fma(simd.load(x), all, simd.mul(simd.load(w), all_x));
                simd.store(simd.sub(sum, simd.load(entry)), entry);
            }
            let pivot = &mut matrix.column(j)[0];
            simd.store(simd.add(simd.load(pivot), f), pivot);
        }
        for (y, x) in y.iter_mut().zip(x) {
            simd.store(simd.sub(simd.load(y), simd.mul(f, simd.load(x))), y);
        }
        // L, with the inverse of its diagonal, and L⁻¹ y.
        for j in 0..d {
            let begin = matrix.begin(j);
            let (column, later) = matrix.entries[begin..].split_at_mut(d - j);
            // A pivot that is not positive leaves no number behind.
            column[0] = Octet(column[0].map(|pivot| if pivot > 0.0 { 1.0 / pivot.sqrt() } else { f64::NAN }));
            let inverse = simd.load(&column[0]);
            let solved = simd.mul(simd.load(&y[j]), inverse);
            simd.store(solved, &mut y[j]);
            for (l, y) in column.iter_mut().zip(&mut y[j..]).skip(1) {
                let scaled = simd.mul(simd.load(l), inverse);
                simd.store(scaled, l);
                simd.store(simd.sub(simd.load(y), simd.mul(scaled, solved)), y);
            }
            let (column, mut later) = (&column[1..], later);
            for k in 0..column.len() {
                let (next, rest) = later.split_at_mut(column.len() - k);
                let all = simd.load(&column[k]);
                for (a, l) in next.iter_mut().zip(&column[k..]) {
                    simd.store(simd.sub(simd.load(a), simd.mul(simd.load(l), all)), a);
                }
                later = rest;
            }
        }
        for j in (0..d).rev() {
            let column = &*matrix.column(j);
            let mut sum = simd.load(&y[j]);
            for (l, y) in column.iter().zip(&y[j..]).skip(1) {
                sum = simd.sub(sum, simd.mul(simd.load(l), simd.load(y)));
            }
            simd.store(simd.mul(sum, simd.load(&column[0])), &mut y[j]);
        }
    }
}
