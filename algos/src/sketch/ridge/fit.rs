//! One member of an ensemble.

use faer::{Mat, MatRef};
use serde::Serialize;

use crate::error::{Error, InputError, NumericalError, Size, argument, finite, shape};
use crate::linalg::{dot, exponent, gram, maximum, symmetric_eigen, thin_svd};
use crate::sketch::{Input, Sketch, Variant, adjoint, apply};
use crate::{Effort, Outcome, Par, Status};

/// A fitted ridge regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// `β: p`.
    pub beta: Vec<f64>,
    /// Degrees of freedom.
    pub df: f64,
}

/// How the spectrum of `Z` is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Thin singular value decomposition, from the explicit sketch: the reference.
    Svd,
    /// Eigenvalues of the smaller Gram matrix, `min(n, q)` of order. It falls back to [`Svd`](Solver::Svd) where a
    /// penalty is too small beside the spectrum for squared singular values.
    Gram,
}

impl Solver {
    /// Both; the first is the reference.
    pub const ALL: &[Self] = &[Self::Svd, Self::Gram];
}

/// Singular values at or below this fraction of the largest are zero.
const DROP: f64 = 1e-12;
/// Penalties and eigenvalues above this fraction of the largest eigenvalue keep ten digits in a Gram matrix.
const SAFE: f64 = 1e-9;

/// Fits for all penalties `λ`, on sketched features or, without a sketch, on all.
///
/// Cost: the sketch, and `O(min(n, q)³ + nq·min(n, q))` once; `O(nq + p)` and a transposed sketch for each penalty.
///
/// # Errors
/// [`Error::Input`]: an empty matrix, shapes, entries that are not finite, a negative penalty. [`Error::Numerical`]: a
/// decomposition that does not converge, coefficients that overflow.
pub fn fit(
    solver: Solver,
    x: MatRef<'_, f64>,
    y: &[f64],
    sketch: Option<&Sketch>,
    lambdas: &[f64],
) -> Result<Outcome<Vec<Fit>>, Error> {
    let (n, p) = x.shape();
    if n == 0 || p == 0 {
        return Err(InputError::Empty { what: "the design" }.into());
    }
    shape("the response", Size::Len(n), Size::Len(y.len()))?;
    finite("the response", y)?;
    for column in x.col_iter() {
        finite("the design", column.iter())?;
    }
    for &lambda in lambdas {
        argument(lambda >= 0.0 && lambda.is_finite(), "lambda", lambda, "must not be negative")?;
    }
    let mut effort = Effort::default();
    let z = match sketch {
        None => x.to_owned(),
        Some(sketch) => {
            // Rows of X are the columns that a sketch takes.
            let variant = if solver == Solver::Svd { Variant::Explicit } else { Variant::Fast };
            let image = apply(variant, sketch, Input::Dense(x.transpose()), Par::Seq)?;
            effort += image.effort;
            image.value.transpose().to_owned()
        }
    };
    let smallest = lambdas.iter().copied().fold(f64::INFINITY, f64::min) * n as f64;
    let ordinary = exponent(z.norm_max()) == 0 && exponent(maximum(y.iter().map(|y| y.abs()))) == 0;
    let spectrum = match solver {
        // No Gram matrix where squares may leave the range.
        Solver::Gram if ordinary => match Spectrum::gram(&z)? {
            spectrum if spectrum.trusted(smallest) => spectrum,
            _ => Spectrum::svd(&z)?,
        },
        _ => Spectrum::svd(&z)?,
    };
    effort.flops += 2 * (z.nrows() * z.ncols() * z.nrows().min(z.ncols())) as u64;
    let projected = spectrum.project(&z, y);
    let mut fits = Vec::with_capacity(lambdas.len());
    for &lambda in lambdas {
        let penalty = n as f64 * lambda;
        let (w, df) = if ordinary {
            spectrum.shrink(&z, &projected, penalty)
        } else {
            spectrum.shrink_without_squares(z.ncols(), &projected, penalty)
        };
        let beta = match sketch {
            None => w,
            Some(sketch) => adjoint(sketch, &w)?,
        };
        if !df.is_finite() || !beta.iter().all(|x| x.is_finite()) {
            return Err(NumericalError::Overflow { what: "the fit" }.into());
        }
        fits.push(Fit { beta, df });
    }
    Ok(Outcome { value: fits, status: Status::Converged, effort })
}

