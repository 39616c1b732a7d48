//! The iteration for statistics: the potential along many runs on small matrices.
//!
//! The same steps as [`engine::run`](super::engine::run) takes on a [`TwoSided`](super::engine::TwoSided) matrix, with
//! the same rules and solvers, and two differences: `A⁻¹` is carried along, so that `Γ` costs `n` multiplications instead
//! of `n³`, and everything lies in two blocks of memory that are allocated once for any number of runs. Only the columns
//! of the set are computed, their mirror images are copied, which halves the flops and keeps `A` exactly symmetric.

use faer::MatRef;

use super::pivot::{Pivots, View};
use super::potential::inverse;
use super::small::transpose;
use super::solver::{BlockSolver, Breakdown};
use crate::Effort;
use crate::error::{Error, NumericalError, argument};

/// `A` and `A⁻¹` of order `n`, and the steps on them.
#[derive(Debug, Clone)]
pub struct Trajectory {
    n: usize,
    a: Vec<f64>,
    inverse: Vec<f64>,
    set: Vec<usize>,
    block: Block,
    /// Work of all steps so far.
    pub effort: Effort,
}

/// The matrices of one step.
#[derive(Debug, Clone, Default)]
struct Block {
    g: Vec<f64>,
    t: Vec<f64>,
    t_inv: Vec<f64>,
    /// `T⁻ᵀ`.
    dual: Vec<f64>,
    row: Vec<f64>,
}

impl Trajectory {
    /// Starts from a positive definite `A: n×n`.
    ///
    /// # Errors
    ///
    /// A matrix that is not square, not finite or not positive definite.
    pub fn new(a: MatRef<'_, f64>) -> Result<Self, Error> {
        let mut trajectory = Self {
            n: a.nrows(),
            a: Vec::new(),
            inverse: Vec::new(),
            set: Vec::new(),
            block: Block::default(),
            effort: Effort::default(),
        };
        trajectory.restart(a)?;
        Ok(trajectory)
    }

    /// Starts again from another matrix, in the same memory.
    ///
    /// # Errors
    ///
    /// As [`Trajectory::new`].
    pub fn restart(&mut self, a: MatRef<'_, f64>) -> Result<(), Error> {
        let inverse = inverse(a)?;
        self.n = a.nrows();
        let fill = |to: &mut Vec<f64>, entry: &dyn Fn(usize, usize) -> f64| {
            to.clear();
            to.extend((0..a.nrows() * a.nrows()).map(|at| entry(at % a.nrows(), at / a.nrows())));
        };
        fill(&mut self.a, &|i, j| a[(i.min(j), i.max(j))]);
        fill(&mut self.inverse, &|i, j| inverse[(i.min(j), i.max(j))]);
        Ok(())
    }

    /// Starts again from another trajectory's matrix, in the same memory.
    pub fn restart_from(&mut self, start: &Self) {
        self.n = start.n;
        self.a.clone_from(&start.a);
        self.inverse.clone_from(&start.inverse);
    }

    /// One step. Cost: `8nk²` flops, and those of the solver.
    ///
    /// # Errors
    ///
    /// A set size that is not in `2..=n`; a block that the solver cannot factorize.
    #[inline]
    pub fn step(&mut self, pivots: &mut impl Pivots, solver: &mut impl BlockSolver) -> Result<(), Error> {
        let (n, k) = (self.n, pivots.size());
        if self.set.len() != k {
            argument((2..=n).contains(&k), "k", k as f64, "a set has at least 2 and at most n indices")?;
            self.set.resize(k, 0);
        }
        let mut set = std::mem::take(&mut self.set);
        pivots.next(self, &mut set);
        let solved = self.block.solve(n, &self.a, &set, solver);
        if let Ok(()) = solved {
            self.block.apply(n, &mut self.a, &set, false);
            self.block.apply(n, &mut self.inverse, &set, true);
            if solver.diagonalizes() {
                for &j in &set {
                    set.iter().filter(|&&i| i != j).for_each(|&i| self.a[i + n * j] = 0.0);
                }
            }
            self.effort.iterations += 1;
            self.effort.flops += 4 * (n * k * k + k * k * k) as u64;
            self.effort.entries += 2 * (n * k) as u64;
        }
        let failed = solved.map_err(|Breakdown(i)| NumericalError::RankDeficient { column: set[i] }.into());
        self.set = set;
        failed
    }

