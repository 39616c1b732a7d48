//! Accuracy and counted work of two sides, seed by seed. The inputs of a seed are the same on both, so nothing here is
//! noise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::estimate::median;
use crate::{
    harness::stats::sign_test,
    worker::{Failure, Measured, Refusal},
};

/// A drift is reported when the median error changed by more than this factor.
const DRIFT: f64 = 2.0;
/// Or when one error changed by more than this.
const WORST: f64 = 10.0;
/// Errors up to this are rounding, and compared as if they were equal: another order of a sum moves them.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
/// Significance of a drift.
const ALPHA: f64 = 0.01;

/// What a side made of one seed.
pub type Outcome = Result<Measured, Refusal>;

/// How the answers of two sides compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// Every output is the same to the last bit.
    Identical,
    /// Other bits, but errors of the same size, all within the contract.
    WithinContract,
    /// Errors within the contract that became significantly larger.
    Worse,
    /// Errors that became significantly smaller.
    Better,
    /// A seed that the base solves and the head does not.
    Broken,
    /// A seed that the head solves and the base does not; none the other way round.
    Mended,
    /// Seeds that neither side solves; nothing else changed.
    FailsOnBoth,
}

/// The accuracy of a unit on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// The verdict.
    pub agreement: Agreement,
    /// Seeds.
    pub seeds: usize,
    /// Median error of base and head over the seeds that both solve.
    pub errors: [f64; 2],
    /// Seeds on which base and head failed.
    pub failures: [usize; 2],
    /// The first failure of base and head.
    pub reasons: [Option<Refusal>; 2],
    /// Counters that differ on some seed.
    pub effort: Vec<Change>,
}

/// A counter that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The counter.
    pub counter: String,
    /// Its sum over the seeds that both solve, on base and head.
    pub totals: [u64; 2],
    /// Seeds on which it differs.
    pub seeds: usize,
}

impl Change {
    /// Whether the head works more.
    pub fn more(&self) -> bool {
        self.totals[1] > self.totals[0]
    }
}

impl Accuracy {
    /// Compares outcomes of the same seeds.
    pub fn new(base: &[Outcome], head: &[Outcome]) -> Self {
        let head: &[Outcome] = &base.iter().zip(head).map(|(b, h)| within(b, h)).collect::<Vec<_>>();
        let solved: Vec<(&Measured, &Measured)> =
            base.iter().zip(head).filter_map(|(b, h)| Some((b.as_ref().ok()?, h.as_ref().ok()?))).collect();
        let failures = [base, head].map(|side| side.iter().filter(|o| o.is_err()).count());
        let reasons = [base, head].map(|side| side.iter().find_map(|o| o.as_ref().err().cloned()));
        let broken = base.iter().zip(head).any(|(b, h)| b.is_ok() && h.is_err());
        let mended = base.iter().zip(head).any(|(b, h)| b.is_err() && h.is_ok());
        let agreement = match drift(&solved) {
            _ if broken => Agreement::Broken,
            Agreement::Worse => Agreement::Worse,
            _ if mended => Agreement::Mended,
            _ if failures[0] > 0 => Agreement::FailsOnBoth,
            drift => drift,
        };
        let error = |pick: fn(&(&Measured, &Measured)) -> f64| median(&mut solved.iter().map(pick).collect::<Vec<_>>());
        let errors = [error(|(b, _)| b.accuracy), error(|(_, h)| h.accuracy)];
        Self { agreement, seeds: base.len(), errors, failures, reasons, effort: effort(&solved) }
    }

    /// Whether the head's answers are worse in a way that counts.
    pub fn regression(&self) -> bool {
        matches!(self.agreement, Agreement::Broken | Agreement::Worse)
    }

    /// Whether both sides can be timed.
    pub fn timeable(&self) -> bool {
        self.failures == [0, 0]
    }

    /// Whether the head counted more work of some kind.
    pub fn more_work(&self) -> bool {
        self.effort.iter().any(Change::more)
    }

    /// Whether a side gave a wrong answer, rather than none.
    pub fn wrong(&self, side: usize) -> bool {
        self.reasons[side].as_ref().is_some_and(|r| r.kind == Failure::Wrong)
    }
}

/// The head's outcome, refused where it breaks the contract of the base: a head that loosened its own must not be its only
/// judge. What the machine allows at most solves nothing and has no contract.
fn within(base: &Outcome, head: &Outcome) -> Outcome {
    match (base, head) {
        (Ok(b), Ok(h)) if b.contract > 0.0 && h.accuracy > b.contract => {
            let error = format!("an error of {:.1e}, where the base allows {:.1e}", h.accuracy, b.contract);
            Err(Refusal::new(Failure::Wrong, error))
        }
        _ => head.clone(),
    }
}

