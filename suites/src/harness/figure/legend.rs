//! What is labelled in a panel, and the legend for what cannot be labelled where it is.

use std::collections::BTreeSet;

use super::labels::Rect;
use super::look::LABEL;
use super::text::width;
use super::{Bar, Mark, Panel, Style};

/// Above this many lines, labels at line ends are a thicket.
const MOST_DIRECT: usize = 6;
/// Height of a row.
const ROW: f64 = 1.45 * LABEL;
/// Lengths of an entry's sample and of the gap behind it.
pub(super) const SAMPLE: f64 = 24.0;
pub(super) const GAP: f64 = 6.0;

/// A mark with the left end and the baseline of its entry.
pub(super) type Entry = (usize, (f64, f64));

/// Name and style of a measured series.
pub(super) fn series(mark: &Mark) -> Option<(&str, Style)> {
    match mark {
        Mark::Line { label, style, .. } | Mark::Band { label, style, .. } => Some((label, *style)),
        Mark::Points { label, .. } | Mark::Whiskers { label, .. } => Some((label, Style::Solid)),
        _ => None,
    }
}

/// The bars of a mark.
pub(super) fn bars(mark: &Mark) -> Option<&Vec<Bar>> {
    if let Mark::Bars(bars) = mark { Some(bars) } else { None }
}

/// The label of any mark.
pub(super) fn label(mark: &Mark) -> &str {
    match mark {
        Mark::Theory { formula: label, .. }
        | Mark::Guide { label, .. }
        | Mark::VLine { label, .. }
        | Mark::HLine { label, .. } => label,
        other => series(other).map_or("", |(label, _)| label),
    }
}

/// Marks to be labelled: each series once, by its most visible arm.
pub(super) fn named(panel: &Panel) -> Vec<usize> {
    let rank = |mark: &Mark| match series(mark) {
        Some((_, Style::Solid)) => 0,
        Some((_, Style::Dashed)) => 1,
        _ => 2,
    };
    let marks = &panel.marks;
    (0..marks.len())
        .filter(|&i| !label(&marks[i]).is_empty())
        .filter(|&i| {
            series(&marks[i]).is_none()
                || !(0..marks.len()).any(|j| {
                    series(&marks[j]).map(|s| s.0) == series(&marks[i]).map(|s| s.0)
                        && (rank(&marks[j]), j) < (rank(&marks[i]), i)
                })
        })
        .collect()
}

/// Marks that go to the legend from the start: too many lines, or points that have no end to stand at.
pub(super) fn crowded(panel: &Panel) -> BTreeSet<usize> {
    let all: Vec<usize> = named(panel).into_iter().filter(|&i| series(&panel.marks[i]).is_some()).collect();
    let scattered = |&i: &usize| matches!(panel.marks[i], Mark::Points { .. } | Mark::Whiskers { .. });
    if all.len() > MOST_DIRECT || all.iter().any(scattered) { all.into_iter().collect() } else { BTreeSet::new() }
}

/// Flows the legend's entries into rows from `top` on; returns the height.
pub(super) fn flow(panel: &Panel, marks: &BTreeSet<usize>, cell: Rect, top: f64) -> (f64, Vec<Entry>) {
    let (mut x, mut row, mut out) = (cell.left, 0.0, Vec::new());
    for &mark in marks {
        let wide = SAMPLE + GAP + width(label(&panel.marks[mark]), LABEL);
        if x + wide > cell.right && x > cell.left {
            (x, row) = (cell.left, row + 1.0);
        }
        out.push((mark, (x, top + row * ROW + LABEL)));
        x += wide + 18.0;
    }
    (if out.is_empty() { 0.0 } else { (row + 1.0) * ROW + 6.0 }, out)
}
