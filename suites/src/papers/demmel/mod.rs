//! Demmel & Veselić: Jacobi's method is more accurate than QR.

pub mod cases;
mod certificate;
mod certified_data;
mod double;
mod graded;
mod inner;
mod judge;
mod least_squares;
mod real;
mod times;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "demmel",
    family: "factorize",
    title: "Jacobi's Method is More Accurate than QR",
    authors: "James Demmel and Krešimir Veselić",
    year: 1992,
    link: "https://doi.org/10.1137/0613074",
    bibtex: "@article{demmel1992jacobi,
  author  = {James Demmel and Kre\\v{s}imir Veseli\\'c},
  title   = {Jacobi's Method is More Accurate than {QR}},
  journal = {SIAM Journal on Matrix Analysis and Applications},
  volume  = {13},
  number  = {4},
  pages   = {1204--1245},
  year    = {1992},
  doi     = {10.1137/0613074}
}",
    about: "Jacobi rotations compute singular values to a relative accuracy that depends on the condition of the matrix \
            with its columns scaled to unit norm, not on the scales. Why random pivots need no preconditioning for it is \
            the matter of Detherage and Shah; here the accuracy itself is measured, for the literal method and for fast \
            variants, against a judge in double-double arithmetic. We recall the theorems and did not re-read them.",
    experiments: &[
        &graded::Graded,
        &certificate::Certificates,
        &inner::InnerSolver,
        &least_squares::Regression,
        &real::RealValues,
        &times::Times,
    ],
    claims: &[
        graded::ACCURATE,
        graded::NO_ADVANTAGE,
        graded::PIVOTING,
        certificate::CLAIM,
        inner::CLAIM,
        least_squares::CLAIM,
        real::CLAIM,
        times::CLAIM,
    ],
    figures: &[graded::FIGURE, certificate::FIGURE, least_squares::FIGURE, times::FIGURE],
    cases: cases::ALL,
};
