//! `residual diff`: what changed between two result folders.

use std::{path::Path, process::ExitCode};

use crate::harness::{
    cells::align,
    difference::{Column, Difference, Tolerance},
    error::Result,
    folder::Folder,
    progress::say,
};

/// Compares two folders and prints a table of what differs; 1 if anything does.
pub fn diff(a: &Path, b: &Path, tolerance: &Tolerance) -> Result<ExitCode> {
    let difference = Difference::of(&Folder::open(a)?, &Folder::open(b)?, tolerance)?;
    difference.missing.iter().for_each(|line| say(line));
    for (claim, before, after) in &difference.verdicts {
        say(&format!("verdict of {claim}: {before} in {}, {after} in {}", a.display(), b.display()));
    }
    if !difference.columns.is_empty() {
        let head = ["file", "column", "differ", "tolerated", "largest", "first", "second", "at"];
        let lines = [head.map(String::from).to_vec()].into_iter().chain(difference.columns.iter().map(line));
        say(align(&lines.collect::<Vec<_>>()).trim_end());
    }
    let (files, rows) = (difference.files, difference.rows);
    let differ: usize = difference.columns.iter().map(|c| c.differ).sum();
    let tolerated: usize = difference.columns.iter().map(|c| c.tolerated).sum();
    let same = difference.is_none();
    let verdict = if same { "the same" } else { "different" };
    say(&format!(
        "{verdict}: {differ} cells differ, {tolerated} within the tolerance, in {rows} rows of {files} files"
    ));
    Ok(ExitCode::from(u8::from(!same)))
}

fn line(column: &Column) -> Vec<String> {
    let Column { file, name, differ, tolerated, largest, at: (place, first, second) } = column;
    let largest = if largest.is_finite() { format!("{largest:.1e}") } else { "-".into() };
    let counts = [differ.to_string(), tolerated.to_string(), largest];
    let cell = |text: &String| {
        if text.chars().count() > 24 { text.chars().take(23).chain(['…']).collect() } else { text.clone() }
    };
    [file.clone(), name.clone()].into_iter().chain(counts).chain([cell(first), cell(second), place.clone()]).collect()
}
