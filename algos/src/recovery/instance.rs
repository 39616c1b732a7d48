//! Seeded problems with a planted truth.
//!
//! [`Spec::draw`] takes everything from one generator, in this order:
//!
//! 1. the packed rows, `m·D` unit normals, row after row (for Gaussian `A_i` the entries of `svec(S_i)` are independent
//!    unit normals, so no `d×d` matrix is ever needed);
//! 2. `U*`: `d·r` unit normals, column after column, of which `Q` of a QR factorization is taken;
//! 3. an order of the rows (Fisher–Yates, `m−1` draws); the first `round(p·m)` rows are corrupted;
//! 4. `m` unit normals `n_i`, also for rows that stay clean;
//! 5. `d` unit normals for the decoy `w`;
//! 6. `m` uniforms, for Cauchy outliers only.
//!
//! So two specifications that differ in `p`, `L`, `ν` or the kind of noise, drawn from generators in the same state,
//! share rows, truth, corrupted positions and unit normals. The parts are public, for callers with several generators.

use std::f64::consts::PI;

use faer::{Mat, MatRef, Par};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::Serialize;

use super::options::sign;
use super::schedule::{Corruption, Target};
use super::symmetric::{frobenius, svec_of_factor};
use super::{Measurements, Problem};
use crate::error::{Error, InputError, Size, argument, finite, shape};
use crate::linalg::{orthonormal_basis, thin_svd};

/// What to draw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spec {
    /// Order `d`.
    pub d: usize,
    /// Nonzero eigenvalues `σ` of `X*`; their number is the rank.
    pub sigma: Vec<f64>,
    /// Number `m` of measurements.
    pub m: usize,
    /// The noise.
    pub noise: Noise,
    /// Round the rows to `f32` before `y` is generated.
    pub quantise: bool,
}

/// The noise `s_i`; `n_i` are unit normals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// None.
    None,
    /// `s_i` on exactly `round(p·m)` rows, zero elsewhere.
    Outliers {
        /// Fraction `p` of the rows.
        p: f64,
        /// Their law.
        kind: Outlier,
    },
    /// `s_i = ν n_i` on all rows.
    Gaussian {
        /// Standard deviation `ν`.
        nu: f64,
    },
    /// `s_i = ν ⟨A_i, X*⟩/‖X*‖_F`: the law of Gaussian noise, but dependent on the measurements. A negative control.
    GaussianDependent {
        /// Standard deviation `ν`.
        nu: f64,
    },
}

/// The law of an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlier {
    /// `L n_i`.
    Gauss {
        /// Scale `L`.
        scale: f64,
    },
    /// `L |n_i|`.
    OneSided {
        /// Scale `L`.
        scale: f64,
    },
    /// `L` times a standard Cauchy variable.
    Cauchy {
        /// Scale `L`.
        scale: f64,
    },
    /// `y_i = L n_i`: replaces the observation, so `s_i` depends on `A_i` and pulls towards zero.
    Replace {
        /// Scale `L`.
        scale: f64,
    },
    /// `L |n_i| sign⟨A_i, w wᵀ⟩`: sizes as `Gauss`, signs that depend on the measurements. A negative control.
    Aligned {
        /// Scale `L`.
        scale: f64,
    },
    /// `y_i = ⟨A_i, w wᵀ⟩`: the rows vote for another matrix. A negative control.
    Decoy,
}

/// A positive semidefinite truth `X* = U* U*ᵀ`.
#[derive(Debug, Clone)]
pub struct Truth {
    factor: Mat<f64>,
    sigma: Vec<f64>,
}

/// What measurements of a truth give.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// `y_i = ⟨A_i, X*⟩ + s_i`.
    pub y: Vec<f64>,
    /// The noise `s`.
    pub noise: Vec<f64>,
    /// Corrupted rows, ascending.
    pub corrupted: Vec<usize>,
}

