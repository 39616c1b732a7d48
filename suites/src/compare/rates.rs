//! What the rows of an experiment say about the method: rates, and whether they contradict what the method promises.

use std::{collections::BTreeSet, fmt::Write};

use super::{experiment::Line, verdict::Speed};
use crate::harness::stats::clopper_pearson;

/// A promise counts as broken if its breaches would be this unlikely had it been kept.
const IMPROBABLE: f64 = 1e-3;

/// A promise of the method, and how often it was put to the test and broken.
struct Promise {
    what: &'static str,
    /// The largest share of breaches that the method allows itself.
    limit: f64,
    breaches: usize,
    n: usize,
}

impl Promise {
    fn new(what: &'static str, limit: f64, lines: &[&Line], breach: impl Fn(&Line) -> bool) -> Self {
        Self { what, limit, breaches: lines.iter().filter(|line| breach(line)).count(), n: lines.len() }
    }

    fn broken(&self) -> bool {
        self.n > 0 && clopper_pearson(self.breaches, self.n, 1.0 - 2.0 * IMPROBABLE).0 > self.limit
    }
}

/// Every statement in a row that the truth can contradict. None depends on how busy the machine is: a noisy one makes
/// rows that promise less.
fn promises(lines: &[Line]) -> [Promise; 3] {
    let of = |keep: &dyn Fn(&Line) -> bool| -> Vec<&Line> { lines.iter().filter(|line| keep(line)).collect() };
    let truth = |line: &Line| line.injected.ln_1p();
    let change = |line: &Line| matches!(line.speed, Speed::Slower | Speed::Faster);
    // A first look with too few pairs has no resolution and promises nothing.
    let could_see = |line: &Line| line.injected > 0.0 && line.resolution <= line.injected;
    [
        Promise::new("faster or slower where nothing is", 0.01, &of(&|line| line.injected == 0.0), change),
        Promise::new("a slowdown missed that the row says it would have seen", 0.2, &of(&could_see), |line| {
            line.speed != Speed::Slower
        }),
        Promise::new(
            "unchanged, excluding the true change",
            0.1,
            &of(&|line| line.injected > 0.0 && line.speed == Speed::Unchanged),
            |line| truth(line) > line.resolution.ln_1p(),
        ),
    ]
}

/// The promises that the rows contradict, one sentence each; and whether they promise nothing at all.
pub fn contradictions(lines: &[Line]) -> Vec<String> {
    let broken = promises(lines).into_iter().filter(Promise::broken);
    let mut all: Vec<String> = broken
        .map(|p| format!("{}: {} of {} rows, where at most {} % may be", p.what, p.breaches, p.n, 100.0 * p.limit))
        .collect();
    let slowed = || lines.iter().filter(|line| line.injected > 0.0);
    if slowed().next().is_some() && slowed().all(|line| line.speed != Speed::Slower && line.resolution > line.injected)
    {
        all.push("no slowdown was found, and no row says that it would have seen its own".into());
    }
    all
}

/// The rates in a few lines.
pub fn summary(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut rate = |what: &str, hits: usize, n: usize| {
        if n > 0 {
            let (low, high) = clopper_pearson(hits, n, 0.95);
            let (share, low, high) = (100.0 * hits as f64 / n as f64, 100.0 * low, 100.0 * high);
            let _ = writeln!(text, "{what}: {hits} of {n} = {share:.1} % ({low:.1} … {high:.1})");
        }
    };
    let changed = |speed: Speed| matches!(speed, Speed::Faster | Speed::Slower);
    let same: Vec<&Line> = lines.iter().filter(|line| line.injected == 0.0).collect();
    let wrong: Vec<&Line> = same.iter().copied().filter(|line| changed(line.speed)).collect();
    let tables = |of: &[&Line]| of.iter().map(|line| line.table).collect::<BTreeSet<_>>().len();
    rate("false verdicts, of rows without a change", wrong.len(), same.len());
    rate("tables with a false verdict", tables(&wrong), tables(&same));
    for injected in
        lines.iter().map(|line| (1000.0 * line.injected).round() as u32).filter(|x| *x > 0).collect::<BTreeSet<_>>()
    {
        let rows: Vec<&Line> =
            lines.iter().filter(|line| (1000.0 * line.injected).round() as u32 == injected).collect();
        let found = rows.iter().filter(|line| line.speed == Speed::Slower).count();
        rate(&format!("slowdowns by {} % found", f64::from(injected) / 10.0), found, rows.len());
    }
    for promise in &promises(lines)[1..] {
        rate(promise.what, promise.breaches, promise.n);
    }
    rate("rows decided", lines.iter().filter(|line| line.speed != Speed::Undecided).count(), lines.len());
    let stored = |injected: bool| {
        lines.iter().filter(move |line| (line.injected > 0.0) == injected).filter_map(|line| line.criterion)
    };
    rate(
        "criterion's rule on a stored baseline: false verdicts",
        stored(false).filter(|s| changed(*s)).count(),
        stored(false).count(),
    );
    rate(
        "criterion's rule on a stored baseline: slowdowns found",
        stored(true).filter(|s| *s == Speed::Slower).count(),
        stored(true).count(),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(injected: f64, speed: Speed, resolution: f64) -> Line {
        Line {
            experiment: String::new(),
            table: 1,
            unit: String::new(),
            injected,
            speed,
            change: injected,
            ci_low: 0.0,
            ci_high: 0.0,
            margin: 0.01,
            floor: 0.0,
            resolution,
            pairs: 30,
            confirming: 0,
            criterion: None,
            criterion_change: None,
            seconds: 1.0,
            load: 0.0,
        }
    }

    fn lines(n: usize, of: impl Fn() -> Line) -> Vec<Line> {
        (0..n).map(|_| of()).collect()
    }

    #[test]
    fn a_method_that_keeps_its_word_is_not_contradicted_on_a_quiet_machine_or_a_busy_one() {
        let quiet = [lines(20, || line(0.0, Speed::Unchanged, 0.008)), lines(20, || line(0.1, Speed::Slower, 0.02))];
        assert_eq!(contradictions(&quiet.concat()), Vec::<String>::new());
        let busy = [lines(39, || line(0.1, Speed::Undecided, 0.3)), lines(1, || line(0.1, Speed::Slower, 0.08))];
        assert_eq!(contradictions(&busy.concat()), Vec::<String>::new());
        // What sees nothing at all has shown nothing.
        assert_eq!(contradictions(&lines(40, || line(0.1, Speed::Undecided, f64::INFINITY))).len(), 1);
    }

    #[test]
    fn false_alarms_missed_slowdowns_and_false_exclusions_are_contradictions() {
        let mut alarms = lines(30, || line(0.0, Speed::Unchanged, 0.008));
        alarms.extend(lines(6, || line(0.0, Speed::Faster, 0.02)));
        assert!(contradictions(&alarms)[0].starts_with("faster or slower where nothing is: 6 of 36"));
        assert_eq!(contradictions(&lines(15, || line(0.1, Speed::Undecided, 0.05))).len(), 1);
        assert_eq!(contradictions(&lines(15, || line(0.1, Speed::Unchanged, 0.009))).len(), 2);
    }
}
