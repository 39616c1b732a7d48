//! Alternating minimization in `O(|Ω|k)` a sweep.
//!
//! - The basis of the fixed factor is orthonormal, so each row's design is well conditioned
//!   (`≈ (1+√(k/n_i))/(1−√(k/n_i))`) and three warm steps of conjugate gradients do what an exact solve does: `16 n_i k`
//!   flops instead of `n_i k²`. The triangular factor of that basis preconditions all rows at once; a sketch per row
//!   would cost more and gain nothing.
//! - When one factor is orthonormalized, `V = V̂ R`, the other one is carried along, `U Rᵀ`, so that the product, and
//!   with it the warm start, stays.
//! - The first sweeps are exact until the observed residual is small against `σ̂_k/σ̂_1`.
//! - The observed residual falls out of the pass that gathers the design: it costs no pass of its own. With subsets it is
//!   that of the subset at hand, relative to its own entries.

use std::ops::ControlFlow;

use faer::{Mat, Par};

use super::factor::Factor;
use super::half::{Method, Scratch, half};
use crate::completion::driver::{
    Noise, Stopping, Subsets, Tally, enter, finish, finite, relative_change, spectral_norm,
};
use crate::completion::options::{Cg, Exact};
use crate::completion::start::{Svd, start};
use crate::completion::{Completion, Inner, Observations, Observer, Options, Sweep};
use crate::linalg::{norm, singular_values};
use crate::parallel::Spaces;
use crate::simd::Simd;
use crate::{Error, Outcome, Status};

/// AltMin on packed rows; see the module. `par` never changes a bit.
pub(in crate::completion) fn altmin(
    observations: &Observations,
    options: &Options<'_>,
    simd: Simd,
    par: Par,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    enter(observations, options, |observations, scale| Run::new(observations, options, simd, par, scale)?.run(observe))
}

/// The solver that costs less on rows of `n` entries: measured, Cholesky wins up to rank 8, and up to 16 on long rows.
pub(in crate::completion) fn cheaper(inner: Inner, k: usize, n: f64) -> Inner {
    match inner {
        Inner::Auto if k <= 8 || (k <= 16 && n >= 20.0 * k as f64) => Inner::Cholesky,
        Inner::Auto => Inner::Cg(Cg::default()),
        inner => inner,
    }
}

struct Run<'a> {
    observations: &'a Observations,
    options: &'a Options<'a>,
    subsets: Subsets<'a>,
    inner: Inner,
    simd: Simd,
    par: Par,
    scale: f64,
    norm: f64,
    spaces: Spaces<Scratch>,
    noise: Noise,
    tally: Tally,
    /// Whether the sweeps have become inexact for good.
    inexact: bool,
}

impl<'a> Run<'a> {
    fn new(
        observations: &'a Observations,
        options: &'a Options<'a>,
        simd: Simd,
        par: Par,
        scale: f64,
    ) -> Result<Self, Error> {
        let (m, n) = observations.shape();
        let mean = observations.len() as f64 / m.max(n) as f64;
        Ok(Self {
            observations,
            options,
            subsets: Subsets::new(observations, options),
            inner: cheaper(options.inner, options.rank, mean),
            simd,
            par,
            scale,
            norm: observations.norm(),
            spaces: Spaces::new(),
            noise: Noise::new(options),
            tally: Tally::default(),
            inexact: false,
        })
    }

