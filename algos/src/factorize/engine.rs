//! The iteration, for reading and auditing: one loop, whatever is factorized.
//!
//! ```text
//! 1  for t = 0, 1, …
//! 2     S ← pivot rule
//! 3     T_S ← block solver on A[S,S]            one-sided: on X[:,S]ᵀ X[:,S]
//! 4     A ← Tᵀ A T                              one-sided: X ← X T
//! 5     M ← M T,  M⁻¹ ← T⁻¹ M⁻¹                 what has been done so far
//! 6     stop if A is nearly diagonal
//! ```
//!
//! [`TwoSided`] and [`OneSided`] are the two meanings of lines 3 to 5. The loop does not know which factorization it is
//! computing: that is decided by the solver.

use faer::{Mat, MatRef};

use super::pivot::{Pivots, View, pairs};
use super::solver::{BlockSolver, Breakdown};
use crate::error::{Error, InputError, NumericalError, Size, argument, finite, shape};
use crate::{Effort, Outcome, Status};

/// When the iteration ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// As soon as `|A_ij| ≤ tolerance √A_ii √A_jj` for all pairs, and after so many sweeps at the latest.
    Relative {
        /// Largest cosine that counts as zero.
        tolerance: f64,
        /// Sweeps, of as many steps as it takes to give every pair one turn on average.
        sweeps: usize,
    },
    /// As soon as `|A_ij| ≤ tolerance ‖A‖_F` for all pairs. A control: small eigenvalues are lost.
    Absolute {
        /// Largest entry that counts as zero, relative to the norm.
        tolerance: f64,
        /// Sweeps.
        sweeps: usize,
    },
    /// After so many steps.
    Steps(usize),
}

impl Stop {
    /// Sweeps that no admissible input needs.
    pub const SWEEPS: usize = 30;

    /// `tolerance = √m eps` for a matrix with `m` rows.
    pub fn rounding(rows: usize) -> Self {
        Self::Relative { tolerance: (rows as f64).sqrt() * f64::EPSILON, sweeps: Self::SWEEPS }
    }
}

/// A matrix that the iteration works on.
pub trait Form: View {
    /// `A[:,S] ← A[:,S] T`, and `A[S,:]` alike; `exact` says that the block becomes diagonal.
    fn transform(&mut self, set: &[usize], t: &[f64], t_inv: &[f64], exact: bool, effort: &mut Effort);
    /// Flops of one evaluation of [`View::entry`].
    fn entry_flops(&self) -> u64;
}

/// How far the iteration came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub steps: usize,
    /// The largest `|A_ij| / (√A_ii √A_jj)` at the end.
    pub off: f64,
}

/// Runs the iteration on `form` until `stop`; `see(t, form)` looks at each iterate, the start included.
///
/// Cost of a step on an `n×n` matrix: `8nk²` flops, half of them for `M` and `M⁻¹`; on an `m×n` matrix: `3mk² + mk` for
/// the block and `X`, `4nk²` for `M` and `M⁻¹`. Those of the solver and of line 6 are not counted.
///
/// # Errors
///
/// A set size that is not in `2..=n`; a block that the solver cannot factorize, with the column at fault.
pub fn run<F: Form>(
    form: &mut F,
    pivots: &mut impl Pivots,
    solver: &mut impl BlockSolver,
    stop: Stop,
    mut see: impl FnMut(usize, &F),
) -> Result<Outcome<Progress>, Error> {
    let (n, k) = (form.order(), pivots.size());
    let mut effort = Effort::default();
    see(0, form);
    if n < 2 {
        return Ok(Outcome { value: Progress { steps: 0, off: 0.0 }, status: Status::Converged, effort });
    }
    argument((2..=n).contains(&k), "k", k as f64, "a set has at least 2 and at most n indices")?;
    let sweep = pairs(n).div_ceil(pairs(k));
    let limit = match stop {
        Stop::Relative { sweeps, .. } | Stop::Absolute { sweeps, .. } => sweeps * sweep,
        Stop::Steps(steps) => steps,
    };
    let (mut set, mut g) = (vec![0; k], vec![0.0; k * k]);
    let (mut t, mut t_inv) = (vec![0.0; k * k], vec![0.0; k * k]);
    let mut steps = 0;
    loop {
        // Line 6, once in a sweep: it costs as much as a sweep of line 3.
        if steps % sweep == 0 && finished(form, stop) {
            let value = Progress { steps, off: largest_cosine(form) };
            return Ok(Outcome { value, status: Status::Converged, effort });
        }
        if steps == limit {
            let value = Progress { steps, off: largest_cosine(form) };
            return Ok(Outcome { value, status: Status::IterationLimit, effort });
        }
        pivots.next(form, &mut set); // line 2
        for j in 0..k {
            for i in 0..=j {
                g[i + k * j] = form.entry(set[i], set[j]);
                g[j + k * i] = g[i + k * j];
            }
        }
        effort.flops += pairs(k + 1) as u64 * form.entry_flops();
        let solved = solver.solve(k, &g, &mut t, &mut t_inv); // line 3
        solved.map_err(|Breakdown(i)| NumericalError::RankDeficient { column: set[i] })?;
        form.transform(&set, &t, &t_inv, solver.diagonalizes(), &mut effort); // lines 4, 5
        steps += 1;
        effort.iterations += 1;
        see(steps, form);
    }
}

