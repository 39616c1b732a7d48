//! Cases of the family `tensor`: whole decompositions.

use std::{fs, io, path::Path};

use algos::{
    Effort, Error, Par,
    linalg::{distance, product},
    tensor::{Decomposition, Options, SymmetricTensor, Variant, decompose, instance::Spec, relative_error},
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&SMALL, &FEW, &MEDIUM, &LARGE];

const SMALL: Planted = Planted {
    key: "tensor/spm-d20-r120",
    about: "decomposition of a tensor of order 4, d = 20, rank 120, of unknown rank",
    scale: Scale::Smoke,
    d: 20,
    r: 120,
};

/// Few enough components for alternating least squares.
const FEW: Planted = Planted {
    key: "tensor/spm-d20-r10",
    about: "decomposition of a tensor of order 4, d = 20, rank 10, of unknown rank",
    scale: Scale::Default,
    d: 20,
    r: 10,
};

const MEDIUM: Planted = Planted {
    key: "tensor/spm-d40-r200",
    about: "decomposition of a tensor of order 4, d = 40, rank 200, of unknown rank",
    scale: Scale::Default,
    d: 40,
    r: 200,
};

const LARGE: Planted = Planted {
    key: "tensor/spm-d40-r400",
    about: "decomposition of a tensor of order 4, d = 40, rank 400, of unknown rank",
    scale: Scale::Default,
    d: 40,
    r: 400,
};

/// The largest relative error of a reconstruction.
const CONTRACT: f64 = 1e-10;

struct Planted {
    key: &'static str,
    about: &'static str,
    scale: Scale,
    d: usize,
    r: usize,
}

impl Case for Planted {
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
        &["reference", "packed", "block", "newton", "partial"]
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let (tensor, _) = Spec::new(4, self.d, self.r).draw(&mut ChaCha8Rng::seed_from_u64(seed))?;
        let options = Options { seed: seed ^ 0x5350_4d00, ..Options::default() };
        Ok(Box::new(Quartic { tensor, rank: self.r, options, contract: CONTRACT }))
    }
}

/// A tensor of order 4 to be decomposed.
pub(super) struct Quartic {
    pub tensor: SymmetricTensor,
    pub rank: usize,
    pub options: Options,
    /// The largest relative error of a reconstruction.
    pub contract: f64,
}

impl Quartic {
    /// The relative error of a decomposition without the symmetry: `R` weights, then the columns of four factors.
    fn general_error(&self, values: &[f64]) -> Result<f64, Error> {
        let (d, r) = (self.tensor.dimension(), self.rank);
        let (weights, factors) = values.split_at(r);
        let factor = |k: usize, i: usize, j: usize| factors[(k * r + j) * d + i];
        let left = Mat::from_fn(d * d, r, |at, j| weights[j] * factor(0, at % d, j) * factor(1, at / d, j));
        let right = Mat::from_fn(d * d, r, |at, j| factor(2, at % d, j) * factor(3, at / d, j));
        let whole = product(left.as_ref(), right.transpose());
        let dense = self.tensor.to_dense()?;
        let exact = Mat::from_fn(d * d, d * d, |a, b| dense[[a % d, a / d, b % d, b / d]]);
        Ok(distance(whole.as_ref(), exact.as_ref()) / self.tensor.norm())
    }
}

impl Problem for Quartic {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Own { problem: self, variant }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let (d, r) = (self.tensor.dimension(), self.rank);
        if output.values.len() == r * (4 * d + 1) {
            let error = self.general_error(&output.values).map_err(|e| Wrong(e.to_string()))?;
            return Accuracy { error, contract: self.contract }.kept();
        }
        if output.values.len() != r * (d + 1) {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), r * (d + 1))));
        }
        let (weights, vectors) = output.values.split_at(r);
        let vectors = Mat::from_fn(d, r, |i, j| vectors[j * d + i]);
        let error = relative_error(&self.tensor, vectors.as_ref(), weights).map_err(|e| Wrong(e.to_string()))?;
        Accuracy { error, contract: self.contract }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let side = (self.tensor.dimension() * (self.tensor.dimension() + 1) / 2) as f64;
        let r = self.rank as f64;
        // The range of the flattening by random products, and the steps of the fastest variant: what costs as much as 30
        // of 4Nk flops for each component.
        let extraction = 4.0 * side * side * r + 8.0 * side * r * r + 9.0 * r.powi(3);
        Work { flops: extraction + 60.0 * side * r * r, bytes: 8.0 * side * (side + r) }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let dense = self.tensor.to_dense().map_err(io::Error::other)?;
        let values: Vec<f64> = dense.iter().copied().collect();
        npy::write(&folder.join("tensor.npy"), dense.shape(), &values)?;
        npy::write(&folder.join("rank.npy"), &[], &[self.rank as f64])
    }
}

struct Own<'a> {
    problem: &'a Quartic,
    variant: Variant,
}

impl Run for Own<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let outcome = decompose(self.variant, &self.problem.tensor, &self.problem.options)?;
        let Decomposition { vectors, weights, .. } = outcome.value;
        Ok(output(weights, &vectors, outcome.effort))
    }
}

/// Weights, then vectors.
pub(super) fn output(weights: Vec<f64>, vectors: &Mat<f64>, effort: Effort) -> Output {
    let mut values = weights;
    (0..vectors.ncols()).for_each(|j| values.extend_from_slice(vectors.col_as_slice(j)));
    Output { values, effort }
}
