//! What a decomposition returns.

use faer::Mat;
use serde::{Deserialize, Serialize};

use crate::Effort;

/// `T ≈ Σ_r λ_r a_r^{⊗m}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Unit vectors `a_r`, the columns of a `d×R` matrix.
    pub vectors: Mat<f64>,
    /// Weights `λ_r`. For even orders the sign of a vector is free; for odd ones it belongs to that of the weight.
    pub weights: Vec<f64>,
    /// How each was found.
    pub components: Vec<Component>,
    /// The rank read off the spectrum, or given.
    pub rank: usize,
    /// Absolute eigenvalues or singular values of the flattening, descending; only the leading ones where only those were
    /// computed.
    pub spectrum: Vec<f64>,
    /// What a caller should know.
    pub warnings: Vec<Warning>,
    /// Where the work was done.
    pub phases: Phases,
}

/// How a component was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Component {
    /// `F(x) ≤ 1`: the squared cosine between `x^{⊗n}` and the column space.
    pub f: f64,
    /// Power and Newton steps from all its starts.
    pub iterations: usize,
    /// Starts.
    pub tries: u32,
    /// Whether the iteration had converged when it was taken.
    pub converged: bool,
}

/// What a caller should know about a decomposition.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The rank is above the bound below which components are the only maxima; what was found may be something else.
    BeyondUniquenessBound {
        /// The bound.
        bound: usize,
    },
    /// Components taken before the iteration had converged.
    NotConverged {
        /// Their number.
        components: usize,
    },
    /// Fewer components than the rank were found: the others passed no certificate.
    Incomplete {
        /// Components found.
        found: usize,
    },
}

/// Flops and steps by phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Flops of the power steps.
    pub power_flops: u64,
    /// Flops of the Newton steps.
    pub newton_flops: u64,
    /// Flops of deflations and weights.
    pub deflation_flops: u64,
    /// Flops of the extraction of the subspace, where they are known; iterative eigensolvers are counted as `9N³`.
    pub extraction_flops: u64,
    /// Power steps, one per point.
    pub power_steps: u64,
    /// Newton steps, one per point.
    pub newton_steps: u64,
    /// Starts.
    pub starts: u64,
    /// Rounds of a block variant, deflations of the others.
    pub rounds: u64,
}

impl Phases {
    /// The sum, as an effort; iterations are steps.
    pub fn effort(&self) -> Effort {
        Effort {
            iterations: self.power_steps + self.newton_steps,
            flops: self.power_flops + self.newton_flops + self.deflation_flops + self.extraction_flops,
            ..Effort::default()
        }
    }

    /// Flops after the extraction, which is the same in most variants.
    pub fn search_flops(&self) -> u64 {
        self.power_flops + self.newton_flops + self.deflation_flops
    }
}

/// The largest rank at which a generic tensor's components are the only global maxima of `F`.
///
/// `C(d+n−1, n) − d` for even orders `m = 2n`; for odd ones, `m = 2n−1`, also at most `C(d+n−2, n−1)`.
pub fn uniqueness_bound(m: usize, d: usize) -> usize {
    let n = m.div_ceil(2);
    let count = |n| super::monomials::count(d, n).unwrap_or(usize::MAX);
    let bound = count(n).saturating_sub(d);
    if m.is_multiple_of(2) { bound } else { bound.min(count(n - 1)) }
}
