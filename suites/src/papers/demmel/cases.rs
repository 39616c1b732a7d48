//! Cases of the family `factorize`: singular values and QR factorizations of Gaussian and graded matrices.

use std::{fs, io, path::Path, sync::OnceLock};

use algos::{
    Effort, Error, Par,
    factorize::{
        instance::{gaussian, graded},
        qr,
        svd::{self, Engine, Variant},
    },
    linalg::{householder, thin_svd},
    simd::Simd,
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy, stats,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&SVD64, &SVD256, &SVD512, &SVD1024, &GRADED, &QR];

/// The strongest baseline: faer's bidiagonal decomposition with both sets of vectors.
pub(super) const FAER: &str = "faer_svd";
/// faer's symmetric eigenvalue decomposition of the Gram matrix: fast, and wrong for small singular values.
const FAER_EIGEN: &str = "faer_gram_eigen";
/// faer's Householder QR with the orthogonal factor formed.
const FAER_QR: &str = "faer_qr";
/// nalgebra's decomposition.
#[cfg(feature = "peers")]
const NALGEBRA: &str = "nalgebra_svd";

const fn gauss(key: &'static str, about: &'static str, n: usize, scale: Scale, literal: bool) -> Values {
    Values { key, about, m: n, n, decades: 0.0, scale, literal }
}

pub(super) const SVD64: Values =
    gauss("factorize/svd-n64", "thin SVD of a Gaussian 64×64 matrix", 64, Scale::Smoke, true);
pub(super) const SVD256: Values =
    gauss("factorize/svd-n256", "thin SVD of a Gaussian 256×256 matrix", 256, Scale::Default, false);
pub(super) const SVD512: Values =
    gauss("factorize/svd-n512", "thin SVD of a Gaussian 512×512 matrix", 512, Scale::Default, false);
pub(super) const SVD1024: Values =
    gauss("factorize/svd-n1024", "thin SVD of a Gaussian 1024×1024 matrix", 1024, Scale::Full, false);
/// Where the certificate must refuse, and where bidiagonal methods lose all small values.
const GRADED: Values = Values {
    key: "factorize/svd-graded",
    about: "thin SVD of a 300×200 matrix whose columns span 60 decades",
    m: 300,
    n: 200,
    decades: 60.0,
    scale: Scale::Default,
    literal: false,
};

pub(super) struct Values {
    key: &'static str,
    about: &'static str,
    m: usize,
    n: usize,
    decades: f64,
    scale: Scale,
    /// Whether the literal reference is among the variants: it is left out where it would take seconds a run.
    literal: bool,
}

/// The variants of a case: with the reference, and only those that are accurate on graded matrices.
const VARIANTS: &[&str] = &[
    "reference",
    "de_rijk",
    "blocked",
    "certified",
    FAER,
    FAER_EIGEN,
    #[cfg(feature = "peers")]
    NALGEBRA,
];

impl Case for Values {
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
        match (self.literal, self.decades > 0.0) {
            (true, _) => VARIANTS,
            (false, false) => &VARIANTS[1..],
            (false, true) => &VARIANTS[1..4],
        }
    }

    fn role(&self, variant: &str) -> Role {
        role(variant)
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (m, n) = (self.m, self.n);
        let x = if self.decades > 0.0 { graded(m, n, 10.0, self.decades, &mut rng)? } else { gaussian(m, n, &mut rng) };
        Ok(Box::new(Matrix { x, relative: self.decades > 0.0, expected: OnceLock::new() }))
    }
}

/// Variants of other libraries carry the library's name.
fn role(variant: &str) -> Role {
    if variant.starts_with("faer_") || variant.starts_with("nalgebra_") { Role::Peer } else { Role::Algorithm }
}

struct Matrix {
    x: Mat<f64>,
    /// Whether each singular value is judged by itself, instead of all by the largest.
    relative: bool,
    expected: OnceLock<Vec<f64>>,
}

