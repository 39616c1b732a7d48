//! The singular value decomposition with high relative accuracy.
//!
//! A bidiagonal method computes `σ_i` with an error of `eps σ_1`: small singular values of graded matrices have no
//! correct digit. Jacobi rotations compute each with a *relative* error of about `eps κ(B)`, where `B` is `X` with its
//! columns scaled to unit norm, however different the scales are (Demmel & Veselić 1992). That is what the time buys.
//!
//! | [`Variant`] | what | flops for `n×n` |
//! | --- | --- | --- |
//! | `Reference` | the [engine](super::engine), row-cyclic | about 10 sweeps of `8n³` |
//! | `DeRijk` | the same rotations on cached norms, longest columns first | about 8 sweeps of `7n³` |
//! | `Blocked` | pivoted QR, LQ, then blocks of 16 columns | about 9 sweeps of `5n³` |
//! | `Certified` | starts from the vectors of a bidiagonal method if a certificate allows it | about `15n³` |
//!
//! The bound is about scales of columns. If it is rows that differ, `κ(B)` is large and nothing is promised: rotations on
//! `X` itself happen to do well there, `Blocked` loses digits to the reflections of its first step.
//!
//! All take any finite matrix. Columns below 1e-272 of the largest are refused: their squares would underflow.

mod blocked;
mod certified;
mod finish;
mod inner;
mod panel;
mod preconditioned;
mod scalar;

use faer::{Mat, MatRef, Par};
use serde::Serialize;

pub use self::certified::{Certificate, Start, certify, jacobi_from};
use self::finish::Triplets;

use super::engine::Stop;
use super::pivot::RowCyclic;
use super::readout;
use crate::error::{Error, InputError, finite};
use crate::linalg::norm;
use crate::simd::Simd;
use crate::{Effort, Outcome, Status};

/// The variants: drop-in equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// [`readout::svd`] with row-cyclic pivots.
    Reference,
    /// One rotation after the other, the longest columns first.
    DeRijk,
    /// Blocks of columns after preconditioning by a pivoted QR factorization.
    Blocked,
    /// Preconditioned by a bidiagonal singular value decomposition, where that can be certified; else `Blocked`.
    Certified,
}

impl Variant {
    /// All variants; the first is the reference.
    pub const ALL: &[Self] = &[Self::Reference, Self::DeRijk, Self::Blocked, Self::Certified];

    /// The name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::DeRijk => "de_rijk",
            Self::Blocked => "blocked",
            Self::Certified => "certified",
        }
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// `X = U diag(σ) Vᵀ`.
#[derive(Debug, Clone)]
pub struct Svd {
    /// `U: m×min(m,n)` with orthonormal columns; where `σ` is zero they complete the basis.
    pub left: Mat<f64>,
    /// `σ`, descending.
    pub values: Vec<f64>,
    /// `V: n×min(m,n)` with orthonormal columns.
    pub right: Mat<f64>,
    /// The number of `σ` that are not zero. Rounding usually leaves tiny ones where the rank is deficient.
    pub rank: usize,
    /// Sweeps over all pairs of columns, the one that found nothing to do included.
    pub sweeps: usize,
    /// What the certificate said, where one was asked for.
    pub certificate: Option<Certificate>,
}

/// How a variant is run.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// Instruction set.
    pub simd: Simd,
    /// Threads. They never change a bit of the result.
    pub par: Par,
}

impl Engine {
    /// The widest instruction set, one thread.
    pub fn detect() -> Self {
        Self { simd: Simd::detect(), par: Par::Seq }
    }
}

