//! Cases of the family `sketch`: transforms and applications of sketches.

use std::{fs, io, path::Path};

use algos::{
    Error, Par,
    simd::{Simd, streaming_sum},
    sketch::{Input, Law, Rows as Picked, Sketch, Transform, Variant, apply, fwht},
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy, stats,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&FWHT_SMALL, &FWHT_MANY, &FWHT_LONG, &COUNT_SMALL, &COUNT, &SRHT];

const FWHT_SMALL: Hadamard = Hadamard {
    key: "sketch/fwht-2e12",
    about: "31 Hadamard transforms in a row of 16 vectors of length 2^12",
    bits: 12,
    columns: 16,
    scale: Scale::Smoke,
};
const FWHT_MANY: Hadamard = Hadamard {
    key: "sketch/fwht-2e14x64",
    about: "31 Hadamard transforms in a row of 64 vectors of length 2^14",
    bits: 14,
    columns: 64,
    scale: Scale::Default,
};
const FWHT_LONG: Hadamard = Hadamard {
    key: "sketch/fwht-2e20",
    about: "31 Hadamard transforms in a row of one vector of length 2^20",
    bits: 20,
    columns: 1,
    scale: Scale::Default,
};

struct Hadamard {
    key: &'static str,
    about: &'static str,
    bits: u32,
    columns: usize,
    scale: Scale,
}

/// The loop that a user writes, with slices that the compiler can vectorise.
const LOOP: &str = "loop_radix2";
/// Reading and writing the data once, in place.
const IN_PLACE: &str = "read_and_write";

impl Case for Hadamard {
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
        &["reference", "blocked", LOOP, IN_PLACE]
    }

    fn role(&self, variant: &str) -> Role {
        match variant {
            LOOP => Role::Peer,
            IN_PLACE => Role::Bound,
            _ => Role::Algorithm,
        }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x = algos::sketch::instance::gaussian(1 << self.bits, self.columns, &mut rng);
        Ok(Box::new(Vectors { x }))
    }
}

struct Vectors {
    x: Mat<f64>,
}

/// How many entries of the transforms are handed out for verification.
const SHOWN: usize = 64;

impl Vectors {
    /// Entries of the transforms that are handed out: column and frequency.
    fn shown(&self) -> impl Iterator<Item = (usize, usize)> {
        let (n, columns) = self.x.shape();
        (0..SHOWN).map(move |k| (k % columns, (k * 2_654_435_761) % n))
    }
}

impl Problem for Vectors {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let how = match variant {
            "reference" => How::Own(Transform::Reference),
            "blocked" => How::Own(Transform::Blocked),
            LOOP => How::Loop,
            IN_PLACE => How::ReadAndWrite,
            _ => return Err(Unknown::Variant(variant.to_owned())),
        };
        Ok(Box::new(Transforms { problem: self, how, work: self.x.clone() }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        if output.values.len() != SHOWN {
            return Err(Wrong(format!("{} values instead of {SHOWN}", output.values.len())));
        }
        let scale = (self.x.nrows() as f64).sqrt();
        let errors = self.shown().zip(&output.values).map(|((column, k), found)| {
            let sum: f64 = self
                .x
                .col_as_slice(column)
                .iter()
                .enumerate()
                .map(|(j, x)| if (j & k).count_ones().is_multiple_of(2) { *x } else { -x })
                .sum();
            (found - sum / scale).abs()
        });
        Accuracy { error: stats::maximum(errors), contract: 1e-11 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let entries = f64::from(ROW) * (self.x.nrows() * self.x.ncols()) as f64;
        Work { flops: entries * f64::from(self.x.nrows().ilog2()), bytes: 16.0 * entries }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let columns: Vec<f64> = self.x.col_iter().flat_map(|c| c.iter().copied().collect::<Vec<_>>()).collect();
        npy::write(&folder.join("x.npy"), &[self.x.ncols(), self.x.nrows()], &columns)
    }
}

#[derive(Clone, Copy)]
enum How {
    Own(Transform),
    Loop,
    ReadAndWrite,
}

/// Transforms in place, an odd number in a row, so that the copy of the input hardly counts: the result is the transform
/// times a power of N, which is divided out of the few entries that are handed out.
struct Transforms<'a> {
    problem: &'a Vectors,
    how: How,
    work: Mat<f64>,
}

/// Transforms in a row.
const ROW: i32 = 31;

impl Run for Transforms<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let mut effort = algos::Effort::default();
        self.work.copy_from(&self.problem.x);
        for _ in 0..ROW {
            for j in 0..self.work.ncols() {
                let x = self.work.col_as_slice_mut(j);
                match self.how {
                    How::Own(transform) => effort += fwht(transform, x)?,
                    How::Loop => radix2(x),
                    How::ReadAndWrite => x.iter_mut().for_each(|x| *x *= 0.5),
                }
            }
        }
        let n = self.work.nrows() as f64;
        let scale = n.sqrt() * n.powi(ROW / 2);
        let values = self.problem.shown().map(|(column, k)| self.work[(k, column)] / scale).collect();
        Ok(Output { values, effort })
    }
}

fn radix2(x: &mut [f64]) {
    let mut h = 1;
    while h < x.len() {
        for pair in x.chunks_exact_mut(2 * h) {
            let (a, b) = pair.split_at_mut(h);
            a.iter_mut().zip(b).for_each(|(a, b)| (*a, *b) = (*a + *b, *a - *b));
        }
        h *= 2;
    }
}

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
