//! The report as Markdown, for a pull request: one line says everything, only rows that matter are in sight.

use std::fmt::Write;

use super::{
    accuracy::Agreement,
    report::{Report, Row, Weight},
    verdict::{FLOOR_EVERY, LOOKS, MOST, Speed},
};
use crate::harness::report::number::duration;

/// The marker by which a workflow finds the comment that it updates.
pub const MARKER: &str = "<!-- residual:compare v1 -->";
/// GitHub refuses comments of 65,536 characters.
const LONGEST: usize = 60_000;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let full = text(report, true);
    if full.len() <= LONGEST { full } else { text(report, false) }
}

fn text(report: &Report, all: bool) -> String {
    let mut out = format!("{MARKER}\n### Residual: {}\n\n", headline(report));
    let [base, head] = &report.sides;
    let _ = writeln!(out, "base {} · head {}\n", base.0, head.0);
    for what in &report.forced {
        let _ = writeln!(out, "**Forced:** {what}; numbers below compare more than the code.\n");
    }
    let mut rows: Vec<&Row> = report.rows.iter().collect();
    rows.sort_by_key(|row| row.weight);
    let (quiet, loud): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.weight == Weight::Neutral);
    table(&mut out, &loud);
    for lonely in &report.lonely {
        let _ = writeln!(out, "- `{}`: only in {}", lonely.unit, lonely.only);
    }
    claims(&mut out, report);
    for row in loud.iter().filter(|row| !row.faults.is_empty()) {
        let _ = writeln!(out, "- `{}`: {}", row.unit, row.faults.join("; "));
    }
    for note in &report.notes {
        let _ = writeln!(out, "- {note}");
    }
    let _ = write!(out, "\n<details><summary>{} unchanged · method · machine</summary>\n\n", quiet.len());
    if all {
        table(&mut out, &quiet);
    } else {
        out.push_str("The table of unchanged rows is too long for a comment; `--json` has it.\n\n");
    }
    let few = LOOKS[0];
    let over = match report.layouts {
        1 => "pairs".into(),
        n => format!("{n} orders of functions, half of them in each run, with their pairs"),
    };
    let _ = writeln!(
        out,
        "Times are processor times. {few} to {MOST} pairs of fresh processes, in both orders of starting, up to two ABBA \
         blocks each; intervals: bootstrap over {}, 95 %; margin: the larger of 1 % and what base against base shows (one \
         pair in {FLOOR_EVERY}); Holm's correction over the rows; every change confirmed by a second run. Errors and counters: \
         20 seeds, the same on both sides.\n\n{}; {:.0} s. Repeat with `{}`.\n\n</details>",
        over, report.machine, report.seconds, report.command
    );
    out
}

fn headline(report: &Report) -> String {
    if report.identical {
        return "identical executables, so nothing can differ".into();
    }
    let mut parts = Vec::new();
    let speed = |s: Speed| report.rows.iter().filter(|r| r.time.as_ref().is_some_and(|t| t.speed == s)).count();
    if report.rows.iter().any(|row| row.time.is_some()) {
        parts.push(format!(
            "{} slower, {} faster, {} unchanged, {} undecided",
            speed(Speed::Slower),
            speed(Speed::Faster),
            speed(Speed::Unchanged),
            speed(Speed::Undecided)
        ));
    } else {
        parts.push(format!("{} compared, none timed", report.rows.len()));
    }
    let agree = |a: Agreement| report.rows.iter().filter(|row| row.accuracy.agreement == a).count();
    let counts = [
        (agree(Agreement::Broken), "broken"),
        (agree(Agreement::Worse), "less accurate"),
        (agree(Agreement::Better) + agree(Agreement::Mended), "more accurate"),
        (agree(Agreement::WithinContract), "with other bits"),
        (agree(Agreement::Identical), "identical"),
    ];
    let answers: Vec<String> = counts.iter().filter(|c| c.0 > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !answers.is_empty() {
        parts.push(format!("answers: {}", answers.join(", ")));
    }
    let flipped = report.claims.iter().filter(|c| c.verdicts[0] != c.verdicts[1]).count();
    if flipped > 0 {
        parts.push(format!("claims: {flipped} with another verdict"));
    }
    parts.extend(report.unclaimed.iter().map(|unclaimed| format!("claims of the {} did not run", unclaimed.side)));
    parts.join(" · ")
}

fn table(out: &mut String, rows: &[&Row]) {
    if rows.is_empty() {
        return;
    }
    let counted = rows.iter().any(|row| row.instructions.is_some());
    let (head, rule) = if counted { (" instructions |", "---|") } else { ("", "") };
    let _ = writeln!(out, "| case | time (95 %) |{head} error base → head | verdict |\n|---|---|{rule}---|---|");
    for row in rows {
        let time = row.time.as_ref().map_or_else(
            || "not timed".into(),
            |t| {
                format!(
                    "{} ({} … {}), base {}",
                    percent(t.change),
                    percent(t.ci.0),
                    percent(t.ci.1),
                    duration(t.base_ns)
                )
            },
        );
        let counts = match &row.instructions {
            Some(counts) => format!(" {} |", percent(counts.change())),
            None if counted => " |".into(),
            None => String::new(),
        };
        let [base, head] = row.accuracy.errors;
        let error = match row.accuracy.agreement {
            Agreement::Identical => format!("{base:.1e}, identical bits"),
            _ => format!("{base:.1e} → {head:.1e}"),
        };
        let _ = writeln!(out, "| `{}` | {time} |{counts} {error} | {} |", row.unit, row.verdict);
    }
    out.push('\n');
}

fn claims(out: &mut String, report: &Report) {
    if report.claims.is_empty() {
        return;
    }
    let _ = writeln!(out, "| claim | verdict base → head | estimate base → head |\n|---|---|---|");
    for claim in &report.claims {
        let verdict = |side: usize| claim.verdicts[side].map_or_else(|| "none".into(), |v| v.to_string());
        let number = |side: usize| claim.measured[side].map_or_else(|| "none".into(), |x| format!("{x:.4e}"));
        let loud = if claim.regression { "**" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | {loud}{} → {}{loud} | {} → {} |",
            claim.claim,
            verdict(0),
            verdict(1),
            number(0),
            number(1)
        );
    }
    out.push('\n');
}

fn percent(ratio: f64) -> String {
    if ratio.is_finite() { format!("{:+.1} %", 100.0 * ratio) } else { "?".into() }
}
