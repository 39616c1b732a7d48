//! The scaled condition number along a run: what the accuracy of the Jacobi method rests on.

use algos::{
    Error,
    factorize::{
        engine::{Stop, TwoSided, run},
        potential::scaled_condition,
        solver::Jacobi,
    },
};

use crate::{
    harness::prelude::*,
    papers::diagonalization::{Cell, Rule, Solver, Start},
    record,
};

record! {
    /// The scaled condition number of one run.
    pub struct Condition {
        /// κ(B_0).
        pub start: f64,
        /// Largest κ(B_t)/κ(B_0).
        pub largest: f64,
        /// κ(B_t)/κ(B_0) at the end.
        pub last: f64,
    }
}

/// Runs of rotations.
#[derive(Debug, Default)]
pub struct KappaGrowth;

impl KappaGrowth {
    /// One row per run.
    pub const RUNS: Table<Self, Condition> = Table::new("runs");
}

impl Experiment for KappaGrowth {
    type Point = Cell;
    const KEY: &'static str = "kappa-growth";
    const ABOUT: &'static str = "The condition number of the scaled matrix along three sweeps of rotations.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(scale: Scale) -> Vec<Cell> {
        let n = if scale == Scale::Full { 32 } else { 16 };
        let mut points: Vec<Cell> = Start::ALL.map(|start| Cell::pairs(start, n, Solver::Jacobi)).into();
        points.push(Cell::pairs(Start::Hilbert, 8, Solver::Jacobi));
        points.push(Cell { rule: Rule::Adversarial, ..Cell::pairs(Start::Wishart, n, Solver::Jacobi) });
        points
    }

    fn trials(scale: Scale, _: &Cell) -> u32 {
        match scale {
            Scale::Smoke => 20,
            Scale::Default => 60,
            Scale::Full => 400,
        }
    }

    fn cost(point: &Cell) -> Cost {
        let n = point.n as f64;
        Cost { flops: 3.0 * point.sweep() as f64 * 20.0 * n.powi(3), memory: 1 << 16, rows: 1 }
    }

    fn run(point: &Cell, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let a = point.start.draw(point.n, &mut trial.paired("start", &(point.start, point.n)))?;
        let start = scaled_condition(a.as_ref())?;
        let (mut largest, mut last) = (1.0f64, 1.0);
        let mut failed = None;
        let mut form = TwoSided::new(a.as_ref())?;
        let mut pivots = point.rule.build(2, trial.rng("pivots"));
        run(&mut form, &mut pivots, &mut Jacobi::default(), Stop::Steps(3 * point.sweep()), |_, form| {
            match scaled_condition(form.a.as_ref()) {
                Ok(kappa) => {
                    last = kappa / start;
                    largest = stats::maximum([largest, last]);
                }
                Err(e) => failed = Some(e),
            }
        })?;
        match failed {
            Some(e) => Err(e),
            None => {
                out.put(Self::RUNS, Condition { start, largest, last });
                Ok(())
            }
        }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "kappa-growth",
    says: "Along a run of Jacobi rotations the scaled condition number hardly grows, and ends near one: no preconditioning is needed for relative accuracy.",
    at: "abstract; observed by Demmel and Veselić",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The paper bounds the growth by a polynomial; that it stays below a small constant is the older observation.",
    experiments: &["kappa-growth"],
    judge,
    control: Some(Control {
        differs: "an adversary chooses the pair that increases the potential most",
        must_fail: &["wishart: median of the last κ(B_t)/κ(B_0)"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(KappaGrowth::RUNS)?;
    let judged = if arm == Arm::Claim { Rule::Uniform } else { Rule::Adversarial };
    let starts = [Start::Wishart, Start::Equicorrelated, Start::Exponential, Start::Hilbert];
    let mut checks = Vec::new();
    for start in &starts[..if arm == Arm::Claim { 4 } else { 1 }] {
        let at = |p: &Cell| p.start == *start && p.rule == judged;
        let largest = numbers(&rows, at, |c: &Condition| c.largest);
        let last = stats::median(&numbers(&rows, at, |c| c.last));
        let name = start.name();
        checks.push(Check::at_most(format!("{name}: largest κ(B_t)/κ(B_0)"), stats::largest(&largest), 3.0));
        checks.push(Check::at_most(format!("{name}: median of the last κ(B_t)/κ(B_0)"), last, 0.4));
    }
    Ok(checks)
}
