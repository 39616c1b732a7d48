//! Ma & Fattahi: global convergence of the sub-gradient method for robust matrix recovery.

mod alpha;
pub mod cases;
mod density;
mod dependent;
mod digits;
mod exponential;
mod figures;
mod gaussian;
mod magnitude;
mod mechanism;
mod overfit;
mod pace;
mod peers;
mod rank;
mod rank_one;
mod samples;
mod sign_rip;
mod truth;
mod variants;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "subgm",
    family: "recovery",
    title: "Global Convergence of Sub-gradient Method for Robust Matrix Recovery: Small Initialization, Noisy Measurements, and Over-parameterization",
    authors: "Jianhao Ma and Salar Fattahi",
    year: 2023,
    link: "https://arxiv.org/abs/2202.08788",
    bibtex: "@article{ma2023global,
  author  = {Jianhao Ma and Salar Fattahi},
  title   = {Global Convergence of Sub-gradient Method for Robust Matrix Recovery: Small Initialization, Noisy Measurements, and Over-parameterization},
  journal = {Journal of Machine Learning Research},
  year    = {2023},
  eprint  = {2202.08788},
  archivePrefix = {arXiv}
}",
    about: "A low-rank positive semidefinite matrix is recovered from linear measurements, part of which are grossly \
            corrupted, by sub-gradient steps on the mean absolute residual of a factorization whose width only \
            over-estimates the rank. From a very small start the method behaves as if the rank were known, tolerates \
            outliers of any size and density, and ends at the truth even where the truth does not minimise the loss. \
            We read the abstract and the introduction; the algorithm's details, sizes and thresholds are ours where \
            a claim does not say otherwise. Step schedules use the known spectrum of the planted truth and the known \
            density of outliers.",
    experiments: &[
        &rank::RankAgnostic,
        &rank_one::RankOne,
        &samples::SampleComplexity,
        &exponential::Exponential,
        &alpha::AlphaPower,
        &magnitude::OutlierMagnitude,
        &density::OutlierDensity,
        &truth::TruthNotOptimal,
        &gaussian::GaussianRate,
        &sign_rip::Scaling,
        &sign_rip::Spread,
        &mechanism::Mechanism,
        &overfit::Overfit,
        &dependent::DependentOutliers,
        &digits::RealDigits,
        &variants::Agreement,
        &variants::Screening,
        &pace::Pace,
    ],
    claims: &[
        rank::CLAIM,
        rank_one::CLAIM,
        samples::CLAIM,
        exponential::CLAIM,
        alpha::CLAIM,
        magnitude::CLAIM,
        density::CLAIM,
        truth::CLAIM,
        gaussian::CLAIM,
        sign_rip::SCALING,
        sign_rip::SPREAD,
        mechanism::CLAIM,
        overfit::CLAIM,
        dependent::CLAIM,
        digits::CLAIM,
        variants::AGREE,
        samples::CONSTANT,
        overfit::EARLY,
        variants::LAZY,
        pace::CLAIM,
    ],
    figures: figures::ALL,
    cases: cases::ALL,
};
