//! Claims: lists of checks over rows, and the verdicts that the harness draws from them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{error::Error, experiment::Scale, rows::Rows, stats::Estimate};

/// What the harness says of a claim or of one of its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval lies inside the accepted range.
    Reproduced,
    /// The interval lies outside the accepted range.
    NotReproduced,
    /// The interval meets the limit of the accepted range.
    Inconclusive,
    /// The scale has no power to judge.
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not-reproduced",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        })
    }
}

/// Which data the judge is looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// The data of the claim.
    Claim,
    /// The data of its negative control.
    Control,
}

/// Where a statement comes from. Only the first may be presented as the paper's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Read in the paper.
    Paper,
    /// Recalled from the paper, not re-read.
    Recalled,
    /// Derived by us from the paper's model.
    Derived,
    /// Our own finding.
    Ours,
}

/// What kind of evidence decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An identity, up to rounding.
    Exact,
    /// An estimate over seeds.
    Statistical,
    /// A ratio of times. Judged apart; it never changes the exit status.
    Timing,
}

/// A statement that the harness judges.
#[derive(Debug)]
pub struct Claim {
    /// The key, unique over all papers.
    pub key: &'static str,
    /// The statement, in our words.
    pub says: &'static str,
    /// Theorem, figure or section.
    pub at: &'static str,
    /// Where the statement comes from.
    pub source: Source,
    /// What kind of evidence decides.
    pub kind: Kind,
    /// The verdict that a correct implementation gets. Anything but `Reproduced` has its reason in `note`.
    pub expected: Verdict,
    /// What a reader must know to read the verdict; the reason when it is not expected to reproduce.
    pub note: &'static str,
    /// The experiments of the same paper whose rows decide.
    pub experiments: &'static [&'static str],
    /// Turns rows into checks. The same function judges the claim and its control.
    pub judge: fn(&Rows<'_>, Arm, Scale) -> Result<Vec<Check>, Unjudged>,
    /// The negative control.
    pub control: Option<Control>,
}

/// Data that differ in one named assumption, where the effect must vanish.
#[derive(Debug)]
pub struct Control {
    /// The assumption that is given up.
    pub differs: &'static str,
    /// The checks that the same judge must find not reproduced there.
    pub must_fail: &'static [&'static str],
}

/// Why a judge gave no checks.
#[derive(Debug, thiserror::Error)]
pub enum Unjudged {
    /// This scale cannot decide, for the reason given.
    #[error("{0}")]
    NoPower(String),
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] Error),
}

impl Unjudged {
    /// An [`Unjudged::NoPower`].
    pub fn no_power(why: impl Into<String>) -> Self {
        Self::NoPower(why.into())
    }
}

/// An estimate, its interval, and the range that a correct implementation stays in.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is estimated.
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// Its interval.
    pub ci: (f64, f64),
    /// The accepted range.
    pub accept: (f64, f64),
    /// The number of samples behind it.
    pub n: usize,
}

impl Check {
    /// A check of an estimate against a range.
    pub fn new(name: impl Into<String>, estimate: Estimate, accept: (f64, f64)) -> Self {
        Self { name: name.into(), estimate: estimate.value, ci: estimate.ci, accept, n: estimate.n }
    }

    /// A check that the estimate is at most `limit`.
    pub fn at_most(name: impl Into<String>, estimate: Estimate, limit: f64) -> Self {
        Self::new(name, estimate, (f64::NEG_INFINITY, limit))
    }

    /// A check that the estimate is at least `limit`.
    pub fn at_least(name: impl Into<String>, estimate: Estimate, limit: f64) -> Self {
        Self::new(name, estimate, (limit, f64::INFINITY))
    }

    /// Whether there are no data, or what they give is no number.
    pub fn is_missing(&self) -> bool {
        self.n == 0 || [self.estimate, self.ci.0, self.ci.1].iter().any(|x| x.is_nan())
    }

