//! Cases of the Hadamard transform, in both precisions.

use std::{fs, io, path::Path};

use algos::{
    Error, Par,
    sketch::{Precision, Transform, fwht},
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy, stats,
};

pub const SMALL: Hadamard<f64> = Hadamard {
    key: "sketch/fwht-2e12",
    about: "31 Hadamard transforms in a row of 16 vectors of length 2^12",
    bits: 12,
    columns: 16,
    scale: Scale::Smoke,
    format: DOUBLE,
};
pub const MANY: Hadamard<f64> = Hadamard {
    key: "sketch/fwht-2e14x64",
    about: "31 Hadamard transforms in a row of 64 vectors of length 2^14",
    bits: 14,
    columns: 64,
    scale: Scale::Default,
    format: DOUBLE,
};
pub const LONG: Hadamard<f64> = Hadamard {
    key: "sketch/fwht-2e20",
    about: "31 Hadamard transforms in a row of one vector of length 2^20",
    bits: 20,
    columns: 1,
    scale: Scale::Default,
    format: DOUBLE,
};
pub const MANY_SINGLE: Hadamard<f32> = Hadamard {
    key: "sketch/fwht-2e14x64-single",
    about: "21 Hadamard transforms in a row of 64 vectors of length 2^14 in single precision",
    bits: 14,
    columns: 64,
    scale: Scale::Default,
    format: SINGLE,
};
pub const LONG_SINGLE: Hadamard<f32> = Hadamard {
    key: "sketch/fwht-2e20-single",
    about: "21 Hadamard transforms in a row of one vector of length 2^20 in single precision",
    bits: 20,
    columns: 1,
    scale: Scale::Default,
    format: SINGLE,
};

pub struct Hadamard<T> {
    key: &'static str,
    about: &'static str,
    bits: u32,
    columns: usize,
    scale: Scale,
    format: Format<T>,
}

/// What a precision makes of the task. An odd number of transforms in a row hides the copy of the input; the result is
/// the transform times a power of N, for which the exponents must have room.
#[derive(Clone, Copy)]
struct Format<T> {
    rounded: fn(f64) -> T,
    /// Transforms in a row.
    row: i32,
    /// A power of two by which the input is multiplied.
    start: f64,
    /// The largest error of an entry of the orthogonal transform.
    contract: f64,
}

const DOUBLE: Format<f64> = Format { rounded: |x| x, row: 31, start: 1.0, contract: 1e-11 };
/// Numbers from 2⁻¹²⁶ to 2¹²⁷: the longest vectors begin at 2⁻¹⁰⁰ and grow by 2¹⁰ each time.
const SINGLE: Format<f32> =
    Format { rounded: |x| x as f32, row: 21, start: 1.0 / (1_u128 << 100) as f64, contract: 2e-5 };

/// The loop that a user writes, with slices that the compiler can vectorise.
const LOOP: &str = "loop_radix2";
/// Reading and writing the data once, in place.
const IN_PLACE: &str = "read_and_write";

impl<T: Precision> Case for Hadamard<T> {
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
        let format = self.format;
        let input = x.col_iter().flat_map(|c| c.iter().map(|x| (format.rounded)(format.start * x)).collect::<Vec<_>>());
        Ok(Box::new(Vectors { input: input.collect(), x, format }))
    }
}

struct Vectors<T> {
    x: Mat<f64>,
    /// The columns one after the other, as they are transformed.
    input: Vec<T>,
    format: Format<T>,
}

/// How many entries of the transforms are handed out for verification.
const SHOWN: usize = 64;

impl<T> Vectors<T> {
    /// Entries of the transforms that are handed out: column and frequency.
    fn shown(&self) -> impl Iterator<Item = (usize, usize)> {
        let (n, columns) = self.x.shape();
        (0..SHOWN).map(move |k| (k % columns, (k * 2_654_435_761) % n))
    }

    /// What all transforms in a row make of the input, over the orthogonal transform.
    fn growth(&self) -> f64 {
        let n = self.x.nrows() as f64;
        self.format.start * n.sqrt() * n.powi(self.format.row / 2)
    }
}

impl<T: Precision> Problem for Vectors<T> {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let how = match variant {
            "reference" => How::Own(Transform::Reference),
            "blocked" => How::Own(Transform::Blocked),
            LOOP => How::Loop,
            IN_PLACE => How::ReadAndWrite,
            _ => return Err(Unknown::Variant(variant.to_owned())),
        };
        Ok(Box::new(Transforms { problem: self, how, work: self.input.clone() }))
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
        Accuracy { error: stats::maximum(errors), contract: self.format.contract }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let entries = f64::from(self.format.row) * self.input.len() as f64;
        Work { flops: entries * f64::from(self.x.nrows().ilog2()), bytes: 2.0 * size_of::<T>() as f64 * entries }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let input: Vec<f64> = self.input.iter().map(|&x| x.into()).collect();
        let (columns, frequencies): (Vec<f64>, Vec<f64>) = self.shown().map(|(c, k)| (c as f64, k as f64)).unzip();
        npy::write(&folder.join("input.npy"), &[self.x.ncols(), self.x.nrows()], &input)?;
        npy::write(&folder.join("columns.npy"), &[SHOWN], &columns)?;
        npy::write(&folder.join("frequencies.npy"), &[SHOWN], &frequencies)?;
        npy::write(&folder.join("growth.npy"), &[], &[self.growth()])?;
        npy::write(&folder.join("transforms.npy"), &[], &[f64::from(self.format.row)])?;
        npy::write(&folder.join("bytes.npy"), &[], &[size_of::<T>() as f64])
    }
}

#[derive(Clone, Copy)]
enum How {
    Own(Transform),
    Loop,
    ReadAndWrite,
}

struct Transforms<'a, T> {
    problem: &'a Vectors<T>,
    how: How,
    work: Vec<T>,
}

impl<T: Precision> Run for Transforms<'_, T> {
    fn run(&mut self) -> Result<Output, Error> {
        let Self { problem, how, work } = self;
        let n = problem.x.nrows();
        let mut effort = algos::Effort::default();
        work.copy_from_slice(&problem.input);
        for _ in 0..problem.format.row {
            for x in work.chunks_exact_mut(n) {
                match how {
                    How::Own(transform) => effort += fwht(*transform, x)?,
                    How::Loop => radix2(x),
                    How::ReadAndWrite => x.iter_mut().for_each(|x| *x = -*x),
                }
            }
        }
        let growth = problem.growth();
        let values = problem.shown().map(|(column, k)| work[column * n + k].into() / growth).collect();
        Ok(Output { values, effort })
    }
}

fn radix2<T: Precision>(x: &mut [T]) {
    let mut h = 1;
    while h < x.len() {
        for pair in x.chunks_exact_mut(2 * h) {
            let (a, b) = pair.split_at_mut(h);
            a.iter_mut().zip(b).for_each(|(a, b)| (*a, *b) = (*a + *b, *a - *b));
        }
        h *= 2;
    }
}
