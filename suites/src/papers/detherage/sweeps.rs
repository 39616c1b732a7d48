//! What independence costs: sweeps to convergence, by pivot rule.

use algos::{
    Error,
    factorize::{pivot::View, trajectory::Trajectory},
};

use crate::{
    harness::prelude::*,
    papers::diagonalization::{Cell, Rule, Solver, Start},
    record,
};

record! {
    /// The length of one run.
    pub struct Length {
        /// Sweeps of n(n−1)/2 steps until Σ B_ij² < 1e-20, in quarters; infinite if not within 60.
        pub sweeps: f64,
    }
}

record! {
    /// A rule, and which of two samples of it.
    pub struct Sample {
        /// How pivots are chosen.
        pub rule: Rule,
        /// How blocks are factorized.
        pub solver: Solver,
        /// Number of the sample; a second one of the same rule is for the control.
        pub sample: u32,
    }
}

/// Runs to convergence.
#[derive(Debug, Default)]
pub struct Sweeps;

impl Sweeps {
    /// One row per run.
    pub const RUNS: Table<Self, Length> = Table::new("runs");
}

const N: usize = 24;

impl Experiment for Sweeps {
    type Point = Sample;
    const KEY: &'static str = "pivot-sweeps";
    const ABOUT: &'static str =
        "Sweeps until a 24×24 matrix is diagonal, for four pivot rules, rotations and elimination.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Sample> {
        let mut points = Vec::new();
        for solver in [Solver::Jacobi, Solver::Cholesky] {
            for rule in [Rule::Uniform, Rule::Shuffled, Rule::RowCyclic, Rule::Greedy] {
                points.push(Sample { rule, solver, sample: 0 });
            }
            points.push(Sample { rule: Rule::Uniform, solver, sample: 1 });
        }
        points
    }

    fn trials(scale: Scale, _: &Sample) -> u32 {
        match scale {
            Scale::Smoke => 40,
            Scale::Default => 200,
            Scale::Full => 2000,
        }
    }

    fn cost(point: &Sample) -> Cost {
        let cell = Cell::pairs(Start::Wishart, N, point.solver);
        Cost { flops: 20.0 * cell.sweep() as f64 * cell.step_flops(), memory: 1 << 16, rows: 1 }
    }

    fn run(point: &Sample, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let a = Start::Wishart.draw(N, &mut trial.paired("start", &N))?;
        let mut kernel = Trajectory::new(a.as_ref())?;
        let mut pivots = point.rule.build(2, trial.rng("pivots"));
        let mut solver = point.solver.build(trial.rng("solver"));
        let quarter = N * (N - 1) / 8;
        let mut sweeps = f64::INFINITY;
        for count in 1..=4 * 60 {
            (0..quarter).try_for_each(|_| kernel.step(&mut *pivots, &mut *solver))?;
            if off_squared(&kernel) < 1e-20 {
                sweeps = f64::from(count) / 4.0;
                break;
            }
        }
        out.put(Self::RUNS, Length { sweeps });
        Ok(())
    }
}

/// `Σ_{i≠j} A_ij²/(A_ii A_jj)`.
fn off_squared(view: &dyn View) -> f64 {
    let pairs = (0..view.order()).flat_map(|j| (0..j).map(move |i| (i, j)));
    2.0 * pairs.map(|(i, j)| view.entry(i, j).powi(2) / view.entry(i, i) / view.entry(j, j)).sum::<f64>()
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "pivot-sweeps",
    says: "Independent pivots, which the analysis needs, cost two to three times the sweeps of orderings that visit every pair once; row-cyclic Gram–Schmidt is done after one.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Row-cyclic elimination is the modified Gram–Schmidt method, which is exact.",
    experiments: &["pivot-sweeps"],
    judge,
    control: Some(Control {
        differs: "a second, independent sample of the same rule takes the place of shuffled sweeps",
        must_fail: &["Jacobi: median of sweeps, independent over shuffled"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Sweeps::RUNS)?;
    let lengths = |rule: Rule, solver: Solver, sample: u32| {
        numbers(&rows, move |p: &Sample| *p == Sample { rule, solver, sample }, |length| length.sweeps)
    };
    let mut checks = Vec::new();
    for solver in [Solver::Jacobi, Solver::Cholesky] {
        let independent = lengths(Rule::Uniform, solver, 0);
        let other = match arm {
            Arm::Claim => lengths(Rule::Shuffled, solver, 0),
            Arm::Control => lengths(Rule::Uniform, solver, 1),
        };
        let ratios: Vec<f64> = independent.iter().zip(&other).map(|(a, b)| a / b).collect();
        let name = format!("{}: median of sweeps, independent over shuffled", solver.name());
        checks.push(Check::at_least(name, stats::median(&ratios), 1.7));
    }
    if arm == Arm::Claim {
        let row = lengths(Rule::RowCyclic, Solver::Cholesky, 0);
        let exact: Vec<bool> = row.iter().map(|&sweeps| sweeps == 1.0).collect();
        let all = exact.iter().filter(|&&e| e).count() as f64 / exact.len() as f64;
        checks.push(Check::at_least(
            "row-cyclic Gram–Schmidt: runs done after exactly one sweep",
            stats::point(all, exact.len()),
            1.0,
        ));
    }
    Ok(checks)
}