    /// Interval inside the range: reproduced; apart from it: not; else inconclusive. NaN and missing data never pass.
    pub fn verdict(&self) -> Verdict {
        let ((low, high), (min, max)) = (self.ci, self.accept);
        if self.is_missing() {
            Verdict::NotReproduced
        } else if min <= low && high <= max {
            Verdict::Reproduced
        } else if high < min || max < low {
            Verdict::NotReproduced
        } else {
            Verdict::Inconclusive
        }
    }

    /// The effect is measured to be absent: a number, from data, whose interval is apart from the range.
    fn vanished(&self) -> bool {
        self.n > 0 && self.estimate.is_finite() && self.verdict() == Verdict::NotReproduced
    }

    /// The limit of the range that the estimate is nearest to, and how many half-widths of the interval it is inside.
    pub fn headroom(&self) -> (f64, f64) {
        let half = (0.5 * (self.ci.1 - self.ci.0)).max(1e-3 * self.estimate.abs()).max(f64::MIN_POSITIVE);
        let inside = |limit: f64, sign: f64| (limit, sign * (limit - self.estimate) / half);
        [inside(self.accept.0, -1.0), inside(self.accept.1, 1.0)]
            .into_iter()
            .filter(|(limit, _)| limit.is_finite())
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((f64::NAN, f64::INFINITY))
    }
}

/// What became of a negative control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControlOutcome {
    /// The effect is gone where its assumption is given up.
    Vanished,
    /// The effect is still there, or nothing was measured: the judge cannot tell, so the claim is inconclusive.
    Persisted,
}

/// A claim, judged.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The checks of both arms.
    pub checks: Vec<(Arm, Check)>,
    /// What became of the control, when there is one and the claim was judged.
    pub control: Option<ControlOutcome>,
    /// Why the claim was skipped.
    pub skipped: Option<String>,
}

impl Judgement {
    /// A claim that this scale cannot decide.
    pub fn skipped(why: String) -> Self {
        Self { verdict: Verdict::Skipped, checks: Vec::new(), control: None, skipped: Some(why) }
    }

    /// The check of the claim's own arm that is nearest to its limit; first of all one without data or number.
    pub fn nearest(&self) -> Option<&Check> {
        let own = self.checks.iter().filter(|(arm, _)| *arm == Arm::Claim).map(|(_, check)| check);
        let room = |check: &Check| if check.is_missing() { f64::NEG_INFINITY } else { check.headroom().1 };
        own.min_by(|a, b| room(a).total_cmp(&room(b)))
    }
}

impl Claim {
    /// Judges the claim and its control.
    pub fn judge(&self, rows: &Rows<'_>, scale: Scale) -> Result<Judgement, Error> {
        let own = match (self.judge)(rows, Arm::Claim, scale) {
            Ok(checks) => checks,
            Err(Unjudged::NoPower(why)) => return Ok(Judgement::skipped(why)),
            Err(Unjudged::Rows(e)) => return Err(e),
        };
        let (outcome, theirs) = match &self.control {
            None => (None, Vec::new()),
            Some(control) => match (self.judge)(rows, Arm::Control, scale) {
                Ok(checks) => (Some(control.outcome(&checks)), checks),
                Err(Unjudged::NoPower(_)) => (Some(ControlOutcome::Persisted), Vec::new()),
                Err(Unjudged::Rows(e)) => return Err(e),
            },
        };
        let verdict = verdict(&own, outcome);
        let tag = |arm, checks: Vec<Check>| checks.into_iter().map(move |check| (arm, check));
        let checks = tag(Arm::Claim, own).chain(tag(Arm::Control, theirs)).collect();
        Ok(Judgement { verdict, checks, control: outcome, skipped: None })
    }
}

