//! The list of variants, and applying them.

use std::ops::{Add, Neg, Sub};

use faer::Mat;
use serde::Serialize;

use super::parts::power_of_two;
use super::{Input, Sketch, explicit, fast};
use crate::error::{Error, InputError, NumericalError, Size, finite, shape};
use crate::simd::Simd;
use crate::{Effort, Outcome, Par, Status};

/// The variants of an application: equal to rounding, `1e-12 ‖SA‖_F`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The product with the explicit matrix.
    Explicit,
    /// Streaming: no entry of `S` is stored.
    Fast,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Explicit, Self::Fast];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Fast => "fast",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// `S A: m×d` for `A: n×d`, by the fast variant on one thread.
///
/// # Errors
/// As [`apply`].
pub fn sketched<'a>(sketch: &Sketch, input: impl Into<Input<'a>>) -> Result<Mat<f64>, Error> {
    apply(Variant::Fast, sketch, input.into(), Par::Seq).map(|outcome| outcome.value)
}

/// `S A: m×d` for `A: n×d`.
///
/// | sketch | additions and multiplications of the fast variant, `A` dense |
/// | --- | --- |
/// | Gaussian, Rademacher, orthogonal | `2mnd` |
/// | Hadamard, tensor, pooled | `N log₂ N` a column |
/// | cosine, circulant | `O(n log n)` a column |
/// | CountSketch, OSNAP, very sparse | one addition for each nonzero of `S` and column |
///
/// On sparse `A` the sparse sketches touch each stored entry `s` times. Threads work on blocks of columns and change no
/// bit. Where the image overflows although `A` is finite, `A` is scaled by `2⁻²⁰⁰` and the image scaled back.
///
/// # Errors
/// [`Error::Input`]: `A` has no column, other rows than `S` has columns, or an entry that is not finite.
/// [`Error::Numerical`]: the image itself overflows.
pub fn apply(variant: Variant, sketch: &Sketch, input: Input<'_>, par: Par) -> Result<Outcome<Mat<f64>>, Error> {
    apply_on(variant, sketch, input, Simd::detect(), par)
}

/// As [`apply`] on this instruction set instead of the widest; the reference ignores it.
///
/// # Errors
/// As [`apply`].
pub fn apply_on(
    variant: Variant,
    sketch: &Sketch,
    input: Input<'_>,
    simd: Simd,
    par: Par,
) -> Result<Outcome<Mat<f64>>, Error> {
    let (n, d) = input.shape();
    if d == 0 {
        return Err(InputError::Empty { what: "the input" }.into());
    }
    shape("the input", Size::Matrix(sketch.ncols(), d), Size::Matrix(n, d))?;
    // A sketch that reads everything shows an entry that is not finite in its image, which is far smaller to search.
    if !sketch.reads_everything() {
        input.finite()?;
    }
    let once = |input: Input<'_>| match variant {
        Variant::Explicit => explicit::apply(sketch, input),
        Variant::Fast => fast::apply(sketch, input, simd, par),
    };
    let (mut image, effort) = once(input)?;
    if !all_finite(&image) {
        input.finite()?;
        image = rescued(input, once)?;
    }
    Ok(Outcome { value: image, status: Status::Converged, effort })
}

fn all_finite(x: &Mat<f64>) -> bool {
    // No early end: that would keep the search out of vector registers.
    (0..x.ncols()).all(|j| x.col_as_slice(j).iter().fold(true, |all, x| all & x.is_finite()))
}

/// The image of a finite input that overflows on the way.
fn rescued(input: Input<'_>, once: impl Fn(Input<'_>) -> Result<(Mat<f64>, Effort), Error>) -> Result<Mat<f64>, Error> {
    const DOWN: i32 = -200;
    let mut image = match input {
        Input::Dense(a) => {
            let scaled = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * 2f64.powi(DOWN));
            once(Input::Dense(scaled.as_ref()))?.0
        }
        Input::Csr(a) => {
            let values: Vec<f64> = a.scaled(2f64.powi(DOWN));
            once(Input::Csr(a.with(&values)))?.0
        }
    };
    (0..image.ncols()).for_each(|j| image.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= 2f64.powi(-DOWN)));
    if all_finite(&image) { Ok(image) } else { Err(NumericalError::Overflow { what: "the sketch" }.into()) }
}

/// `Sᵀ w: n` for `w: m`, the transposed map.
///
/// Cost: that of the fast application to a vector, except `2mn` flops for the cosine and circulant sketches.
///
/// # Errors
/// `w` has another length than `S` has rows, or an entry that is not finite.
pub fn adjoint(sketch: &Sketch, w: &[f64]) -> Result<Vec<f64>, Error> {
    shape("the sketched vector", Size::Len(sketch.nrows()), Size::Len(w.len()))?;
    finite("the sketched vector", w)?;
    Ok(fast::adjoint(sketch, w, Simd::detect()))
}

/// How a Hadamard transform is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// The loop over strides.
    Reference,
    /// Blocked for registers and caches.
    Blocked,
}

/// Double or single precision, `f64` or `f32`.
pub trait Precision:
    sealed::Blocked
    + Copy
    + Send
    + Sync
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Neg<Output = Self>
    + 'static
{
}

impl Precision for f64 {}
impl Precision for f32 {}

mod sealed {
    use super::{Simd, fast::hadamard::transform};

    /// The blocked transform.
    pub trait Blocked: Sized {
        fn transform(simd: Simd, x: &mut [Self]);
    }

    impl Blocked for f64 {
        fn transform(simd: Simd, x: &mut [f64]) {
            transform::<_, 8>(simd, x);
        }
    }

    impl Blocked for f32 {
        fn transform(simd: Simd, x: &mut [f32]) {
            transform::<_, 16>(simd, x);
        }
    }
}

/// `x ← H_N x` with the unnormalised `±1` matrix in natural (Sylvester) order. Cost: `N log₂ N` additions.
///
/// # Errors
/// A length that is no power of two; an entry that is not finite, or entries whose sum overflows (`x` is then spoilt).
/// Other sums that overflow are left infinite.
pub fn fwht(transform: Transform, x: &mut [impl Precision]) -> Result<Effort, Error> {
    fwht_on(transform, x, Simd::detect())
}

/// As [`fwht`] on this instruction set instead of the widest; the reference ignores it.
///
/// # Errors
/// As [`fwht`].
pub fn fwht_on<T: Precision>(transform: Transform, x: &mut [T], simd: Simd) -> Result<Effort, Error> {
    power_of_two(x.len())?;
    match transform {
        Transform::Reference => explicit::fwht(x),
        Transform::Blocked => T::transform(simd, x),
    }
    // A NaN or an infinity reaches every output, so one tells it.
    finite("the transform", &[x[0].into()])?;
    let adds = x.len() as u64 * u64::from(x.len().trailing_zeros());
    Ok(Effort { flops: adds, entries: x.len() as u64, applications: 1, ..Effort::default() })
}
