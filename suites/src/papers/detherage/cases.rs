//! Cases of the iteration for statistics: the potential along many short runs on one matrix.

use std::{fs, io, path::Path};

use algos::{
    Effort, Error, Par,
    factorize::{
        engine::{self, Stop, TwoSided},
        instance::wishart,
        pivot::UniformIid,
        potential::gamma,
        solver::Jacobi,
        trajectory::Trajectory,
    },
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy, stats,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[
    &Trajectories {
        key: "factorize/trajectories-20",
        about: "the potential along 20 runs of 480 random rotations of a 16×16 matrix",
        runs: 20,
        variants: &["reference", "kernel"],
        scale: Scale::Smoke,
    },
    &Trajectories {
        key: "factorize/trajectories-2000",
        about: "the potential along 2000 runs of 480 random rotations of a 16×16 matrix",
        runs: 2000,
        variants: &["kernel"],
        scale: Scale::Default,
    },
];

const N: usize = 16;
const STEPS: usize = 480;
/// Runs that are repeated by the literal iteration when an output is verified.
const REPEATED: usize = 8;

struct Trajectories {
    key: &'static str,
    about: &'static str,
    runs: usize,
    /// The literal iteration factorizes a matrix at every step and is left out where it would take seconds.
    variants: &'static [&'static str],
    scale: Scale,
}

impl Case for Trajectories {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn variants(&self) -> &'static [&'static str] {
        self.variants
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let a = wishart(N, &mut ChaCha8Rng::seed_from_u64(seed))?;
        Ok(Box::new(Runs { a, runs: self.runs, seed }))
    }
}

struct Runs {
    a: Mat<f64>,
    runs: usize,
    seed: u64,
}

impl Runs {
    fn pivots(&self, run: usize) -> UniformIid {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(1 + run as u64);
        UniformIid::new(2, rng)
    }

    /// `Γ` at the end of a run by the literal iteration, which computes it after each step.
    fn literal(&self, run: usize) -> Result<(f64, Effort), Error> {
        let mut last = Ok(f64::NAN);
        let see = |_, form: &TwoSided| last = gamma(form.a.as_ref());
        let mut form = TwoSided::new(self.a.as_ref())?;
        let done = engine::run(&mut form, &mut self.pivots(run), &mut Jacobi::default(), Stop::Steps(STEPS), see)?;
        Ok((last?, done.effort))
    }
}

impl Problem for Runs {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        match variant {
            "reference" => Ok(Box::new(Literal(self))),
            "kernel" => {
                let start = Trajectory::new(self.a.as_ref())?;
                Ok(Box::new(Kernel { problem: self, kernel: start.clone(), start }))
            }
            _ => Err(Unknown::Variant(variant.to_owned())),
        }
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        if output.values.len() != self.runs {
            return Err(Wrong(format!("{} potentials instead of {}", output.values.len(), self.runs)));
        }
        let mut errors = Vec::new();
        for (run, found) in output.values.iter().enumerate().take(REPEATED) {
            let (exact, _) = self.literal(run).map_err(|e| Wrong(e.to_string()))?;
            errors.push((found / exact - 1.0).abs());
        }
        Accuracy { error: stats::maximum(errors), contract: 1e-9 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        // A rotation of two columns of A and of A⁻¹ with its mirror image, and Γ.
        let steps = (self.runs * STEPS) as f64;
        Work { flops: steps * (2 * 6 * N + 2 * N) as f64, bytes: steps * (2 * 2 * 2 * 8 * N) as f64 }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let entries: Vec<f64> =
            self.a.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
        npy::write(&folder.join("a.npy"), &[N, N], &entries)
    }
}

/// The literal iteration and the potential by its definition.
struct Literal<'a>(&'a Runs);

impl Run for Literal<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let mut effort = Effort::default();
        let mut values = Vec::with_capacity(self.0.runs);
        for run in 0..self.0.runs {
            let (last, work) = self.0.literal(run)?;
            values.push(last);
            effort += work;
        }
        Ok(Output { values, effort })
    }
}

/// The iteration that carries the inverse along.
struct Kernel<'a> {
    problem: &'a Runs,
    start: Trajectory,
    kernel: Trajectory,
}

impl Run for Kernel<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        self.kernel.effort = Effort::default();
        let mut values = Vec::with_capacity(self.problem.runs);
        let mut solver = Jacobi::default();
        for run in 0..self.problem.runs {
            let mut pivots = self.problem.pivots(run);
            self.kernel.restart_from(&self.start);
            let mut last = self.kernel.gamma();
            for _ in 0..STEPS {
                self.kernel.step(&mut pivots, &mut solver)?;
                last = std::hint::black_box(self.kernel.gamma());
            }
            values.push(last);
        }
        Ok(Output { values, effort: self.kernel.effort })
    }
}