/// The thin singular value decomposition of any `X: m×n`.
///
/// Relative error of each `σ`: about `eps κ(B)`, see the [module](self). Cost and memory: see [`Variant`]; two copies of
/// `X` and of `V`.
///
/// # Errors
///
/// An entry that is not finite; a column that is not zero but below 1e-272 of the largest. Not having converged in
/// 30 sweeps is a status.
pub fn svd(variant: Variant, x: MatRef<'_, f64>, engine: Engine) -> Result<Outcome<Svd>, Error> {
    if x.nrows() < x.ncols() {
        let mut outcome = svd(variant, x.transpose().to_owned().as_ref(), engine)?;
        std::mem::swap(&mut outcome.value.left, &mut outcome.value.right);
        return Ok(outcome);
    }
    let (scaled, exponent) = scale(x)?;
    let triplets = if scaled.col_iter().all(|column| column.iter().all(|&x| x == 0.0)) {
        Triplets::zero(scaled.nrows(), scaled.ncols())
    } else {
        match variant {
            Variant::Reference => reference(scaled.as_ref())?,
            Variant::DeRijk => scalar::jacobi(&scaled, engine.simd),
            Variant::Blocked => preconditioned::jacobi(scaled.as_ref(), engine)?,
            Variant::Certified => certified::jacobi(scaled.as_ref(), engine)?,
        }
    };
    Ok(triplets.finish(exponent))
}

/// The singular values alone.
///
/// # Errors
///
/// As [`svd`].
pub fn singular_values(variant: Variant, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
    Ok(svd(variant, x, Engine::detect())?.value.values)
}

/// The exponent that the largest column norm is brought to. Its square is finite, and what is smaller has 900 more
/// binary orders before its square underflows.
const TOP: i32 = 400;
/// Norms of this exponent and above have normal squares.
const BOTTOM: i32 = -505;

/// `2^e X` with a largest column norm of about `2^TOP`, and `e`.
fn scale(x: MatRef<'_, f64>) -> Result<(Mat<f64>, i32), Error> {
    finite("matrix", x.col_iter().flat_map(|column| column.iter()))?;
    let mut scaled = x.to_owned();
    let largest = scaled.col_iter().flat_map(|c| c.iter()).fold(0.0, |s: f64, x| s.max(x.abs()));
    if largest == 0.0 {
        return Ok((scaled, 0));
    }
    let exponent = TOP - binary_exponent(largest) - (usize::BITS - x.nrows().leading_zeros()) as i32 / 2;
    for index in 0..scaled.ncols() {
        let column = scaled.col_as_slice_mut(index);
        column.iter_mut().for_each(|x| *x = times_power(*x, exponent));
        let norm = norm(column);
        if norm > 0.0 && binary_exponent(norm) < BOTTOM {
            return Err(InputError::RangeTooWide { what: "column", index, decades: 272 }.into());
        }
    }
    Ok((scaled, exponent))
}

/// `⌊log₂ x⌋` for `x > 0`.
fn binary_exponent(x: f64) -> i32 {
    if x.is_normal() { (x.to_bits() >> 52) as i32 - 1023 } else { binary_exponent(x * 2f64.powi(200)) - 200 }
}

/// `2^e x`, rounded at most once.
fn times_power(x: f64, e: i32) -> f64 {
    if e.abs() <= 1000 {
        x * 2f64.powi(e)
    } else {
        // In two steps, because 2^e is no number; norms near 2^TOP come down to no subnormal in the first.
        x * 2f64.powi(e.signum() * 1000) * 2f64.powi(e - e.signum() * 1000)
    }
}

fn reference(x: MatRef<'_, f64>) -> Result<Triplets, Error> {
    let found = readout::svd(x, &mut RowCyclic::default(), Stop::rounding(x.nrows()))?;
    let pairs = super::pivot::pairs(x.ncols()).max(1);
    Ok(Triplets {
        left: found.value.left,
        values: found.value.values,
        right: found.value.right,
        sweeps: found.value.progress.steps / pairs,
        status: found.status,
        effort: found.effort,
        certificate: None,
    })
}

/// The largest cosine that counts as zero: LAPACK's choice.
fn tolerance(rows: usize) -> f64 {
    (rows as f64).sqrt() * f64::EPSILON
}

/// The end of an iteration that rotated nothing in its last sweep, or came to the limit.
fn status(converged: bool) -> Status {
    if converged { Status::Converged } else { Status::IterationLimit }
}

/// Counts flops.
fn flops(count: usize) -> Effort {
    Effort { flops: count as u64, ..Effort::default() }
}
