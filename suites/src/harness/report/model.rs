//! The report as data: everything that the templates show.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    alarm::{Alarm, DESIGN, Exposed},
    bar,
    claims::{ClaimView, VerdictView, verdict},
    experiments::ExperimentView,
    facts::{Fact, commit, facts},
    number::{at_most, count, number, percent, seconds},
};
use crate::harness::{
    claim::{Arm, ControlOutcome, Kind, Verdict},
    error::{Error, Result},
    experiment::Scale,
    folder::Folder,
    paper::{Figure, Paper},
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
    families: BTreeSet<&'static str>,
    papers: Vec<PaperView>,
    absent: Vec<&'static str>,
    alarm: AlarmView,
    provenance: Vec<Fact>,
    dictionary: BTreeMap<String, Vec<schema::Entry>>,
    /// Columns that all tables of rows have: name and meaning.
    shared: [(&'static str, &'static str); 3],
}

/// How many claims got a verdict.
#[derive(Serialize)]
struct Tally {
    verdict: VerdictView,
    count: usize,
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

/// A paper with everything that was run, judged and drawn for it.
#[derive(Serialize)]
struct PaperView {
    key: &'static str,
    family: &'static str,
    title: &'static str,
    authors: &'static str,
    year: u16,
    link: &'static str,
    bibtex: &'static str,
    about: &'static str,
    effort: String,
    reproduce: String,
    tallies: Vec<Tally>,
    claims: Vec<ClaimView>,
    experiments: Vec<ExperimentView>,
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

/// The chance of a false alarm, in words.
#[derive(Serialize)]
struct AlarmView {
    checks: usize,
    unanimous: usize,
    left_out: usize,
    independent: String,
    at_most: String,
    by_design: String,
    design: String,
    near: Vec<NearView>,
    nearer: usize,
}

#[derive(Serialize)]
struct NearView {
    claim: String,
    check: String,
    control: bool,
    headroom: String,
    chance: String,
}

/// How many of the checks nearest to their limit are listed.
const NEAREST: usize = 8;

impl Report {
    /// Gathers everything.
    pub fn new(
        folder: &Folder,
        papers: &[&Paper],
        provenance: &Provenance,
        rows: &[ClaimRow],
        checks: &[CheckRow],
    ) -> Result<Self> {
        let source = Source { folder, provenance, rows, checks };
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
            families: views.iter().map(|paper| paper.family).collect(),
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

    /// The checks of a claim.
    pub fn checks_of(&self, claim: &str) -> Vec<&CheckRow> {
        self.checks.iter().filter(|check| check.claim == claim).collect()
    }

    /// The row of a claim.
    pub fn row_of(&self, claim: &str) -> Option<&ClaimRow> {
        self.rows.iter().find(|row| row.claim == claim)
    }

    fn alarm(&self, papers: &[&Paper]) -> Alarm {
        let claims = papers.iter().flat_map(|paper| paper.claims).filter(|claim| claim.kind != Kind::Timing);
        Alarm::new(claims.filter_map(|claim| Some((claim, self.row_of(claim.key)?, self.checks_of(claim.key)))))
    }

    /// The command that makes rows again: of a paper, an experiment or a claim.
    pub fn reproduce(&self, what: &str) -> String {
        format!("residual reproduce {what} --scale {} --seed {} --fresh", self.provenance.scale, self.provenance.seed)
    }
}

impl PaperView {
    fn new(source: &Source<'_>, paper: &Paper) -> Result<Self> {
        let claims: Vec<_> =
            paper.claims.iter().map(|claim| ClaimView::new(source, paper, claim)).collect::<Result<_>>()?;
        let experiments = paper.experiments.iter().map(|e| ExperimentView::new(source, paper, *e));
        let made = paper.experiments.iter().map(|e| format!("{}/{}", paper.key, e.key()));
        let effort = made.filter_map(|name| source.provenance.experiments.get(&name)).map(|made| made.core_seconds);
        Ok(Self {
            key: paper.key,
            family: paper.family,
            title: paper.title,
            authors: paper.authors,
            year: paper.year,
            link: paper.link,
            bibtex: paper.bibtex,
            about: paper.about,
            effort: seconds(effort.sum()),
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

/// Counts of the verdicts that occur, in a fixed order.
fn tallies<'a>(claims: impl Iterator<Item = &'a ClaimView> + Clone) -> Vec<Tally> {
    let all = [Verdict::Reproduced, Verdict::NotReproduced, Verdict::Inconclusive, Verdict::Skipped];
    all.into_iter()
        .map(Some)
        .chain([None])
        .map(|v| Tally { verdict: verdict(v), count: claims.clone().filter(|claim| claim.is(v)).count() })
        .filter(|tally| tally.count > 0)
        .collect()
}

impl AlarmView {
    fn new(alarm: &Alarm) -> Self {
        let near = |check: &Exposed| NearView {
            claim: check.claim.clone(),
            check: check.check.clone(),
            control: check.arm == Arm::Control,
            headroom: number(check.headroom),
            chance: percent(check.chance),
        };
        Self {
            checks: alarm.checks.len(),
            unanimous: alarm.unanimous,
            left_out: alarm.left_out,
            independent: percent(alarm.independent()),
            at_most: at_most(alarm.at_most()),
            by_design: percent(alarm.by_design()),
            design: number(DESIGN),
            near: alarm.near().take(NEAREST).map(near).collect(),
            nearer: alarm.near().count(),
        }
    }
}

/// `1 claim`, `2 claims`.
pub fn plural(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n as u64), if n == 1 { "" } else { "s" })
}
