//! Work, counted where it is done, and how a computation ended.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Work that a kernel counted while it ran, from the sizes that it was given.
///
/// Complexity claims are judged on these counts, never on formulas of the problem's parameters and never on seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effort {
    /// Outer iterations.
    pub iterations: u64,
    /// Floating-point additions and multiplications; a fused multiply-add counts as two.
    pub flops: u64,
    /// Applications of the problem's linear operator to one vector.
    pub applications: u64,
    /// Entries of the problem's data read.
    pub entries: u64,
}

impl Add for Effort {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            iterations: self.iterations + other.iterations,
            flops: self.flops + other.flops,
            applications: self.applications + other.applications,
            entries: self.entries + other.entries,
        }
    }
}

impl AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// How an iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The stopping rule of the method was met.
    Converged,
    /// The number of iterations asked for was done.
    IterationLimit,
    /// Steps have become too small to change the iterate.
    StepExhausted,
}

/// What an algorithm returns: the value, how it ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<T> {
    /// The computed object.
    pub value: T,
    /// How the iteration ended.
    pub status: Status,
    /// The work done.
    pub effort: Effort,
}
