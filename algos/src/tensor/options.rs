//! What the subspace power method is asked to do.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::symmetric::Unit;
use crate::error::{Error, argument};

/// The shift `γ` of a power step `x ← (y + γx)/‖y + γx‖`; `c_n = √((n−1)/n)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shift {
    /// `c_n √(2f(1−f))` above `f = 2/3`, `c_n(1 − f/2)` below: vanishes at a component.
    #[default]
    Adaptive,
    /// `c_n`.
    Fixed,
    /// 0: `f` need not increase.
    None,
}

impl Shift {
    /// `γ` at `f = F(x)` for the power `n`.
    pub fn gamma(self, n: usize, f: f64) -> f64 {
        let c = ((n - 1) as f64 / n as f64).sqrt();
        match self {
            Self::None => 0.0,
            Self::Fixed => c,
            Self::Adaptive if f > 2.0 / 3.0 => c * (2.0 * f * (1.0 - f).max(0.0)).sqrt(),
            Self::Adaptive => c * (1.0 - f / 2.0),
        }
    }
}

/// Which singular values of the flattening are not noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Those above this fraction of `Σs²/Σs`, a typical singular value.
    Relative(f64),
    /// Those above this number.
    Absolute(f64),
}

impl Threshold {
    /// The same threshold for a tensor in this unit.
    pub(super) fn within(self, unit: Unit) -> Self {
        match self {
            Self::Relative(_) => self,
            Self::Absolute(threshold) => Self::Absolute(unit.divide(threshold)),
        }
    }
}

/// What becomes of a point whose `f` is not close to 1 after all starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncertified {
    /// The best one is taken for a component, as in the paper.
    Keep,
    /// The decomposition ends there with the components found.
    Stop,
}

/// Options of the subspace power method. Equal options give equal results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The rank `R`; without it the rank is read off the spectrum of the flattening.
    pub rank: Option<usize>,
    /// How it is read off.
    pub threshold: Threshold,
    /// The shift.
    pub shift: Shift,
    /// Most power steps from one start.
    pub iterations: usize,
    /// Starts for one component.
    pub tries: u32,
    /// A start has converged when `‖x⁺ − x‖` is below this, or below `4ε√d` if that is larger.
    pub tolerance: f64,
    /// A point with `1 − f` below this is taken for a component.
    pub acceptance: f64,
    /// What becomes of others.
    pub uncertified: Uncertified,
    /// Seed of the starts.
    pub seed: u64,
}

impl Default for Options {
    /// The values of the authors' implementation.
    fn default() -> Self {
        Self {
            rank: None,
            threshold: Threshold::Relative(1e-4),
            shift: Shift::Adaptive,
            iterations: 5000,
            tries: 3,
            tolerance: 1e-14,
            acceptance: 1e-2,
            uncertified: Uncertified::Keep,
            seed: 0,
        }
    }
}

impl Options {
    pub(super) fn check(&self) -> Result<(), Error> {
        let limit = match self.threshold {
            Threshold::Relative(limit) | Threshold::Absolute(limit) => limit,
        };
        argument(limit > 0.0 && limit.is_finite(), "threshold", limit, "positive and finite")?;
        argument(self.iterations >= 1, "iterations", self.iterations as f64, "at least one")?;
        argument(self.tries >= 1, "tries", f64::from(self.tries), "at least one")?;
        argument((0.0..1.0).contains(&self.tolerance), "tolerance", self.tolerance, "0 ≤ tolerance < 1")?;
        argument((0.0..=1.0).contains(&self.acceptance), "acceptance", self.acceptance, "0 ≤ acceptance ≤ 1")?;
        Ok(())
    }

    /// Where a start has converged in dimension `d`.
    pub(super) fn step_limit(&self, d: usize) -> f64 {
        self.tolerance.max(4.0 * f64::EPSILON * (d as f64).sqrt())
    }

    pub(super) fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }
}
