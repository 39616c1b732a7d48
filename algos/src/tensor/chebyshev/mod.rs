//! Functions on the cube `[−1, 1]³` as Chebyshev series whose coefficients are in Tucker form.
//!
//! # Problem
//!
//! `f(x, y, z) ≈ Σ_{ijk} C_{ijk} T_i(x) T_j(y) T_k(z)` with `m` terms in each direction has `m³` coefficients. For smooth
//! `f` the array `C` is close to `G ×₁ U₁ ×₂ U₂ ×₃ U₃` with a core `G: r₁×r₂×r₃`, `r ≪ m`, and such a format can be
//! evaluated anywhere: it knows no grid.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `m` | points, and terms of the series, in one direction |
//! | `x_j` | `cos(πj/(m−1))`, the Chebyshev points |
//! | `F` | the `m×m` matrix from values at the points to coefficients |
//! | `C` | the coefficients, [`Cube`] |
//! | `U_n`, `G` | factors with orthonormal columns and the core, [`Tucker`] |
//! | `ξ_r`, `K` | weights and rank of a canonical form `Σ_{r=1}^K ξ_r u_r⊗v_r⊗w_r`, [`Canonical`] |
//!
//! # What is here
//!
//! | input | algorithm of the paper | functions |
//! | --- | --- | --- |
//! | a function | 1 | [`interpolate`], then [`hosvd`] |
//! | its values on a uniform grid | 2 | [`interpolate_grid`], then [`hosvd`] |
//! | a canonical form, expanded | 3 | [`Canonical::coefficients`], [`Canonical::to_cube`], then [`hosvd`] |
//! | a canonical form, never expanded | 4 | [`Canonical::coefficients`], then [`rhosvd`] |
//!
//! Factors of a canonical form on a uniform grid pass through [`Canonical::at_points`] first. [`tucker_als`] improves a Tucker
//! form of given ranks, [`series`] has the one-dimensional series, [`mod@spline`] the splines through values on a grid and
//! [`potential`] sums of Gaussians to try it on. Every step has a literal and a fast [`Variant`].
//!
//! Source: Benner, Khoromskij, Khoromskaia & Sun, [arXiv:2503.01696](https://arxiv.org/abs/2503.01696), of which we read the
//! abstract and the authors' code.

mod canonical;
mod cube;
mod higher_order;
pub mod potential;
pub mod series;
pub mod spline;
mod tucker;

pub use canonical::{Canonical, Reduced, rhosvd};
pub use cube::Cube;
pub use higher_order::{Hosvd, hosvd, tucker_als};
pub use series::interpolate;
pub use spline::interpolate_grid;
pub use tucker::Tucker;

use serde::Serialize;

/// How the steps are carried out. Both compute the same up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// As the paper has it: transforms as matrix products, singular value decompositions of whole matrices, the core
    /// summed term by term.
    Reference,
    /// Folded transforms, QR factorizations before decompositions, the core as matrix products over blocks of terms.
    Fast,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::Fast];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Fast => "fast",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}
