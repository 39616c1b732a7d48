//! Xiong, Ding & Du: how over-parameterization slows down gradient descent in matrix sensing.

mod asymmetric;
mod figures;
mod setting;
mod symmetric;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "oversense",
    family: "completion",
    title: "How Over-Parameterization Slows Down Gradient Descent in Matrix Sensing: The Curses of Symmetry and Initialization",
    authors: "Nuoya Xiong, Lijun Ding and Simon S. Du",
    year: 2024,
    link: "https://arxiv.org/abs/2310.01769",
    bibtex: "@inproceedings{xiong2024how,
  author    = {Nuoya Xiong and Lijun Ding and Simon S. Du},
  title     = {How Over-Parameterization Slows Down Gradient Descent in Matrix Sensing: The Curses of Symmetry and Initialization},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  eprint    = {2310.01769},
  archivePrefix = {arXiv}
}",
    about: "Recovering a low-rank matrix from near-isotropic linear measurements by gradient descent on factors with more \
            columns than the rank: slow (1/T²) on the symmetric factorization, linear on the asymmetric one at a rate \
            set by the start's scale, and linear at a rate free of it after one modified step. We read the abstract and \
            public reviews; sizes are ours. Rates in the population, where the measurements are the identity, are \
            derived.",
    experiments: &[&symmetric::Symmetric, &asymmetric::Asymmetric],
    claims: &[
        symmetric::EXACT,
        symmetric::OVER,
        asymmetric::LINEAR,
        asymmetric::SQUARE,
        asymmetric::MODIFIED_STEP,
        symmetric::BALANCED,
        asymmetric::SAME_SCALE,
        asymmetric::SYMMETRISED,
    ],
    figures: figures::ALL,
    cases: &[],
};
