//! Kileel & Pereira: the subspace power method for symmetric tensor decomposition.

mod ascent;
mod baselines;
mod cases;
mod climb;
mod deflation;
mod digits;
mod figures;
mod landscape;
mod noise;
mod phase;
mod recovery;
mod setting;
mod times;

use crate::harness::prelude::*;

pub(super) use setting::experiment;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "spm",
    family: "tensor",
    title: "Subspace power method for symmetric tensor decomposition",
    authors: "Joe Kileel and João M. Pereira",
    year: 2025,
    link: "https://arxiv.org/abs/1912.04007",
    bibtex: "@article{kileel2025subspace,
  author  = {Joe Kileel and Jo{\\~a}o M. Pereira},
  title   = {Subspace power method for symmetric tensor decomposition},
  journal = {Numerical Algorithms},
  year    = {2025},
  doi     = {10.1007/s11075-025-02165-y},
  eprint  = {1912.04007},
  archivePrefix = {arXiv}
}",
    about: "A symmetric tensor of low rank is decomposed one component at a time: its flattening spans the powers of the \
            components, a shifted power iteration finds them in that span, and one rotation removes each. We read the \
            abstract and the authors' code; statements of theorems are recalled or derived, as each claim says.",
    experiments: &[
        &recovery::Recovery,
        &recovery::Detection,
        &climb::Monotone,
        &climb::Unconditional,
        &climb::LocalRate,
        &landscape::Ends25,
        &deflation::Deflation,
        &baselines::Naive,
        &baselines::Eigen,
        &baselines::LeastSquares,
        &baselines::Shifts,
        &phase::Phase,
        &noise::Noise,
        &ascent::Ascents,
        &digits::Digits,
        &times::Times,
        &times::Splits,
    ],
    claims: &[
        recovery::EXACT,
        recovery::RANK,
        recovery::AGREE,
        recovery::WORK,
        climb::MONOTONE,
        climb::UNCONDITIONAL,
        climb::RATE,
        landscape::CLAIM,
        deflation::CLAIM,
        baselines::NAIVE,
        baselines::GEVD,
        baselines::NLS,
        baselines::SHIFT,
        phase::CLAIM,
        noise::LINEAR,
        noise::POLISH,
        digits::CLAIM,
        times::CLAIM,
    ],
    figures: &[
        landscape::FIGURE,
        phase::FIGURE,
        ascent::FIGURE,
        figures::RATE,
        noise::FIGURE,
        figures::GEVD,
        digits::FIGURE,
        times::FIGURE,
        times::PHASES,
    ],
    cases: cases::ALL,
};