    fn run(mut self, observe: &mut Observer<'_>) -> Result<Outcome<Completion>, Error> {
        let ((m, n), k) = (self.observations.shape(), self.options.rank);
        let mut u = Factor::new(start(self.subsets.start(), self.options, Svd::Subspace(self.par))?.u.as_ref());
        let (mut last_u, mut v) = (Factor::zeros(m, k), Factor::zeros(n, k));
        let mut status = Status::IterationLimit;
        let mut stopping = Stopping::new(self.options);
        for t in 0..self.options.sweeps {
            let exact = self.exact(t);
            // On an orthonormal U; V holds the warm start in its basis.
            self.update(t, true, exact, &u, &mut v)?;
            let r = v.orthonormalize(&mut self.tally.effort)?;
            let warm = u.carried(&r, &mut self.tally.effort);
            let mut next = warm.clone();
            let residual = self.update(t, false, exact, &v, &mut next)?;
            last_u.clone_from(&next);
            let relative = residual.sqrt() / self.norm(t);
            let stop = stopping
                .wanted()
                .then(|| stopping.after(relative, relative_change(last_u.view(), warm.view())))
                .flatten();
            u = next;
            let r = u.orthonormalize(&mut self.tally.effort)?;
            self.switch(&r, relative)?;
            self.tally.effort.iterations += 1;
            let sweep = Sweep {
                sweep: t + 1,
                u: last_u.view(),
                v: v.view(),
                scale: self.scale,
                exact,
                effort: self.tally.effort,
            };
            let broken = observe(&sweep) == ControlFlow::Break(());
            if broken || stop.is_some() {
                status = stop.unwrap_or(status);
                break;
            }
            if t + 1 < self.options.sweeps {
                // The warm start of V in the next basis.
                v = v.carried(&r, &mut self.tally.effort);
            }
        }
        Ok(finish(self.observations, self.options, last_u.to_mat(), v.to_mat(), status, self.tally))
    }

    /// The norm of the entries that the residual of sweep `t` is measured on.
    fn norm(&self, t: usize) -> f64 {
        match self.subsets {
            Subsets::Whole(_) => self.norm,
            Subsets::Parts { .. } => norm(self.subsets.rows(t).values()),
        }
    }

    /// Whether sweep `t` is solved exactly.
    fn exact(&self, t: usize) -> bool {
        match self.inner {
            Inner::Cg(Cg { exact: Exact::Sweeps(sweeps), .. }) => t < sweeps,
            Inner::Cg(Cg { exact: Exact::Until(_), .. }) => !self.inexact,
            _ => true,
        }
    }

    /// After a sweep with basis factor `R` and relative observed residual: is it time for inexact sweeps?
    fn switch(&mut self, r: &Mat<f64>, residual: f64) -> Result<(), Error> {
        if let (Inner::Cg(Cg { exact: Exact::Until(fraction), .. }), false) = (self.inner, self.inexact) {
            let sigma = singular_values(r.as_ref())?;
            self.inexact = residual < fraction * sigma[sigma.len() - 1] / sigma[0];
        }
        Ok(())
    }

    /// Updates one factor on the other; returns the squared observed residual before it, where that is measured.
    fn update(&mut self, t: usize, columns: bool, exact: bool, design: &Factor, x: &mut Factor) -> Result<f64, Error> {
        let watched =
            self.options.tolerance > 0.0 || matches!(self.inner, Inner::Cg(Cg { exact: Exact::Until(_), .. }));
        let method = match (exact, self.inner) {
            // The first update has no warm start, and no residual to measure.
            (true, _) => Method::Exact { residual: watched && !(t == 0 && columns) },
            (false, Inner::Cg(cg)) => Method::Cg(cg),
            (false, _) => Method::Exact { residual: watched },
        };
        let lines = if columns { self.subsets.columns(t) } else { self.subsets.rows(t) };
        let done = half(lines, design, x, method, self.simd, self.par, &self.spaces)?;
        self.tally.effort += done.tally.effort;
        self.tally.row_flops += done.tally.effort.flops;
        self.tally.inner_steps += done.tally.inner_steps;
        self.tally.fallbacks += done.tally.fallbacks;
        self.tally.underdetermined += done.tally.underdetermined;
        let shape = (lines.len(), self.options.rank);
        if let Some(error) = self.noise.draw(t, shape, || spectral_norm(x.view()))? {
            x.add(&error);
        }
        finite(x.view(), t + 1)?;
        Ok(done.residual)
    }
}
