//! One half-sweep: a small least-squares problem for each row or column.

use faer::{Mat, Par};

use super::factor::Factor;
use super::kernel::{Design, Order, adjoint, axpy, dot, fused, gram, xpay};
use super::lifted::{self, Lifted};
use super::systems::Systems;
use crate::Error;
use crate::completion::Lines;
use crate::completion::driver::Tally;
use crate::completion::options::{Cg, Stop};
use crate::linalg::least_squares;
use crate::parallel::{Spaces, map_pieces};
use crate::simd::{Simd, Task, lanes::Lanes};

/// How the rows of a half-sweep are solved.
#[derive(Debug, Clone, Copy)]
pub(in crate::completion) enum Method {
    /// Gram matrix and Cholesky. `residual`: also measure the observed residual of the warm start.
    Exact { residual: bool },
    /// Conjugate gradients.
    Cg(Cg),
}

/// Lines are split into at most this many blocks of about equal numbers of entries, whatever the number of threads.
pub(super) const BLOCKS: usize = 64;

/// What a half-sweep did.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::completion) struct Done {
    /// `‖P_Ω(X − M)‖_F²` before the update, where it was measured.
    pub residual: f64,
    pub tally: Tally,
}

/// Buffers of one thread.
pub(in crate::completion) struct Scratch {
    gram: Mat<f64>,
    vectors: Mat<f64>,
    systems: Systems,
}

impl Scratch {
    /// For factors of `k` columns.
    pub fn new(k: usize) -> Self {
        let padded = k.next_multiple_of(8);
        Self { gram: Mat::zeros(padded * padded, 1), vectors: Mat::zeros(padded, 3), systems: Systems::new(k) }
    }
}

/// Updates `out` (in: the warm start, in the basis of the design) on the instruction set given.
///
/// Blocks of lines are independent and their counts are added in order, so threads change no bit.
pub(in crate::completion) fn half(
    lines: &Lines,
    design: &Factor,
    out: &mut Factor,
    method: Method,
    simd: Simd,
    par: Par,
    spaces: &Spaces<Scratch>,
) -> Result<Done, Error> {
    let padded = design.padded();
    let mut blocks = Vec::new();
    let (mut first, mut rest) = (0, out.rows_mut());
    let entries = lines.start(lines.len());
    for b in 1..=BLOCKS {
        let target = entries * b / BLOCKS;
        let mut end = first;
        while end < lines.len() && (lines.start(end + 1) <= target || b == BLOCKS) {
            end += 1;
        }
        if end > first {
            let (block, later) = rest.split_at_mut((end - first) * padded);
            blocks.push((first, block));
            rest = later;
            first = end;
        }
    }
    let small = design.width() <= lifted::RANK && matches!(method, Method::Exact { residual: false });
    let lifted = small.then(|| Lifted::new(design));
    let spaces = (spaces, || Scratch::new(design.width()));
    let done = map_pieces(par, 4 * entries, blocks, spaces, |scratch, (first, out)| match &lifted {
        Some(lifted) => simd.run(lifted::Block { lines, design, lifted, first, out }),
        None => simd.run(Block { lines, design, first, out, method, scratch }),
    });
    let mut start = Done::default();
    start.tally.effort.flops += lifted.map_or(0, |lifted| lifted.flops);
    done.into_iter().try_fold(start, |mut sum, done| {
        let done = done?;
        sum.residual += done.residual;
        sum.tally.effort += done.tally.effort;
        sum.tally.inner_steps += done.tally.inner_steps;
        sum.tally.fallbacks += done.tally.fallbacks;
        sum.tally.underdetermined += done.tally.underdetermined;
        Ok(sum)
    })
}

struct Block<'a> {
    lines: &'a Lines,
    design: &'a Factor,
    first: usize,
    out: &'a mut [f64],
    method: Method,
    scratch: &'a mut Scratch,
}

impl Task for Block<'_> {
    type Output = Result<Done, Error>;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Self::Output {
        let Self { lines, design, first, out, method, scratch } = self;
        let (k, padded) = (design.width(), design.padded());
        let mut done = Done::default();
        // In groups, because exact solves of eight lines run side by side.
        for (group, out) in out.chunks_mut(8 * padded).enumerate() {
            let first = first + 8 * group;
            for (lane, u) in out.chunks_exact_mut(padded).enumerate() {
                let (observed, values) = lines.line(first + lane);
                let n = observed.len();
                if n == 0 {
                    u.fill(0.0);
                    continue;
                }
                done.tally.effort.entries += n as u64;
                done.tally.underdetermined += u64::from(n < k);
                let rows = Design { rows: design.rows(), padded, observed };
                let mut line = Line { simd, k, design: rows, b: values, u, done: &mut done };
                match method {
                    Method::Exact { residual } => {
                        let gram = scratch.gram.col_as_slice_mut(0);
                        let right = scratch.vectors.col_as_slice_mut(0);
                        line.normal(residual, gram, right);
                        scratch.systems.put(lane, gram, padded, right);
                    }
                    Method::Cg(cg) => line.cg(cg, &mut scratch.vectors),
                }
            }
            if let Method::Exact { residual } = method {
                let sound = scratch.systems.solve(simd);
                for (lane, u) in out.chunks_exact_mut(padded).enumerate() {
                    let (observed, values) = lines.line(first + lane);
                    let n = observed.len();
                    if n >= k && sound[lane] {
                        // With a residual it is the correction of the warm start.
                        for (u, x) in u.iter_mut().zip(&scratch.systems.right) {
                            *u = x[lane] + if residual { *u } else { 0.0 };
                        }
                        done.tally.effort.flops += (k * k * k / 3 + 2 * k * k) as u64;
                    } else if n > 0 {
                        done.tally.fallbacks += u64::from(n >= k);
                        done.tally.effort.flops += minimal(design, observed, values, u)?;
                    }
                }
            }
        }
        Ok(done)
    }
}

