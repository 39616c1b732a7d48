//! `REPORT.md` and `index.html`.

use std::path::Path;

use super::{
    error::Result,
    folder::Folder,
    paper::Paper,
    provenance::Provenance,
    verdicts::{CheckRow, ClaimRow},
};

/// Writes the report of a folder.
pub fn write(
    _folder: &Folder,
    _papers: &[&Paper],
    _provenance: &Provenance,
    _rows: &[ClaimRow],
    _checks: &[CheckRow],
) -> Result<()> {
    Ok(())
}

/// Replaces the generated blocks of a README.
pub fn splice(_readme: &Path, _rows: &[ClaimRow]) -> Result<()> {
    Ok(())
}
