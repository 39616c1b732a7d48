//! QR factorizations of tall matrices.
//!
//! The Gram–Schmidt steps of the [engine](super::engine) on pairs of columns are products of vectors. With all columns in
//! one set the step is a Cholesky factorization of the Gram matrix, all of it products of matrices; what one such step
//! lacks in orthogonality a second one repairs (CholeskyQR2; Yamamoto, Fukaya and others). The potential is scale-free,
//! and so is this: columns are brought to unit size by powers of two first.

use faer::{Mat, MatRef};
use serde::Serialize;

use super::engine::Stop;
use super::pivot::RowCyclic;
use super::readout;
use crate::error::{Error, InputError, NumericalError, Size, finite};
use crate::linalg::{Reflectors, cholesky, gram, householder, norm, product, solve_lower};
use crate::{Effort, Outcome, Status};

/// The variants: drop-in equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`readout::qr`] with row-cyclic pivots, repeated until orthogonal to rounding.
    Reference,
    /// Householder's reflections.
    Householder,
    /// Two Cholesky factorizations of Gram matrices, `4mn²` flops; falls back to a shifted third, then to reflections.
    CholeskyQr2,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::Householder, Self::CholeskyQr2];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Householder => "householder",
            Self::CholeskyQr2 => "cholesky_qr2",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// The way that a factorization took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Gram–Schmidt steps.
    Steps,
    /// Two Cholesky factorizations.
    Twice,
    /// A shifted one, then two more: the Gram matrix was not numerically positive definite.
    Shifted,
    /// Reflections.
    Reflections,
}

/// `X = Q R`.
#[derive(Debug, Clone)]
pub struct Qr {
    /// `Q: m×n` with orthonormal columns.
    pub q: Mat<f64>,
    /// `R: n×n`, upper triangular with positive diagonal.
    pub r: Mat<f64>,
    /// How it was computed.
    pub route: Route,
}

/// The QR factorization of `X: m×n`, `m ≥ n`, of full rank.
///
/// # Errors
///
/// Fewer rows than columns; an entry that is not finite; a column that is zero or, exactly, depends on others.
pub fn qr(variant: Variant, x: MatRef<'_, f64>) -> Result<Outcome<Qr>, Error> {
    let (m, n) = x.shape();
    if m < n {
        let (expected, found) = (Size::Matrix(n, n), Size::Matrix(m, n));
        return Err(InputError::Shape { what: "matrix with at least as many rows as columns", expected, found }.into());
    }
    finite("matrix", x.col_iter().flat_map(|column| column.iter()))?;
    let (unit, scales) = equilibrate(x)?;
    let mut outcome = match variant {
        Variant::Reference => {
            let done = readout::qr(unit.as_ref(), &mut RowCyclic::default(), Stop::rounding(m))?;
            let value = Qr { q: done.value.q, r: done.value.r, route: Route::Steps };
            Outcome { value, status: done.status, effort: done.effort }
        }
        Variant::Householder => by_reflections(&unit)?,
        Variant::CholeskyQr2 => by_cholesky(&unit)?,
    };
    for (j, scale) in scales.into_iter().enumerate() {
        outcome.value.r.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= scale);
    }
    Ok(outcome)
}

/// `X` with columns of norm in `[1, 2)`, and the powers of two that undo it.
fn equilibrate(x: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let mut unit = x.to_owned();
    let mut scales = Vec::with_capacity(unit.ncols());
    for column in 0..unit.ncols() {
        let entries = unit.col_as_slice_mut(column);
        let largest = entries.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
        if largest == 0.0 {
            return Err(NumericalError::RankDeficient { column }.into());
        }
        // Two factors, because one power of two does not reach from the smallest numbers to one.
        let first = if largest < 1e-150 { 2f64.powi(500) } else { 1.0 };
        entries.iter_mut().for_each(|x| *x *= first);
        let second = 2f64.powi(-(norm(entries).log2().floor() as i32));
        entries.iter_mut().for_each(|x| *x *= second);
        scales.push(1.0 / first / second);
    }
    Ok((unit, scales))
}

