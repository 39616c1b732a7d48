//! Song, Ye, Yin & Zhang: regression by sketching with coordinate-wise guarantees.

mod cases;
mod cost;
mod figures;
mod gap;
mod hadamard;
mod hard;
mod isotropy;
mod oce;
mod real;
mod setting;
mod sweeps;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "linf",
    family: "sketch",
    title: "A Nearly-Optimal Bound for Fast Regression with ℓ∞ Guarantee",
    authors: "Zhao Song, Mingquan Ye, Junze Yin and Lichen Zhang",
    year: 2023,
    link: "https://arxiv.org/abs/2302.00248",
    bibtex: "@inproceedings{song2023nearly,
  author    = {Zhao Song and Mingquan Ye and Junze Yin and Lichen Zhang},
  title     = {A Nearly-Optimal Bound for Fast Regression with $\\ell_\\infty$ Guarantee},
  booktitle = {International Conference on Machine Learning},
  series    = {PMLR},
  volume    = {202},
  pages     = {32463--32482},
  year      = {2023},
  eprint    = {2302.00248},
  archivePrefix = {arXiv}
}",
    about: "Sketch-and-solve with a dense structured sketch is claimed to be accurate in every coordinate with nearly \
            linearly many rows, where sparse sketches lose √d. Status: empirically consistent, proof disputed. A paper of \
            2026 by two of the authors (Song and Zhang, Hadamard Flattening and Gaussian Pooling Sketch for Least Squares \
            with Coordinate-wise Guarantee) finds a gap in the proof: a property of fixed pairs of vectors is applied to \
            vectors that depend on the sketch. Both of its counterexamples to that step are claims here; our measurements \
            show no violation of the bound by the SRHT itself. Of the paper of 2023 we read the abstract; it has no \
            experiments, all instances and ranges are ours.",
    experiments: &[
        &hard::Hard,
        &hard::Incoherent,
        &sweeps::Sparsity,
        &sweeps::Rate,
        &sweeps::Pooled,
        &sweeps::Sampling,
        &oce::Probes,
        &gap::Adaptive,
        &gap::GaussianDiagonal,
        &isotropy::Isotropy,
        &isotropy::NeededSigns,
        &cost::Work,
        &real::Digits,
    ],
    claims: &[
        hard::DENSE_FLAT,
        hard::SPARSE_LOSES,
        hard::NO_SEPARATION,
        hard::INCOHERENT,
        sweeps::THRESHOLD,
        sweeps::EPS_RATE,
        sweeps::POOLED,
        sweeps::LEVERAGE,
        oce::FIXED,
        oce::TENSOR,
        gap::ADAPTIVE,
        gap::DIAGONAL,
        isotropy::ISOTROPY,
        isotropy::SIGNS,
        cost::CLAIM,
        real::CLAIM,
    ],
    figures: figures::ALL,
    cases: cases::ALL,
};