impl Control {
    fn outcome(&self, checks: &[Check]) -> ControlOutcome {
        let gone = |name: &&str| checks.iter().any(|c| c.name == *name && c.vanished());
        if !self.must_fail.is_empty() && self.must_fail.iter().all(gone) {
            ControlOutcome::Vanished
        } else {
            ControlOutcome::Persisted
        }
    }
}

/// Any check not reproduced decides; else any inconclusive check or a control that persists; no check is no evidence.
fn verdict(checks: &[Check], control: Option<ControlOutcome>) -> Verdict {
    let any = |v| checks.iter().any(|c| c.verdict() == v);
    if checks.is_empty() || any(Verdict::NotReproduced) {
        Verdict::NotReproduced
    } else if any(Verdict::Inconclusive) || control == Some(ControlOutcome::Persisted) {
        Verdict::Inconclusive
    } else {
        Verdict::Reproduced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(estimate: f64, ci: (f64, f64), accept: (f64, f64)) -> Check {
        Check { name: "c".into(), estimate, ci, accept, n: 8 }
    }

    #[test]
    fn the_whole_interval_has_to_fit() {
        let v = |low, high| check(0.5 * (low + high), (low, high), (0.0, 1.0)).verdict();
        assert_eq!(v(0.0, 1.0), Verdict::Reproduced);
        assert_eq!(v(0.9, 1.1), Verdict::Inconclusive);
        assert_eq!(v(-1.0, 2.0), Verdict::Inconclusive);
        assert_eq!(v(1.1, 1.2), Verdict::NotReproduced);
        assert_eq!(v(f64::NAN, 0.5), Verdict::NotReproduced);
        assert_eq!(Check { n: 0, ..check(0.5, (0.4, 0.6), (0.0, 1.0)) }.verdict(), Verdict::NotReproduced);
    }

    #[test]
    fn a_control_vanishes_only_on_evidence() {
        let control = Control { differs: "x", must_fail: &["c"] };
        let outcome = |c: Check| control.outcome(&[c]);
        assert_eq!(outcome(check(3.0, (2.9, 3.1), (0.0, 1.0))), ControlOutcome::Vanished);
        assert_eq!(outcome(check(1.0, (0.5, 1.5), (0.0, 1.0))), ControlOutcome::Persisted);
        assert_eq!(outcome(check(f64::NAN, (f64::NAN, f64::NAN), (0.0, 1.0))), ControlOutcome::Persisted);
        assert_eq!(outcome(Check { n: 0, ..check(3.0, (2.9, 3.1), (0.0, 1.0)) }), ControlOutcome::Persisted);
        assert_eq!(control.outcome(&[]), ControlOutcome::Persisted);
        assert_eq!(Control { differs: "x", must_fail: &[] }.outcome(&[]), ControlOutcome::Persisted);
    }

    #[test]
    fn the_worst_check_decides() {
        let good = check(0.5, (0.4, 0.6), (0.0, 1.0));
        let edge = check(1.0, (0.9, 1.1), (0.0, 1.0));
        let bad = check(2.0, (1.9, 2.1), (0.0, 1.0));
        assert_eq!(verdict(std::slice::from_ref(&good), Some(ControlOutcome::Vanished)), Verdict::Reproduced);
        assert_eq!(verdict(std::slice::from_ref(&good), Some(ControlOutcome::Persisted)), Verdict::Inconclusive);
        assert_eq!(verdict(&[good.clone(), edge.clone()], None), Verdict::Inconclusive);
        assert_eq!(verdict(&[good, edge, bad], None), Verdict::NotReproduced);
        assert_eq!(verdict(&[], None), Verdict::NotReproduced);
    }

    #[test]
    fn headroom_names_the_nearer_limit() {
        let c = check(0.9, (0.85, 0.95), (0.0, 1.0));
        assert_eq!(c.headroom().0, 1.0);
        assert!((c.headroom().1 - 2.0).abs() < 1e-9);
        assert!(check(2.0, (1.9, 2.1), (0.0, 1.0)).headroom().1 < 0.0);
    }
}
