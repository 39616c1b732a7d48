//! The papers under test: one file or folder each, one line each in [`ALL`].

use crate::harness::paper::Paper;

pub mod altmin;
pub mod backurs;
pub mod blendenpik;
pub mod bunch;
pub mod charikar;
pub mod chebtuck;
pub mod demmel;
pub mod detherage;
mod diagonalization;
pub mod ding;
pub mod fang;
pub mod greengard;
pub mod indyk;
pub mod langevin;
pub mod linf;
pub mod oversense;
pub mod patil;
pub mod rahimi;
mod sensing;
pub mod shah;
mod sketching;
pub mod spm;
pub mod subgm;

/// All papers, in the order of reports.
pub const ALL: &[&Paper] = &[
    &subgm::PAPER,
    &ding::PAPER,
    &altmin::PAPER,
    &oversense::PAPER,
    &detherage::PAPER,
    &shah::PAPER,
    &demmel::PAPER,
    &linf::PAPER,
    &blendenpik::PAPER,
    &patil::PAPER,
    &indyk::PAPER,
    &charikar::PAPER,
    &rahimi::PAPER,
    &greengard::PAPER,
    &backurs::PAPER,
    &bunch::PAPER,
    &fang::PAPER,
    &spm::PAPER,
    &langevin::PAPER,
    &chebtuck::PAPER,
];
