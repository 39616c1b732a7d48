//! The list of variants.

use serde::Serialize;

use super::{Completion, Inner, Observations, Observer, Options, fast, reference, sketched};
use crate::simd::Simd;
use crate::{Error, Outcome, Par};

/// The variants of alternating minimization. All solve the same updates: the first four to rounding, [`WarmCg`] as far
/// as its [`Inner`] options say, which changes the path and not the limit.
///
/// [`WarmCg`]: Variant::WarmCg
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`reference::altmin_jns`]: Householder QR for each row.
    Reference,
    /// [`sketched::altmin_gsyz`]: a sketched preconditioner for each row.
    Sketched,
    /// Packed Gram matrices and Cholesky.
    Cholesky,
    /// As the options' [`Inner`] says: by default warm conjugate gradients above small ranks.
    WarmCg,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::Sketched, Self::Cholesky, Self::WarmCg];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Sketched => "sketched",
            Self::Cholesky => "cholesky",
            Self::WarmCg => "warm_cg",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// Completes a matrix of rank `k` from observed entries by alternating minimization.
///
/// Returns `X = U Vᵀ` as factors. `par` splits the rows of the fast variants over threads and never changes a bit; the
/// literal ones ignore it. Memory of the fast variants beside the observations: the two factors, twice, and the design
/// of one row per thread.
///
/// # Errors
///
/// [`Error::Input`]: options outside their domains; with `strict`, a row or column without entries.
/// [`Error::Numerical`]: clipping that destroys the rank of the start; iterates that are not finite.
pub fn altmin(
    variant: Variant,
    observations: &Observations,
    options: &Options<'_>,
    par: Par,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    altmin_on(variant, observations, options, Simd::detect(), par, observe)
}

/// As [`altmin`] on this instruction set instead of the widest; the literal variants ignore it.
///
/// # Errors
///
/// As [`altmin`].
pub fn altmin_on(
    variant: Variant,
    observations: &Observations,
    options: &Options<'_>,
    simd: Simd,
    par: Par,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    match variant {
        Variant::Reference => reference::altmin_jns(observations, options, observe),
        Variant::Sketched => sketched::altmin_gsyz(observations, options, observe),
        Variant::Cholesky => {
            let options = Options { inner: Inner::Cholesky, ..*options };
            fast::altmin::altmin(observations, &options, simd, par, observe)
        }
        Variant::WarmCg => fast::altmin::altmin(observations, options, simd, par, observe),
    }
}
