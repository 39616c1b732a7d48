//! Eight points at a time, one in each lane of a vector.
//!
//! A row of multi-indices has at most `d` entries and most have fewer: one point alone leaves lanes empty and pays for the
//! end of every row. Eight points side by side fill all lanes in every dimension.

use std::ops::{Deref, DerefMut};

use super::monomials::Monomials;
use crate::simd::{Simd, Task, lanes::Lanes};

/// A number of each of eight points. Aligned: a vector across two cache lines costs two accesses.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Octet(pub [f64; 8]);

impl Octet {
    pub const ZERO: Self = Self([0.0; 8]);
}

impl Deref for Octet {
    type Target = [f64; 8];

    #[inline(always)]
    fn deref(&self) -> &[f64; 8] {
        &self.0
    }
}

impl DerefMut for Octet {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64; 8] {
        &mut self.0
    }
}

/// Coordinates of tensors that eight points are contracted with.
pub(super) trait Coordinates: Copy {
    /// Coordinate `p`, with its weight.
    fn at<S: Lanes>(self, simd: S, p: usize) -> S::V;
}

/// One tensor for all points, weights included.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a>(pub &'a [f64]);

impl Coordinates for Shared<'_> {
    #[inline(always)]
    fn at<S: Lanes>(self, simd: S, p: usize) -> S::V {
        simd.splat(self.0[p])
    }
}

/// A tensor for each point.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub coordinates: &'a [Octet],
    pub weights: &'a [f64],
}

impl Coordinates for Own<'_> {
    #[inline(always)]
    fn at<S: Lanes>(self, simd: S, p: usize) -> S::V {
        simd.mul(simd.load(&self.coordinates[p]), simd.splat(self.weights[p]))
    }
}

/// Contracted coordinates.
#[derive(Clone, Copy)]
struct Partial<'a>(&'a [Octet]);

impl Coordinates for Partial<'_> {
    #[inline(always)]
    fn at<S: Lanes>(self, simd: S, p: usize) -> S::V {
        simd.load(&self.0[p])
    }
}

/// Buffers for eight points; see [`Workspace`](super::contract::Workspace) for one.
#[derive(Debug, Clone)]
pub(super) struct Octets {
    /// `levels[q]`: monomials of degree `q`.
    levels: Vec<Vec<Octet>>,
    /// `sums[q]`: the tensor contracted down to degree `q`.
    sums: Vec<Vec<Octet>>,
}

impl Octets {
    pub fn new(monomials: &Monomials) -> Self {
        let sizes = || (0..monomials.degree()).map(|q| vec![Octet([1.0; 8]); monomials.rows(q).len()]);
        Self { levels: sizes().collect(), sums: sizes().collect() }
    }

    /// `s_p = w_p x^p` for all monomials of the highest degree.
    pub fn lift(&mut self, simd: Simd, monomials: &Monomials, x: &[Octet], w: &[f64], s: &mut [Octet]) {
        simd.run(Lift { monomials, x, w, levels: &mut self.levels, s });
    }

    /// The monomials below the highest degree.
    pub fn prepare(&mut self, simd: Simd, monomials: &Monomials, x: &[Octet]) {
        simd.run(Prepare { monomials, x, levels: &mut self.levels });
    }

    /// `y = (1/n) ∇ Σ_p c_p x^p` with the monomials of the last [`lift`](Self::lift) or [`prepare`](Self::prepare).
    pub fn pull(&mut self, simd: Simd, monomials: &Monomials, x: &[Octet], c: impl Coordinates, y: &mut [Octet]) {
        simd.run(Pull { monomials, x, c, levels: &self.levels, sums: &mut self.sums, y });
    }
}

/// Columns as octets: entry `i` of column `l` becomes lane `l` of number `i`. Lanes without a column stay as they are.
pub(super) fn gather<'a>(columns: impl Iterator<Item = &'a [f64]>, to: &mut [Octet]) {
    for (l, column) in columns.enumerate() {
        to.iter_mut().zip(column).for_each(|(to, x)| to[l] = *x);
    }
}

