//! `lazy_sign`: exact screening of signs.
//!
//! `G` depends on the residuals only through their signs. While `X = U Uᵀ` moves along a path of length `ℓ`, a residual
//! moves by at most `‖a_i‖ ℓ`, so a row with `|z_i| > ‖a_i‖ ℓ` since its last evaluation still has its sign and need
//! not be read.

use faer::{Mat, MatMut, MatRef};

use super::super::options::{Loss, sign};
use super::super::symmetric::packed_len;
use super::super::{Factor, Measurements, Options, observe::Gauge, observe::Observe};
use super::descent::{Evaluation, Oracle, descend};
use super::packed::Packed;
use super::pass::Engine;
use crate::linalg::norm;
use crate::simd::{
    Task,
    lanes::Lanes,
    row::{axpy, dot},
};
use crate::{Effort, Error, Outcome};

/// Screening pays while fewer than this fraction of the rows has to be evaluated.
const WORTHWHILE: f64 = 0.4;
/// Iterations over which that fraction is measured.
const WINDOW: usize = 16;
/// `g` is summed afresh after this many screened iterations, to bound its rounding.
const REFRESH: usize = 256;

/// `‖svec(S_i)‖₂` of every row.
pub(crate) fn norms(measurements: &Measurements) -> Vec<f64> {
    (0..measurements.len()).map(|i| norm(measurements.row(i))).collect()
}

struct Lazy<'a> {
    packed: Packed<'a, f64>,
    engine: Engine,
    norms: &'a [f64],
    /// Whether step rule and loss leave room for screening.
    possible: bool,
    screening: bool,
    /// Iterations, and rows evaluated in them, since screening was last judged.
    judged: (usize, u64),
    since_refresh: usize,
    /// Length of the path of `x` since the last dense pass, rounded up.
    travelled: f64,
    previous: Mat<f64>,
    signs: Vec<f64>,
    /// `travelled` at which the sign may change, rounded down.
    deadlines: Vec<f64>,
    gradient_norm: f64,
}

impl Lazy<'_> {
    /// A dense pass, which also decides whether the next iterations are screened.
    fn dense(&mut self, moved: f64, effort: &mut Effort) -> Evaluation {
        let loss = self.packed.pass(effort);
        self.gradient_norm = self.packed.unpack();
        let rows = self.packed.y.len();
        if self.possible && !self.screening {
            // A row that lies |z| from its kink and moves by at most ‖a‖·moved needs an evaluation this often.
            let often = |(z, norm): (&f64, &f64)| if *norm > 0.0 { (moved * norm / z.abs()).min(1.0) } else { 0.0 };
            let expected: f64 = self.packed.z.iter().zip(self.norms).map(often).sum();
            self.screening = expected < WORTHWHILE * rows as f64;
            self.judged = (0, 0);
        }
        if self.screening {
            self.travelled = 0.0;
            self.since_refresh = 0;
            for (i, &z) in self.packed.z.iter().enumerate() {
                self.signs[i] = sign(z);
                self.deadlines[i] = deadline(0.0, z, self.norms[i]);
            }
        }
        Evaluation {
            loss: Some(loss),
            gradient_norm: self.gradient_norm,
            exact_norm: true,
            rows: rows as u64,
            sound: !loss.is_nan(),
        }
    }

    /// Evaluates the rows whose deadline has come.
    fn screened(&mut self, moved: f64, effort: &mut Effort) -> Evaluation {
        // The factor covers the rounding of `moved`, `next_up` that of the sum.
        self.travelled = (self.travelled + moved * (1.0 + 1e-12)).next_up();
        let length = packed_len(self.packed.order()) as u64;
        let Screened { evaluated, flipped, sound } = self.engine.simd.run(Screen {
            rows: self.packed.rows,
            x: self.packed.x.col_as_slice(0),
            y: self.packed.y,
            norms: self.norms,
            travelled: self.travelled,
            signs: &mut self.signs,
            deadlines: &mut self.deadlines,
            g: self.packed.g.col_as_slice_mut(0),
        });
        effort.entries += evaluated * length;
        effort.flops += 2 * (evaluated + flipped) * length;
        if flipped > 0 {
            self.gradient_norm = self.packed.unpack();
        }
        self.since_refresh += 1;
        self.judged = (self.judged.0 + 1, self.judged.1 + evaluated);
        if self.judged.0 == WINDOW {
            let most = WORTHWHILE * (WINDOW * self.signs.len()) as f64;
            self.screening = self.judged.1 as f64 <= most;
            self.judged = (0, 0);
        }
        Evaluation { loss: None, gradient_norm: self.gradient_norm, exact_norm: true, rows: evaluated, sound }
    }
}

