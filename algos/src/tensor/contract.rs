//! Monomials of a point, and contractions of a symmetric tensor with it.
//!
//! Both walk the multi-indices degree by degree. From degree `q` to `q+1` each monomial of degree `q` is multiplied by a
//! contiguous piece of `x`; a contraction runs the same way back. Four flops per coordinate, and no index is looked up.

use super::monomials::Monomials;
use crate::simd::{Simd, Task, lanes::Lanes};

/// Buffers for one point.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// `levels[q]`: monomials of degree `q`, without multiplicities.
    levels: Vec<Vec<f64>>,
    /// `sums[q]`: the tensor contracted down to degree `q`.
    sums: Vec<Vec<f64>>,
}

impl Workspace {
    pub fn new(monomials: &Monomials) -> Self {
        let sizes = || (0..monomials.degree()).map(|q| vec![1.0; monomials.rows(q).len()]);
        Self { levels: sizes().collect(), sums: sizes().collect() }
    }

    /// `s_p = w_p x^p` for all monomials of the highest degree; `w` are the weights.
    pub fn lift(&mut self, simd: Simd, monomials: &Monomials, x: &[f64], w: &[f64], s: &mut [f64]) {
        simd.run(Lift { monomials, x, w, levels: &mut self.levels, s });
    }

    /// `y = (1/n) ∇ Σ_p c_p x^p`, the contraction of the symmetric tensor with weighted coordinates `c` with `x^{⊗(n−1)}`.
    /// Lower monomials of `x` are those of the last [`lift`](Self::lift) or [`prepare`](Self::prepare).
    pub fn pull(&mut self, simd: Simd, monomials: &Monomials, x: &[f64], c: &[f64], y: &mut [f64]) {
        simd.run(Pull { monomials, x, c, levels: &self.levels, sums: &mut self.sums, y });
    }

    /// The monomials below the highest degree.
    pub fn prepare(&mut self, simd: Simd, monomials: &Monomials, x: &[f64]) {
        simd.run(Prepare { monomials, x, levels: &mut self.levels });
    }
}

/// Flops of one [`Workspace::pull`].
pub(super) fn pull_flops(monomials: &Monomials) -> u64 {
    let below: usize = (1..monomials.degree()).map(|q| monomials.rows(q).len()).sum();
    4 * (monomials.len() + below) as u64
}

struct Prepare<'a> {
    monomials: &'a Monomials,
    x: &'a [f64],
    levels: &'a mut [Vec<f64>],
}

impl Task for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for q in 0..self.monomials.degree() - 1 {
            let (below, above) = self.levels.split_at_mut(q + 1);
            for (row, &value) in self.monomials.rows(q).iter().zip(&below[q]) {
                let x = &self.x[row.from..];
                scaled(simd, value, x, &mut above[0][row.begin..][..x.len()]);
            }
        }
    }
}

struct Lift<'a> {
    monomials: &'a Monomials,
    x: &'a [f64],
    w: &'a [f64],
    levels: &'a mut [Vec<f64>],
    s: &'a mut [f64],
}

impl Task for Lift<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { monomials, x, w, levels, s } = self;
        Prepare { monomials, x, levels }.run(simd);
        let top = monomials.degree() - 1;
        for (row, &value) in monomials.rows(top).iter().zip(&levels[top]) {
            let x = &x[row.from..];
            let at = row.begin..row.begin + x.len();
            weighted(simd, value, x, &w[at.clone()], &mut s[at]);
        }
    }
}

struct Pull<'a> {
    monomials: &'a Monomials,
    x: &'a [f64],
    c: &'a [f64],
    levels: &'a [Vec<f64>],
    sums: &'a mut [Vec<f64>],
    y: &'a mut [f64],
}

impl Task for Pull<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { monomials, x, c, levels, sums, y } = self;
        let n = monomials.degree();
        y.fill(0.0);
        for q in (1..n).rev() {
            let (below, above) = sums.split_at_mut(q + 1);
            let coordinates = if q + 1 == n { c } else { &above[0] };
            for ((row, &value), sum) in monomials.rows(q).iter().zip(&levels[q]).zip(&mut below[q]) {
                let x = &x[row.from..];
                let part = &coordinates[row.begin..][..x.len()];
                *sum = dot_axpy(simd, value, part, x, &mut y[row.from..]);
            }
        }
        let first = if n == 1 { c } else { &sums[1] };
        let scale = 1.0 / n as f64;
        for (y, g) in y.iter_mut().zip(first) {
            *y = (*y + g) * scale;
        }
    }
}

/// `s = a x`.
#[inline(always)]
fn scaled<S: Lanes>(simd: S, a: f64, x: &[f64], s: &mut [f64]) {
    let factor = simd.splat(a);
    let zero = simd.splat(0.0);
    let ((x, x_rest), (s, s_rest)) = (x.as_chunks::<8>(), s.as_chunks_mut::<8>());
    for (x, s) in x.iter().zip(s) {
        simd.store(simd.fma(factor, simd.load(x), zero), s);
    }
    for (x, s) in x_rest.iter().zip(s_rest) {
        *s = a * x;
    }
}

/// `s = a w∘x`.
#[inline(always)]
fn weighted<S: Lanes>(simd: S, a: f64, x: &[f64], w: &[f64], s: &mut [f64]) {
    let factor = simd.splat(a);
    let zero = simd.splat(0.0);
    let ((x, x_rest), (w, w_rest), (s, s_rest)) = (x.as_chunks::<8>(), w.as_chunks::<8>(), s.as_chunks_mut::<8>());
    for ((x, w), s) in x.iter().zip(w).zip(s) {
        simd.store(simd.fma(simd.fma(factor, simd.load(x), zero), simd.load(w), zero), s);
    }
    for ((x, w), s) in x_rest.iter().zip(w_rest).zip(s_rest) {
        *s = a * x * w;
    }
}

/// `y += a c` and `c·x`: each coordinate is loaded once for both.
#[inline(always)]
fn dot_axpy<S: Lanes>(simd: S, a: f64, c: &[f64], x: &[f64], y: &mut [f64]) -> f64 {
    let factor = simd.splat(a);
    let mut sum = simd.splat(0.0);
    let ((c, c_rest), (x, x_rest), (y, y_rest)) = (c.as_chunks::<8>(), x.as_chunks::<8>(), y.as_chunks_mut::<8>());
    for ((c, x), y) in c.iter().zip(x).zip(y) {
        let c = simd.load(c);
        sum = simd.fma(c, simd.load(x), sum);
        simd.store(simd.fma(factor, c, simd.load(y)), y);
    }
    let mut total = simd.sum(sum);
    for ((c, x), y) in c_rest.iter().zip(x_rest).zip(y_rest) {
        total += c * x;
        *y += a * c;
    }
    total
}
