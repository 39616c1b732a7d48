//! Many descents on the same measurements, in lockstep.
//!
//! The products `F Gᵀ` of all runs are columns of one matrix, so that the measurements are read once a step for all of
//! them.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::operator::Model;
use super::{Descent, Iterate, check_step};
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// As [`reference::descend`](super::reference::descend) for several descents.
///
/// # Errors
///
/// As the reference; the first run at fault ends all.
pub fn descend(
    model: &mut dyn Model,
    runs: &[Descent],
    eta: f64,
    steps: usize,
    observe: &mut dyn FnMut(&Iterate<'_>),
) -> Result<Outcome<Vec<Descent>>, Error> {
    let n = model.order();
    check_step(eta)?;
    runs.iter().try_for_each(|run| run.check(n))?;
    let mut runs = runs.to_vec();
    let mut effort = Effort::default();
    let (mut x, mut e) = (Mat::zeros(n * n, runs.len()), Mat::zeros(n * n, runs.len()));
    let mut kept: Vec<Mat<f64>> = runs.iter().map(|run| run.left().to_owned()).collect();
    for t in 0..=steps {
        for (c, run) in runs.iter_mut().enumerate() {
            if let Descent::Asymmetric { f, g, one_step: Some(step) } = run
                && step.at == t
            {
                step.apply(f, g)?;
            }
            let mut product = MatMut::from_column_major_slice_mut(x.col_as_slice_mut(c), n, n);
            matmul(product.as_mut(), Accum::Replace, run.left(), run.right().transpose(), 1.0, Par::Seq);
            let product = product.as_ref();
            let size: f64 = (0..n).map(|i| product[(i, i)].abs()).sum();
            if !size.is_finite() {
                return Err(NumericalError::Diverged { iteration: t, norm: size }.into());
            }
            observe(&Iterate { run: c, t, left: run.left(), right: run.right(), product });
        }
        if t == steps {
            break;
        }
        model.residuals(&x, &mut e, &mut effort);
        for (c, run) in runs.iter_mut().enumerate() {
            let e = MatRef::from_column_major_slice(e.col_as_slice(c), n, n);
            step(run, e, eta, &mut kept[c], &mut effort);
        }
        effort.iterations += 1;
    }
    Ok(Outcome { value: runs, status: Status::IterationLimit, effort })
}

/// One step of one run; `kept` takes the old left factor.
fn step(run: &mut Descent, e: MatRef<'_, f64>, eta: f64, kept: &mut Mat<f64>, effort: &mut Effort) {
    match run {
        Descent::Symmetric { z } => {
            kept.copy_from(&*z);
            matmul(z.as_mut(), Accum::Add, e, kept.as_ref(), -0.5 * eta, Par::Seq);
            matmul(z.as_mut(), Accum::Add, e.transpose(), kept.as_ref(), -0.5 * eta, Par::Seq);
        }
        Descent::Asymmetric { f, g, .. } => {
            kept.copy_from(&*f);
            matmul(f.as_mut(), Accum::Add, e, g.as_ref(), -eta, Par::Seq);
            matmul(g.as_mut(), Accum::Add, e.transpose(), kept.as_ref(), -eta, Par::Seq);
        }
    }
    effort.flops += (6 * e.nrows() * e.ncols() * kept.ncols()) as u64;
}
