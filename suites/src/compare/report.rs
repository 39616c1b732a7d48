//! What a comparison found.

use serde::Serialize;

use super::{
    accuracy::{Accuracy, Agreement},
    claims::{ClaimChange, Unclaimed},
    instructions::{Counts, THRESHOLD},
    table::{Time, Timing},
    unit::Lonely,
    verdict::Speed,
};

/// Version of the JSON form.
pub const SCHEMA: u32 = 1;

/// A comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// Base and head: label and SHA-256 of the executable.
    pub sides: [(String, String); 2],
    /// Where it ran: CPU, SIMD level, threads, compiler.
    pub machine: String,
    /// Differences between the sides that the user chose to overlook.
    pub forced: Vec<String>,
    /// In how many orders of its functions each side was timed.
    pub layouts: usize,
    /// Whether the executables are the same, so that nothing can differ.
    pub identical: bool,
    /// Units that both sides have.
    pub rows: Vec<Row>,
    /// Units that one side has.
    pub lonely: Vec<Lonely>,
    /// Claims that changed.
    pub claims: Vec<ClaimChange>,
    /// Sides whose claims did not run, and why.
    pub unclaimed: Vec<Unclaimed>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The command that repeats it.
    pub command: String,
    /// Seconds that it took, building apart.
    pub seconds: f64,
}

/// A unit.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Case and variant.
    pub unit: String,
    /// Speed, where it was timed.
    pub time: Option<Time>,
    /// Accuracy and work.
    pub accuracy: Accuracy,
    /// Instruction counts, where they were asked for.
    pub instructions: Option<Counts>,
    /// What went wrong on the way.
    pub faults: Vec<String>,
    /// The verdict in words.
    pub verdict: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How much a row matters, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The head is worse.
    Regression,
    /// No comparison came about.
    Broken,
    /// Neither change nor its absence could be shown.
    Undecided,
    /// Something changed, and not for the worse.
    Notable,
    /// Nothing changed.
    Neutral,
}

impl Row {
    /// The row of a unit from what was measured.
    pub fn new(
        unit: String,
        accuracy: Accuracy,
        timing: Option<Timing>,
        instructions: Option<Result<Counts, String>>,
        sides: [&str; 2],
    ) -> Self {
        let mut faults = Vec::new();
        for (side, reason) in accuracy.reasons.iter().enumerate() {
            if let Some(refusal) = reason {
                let (n, seeds) = (accuracy.failures[side], accuracy.seeds);
                faults.push(format!("{}: {} ({n}/{seeds} seeds)", sides[side], refusal.error));
            }
        }
        let (time, failed) = match timing {
            Some(Ok(time)) => (Some(time), None),
            Some(Err((side, refusal))) => {
                faults.push(format!("{} while it was timed: {}", sides[side], refusal.error));
                (None, Some(side))
            }
            None => (None, None),
        };
        let (instructions, uncounted) = match instructions {
            Some(Ok(counts)) => (Some(counts), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        faults.extend(uncounted);
        let mut row =
            Self { unit, time, accuracy, instructions, faults, verdict: String::new(), weight: Weight::Neutral };
        row.weight = row.weigh(failed);
        row.verdict = row.words(failed);
        row
    }

    fn speed(&self) -> Option<Speed> {
        self.time.as_ref().map(|time| time.speed)
    }

    /// More work counts as a regression unless the time shows that it pays.
    fn costly(&self) -> bool {
        self.accuracy.more_work() && !matches!(self.speed(), Some(Speed::Faster | Speed::Unchanged))
    }

    /// Other variants are verified against the reference, so that a mistake that both share shows here alone.
    fn reference_moved(&self) -> bool {
        self.accuracy.agreement == Agreement::WithinContract && self.unit.ends_with(" reference")
    }

    fn counts_moved(&self) -> bool {
        self.instructions.as_ref().is_some_and(|counts| counts.change().abs() > THRESHOLD)
    }

    fn weigh(&self, failed: Option<usize>) -> Weight {
        let agreement = self.accuracy.agreement;
        if self.accuracy.regression() || failed == Some(1) || self.speed() == Some(Speed::Slower) || self.costly() {
            Weight::Regression
        } else if agreement == Agreement::FailsOnBoth || failed == Some(0) {
            Weight::Broken
        } else if matches!(agreement, Agreement::Better | Agreement::Mended)
            || self.speed() == Some(Speed::Faster)
            || self.reference_moved()
        {
            Weight::Notable
        } else if self.speed() == Some(Speed::Undecided) {
            Weight::Undecided
        } else if !self.accuracy.effort.is_empty() || self.counts_moved() || !self.faults.is_empty() {
            Weight::Notable
        } else {
            Weight::Neutral
        }
    }

    fn words(&self, failed: Option<usize>) -> String {
        let mut words: Vec<String> = Vec::new();
        if let Some(time) = &self.time {
            words.push(match time.speed {
                Speed::Slower => "**slower**, confirmed".into(),
                Speed::Faster => "faster, confirmed".into(),
                Speed::Unchanged => format!("unchanged, excludes {}", percent_above(time.resolution)),
                Speed::Undecided if time.confirming > 0 => "undecided, not confirmed".into(),
                Speed::Undecided if !time.resolution.is_finite() => "undecided, too few pairs".into(),
                Speed::Undecided => format!("undecided, could see {}", percent_above(time.resolution)),
            });
        }
        match self.accuracy.agreement {
            Agreement::WithinContract if self.reference_moved() => words.push("other answers of the reference".into()),
            Agreement::Identical | Agreement::WithinContract => {}
            Agreement::Worse => words.push("**less accurate**".into()),
            Agreement::Better => words.push("more accurate".into()),
            Agreement::Broken if self.accuracy.wrong(1) => words.push("**wrong answer**".into()),
            Agreement::Broken => words.push("**fails**".into()),
            Agreement::Mended => words.push("failed before".into()),
            Agreement::FailsOnBoth => words.push("fails on both sides".into()),
        }
        if failed.is_some() {
            words.push("**failed while timed**".into());
        }
        let work: Vec<String> =
            self.accuracy.effort.iter().map(|c| format!("{} {} → {}", c.counter, c.totals[0], c.totals[1])).collect();
        if !work.is_empty() {
            let heading = if self.costly() { "**more work**" } else { "other work" };
            words.push(format!("{heading} ({})", work.join(", ")));
        }
        if words.is_empty() { "same".into() } else { words.join("; ") }
    }
}

impl Report {
    /// Exit status: 1 for a regression, else 3 for a comparison that did not come about, else 0.
    pub fn exit_status(&self) -> u8 {
        let any = |weight| self.rows.iter().any(|row| row.weight == weight);
        let unclaimed = |side| self.unclaimed.iter().any(|failed| failed.side == side);
        let lost = unclaimed("head") && !unclaimed("base");
        if any(Weight::Regression) || self.claims.iter().any(|claim| claim.regression) || lost {
            1
        } else if any(Weight::Broken) || unclaimed("head") {
            3
        } else {
            0
        }
    }
}

fn percent_above(ratio: f64) -> String {
    format!("≥ {:.1} %", 100.0 * ratio)
}
