//! Two result folders side by side: integers and text exactly, other numbers within a tolerance.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
    str::FromStr,
};

use csv::StringRecord;

use super::{
    cells::Cells,
    error::{Error, Result},
    experiment::TIMED,
    folder::Folder,
    history,
    verdicts::{CHECKS, CLAIMS},
};

/// A limit for all columns, or for one of them: `1e-6` or `error=1e-3`.
#[derive(Debug, Clone)]
pub struct Limit {
    column: Option<String>,
    value: f64,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, number) = text.rsplit_once('=').map_or((None, text), |(c, n)| (Some(c.to_owned()), n));
        match number.parse() {
            Ok(value) if value >= 0.0 => Ok(Self { column, value }),
            _ => Err("give a number ≥ 0, such as 1e-6, or COLUMN=NUMBER".into()),
        }
    }
}

/// How far numbers may be apart: a and b are the same if |a − b| ≤ atol + rtol · max(|a|, |b|).
#[derive(Debug, Clone)]
pub struct Tolerance {
    rtol: Vec<Limit>,
    atol: Vec<Limit>,
}

impl Tolerance {
    /// Relative limits and noise floors, below which digits mean nothing; 1e-6 and 1e-12 where none applies. A later
    /// limit goes before an earlier one, one for a column before one for all.
    pub fn new(rtol: Vec<Limit>, atol: Vec<Limit>) -> Self {
        Self { rtol, atol }
    }

    /// The largest gap at which two numbers in `column` are the same, the larger having this size.
    fn gap(&self, column: &str, size: f64) -> f64 {
        limit(&self.atol, column, 1e-12) + limit(&self.rtol, column, 1e-6) * size
    }
}

fn limit(limits: &[Limit], column: &str, otherwise: f64) -> f64 {
    let applying = limits.iter().filter(|limit| limit.column.as_deref().is_none_or(|c| c == column));
    applying.max_by_key(|limit| limit.column.is_some()).map_or(otherwise, |limit| limit.value)
}

/// A column in which two files differ.
#[derive(Debug)]
pub struct Column {
    /// The file.
    pub file: String,
    /// The column.
    pub name: String,
    /// Cells that differ, but within the tolerance.
    pub tolerated: usize,
    /// Cells that differ.
    pub differ: usize,
    /// The largest relative difference of two numbers; infinite for text.
    pub largest: f64,
    /// The row of the largest difference, and both cells.
    pub at: (String, String, String),
}

/// How two result folders differ.
#[derive(Debug, Default)]
pub struct Difference {
    /// Files that both have.
    pub files: usize,
    /// Rows that both have.
    pub rows: usize,
    /// Columns with cells that are not equal.
    pub columns: Vec<Column>,
    /// Files, columns and rows that only one of them has.
    pub missing: Vec<String>,
    /// Claims whose verdicts differ, with both.
    pub verdicts: Vec<(String, String, String)>,
}

