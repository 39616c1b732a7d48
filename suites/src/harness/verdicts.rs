//! `claims.csv` and `checks.csv`: verdicts as files.

use super::{
    claim::{Arm, Claim, ControlOutcome, Judgement, Kind, Source, Verdict},
    error::{Error, Result},
    experiment::Scale,
    folder::Folder,
    paper::Paper,
    record::{Cells, Record},
    stats::CONFIDENCE,
};

/// Verdicts that count.
pub const CLAIMS: &str = "claims.csv";
/// Verdicts on times: they depend on the machine and never change the exit status.
pub const TIMING_CLAIMS: &str = "claims.timing.csv";
/// All checks behind the verdicts.
pub const CHECKS: &str = "checks.csv";
/// Checks of claims about times.
pub const TIMING_CHECKS: &str = "checks.timing.csv";

crate::record! {
    /// A line of `claims.csv`. The numbers are those of the check that is nearest to its limit.
    pub struct ClaimRow {
        /// Key of the paper.
        pub paper: String,
        /// Key of the claim.
        pub claim: String,
        /// Family of algorithms.
        pub family: String,
        /// Scale of the run.
        pub scale: Scale,
        /// Master seed of the run.
        pub seed: u64,
        /// `reproduced`, `not-reproduced`, `inconclusive` or `skipped`.
        pub verdict: Verdict,
        /// The verdict that a correct implementation gets.
        pub expected: Verdict,
        /// `exact`, `statistical` or `timing`.
        pub kind: String,
        /// The check that is nearest to its limit.
        pub statistic: String,
        /// Its estimate.
        pub measured: Option<f64>,
        /// Lower end of its interval.
        pub ci_low: Option<f64>,
        /// Upper end of its interval.
        pub ci_high: Option<f64>,
        /// The limit that the estimate is nearest to.
        pub threshold: Option<f64>,
        /// Confidence of the interval.
        pub confidence: Option<f64>,
        /// Samples behind the estimate.
        pub n: Option<usize>,
        /// What became of the negative control: `vanished`, `persisted`, or empty when there is none.
        pub control: Option<ControlOutcome>,
        /// Theorem, figure or section.
        pub r#where: String,
        /// `paper` (read there), `recalled`, `derived` or `ours`.
        pub source: String,
        /// The statement, in our words.
        pub statement: String,
    }
}

crate::record! {
    /// A line of `checks.csv`.
    pub struct CheckRow {
        /// Key of the paper.
        pub paper: String,
        /// Key of the claim.
        pub claim: String,
        /// What is estimated.
        pub check: String,
        /// `claim` or `control`.
        pub arm: Arm,
        /// The estimate.
        pub measured: f64,
        /// Lower end of its interval.
        pub ci_low: f64,
        /// Upper end of its interval.
        pub ci_high: f64,
        /// Lower end of the accepted range.
        pub accept_low: f64,
        /// Upper end of the accepted range.
        pub accept_high: f64,
        /// Samples behind the estimate.
        pub n: usize,
        /// Verdict of this check alone.
        pub verdict: Verdict,
    }
}

impl Kind {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Statistical => "statistical",
            Self::Timing => "timing",
        }
    }
}

impl Source {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Recalled => "recalled",
            Self::Derived => "derived",
            Self::Ours => "ours",
        }
    }
}

impl ClaimRow {
    /// The row of a judged claim.
    pub fn new(paper: &Paper, claim: &Claim, judgement: &Judgement, scale: Scale, seed: u64) -> Self {
        let check = judgement.nearest();
        Self {
            paper: paper.key.into(),
            claim: claim.key.into(),
            family: paper.family.into(),
            scale,
            seed,
            verdict: judgement.verdict,
            expected: claim.expected,
            kind: claim.kind.name().into(),
            statistic: check.map_or_else(String::new, |c| c.name.clone()),
            measured: check.map(|c| c.estimate),
            ci_low: check.map(|c| c.ci.0),
            ci_high: check.map(|c| c.ci.1),
            threshold: check.map(|c| c.headroom().0),
            confidence: check.map(|_| CONFIDENCE),
            n: check.map(|c| c.n),
            control: judgement.control,
            r#where: claim.at.into(),
            source: claim.source.name().into(),
            statement: claim.says.into(),
        }
    }

    /// Whether the verdict is the expected one; a skipped claim never differs.
    pub fn as_expected(&self) -> bool {
        self.verdict == Verdict::Skipped || self.verdict == self.expected
    }
}

impl CheckRow {
    /// The rows of a judged claim.
    pub fn all(paper: &Paper, claim: &Claim, judgement: &Judgement) -> Vec<Self> {
        let row = |(arm, check): &(Arm, super::claim::Check)| Self {
            paper: paper.key.into(),
            claim: claim.key.into(),
            check: check.name.clone(),
            arm: *arm,
            measured: check.estimate,
            ci_low: check.ci.0,
            ci_high: check.ci.1,
            accept_low: check.accept.0,
            accept_high: check.accept.1,
            n: check.n,
            verdict: check.verdict(),
        };
        judgement.checks.iter().map(row).collect()
    }
}

/// Reads a file of rows; none if it is not there.
pub fn read<R: Record>(folder: &Folder, file: &str) -> Result<Vec<R>> {
    if !folder.has(file) {
        return Ok(Vec::new());
    }
    let bytes = folder.read(file)?;
    let fault =
        |e: String| Error::input(format!("{}: {e}; `residual check` writes it anew", folder.path(file).display()));
    let row = |line: Result<csv::StringRecord, csv::Error>| {
        line.map_err(|e| e.to_string()).and_then(|line| R::read(&mut Cells::new(&line))).map_err(fault)
    };
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let found = reader.headers().map_err(|e| fault(e.to_string()))?;
    if !found.iter().eq(names::<R>()) {
        return Err(fault(format!("the columns are not `{}`", names::<R>().collect::<Vec<_>>().join(","))));
    }
    reader.records().map(row).collect()
}

/// The header line of a file of rows.
fn names<R: Record>() -> impl Iterator<Item = &'static str> {
    R::COLUMNS.iter().map(|column| column.name.trim_start_matches("r#"))
}

/// Replaces a file of rows.
pub fn write<'a, R: Record>(folder: &Folder, file: &str, rows: impl IntoIterator<Item = &'a R>) -> Result<()> {
    let fault = |e: csv::Error| Error::broken(format!("{file}: {e}"));
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(names::<R>()).map_err(fault)?;
    for row in rows {
        writer.serialize(row.cells()).map_err(fault)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::broken(e.to_string()))?;
    folder.write(file, &bytes).map(|_| ())
}
