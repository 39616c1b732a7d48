//! A case: what benchmarks, comparisons and peers run.

use std::{io, path::Path};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use suites::{
    algos::{Effort, Error, Par},
    harness::{
        case::{Accuracy, Case, Output, Problem, Run, Unknown, Work, Wrong},
        experiment::Scale,
        npy,
    },
};

fn running(x: &[f32]) -> f32 {
    x.iter().sum()
}

fn compensated(x: &[f32]) -> f32 {
    let (mut sum, mut low) = (0.0f32, 0.0f32);
    for &x in x {
        let y = x - low;
        let t = sum + y;
        low = (t - sum) - y;
        sum = t;
    }
    sum
}

fn pairwise(x: &[f32]) -> f32 {
    if x.len() <= 32 {
        return running(x);
    }
    let (left, right) = x.split_at(x.len() / 2);
    pairwise(left) + pairwise(right)
}

fn relative_error(sum: f32, x: &[f32]) -> f64 {
    let exact: f64 = x.iter().copied().map(f64::from).sum();
    ((f64::from(sum) - exact) / exact).abs()
}

/// The sum of a given number of numbers.
pub struct Numbers {
    key: &'static str,
    about: &'static str,
    n: usize,
}

pub const SMALL: Numbers =
    Numbers { key: "examples/sum-small", about: "4096 uniform numbers, which stay in cache.", n: 1 << 12 };
pub const LARGE: Numbers =
    Numbers { key: "examples/sum-large", about: "2²² uniform numbers, which do not.", n: 1 << 22 };

impl Case for Numbers {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        if self.n > 1 << 16 { Scale::Default } else { Scale::Smoke }
    }

    fn variants(&self) -> &'static [&'static str] {
        &[
            "running",
            "compensated",
            "pairwise",
            #[cfg(feature = "peers")]
            "nalgebra",
        ]
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Ok(Box::new(Instance((0..self.n).map(|_| rng.random()).collect())))
    }
}

/// The numbers.
struct Instance(Vec<f32>);

/// A way to sum them.
struct Summation<'a>(&'a [f32], fn(&[f32]) -> f32);

impl Problem for Instance {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let sum = match variant {
            "running" => running,
            "compensated" => compensated,
            "pairwise" => pairwise,
            #[cfg(feature = "peers")]
            "nalgebra" => |x: &[f32]| nalgebra::DVectorView::from_slice(x, x.len()).sum(),
            _ => return Err(Unknown::Variant(variant.into())),
        };
        Ok(Box::new(Summation(&self.0, sum)))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let &[sum] = output.values.as_slice() else {
            return Err(Wrong(format!("{} values instead of one", output.values.len())));
        };
        let contract = self.0.len() as f64 * f64::from(f32::EPSILON);
        Ok(Accuracy { error: relative_error(sum as f32, &self.0), contract })
    }

    fn work(&self, variant: &str) -> Work {
        let flops = if variant == "compensated" { 4 } else { 1 };
        Work { flops: (flops * self.0.len()) as f64, bytes: (4 * self.0.len()) as f64 }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        let numbers: Vec<f64> = self.0.iter().copied().map(f64::from).collect();
        npy::write(&folder.join("x.npy"), &[numbers.len()], &numbers)
    }
}

impl Run for Summation<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let mut effort = Effort::default();
        effort.entries = self.0.len() as u64;
        Ok(Output { values: vec![f64::from(self.1(self.0))], effort })
    }
}
