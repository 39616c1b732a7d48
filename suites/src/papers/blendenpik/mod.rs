//! Avron, Maymounkov & Toledo: Blendenpik, least squares by a sketched preconditioner.

mod cases;
mod conditioning;
mod pace;
mod real;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "blendenpik",
    family: "sketch",
    title: "Blendenpik: Supercharging LAPACK's Least-Squares Solver",
    authors: "Haim Avron, Petar Maymounkov and Sivan Toledo",
    year: 2010,
    link: "https://doi.org/10.1137/090767911",
    bibtex: "@article{avron2010blendenpik,
  author  = {Haim Avron and Petar Maymounkov and Sivan Toledo},
  title   = {Blendenpik: Supercharging {LAPACK}'s Least-Squares Solver},
  journal = {SIAM Journal on Scientific Computing},
  volume  = {32},
  number  = {3},
  pages   = {1217--1236},
  year    = {2010},
  doi     = {10.1137/090767911}
}",
    about: "The triangular factor of a sketch of A preconditions LSQR: the condition of A R⁻¹ and with it the number of \
            iterations depends on the size of the sketch alone, not on A. We recall the method and its analysis and did \
            not re-read the paper; the problems are ours.",
    experiments: &[&conditioning::Conditioning, &real::Insurance, &pace::Pace],
    claims: &[conditioning::KAPPA, conditioning::RATE, real::CLAIM, pace::CLAIM],
    figures: &[conditioning::FIGURE, pace::FIGURE],
    cases: cases::ALL,
};
