//! The report as data: everything that the templates show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    alarm::{Alarm, AlarmView},
    bar,
    claims::{Tally, VerdictView, tallies, verdict},
    experiments::ExperimentView,
    facts::{Fact, commit, facts},
    number::{count, percent, seconds},
    papers::PaperView,
    speed::SpeedView,
};
use crate::harness::{
    claim::{Arm, ControlOutcome, Kind, Verdict},
    error::Result,
    experiment::Scale,
    folder::Folder,
    history::{self, Change},
    paper::Paper,
    provenance::Provenance,
    rows::MIDDLE,
    schema,
    stats::CONFIDENCE,
    verdicts::{CheckRow, ClaimRow},
};

/// What a report is made from.
pub struct Source<'a> {
    pub folder: &'a Folder,
    pub provenance: &'a Provenance,
    pub rows: &'a [ClaimRow],
    pub checks: &'a [CheckRow],
    pub history: &'a [Change],
}

/// The whole report.
#[derive(Serialize)]
pub struct Report {
    scale: Scale,
    seed: u64,
    command: String,
    commit: String,
    cpu: String,
    effort: String,
    confidence: String,
    legend: String,
    terms: Vec<Term>,
    verdicts: Vec<Tally>,
    judged: usize,
    /// Judged claims whose verdict counts: all but those on times.
    counted: usize,
    surprises: Vec<String>,
    late: Vec<String>,
    vanished: usize,
    persisted: Vec<String>,
    uncontrolled: usize,
    own_checks: usize,
    control_checks: usize,
    failed_rows: usize,
    families: Vec<FamilyView>,
    papers: Vec<PaperView>,
    speed: Option<SpeedView>,
    absent: Vec<&'static str>,
    alarm: AlarmView,
    provenance: Vec<Fact>,
    dictionary: BTreeMap<String, Vec<schema::Entry>>,
    /// Columns that all tables of rows have: name and meaning.
    shared: [(&'static str, &'static str); 3],
}

/// The papers of a family, together.
#[derive(Serialize)]
struct FamilyView {
    key: &'static str,
    papers: usize,
    claims: usize,
    effort: String,
    tallies: Vec<Tally>,
    surprises: usize,
}

impl FamilyView {
    /// Families in the order of their first papers.
    fn all(papers: &[PaperView]) -> Vec<Self> {
        let mut keys: Vec<&str> = Vec::new();
        papers.iter().map(|paper| paper.family).for_each(|key| {
            if !keys.contains(&key) {
                keys.push(key)
            }
        });
        let view = |key| {
            let own = || papers.iter().filter(move |paper| paper.family == key);
            let claims = || own().flat_map(|paper| &paper.claims);
            Self {
                key,
                papers: own().count(),
                claims: claims().count(),
                effort: seconds(own().map(|paper| paper.core_seconds).sum()),
                tallies: tallies(claims()),
                surprises: claims().filter(|claim| claim.is_surprise()).count(),
            }
        };
        keys.into_iter().map(view).collect()
    }
}

/// What a verdict means.
#[derive(Serialize)]
struct Term {
    verdict: VerdictView,
    means: &'static str,
}

fn terms() -> Vec<Term> {
    [
        (Verdict::Reproduced, "All intervals lie inside their accepted ranges, and the effect is gone in the negative control."),
        (
            Verdict::NotReproduced,
            "At least one interval lies outside its accepted range, or nothing was measured. Where this is expected, the \
             note beside the claim says why.",
        ),
        (Verdict::Inconclusive, "An interval meets a limit, or the control shows the effect too: these data cannot tell."),
        (Verdict::Skipped, "This scale has no power to judge, and says so instead of passing."),
    ]
    .map(|(v, means)| Term { verdict: verdict(Some(v)), means })
    .into()
}

