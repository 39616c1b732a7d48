//! What a run of alternating minimization is asked to do.

use faer::MatRef;

use crate::error::{Error, Size, argument, finite, shape};

/// Which entries each least-squares update sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// All of `Ω` in every update and in the start: what is run in practice.
    #[default]
    Reuse,
    /// `2T+1` disjoint random subsets, each used once: what the analysis assumes. Subset 0 serves the start, `t+1` and
    /// `T+t+1` the two updates of sweep `t`.
    Fresh,
    /// As `Fresh`, but both updates of a sweep see subset `t+1`. A negative control: the second one's samples are not
    /// independent of its design.
    Shared,
}

/// Element-wise clipping of the start: entries with `|u| > constant·μ·√k/√m` are set to zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    /// Incoherence `μ = √(m/k)·max_i ‖u_i‖₂ ≥ 1` of the left factor.
    pub mu: f64,
    /// 2 in the paper.
    pub constant: f64,
}

impl Clip {
    /// The paper's threshold `2μ√k/√m`.
    pub fn new(mu: f64) -> Self {
        Self { mu, constant: 2.0 }
    }
}

/// Where the iteration starts.
#[derive(Debug, Clone, Copy, Default)]
pub enum Init<'a> {
    /// The leading left singular vectors of the rescaled observations `P_Ω(M)/p`.
    #[default]
    Spectral,
    /// An orthonormal basis of a Gaussian matrix.
    Random,
    /// A basis `U⁰: m×k` with orthonormal columns.
    Given(MatRef<'a, f64>),
}

/// How the fast variant solves the least-squares problem of a row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Inner {
    /// By Cholesky where the rank is small and by conjugate gradients elsewhere, whichever costs less on the rows.
    #[default]
    Auto,
    /// Gram matrix and Cholesky: `n_i k(k+1) + k³/3` flops.
    Cholesky,
    /// Conjugate gradients: `4 n_i k` flops a step.
    Cg(Cg),
}

/// Conjugate gradients on the normal equations of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cg {
    /// Most steps of a row.
    pub steps: u32,
    /// When a row stops before that.
    pub stop: Stop,
    /// Start from the last iterate, carried through the change of basis. Off only as a negative control.
    pub warm: bool,
    /// How long sweeps are solved exactly first.
    pub exact: Exact,
}

/// When the conjugate gradients of a row stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// After all steps.
    Never,
    /// At `‖Aᵀr‖ ≤ τ ‖Aᵀr_start‖`.
    Start(f64),
    /// At `‖Aᵀr‖ ≤ τ ‖Aᵀb‖`. A negative control: the outer iteration then stalls at an error of about `τ`.
    Data(f64),
}

/// Which leading sweeps are solved exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exact {
    /// This many.
    Sweeps(usize),
    /// At least one, and until the relative observed residual is below this fraction of `σ̂_k/σ̂_1`, the spread of the
    /// singular values of the last factor. Before that, errors of inexact solves in the strong directions swamp the
    /// weak ones.
    Until(f64),
}

impl Default for Cg {
    /// Three warm steps after exact sweeps up to a tenth of `σ̂_k/σ̂_1`.
    fn default() -> Self {
        Self { steps: 3, stop: Stop::Never, warm: true, exact: Exact::Until(0.1) }
    }
}

/// An error injected into every least-squares update: `ε ‖X‖₂ G/‖G‖₂` is added to each solution `X`, `G` Gaussian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Perturbation {
    /// The relative size `ε`.
    pub epsilon: f64,
    /// Only in this many leading sweeps.
    pub sweeps: usize,
}

/// Options of alternating minimization. Equal options and seeds give equal iterates.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The rank `k`.
    pub rank: usize,
    /// The number `T` of sweeps.
    pub sweeps: usize,
    /// Which entries an update sees.
    pub sampling: Sampling,
    /// The start.
    pub init: Init<'a>,
    /// Clipping of the start.
    pub clip: Option<Clip>,
    /// The solver of the fast variant; the others have their own.
    pub inner: Inner,
    /// Stop at a relative observed residual and a relative change below this; zero: after `sweeps`.
    pub tolerance: f64,
    /// Injected errors.
    pub perturbation: Option<Perturbation>,
    /// Refuse rows and columns without entries; else they get zero factors and a warning.
    pub strict: bool,
    /// Seed of everything random: subsets, random starts, sketches, injected errors. Each has its own stream.
    pub seed: u64,
}

impl Options<'_> {
    /// `T` sweeps at rank `k` on reused samples from the spectral start.
    pub fn new(rank: usize, sweeps: usize) -> Self {
        Self {
            rank,
            sweeps,
            sampling: Sampling::Reuse,
            init: Init::Spectral,
            clip: None,
            inner: Inner::Auto,
            tolerance: 0.0,
            perturbation: None,
            strict: false,
            seed: 0,
        }
    }

    pub(super) fn check(&self, (m, n): (usize, usize)) -> Result<(), Error> {
        let k = self.rank;
        argument(k >= 1 && k <= m.min(n), "rank", k as f64, "1 ≤ k ≤ min(m, n)")?;
        argument(self.sweeps <= 100_000, "sweeps", self.sweeps as f64, "at most 100000")?;
        argument((0.0..1.0).contains(&self.tolerance), "tolerance", self.tolerance, "0 ≤ tolerance < 1")?;
        if let Some(Clip { mu, constant }) = self.clip {
            argument(mu >= 1.0 && mu.is_finite(), "mu", mu, "incoherence is at least 1")?;
            argument(constant > 0.0 && constant.is_finite(), "constant", constant, "positive and finite")?;
        }
        if let Some(Perturbation { epsilon, .. }) = self.perturbation {
            argument(epsilon >= 0.0 && epsilon.is_finite(), "epsilon", epsilon, "non-negative and finite")?;
        }
        if let Inner::Cg(Cg { steps, stop, exact, .. }) = self.inner {
            argument(steps >= 1, "steps", f64::from(steps), "at least one")?;
            if let Stop::Start(tau) | Stop::Data(tau) = stop {
                argument(tau > 0.0 && tau < 1.0, "tau", tau, "0 < τ < 1")?;
            }
            if let Exact::Until(fraction) = exact {
                argument(fraction > 0.0 && fraction.is_finite(), "fraction", fraction, "positive and finite")?;
            }
        }
        if let Init::Given(u) = self.init {
            shape("start", Size::Matrix(m, k), Size::Matrix(u.nrows(), u.ncols()))?;
            finite("start", u.col_iter().flat_map(|c| c.iter()))?;
        }
        Ok(())
    }
}

/// The random streams of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Subsets = 1,
    Start = 2,
    Sketch = 3,
    Noise = 4,
}

impl Options<'_> {
    pub(super) fn rng(&self, stream: Stream) -> rand_chacha::ChaCha8Rng {
        use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(stream as u64);
        rng
    }
}
