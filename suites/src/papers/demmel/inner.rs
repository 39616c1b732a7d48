//! The solver of the block must itself be scale-free.

use crate::{harness::prelude::*, papers::diagonalization::Solver, record};
use algos::{
    Error,
    factorize::{
        engine::{OneSided, Stop, run},
        instance::graded,
        pivot::{Pivots, View, round},
    },
    linalg::norm,
};

use super::judge;

/// Pairs of blocks of `b` consecutive columns, in the rounds of a tournament.
struct Blocks {
    b: usize,
    left: Vec<[usize; 2]>,
    number: usize,
}

impl Pivots for Blocks {
    fn size(&self) -> usize {
        2 * self.b
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        while self.left.is_empty() {
            self.left = round(view.order() / self.b, self.number);
            self.number += 1;
        }
        if let Some(pair) = self.left.pop() {
            let columns = pair.into_iter().flat_map(|block| block * self.b..(block + 1) * self.b);
            set.iter_mut().zip(columns).for_each(|(to, column)| *to = column);
        }
    }
}

record! {
    /// The solver of the block.
    pub struct Inner {
        /// How blocks are factorized.
        pub solver: Solver,
    }
}

record! {
    /// The end of a run.
    pub struct End {
        /// Largest relative error of the singular values.
        pub error: f64,
        /// Whether all cosines became small within 30 sweeps.
        pub converged: bool,
    }
}

/// Blocked rotations on strongly graded matrices.
#[derive(Debug, Default)]
pub struct InnerSolver;

impl InnerSolver {
    /// One row per run.
    pub const RUNS: Table<Self, End> = Table::new("runs");
}

impl Experiment for InnerSolver {
    type Point = Inner;
    const KEY: &'static str = "inner-solver";
    const ABOUT: &'static str = "Blocks of four columns rotated by an eigensolver of the block that is scale-free, or not, on matrices whose columns span 100 decades.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Inner> {
        [Solver::TridiagonalQr, Solver::Jacobi].map(|solver| Inner { solver }).into()
    }

    fn trials(scale: Scale, _: &Inner) -> u32 {
        if scale == Scale::Full { 50 } else { 8 }
    }

    fn cost(_: &Inner) -> Cost {
        Cost { flops: 10.0 * 120.0 * 24.0 * 7.0 * 25.0, memory: 1 << 20, rows: 1 }
    }

    fn run(point: &Inner, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let x = graded(24, 16, 10.0, 100.0, &mut trial.paired("matrix", &16))?;
        let mut form = OneSided::new(x.as_ref())?;
        let mut pivots = Blocks { b: 4, left: Vec::new(), number: 0 };
        let mut solver = point.solver.build(trial.rng("solver"));
        let done = run(&mut form, &mut pivots, &mut solver, Stop::rounding(24), |_, _| ());
        let mut values: Vec<f64> = (0..16).map(|j| norm(form.x.col_as_slice(j))).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        let error = judge::largest_error(&judge::singular_values(x.as_ref()), &values);
        let converged = done.is_ok_and(|done| done.status == algos::Status::Converged);
        // A breakdown of the solver leaves numbers that are as wrong as can be.
        out.put(Self::RUNS, End { error: if error.is_finite() { error } else { f64::MAX }, converged });
        Ok(())
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "acc-inner-eigh",
    says: "With a tridiagonal eigensolver for the blocks, blocked Jacobi loses all digits of graded matrices and never meets its stopping rule.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "24×16, columns over 100 decades, pairs of blocks of four. Over twenty decades the damage varies from none to total.",
    experiments: &["inner-solver"],
    judge: judge_inner,
    control: Some(Control {
        differs: "blocks are diagonalized by rotations",
        must_fail: &["least error over runs", "runs that did not converge"],
    }),
};

fn judge_inner(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(InnerSolver::RUNS)?;
    let judged = if arm == Arm::Claim { Solver::TridiagonalQr } else { Solver::Jacobi };
    let errors = numbers(&rows, |p: &Inner| p.solver == judged, |end: &End| end.error);
    let open = numbers(&rows, |p: &Inner| p.solver == judged, |end| f64::from(u8::from(!end.converged)));
    Ok(vec![
        Check::at_least("least error over runs", stats::smallest(&errors), 1.0),
        Check::at_least("runs that did not converge", stats::smallest(&open), 1.0),
    ])
}
