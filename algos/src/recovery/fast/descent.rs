//! The iteration that all fast variants share.

use faer::{Mat, MatMut, MatRef};

use super::super::observe::{Gauge, Iterate, Observe};
use super::super::options::{Reading, median_abs};
use super::super::outcome::warnings;
use super::super::symmetric::frobenius;
use super::super::{Factor, Options, init::start};
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// A way to evaluate residuals and sub-gradient at a factor.
pub(crate) trait Oracle {
    /// `(1/m) Σ sign(y_i) S_i`, for the spectral start.
    fn sign_average(&mut self, effort: &mut Effort) -> Mat<f64>;

    /// Prepares [`Oracle::descend`] at `U`.
    fn evaluate(&mut self, u: MatRef<'_, f64>, effort: &mut Effort) -> Evaluation;

    /// The residuals of the last evaluation; complete only where the step rule reads them.
    fn residual(&self) -> &[f64];

    /// Writes `U − 2ηG U` for the `U` evaluated last.
    fn descend(&mut self, u: MatRef<'_, f64>, next: MatMut<'_, f64>, eta: f64, effort: &mut Effort);

    /// Loss and `‖G‖_F` at any `U`, for observers.
    fn gauge(&self, u: MatRef<'_, f64>) -> Gauge;

    /// Measurements that are zero.
    fn zero_rows(&self) -> usize;
}

/// What an evaluation found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluation {
    /// `f(U)` where it was computed.
    pub loss: Option<f64>,
    /// `‖G‖_F`, or where that is not formed, `‖G U‖_F/‖U‖_F`.
    pub gradient_norm: f64,
    /// Whether `gradient_norm` is `‖G‖_F`.
    pub exact_norm: bool,
    /// Measurements evaluated.
    pub rows: u64,
    /// No residual is NaN.
    pub sound: bool,
}

/// `2 η ‖G‖` below this does not change `U` any more.
const STILL: f64 = 1.0 / (1u64 << 54) as f64;

/// Beyond this norm an iterate has left every set that a solution could be in.
pub(crate) fn norm_limit(y: &[f64], scratch: &mut Vec<f64>) -> f64 {
    1e8 * median_abs(y, scratch).sqrt().max(1.0)
}

/// Runs the method.
pub(crate) fn descend(
    oracle: &mut impl Oracle,
    d: usize,
    y: &[f64],
    options: &Options<'_>,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    let mut descent = Descent::start(d, y, options, |effort| oracle.sign_average(effort))?;
    while descent.unfinished()? {
        let found = oracle.evaluate(descent.u.as_ref(), &mut descent.effort);
        let Some(eta) = descent.judge(found, oracle.residual(), observe, &|u| oracle.gauge(u))? else { break };
        oracle.descend(descent.u.as_ref(), descent.next.as_mut(), eta, &mut descent.effort);
        descent.advance();
    }
    descent.finish(oracle.zero_rows(), observe, &|u| oracle.gauge(u))
}

/// One run between evaluations, so that several can share a pass over the data.
pub(crate) struct Descent<'a> {
    options: Options<'a>,
    measurements: usize,
    limit: f64,
    scratch: Vec<f64>,
    iteration: usize,
    effective_width: usize,
    status: Status,
    rows_evaluated: u64,
    /// `U_t`.
    pub u: Mat<f64>,
    /// Where `U_{t+1}` is written.
    pub next: Mat<f64>,
    pub effort: Effort,
}

impl<'a> Descent<'a> {
    /// Checks the options and computes `U_0`.
    pub(crate) fn start(
        d: usize,
        y: &[f64],
        options: &Options<'a>,
        sign_average: impl FnOnce(&mut Effort) -> Mat<f64>,
    ) -> Result<Self, Error> {
        options.check(d)?;
        let mut scratch = Vec::with_capacity(y.len());
        let limit = norm_limit(y, &mut scratch);
        let mut effort = Effort::default();
        let (u, effective_width) = start(options, d, || sign_average(&mut effort))?;
        Ok(Self {
            options: *options,
            measurements: y.len(),
            limit,
            scratch,
            iteration: 0,
            effective_width,
            status: Status::IterationLimit,
            rows_evaluated: 0,
            u,
            next: Mat::zeros(d, options.width),
            effort,
        })
    }

    /// Whether `U_t` has to be evaluated. An error if it has diverged.
    pub(crate) fn unfinished(&self) -> Result<bool, Error> {
        bounded(self.u.as_ref(), self.limit, self.iteration)?;
        Ok(self.iteration < self.options.iterations)
    }

    /// `η_t` from the evaluation of `U_t`, or `None` if that step would not move `U_t`.
    pub(crate) fn judge(
        &mut self,
        found: Evaluation,
        residual: &[f64],
        observe: &mut dyn Observe,
        gauge: &dyn Fn(MatRef<'_, f64>) -> Gauge,
    ) -> Result<Option<f64>, Error> {
        let t = self.iteration;
        if !found.sound {
            return Err(NumericalError::Diverged { iteration: t, norm: frobenius(self.u.as_ref()) }.into());
        }
        self.rows_evaluated += found.rows;
        let Evaluation { gradient_norm, loss, .. } = found;
        let reading = Reading { loss: loss.unwrap_or(f64::NAN), gradient_norm, residual };
        let eta = self.options.step.size(t, reading, &mut self.scratch)?;
        // A NaN is no standstill: the next iterate will show it.
        let still = 2.0 * eta * gradient_norm < STILL;
        let step = (!still).then_some(eta);
        if observe.wants(t) {
            let known = Gauge { loss, gradient_norm: found.exact_norm.then_some(gradient_norm) };
            let u = self.u.as_ref();
            observe.see(&Iterate { iteration: t, u, step, rows_evaluated: found.rows, known, measure: gauge });
        }
        if step.is_none() {
            self.status = Status::StepExhausted;
        }
        Ok(step)
    }

    /// Moves on to `next`.
    pub(crate) fn advance(&mut self) {
        std::mem::swap(&mut self.u, &mut self.next);
        self.iteration += 1;
        self.effort.iterations += 1;
    }

    /// Shows the last iterate and returns it.
    pub(crate) fn finish(
        self,
        zero_rows: usize,
        observe: &mut dyn Observe,
        gauge: &dyn Fn(MatRef<'_, f64>) -> Gauge,
    ) -> Result<Outcome<Factor>, Error> {
        let Self { u, iteration, effective_width, rows_evaluated, status, effort, .. } = self;
        if status == Status::IterationLimit && observe.wants(iteration) {
            let known = Gauge::default();
            observe.see(&Iterate { iteration, u: u.as_ref(), step: None, rows_evaluated: 0, known, measure: gauge });
        }
        let warnings = warnings(u.nrows(), self.measurements, self.options.width, effective_width);
        let value = Factor { u, effective_width, zero_rows, rows_evaluated, warnings };
        Ok(Outcome { value, status, effort })
    }
}

/// Refuses iterates that diverge; a NaN is refused as well.
pub(crate) fn bounded(u: MatRef<'_, f64>, limit: f64, iteration: usize) -> Result<(), Error> {
    let norm = frobenius(u);
    if norm <= limit { Ok(()) } else { Err(NumericalError::Diverged { iteration, norm }.into()) }
}