/// A problem with its planted truth.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The measurements.
    pub measurements: Measurements,
    /// `y_i = ⟨S_i, X*⟩ + s_i`.
    pub y: Vec<f64>,
    /// The truth.
    pub truth: Truth,
    /// The noise `s`.
    pub noise: Vec<f64>,
    /// Corrupted rows, ascending.
    pub corrupted: Vec<usize>,
}

/// Randomness of the noise, free of its scale and kind.
#[derive(Debug, Clone)]
pub struct NoiseDraws {
    order: Vec<usize>,
    normals: Vec<f64>,
    decoy: Vec<f64>,
    uniforms: Vec<f64>,
}

impl Spec {
    /// `r` unit eigenvalues.
    pub fn flat(d: usize, rank: usize, m: usize, noise: Noise) -> Self {
        Self { d, sigma: vec![1.0; rank], m, noise, quantise: false }
    }

    /// Draws an instance; see the module's text for the order of the draws.
    ///
    /// Cost: `mD` normals and `2mD` flops.
    ///
    /// # Errors
    ///
    /// Sizes of zero, a rank above `d`, eigenvalues that are not positive and finite, `p` outside `[0, 1]`.
    pub fn draw(&self, rng: &mut impl Rng) -> Result<Instance, Error> {
        let measurements = gaussian_rows(self.d, self.m, rng)?;
        let measurements = if self.quantise { measurements.quantised()? } else { measurements };
        let truth = Truth::draw(self.d, &self.sigma, rng)?;
        let draws = NoiseDraws::draw(self.d, self.m, self.noise, rng);
        Instance::assemble(measurements, truth, self.noise, &draws)
    }

    /// What [`schedule`](super::schedule) has to know of the truth.
    pub fn target(&self) -> Target {
        Target::new(&self.sigma)
    }
}

impl Noise {
    /// What [`schedule`](super::schedule) has to know of the noise.
    pub fn corruption(self) -> Corruption {
        match self {
            Self::None => Corruption::Outliers { p: 0.0 },
            Self::Outliers { p, .. } => Corruption::Outliers { p },
            Self::Gaussian { nu } | Self::GaussianDependent { nu } => Corruption::Gaussian { nu },
        }
    }
}

/// `m` packed rows of `D` independent unit normals, row after row.
///
/// # Errors
///
/// `d = 0` or `m = 0`.
pub fn gaussian_rows(d: usize, m: usize, rng: &mut impl Rng) -> Result<Measurements, Error> {
    Measurements::from_rows(d, m, |_, row| row.fill_with(|| rng.sample(StandardNormal)))
}

/// `d×d` unit normals, column after column, for [`Init::Gaussian`](super::Init): one draw serves every width.
pub fn direction(d: usize, rng: &mut impl Rng) -> Mat<f64> {
    normals(d, d, rng)
}

pub(crate) fn normals(m: usize, n: usize, rng: &mut impl Rng) -> Mat<f64> {
    let mut a = Mat::zeros(m, n);
    for j in 0..n {
        a.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal));
    }
    a
}

impl Truth {
    /// `U* = Q diag(√σ)` with `Q: d×r` the orthonormal factor of a Gaussian matrix.
    ///
    /// # Errors
    ///
    /// More eigenvalues than `d`, none, or one that is not positive and finite.
    pub fn draw(d: usize, sigma: &[f64], rng: &mut impl Rng) -> Result<Self, Error> {
        let r = sigma.len();
        argument((1..=d).contains(&r), "rank", r as f64, "must lie between 1 and the order d")?;
        for &s in sigma {
            argument(s > 0.0 && s.is_finite(), "sigma", s, "must be positive and finite")?;
        }
        let q = orthonormal_basis(normals(d, r, rng).as_ref())?;
        Ok(Self { factor: Mat::from_fn(d, r, |i, j| q[(i, j)] * sigma[j].sqrt()), sigma: sigma.to_vec() })
    }

