//! Another measurement model: `y_i = a_iᵀ X b_i + s_i`.
//!
//! The measurement matrices are `a_i b_iᵀ`, so `m` of them take `2md` numbers instead of `md²/2`, and an iteration with
//! `r' ≪ d` needs no `d×d` matrix. This is a different sensing model, not a faster kernel for general matrices: the
//! mean of the sub-gradient is no multiple of the error, though it has the same eigenvectors when `a_i` and `b_i` are
//! independent. With `a_i = b_i`, as in phase retrieval, over-parameterized recovery stalls: a negative control.

use faer::{Accum, Mat, MatMut, MatRef, linalg::matmul::matmul};
use rand::Rng;

use super::fast::descent::{Evaluation, Oracle, descend};
use super::instance::{Noise, NoiseDraws, Observed, Truth, decoy, normals};
use super::observe::{Gauge, Observe};
use super::options::{Loss, Step, sign};
use super::problem::observations;
use super::symmetric::frobenius;
use super::{Factor, FullMeasurements, Options};
use crate::error::{Error, InputError, Size, finite, shape};
use crate::{Effort, Outcome, Par};

/// `m` measurements `⟨a_i b_iᵀ, X⟩`. Memory: `16md` bytes.
#[derive(Debug, Clone)]
pub struct BilinearMeasurements {
    /// `m×d`, one vector a row.
    a: Mat<f64>,
    b: Mat<f64>,
    zero_rows: usize,
}

impl BilinearMeasurements {
    /// Takes the vectors as rows of `a: m×d` and `b: m×d`.
    ///
    /// # Errors
    ///
    /// No rows or columns, shapes that do not agree, an entry that is not finite.
    pub fn new(a: Mat<f64>, b: Mat<f64>) -> Result<Self, Error> {
        if a.nrows() == 0 || a.ncols() == 0 {
            return Err(InputError::Empty { what: "list of measurements" }.into());
        }
        shape("vectors b", Size::Matrix(a.nrows(), a.ncols()), Size::Matrix(b.nrows(), b.ncols()))?;
        finite("vectors a", a.col_iter().flat_map(|c| c.iter()))?;
        finite("vectors b", b.col_iter().flat_map(|c| c.iter()))?;
        let zero = |v: &Mat<f64>, i: usize| v.row(i).iter().all(|&x| x == 0.0);
        let zero_rows = (0..a.nrows()).filter(|&i| zero(&a, i) || zero(&b, i)).count();
        Ok(Self { a, b, zero_rows })
    }

    /// Unit normals: first `a`, then `b`, each column after column. `rank_one` draws no `b` and takes `b = a`.
    ///
    /// # Errors
    ///
    /// `d = 0` or `m = 0`.
    pub fn gaussian(d: usize, m: usize, rank_one: bool, rng: &mut impl Rng) -> Result<Self, Error> {
        let a = normals(m, d, rng);
        let b = if rank_one { a.clone() } else { normals(m, d, rng) };
        Self::new(a, b)
    }

    /// The order `d` of `X`.
    pub fn order(&self) -> usize {
        self.a.ncols()
    }

    /// The number `m` of measurements.
    pub fn len(&self) -> usize {
        self.a.nrows()
    }

    /// Never true: empty measurements are refused by the constructor.
    pub fn is_empty(&self) -> bool {
        self.a.nrows() == 0
    }

    /// The matrices `a_i b_iᵀ`, for the literal reference. Memory: `8md²` bytes.
    ///
    /// # Errors
    ///
    /// Products that overflow.
    pub fn expand(&self) -> Result<FullMeasurements, Error> {
        FullMeasurements::from_fn(self.order(), self.len(), |i, k, l| self.a[(i, k)] * self.b[(i, l)])
    }

    /// `a_iᵀ U Uᵀ b_i` for all `i`; `U: d×k`. Cost: `4mdk + 2mk` flops.
    ///
    /// # Errors
    ///
    /// `U` with another number of rows than `d`.
    pub fn apply(&self, u: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        shape("factor", Size::Matrix(self.order(), u.ncols()), Size::Matrix(u.nrows(), u.ncols()))?;
        let (mut p, mut q) = (Mat::zeros(self.len(), u.ncols()), Mat::zeros(self.len(), u.ncols()));
        let mut out = vec![0.0; self.len()];
        self.products(u, &mut p, &mut q, &mut out, Par::Seq);
        Ok(out)
    }

