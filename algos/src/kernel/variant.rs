//! The exact product and the list of its variants.

use faer::{Mat, MatRef};
use serde::Serialize;

use super::{Engine, Problem, fast, reference};
use crate::{Error, Outcome};

/// The variants of the exact product: drop-in equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`reference::product`]: the definition, compensated.
    Reference,
    /// The fused tile in double precision.
    TileF64,
    /// The fused tile in single precision; its relative error is about 1e-6 times squared norms over `σ²`.
    TileF32,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::TileF64, Self::TileF32];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::TileF64 => "tile_f64",
            Self::TileF32 => "tile_f32",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// `Y = K X` for `K: n×m` and `X: m×r`.
///
/// Points are centred at the mean of the keys and divided by the bandwidth first; where squared norms are still so large
/// that `‖q‖² + ‖k‖² − 2⟨q, k⟩` would cancel, the tiles subtract before they square. Cost of a tile: `nm(d + r + 1)`
/// multiply-adds and `nm` exponentials; memory `(n + m)(d + r)`. Threads never change a bit, and neither does the choice
/// between AVX2 and AVX-512.
///
/// # Errors
///
/// `x` with another number of rows than there are keys, or not finite.
pub fn product(
    variant: Variant,
    problem: &Problem<'_>,
    x: MatRef<'_, f64>,
    engine: Engine,
) -> Result<Outcome<Mat<f64>>, Error> {
    match variant {
        Variant::Reference => reference::product(problem, x),
        Variant::TileF64 => fast::product::<f64>(problem, x, engine),
        Variant::TileF32 => fast::product::<f32>(problem, x, engine),
    }
}

/// One vector as a matrix of one column.
pub fn column(x: &[f64]) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(x, x.len(), 1)
}

/// [`product`] with one vector.
///
/// # Errors
///
/// As [`product`].
pub fn multiply(
    variant: Variant,
    problem: &Problem<'_>,
    x: &[f64],
    engine: Engine,
) -> Result<Outcome<Vec<f64>>, Error> {
    let Outcome { value, status, effort } = product(variant, problem, column(x), engine)?;
    Ok(Outcome { value: value.col_as_slice(0).to_vec(), status, effort })
}
