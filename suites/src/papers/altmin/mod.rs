//! Gu, Song, Yin & Zhang: matrix completion by robust alternating minimization, and the algorithm of Jain, Netrapalli &
//! Sanghavi that it builds on.

mod cases;
mod coherence;
mod contraction;
mod cost;
mod elevation;
mod figures;
mod geometric;
mod half_sweep;
mod hidden;
mod inexact;
mod init;
mod nuclear;
mod phase;
mod precondition;
mod robust;
mod setting;
mod split;

use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "altmin",
    family: "completion",
    title: "Low Rank Matrix Completion via Robust Alternating Minimization in Nearly Linear Time",
    authors: "Yuzhou Gu, Zhao Song, Junze Yin and Lichen Zhang",
    year: 2024,
    link: "https://arxiv.org/abs/2302.11068",
    bibtex: "@inproceedings{gu2024low,
  author    = {Yuzhou Gu and Zhao Song and Junze Yin and Lichen Zhang},
  title     = {Low Rank Matrix Completion via Robust Alternating Minimization in Nearly Linear Time},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  eprint    = {2302.11068},
  archivePrefix = {arXiv}
}",
    about: "Alternating minimization for matrix completion still converges when every least-squares update is only \
            solved approximately, so that a sweep costs about |Ω|k instead of |Ω|k². The paper is purely theoretical: \
            all experiments are ours and test what the theorem says qualitatively. The base algorithm is AltMinComplete \
            of Jain, Netrapalli & Sanghavi (arXiv:1212.0467). We read the abstract and public reviews; the algorithm's \
            details are recalled where a claim does not say otherwise.",
    experiments: &[
        &geometric::Geometric,
        &contraction::Contraction,
        &robust::Robust,
        &inexact::Inexact,
        &cost::Work,
        &phase::Phase,
        &coherence::Coherence,
        &init::Starts,
        &split::Split,
        &precondition::Precondition,
        &nuclear::Nuclear,
        &nuclear::Digits,
        &elevation::Elevation,
    ],
    claims: &[
        geometric::CLAIM,
        contraction::CLAIM,
        robust::FLOOR,
        robust::RATE,
        inexact::FEW,
        inexact::TRAPS,
        cost::RANK_CLAIM,
        cost::ENTRIES_CLAIM,
        phase::CLAIM,
        coherence::NEEDED,
        coherence::CLIP,
        init::CLAIM,
        split::CLAIM,
        precondition::CLAIM,
        nuclear::CLAIM,
        nuclear::DIGITS,
        elevation::LAW,
        elevation::SIGNAL,
        elevation::SHRINKAGE,
    ],
    figures: figures::ALL,
    cases: cases::ALL,
};
