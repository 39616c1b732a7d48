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

/// Runs the method on checked input.
pub(crate) fn descend(
    oracle: &mut impl Oracle,
    d: usize,
    y: &[f64],
    options: &Options<'_>,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    options.check(d)?;
    let mut effort = Effort::default();
    let mut scratch = Vec::with_capacity(y.len());
    let limit = norm_limit(y, &mut scratch);
    let (mut u, effective_width) = start(options, d, || oracle.sign_average(&mut effort))?;
    let mut next = Mat::zeros(d, options.width);
    let mut status = Status::IterationLimit;
    let mut rows_evaluated = 0;
    for t in 0..options.iterations {
        bounded(u.as_ref(), limit, t)?;
        let found = oracle.evaluate(u.as_ref(), &mut effort);
        if !found.sound {
            return Err(NumericalError::Diverged { iteration: t, norm: frobenius(u.as_ref()) }.into());
        }
        rows_evaluated += found.rows;
        let reading = Reading {
            loss: found.loss.unwrap_or(f64::NAN),
            gradient_norm: found.gradient_norm,
            residual: oracle.residual(),
        };
        let eta = options.step.size(t, reading, &mut scratch);
        let still = 2.0 * eta * found.gradient_norm < STILL;
        if observe.wants(t) {
            observe.see(&Iterate {
                iteration: t,
                u: u.as_ref(),
                step: (!still).then_some(eta),
                rows_evaluated: found.rows,
                known: Gauge { loss: found.loss, gradient_norm: found.exact_norm.then_some(found.gradient_norm) },
                measure: &|u| oracle.gauge(u),
            });
        }
        if still {
            status = Status::StepExhausted;
            break;
        }
        oracle.descend(u.as_ref(), next.as_mut(), eta, &mut effort);
        std::mem::swap(&mut u, &mut next);
        effort.iterations += 1;
    }
    bounded(u.as_ref(), limit, options.iterations)?;
    if status == Status::IterationLimit && observe.wants(options.iterations) {
        observe.see(&Iterate {
            iteration: options.iterations,
            u: u.as_ref(),
            step: None,
            rows_evaluated: 0,
            known: Gauge::default(),
            measure: &|u| oracle.gauge(u),
        });
    }
    let warnings = warnings(d, y.len(), options.width, effective_width);
    let value = Factor { u, effective_width, zero_rows: oracle.zero_rows(), rows_evaluated, warnings };
    Ok(Outcome { value, status, effort })
}

/// Refuses iterates that diverge; written so that a NaN is refused as well.
pub(crate) fn bounded(u: MatRef<'_, f64>, limit: f64, iteration: usize) -> Result<(), Error> {
    let norm = frobenius(u);
    if norm <= limit { Ok(()) } else { Err(NumericalError::Diverged { iteration, norm }.into()) }
}
