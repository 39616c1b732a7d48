//! The three descents as written, one at a time, with plain products.

use faer::{Mat, MatRef};

use super::operator::{Model, vec_of};
use super::{Descent, Iterate, check_step};
use crate::linalg::product;
use crate::{Effort, Error, NumericalError, Outcome, Status};

/// Runs `steps` steps of one descent; `observe` sees every iterate, the last included.
///
/// # Errors
///
/// Shapes, `η` and `β` outside their domains, factors that are not finite, a modified step with more columns than rows; a
/// product that leaves the range of numbers.
pub fn descend(
    model: &mut dyn Model,
    descent: &Descent,
    eta: f64,
    steps: usize,
    observe: &mut dyn FnMut(&Iterate<'_>),
) -> Result<Outcome<Descent>, Error> {
    let n = model.order();
    check_step(eta)?;
    descent.check(n)?;
    let mut descent = descent.clone();
    let mut effort = Effort::default();
    for t in 0..=steps {
        if let Descent::Asymmetric { f, g, one_step: Some(step) } = &mut descent
            && step.at == t
        {
            step.apply(f, g)?;
        }
        let x = product(descent.left(), descent.right().transpose());
        if !x.norm_l2().is_finite() {
            return Err(NumericalError::Diverged { iteration: t, norm: x.norm_l2() }.into());
        }
        observe(&Iterate { run: 0, t, left: descent.left(), right: descent.right(), product: x.as_ref() });
        if t == steps {
            break;
        }
        let mut e = Mat::zeros(n * n, 1);
        model.residuals(&vec_of(x.as_ref()), &mut e, &mut effort);
        let e = Mat::from_fn(n, n, |i, j| e[(i + j * n, 0)]);
        match &mut descent {
            Descent::Symmetric { z } => {
                let symmetric = Mat::from_fn(n, n, |i, j| (e[(i, j)] + e[(j, i)]) / 2.0);
                *z = stepped(z, eta, symmetric.as_ref(), z);
            }
            Descent::Asymmetric { f, g, .. } => {
                let next = stepped(f, eta, e.as_ref(), g);
                *g = stepped(g, eta, e.transpose(), f);
                *f = next;
            }
        }
        effort.iterations += 1;
    }
    Ok(Outcome { value: descent, status: Status::IterationLimit, effort })
}

/// `A − η E B`.
fn stepped(a: &Mat<f64>, eta: f64, e: MatRef<'_, f64>, b: &Mat<f64>) -> Mat<f64> {
    let change = product(e, b.as_ref());
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - eta * change[(i, j)])
}