/// One of eight points.
#[derive(Clone, Copy)]
pub(super) struct Lane<'a> {
    points: &'a [Octet],
    lane: usize,
}

impl Lane<'_> {
    pub fn column(self) -> Vec<f64> {
        self.points.iter().map(|x| x[self.lane]).collect()
    }
}

/// Runs an iteration from many starts; a lane whose run has ended takes the next start. `step` moves eight points and
/// returns a value and the length of the step of each, `after(t, x, value, length)` says when a run has ended after `t`
/// steps, and with what. It is asked at `t = 0` too, where value and length are 0 and ∞: no steps may be allowed.
pub(super) fn run_all<R>(
    starts: &[Vec<f64>],
    mut step: impl FnMut(&mut [Octet]) -> ([f64; 8], [f64; 8]),
    mut after: impl FnMut(usize, Lane<'_>, f64, f64) -> Option<R>,
) -> Vec<R> {
    let mut points = vec![Octet::ZERO; starts.first().map_or(0, Vec::len)];
    let mut waiting = starts.iter().enumerate();
    // The start of each lane, and its steps.
    let mut running: [Option<(usize, usize)>; 8] = [None; 8];
    let mut ends: Vec<Option<R>> = starts.iter().map(|_| None).collect();
    loop {
        for (lane, run) in running.iter_mut().enumerate().filter(|(_, run)| run.is_none()) {
            for (at, start) in waiting.by_ref() {
                points.iter_mut().zip(start).for_each(|(to, x)| to[lane] = *x);
                ends[at] = after(0, Lane { points: &points, lane }, 0.0, f64::INFINITY);
                if ends[at].is_none() {
                    *run = Some((at, 0));
                    break;
                }
            }
        }
        if running.iter().all(Option::is_none) {
            return ends.into_iter().flatten().collect();
        }
        let (values, lengths) = step(&mut points);
        for (lane, run) in running.iter_mut().enumerate() {
            let Some((at, t)) = run else { continue };
            *t += 1;
            let end = after(*t, Lane { points: &points, lane }, values[lane], lengths[lane]);
            if end.is_some() {
                ends[*at] = end;
                *run = None;
            }
        }
    }
}

/// `x ← (y + γx)/‖y + γx‖` for each of eight points; returns the lengths of the steps. Where `y + γx` vanishes, `x` stays.
pub(super) fn advance_all(simd: Simd, x: &mut [Octet], y: &[Octet], gamma: [f64; 8]) -> [f64; 8] {
    simd.run(Advance { x, y, gamma })
}

pub(super) struct Advance<'a> {
    pub x: &'a mut [Octet],
    pub y: &'a [Octet],
    pub gamma: [f64; 8],
}

impl Task for Advance<'_> {
    type Output = [f64; 8];

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> [f64; 8] {
        let Self { x, y, gamma } = self;
        let (gamma, mut square) = (simd.load(&gamma), simd.splat(0.0));
        for (x, y) in x.iter().zip(y) {
            let sum = simd.fma(gamma, simd.load(x), simd.load(y));
            square = simd.fma(sum, sum, square);
        }
        let mut squares = [0.0; 8];
        simd.store(square, &mut squares);
        let scale = simd.load(&squares.map(|s| if s == 0.0 { 0.0 } else { 1.0 / s.sqrt() }));
        let stay = simd.load(&squares.map(|s| if s == 0.0 { 1.0 } else { 0.0 }));
        let mut moved = simd.splat(0.0);
        for (x, y) in x.iter_mut().zip(y) {
            let before = simd.load(x);
            let sum = simd.fma(gamma, before, simd.load(y));
            let next = simd.fma(stay, before, simd.mul(sum, scale));
            let by = simd.sub(next, before);
            moved = simd.fma(by, by, moved);
            simd.store(next, x);
        }
        let mut lengths = [0.0; 8];
        simd.store(moved, &mut lengths);
        lengths.map(f64::sqrt)
    }
}

