//! Judges the claims of a result folder and writes everything that follows from its tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    claim::{Claim, Judgement, Kind, Unjudged},
    error::{Error, Result},
    experiment::Scale,
    figure,
    folder::Folder,
    history,
    paper::{Figure, Paper},
    provenance::{Made, Provenance},
    record::Record,
    report,
    rows::Rows,
    runner::Unit,
    schema,
    select::Selected,
    verdicts::{self, CHECKS, CLAIMS, CheckRow, ClaimRow, TIMING_CHECKS, TIMING_CLAIMS},
};

/// A result folder under judgement: which experiments it holds, and the verdicts as they come in.
pub struct Bench<'a> {
    folder: &'a Folder,
    papers: &'static [&'static Paper],
    provenance: Provenance,
    /// The experiments in question, as `paper/experiment`; claims and figures that use none of them stay as they are.
    scope: BTreeSet<String>,
    /// Those of them that are to be run and have not ended: what an earlier run left of them stays until they have, but
    /// nothing is judged from it.
    pending: BTreeSet<String>,
    judged: BTreeMap<&'static str, (ClaimRow, Vec<CheckRow>)>,
}

impl<'a> Bench<'a> {
    /// Takes up the folder to run the experiments in `scope`; each is pending until [`Bench::finish`] is told of it.
    pub fn run(
        folder: &'a Folder,
        papers: &'static [&'static Paper],
        mut provenance: Provenance,
        scope: &[Selected],
    ) -> Result<Self> {
        let mut pending = BTreeSet::new();
        for selected in scope {
            if selected.experiment.points(provenance.scale)?.is_empty() {
                provenance.forget(&selected.name());
            } else {
                pending.insert(selected.name());
            }
        }
        // Claims may read tables that are not run again; those must still be what was written.
        provenance.verify(folder, &pending)?;
        provenance.write(folder)?;
        let scope = scope.iter().map(Selected::name).collect();
        Ok(Self { folder, papers, provenance, scope, pending, judged: BTreeMap::new() })
    }

    /// Takes up the folder to judge all that it holds again.
    pub fn check(folder: &'a Folder, papers: &'static [&'static Paper], provenance: Provenance) -> Self {
        let experiments = papers.iter().flat_map(|p| p.experiments.iter().map(|e| format!("{}/{}", p.key, e.key())));
        let (scope, pending) = (experiments.collect(), BTreeSet::new());
        Self { folder, papers, scope, pending, provenance, judged: BTreeMap::new() }
    }

    /// Writes the tables of an experiment whose trials are all in its journal.
    pub fn finish(&mut self, unit: &Unit) -> Result<()> {
        let name = unit.selected.name();
        // A run that is killed between a table and its hash must leave a missing table, not one that looks edited; and one
        // that is stopped later no verdict or figure of the table before.
        self.provenance.forget(&name);
        self.provenance.write(self.folder)?;
        self.retract(unit.selected.paper, unit.selected.experiment.key())?;
        self.provenance.files.extend(unit.write_tables(self.folder)?);
        let build = &self.provenance.build;
        let made = Made {
            commit: build.commit.clone(),
            executable: build.executable.clone(),
            trials: unit.journal.len(),
            core_seconds: unit.journal.seconds(),
            flops: unit.points.iter().map(|p| p.cost.flops * f64::from(p.trials)).sum(),
        };
        self.pending.remove(&name);
        self.provenance.experiments.insert(name, made);
        self.provenance.write(self.folder)
    }

    /// Removes the verdicts and figures that rest on an experiment.
    fn retract(&self, paper: &Paper, experiment: &str) -> Result<()> {
        let stale = |claim: &str| paper.claims.iter().any(|c| c.key == claim && c.experiments.contains(&experiment));
        for file in [CLAIMS, TIMING_CLAIMS] {
            self.retain(file, |row: &ClaimRow| !stale(&row.claim))?;
        }
        for file in [CHECKS, TIMING_CHECKS] {
            self.retain(file, |row: &CheckRow| !stale(&row.claim))?;
        }
        let figures = paper.figures.iter().filter(|figure| figure.experiments.contains(&experiment));
        figures.map(|figure| figure.file(paper)).try_for_each(|file| self.folder.remove(&file))
    }

    /// Leaves only some rows in a file of verdicts, and nothing of one that cannot be read.
    fn retain<R: Record>(&self, file: &str, keep: impl Fn(&R) -> bool) -> Result<()> {
        if !self.folder.has(file) {
            return Ok(());
        }
        let Ok(mut rows) = verdicts::read::<R>(self.folder, file) else { return self.folder.remove(file) };
        let before = rows.len();
        rows.retain(keep);
        if rows.len() < before { verdicts::write(self.folder, file, &rows) } else { Ok(()) }
    }

    /// Judges the claims in scope whose tables have become complete; returns their rows.
    pub fn judge(&mut self) -> Result<Vec<ClaimRow>> {
        let mut rows = Vec::new();
        for paper in self.papers {
            for claim in paper.claims {
                if !self.judged.contains_key(claim.key) && self.ready(paper, claim.experiments)? {
                    let verdict = self.verdict(paper, claim)?;
                    rows.push(verdict.0.clone());
                    self.judged.insert(claim.key, verdict);
                }
            }
        }
        Ok(rows)
    }

    fn verdict(&self, paper: &'static Paper, claim: &Claim) -> Result<(ClaimRow, Vec<CheckRow>)> {
        let (scale, seed) = (self.provenance.scale, self.provenance.seed);
        let judgement = judgement(self.folder, paper, claim, scale)?;
        Ok((ClaimRow::new(paper, claim, &judgement, scale, seed), CheckRow::all(paper, claim, &judgement)))
    }

    /// Whether the tables are in the scope and complete.
    fn ready(&self, paper: &Paper, experiments: &[&str]) -> Result<bool> {
        let in_scope = experiments.iter().any(|key| self.scope.contains(&format!("{}/{key}", paper.key)));
        Ok(in_scope && self.complete(paper, experiments)?)
    }

    /// The experiments that are run at the folder's scale and are not in it, as `paper/experiment`.
    pub fn missing(&self) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for paper in self.papers {
            for experiment in paper.experiments {
                if !self.complete(paper, &[experiment.key()])? {
                    missing.push(format!("{}/{}", paper.key, experiment.key()));
                }
            }
        }
        Ok(missing)
    }

    /// Whether each of the experiments is in the folder, or is not run at its scale.
    fn complete(&self, paper: &Paper, experiments: &[&str]) -> Result<bool> {
        for key in experiments {
            let name = format!("{}/{key}", paper.key);
            let made = self.provenance.experiments.contains_key(&name) && !self.pending.contains(&name);
            if !made && !empty(paper, key, self.provenance.scale)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Draws the figures whose tables are complete: those in scope, and those that a run that was stopped left undrawn.
    pub fn draw(&self) -> Result<()> {
        for paper in self.papers {
            for figure in paper.figures {
                let lost = || Ok(!self.folder.has(&figure.file(paper)) && self.complete(paper, figure.experiments)?);
                if self.ready(paper, figure.experiments)? || lost()? {
                    self.draw_one(paper, figure)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a PNG beside every figure that is drawn.
    pub fn rasterise(&self) -> Result<()> {
        for paper in self.papers {
            for figure in paper.figures {
                let file = figure.file(paper);
                if self.folder.has(&file) {
                    let svg = self.folder.read(&file)?;
                    let png = figure::png(&String::from_utf8_lossy(&svg)).map_err(|e| Error::input(e.to_string()))?;
                    self.folder.write(&format!("{}/{}.png", paper.key, figure.key), &png)?;
                }
            }
        }
        Ok(())
    }

    fn draw_one(&self, paper: &Paper, figure: &Figure) -> Result<()> {
        let file = figure.file(paper);
        let mut shown = figure.experiments.iter();
        let drawn = if shown.any(|key| empty(paper, key, self.provenance.scale).unwrap_or(true)) {
            Err(Unjudged::no_power("not run at this scale"))
        } else {
            (figure.draw)(&Rows::new(self.folder, paper.key))
        };
        match drawn {
            Ok(panels) => {
                let svg = figure::svg(figure.title, figure.alt, &panels)
                    .map_err(|e| Error::broken(format!("figure {file}: {e}")))?;
                self.folder.write(&file, svg.as_bytes()).map(|_| ())
            }
            Err(Unjudged::NoPower(_)) => self.folder.remove(&file),
            Err(Unjudged::Rows(e)) => Err(e),
        }
    }

    /// Writes verdicts, schema and report; returns the rows of all claims. Claims out of scope keep their rows; one that
    /// lost its own to a run that was stopped is judged.
    pub fn write(&self) -> Result<Vec<ClaimRow>> {
        let mut kept = None;
        let (mut rows, mut checks) = (Vec::new(), Vec::new());
        for paper in self.papers {
            for claim in paper.claims {
                if let Some((row, its_checks)) = self.judged.get(claim.key) {
                    rows.push(row.clone());
                    checks.extend(its_checks.iter().cloned());
                } else if self.complete(paper, claim.experiments)? {
                    let (kept_rows, kept_checks) = match &mut kept {
                        Some(kept) => kept,
                        kept => kept.insert(self.kept()?),
                    };
                    let made = |key: &&str| self.provenance.experiments.contains_key(&format!("{}/{key}", paper.key));
                    if let Some(row) = kept_rows.iter().find(|row| row.claim == claim.key) {
                        rows.push(row.clone());
                        checks.extend(kept_checks.iter().filter(|check| check.claim == claim.key).cloned());
                    } else if claim.experiments.iter().any(made) {
                        let (row, its_checks) = self.verdict(paper, claim)?;
                        rows.push(row);
                        checks.extend(its_checks);
                    }
                }
            }
        }
        let (timing, lasting): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.kind == Kind::Timing.name());
        let (timed, checked): (Vec<_>, Vec<_>) =
            checks.iter().partition(|check| timing.iter().any(|row| row.claim == check.claim));
        verdicts::write(self.folder, CLAIMS, lasting)?;
        verdicts::write(self.folder, CHECKS, checked)?;
        if timing.is_empty() {
            [TIMING_CLAIMS, TIMING_CHECKS].into_iter().try_for_each(|file| self.folder.remove(file))?;
        } else {
            verdicts::write(self.folder, TIMING_CLAIMS, timing)?;
            verdicts::write(self.folder, TIMING_CHECKS, timed)?;
        }
        history::update(self.folder, &rows, &self.provenance)?;
        schema::write(self.folder, self.papers, &self.provenance)?;
        report::write(self.folder, self.papers, &self.provenance, &rows, &checks)?;
        Ok(rows)
    }

    /// What an earlier run wrote of the claims. Read only where it is needed, so that `check` can write it anew.
    fn kept(&self) -> Result<(Vec<ClaimRow>, Vec<CheckRow>)> {
        let mut rows = verdicts::read(self.folder, CLAIMS)?;
        rows.extend(verdicts::read(self.folder, TIMING_CLAIMS)?);
        let mut checks = verdicts::read(self.folder, CHECKS)?;
        checks.extend(verdicts::read(self.folder, TIMING_CHECKS)?);
        Ok((rows, checks))
    }

    /// The result folder.
    pub fn folder(&self) -> &Folder {
        self.folder
    }

    /// Where everything in the folder comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The rows judged so far.
    pub fn judged(&self) -> impl Iterator<Item = &ClaimRow> {
        self.judged.values().map(|(row, _)| row)
    }

    /// Whether all verdicts so far are the expected ones; verdicts on times do not count.
    pub fn as_expected(&self) -> bool {
        self.judged().all(|row| row.kind == Kind::Timing.name() || row.as_expected())
    }
}

/// Judges a claim from the tables of a folder; one whose experiments are not run at the scale is skipped.
pub fn judgement(folder: &Folder, paper: &'static Paper, claim: &Claim, scale: Scale) -> Result<Judgement> {
    for key in claim.experiments {
        if empty(paper, key, scale)? {
            return Ok(Judgement::skipped(format!("`{key}` is not run at scale {scale}")));
        }
    }
    claim.judge(&Rows::new(folder, paper.key), scale)
}

fn empty(paper: &Paper, key: &str, scale: Scale) -> Result<bool> {
    let unknown = || Error::broken(format!("paper `{}` has no experiment `{key}`", paper.key));
    Ok(paper.experiment(key).ok_or_else(unknown)?.points(scale)?.is_empty())
}