    /// Observes a truth through these measurements, with the noise kinds of [`instance`](super::instance).
    ///
    /// # Errors
    ///
    /// As [`Measurements::observe`](super::Measurements::observe).
    pub fn observe(&self, truth: &Truth, noise: Noise, draws: &NoiseDraws) -> Result<Observed, Error> {
        let clean = self.apply(truth.factor())?;
        draws.contaminate(clean, truth, noise, || self.apply(decoy(truth, draws)?.as_ref()))
    }

    /// `P = aU`, `Q = bU` and the row sums of `P∘Q`.
    fn products(&self, u: MatRef<'_, f64>, p: &mut Mat<f64>, q: &mut Mat<f64>, sums: &mut [f64], par: Par) {
        matmul(p.as_mut(), Accum::Replace, self.a.as_ref(), u, 1.0, par);
        matmul(q.as_mut(), Accum::Replace, self.b.as_ref(), u, 1.0, par);
        sums.fill(0.0);
        for k in 0..u.ncols() {
            for ((sum, p), q) in sums.iter_mut().zip(p.col_as_slice(k)).zip(q.col_as_slice(k)) {
                *sum += p * q;
            }
        }
    }
}

/// SubGM on bilinear measurements.
///
/// Cost of an iteration: `8mdr' + 4mr'` flops, four thin products and what is done to their entries, for `r' ≤ d/2`;
/// `4mdr' + 2mr' + 2md² + md + 2d²r'` beyond that, or when the step rule needs `‖G‖_F`. `par` is passed to the products.
///
/// # Errors
///
/// As [`subgm`](super::subgm).
pub fn subgm(
    measurements: &BilinearMeasurements,
    y: &[f64],
    options: &Options<'_>,
    par: Par,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    observations(measurements.len(), y)?;
    options.check(measurements.order())?;
    let (d, m, width) = (measurements.order(), measurements.len(), options.width);
    let form_gradient = 2 * width > d || matches!(options.step, Step::GeometricNormalized { .. });
    let mut oracle = Bilinear {
        measurements,
        y,
        loss: options.loss,
        par,
        p: Mat::zeros(m, width),
        q: Mat::zeros(m, width),
        z: vec![0.0; m],
        formed: form_gradient.then(|| Formed::new(m, d)),
        gu: Mat::zeros(d, width),
    };
    descend(&mut oracle, d, y, options, observe)
}

struct Bilinear<'a> {
    measurements: &'a BilinearMeasurements,
    y: &'a [f64],
    loss: Loss,
    par: Par,
    /// `aU` and `bU`, later scaled by the weights: `m×r'`.
    p: Mat<f64>,
    q: Mat<f64>,
    z: Vec<f64>,
    /// Where `G` is formed.
    formed: Option<Formed>,
    /// `G U: d×r'`.
    gu: Mat<f64>,
}

impl Bilinear<'_> {
    /// Residuals and loss at `U`.
    fn residuals(&mut self, u: MatRef<'_, f64>) -> f64 {
        self.measurements.products(u, &mut self.p, &mut self.q, &mut self.z, self.par);
        for (z, y) in self.z.iter_mut().zip(self.y) {
            *z -= y;
        }
        self.loss.mean(&self.z)
    }
}

/// `G: d×d` with the work space to form it.
struct Formed {
    /// `diag(w) b: m×d`.
    weighted: Mat<f64>,
    /// `(1/2m) aᵀ diag(w) b`.
    half: Mat<f64>,
    gradient: Mat<f64>,
}

impl Formed {
    fn new(m: usize, d: usize) -> Self {
        Self { weighted: Mat::zeros(m, d), half: Mat::zeros(d, d), gradient: Mat::zeros(d, d) }
    }

