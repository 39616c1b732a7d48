//! `F` from known components, for experiments that take millions of steps.
//!
//! With `A: d×R`, `G = (AᵀA)^{∘n}` and `p = Aᵀx`, the projection onto `span{a_r^{⊗n}}` gives
//! `y = A (p^{∘(n−1)} ∘ G⁻¹p^{∘n})`: `2R² + 4dR` flops a step, whatever `n` is.

use faer::{Mat, MatRef};

use super::Shift;
use super::octet::{Advance, Lane, Octet, run_all};
use super::power::{Ascent, Limits, Summit};
use crate::error::{Error, argument, finite};
use crate::linalg::{householder, norm, product, symmetric_eigen};
use crate::simd::{Simd, Task, lanes::Lanes};
use crate::{InputError, NumericalError};

/// `F` of the span of `a_r^{⊗n}` for known unit vectors `a_r`.
#[derive(Debug, Clone)]
pub struct Landscape {
    n: usize,
    d: usize,
    /// Components, one after the other.
    a: Vec<f64>,
    /// `G⁻¹`, row after row.
    inverse: Vec<f64>,
    p: Vec<f64>,
    q: Vec<f64>,
}

/// Where a climb has led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A component.
    Component,
    /// `F < 1`.
    Spurious,
    /// `F = 1` at none of the components.
    Other,
    /// Nowhere: the iteration had not converged.
    Unconverged,
}

impl Landscape {
    /// From the columns of `A: d×R`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: no columns, columns that are not of unit length, or `n` not in 2..=3.
    /// [`Error::Numerical`]: powers that depend on each other.
    pub fn new(a: MatRef<'_, f64>, n: usize) -> Result<Self, Error> {
        let (d, r) = a.shape();
        argument((2..=3).contains(&n), "power", n as f64, "2 or 3")?;
        argument(r >= 1 && d >= 1, "components", r as f64, "at least one")?;
        finite("components", a.col_iter().flat_map(|column| column.iter()))?;
        let columns: Vec<f64> = a.col_iter().flat_map(|c| c.iter().copied().collect::<Vec<_>>()).collect();
        if let Some(length) = columns.chunks_exact(d).map(norm).find(|length| (length - 1.0).abs() > 1e-8) {
            let requirement = "1: components are unit vectors";
            return Err(InputError::Argument { name: "length of a component", value: length, requirement }.into());
        }
        let gram = product(a.transpose(), a);
        let power = Mat::from_fn(r, r, |i, j| gram[(i, j)].powi(n as i32));
        let (values, _) = symmetric_eigen(power.as_ref())?;
        if values[0] <= 1e-14 * values[r - 1] {
            return Err(NumericalError::RankDeficient { column: r - 1 }.into());
        }
        let qr = householder(power.as_ref());
        let mut inverse = Mat::<f64>::identity(r, r);
        qr.apply_transposed(inverse.as_mut());
        faer::linalg::triangular_solve::solve_upper_triangular_in_place(
            qr.r().as_ref(),
            inverse.as_mut(),
            faer::Par::Seq,
        );
        let inverse = (0..r * r).map(|at| 0.5 * (inverse[(at / r, at % r)] + inverse[(at % r, at / r)])).collect();
        Ok(Self { n, d, a: columns, inverse, p: vec![0.0; r], q: vec![0.0; r] })
    }

    /// One Newton step on the sphere, the finish that is also used in the block variants, from known components.
    ///
    /// `None` where the Hessian is not definite or the step is longer than 0.7.
    pub fn newton_step(&mut self, x: &[f64]) -> Option<Vec<f64>> {
        let (n, d, r) = (self.n, self.d, self.p.len());
        let mut y = vec![0.0; d];
        let f = self.evaluate(x, &mut y);
        // H = (n−1) Σ_r q_r p_r^{n−2} a_r a_rᵀ + n B G⁻¹ Bᵀ with B = A diag(p^{n−1}), q = G⁻¹p^n.
        let mut b = Mat::zeros(d, r);
        let mut h = Mat::<f64>::zeros(d, d);
        for (j, a) in self.a.chunks_exact(d).enumerate() {
            let low = self.p[j].powi(n as i32 - 2);
            b.col_as_slice_mut(j).iter_mut().zip(a).for_each(|(b, a)| *b = a * low * self.p[j]);
            for (k, column) in h.col_iter_mut().enumerate() {
                let share = (n - 1) as f64 * self.q[j] * low * a[k];
                column.iter_mut().zip(a).for_each(|(h, a)| *h += share * a);
            }
        }
        let inverse = MatRef::from_row_major_slice(&self.inverse, r, r);
        let spread = product(b.as_ref(), inverse);
        faer::linalg::matmul::matmul(
            h.as_mut(),
            faer::Accum::Add,
            spread.as_ref(),
            b.transpose(),
            n as f64,
            faer::Par::Seq,
        );
        super::fast::newton_step(|i, j| h[(i, j)], x, &y, f, Simd::detect())
    }

    /// [`climb`](super::power::climb) from many starts, eight at a time.
    pub fn climb_all(&self, starts: &[Vec<f64>], shift: Shift, limits: Limits) -> Vec<Summit> {
        self.step_all(starts, shift, |iterations, x, f, moved| {
            let converged = moved < limits.tolerance;
            let ended = converged || iterations >= limits.iterations;
            ended.then(|| Summit { x: x.column(), f, iterations, converged })
        })
    }