impl Difference {
    /// Whether the folders are the same, within the tolerance.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.columns.iter().all(|column| column.differ == 0)
    }

    /// Compares two folders.
    pub fn of(a: &Folder, b: &Folder, tolerance: &Tolerance) -> Result<Self> {
        let (in_a, in_b) = (files(a)?, files(b)?);
        let mut difference = Self::default();
        difference.only(a, &in_a, &in_b);
        difference.only(b, &in_b, &in_a);
        for file in in_a.intersection(&in_b).filter(|file| file.ends_with(".csv")) {
            difference.files += 1;
            difference.file(file, (a, &Cells::read(a, file)?), (b, &Cells::read(b, file)?), tolerance);
        }
        Ok(difference)
    }

    fn only(&mut self, folder: &Folder, mine: &BTreeSet<String>, theirs: &BTreeSet<String>) {
        let root = folder.root().display();
        self.missing.extend(mine.difference(theirs).map(|file| format!("only {root} has {file}")));
    }

    fn file(&mut self, file: &str, (in_a, a): (&Folder, &Cells), (in_b, b): (&Folder, &Cells), tolerance: &Tolerance) {
        if a.columns != b.columns {
            let list = |cells: &Cells| cells.columns.iter().collect::<Vec<_>>().join(",");
            self.missing.push(format!("{file} has other columns: {} and {}", list(a), list(b)));
            return;
        }
        let keys = keys(file, a);
        let theirs: HashMap<String, &StringRecord> =
            b.rows.iter().map(|(line, row)| (key(&keys, b, *line, row), row)).collect();
        let mut columns: BTreeMap<usize, Column> = BTreeMap::new();
        let (mut matched, mut lone) = (BTreeSet::new(), Vec::new());
        for (line, row) in &a.rows {
            let place = key(&keys, a, *line, row);
            let Some(other) = theirs.get(&place) else {
                lone.push(place);
                continue;
            };
            for (index, (x, y)) in row.iter().zip(*other).enumerate().filter(|(_, (x, y))| x != y) {
                let name = &a.columns[index];
                if file == CLAIMS && name == "verdict" {
                    self.verdicts.push((place.clone(), x.to_owned(), y.to_owned()));
                }
                let empty = || Column {
                    file: file.into(),
                    name: name.into(),
                    tolerated: 0,
                    differ: 0,
                    largest: -1.0,
                    at: Default::default(),
                };
                columns.entry(index).or_insert_with(empty).note(x, y, &place, tolerance);
            }
            matched.insert(place);
        }
        self.rows += matched.len();
        self.columns.extend(columns.into_values());
        let extra = b.rows.iter().map(|(line, row)| key(&keys, b, *line, row)).filter(|place| !matched.contains(place));
        for (folder, places) in [(in_a, lone), (in_b, extra.collect())] {
            if let Some(first) = places.first() {
                let (root, n) = (folder.root().display(), places.len());
                self.missing.push(format!("only {root} has {n} rows of {file}, the first of them {first}"));
            }
        }
    }
}

impl Column {
    fn note(&mut self, x: &str, y: &str, place: &str, tolerance: &Tolerance) {
        let (relative, same) = match numbers(x, y) {
            Some((a, b)) => {
                let (gap, size) = ((a - b).abs(), a.abs().max(b.abs()));
                let relative = if gap == 0.0 {
                    0.0
                } else if gap.is_finite() {
                    gap / size
                } else {
                    f64::INFINITY
                };
                (relative, gap.is_finite() && gap <= tolerance.gap(&self.name, size))
            }
            None => (f64::INFINITY, false),
        };
        *(if same { &mut self.tolerated } else { &mut self.differ }) += 1;
        if relative > self.largest {
            self.largest = relative;
            self.at = (place.into(), x.into(), y.into());
        }
    }
}

/// Two cells as numbers, unless both are integers or one is no number.
fn numbers(x: &str, y: &str) -> Option<(f64, f64)> {
    let integer = |s: &str| s.parse::<i128>().is_ok();
    if integer(x) && integer(y) { None } else { Some((x.parse().ok()?, y.parse().ok()?)) }
}

/// The columns that name a row: claim and check, or all up to the record; none where rows go by their line.
fn keys(file: &str, cells: &Cells) -> Vec<usize> {
    match file {
        CLAIMS => vec![0, 1],
        CHECKS => ["paper", "claim", "check", "arm"].iter().filter_map(|name| cells.column(name)).collect(),
        _ => cells.column("record").map_or_else(Vec::new, |last| (0..=last).collect()),
    }
}

fn key(keys: &[usize], cells: &Cells, line: u64, row: &StringRecord) -> String {
    let named = |&index: &usize| Some(format!("{}={}", cells.columns.get(index)?, row.get(index)?));
    if keys.is_empty() { format!("line {line}") } else { keys.iter().filter_map(named).collect::<Vec<_>>().join(" ") }
}

/// The files of a result folder and of its papers that depend on neither clock nor machine, nor on the folder's past.
fn files(folder: &Folder) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    walk(folder.root(), "", &mut files).map_err(|e| Error::file("list", folder.root(), &e))?;
    if !files.iter().any(|file| file.ends_with(".csv")) {
        return Err(Error::input(format!("{} holds no results: it has no CSV file", folder.root().display())));
    }
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let apart = name.contains(TIMED) || name == history::FILE;
        let kept = [".csv", ".svg"].iter().any(|end| name.ends_with(end)) && !apart;
        // A link to a folder is one.
        if entry.path().is_dir() && prefix.is_empty() {
            walk(&entry.path(), &format!("{name}/"), files)?;
        } else if kept {
            files.insert(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
