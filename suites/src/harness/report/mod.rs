//! `REPORT.md` and `index.html`: what was claimed, what was measured, how far to trust it.
//!
//! | question | module |
//! | --- | --- |
//! | what is in the report? | [`model`], [`claims`], [`experiments`], [`facts`], [`alarm`] |
//! | how is it written down? | [`number`], [`bar`], [`text`], [`render`], `templates/` |
//! | what goes into the README? | [`readme`] |
//!
//! The report is a function of the papers, the verdicts and the files of the folder: the same folder gives the same
//! bytes. Durations come from `provenance.json`; no clock is read.

mod alarm;
mod bar;
mod claims;
mod experiments;
mod facts;
mod model;
mod number;
mod readme;
mod render;
mod text;

use super::{
    error::Result,
    folder::Folder,
    paper::Paper,
    provenance::Provenance,
    verdicts::{CheckRow, ClaimRow},
};
use model::Report;

pub use readme::splice;

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