fn by_reflections(x: &Mat<f64>) -> Result<Outcome<Qr>, Error> {
    let (m, n) = x.shape();
    let factors: Reflectors = householder(x.as_ref());
    let mut r = factors.r();
    if let Some(column) = (0..n).find(|&j| r[(j, j)] == 0.0) {
        return Err(NumericalError::RankDeficient { column }.into());
    }
    let mut q = factors.embed(Mat::<f64>::identity(n, n).as_ref());
    for i in 0..n {
        if r[(i, i)] < 0.0 {
            (i..n).for_each(|j| r[(i, j)] = -r[(i, j)]);
            q.col_as_slice_mut(i).iter_mut().for_each(|x| *x = -*x);
        }
    }
    let effort = Effort { flops: (6 * m * n * n) as u64, iterations: 1, ..Effort::default() };
    Ok(Outcome { value: Qr { q, r, route: Route::Reflections }, status: Status::Converged, effort })
}

fn by_cholesky(x: &Mat<f64>) -> Result<Outcome<Qr>, Error> {
    let (m, n) = x.shape();
    let mut passes = 0;
    let mut pass = |x: &Mat<f64>, g: Mat<f64>| {
        passes += 1;
        cholesky_pass(x, g)
    };
    let g = gram(x.as_ref());
    let plain = pass(x, g.clone()).and_then(|(x1, r1)| {
        let g = gram(x1.as_ref());
        near_identity(&g).then(|| pass(&x1, g)).flatten().map(|(q, r2)| (q, product(r2.as_ref(), r1.as_ref())))
    });
    let found = match plain {
        Some(found) => Some((found, Route::Twice)),
        None => {
            // Enough to make any Gram matrix positive definite in spite of its rounding errors.
            let square: f64 = (0..n).map(|j| g[(j, j)]).sum();
            let shift = 11.0 * (m * n + n * (n + 1)) as f64 * (f64::EPSILON / 2.0) * square;
            let shifted = Mat::from_fn(n, n, |i, j| g[(i, j)] + if i == j { shift } else { 0.0 });
            let third = pass(x, shifted).and_then(|(x1, r1)| {
                let (x2, r2) = pass(&x1, gram(x1.as_ref()))?;
                let g = gram(x2.as_ref());
                let (q, r3) = near_identity(&g).then(|| pass(&x2, g)).flatten()?;
                Some((q, product(r3.as_ref(), product(r2.as_ref(), r1.as_ref()).as_ref())))
            });
            third.map(|found| (found, Route::Shifted))
        }
    };
    let flops = (passes * (2 * m * n * n + n * n * n)) as u64;
    match found {
        Some(((q, r), route)) => {
            let effort = Effort { flops, iterations: passes as u64, ..Effort::default() };
            Ok(Outcome { value: Qr { q, r, route }, status: Status::Converged, effort })
        }
        None => {
            let mut outcome = by_reflections(x)?;
            outcome.effort.flops += flops;
            Ok(outcome)
        }
    }
}

/// `X R⁻¹` and `R` from `G = RᵀR`, if `G` is positive definite.
fn cholesky_pass(x: &Mat<f64>, g: Mat<f64>) -> Option<(Mat<f64>, Mat<f64>)> {
    let l = cholesky(g.as_ref(), 0.0)?;
    let mut q = x.clone();
    solve_lower(l.as_ref(), q.as_mut().transpose_mut());
    Some((q, l.transpose().to_owned()))
}

/// Whether `‖G − I‖_F ≤ ½`: then one more pass gives orthogonality to rounding.
fn near_identity(g: &Mat<f64>) -> bool {
    let entries = (0..g.ncols()).flat_map(|j| (0..g.nrows()).map(move |i| (i, j)));
    let square: f64 = entries.map(|(i, j)| (g[(i, j)] - f64::from(u8::from(i == j))).powi(2)).sum();
    square.sqrt() <= 0.5
}
