//! How likely this report is to cry wolf: the chance that another master seed changes a verdict although nothing is
//! wrong.

use serde::Serialize;

use super::number::{at_most, number, percent};
use crate::harness::{
    claim::{Arm, Claim, Kind, Verdict},
    stats::{Estimate, false_alarm, family_wise, headroom},
    verdicts::{CheckRow, ClaimRow},
};

/// Distance from the nearest limit, in standard errors, that every check should keep.
pub const DESIGN: f64 = 5.7;

/// The chances of all claims together.
#[derive(Debug, Default)]
pub struct Alarm {
    /// Each check that can change a verdict, with its chance to; likeliest first.
    pub checks: Vec<Exposed>,
    /// Checks whose spread over seeds cannot be told from the data: extremes and other numbers without an interval, and
    /// fractions on which all seeds agree, which are as likely under a failure rate of 0 as under a few tenths of 1/n.
    pub unknown: usize,
    /// Claims that say nothing about false alarms: skipped, with an unexpected verdict, or expected to be inconclusive.
    pub left_out: usize,
}

/// A check that could change a verdict.
#[derive(Debug, Clone)]
pub struct Exposed {
    /// Key of the claim.
    pub claim: String,
    /// Name of the check.
    pub check: String,
    /// The arm it belongs to.
    pub arm: Arm,
    /// Distance from the limit in standard errors.
    pub headroom: f64,
    /// The chance that another seed crosses it.
    pub chance: f64,
}

impl Alarm {
    /// The chances of these claims with their checks. Times are judged apart and do not belong here.
    pub fn new<'a>(claims: impl Iterator<Item = (&'a Claim, &'a ClaimRow, Vec<&'a CheckRow>)>) -> Self {
        let mut alarm = Self::default();
        claims.for_each(|(claim, row, checks)| alarm.add(claim, row, &checks));
        alarm.checks.sort_by(|a, b| b.chance.total_cmp(&a.chance));
        alarm
    }

    fn add(&mut self, claim: &Claim, row: &ClaimRow, checks: &[&CheckRow]) {
        let own = || checks.iter().filter(|c| c.arm == Arm::Claim);
        let sound = row.verdict == row.expected;
        match row.expected {
            Verdict::Reproduced if sound => {
                let must_fail = claim.control.as_ref().map_or(&[][..], |c| c.must_fail);
                let control = checks.iter().filter(|c| c.arm == Arm::Control && must_fail.contains(&c.check.as_str()));
                let all = own().map(|c| (c, inside(c))).chain(control.map(|c| (c, outside(c))));
                let (unknown, others): (Vec<_>, Vec<_>) = all.partition(|(c, _)| is_unknown(claim, c));
                self.unknown += unknown.len();
                self.checks.extend(others.into_iter().map(|(c, headroom)| Exposed::new(c, headroom)));
            }
            // The verdict stays as long as one of the checks that fail goes on failing: the firmest one counts.
            Verdict::NotReproduced if sound => {
                let failing = || own().filter(|c| c.verdict == Verdict::NotReproduced);
                let known = failing().filter(|c| !is_unknown(claim, c)).map(|c| Exposed::new(c, outside(c)));
                match known.max_by(|a, b| a.headroom.total_cmp(&b.headroom)) {
                    Some(firmest) => self.checks.push(firmest),
                    None => self.unknown += failing().count(),
                }
            }
            _ => self.left_out += 1,
        }
    }

    /// At least one false alarm, if the checks are independent.
    pub fn independent(&self) -> f64 {
        1.0 - self.checks.iter().map(|c| 1.0 - c.chance).product::<f64>()
    }

    /// How many checks are to be expected on the wrong side, whatever the dependence.
    pub fn expected(&self) -> f64 {
        self.checks.iter().map(|c| c.chance).sum()
    }

    /// At least one false alarm, whatever the dependence.
    pub fn at_most(&self) -> f64 {
        self.expected().min(1.0)
    }

    /// At least one false alarm, if every check kept exactly the distance [`DESIGN`].
    pub fn by_design(&self) -> f64 {
        family_wise(self.checks.len(), false_alarm(DESIGN))
    }

    /// The checks that are nearer to their limit than [`DESIGN`].
    pub fn near(&self) -> impl Iterator<Item = &Exposed> {
        self.checks.iter().filter(|c| c.headroom < DESIGN)
    }
}

impl Exposed {
    fn new(row: &CheckRow, headroom: f64) -> Self {
        let chance = if headroom.is_nan() { 0.0 } else { false_alarm(headroom) };
        Self { claim: row.claim.clone(), check: row.check.clone(), arm: row.arm, headroom, chance }
    }
}

/// Whether the spread of a check over seeds cannot be told.
fn is_unknown(claim: &Claim, row: &CheckRow) -> bool {
    is_unanimous(row) || (claim.kind == Kind::Statistical && row.ci_low == row.ci_high)
}