fn drift(solved: &[(&Measured, &Measured)]) -> Agreement {
    if solved.iter().all(|(b, h)| b.checksum == h.checksum) {
        return Agreement::Identical;
    }
    let log = |m: &Measured| m.accuracy.max(ROUNDING).log10();
    let changes: Vec<f64> = solved.iter().map(|(b, h)| log(h) - log(b)).collect();
    let worst = |sign: f64| changes.iter().any(|c| sign * c > WORST.log10());
    let level = median(&mut changes.clone());
    let (up, down) = (changes.iter().filter(|c| **c > 0.0).count(), changes.iter().filter(|c| **c < 0.0).count());
    let significant = sign_test(up, down) < ALPHA;
    let better = significant && level < -DRIFT.log10();
    if (significant && level > DRIFT.log10()) || (worst(1.0) && !better) {
        Agreement::Worse
    } else if better {
        Agreement::Better
    } else {
        Agreement::WithinContract
    }
}

fn effort(solved: &[(&Measured, &Measured)]) -> Vec<Change> {
    let counters: BTreeSet<&String> = solved.iter().flat_map(|(b, h)| b.effort.keys().chain(h.effort.keys())).collect();
    let of = |m: &Measured, counter: &str| BTreeMap::get(&m.effort, counter).copied().unwrap_or(0);
    let change = |counter: &String| {
        let pairs = || solved.iter().map(|(b, h)| (of(b, counter), of(h, counter)));
        let seeds = pairs().filter(|(b, h)| b != h).count();
        let totals = [pairs().map(|p| p.0).sum(), pairs().map(|p| p.1).sum()];
        (seeds > 0).then(|| Change { counter: counter.clone(), totals, seeds })
    };
    counters.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(checksum: &str, accuracy: f64, iterations: u64) -> Outcome {
        let effort = BTreeMap::from([("iterations".to_owned(), iterations), ("flops".to_owned(), 7)]);
        Ok(Measured { ns: 1, cpu_ns: 1, checksum: checksum.into(), accuracy, contract: 1.0, effort })
    }

    fn compare(head: impl Fn(usize) -> Outcome) -> Accuracy {
        let base: Vec<_> = (0..20).map(|i| solved(&i.to_string(), 1e-10, 40)).collect();
        Accuracy::new(&base, &(0..20).map(head).collect::<Vec<_>>())
    }

    #[test]
    fn the_four_levels() {
        let of = |accuracy| compare(move |_| solved("other", accuracy, 40)).agreement;
        assert_eq!(compare(|i| solved(&i.to_string(), 1e-10, 40)).agreement, Agreement::Identical);
        assert_eq!(of(1.5e-10), Agreement::WithinContract);
        assert_eq!(of(3e-10), Agreement::Worse);
        assert_eq!(of(3e-11), Agreement::Better);
        let one_bad = compare(|i| solved("other", if i == 3 { 2e-9 } else { 1e-10 }, 40));
        assert_eq!(one_bad.agreement, Agreement::Worse);
        let better_but_one = compare(|i| solved("other", if i == 3 { 1e-7 } else { 0.9e-10 }, 40));
        assert_eq!(better_but_one.agreement, Agreement::Worse);
        let wrong = |i| if i == 7 { Err(Refusal::new(Failure::Wrong, "off")) } else { solved("x", 1e-10, 40) };
        assert_eq!(compare(wrong).agreement, Agreement::Broken);
        assert!(compare(wrong).regression() && compare(wrong).wrong(1) && !compare(wrong).timeable());
    }

    #[test]
    fn a_rounding_is_no_drift_and_the_contract_is_the_bases() {
        let of = |error: f64| (0..20).map(|_| solved("x", error, 40)).collect::<Vec<_>>();
        let other = |error: f64| (0..20).map(|_| solved("y", error, 40)).collect::<Vec<_>>();
        assert_eq!(Accuracy::new(&of(0.0), &other(2e-16)).agreement, Agreement::WithinContract);
        assert_eq!(Accuracy::new(&of(0.0), &other(1e-13)).agreement, Agreement::Worse);
        // The contract of `solved` is 1; a head with a wider one does not get away with more.
        let loose = |outcome: &Outcome| outcome.clone().map(|m| Measured { contract: 100.0, ..m });
        let head: Vec<Outcome> = other(2.0).iter().map(loose).collect();
        let accuracy = Accuracy::new(&of(0.5), &head);
        assert!(accuracy.agreement == Agreement::Broken && accuracy.wrong(1));
    }

    #[test]
    fn failures_on_the_base_alone_or_on_both_are_no_regression() {
        let fails = || Err(Refusal::new(Failure::Failed, "diverged"));
        let ok = || solved("x", 1e-10, 40);
        assert_eq!(Accuracy::new(&[fails(), ok()], &[ok(), ok()]).agreement, Agreement::Mended);
        let coarse = solved("y", 1e-8, 40);
        assert_eq!(Accuracy::new(&[fails(), ok()], &[ok(), coarse]).agreement, Agreement::Worse);
        assert_eq!(Accuracy::new(&[fails(), ok()], &[fails(), ok()]).agreement, Agreement::FailsOnBoth);
        assert_eq!(Accuracy::new(&[fails(), ok()], &[ok(), fails()]).agreement, Agreement::Broken);
    }

    #[test]
    fn one_more_iteration_on_one_seed_is_found() {
        let accuracy = compare(|i| solved(&i.to_string(), 1e-10, 40 + u64::from(i == 5)));
        assert_eq!(accuracy.effort, [Change { counter: "iterations".into(), totals: [800, 801], seeds: 1 }]);
        assert!(accuracy.more_work());
    }
}
