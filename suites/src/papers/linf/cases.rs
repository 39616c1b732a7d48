//! Cases of the family `sketch`: applications of sketches, and the list with the transforms.

use std::{fs, io, path::Path};

use algos::{
    Error, Par,
    simd::{Simd, streaming_sum},
    sketch::{Input, Law, Rows as Picked, Sketch, Variant, apply},
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::hadamard;
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy, stats,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[
    &hadamard::SMALL,
    &hadamard::MANY,
    &hadamard::LONG,
    &hadamard::MANY_SINGLE,
    &hadamard::LONG_SINGLE,
    &COUNT_SMALL,
    &COUNT,
    &SRHT,
];

const COUNT_SMALL: Application = Application {
    key: "sketch/countsketch-small",
    about: "CountSketch to 400 rows of a dense 20,000×40 matrix",
    n: 20_000,
    d: 40,
    m: 400,
    law: Law::CountSketch,
    scale: Scale::Smoke,
};
const COUNT: Application = Application {
    key: "sketch/countsketch",
    about: "CountSketch to 1000 rows of a dense 200,000×100 matrix",
    n: 200_000,
    d: 100,
    m: 1000,
    law: Law::CountSketch,
    scale: Scale::Default,
};
const SRHT: Application = Application {
    key: "sketch/srht",
    about: "SRHT to 1024 rows of a dense 65,536×64 matrix",
    n: 65_536,
    d: 64,
    m: 1024,
    law: Law::Srht(Picked::Distinct),
    scale: Scale::Default,
};

struct Application {
    key: &'static str,
    about: &'static str,
    n: usize,
    d: usize,
    m: usize,
    law: Law,
    scale: Scale,
}

/// Summing all entries: a plain read.
const READ: &str = "read";

impl Case for Application {
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
        if self.scale == Scale::Smoke { &["explicit", "fast", READ] } else { &["fast", READ] }
    }

    fn role(&self, variant: &str) -> Role {
        if variant == READ { Role::Bound } else { Role::Algorithm }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let a = algos::sketch::instance::gaussian(self.n, self.d, &mut rng);
        let sketch = self.law.draw(self.m, self.n, &mut rng)?;
        // The first and the last column by the definition.
        let exact = [0, self.d - 1].map(|j| apply(Variant::Fast, &sketch, a.col_as_slice(j).into(), Par::Seq));
        let [first, last] = exact;
        let expected = [first?.value.col_as_slice(0).to_vec(), last?.value.col_as_slice(0).to_vec()];
        Ok(Box::new(Matrix { a, sketch, expected }))
    }
}

struct Matrix {
    a: Mat<f64>,
    sketch: Sketch,
    expected: [Vec<f64>; 2],
}

impl Problem for Matrix {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        if variant == READ {
            return Ok(Box::new(Read(self)));
        }
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Apply { problem: self, variant, par }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let (m, d) = (self.sketch.nrows(), self.a.ncols());
        // Peers draw a sketch of their own: only the expectation of the norm can be compared.
        if output.values.len() == 1 {
            let exact: f64 = (0..d).map(|j| self.a.col_as_slice(j).iter().map(|x| x * x).sum::<f64>()).sum();
            return Accuracy { error: (output.values[0] / exact - 1.0).abs(), contract: 0.1 }.kept();
        }
        if output.values.len() != m * d {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), m * d)));
        }
        let mut errors = Vec::new();
        for (j, expected) in [0, d - 1].into_iter().zip(&self.expected) {
            let size = algos::linalg::norm(expected);
            for (found, exact) in output.values[j * m..(j + 1) * m].iter().zip(expected) {
                errors.push((found - exact).abs() / size);
            }
        }
        Accuracy { error: stats::maximum(errors), contract: 1e-12 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let entries = (self.a.nrows() * self.a.ncols()) as f64;
        Work { flops: entries, bytes: 8.0 * entries }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        // Column after column: the transpose in NumPy's order.
        let columns: Vec<f64> = (0..self.a.ncols()).flat_map(|j| self.a.col_as_slice(j).iter().copied()).collect();
        npy::write(&folder.join("a_transposed.npy"), &[self.a.ncols(), self.a.nrows()], &columns)?;
        npy::write(&folder.join("m.npy"), &[], &[self.sketch.nrows() as f64])
    }
}

struct Apply<'a> {
    problem: &'a Matrix,
    variant: Variant,
    par: Par,
}

impl Run for Apply<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Matrix { a, sketch, .. } = self.problem;
        let outcome = apply(self.variant, sketch, Input::Dense(a.as_ref()), self.par)?;
        let image = outcome.value;
        let values = (0..image.ncols()).flat_map(|j| image.col_as_slice(j).iter().copied()).collect();
        Ok(Output { values, effort: outcome.effort })
    }
}

/// Reads every entry once.
struct Read<'a>(&'a Matrix);

impl Run for Read<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        Ok(Output { values: vec![streaming_sum(Simd::detect(), self.0.a.as_ref())], effort: algos::Effort::default() })
    }
}