impl Problem for Matrix {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let x = &self.x;
        match variant {
            FAER => Ok(Box::new(Call(move || Ok((thin_svd(x.as_ref())?.values, Effort::default()))))),
            FAER_EIGEN => Ok(Box::new(Call(move || {
                let (mut values, vectors) = algos::linalg::symmetric_eigen(algos::linalg::gram(x.as_ref()).as_ref())?;
                std::hint::black_box(vectors);
                values.reverse();
                Ok((values.into_iter().map(|value| value.max(0.0).sqrt()).collect(), Effort::default()))
            }))),
            #[cfg(feature = "peers")]
            NALGEBRA => {
                let copy = nalgebra::DMatrix::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)]);
                Ok(Box::new(Call(move || {
                    let mut found: Vec<f64> = copy.clone().svd(true, true).singular_values.iter().copied().collect();
                    found.sort_by(|a, b| b.total_cmp(a));
                    Ok((found, Effort::default()))
                })))
            }
            _ => {
                let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
                let engine = Engine { simd: Simd::detect(), par };
                Ok(Box::new(Call(move || {
                    let done = svd::svd(variant, x.as_ref(), engine)?;
                    Ok((done.value.values, done.effort))
                })))
            }
        }
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let expected = self.expected.get_or_init(|| {
            let values = if self.relative {
                svd::singular_values(Variant::DeRijk, self.x.as_ref())
            } else {
                algos::linalg::singular_values(self.x.as_ref())
            };
            values.unwrap_or_default()
        });
        if expected.len() != output.values.len() {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), expected.len())));
        }
        let size = |exact: f64| if self.relative { exact } else { expected[0] };
        let errors = expected.iter().zip(&output.values).map(|(exact, x)| ((x - exact) / size(*exact)).abs());
        let error = stats::maximum(errors);
        // Eigenvalues of XᵀX have half the digits.
        let contract = if self.relative { 1e-11 } else { 1e-6 };
        Accuracy { error, contract }.kept()
    }

    fn work(&self, _: &str) -> Work {
        // What a bidiagonal method with both sets of vectors takes, for all variants alike.
        let (m, n) = (self.x.nrows() as f64, self.x.ncols() as f64);
        Work { flops: 6.0 * m * n * n + 16.0 * n * n * n, bytes: 24.0 * m * n }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        export(&self.x, folder)
    }
}

/// Writes the matrix, row by row.
fn export(x: &Mat<f64>, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let rows: Vec<f64> = x.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
    npy::write(&folder.join("x.npy"), &[x.nrows(), x.ncols()], &rows)
}

/// A variant as a function.
struct Call<F>(F);

impl<F: FnMut() -> Result<(Vec<f64>, Effort), Error> + Send> Run for Call<F> {
    fn run(&mut self) -> Result<Output, Error> {
        let (values, effort) = (self.0)()?;
        Ok(Output { values, effort })
    }
}

/// QR of a tall matrix.
const QR: Tall = Tall { m: 2000, n: 200 };

struct Tall {
    m: usize,
    n: usize,
}

impl Case for Tall {
    fn key(&self) -> &'static str {
        "factorize/qr-tall"
    }

    fn about(&self) -> &'static str {
        "QR factorization of a Gaussian 2000×200 matrix, Q formed"
    }

    fn scale(&self) -> Scale {
        Scale::Default
    }

    fn variants(&self) -> &'static [&'static str] {
        &["householder", "cholesky_qr2", FAER_QR]
    }

    fn role(&self, variant: &str) -> Role {
        role(variant)
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let x = gaussian(self.m, self.n, &mut ChaCha8Rng::seed_from_u64(seed));
        Ok(Box::new(TallMatrix { x, expected: OnceLock::new() }))
    }
}

struct TallMatrix {
    x: Mat<f64>,
    expected: OnceLock<Vec<f64>>,
}

/// `|R|`, by columns: the sign of rows is free.
fn entries(r: &Mat<f64>) -> Vec<f64> {
    r.col_iter().flat_map(|c| c.iter().map(|x| x.abs()).collect::<Vec<_>>()).collect()
}

impl Problem for TallMatrix {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let x = &self.x;
        if variant == FAER_QR {
            return Ok(Box::new(Call(move || {
                let factors = householder(x.as_ref());
                std::hint::black_box(factors.embed(Mat::<f64>::identity(x.ncols(), x.ncols()).as_ref()));
                Ok((entries(&factors.r()), Effort::default()))
            })));
        }
        let variant = qr::Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Call(move || {
            let done = qr::qr(variant, x.as_ref())?;
            std::hint::black_box(&done.value.q);
            Ok((entries(&done.value.r), done.effort))
        })))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let expected = self.expected.get_or_init(|| entries(&householder(self.x.as_ref()).r()));
        if expected.len() != output.values.len() {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), expected.len())));
        }
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        let distance = norm(&mut expected.iter().zip(&output.values).map(|(a, b)| a - b));
        Accuracy { error: distance / norm(&mut expected.iter().copied()), contract: 1e-12 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let (m, n) = (self.x.nrows() as f64, self.x.ncols() as f64);
        Work { flops: 4.0 * m * n * n, bytes: 16.0 * m * n }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        export(&self.x, folder)
    }
}