    /// Climbs with the adaptive shift and, after every 100 steps with `F > 0.9`, with Newton's method; at most 2000 steps.
    /// Returns where each ended, whether it converged, and its steps.
    ///
    /// Finds maxima that the plain iteration approaches too slowly.
    pub fn finish_all(&self, starts: &[Vec<f64>]) -> Vec<(Vec<f64>, bool, usize)> {
        let mut own = self.clone();
        self.step_all(starts, Shift::Adaptive, |t, x, f, moved| {
            if moved < 1e-13 {
                return Some((x.column(), true, t));
            }
            let end = if t % 100 == 0 && f > 0.9 { own.newton(&x.column()) } else { None };
            match end {
                Some(end) => Some((end, true, t)),
                None => (t == 2000).then(|| (x.column(), false, t)),
            }
        })
    }

    fn step_all<R>(
        &self,
        starts: &[Vec<f64>],
        shift: Shift,
        after: impl FnMut(usize, Lane<'_>, f64, f64) -> Option<R>,
    ) -> Vec<R> {
        let simd = Simd::detect();
        let zeros = |size| vec![Octet::ZERO; size];
        let (mut p, mut y) = (zeros(self.p.len()), zeros(self.d));
        run_all(starts, |x| simd.run(Step { of: self, shift, x, y: &mut y, p: &mut p }), after)
    }

    /// Newton's method from a point, if it converges within 20 steps.
    fn newton(&mut self, from: &[f64]) -> Option<Vec<f64>> {
        let mut x = from.to_vec();
        for _ in 0..20 {
            let delta = self.newton_step(&x)?;
            let length = norm(&delta);
            x.iter_mut().zip(&delta).for_each(|(x, d)| *x += d);
            let scale = 1.0 / norm(&x);
            x.iter_mut().for_each(|x| *x *= scale);
            if length < 1e-12 {
                return Some(x);
            }
        }
        None
    }

    /// What a point is: a component within `2(1 − |xᵀa|) < 1e-10`, another point with `1 − F < 1e-10`, or neither.
    pub fn place(&mut self, x: &[f64], converged: bool) -> Place {
        if !converged {
            return Place::Unconverged;
        }
        let f = self.evaluate(x, &mut vec![0.0; self.d]);
        let cosine = self.p.iter().fold(0.0, |c: f64, p| c.max(p.abs()));
        match (2.0 * (1.0 - cosine) < 1e-10, 1.0 - f < 1e-10) {
            (true, _) => Place::Component,
            (false, true) => Place::Other,
            (false, false) => Place::Spurious,
        }
    }
}

impl Ascent for Landscape {
    fn dimension(&self) -> usize {
        self.d
    }

    fn degree(&self) -> usize {
        self.n
    }

    fn evaluate(&mut self, x: &[f64], y: &mut [f64]) -> f64 {
        let r = self.p.len();
        for (p, a) in self.p.iter_mut().zip(self.a.chunks_exact(self.d)) {
            *p = a.iter().zip(x).map(|(a, x)| a * x).sum();
        }
        self.q.fill(0.0);
        for (p, row) in self.p.iter().zip(self.inverse.chunks_exact(r)) {
            let power = if self.n == 2 { p * p } else { p * p * p };
            self.q.iter_mut().zip(row).for_each(|(q, g)| *q += power * g);
        }
        y.fill(0.0);
        let mut f = 0.0;
        for ((p, q), a) in self.p.iter().zip(&self.q).zip(self.a.chunks_exact(self.d)) {
            let share = if self.n == 2 { p * q } else { p * p * q };
            f += share * p;
            y.iter_mut().zip(a).for_each(|(y, a)| *y += share * a);
        }
        f.clamp(0.0, 1.0)
    }

    fn flops(&self) -> u64 {
        let (r, d) = (self.p.len() as u64, self.d as u64);
        2 * r * r + 4 * d * r + 6 * r
    }
}

/// One shifted power step of eight points; returns `F` before it and its lengths.
struct Step<'a> {
    of: &'a Landscape,
    shift: Shift,
    x: &'a mut [Octet],
    y: &'a mut [Octet],
    /// Buffer for `Aᵀx`.
    p: &'a mut [Octet],
}

impl Task for Step<'_> {
    type Output = ([f64; 8], [f64; 8]);

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> ([f64; 8], [f64; 8]) {
        let Self { of: Landscape { n, d, a, inverse, .. }, shift, x, y, p } = self;
        for (p, a) in p.iter_mut().zip(a.chunks_exact(*d)) {
            let mut sum = simd.splat(0.0);
            for (a, x) in a.iter().zip(&*x) {
                sum = simd.fma(simd.splat(*a), simd.load(x), sum);
            }
            simd.store(sum, p);
        }
        y.fill(Octet::ZERO);
        let mut f = simd.splat(0.0);
        for ((at, a), row) in p.iter().zip(a.chunks_exact(*d)).zip(inverse.chunks_exact(p.len())) {
            let mut q = simd.splat(0.0);
            for (g, p) in row.iter().zip(&*p) {
                let p = simd.load(p);
                let square = simd.mul(p, p);
                let power = if *n == 2 { square } else { simd.mul(square, p) };
                q = simd.fma(simd.splat(*g), power, q);
            }
            let at = simd.load(at);
            let share = simd.mul(if *n == 2 { at } else { simd.mul(at, at) }, q);
            f = simd.fma(share, at, f);
            for (y, a) in y.iter_mut().zip(a) {
                simd.store(simd.fma(share, simd.splat(*a), simd.load(y)), y);
            }
        }
        let mut values = [0.0; 8];
        simd.store(f, &mut values);
        let values = values.map(|f| f.clamp(0.0, 1.0));
        let gamma = values.map(|f| shift.gamma(*n, f));
        (values, Advance { x, y, gamma }.run(simd))
    }
}
