//! Cases: least squares to machine precision.

use std::{fs, io, path::Path};

use algos::{
    Effort, Error, Par,
    linalg::norm,
    sketch::{
        Law,
        instance::{gaussian, haar, orthogonal_to},
        regression::{LsqrOptions, Passes, Start, precondition},
    },
};
use faer::{Mat, prelude::*};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&SMALL, &TALL, &MIDDLE, &WIDE, &ILL];

const fn case(key: &'static str, about: &'static str, (n, d): (usize, usize), gamma: usize, scale: Scale) -> Tall {
    Tall { key, about, n, d, gamma, condition: 1.0, scale }
}

const SMALL: Tall =
    case("sketch/lstsq-small", "least squares with a Gaussian 10,000×50 matrix", (10_000, 50), 16, Scale::Smoke);
const TALL: Tall =
    case("sketch/lstsq-d200", "least squares with a Gaussian 100,000×200 matrix", (100_000, 200), 48, Scale::Default);
const MIDDLE: Tall =
    case("sketch/lstsq-d400", "least squares with a Gaussian 50,000×400 matrix", (50_000, 400), 32, Scale::Full);
const WIDE: Tall =
    case("sketch/lstsq-d800", "least squares with a Gaussian 50,000×800 matrix", (50_000, 800), 20, Scale::Full);

const ILL: Tall = Tall {
    key: "sketch/lstsq-d800-1e4",
    about: "least squares with a 50,000×800 matrix of condition 10,000, singular values in geometric progression",
    condition: 1e4,
    ..WIDE
};

/// Sizes of the comparison over d.
pub const SIZES: [Tall; 9] = [
    size(3, 32),
    size(6, 32),
    size(12, 32),
    size(25, 32),
    size(50, 32),
    size(100, 32),
    size(200, 24),
    size(400, 16),
    size(800, 12),
];

const fn size(d: usize, gamma: usize) -> Tall {
    case("sketch/lstsq", "least squares with a Gaussian matrix of 20,000 rows", (20_000, d), gamma, Scale::Default)
}

pub struct Tall {
    key: &'static str,
    about: &'static str,
    pub n: usize,
    pub d: usize,
    /// Rows of the sketch over columns, chosen for the balance of factorization and iterations.
    pub gamma: usize,
    /// Condition of what the Gaussian matrix is multiplied by.
    condition: f64,
    scale: Scale,
}

/// The library's Householder QR.
pub const QR: &str = "faer_qr";

impl Case for Tall {
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
        &["reference", "fused", QR]
    }

    fn role(&self, variant: &str) -> Role {
        if variant == QR { Role::Peer } else { Role::Algorithm }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut a = gaussian(self.n, self.d, &mut rng);
        let mut b: Vec<f64> = gaussian(self.n, 1, &mut rng).col_as_slice(0).to_vec();
        // A residual of about the size of the signal.
        let along = orthogonal_to(Mat::<f64>::zeros(self.n, 0).as_ref(), &mut rng);
        b.iter_mut().zip(along).for_each(|(b, x)| *b += x);
        if self.condition > 1.0 {
            let values = (0..self.d).map(|k| self.condition.powf(-(k as f64) / (self.d - 1) as f64));
            let rotation = haar(self.d, self.d, &mut rng)?;
            a = a * values.collect::<Col<f64>>().as_diagonal() * rotation;
        }
        Ok(Box::new(Regression { a, b, gamma: self.gamma, seed }))
    }
}

struct Regression {
    a: Mat<f64>,
    b: Vec<f64>,
    gamma: usize,
    seed: u64,
}

impl Problem for Regression {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        match variant {
            "reference" => Ok(Box::new(Sketched { problem: self, passes: Passes::Reference, par })),
            "fused" => Ok(Box::new(Sketched { problem: self, passes: Passes::Fused, par })),
            QR => Ok(Box::new(Library(self))),
            _ => Err(Unknown::Variant(variant.to_owned())),
        }
    }

    /// ‖Aᵀr‖/(‖A‖_F ‖r‖).
    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let (n, d) = self.a.shape();
        if output.values.len() != d {
            return Err(Wrong(format!("{} values instead of {d}", output.values.len())));
        }
        let mut r: Vec<f64> = self.b.iter().map(|b| -b).collect();
        for (j, x) in output.values.iter().enumerate() {
            r.iter_mut().zip(self.a.col_as_slice(j)).for_each(|(r, a)| *r += x * a);
        }
        let g: Vec<f64> = (0..d).map(|j| self.a.col_as_slice(j).iter().zip(&r).map(|(a, r)| a * r).sum()).collect();
        let size = ((n * d) as f64).sqrt() * norm(&r);
        Accuracy { error: norm(&g) / size, contract: 1e-14 }.kept()
    }

    fn work(&self, variant: &str) -> Work {
        let (n, d) = (self.a.nrows() as f64, self.a.ncols() as f64);
        let flops = if variant == QR { 2.0 * n * d * d } else { self.gamma as f64 * d.powi(3) + 100.0 * n * d };
        Work { flops, bytes: 8.0 * n * d }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let (n, d) = self.a.shape();
        let columns: Vec<f64> = (0..d).flat_map(|j| self.a.col_as_slice(j).iter().copied()).collect();
        npy::write(&folder.join("a_transposed.npy"), &[d, n], &columns)?;
        npy::write(&folder.join("b.npy"), &[n], &self.b)
    }
}

struct Sketched<'a> {
    problem: &'a Regression,
    passes: Passes,
    par: Par,
}

impl Run for Sketched<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Regression { a, b, gamma, seed } = self.problem;
        let (n, d) = a.shape();
        let mut rng = ChaCha8Rng::seed_from_u64(*seed);
        let sketch = Law::OsnapBlocks(4).draw(gamma * d, n, &mut rng)?;
        let options = LsqrOptions { passes: self.passes, par: self.par, ..LsqrOptions::default() };
        let solved = precondition(&sketch, a.as_ref(), b, Start::Sketched, &options)?;
        Ok(Output { values: solved.value.x, effort: solved.effort })
    }
}

/// What a user of faer writes.
struct Library<'a>(&'a Regression);

impl Run for Library<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Self(Regression { a, b, .. }) = self;
        let right = Mat::from_fn(b.len(), 1, |i, _| b[i]);
        let x = a.qr().solve_lstsq(&right);
        Ok(Output { values: (0..a.ncols()).map(|j| x[(j, 0)]).collect(), effort: Effort::default() })
    }
}
