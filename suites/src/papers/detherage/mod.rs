//! Detherage & Shah: matrix factorizations with uniformly random pivoting.

mod cases;
mod condition;
mod figures;
mod one_step;
mod runs;
mod sweeps;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "detherage",
    family: "factorize",
    title: "Matrix Factorizations with Uniformly Random Pivoting",
    authors: "Isabel Detherage and Rikhav Shah",
    year: 2025,
    link: "https://arxiv.org/abs/2505.02023",
    bibtex: "@misc{detherage2025matrix,
  author = {Isabel Detherage and Rikhav Shah},
  title  = {Matrix Factorizations with Uniformly Random Pivoting},
  year   = {2025},
  eprint = {2505.02023},
  archivePrefix = {arXiv},
  note   = {First version: A Unified Perspective on Orthogonalization and Diagonalization}
}",
    about: "Jacobi's method for eigenvalues and singular values, and elimination for Cholesky and QR factorizations, \
            are one iteration: take k columns at random, factorize that block, apply the small transformation, repeat. \
            All of them converge linearly in expectation at the same rate. We read the abstract and the introduction \
            and derive the exact law: the potential Γ = tr(A∘A⁻¹ − I) shrinks by the factor 1 − k(k−1)/(n(n−1)) in \
            expectation, because the change of Γ in a step depends on the chosen columns alone.",
    experiments: &[
        &one_step::OneStep,
        &one_step::SameSet,
        &runs::Runs,
        &runs::Growth,
        &condition::KappaGrowth,
        &sweeps::Sweeps,
    ],
    claims: &[
        one_step::EXACT,
        one_step::INDEPENDENT,
        runs::RATE,
        runs::SLOPE,
        runs::ASSUMPTIONS,
        runs::VILLE,
        condition::CLAIM,
        sweeps::CLAIM,
    ],
    figures: figures::ALL,
    cases: cases::ALL,
};