    /// The truth `U* U*ᵀ` with a given `U*: d×r` of full column rank.
    ///
    /// # Errors
    ///
    /// No column, more columns than rows, an entry that is not finite, a singular value of zero.
    pub fn from_factor(factor: Mat<f64>) -> Result<Self, Error> {
        let (d, r) = factor.shape();
        argument((1..=d).contains(&r), "rank", r as f64, "must lie between 1 and the order d")?;
        finite("factor of the truth", factor.col_iter().flat_map(|c| c.iter()))?;
        let sigma: Vec<f64> = thin_svd(factor.as_ref())?.values.iter().map(|s| s * s).collect();
        argument(sigma[r - 1] > 0.0, "sigma_r", sigma[r - 1], "must be positive")?;
        Ok(Self { factor, sigma })
    }

    /// `U*: d×r`.
    pub fn factor(&self) -> MatRef<'_, f64> {
        self.factor.as_ref()
    }

    /// The nonzero eigenvalues of `X*`.
    pub fn sigma(&self) -> &[f64] {
        &self.sigma
    }

    /// `‖X*‖_F`.
    pub fn norm(&self) -> f64 {
        self.target().norm
    }

    /// What [`schedule`](super::schedule) has to know of it.
    pub fn target(&self) -> Target {
        Target::new(&self.sigma)
    }
}

impl NoiseDraws {
    /// Draws 3 to 6 of the module's text.
    pub fn draw(d: usize, m: usize, noise: Noise, rng: &mut impl Rng) -> Self {
        let mut order: Vec<usize> = (0..m).collect();
        for i in (1..m).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        let normals = (0..m).map(|_| rng.sample(StandardNormal)).collect();
        let decoy = (0..d).map(|_| rng.sample(StandardNormal)).collect();
        let cauchy = matches!(noise, Noise::Outliers { kind: Outlier::Cauchy { .. }, .. });
        let uniforms = if cauchy { (0..m).map(|_| rng.random()).collect() } else { Vec::new() };
        Self { order, normals, decoy, uniforms }
    }

    /// Adds noise to clean observations; `votes` gives `⟨A_i, w wᵀ⟩` for the kinds that want a decoy `w`.
    pub(crate) fn contaminate(
        &self,
        clean: Vec<f64>,
        truth: &Truth,
        noise: Noise,
        votes: impl FnOnce() -> Result<Vec<f64>, Error>,
    ) -> Result<Observed, Error> {
        let m = clean.len();
        shape("noise draws", Size::Len(m), Size::Len(self.normals.len()))?;
        let mut corrupted = Vec::new();
        let noise = match noise {
            Noise::None => vec![0.0; m],
            Noise::Gaussian { nu } => self.normals.iter().map(|n| nu * n).collect(),
            Noise::GaussianDependent { nu } => clean.iter().map(|y| nu * y / truth.norm()).collect(),
            Noise::Outliers { p, kind } => {
                argument((0.0..=1.0).contains(&p), "p", p, "must lie in [0, 1]")?;
                corrupted = self.order[..(p * m as f64).round() as usize].to_vec();
                corrupted.sort_unstable();
                self.outliers(&clean, kind, &corrupted, votes)?
            }
        };
        let y: Vec<f64> = clean.iter().zip(&noise).map(|(y, s)| y + s).collect();
        finite("observations y", &y)?;
        Ok(Observed { y, noise, corrupted })
    }

