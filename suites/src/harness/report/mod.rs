//! `REPORT.md` and `index.html`: what was claimed, what was measured, how far to trust it.
//!
//! | question | module |
//! | --- | --- |
//! | what is in the report? | [`model`], [`papers`], [`claims`], [`experiments`], [`speed`], [`facts`], [`alarm`] |
//! | how is it written down? | [`number`], [`bar`], [`text`], [`render`], `templates/` |
//! | what goes into the README? | [`readme`] |
//!
//! The report is a function of the papers, the verdicts and the files of the folder, and of `../peers/peers.csv` where
//! that is: the same files give the same bytes. Durations come from `provenance.json`; no clock is read.

mod alarm;
mod bar;
mod claims;
mod experiments;
mod facts;
mod model;
pub mod number;
mod papers;
mod readme;
mod render;
mod speed;
mod text;

use super::{
    error::Result,
    folder::Folder,
    paper::Paper,
    provenance::Provenance,
    verdicts::{CheckRow, ClaimRow},
};
use model::Report;

pub use readme::{splice, splice_peers};

/// The page: one file that needs no other.
pub const PAGE: &str = "index.html";
/// The same in Markdown; its figures are the files beside it.
pub const MARKDOWN: &str = "REPORT.md";

/// Writes the report of a folder.
pub fn write(
    folder: &Folder,
    papers: &[&Paper],
    provenance: &Provenance,
    rows: &[ClaimRow],
    checks: &[CheckRow],
) -> Result<()> {
    let report = Report::new(folder, papers, provenance, rows, checks)?;
    folder.write(PAGE, render::page(&report)?.as_bytes())?;
    folder.write(MARKDOWN, render::markdown(&report)?.as_bytes())?;
    Ok(())
}
