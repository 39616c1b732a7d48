//! `fused_packed` and `fused_f32`: one pass over packed rows an iteration.

use faer::{Accum, Mat, MatMut, MatRef, linalg::matmul::matmul};

use super::super::options::{Loss, sign};
use super::super::symmetric::{frobenius, smat, svec_of_factor};
use super::super::{Factor, Options, observe::Gauge, observe::Observe};
use super::descent::{Evaluation, Oracle, descend};
use super::pass::{Engine, Passes};
use crate::simd::row::Entry;
use crate::{Effort, Error, Outcome, Par};

/// Rows with the work space of dense evaluations.
pub(crate) struct Packed<'a, T> {
    d: usize,
    pub(super) rows: &'a Mat<T>,
    pub(super) y: &'a [f64],
    loss: Loss,
    zero_rows: usize,
    engine: Engine,
    passes: Passes<'a, T>,
    /// `svec(U Uᵀ)` and `Σ w_i a_i`, padded and aligned like a row.
    pub(super) x: Mat<f64>,
    pub(super) g: Mat<f64>,
    pub(super) z: Vec<f64>,
    /// `G: d×d`.
    gradient: Mat<f64>,
    work: Mat<f64>,
}

impl<'a, T: Entry> Packed<'a, T> {
    pub(crate) fn new(d: usize, rows: &'a Mat<T>, zero_rows: usize, y: &'a [f64], loss: Loss, engine: Engine) -> Self {
        let column = || Mat::zeros(rows.nrows(), 1);
        Self {
            d,
            rows,
            y,
            loss,
            zero_rows,
            engine,
            passes: Passes::new(d, rows, engine),
            x: column(),
            g: column(),
            z: vec![0.0; y.len()],
            gradient: Mat::zeros(d, d),
            work: Mat::zeros(d, d),
        }
    }

    /// The order `d`.
    pub(super) fn order(&self) -> usize {
        self.d
    }

    /// Sets `x = svec(U Uᵀ)`.
    pub(super) fn lift(&mut self, u: MatRef<'_, f64>, effort: &mut Effort) {
        svec_of_factor(u, &mut self.work, self.x.col_as_slice_mut(0));
        effort.flops += 2 * (self.d * self.d * u.ncols()) as u64;
    }

    /// The dense pass at `x`: `z`, `g` and the loss.
    pub(super) fn pass(&mut self, effort: &mut Effort) -> f64 {
        let (x, g) = (self.x.col_as_slice(0), self.g.col_as_slice_mut(0));
        self.passes.run(x, self.y, &mut self.z, g, self.loss, effort)
    }

    /// Unpacks `g` into `G` and returns `‖G‖_F`.
    pub(super) fn unpack(&mut self) -> f64 {
        smat(self.g.col_as_slice(0), 1.0 / self.y.len() as f64, self.gradient.as_mut());
        frobenius(self.gradient.as_ref())
    }
}

impl<T: Entry> Oracle for Packed<'_, T> {
    fn sign_average(&mut self, effort: &mut Effort) -> Mat<f64> {
        // At x = 0 against −sign(y), every residual is sign(y_i); its ℓ1 weight is itself.
        let signs: Vec<f64> = self.y.iter().map(|&y| -sign(y)).collect();
        self.x.col_as_slice_mut(0).fill(0.0);
        let (x, g) = (self.x.col_as_slice(0), self.g.col_as_slice_mut(0));
        self.passes.run(x, &signs, &mut self.z, g, Loss::L1, effort);
        self.unpack();
        self.gradient.clone()
    }

    fn evaluate(&mut self, u: MatRef<'_, f64>, effort: &mut Effort) -> Evaluation {
        self.lift(u, effort);
        let loss = self.pass(effort);
        let gradient_norm = self.unpack();
        let rows = self.y.len() as u64;
        Evaluation { loss: Some(loss), gradient_norm, exact_norm: true, rows, sound: !loss.is_nan() }
    }

    fn residual(&self) -> &[f64] {
        &self.z
    }

    fn descend(&mut self, u: MatRef<'_, f64>, mut next: MatMut<'_, f64>, eta: f64, effort: &mut Effort) {
        next.copy_from(u);
        matmul(next, Accum::Add, self.gradient.as_ref(), u, -2.0 * eta, Par::Seq);
        effort.flops += 2 * (self.d * self.d * u.ncols()) as u64;
    }

    fn gauge(&self, u: MatRef<'_, f64>) -> Gauge {
        let mut fresh = Self::new(self.d, self.rows, self.zero_rows, self.y, self.loss, self.engine);
        let mut effort = Effort::default();
        fresh.lift(u, &mut effort);
        let loss = fresh.pass(&mut effort);
        Gauge { loss: Some(loss), gradient_norm: Some(fresh.unpack()) }
    }

    fn zero_rows(&self) -> usize {
        self.zero_rows
    }
}

/// SubGM with packed rows, each read once an iteration.
///
/// Bytes: `8mD = 4md(d+1)` an iteration, a quarter of the literal form, half of it by packing and half by fusing the
/// two products. Flops: `4mD + 4d²r'`.
pub(crate) fn fused<T: Entry>(
    d: usize,
    rows: &Mat<T>,
    zero_rows: usize,
    y: &[f64],
    options: &Options<'_>,
    engine: Engine,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    options.check(d)?;
    descend(&mut Packed::new(d, rows, zero_rows, y, options.loss, engine), d, y, options, observe)
}