fn finished(form: &impl Form, stop: Stop) -> bool {
    match stop {
        Stop::Relative { tolerance, .. } => largest_cosine(form) <= tolerance,
        Stop::Absolute { tolerance, .. } => {
            let n = form.order();
            let square = |i: usize, j: usize| form.entry(i, j).powi(2);
            let norm = (0..n).flat_map(|j| (0..n).map(move |i| (i, j))).map(|(i, j)| square(i, j)).sum::<f64>().sqrt();
            above(n).all(|(i, j)| form.entry(i, j).abs() <= tolerance * norm)
        }
        Stop::Steps(_) => false,
    }
}

/// The pairs `i < j`.
fn above(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |j| (0..j).map(move |i| (i, j)))
}

/// The largest `|A_ij| / (√A_ii √A_jj)`; columns of zeros are orthogonal to everything.
fn largest_cosine(form: &impl Form) -> f64 {
    let root: Vec<f64> = (0..form.order()).map(|i| form.entry(i, i).sqrt()).collect();
    let cosines = above(form.order()).map(|(i, j)| {
        let (entry, size) = (form.entry(i, j).abs(), root[i] * root[j]);
        if entry == 0.0 { 0.0 } else { entry / size }
    });
    // A NaN is as far from diagonal as can be.
    cosines.fold(0.0, |largest: f64, c| if c.is_nan() { f64::INFINITY } else { largest.max(c) })
}

/// `A[:,S] ← A[:,S] T` for the columns of a matrix.
fn transform_columns(a: &mut Mat<f64>, set: &[usize], t: &[f64], row: &mut [f64]) {
    let k = set.len();
    for i in 0..a.nrows() {
        for (x, &s) in row.iter_mut().zip(set) {
            *x = a[(i, s)];
        }
        for (j, &s) in set.iter().enumerate() {
            a[(i, s)] = (0..k).map(|l| row[l] * t[l + k * j]).sum();
        }
    }
}

/// `A[S,:] ← B A[S,:]` for the rows of a matrix, `B` given by its entries.
fn transform_rows(a: &mut Mat<f64>, set: &[usize], b: impl Fn(usize, usize) -> f64, column: &mut [f64]) {
    let k = set.len();
    for j in 0..a.ncols() {
        for (x, &s) in column.iter_mut().zip(set) {
            *x = a[(s, j)];
        }
        for (i, &s) in set.iter().enumerate() {
            a[(s, j)] = (0..k).map(|l| b(i, l) * column[l]).sum();
        }
    }
}

/// The two-sided form: a symmetric positive definite matrix `A`, with `M` such that `A = Mᵀ A_0 M`.
#[derive(Debug, Clone)]
pub struct TwoSided {
    /// `A_t: n×n`.
    pub a: Mat<f64>,
    /// `M: n×n`, the product of all `T`.
    pub m: Mat<f64>,
    /// `M⁻¹`.
    pub m_inv: Mat<f64>,
    buffer: Vec<f64>,
}