    fn outliers(
        &self,
        clean: &[f64],
        kind: Outlier,
        corrupted: &[usize],
        votes: impl FnOnce() -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<f64>, Error> {
        let votes = if matches!(kind, Outlier::Aligned { .. } | Outlier::Decoy) { votes()? } else { Vec::new() };
        if matches!(kind, Outlier::Cauchy { .. }) {
            shape("uniform draws", Size::Len(clean.len()), Size::Len(self.uniforms.len()))?;
        }
        let mut noise = vec![0.0; clean.len()];
        for &i in corrupted {
            let n = self.normals[i];
            noise[i] = match kind {
                Outlier::Gauss { scale } => scale * n,
                Outlier::OneSided { scale } => scale * n.abs(),
                Outlier::Cauchy { scale } => scale * (PI * (self.uniforms[i] - 0.5)).tan(),
                Outlier::Replace { scale } => scale * n - clean[i],
                Outlier::Aligned { scale } => scale * n.abs() * sign(votes[i]),
                Outlier::Decoy => votes[i] - clean[i],
            };
        }
        Ok(noise)
    }
}

impl Measurements {
    /// Observes a truth through these measurements. Several laws of noise may be put on the same draws.
    ///
    /// The decoy `w` is the drawn vector made orthogonal to `U*`, at unit norm.
    ///
    /// # Errors
    ///
    /// Orders that do not agree; draws of other sizes; `p` outside `[0, 1]`; noise that is not finite; for the kinds
    /// with a decoy, a truth of full rank.
    pub fn observe(&self, truth: &Truth, noise: Noise, draws: &NoiseDraws) -> Result<Observed, Error> {
        let found = Size::Matrix(truth.factor.nrows(), truth.factor.ncols());
        shape("factor of the truth", Size::Matrix(self.order(), truth.sigma.len()), found)?;
        let clean = apply(self, truth.factor());
        draws.contaminate(clean, truth, noise, || Ok(apply(self, decoy(truth, draws)?.as_ref())))
    }
}

impl Instance {
    /// Observes a truth through measurements with noise.
    ///
    /// # Errors
    ///
    /// As [`Measurements::observe`].
    pub fn assemble(measurements: Measurements, truth: Truth, noise: Noise, draws: &NoiseDraws) -> Result<Self, Error> {
        let Observed { y, noise, corrupted } = measurements.observe(&truth, noise, draws)?;
        Ok(Self { measurements, y, truth, noise, corrupted })
    }

    /// The problem, without its truth.
    ///
    /// # Errors
    ///
    /// If the public fields were changed to disagree.
    pub fn problem(&self) -> Result<Problem<'_>, Error> {
        Problem::new(&self.measurements, &self.y)
    }
}

/// `w: d×1` of unit norm, orthogonal to the range of the truth.
pub(crate) fn decoy(truth: &Truth, draws: &NoiseDraws) -> Result<Mat<f64>, Error> {
    let drawn = &draws.decoy;
    shape("decoy draw", Size::Len(truth.factor.nrows()), Size::Len(drawn.len()))?;
    let q = orthonormal_basis(truth.factor())?;
    let mut w = Mat::from_fn(drawn.len(), 1, |i, _| drawn[i]);
    // Twice, because one projection leaves the rounding of the part that it removes.
    for _ in 0..2 {
        let along = project(q.as_ref(), w.as_ref());
        w -= &along;
    }
    let norm = frobenius(w.as_ref());
    if norm <= 1e-8 * (drawn.len() as f64).sqrt() {
        return Err(InputError::Argument {
            name: "rank",
            value: truth.sigma.len() as f64,
            requirement: "must leave a direction orthogonal to the truth for the decoy",
        }
        .into());
    }
    Ok(Mat::from_fn(drawn.len(), 1, |i, _| w[(i, 0)] / norm))
}

/// `Q Qᵀ w`.
fn project(q: MatRef<'_, f64>, w: MatRef<'_, f64>) -> Mat<f64> {
    use faer::{Accum, linalg::matmul::matmul};
    let mut inner = Mat::zeros(q.ncols(), w.ncols());
    matmul(inner.as_mut(), Accum::Replace, q.transpose(), w, 1.0, Par::Seq);
    let mut out = Mat::zeros(w.nrows(), w.ncols());
    matmul(out.as_mut(), Accum::Replace, q, inner.as_ref(), 1.0, Par::Seq);
    out
}

/// `⟨S_i, U Uᵀ⟩` for all `i`.
fn apply(measurements: &Measurements, u: MatRef<'_, f64>) -> Vec<f64> {
    let d = measurements.order();
    let mut x = Mat::zeros(measurements.padded().nrows(), 1);
    svec_of_factor(u, &mut Mat::zeros(d, d), x.col_as_slice_mut(0));
    let zero = vec![0.0; measurements.len()];
    let mut out = vec![0.0; measurements.len()];
    measurements.residual(x.col_as_slice(0), &zero, &mut out);
    out
}
