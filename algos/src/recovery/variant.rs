//! The list of variants.

use faer::Mat;
use serde::Serialize;

use super::fast::pass::Engine;
use super::observe::Observe;
use super::problem::observations;
use super::{Factor, FullMeasurements, Measurements, Options, Problem, fast, reference};
use crate::simd::Simd;
use crate::{Error, Outcome, Par};

/// The variants of SubGM: drop-in equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`reference::subgm`]: two passes over full matrices.
    Reference,
    /// One pass over packed rows in `f64`.
    FusedPacked,
    /// One pass over packed rows stored in `f32` and summed in `f64`. Exact storage only for
    /// [quantised](Measurements::quantised) rows.
    FusedF32,
    /// Skips rows whose residual cannot have changed sign.
    LazySign,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::FusedPacked, Self::FusedF32, Self::LazySign];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::FusedPacked => "fused_packed",
            Self::FusedF32 => "fused_f32",
            Self::LazySign => "lazy_sign",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }

    /// Brings the measurements into the form that the variant reads, to be used for many runs.
    ///
    /// # Errors
    ///
    /// [`Variant::FusedF32`]: an entry beyond the range of `f32`.
    pub fn prepare(self, measurements: &Measurements) -> Result<Prepared<'_>, Error> {
        let form = match self {
            Self::Reference => Form::Full(measurements.expand()),
            Self::FusedPacked => Form::Packed(measurements),
            Self::FusedF32 => Form::Single { rows: measurements.single()?, of: measurements },
            Self::LazySign => Form::Lazy { norms: fast::lazy::norms(measurements), of: measurements },
        };
        Ok(Prepared { form, simd: Simd::detect() })
    }
}

/// Measurements in the form of one variant.
#[derive(Debug, Clone)]
pub struct Prepared<'a> {
    pub(super) form: Form<'a>,
    pub(super) simd: Simd,
}

#[derive(Debug, Clone)]
pub(super) enum Form<'a> {
    Full(FullMeasurements),
    Packed(&'a Measurements),
    Single { rows: Mat<f32>, of: &'a Measurements },
    Lazy { norms: Vec<f64>, of: &'a Measurements },
}

impl Prepared<'_> {
    /// Runs on this instruction set instead of the widest; the reference ignores it.
    pub fn with_simd(self, simd: Simd) -> Self {
        Self { simd, ..self }
    }

    /// Runs SubGM on observations `y` of the prepared measurements. See [`subgm`].
    ///
    /// # Errors
    ///
    /// As [`subgm`].
    pub fn subgm(
        &self,
        y: &[f64],
        options: &Options<'_>,
        par: Par,
        observe: &mut dyn Observe,
    ) -> Result<Outcome<Factor>, Error> {
        let engine = Engine { simd: self.simd, par };
        match &self.form {
            Form::Full(full) => reference::subgm(full, y, options, observe),
            Form::Packed(a) => {
                observations(a.len(), y)?;
                fast::packed::fused(a.order(), a.padded(), a.zero_rows(), y, options, engine, observe)
            }
            Form::Single { rows, of } => {
                observations(of.len(), y)?;
                fast::packed::fused(of.order(), rows, of.zero_rows(), y, options, engine, observe)
            }
            Form::Lazy { norms, of } => {
                observations(of.len(), y)?;
                fast::lazy::lazy_sign(of, norms, y, options, engine, observe)
            }
        }
    }
}

/// The sub-gradient method for `f(U) = (1/m) Σ |⟨A_i, U Uᵀ⟩ − y_i|` from a small start.
///
/// Returns the last iterate `U_T: d×r'`. All variants give the same iterates up to rounding.
///
/// Cost of an iteration besides `4d²r'` flops for the products with `U`: the reference reads `2md²` numbers, the
/// packed variants `mD ≈ md²/2`, `lazy_sign` those of the rows whose sign may have changed. `par` splits the rows of
/// large problems over threads and never changes a bit of the result.
///
/// # Errors
///
/// [`Error::Input`]: sizes that do not agree, values that are not finite, parameters outside their domains.
/// [`Error::Numerical`]: a start that is zero and would never move; iterates that diverge, with the iteration; a
/// sub-gradient whose norm overflows where the step is divided by it.
pub fn subgm(
    variant: Variant,
    problem: &Problem<'_>,
    options: &Options<'_>,
    par: Par,
    observe: &mut dyn Observe,
) -> Result<Outcome<Factor>, Error> {
    variant.prepare(problem.measurements())?.subgm(problem.y(), options, par, observe)
}
