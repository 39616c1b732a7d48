//! The last screen of a run: what came out, what to look at, where.

use std::fmt::Write as _;

use crate::harness::{
    claim::{Kind, Verdict},
    judge::Bench,
    report::{
        PAGE,
        number::{count, seconds},
    },
    verdicts::ClaimRow,
};

/// Unexpected verdicts beyond this many are counted only.
const LONGEST: usize = 12;

/// Columns of the table: a verdict and its heading.
const VERDICTS: [(Verdict, &str); 4] = [
    (Verdict::Reproduced, "reproduced"),
    (Verdict::NotReproduced, "not reproduced"),
    (Verdict::Inconclusive, "inconclusive"),
    (Verdict::Skipped, "skipped"),
];

/// One screen: families with their verdicts, what is unexpected, and where the report is; `wall` seconds if it ran.
pub fn summary(bench: &Bench<'_>, wall: Option<f64>) -> String {
    let rows: Vec<&ClaimRow> = bench.judged().collect();
    let mut out = table(&rows);
    let late: Vec<_> = rows.iter().filter(|row| !row.as_expected()).collect();
    match late.len() {
        0 => out += "all verdicts as expected\n",
        n => {
            let _ = writeln!(out, "{n} not as expected:");
        }
    }
    for row in late.iter().take(LONGEST) {
        let time = if row.kind == Kind::Timing.name() { " (a time: never changes the exit status)" } else { "" };
        let _ = writeln!(out, "  {}: {}, expected {}{time}; `residual why {0}`", row.claim, row.verdict, row.expected);
    }
    if late.len() > LONGEST {
        let _ = writeln!(out, "  and {} more", late.len() - LONGEST);
    }
    let made = bench.provenance().experiments.values();
    let (trials, core) = made.fold((0, 0.0), |(n, s), made| (n + made.trials, s + made.core_seconds));
    let wall = wall.map_or_else(String::new, |wall| format!("{} by the clock; ", seconds(wall)));
    let _ = writeln!(out, "{wall}{} trials in the folder, {} of core time", count(trials as u64), seconds(core));
    let _ = write!(out, "report: {}", bench.folder().path(PAGE).display());
    out
}

/// A line for each family; columns in which nothing stands are left out.
fn table(rows: &[&ClaimRow]) -> String {
    let number = |family: Option<&str>, verdict| {
        rows.iter().filter(|row| row.verdict == verdict && family.is_none_or(|family| row.family == family)).count()
    };
    let columns: Vec<_> = VERDICTS.into_iter().filter(|(verdict, _)| number(None, *verdict) > 0).collect();
    let mut families: Vec<&str> = rows.iter().map(|row| row.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let mut out = format!("\n{:<14}", "family");
    columns.iter().for_each(|(_, name)| out += &format!("  {name:>14}"));
    let lines = families.iter().map(|family| (*family, Some(*family)));
    for (name, family) in lines.chain((families.len() > 1).then_some(("together", None))) {
        let _ = write!(out, "\n{name:<14}");
        columns.iter().for_each(|(verdict, _)| out += &format!("  {:>14}", number(family, *verdict)));
    }
    out + "\n\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::experiment::Scale;

    fn row(family: &str, verdict: Verdict) -> ClaimRow {
        ClaimRow {
            paper: "p".into(),
            claim: "c".into(),
            family: family.into(),
            scale: Scale::Smoke,
            seed: 1,
            verdict,
            expected: Verdict::Reproduced,
            kind: "exact".into(),
            statistic: String::new(),
            measured: None,
            ci_low: None,
            ci_high: None,
            threshold: None,
            confidence: None,
            n: None,
            control: None,
            r#where: String::new(),
            source: "ours".into(),
            statement: String::new(),
        }
    }

    #[test]
    fn families_have_lines_and_verdicts_that_occur_have_columns() {
        let rows = [("b", Verdict::Reproduced), ("a", Verdict::Reproduced), ("a", Verdict::Skipped)];
        let rows = rows.map(|(family, verdict)| row(family, verdict));
        let text = table(&rows.iter().collect::<Vec<_>>());
        let words: Vec<Vec<&str>> = text.trim().lines().map(|line| line.split_whitespace().collect()).collect();
        let want =
            [&["family", "reproduced", "skipped"][..], &["a", "1", "1"], &["b", "1", "0"], &["together", "2", "1"]];
        assert_eq!(words, want);
        assert_eq!(table(&[&rows[0]]).trim().lines().count(), 2, "one family needs no sum");
    }
}