impl Report {
    /// Gathers everything.
    pub fn new(
        folder: &Folder,
        papers: &[&Paper],
        provenance: &Provenance,
        rows: &[ClaimRow],
        checks: &[CheckRow],
    ) -> Result<Self> {
        let history = history::read(folder)?;
        let source = Source { folder, provenance, rows, checks, history: &history };
        let (present, absent): (Vec<&Paper>, Vec<&Paper>) = papers.iter().partition(|paper| source.has(paper));
        let views = present.iter().map(|paper| PaperView::new(&source, paper)).collect::<Result<Vec<_>>>()?;
        let claims = || views.iter().flat_map(|paper| &paper.claims);
        let keys = |which: &dyn Fn(&ClaimRow) -> bool| -> Vec<String> {
            rows.iter().filter(|row| which(row)).map(|row| row.claim.clone()).collect()
        };
        let timing = Kind::Timing.name();
        let arm = |arm| checks.iter().filter(|check| check.arm == arm).count();
        Ok(Self {
            scale: provenance.scale,
            seed: provenance.seed,
            command: provenance.command.clone(),
            commit: commit(provenance),
            cpu: provenance.machine.cpu.clone(),
            effort: seconds(provenance.experiments.values().map(|made| made.core_seconds).sum()),
            confidence: percent(CONFIDENCE),
            legend: bar::svg(0.45, (0.3, 0.6), (0.1, 1.0)),
            terms: terms(),
            verdicts: tallies(claims()),
            judged: rows.len(),
            counted: rows.iter().filter(|row| row.kind != timing).count(),
            surprises: keys(&|row| row.kind != timing && !row.as_expected()),
            late: keys(&|row| row.kind == timing && !row.as_expected()),
            vanished: keys(&|row| row.control == Some(ControlOutcome::Vanished)).len(),
            persisted: keys(&|row| row.control == Some(ControlOutcome::Persisted)),
            uncontrolled: claims().filter(|claim| claim.has_no_control()).count(),
            own_checks: arm(Arm::Claim),
            control_checks: arm(Arm::Control),
            failed_rows: views.iter().flat_map(|p| &p.experiments).map(ExperimentView::failed).sum(),
            families: FamilyView::all(&views),
            speed: SpeedView::of(folder)?,
            absent: absent.iter().map(|paper| paper.key).collect(),
            alarm: AlarmView::new(&source.alarm(&present)),
            provenance: facts(provenance),
            dictionary: schema::columns(papers, provenance),
            shared: MIDDLE,
            papers: views,
        })
    }
}

impl Source<'_> {
    /// Whether the folder holds anything of a paper.
    fn has(&self, paper: &Paper) -> bool {
        let made = paper.experiments.iter().any(|e| self.made(paper, e.key()));
        made || self.rows.iter().any(|row| row.paper == paper.key)
    }

    /// Whether the folder holds an experiment.
    pub fn made(&self, paper: &Paper, experiment: &str) -> bool {
        self.provenance.experiments.contains_key(&format!("{}/{experiment}", paper.key))
    }

    /// The checks of a claim, each with its line in `checks.csv`, or in `checks.timing.csv` if the claim is about times.
    pub fn checks_of(&self, claim: &str) -> Vec<(usize, &CheckRow)> {
        let timing: Vec<_> = self.rows.iter().filter(|row| row.kind == Kind::Timing.name()).collect();
        let is_timing = |claim: &str| timing.iter().any(|row| row.claim == claim);
        let timed = is_timing(claim);
        let file = self.checks.iter().filter(|check| is_timing(&check.claim) == timed);
        (2..).zip(file).filter(|(_, check)| check.claim == claim).collect()
    }

    /// The row of a claim.
    pub fn row_of(&self, claim: &str) -> Option<&ClaimRow> {
        self.rows.iter().find(|row| row.claim == claim)
    }

    fn alarm(&self, papers: &[&Paper]) -> Alarm {
        let claims = papers.iter().flat_map(|paper| paper.claims).filter(|claim| claim.kind != Kind::Timing);
        Alarm::new(claims.filter_map(|claim| {
            let checks = self.checks_of(claim.key).into_iter().map(|(_, check)| check).collect();
            Some((claim, self.row_of(claim.key)?, checks))
        }))
    }

    /// ` --out …` where a command would not look into this folder by itself.
    pub fn elsewhere(&self) -> String {
        let scale = self.provenance.scale;
        if scale == Scale::Default { String::new() } else { format!(" --out results/{scale}") }
    }

    /// The command that makes rows again: of a paper, an experiment or a claim.
    pub fn reproduce(&self, what: &str) -> String {
        format!("residual reproduce {what} --scale {} --seed {} --fresh", self.provenance.scale, self.provenance.seed)
    }
}

/// `1 claim`, `2 claims`.
pub fn plural(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n as u64), if n == 1 { "" } else { "s" })
}
