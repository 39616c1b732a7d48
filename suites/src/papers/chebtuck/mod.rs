//! Benner, Khoromskij, Khoromskaia & Sun: Chebyshev series with coefficients in Tucker form.

mod cases;
mod cusp;
mod figures;
mod grid;
mod line;
mod particles;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "chebtuck",
    family: "tensor",
    title: "A mesh-free hybrid Chebyshev-Tucker tensor format with applications to multi-particle modelling",
    authors: "Peter Benner, Boris N. Khoromskij, Venera Khoromskaia and Bonan Sun",
    year: 2025,
    link: "https://arxiv.org/abs/2503.01696",
    bibtex: "@misc{benner2025chebtuck,
  author = {Peter Benner and Boris N. Khoromskij and Venera Khoromskaia and Bonan Sun},
  title  = {A mesh-free hybrid {Chebyshev-Tucker} tensor format with applications to multi-particle modelling},
  year   = {2025},
  eprint = {2503.01696},
  archivePrefix = {arXiv}
}",
    about: "A function on a cube is interpolated at Chebyshev points and its coefficients are compressed to Tucker form, \
            from the whole array or, for sums of separable terms, without it. We read the abstract and the authors' \
            code. Their particles come from data that are not public; ours are random, and their potential is a sum of \
            Gaussians.",
    experiments: &[&line::Line, &particles::Potentials, &cusp::Cusps, &grid::Grids],
    claims: &[
        line::CLAIM,
        particles::NEAR_OPTIMAL,
        particles::BELOW_DEGREE,
        particles::DECAY,
        particles::SATURATION,
        particles::UNDER_RESOLVED,
        cusp::CLAIM,
        grid::CLAIM,
    ],
    figures: &[figures::ERROR, figures::SPECTRUM, figures::RANK, grid::FIGURE],
    cases: cases::ALL,
};

/// The tolerance of the compression, that of the authors' code.
const TOLERANCE: f64 = 1e-7;

/// Points of a uniform grid in one direction, both ends included; an even number leaves the origin out.
const GRID: usize = 100;

/// `n` equidistant points of `[−1, 1]`.
fn equidistant(n: usize) -> Vec<f64> {
    (0..n).map(|i| (2.0 * i as f64 - (n - 1) as f64) / (n - 1) as f64).collect()
}