/// Whether this is a fraction, 0 or 1, with an interval that says that another sample might not agree.
fn is_unanimous(row: &CheckRow) -> bool {
    let none = row.measured == 0.0 && row.ci_low == 0.0 && row.ci_high > 0.0 && row.ci_high <= 1.0;
    let all = row.measured == 1.0 && row.ci_high == 1.0 && row.ci_low < 1.0 && row.ci_low >= 0.0;
    none || all
}

fn estimate(row: &CheckRow) -> Estimate {
    Estimate { value: row.measured, ci: (row.ci_low, row.ci_high), n: row.n }
}

/// Headroom inside the accepted range.
fn inside(row: &CheckRow) -> f64 {
    headroom(&estimate(row), (row.accept_low, row.accept_high))
}

/// Headroom of a check that has to stay apart from the accepted range, on whichever side it is.
fn outside(row: &CheckRow) -> f64 {
    let to = |range| headroom(&estimate(row), range);
    to((f64::NEG_INFINITY, row.accept_low)).max(to((row.accept_high, f64::INFINITY)))
}

/// The chance of a false alarm, in words.
#[derive(Serialize)]
pub struct AlarmView {
    checks: usize,
    unknown: usize,
    left_out: usize,
    independent: String,
    at_most: String,
    /// Changes to be expected: the chances added up.
    expected: String,
    by_design: String,
    design: String,
    near: Vec<NearView>,
    nearer: usize,
}

/// A check near its limit.
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

impl AlarmView {
    pub fn new(alarm: &Alarm) -> Self {
        let near = |check: &Exposed| NearView {
            claim: check.claim.clone(),
            check: check.check.clone(),
            control: check.arm == Arm::Control,
            headroom: number(check.headroom),
            chance: percent(check.chance),
        };
        Self {
            checks: alarm.checks.len(),
            unknown: alarm.unknown,
            left_out: alarm.left_out,
            independent: percent(alarm.independent()),
            at_most: at_most(alarm.at_most()),
            expected: number(alarm.expected()),
            by_design: percent(alarm.by_design()),
            design: number(DESIGN),
            near: alarm.near().take(NEAREST).map(near).collect(),
            nearer: alarm.near().count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(arm: Arm, measured: f64, half: f64, accept: (f64, f64), verdict: Verdict) -> CheckRow {
        CheckRow {
            paper: "p".into(),
            claim: "c".into(),
            check: "x".into(),
            arm,
            measured,
            ci_low: measured - half,
            ci_high: measured + half,
            accept_low: accept.0,
            accept_high: accept.1,
            n: 9,
            verdict,
        }
    }

    #[test]
    fn distances_are_in_standard_errors_on_the_side_that_matters() {
        let range = (0.0, f64::INFINITY);
        assert!((inside(&row(Arm::Claim, 1.0, 0.196, range, Verdict::Reproduced)) - 10.0).abs() < 1e-2);
        assert!((outside(&row(Arm::Control, -1.0, 0.196, range, Verdict::NotReproduced)) - 10.0).abs() < 1e-2);
        let two_sided = row(Arm::Control, 3.0, 0.196, (0.0, 2.0), Verdict::NotReproduced);
        assert!((outside(&two_sided) - 10.0).abs() < 1e-2);
    }

    #[test]
    fn a_point_interval_raises_no_alarm() {
        let exact = row(Arm::Claim, 1e-15, 0.0, (f64::NEG_INFINITY, 1e-12), Verdict::Reproduced);
        assert_eq!(Exposed::new(&exact, inside(&exact)).chance, 0.0);
        let undefined = row(Arm::Claim, f64::NAN, 0.0, (0.0, 1.0), Verdict::NotReproduced);
        assert_eq!(Exposed::new(&undefined, outside(&undefined)).chance, 0.0);
    }

    #[test]
    fn seeds_that_agree_say_little_about_the_next() {
        let fraction = |measured, half| row(Arm::Claim, measured, half, (0.5, f64::INFINITY), Verdict::Reproduced);
        assert!(!is_unanimous(&fraction(0.9, 0.1)));
        assert!(!is_unanimous(&fraction(1.0, 0.0)));
        assert!(is_unanimous(&CheckRow { ci_high: 1.0, ..fraction(1.0, 0.4) }));
        assert!(is_unanimous(&CheckRow { ci_low: 0.0, ..fraction(0.0, 0.4) }));
    }

    #[test]
    fn chances_add_up() {
        let near = row(Arm::Claim, 1.0, 0.5, (0.0, f64::INFINITY), Verdict::Reproduced);
        let near = Exposed::new(&near, inside(&near));
        let alarm = Alarm { checks: vec![near.clone(), near.clone()], ..Alarm::default() };
        assert!((alarm.independent() - family_wise(2, near.chance)).abs() < 1e-12);
        assert!(alarm.at_most() >= alarm.independent());
        assert_eq!(alarm.near().count(), 2);
        assert_eq!(Alarm::default().independent(), 0.0);
    }
}