struct Prepare<'a> {
    monomials: &'a Monomials,
    x: &'a [Octet],
    levels: &'a mut [Vec<Octet>],
}

impl Task for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for q in 0..self.monomials.degree() - 1 {
            let (below, above) = self.levels.split_at_mut(q + 1);
            for (row, value) in self.monomials.rows(q).iter().zip(&below[q]) {
                let (x, value) = (&self.x[row.from..], simd.load(value));
                for (x, s) in x.iter().zip(&mut above[0][row.begin..]) {
                    simd.store(simd.mul(value, simd.load(x)), s);
                }
            }
        }
    }
}

struct Lift<'a> {
    monomials: &'a Monomials,
    x: &'a [Octet],
    w: &'a [f64],
    levels: &'a mut [Vec<Octet>],
    s: &'a mut [Octet],
}

impl Task for Lift<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { monomials, x, w, levels, s } = self;
        Prepare { monomials, x, levels }.run(simd);
        let top = monomials.degree() - 1;
        for (row, value) in monomials.rows(top).iter().zip(&levels[top]) {
            let (x, value) = (&x[row.from..], simd.load(value));
            for ((x, w), s) in x.iter().zip(&w[row.begin..]).zip(&mut s[row.begin..]) {
                simd.store(simd.mul(simd.mul(value, simd.load(x)), simd.splat(*w)), s);
            }
        }
    }
}

struct Pull<'a, C> {
    monomials: &'a Monomials,
    x: &'a [Octet],
    c: C,
    levels: &'a [Vec<Octet>],
    sums: &'a mut [Vec<Octet>],
    y: &'a mut [Octet],
}

impl<C: Coordinates> Task for Pull<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { monomials, x, c, levels, sums, y } = self;
        let n = monomials.degree();
        y.fill(Octet::ZERO);
        for q in (1..n).rev() {
            let (below, above) = sums.split_at_mut(q + 1);
            if q + 1 == n {
                down(simd, monomials, q, x, c, &levels[q], &mut below[q], y);
            } else {
                down(simd, monomials, q, x, Partial(&above[0]), &levels[q], &mut below[q], y);
            }
        }
        let scale = simd.splat(1.0 / n as f64);
        for (p, y) in y.iter_mut().enumerate() {
            let first = if n == 1 { c.at(simd, p) } else { simd.load(&sums[1][p]) };
            simd.store(simd.mul(simd.add(simd.load(y), first), scale), y);
        }
    }
}

/// Contracts degree `q + 1` to degree `q`, and adds what the last index contributes to the gradient.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "one loop of a task")]
fn down<S: Lanes>(
    simd: S,
    monomials: &Monomials,
    q: usize,
    x: &[Octet],
    c: impl Coordinates,
    levels: &[Octet],
    sums: &mut [Octet],
    y: &mut [Octet],
) {
    for ((row, value), sum) in monomials.rows(q).iter().zip(levels).zip(sums) {
        let value = simd.load(value);
        // Several sums, so that none waits for itself.
        let mut sums = [simd.splat(0.0); 4];
        let both = |l: usize, sum: &mut S::V, x: &Octet, y: &mut Octet| {
            let c = c.at(simd, row.begin + l);
            *sum = simd.fma(c, simd.load(x), *sum);
            simd.store(simd.fma(value, c, simd.load(y)), y);
        };
        let ((x, x_rest), (y, y_rest)) = (x[row.from..].as_chunks::<4>(), y[row.from..].as_chunks_mut::<4>());
        let whole = 4 * x.len();
        for (q, (x, y)) in x.iter().zip(y).enumerate() {
            for i in 0..4 {
                both(4 * q + i, &mut sums[i], &x[i], &mut y[i]);
            }
        }
        for (i, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            both(whole + i, &mut sums[i], x, y);
        }
        simd.store(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])), sum);
    }
}
