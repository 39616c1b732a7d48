//! A paper: its citation and everything that is run, judged and drawn for it.

use super::{
    case::Case,
    claim::{Claim, Unjudged},
    experiment::AnyExperiment,
    figure::Panel,
    rows::Rows,
};

/// A paper under test. One file in `papers/` makes one, one line in its list registers it.
pub struct Paper {
    /// The key: folder name in results.
    pub key: &'static str,
    /// The family of `algos` that implements it.
    pub family: &'static str,
    /// Title.
    pub title: &'static str,
    /// Authors, as cited.
    pub authors: &'static str,
    /// Year of publication.
    pub year: u16,
    /// DOI or arXiv address.
    pub link: &'static str,
    /// The BibTeX entry.
    pub bibtex: &'static str,
    /// What the paper proves and how we test it, in a few sentences of ours.
    pub about: &'static str,
    /// What is run.
    pub experiments: &'static [&'static dyn AnyExperiment],
    /// What is judged.
    pub claims: &'static [Claim],
    /// What is drawn.
    pub figures: &'static [Figure],
    /// What is timed and compared.
    pub cases: &'static [&'static dyn Case],
}

/// A figure: rows in, panels out; it draws nothing itself.
pub struct Figure {
    /// The key: the file name without `.svg`.
    pub key: &'static str,
    /// The title.
    pub title: &'static str,
    /// What a reader who cannot see the figure should know.
    pub alt: &'static str,
    /// The experiments of the same paper whose rows it shows.
    pub experiments: &'static [&'static str],
    /// The panels.
    pub draw: fn(&Rows<'_>) -> Result<Vec<Panel>, Unjudged>,
}

impl Paper {
    /// The experiment with this key.
    pub fn experiment(&self, key: &str) -> Option<&'static dyn AnyExperiment> {
        self.experiments.iter().copied().find(|e| e.key() == key)
    }
}

impl Figure {
    /// The file in a result folder.
    pub fn file(&self, paper: &Paper) -> String {
        format!("{}/{}.svg", paper.key, self.key)
    }
}