/// One least-squares problem `min ‖A u − b‖`, `A: n×k`.
struct Line<'a, S> {
    simd: S,
    k: usize,
    design: Design<'a>,
    b: &'a [f64],
    u: &'a mut [f64],
    done: &'a mut Done,
}

impl<S: Lanes> Line<'_, S> {
    /// Conjugate gradients on `AᵀA u = Aᵀb`, with the residual of the normal equations updated by recurrence: each step
    /// reads `A` once.
    #[inline(always)]
    fn cg(&mut self, cg: Cg, vectors: &mut Mat<f64>) {
        let Self { simd, k, design, b, .. } = *self;
        let n = b.len();
        if !cg.warm {
            self.u.fill(0.0);
        }
        let mut columns = vectors.as_mut().col_iter_mut();
        let (Some(s), Some(p), Some(w)) = (columns.next(), columns.next(), columns.next()) else { return };
        let [Some(s), Some(p), Some(w)] = [s, p, w].map(|c| c.try_as_col_major_mut().map(|c| c.as_slice_mut())) else {
            return;
        };
        s.fill(0.0);
        self.done.residual += fused(simd, design, self.u, Some(b), s, Order::Forth);
        self.done.tally.effort.flops += 4 * (n * k) as u64;
        let mut gamma = dot(simd, s, s);
        let target = match cg.stop {
            Stop::Never => 0.0,
            Stop::Start(tau) => tau * tau * gamma,
            Stop::Data(tau) => {
                w.fill(0.0);
                adjoint(simd, design, b, w);
                self.done.tally.effort.flops += 2 * (n * k) as u64;
                tau * tau * dot(simd, w, w)
            }
        };
        p.copy_from_slice(s);
        let mut order = Order::Forth;
        for _ in 0..cg.steps {
            if gamma <= target {
                break;
            }
            w.fill(0.0);
            order = order.reversed();
            let curvature = fused(simd, design, p, None, w, order);
            if curvature <= 0.0 {
                break;
            }
            let step = gamma / curvature;
            axpy(simd, step, p, self.u);
            axpy(simd, -step, w, s);
            let next = dot(simd, s, s);
            xpay(simd, s, next / gamma, p);
            gamma = next;
            self.done.tally.inner_steps += 1;
            self.done.tally.effort.flops += (4 * n * k + 8 * k) as u64;
        }
    }

    /// Forms the normal equations, `G = AᵀA` and `c = Aᵀ(b − A u)`, or `c = Aᵀ b` without `residual`. With fewer entries
    /// than unknowns they are singular, and their matrix is not formed.
    #[inline(always)]
    fn normal(&mut self, residual: bool, g: &mut [f64], c: &mut [f64]) {
        let Self { simd, k, design, .. } = *self;
        let n = self.b.len();
        g.fill(0.0);
        c.fill(0.0);
        let mut b = self.b;
        for part in design.parts() {
            let (own, rest) = b.split_at(part.observed.len());
            if residual {
                self.done.residual += fused(simd, part, self.u, Some(own), c, Order::Forth);
            } else {
                adjoint(simd, part, own, c);
            }
            if n >= k {
                gram(simd, part, g);
            }
            b = rest;
        }
        self.done.tally.effort.flops += if residual { 4 * n * k } else { 2 * n * k } as u64;
        if n >= k {
            self.done.tally.effort.flops += (n * k * (k + 1)) as u64;
        }
    }
}

/// Sets `u` to the solution of least norm, whatever the rank of its design; returns the flops.
pub(in crate::completion) fn minimal(
    design: &Factor,
    observed: &[u32],
    b: &[f64],
    u: &mut [f64],
) -> Result<u64, Error> {
    let (k, padded, rows) = (design.width(), design.padded(), design.rows());
    let row = |j: u32| &rows[j as usize * padded..][..k];
    // Zero rows say nothing of the solution, and without them the rank is full more often.
    let said: Vec<_> = observed.iter().zip(b).filter(|(j, _)| row(**j).iter().any(|x| *x != 0.0)).collect();
    let n = said.len();
    let a = Mat::from_fn(n, k, |r, c| row(*said[r].0)[c]);
    let b: Vec<f64> = said.iter().map(|(_, b)| **b).collect();
    u[..k].copy_from_slice(&if n > 0 { least_squares(a.as_ref(), &b)? } else { vec![0.0; k] });
    Ok((2 * n.max(k) * n.min(k) * n.min(k)) as u64)
}