impl TwoSided {
    /// Starts from `A_0: n×n`, symmetric with positive diagonal; the upper triangle is read.
    ///
    /// # Errors
    ///
    /// A matrix that is not square or not finite; a diagonal entry that is not positive.
    pub fn new(a: MatRef<'_, f64>) -> Result<Self, Error> {
        let n = a.nrows();
        shape("symmetric matrix", Size::Matrix(n, n), Size::Matrix(n, a.ncols()))?;
        finite("symmetric matrix", a.col_iter().flat_map(|column| column.iter()))?;
        if let Some(index) = (0..n).find(|&i| a[(i, i)] <= 0.0) {
            return Err(NumericalError::NotPositiveDefinite { index }.into());
        }
        Ok(Self {
            a: Mat::from_fn(n, n, |i, j| a[(i.min(j), i.max(j))]),
            m: Mat::identity(n, n),
            m_inv: Mat::identity(n, n),
            buffer: Vec::new(),
        })
    }
}

impl View for TwoSided {
    fn order(&self) -> usize {
        self.a.nrows()
    }

    fn entry(&self, i: usize, j: usize) -> f64 {
        self.a[(i, j)]
    }
}

impl Form for TwoSided {
    fn transform(&mut self, set: &[usize], t: &[f64], t_inv: &[f64], exact: bool, effort: &mut Effort) {
        let (n, k) = (self.order(), set.len());
        self.buffer.resize(k, 0.0);
        transform_columns(&mut self.a, set, t, &mut self.buffer);
        transform_rows(&mut self.a, set, |i, l| t[l + k * i], &mut self.buffer);
        if exact {
            for &i in set {
                for &j in set.iter().filter(|&&j| j != i) {
                    self.a[(i, j)] = 0.0;
                }
            }
        }
        transform_columns(&mut self.m, set, t, &mut self.buffer);
        transform_rows(&mut self.m_inv, set, |i, l| t_inv[i + k * l], &mut self.buffer);
        effort.flops += 8 * (n * k * k) as u64;
        effort.entries += 2 * (n * k) as u64;
    }

    fn entry_flops(&self) -> u64 {
        0
    }
}

/// The one-sided form: a matrix `X` with `A = XᵀX`, and `M` such that `X = X_0 M`.
#[derive(Debug, Clone)]
pub struct OneSided {
    /// `X_t: m×n`.
    pub x: Mat<f64>,
    /// `M: n×n`, the product of all `T`.
    pub m: Mat<f64>,
    /// `M⁻¹`.
    pub m_inv: Mat<f64>,
    buffer: Vec<f64>,
}

impl OneSided {
    /// Starts from `X_0: m×n` with `m ≥ n`. The squares of its entries must neither overflow nor underflow.
    ///
    /// # Errors
    ///
    /// Fewer rows than columns; an entry that is not finite.
    pub fn new(x: MatRef<'_, f64>) -> Result<Self, Error> {
        let (m, n) = x.shape();
        if m < n {
            let (expected, found) = (Size::Matrix(n, n), Size::Matrix(m, n));
            return Err(
                InputError::Shape { what: "matrix with at least as many rows as columns", expected, found }.into()
            );
        }
        finite("matrix", x.col_iter().flat_map(|column| column.iter()))?;
        Ok(Self { x: x.to_owned(), m: Mat::identity(n, n), m_inv: Mat::identity(n, n), buffer: Vec::new() })
    }
}

impl View for OneSided {
    fn order(&self) -> usize {
        self.x.ncols()
    }

    fn entry(&self, i: usize, j: usize) -> f64 {
        self.x.col_as_slice(i).iter().zip(self.x.col_as_slice(j)).map(|(x, y)| x * y).sum()
    }
}

impl Form for OneSided {
    fn transform(&mut self, set: &[usize], t: &[f64], t_inv: &[f64], _: bool, effort: &mut Effort) {
        let ((m, n), k) = (self.x.shape(), set.len());
        self.buffer.resize(k, 0.0);
        transform_columns(&mut self.x, set, t, &mut self.buffer);
        transform_columns(&mut self.m, set, t, &mut self.buffer);
        transform_rows(&mut self.m_inv, set, |i, l| t_inv[i + k * l], &mut self.buffer);
        effort.flops += 2 * ((m + 2 * n) * k * k) as u64;
        effort.entries += (m * k) as u64;
    }

    fn entry_flops(&self) -> u64 {
        2 * self.x.nrows() as u64
    }
}
