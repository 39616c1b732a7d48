//! What the papers on random pivots share: start matrices, pivot rules and block solvers by name, and runs in batches.

use algos::{
    Error,
    factorize::{
        instance,
        pivot::{
            AdjacentOnly, Adversarial, FixedPartition, GreedyMax, OrderedPair, Pivots, RowCyclic, ShuffledSweep,
            UniformIid, contraction_factor, pairs,
        },
        solver::{
            BlockSolver, Cholesky, HalfAngle, Jacobi, Kaczmarz, Loewdin, RandomOrthogonal, ReverseCholesky,
            TridiagonalQr,
        },
        trajectory::Trajectory,
    },
};
use faer::Mat;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{harness::prelude::*, record};

/// Where a run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// `WᵀW` for a Gaussian `W: 2n×n`, unit diagonal; another one for each run.
    Wishart,
    /// ½ off the diagonal.
    Equicorrelated,
    /// `0.9^|i−j|`.
    Exponential,
    /// The Hilbert matrix.
    Hilbert,
}

impl Start {
    /// The three for statistics.
    pub const ALL: [Self; 3] = [Self::Wishart, Self::Equicorrelated, Self::Exponential];

    /// The name in checks and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wishart => "wishart",
            Self::Equicorrelated => "equicorrelated",
            Self::Exponential => "exponential",
            Self::Hilbert => "hilbert",
        }
    }

    /// The matrix of order `n`.
    pub fn draw(self, n: usize, rng: &mut ChaCha8Rng) -> Result<Mat<f64>, Error> {
        match self {
            Self::Wishart => instance::wishart(n, rng),
            Self::Equicorrelated => Ok(instance::equicorrelated(n, 0.5)),
            Self::Exponential => Ok(instance::exponential(n, 0.9)),
            Self::Hilbert => Ok(instance::hilbert(n)),
        }
    }
}

/// How pivots are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Uniform and independent: the paper's.
    Uniform,
    /// The same, ordered pairs.
    Ordered,
    /// Without replacement within a sweep.
    Shuffled,
    /// Row by row.
    RowCyclic,
    /// The largest cosine.
    Greedy,
    /// Neighbours only.
    Adjacent,
    /// Neighbours only, in either order.
    AdjacentOrdered,
    /// Fixed blocks.
    Partition,
    /// The pair that increases the potential most.
    Adversarial,
}

impl Rule {
    /// The rule for sets of size `k`.
    pub fn build(self, k: usize, rng: ChaCha8Rng) -> Box<dyn Pivots> {
        match self {
            Self::Uniform => Box::new(UniformIid::new(k, rng)),
            Self::Ordered => Box::new(OrderedPair::new(rng)),
            Self::Shuffled => Box::new(ShuffledSweep::new(rng)),
            Self::RowCyclic => Box::new(RowCyclic::default()),
            Self::Greedy => Box::new(GreedyMax),
            Self::Adjacent => Box::new(AdjacentOnly::new(rng)),
            Self::AdjacentOrdered => Box::new(AdjacentOnly::ordered(rng)),
            Self::Partition => Box::new(FixedPartition::new(k, rng)),
            Self::Adversarial => Box::new(Adversarial),
        }
    }
}

/// How a block is factorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Rotations.
    Jacobi,
    /// Elimination; Gram–Schmidt for pairs.
    Cholesky,
    /// Elimination from below.
    ReverseCholesky,
    /// Gram–Schmidt with normalisation.
    Kaczmarz,
    /// The symmetric inverse square root.
    Loewdin,
    /// The same times a random orthogonal matrix.
    RandomOrthogonal,
    /// Rotations by half the angle.
    HalfAngle,
    /// A tridiagonal eigensolver.
    TridiagonalQr,
}

impl Solver {
    /// The five that have nothing in common but that they diagonalize.
    pub const EXACT: [Self; 5] =
        [Self::Jacobi, Self::Cholesky, Self::ReverseCholesky, Self::Loewdin, Self::RandomOrthogonal];

    /// The name in checks and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jacobi => "Jacobi",
            Self::Cholesky => "Cholesky",
            Self::ReverseCholesky => "reverse Cholesky",
            Self::Kaczmarz => "Kaczmarz",
            Self::Loewdin => "Löwdin",
            Self::RandomOrthogonal => "random orthogonal",
            Self::HalfAngle => "half angle",
            Self::TridiagonalQr => "tridiagonal QR",
        }
    }

    /// The solver; `rng` is for those that draw.
    pub fn build(self, rng: ChaCha8Rng) -> Box<dyn BlockSolver> {
        match self {
            Self::Jacobi => Box::new(Jacobi::default()),
            Self::Cholesky => Box::new(Cholesky::default()),
            Self::ReverseCholesky => Box::new(ReverseCholesky::default()),
            Self::Kaczmarz => Box::new(Kaczmarz),
            Self::Loewdin => Box::new(Loewdin::default()),
            Self::RandomOrthogonal => Box::new(RandomOrthogonal::new(rng)),
            Self::HalfAngle => Box::new(HalfAngle::default()),
            Self::TridiagonalQr => Box::new(TridiagonalQr),
        }
    }
}

record! {
    /// One kind of run.
    pub struct Cell {
        /// The matrix that runs start from.
        pub start: Start,
        /// Order of the matrix.
        pub n: usize,
        /// Size of the pivot sets.
        pub k: usize,
        /// How pivots are chosen.
        pub rule: Rule,
        /// How blocks are factorized.
        pub solver: Solver,
    }
}

impl Cell {
    /// Pairs from `n` columns, the paper's rule.
    pub fn pairs(start: Start, n: usize, solver: Solver) -> Self {
        let rule = if solver == Solver::Kaczmarz { Rule::Ordered } else { Rule::Uniform };
        Self { start, n, k: 2, rule, solver }
    }

    /// `ρ`, the factor that uniformly random sets have.
    pub fn rho(&self) -> f64 {
        contraction_factor(self.n, self.k)
    }

    /// Steps of a sweep of pairs, `n(n−1)/2`.
    pub fn sweep(&self) -> usize {
        pairs(self.n)
    }

    /// Flops of one step.
    pub fn step_flops(&self) -> f64 {
        (8 * self.n * self.k * self.k + 40 * self.k * self.k * self.k) as f64
    }

    /// Runs `runs` trajectories of `steps` steps and shows `Γ_t` of each, `see(run, t, Γ_t)`, `t = 0` included.
    pub fn follow(
        &self,
        trial: &Trial<'_>,
        runs: usize,
        steps: usize,
        mut see: impl FnMut(usize, usize, f64),
    ) -> Result<(), Error> {
        let mut instances = trial.rng("start");
        let mut pivots = self.rule.build(self.k, trial.rng("pivots"));
        let mut solver = self.solver.build(trial.rng("solver"));
        let start = Trajectory::new(self.start.draw(self.n, &mut instances)?.as_ref())?;
        let mut kernel = start.clone();
        for run in 0..runs {
            match self.start {
                Start::Wishart if run > 0 => kernel.restart(self.start.draw(self.n, &mut instances)?.as_ref())?,
                _ => kernel.restart_from(&start),
            }
            see(run, 0, kernel.gamma());
            for t in 1..=steps {
                kernel.step(&mut *pivots, &mut *solver)?;
                see(run, t, kernel.gamma());
            }
        }
        Ok(())
    }
}
