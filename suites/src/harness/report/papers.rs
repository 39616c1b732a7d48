//! Papers and their figures as the report shows them.

use serde::Serialize;

use super::{
    claims::{ClaimView, Tally, tallies},
    experiments::ExperimentView,
    model::Source,
    number::seconds,
};
use crate::harness::{
    error::{Error, Result},
    folder::Folder,
    paper::{Figure, Paper},
};

/// A paper with everything that was run, judged and drawn for it.
#[derive(Serialize)]
pub struct PaperView {
    pub key: &'static str,
    pub family: &'static str,
    title: &'static str,
    authors: &'static str,
    year: u16,
    link: &'static str,
    bibtex: &'static str,
    about: &'static str,
    effort: String,
    /// The same as a number.
    #[serde(skip)]
    pub core_seconds: f64,
    reproduce: String,
    tallies: Vec<Tally>,
    pub claims: Vec<ClaimView>,
    pub experiments: Vec<ExperimentView>,
    figures: Vec<FigureView>,
}

/// A figure; without its drawing when the folder has none.
#[derive(Serialize)]
struct FigureView {
    key: &'static str,
    title: &'static str,
    alt: &'static str,
    file: String,
    svg: Option<String>,
}

impl PaperView {
    /// Joins a paper with what the folder holds of it.
    pub fn new(source: &Source<'_>, paper: &Paper) -> Result<Self> {
        let claims: Vec<_> =
            paper.claims.iter().map(|claim| ClaimView::new(source, paper, claim)).collect::<Result<_>>()?;
        let experiments = paper.experiments.iter().map(|e| ExperimentView::new(source, paper, *e));
        let made = paper.experiments.iter().map(|e| format!("{}/{}", paper.key, e.key()));
        let effort = made.filter_map(|name| source.provenance.experiments.get(&name));
        let core_seconds = effort.map(|made| made.core_seconds).sum();
        Ok(Self {
            key: paper.key,
            family: paper.family,
            title: paper.title,
            authors: paper.authors,
            year: paper.year,
            link: paper.link,
            bibtex: paper.bibtex,
            about: paper.about,
            effort: seconds(core_seconds),
            core_seconds,
            reproduce: source.reproduce(paper.key),
            tallies: tallies(claims.iter()),
            claims,
            experiments: experiments.collect::<Result<_>>()?,
            figures: paper.figures.iter().map(|f| FigureView::new(source, paper, f)).collect::<Result<_>>()?,
        })
    }
}

impl FigureView {
    /// Takes the drawing from the folder, unless it is left from rows that are gone.
    fn new(source: &Source<'_>, paper: &Paper, figure: &Figure) -> Result<Self> {
        let file = figure.file(paper);
        let current = figure.experiments.iter().all(|key| source.made(paper, key)) && source.folder.has(&file);
        let svg = if current { Some(drawing(source.folder, &file)?) } else { None };
        Ok(Self { key: figure.key, title: figure.title, alt: figure.alt, file, svg })
    }
}

/// An SVG file as text that may stand inside a page.
fn drawing(folder: &Folder, file: &str) -> Result<String> {
    let whole = |text: &String| text.starts_with("<svg") && text.trim_end().ends_with("</svg>");
    String::from_utf8(folder.read(file)?).ok().filter(whole).ok_or_else(|| {
        let path = folder.path(file);
        Error::input(format!("{} is not a whole SVG file; `residual check` draws it again", path.display()))
    })
}
