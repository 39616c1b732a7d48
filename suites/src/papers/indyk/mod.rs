//! Indyk, Kapralov, Sheth & Wagner: kernel matrix-vector products under sparsity assumptions.

mod agree;
pub mod cases;
mod crossover;
mod digits;
mod error;
mod growth;
mod parts;
mod published;
pub(in crate::papers) mod setting;
mod tiles;
mod work;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "indyk",
    family: "kernel",
    title: "Improved Algorithms for Kernel Matrix-Vector Multiplication Under Sparsity Assumptions",
    authors: "Piotr Indyk, Michael Kapralov, Kshiteej Sheth and Tal Wagner",
    year: 2025,
    link: "https://arxiv.org/abs/2507.23539",
    bibtex: "@inproceedings{indyk2025improved,
  author    = {Piotr Indyk and Michael Kapralov and Kshiteej Sheth and Tal Wagner},
  title     = {Improved Algorithms for Kernel Matrix-Vector Multiplication Under Sparsity Assumptions},
  booktitle = {International Conference on Learning Representations},
  year      = {2025},
  eprint    = {2507.23539},
  archivePrefix = {arXiv}
}",
    about: "If the entries of a Gaussian kernel matrix outside its n largest sum to at most a constant times these, its product \
            with any real vector is approximated in time n^1.89, the first subquadratic bound without a sign condition. The paper \
            shows the assumption on attention layers and times nothing. We read the abstract and public reviews; thresholds and \
            constants are our derivation. The question that we add is when it pays.",
    experiments: &[
        &growth::Growth,
        &growth::Tails,
        &error::Errors,
        &parts::Unbiased,
        &parts::Ablation,
        &parts::Hub,
        &work::Scaling,
        &published::Published,
        &agree::Exactness,
        &agree::Attention,
        &digits::Digits,
        &crossover::Crossover,
        &tiles::Tiles,
    ],
    claims: &[
        agree::EXACT,
        growth::LINEAR,
        growth::TAIL,
        error::CLAIM,
        parts::UNBIASED,
        parts::HALVES,
        parts::HUBS,
        work::CLAIM,
        published::CLAIM,
        agree::ATTENTION,
        digits::CLAIM,
        crossover::CLAIM,
        tiles::CLAIM,
    ],
    figures: &[growth::FIGURE, parts::FIGURE, work::FIGURE, crossover::FIGURE],
    cases: cases::ALL,
};
