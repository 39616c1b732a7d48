//! Judges the claims of a result folder and writes everything that follows from its tables.

use std::collections::BTreeMap;

use super::{
    claim::{Claim, Judgement, Kind},
    error::{Error, Result},
    figure,
    folder::Folder,
    paper::{Figure, Paper},
    provenance::Provenance,
    record::Record,
    report,
    rows::Rows,
    schema,
    verdicts::{self, CHECKS, CLAIMS, CheckRow, ClaimRow, TIMING_CLAIMS},
};

/// The verdicts of a folder while they come in.
pub struct Bench<'a> {
    folder: &'a Folder,
    papers: &'static [&'static Paper],
    provenance: &'a Provenance,
    judged: BTreeMap<&'static str, (ClaimRow, Vec<CheckRow>)>,
}

impl<'a> Bench<'a> {
    /// No claim is judged yet.
    pub fn new(folder: &'a Folder, papers: &'static [&'static Paper], provenance: &'a Provenance) -> Self {
        Self { folder, papers, provenance, judged: BTreeMap::new() }
    }

    /// Judges one claim whose tables are there.
    pub fn judge(&mut self, paper: &'static Paper, claim: &'static Claim) -> Result<&ClaimRow> {
        let (scale, seed) = (self.provenance.scale, self.provenance.seed);
        let judgement = match missing(paper, claim.experiments, self.provenance)? {
            Some(why) => Judgement::skipped(why),
            None => claim.judge(&Rows::new(self.folder, paper.key), scale)?,
        };
        let row = ClaimRow::new(paper, claim, &judgement, scale, seed);
        let checks = CheckRow::all(paper, claim, &judgement);
        Ok(&self.judged.entry(claim.key).insert_entry((row, checks)).into_mut().0)
    }

    /// Whether all verdicts so far are the expected ones; verdicts on times do not count.
    pub fn as_expected(&self) -> bool {
        self.judged.values().all(|(row, _)| row.kind == Kind::Timing.name() || row.as_expected())
    }

    /// Writes verdicts, figures, schema and report. Rows of claims that were not judged now stay as they are.
    pub fn write(&self) -> Result<Vec<ClaimRow>> {
        let old: Vec<ClaimRow> = [CLAIMS, TIMING_CLAIMS]
            .iter()
            .map(|file| verdicts::read(self.folder, file))
            .collect::<Result<Vec<_>>>()?
            .concat();
        let old_checks: Vec<CheckRow> = verdicts::read(self.folder, CHECKS)?;
        let (mut rows, mut checks) = (Vec::new(), Vec::new());
        for claim in self.papers.iter().flat_map(|p| p.claims) {
            if let Some((row, its)) = self.judged.get(claim.key) {
                rows.push(row.clone());
                checks.extend(its.iter().cloned());
            } else {
                rows.extend(old.iter().filter(|r| r.claim == claim.key).cloned());
                checks.extend(old_checks.iter().filter(|c| c.claim == claim.key).cloned());
            }
        }
        let (timing, lasting): (Vec<_>, Vec<_>) = rows.iter().partition(|r| r.kind == Kind::Timing.name());
        verdicts::write(self.folder, CLAIMS, ClaimRow::COLUMNS, &lasting)?;
        if !timing.is_empty() {
            verdicts::write(self.folder, TIMING_CLAIMS, ClaimRow::COLUMNS, &timing)?;
        }
        verdicts::write(self.folder, CHECKS, CheckRow::COLUMNS, &checks)?;
        schema::write(self.folder, self.papers, self.provenance)?;
        report::write(self.folder, self.papers, self.provenance, &rows, &checks)?;
        Ok(rows)
    }

    /// Draws a figure whose tables are there.
    pub fn draw(&self, paper: &Paper, figure: &Figure) -> Result<()> {
        draw(self.folder, paper, figure)
    }
}

/// Why a claim cannot be judged at the folder's scale: an experiment that is not run there.
fn missing(paper: &Paper, experiments: &[&str], provenance: &Provenance) -> Result<Option<String>> {
    for key in experiments {
        let experiment = paper
            .experiment(key)
            .ok_or_else(|| Error::broken(format!("paper `{}` has no experiment `{key}`", paper.key)))?;
        if experiment.points(provenance.scale)?.is_empty() {
            return Ok(Some(format!("`{key}` is not run at scale {}", provenance.scale)));
        }
    }
    Ok(None)
}

/// Draws one figure into the folder.
fn draw(folder: &Folder, paper: &Paper, figure: &Figure) -> Result<()> {
    use super::claim::Unjudged;
    let file = format!("{}/{}.svg", paper.key, figure.key);
    match (figure.draw)(&Rows::new(folder, paper.key)) {
        Ok(panels) => {
            let svg = figure::svg(figure.title, figure.alt, &panels)
                .map_err(|e| Error::broken(format!("figure {file}: {e}")))?;
            folder.write(&file, svg.as_bytes()).map(|_| ())
        }
        Err(Unjudged::NoPower(_)) => folder.remove(&file),
        Err(Unjudged::Rows(e)) => Err(e),
    }
}

/// Whether all experiments of a list are in the folder, or are not run at its scale.
pub fn complete(paper: &Paper, experiments: &[&str], provenance: &Provenance) -> Result<bool> {
    for key in experiments {
        let made = provenance.experiments.contains_key(&format!("{}/{key}", paper.key));
        let empty = paper.experiment(key).map(|e| e.points(provenance.scale)).transpose()?.is_some_and(|p| p.is_empty());
        if !made && !empty {
            return Ok(false);
        }
    }
    Ok(true)
}
