//! Patil & LeJeune: ensembles of ridge regressions on sketched features, and their generalized cross-validation.

mod decomposition;
mod figures;
mod gcv;
mod held_out;
mod insurance;
mod intervals;
mod real;
mod setting;
mod tuning;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "patil",
    family: "sketch",
    title: "Asymptotically Free Sketched Ridge Ensembles: Risks, Cross-Validation, and Tuning",
    authors: "Pratik Patil and Daniel LeJeune",
    year: 2024,
    link: "https://arxiv.org/abs/2310.04357",
    bibtex: "@inproceedings{patil2024asymptotically,
  author    = {Pratik Patil and Daniel LeJeune},
  title     = {Asymptotically Free Sketched Ridge Ensembles: Risks, Cross-Validation, and Tuning},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  eprint    = {2310.04357},
  archivePrefix = {arXiv}
}",
    about: "With asymptotically free sketches of the features, generalized cross-validation estimates the risk of an \
            ensemble of sketched ridge regressions consistently, and the ensemble tends to an unsketched ridge regression \
            with an implicit penalty. We read the abstract and the authors' code, whose CountSketch is a stack of about 57 \
            hash blocks with only whole buckets; formulas are from the code. Sizes at default are half of the paper's.",
    experiments: &[
        &gcv::Consistency,
        &gcv::Convergence,
        &gcv::Screening,
        &decomposition::Members,
        &decomposition::Trick,
        &tuning::Tuning,
        &intervals::Coverage,
        &real::DigitsRidge,
        &insurance::InsuranceRidge,
    ],
    claims: &[
        gcv::CONSISTENT,
        gcv::RATE,
        gcv::SCREENING,
        decomposition::ONE_OVER_K,
        decomposition::MU,
        decomposition::TRICK,
        tuning::CLAIM,
        intervals::CLAIM,
        real::CLAIM,
        insurance::CLAIM,
    ],
    figures: figures::ALL,
    cases: &[],
};