/// Singular values of `Z: n×q` with one or both sets of vectors.
struct Spectrum {
    /// `s`, those that are zero left out; none from a Gram matrix.
    values: Vec<f64>,
    /// `s²`.
    squares: Vec<f64>,
    /// Right vectors, `q` long.
    right: Option<Mat<f64>>,
    /// Left vectors, `n` long.
    left: Option<Mat<f64>>,
    /// The largest and the smallest of all eigenvalues.
    range: (f64, f64),
}

impl Spectrum {
    fn svd(z: &Mat<f64>) -> Result<Self, Error> {
        let svd = thin_svd(z.as_ref())?;
        let mut values = svd.values;
        let kept = values.iter().filter(|&&s| s > DROP * values[0]).count();
        values.truncate(kept);
        let squares = values.iter().map(|s| s * s).collect();
        Ok(Self { values, squares, right: Some(svd.right), left: Some(svd.left), range: (0.0, 0.0) })
    }

    fn gram(z: &Mat<f64>) -> Result<Self, Error> {
        let (n, q) = z.shape();
        let wide = n < q;
        let (values, vectors) = symmetric_eigen(if wide { gram(z.transpose()) } else { gram(z.as_ref()) }.as_ref())?;
        let (left, right) = if wide { (Some(vectors), None) } else { (None, Some(vectors)) };
        let range = (values.last().copied().unwrap_or(0.0), values[0]);
        Ok(Self { values: Vec::new(), squares: values.iter().map(|s| s.max(0.0)).collect(), right, left, range })
    }

    /// Whether the eigenvalues of a Gram matrix are accurate enough with this penalty.
    fn trusted(&self, penalty: f64) -> bool {
        let (largest, smallest) = self.range;
        penalty > SAFE * largest || smallest > SAFE * largest
    }

    /// What is the same for all penalties: `Vᵀ Zᵀ y` or `Uᵀ y`.
    fn project(&self, z: &Mat<f64>, y: &[f64]) -> Vec<f64> {
        match (&self.right, &self.left) {
            (Some(right), None) => {
                let correlations: Vec<f64> = (0..z.ncols()).map(|j| dot(z.col_as_slice(j), y)).collect();
                (0..self.squares.len()).map(|k| dot(right.col_as_slice(k), &correlations)).collect()
            }
            (_, Some(left)) => (0..self.squares.len()).map(|k| dot(left.col_as_slice(k), y)).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The coefficients of the sketched features and the degrees of freedom at a penalty `nλ`.
    fn shrink(&self, z: &Mat<f64>, projected: &[f64], penalty: f64) -> (Vec<f64>, f64) {
        let (n, q) = z.shape();
        let part = |s2: f64| if s2 + penalty > 0.0 { s2 / (s2 + penalty) } else { 0.0 };
        let df = self.squares.iter().map(|&s2| part(s2)).sum();
        let mut w = vec![0.0; q];
        match (&self.right, &self.left) {
            (Some(right), left) => {
                for (k, (&s2, &along)) in self.squares.iter().zip(projected).enumerate() {
                    // With both sets of vectors Uᵀy is given, else VᵀZᵀy = s·Uᵀy.
                    let numerator = if left.is_some() { s2.sqrt() * along } else { along };
                    let factor = if s2 + penalty > 0.0 { numerator / (s2 + penalty) } else { 0.0 };
                    w.iter_mut().zip(right.col_as_slice(k)).for_each(|(w, v)| *w += factor * v);
                }
            }
            (None, Some(left)) => {
                let mut dual = vec![0.0; n];
                for (k, (&s2, &along)) in self.squares.iter().zip(projected).enumerate() {
                    let factor = if s2 + penalty > 0.0 { along / (s2 + penalty) } else { 0.0 };
                    dual.iter_mut().zip(left.col_as_slice(k)).for_each(|(x, u)| *x += factor * u);
                }
                w.iter_mut().enumerate().for_each(|(j, w)| *w = dot(z.col_as_slice(j), &dual));
            }
            (None, None) => {}
        }
        (w, df)
    }

    /// The same from the singular value decomposition with `s` divided out of all fractions, so that no square occurs.
    fn shrink_without_squares(&self, q: usize, projected: &[f64], penalty: f64) -> (Vec<f64>, f64) {
        let mut w = vec![0.0; q];
        let mut df = 0.0;
        let right = self.right.iter().flat_map(|right| right.col_iter());
        for ((&s, &along), v) in self.values.iter().zip(projected).zip(right) {
            let shifted = s + penalty / s;
            df += s / shifted;
            w.iter_mut().zip(v.iter()).for_each(|(w, v)| *w += along / shifted * v);
        }
        (w, df)
    }
}