    /// `G = (1/2m) (aᵀ diag(w) b + bᵀ diag(w) a)`, with `w_i` a function of `v_i`.
    fn average(&mut self, measurements: &BilinearMeasurements, v: &[f64], weight: impl Fn(f64) -> f64, par: Par) {
        let BilinearMeasurements { a, b, .. } = measurements;
        let d = a.ncols();
        for j in 0..d {
            for ((to, b), v) in self.weighted.col_as_slice_mut(j).iter_mut().zip(b.col_as_slice(j)).zip(v) {
                *to = weight(*v) * b;
            }
        }
        let scale = 0.5 / v.len() as f64;
        matmul(self.half.as_mut(), Accum::Replace, a.transpose(), self.weighted.as_ref(), scale, par);
        for j in 0..d {
            for i in 0..d {
                self.gradient[(i, j)] = self.half[(i, j)] + self.half[(j, i)];
            }
        }
    }
}

impl Oracle for Bilinear<'_> {
    fn sign_average(&mut self, effort: &mut Effort) -> Mat<f64> {
        let (d, m) = (self.measurements.order() as u64, self.y.len() as u64);
        effort.flops += 2 * m * d * d + m * d;
        effort.entries += 2 * m * d;
        effort.applications += 1;
        let mut formed = Formed::new(self.y.len(), self.measurements.order());
        formed.average(self.measurements, self.y, sign, self.par);
        formed.gradient
    }

    fn evaluate(&mut self, u: MatRef<'_, f64>, effort: &mut Effort) -> Evaluation {
        let loss = self.residuals(u);
        let BilinearMeasurements { a, b, .. } = self.measurements;
        let (m, d, width) = (self.y.len() as u64, u.nrows() as u64, u.ncols() as u64);
        effort.flops += 4 * m * d * width + 2 * m * width;
        effort.entries += 4 * m * d;
        effort.applications += 2;
        let gradient_norm = if let Some(formed) = &mut self.formed {
            formed.average(self.measurements, &self.z, |z| self.loss.weight(z), self.par);
            matmul(self.gu.as_mut(), Accum::Replace, formed.gradient.as_ref(), u, 1.0, self.par);
            effort.flops += 2 * m * d * d + m * d + 2 * d * d * width;
            frobenius(formed.gradient.as_ref())
        } else {
            // G U = (1/2m) [aᵀ(w∘Q) + bᵀ(w∘P)]: no d×d matrix.
            let scale = 0.5 / self.y.len() as f64;
            for k in 0..u.ncols() {
                let columns = self.p.col_as_slice_mut(k).iter_mut().zip(self.q.col_as_slice_mut(k));
                for ((p, q), z) in columns.zip(&self.z) {
                    let w = self.loss.weight(*z);
                    *p *= w;
                    *q *= w;
                }
            }
            matmul(self.gu.as_mut(), Accum::Replace, a.transpose(), self.q.as_ref(), scale, self.par);
            matmul(self.gu.as_mut(), Accum::Add, b.transpose(), self.p.as_ref(), scale, self.par);
            effort.flops += 4 * m * d * width + 2 * m * width;
            frobenius(self.gu.as_ref()) / frobenius(u)
        };
        Evaluation {
            loss: Some(loss),
            gradient_norm,
            exact_norm: self.formed.is_some(),
            rows: m,
            sound: !loss.is_nan(),
        }
    }

    fn residual(&self) -> &[f64] {
        &self.z
    }

    fn descend(&mut self, u: MatRef<'_, f64>, mut next: MatMut<'_, f64>, eta: f64, _: &mut Effort) {
        for j in 0..u.ncols() {
            for i in 0..u.nrows() {
                next[(i, j)] = u[(i, j)] - 2.0 * eta * self.gu[(i, j)];
            }
        }
    }

    fn gauge(&self, u: MatRef<'_, f64>) -> Gauge {
        let mut fresh = Self {
            p: Mat::zeros(self.y.len(), u.ncols()),
            q: Mat::zeros(self.y.len(), u.ncols()),
            z: vec![0.0; self.y.len()],
            formed: None,
            gu: Mat::zeros(0, 0),
            ..*self
        };
        let loss = fresh.residuals(u);
        let mut formed = Formed::new(self.y.len(), u.nrows());
        formed.average(self.measurements, &fresh.z, |z| self.loss.weight(z), self.par);
        Gauge { loss: Some(loss), gradient_norm: Some(frobenius(formed.gradient.as_ref())) }
    }

    fn zero_rows(&self) -> usize {
        self.measurements.zero_rows
    }
}
