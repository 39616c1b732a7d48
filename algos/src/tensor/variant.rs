//! The list of variants.

use serde::Serialize;

use super::fast::block::Scheme;
use super::options::Options;
use super::outcome::Decomposition;
use super::symmetric::SymmetricTensor;
use super::{fast, reference};
use crate::{Error, Outcome};

/// The variants of the subspace power method. On exact tensors below the uniqueness bound all return the same components,
/// in their own orders; under noise those that remove one component at a time and those that remove many differ to first
/// order in the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`reference::spm`]: full bases, one component at a time.
    Reference,
    /// The same in packed coordinates.
    Packed,
    /// Blocks of starts as matrix products, and removal of all components of a round together.
    Block,
    /// Blocks with Newton's method once `F > 0.97`.
    Newton,
    /// The same with only the wanted eigenvectors of the flattening, for even orders: its range is found by random
    /// products, and the rank with it where it is not given. Pays on exact tensors with `R` up to about `N/2`.
    Partial,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::Packed, Self::Block, Self::Newton, Self::Partial];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Packed => "packed",
            Self::Block => "block",
            Self::Newton => "newton",
            Self::Partial => "partial",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// Decomposes a symmetric tensor of order 3 to 6 into `Σ_r λ_r a_r^{⊗m}` by the subspace power method.
///
/// Everything runs on one thread. The block variants take a point only when it has converged and `1 − F` is below the
/// acceptance or, if that is smaller, below `100 (s_{R+1}/s_R)²`, what the spectrum says of the noise; they never keep an
/// uncertified point, whatever the options say, and return fewer components instead.
///
/// Memory beside the tensor: the flattening, its eigenvectors, and the eigensolver's copies of it.
///
/// # Errors
///
/// [`Error::Input`]: an order not in 3..=6, options outside their domains, a rank above the smaller side of the packed
/// flattening. [`Error::Numerical`]: a given rank above the numerical rank, an eigendecomposition that fails, a point that
/// cannot be removed because it is not in the column space.
pub fn decompose(
    variant: Variant,
    tensor: &SymmetricTensor,
    options: &Options,
) -> Result<Outcome<Decomposition>, Error> {
    let block = |newton, partial| fast::block::spm(tensor, options, Scheme { newton, partial });
    match variant {
        Variant::Reference => reference::spm(tensor, options),
        Variant::Packed => fast::packed::spm(tensor, options),
        Variant::Block => block(false, false),
        Variant::Newton => block(true, false),
        Variant::Partial => block(true, true),
    }
}