impl Oracle for Lazy<'_> {
    fn sign_average(&mut self, effort: &mut Effort) -> Mat<f64> {
        self.packed.sign_average(effort)
    }

    fn evaluate(&mut self, u: MatRef<'_, f64>, effort: &mut Effort) -> Evaluation {
        self.packed.lift(u, effort);
        let x = self.packed.x.col_as_slice(0);
        let moved = advance(x, self.previous.col_as_slice_mut(0));
        if self.screening && self.since_refresh < REFRESH {
            self.screened(moved, effort)
        } else {
            self.dense(moved, effort)
        }
    }

    fn residual(&self) -> &[f64] {
        self.packed.residual()
    }

    fn descend(&mut self, u: MatRef<'_, f64>, next: MatMut<'_, f64>, eta: f64, effort: &mut Effort) {
        self.packed.descend(u, next, eta, effort);
    }

    fn gauge(&self, u: MatRef<'_, f64>) -> Gauge {
        self.packed.gauge(u)
    }

    fn zero_rows(&self) -> usize {
        self.packed.zero_rows()
    }
}

/// The path length at which a residual `z`, seen at path length `now`, may reach zero.
#[inline(always)]
fn deadline(now: f64, z: f64, norm: f64) -> f64 {
    // A zero row never moves. The factor covers the rounding of the norm and of the quotient.
    if norm == 0.0 { f64::INFINITY } else { (now + z.abs() / norm * (1.0 - 1e-10)).next_down() }
}

/// `‖x − previous‖₂`, or more where its square underflows; afterwards `previous = x`.
fn advance(x: &[f64], previous: &mut [f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let mut largest = 0.0_f64;
    for (x, p) in x.as_chunks::<8>().0.iter().zip(previous.as_chunks_mut::<8>().0) {
        for l in 0..8 {
            let step = x[l] - p[l];
            lanes[l] += step * step;
            largest = largest.max(step.abs());
        }
        *p = *x;
    }
    let sum = lanes.iter().sum::<f64>();
    if sum < 1e-290 { largest * (x.len() as f64).sqrt() } else { sum.sqrt() }
}

struct Screen<'a> {
    rows: &'a Mat<f64>,
    x: &'a [f64],
    y: &'a [f64],
    norms: &'a [f64],
    travelled: f64,
    signs: &'a mut [f64],
    deadlines: &'a mut [f64],
    g: &'a mut [f64],
}

struct Screened {
    evaluated: u64,
    flipped: u64,
    sound: bool,
}

impl Task for Screen<'_> {
    type Output = Screened;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Screened {
        let mut found = Screened { evaluated: 0, flipped: 0, sound: true };
        for i in 0..self.y.len() {
            if self.deadlines[i] > self.travelled {
                continue;
            }
            let row = self.rows.col_as_slice(i);
            let z = dot(simd, row, self.x) - self.y[i];
            found.evaluated += 1;
            found.sound &= !z.is_nan();
            let new = sign(z);
            if new != self.signs[i] {
                axpy(simd, new - self.signs[i], row, self.g);
                self.signs[i] = new;
                found.flipped += 1;
            }
            self.deadlines[i] = deadline(self.travelled, z, self.norms[i]);
        }
        found
    }
}

/// SubGM that reads only rows whose sign may have changed.
///
/// Exact: the result equals that of `fused_packed` up to the rounding of `g`, which is updated instead of summed and
/// refreshed every 256 iterations. Adaptive: above 0.4 of the rows it makes dense passes, from which it sees when
/// screening would pay again. Step rules that read the residuals, and the ℓ2 loss, always make dense passes.
pub(crate) fn lazy_sign(
    measurements: &Measurements,
    norms: &[f64],
    y: &[f64],
    options: &Options<'_>,
    engine: Engine,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    let d = measurements.order();
    let rows = measurements.padded();
    options.check(d)?;
    let mut oracle = Lazy {
        packed: Packed::new(d, rows, measurements.zero_rows(), y, options.loss, engine),
        engine,
        norms,
        possible: options.loss == Loss::L1 && !options.step.reads_residual(),
        screening: false,
        judged: (0, 0),
        since_refresh: 0,
        travelled: 0.0,
        previous: Mat::zeros(rows.nrows(), 1),
        signs: vec![0.0; y.len()],
        deadlines: vec![0.0; y.len()],
        gradient_norm: 0.0,
    };
    descend(&mut oracle, d, y, options, observe)
}