    /// `Γ(A)`. Cost: `2n` flops, or `2n²` where less than one is left and the short form would cancel.
    #[inline]
    pub fn gamma(&self) -> f64 {
        let n = self.n;
        let diagonal = (0..n).map(|j| j + n * j);
        let large = diagonal.clone().map(|at| self.a[at] * self.inverse[at] - 1.0).sum::<f64>();
        if large >= 1.0 {
            return large;
        }
        let mut lanes = [0.0; 8];
        for j in 1..n {
            let (a, a_rest) = self.a[n * j..n * j + j].as_chunks::<8>();
            let (b, b_rest) = self.inverse[n * j..n * j + j].as_chunks::<8>();
            for (a, b) in a.iter().zip(b) {
                (0..8).for_each(|lane| lanes[lane] += a[lane] * b[lane]);
            }
            lanes.iter_mut().zip(a_rest.iter().zip(b_rest)).for_each(|(lane, (a, b))| *lane += a * b);
        }
        -2.0 * lanes.iter().sum::<f64>()
    }

    /// The largest deviation of `A A⁻¹` from the identity, in the scale of the unit diagonal: what the recurrences of
    /// the two matrices have lost.
    pub fn drift(&self) -> f64 {
        let n = self.n;
        let root: Vec<f64> = (0..n).map(|i| self.a[i + n * i].sqrt()).collect();
        let entry = |i: usize, j: usize| -> f64 {
            let product: f64 = (0..n).map(|l| self.a[i + n * l] * self.inverse[l + n * j]).sum();
            (product * root[j] / root[i] - f64::from(u8::from(i == j))).abs()
        };
        (0..n * n).map(|at| entry(at % n, at / n)).fold(0.0, f64::max)
    }
}

impl View for Trajectory {
    fn order(&self) -> usize {
        self.n
    }

    #[inline(always)]
    fn entry(&self, i: usize, j: usize) -> f64 {
        self.a[i + self.n * j]
    }
}

impl Block {
    /// Reads `A[S,S]` and factorizes it.
    #[inline(always)]
    fn solve(&mut self, n: usize, a: &[f64], set: &[usize], solver: &mut impl BlockSolver) -> Result<(), Breakdown> {
        let k = set.len();
        for all in [&mut self.g, &mut self.t, &mut self.t_inv, &mut self.dual] {
            all.resize(k * k, 0.0);
        }
        self.row.resize(k, 0.0);
        for (j, &q) in set.iter().enumerate() {
            for (i, &p) in set.iter().enumerate() {
                self.g[i + k * j] = a[p + n * q];
            }
        }
        solver.solve(k, &self.g, &mut self.t, &mut self.t_inv)?;
        transpose(k, &self.t_inv, &mut self.dual);
        Ok(())
    }

    /// `A ← Tᵀ A T`, or with `dual` `A ← T⁻¹ A T⁻ᵀ`.
    #[inline(always)]
    fn apply(&mut self, n: usize, a: &mut [f64], set: &[usize], dual: bool) {
        let k = set.len();
        let t = if dual { &self.dual } else { &self.t };
        if let &[p, q] = set {
            // The usual size, without a loop over the set.
            let (p, q, t) =
                (p.min(q), p.max(q), if p < q { [t[0], t[1], t[2], t[3]] } else { [t[3], t[2], t[1], t[0]] });
            let (left, right) = a.split_at_mut(n * q);
            let (x, y) = (&mut left[n * p..n * p + n], &mut right[..n]);
            for (x, y) in x.iter_mut().zip(y.iter_mut()) {
                (*x, *y) = (*x * t[0] + *y * t[1], *x * t[2] + *y * t[3]);
            }
            for z in [x, y] {
                (z[p], z[q]) = (z[p] * t[0] + z[q] * t[1], z[p] * t[2] + z[q] * t[3]);
            }
            for i in 0..n {
                a[p + n * i] = a[i + n * p];
                a[q + n * i] = a[i + n * q];
            }
            return;
        } else {
            for i in 0..n {
                self.row.iter_mut().zip(set).for_each(|(x, &s)| *x = a[i + n * s]);
                for (j, &s) in set.iter().enumerate() {
                    a[i + n * s] = (0..k).map(|l| self.row[l] * t[l + k * j]).sum();
                }
            }
        }
        // The block itself is still to be multiplied from the left.
        for &s in set {
            self.row.iter_mut().zip(set).for_each(|(x, &r)| *x = a[r + n * s]);
            for (i, &r) in set.iter().enumerate() {
                a[r + n * s] = (0..k).map(|l| self.row[l] * t[l + k * i]).sum();
            }
        }
        for &s in set {
            for i in 0..n {
                a[s + n * i] = a[i + n * s];
            }
        }
    }
}
