//! The errors that every family shares. Each names what is at fault and where.

use std::fmt;

/// Why an algorithm returned nothing.
///
/// Reaching an iteration limit is not an error but a [`Status`](crate::Status).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's data cannot be worked on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The data are admissible, the computation broke down.
    #[error(transparent)]
    Numerical(#[from] NumericalError),
}

/// A fault in the caller's data, found before any work is done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Two sizes that must agree do not.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// The object with the wrong size.
        what: &'static str,
        /// The size that the rest of the input asks for.
        expected: Size,
        /// The size found.
        found: Size,
    },
    /// A dimension that must be positive is zero.
    #[error("{what} is empty")]
    Empty {
        /// The empty object.
        what: &'static str,
    },
    /// A NaN or an infinity.
    #[error("{what}: entry {index} is {value}")]
    NonFinite {
        /// The object with the entry.
        what: &'static str,
        /// Position of the first such entry, in storage order.
        index: usize,
        /// The entry.
        value: f64,
    },
    /// A nonzero part of the data is too small beside the rest to be worked on with the accuracy that is promised.
    #[error("{what} {index} is below 1e-{decades} of the largest")]
    RangeTooWide {
        /// The kind of part.
        what: &'static str,
        /// Its number.
        index: usize,
        /// The range that is kept, in decimal digits.
        decades: u32,
    },
    /// A position outside the matrix.
    #[error("{what} {index}: there are only {size}")]
    OutOfRange {
        /// `row` or `column`.
        what: &'static str,
        /// The position, from 0.
        index: usize,
        /// How many there are.
        size: usize,
    },
    /// A position that is given twice.
    #[error("entry ({row}, {column}) is given twice")]
    Duplicate {
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
    },
    /// A row or a column without an observed entry, where each must have one.
    #[error("{what} {index} has no observed entry")]
    Unobserved {
        /// `row` or `column`.
        what: &'static str,
        /// Its number, from 0.
        index: usize,
    },
    /// A tensor whose entries change when its indices are permuted.
    #[error(
        "not symmetric: an entry differs by {defect:e} of the largest from its mean over permutations of its indices"
    )]
    NotSymmetric {
        /// The largest difference, relative to the largest entry.
        defect: f64,
    },
    /// A parameter outside its domain.
    #[error("{name} = {value}: {requirement}")]
    Argument {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        requirement: &'static str,
    },
}

/// A breakdown during the computation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NumericalError {
    /// The iterates left every bounded set.
    #[error("diverged at iteration {iteration}: norm {norm:e}")]
    Diverged {
        /// The iteration that was found out.
        iteration: usize,
        /// The norm of the iterate there (may be infinite or NaN).
        norm: f64,
    },
    /// The start is a fixed point of the iteration: nothing would ever move.
    #[error("degenerate start: {why}")]
    DegenerateInit {
        /// Why it cannot move.
        why: &'static str,
    },
    /// A symmetric matrix that must be positive definite is not.
    #[error("not positive definite: pivot {index}")]
    NotPositiveDefinite {
        /// The pivot that is not positive.
        index: usize,
    },
    /// A column that must be independent of the others is zero or depends on them.
    #[error("rank-deficient: column {column}")]
    RankDeficient {
        /// The column.
        column: usize,
    },
    /// The sketch of a matrix has not the full rank that its use needs.
    #[error("the sketched matrix has rank {rank} of {columns}")]
    SketchRankDeficient {
        /// Its numerical rank.
        rank: usize,
        /// Its number of columns.
        columns: usize,
    },
    /// A finite input whose image is too large for a double.
    #[error("{what} overflows")]
    Overflow {
        /// What overflows.
        what: &'static str,
    },
    /// A fit that uses up all degrees of freedom, which leaves nothing to estimate its risk from.
    #[error("{df} degrees of freedom of {n} are used up")]
    DegreesOfFreedomSaturated {
        /// The degrees of freedom of the fit.
        df: f64,
        /// The number of observations.
        n: usize,
    },
    /// A point that is no component: removing it would divide by zero.
    #[error("deflation broke down at component {component}: the point is not in the column space")]
    Deflation {
        /// The number of the component, from 0.
        component: usize,
    },
    /// An inner factorization did not converge or does not exist.
    #[error("{what} failed")]
    Factorization {
        /// The factorization.
        what: &'static str,
    },
}

/// A size as written in messages: a length or a matrix shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A number of entries.
    Len(usize),
    /// Rows and columns.
    Matrix(usize, usize),
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Len(n) => write!(f, "{n} entries"),
            Self::Matrix(m, n) => write!(f, "{m}×{n}"),
        }
    }
}

/// Checks that two sizes agree.
pub(crate) fn shape(what: &'static str, expected: Size, found: Size) -> Result<(), InputError> {
    if expected == found { Ok(()) } else { Err(InputError::Shape { what, expected, found }) }
}

/// Checks that a parameter satisfies its requirement.
pub(crate) fn argument(ok: bool, name: &'static str, value: f64, requirement: &'static str) -> Result<(), InputError> {
    if ok { Ok(()) } else { Err(InputError::Argument { name, value, requirement }) }
}

/// Checks that all entries are finite; reports the first that is not.
pub(crate) fn finite<'a>(what: &'static str, entries: impl IntoIterator<Item = &'a f64>) -> Result<(), InputError> {
    match entries.into_iter().enumerate().find(|(_, x)| !x.is_finite()) {
        None => Ok(()),
        Some((index, &value)) => Err(InputError::NonFinite { what, index, value }),
    }
}
