//! `residual rerun`: one row, made again from what it and its folder hold.

use std::{path::Path, process::ExitCode, str::FromStr};

use csv::StringRecord;

use crate::harness::{
    cells::{Cells, align, split},
    error::{Error, Result},
    experiment::{AnyExperiment, Point, Scale},
    folder::Folder,
    paper::Paper,
    progress::say,
    provenance::{Provenance, executable},
    rows::table_path,
    seed::Trial,
    table::lines,
};

/// Which rows are meant.
#[derive(Debug, Clone)]
struct Address {
    paper: String,
    experiment: String,
    table: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// The row that begins on this line of the file; the header is line 1.
    Line(u64),
    /// The rows of one trial in which these columns hold these cells.
    Cells(Vec<(String, String)>),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fault = || {
            Error::input(format!(
                "`{text}` names no row; give paper/experiment.table:LINE or paper/experiment.table?column=cell&trial=0"
            ))
        };
        let (file, place) = if let Some((file, query)) = text.split_once('?') {
            let pair = |part: &str| part.split_once('=').map(|(column, cell)| (column.to_owned(), cell.to_owned()));
            (file, Place::Cells(query.split('&').map(pair).collect::<Option<_>>().ok_or_else(fault)?))
        } else {
            let (file, line) = text.rsplit_once(':').ok_or_else(fault)?;
            (file, Place::Line(line.parse().map_err(|_| fault())?))
        };
        let (paper, file) = file.strip_suffix(".csv").unwrap_or(file).split_once('/').ok_or_else(fault)?;
        let (experiment, table) = file.split_once('.').ok_or_else(fault)?;
        Ok(Self { paper: paper.into(), experiment: experiment.into(), table: table.into(), place })
    }
}

/// Runs the trial of a row again and prints old and new cells side by side; 1 if any differs.
pub fn rerun(papers: &[&Paper], row: &str, out: &Path) -> Result<ExitCode> {
    let address: Address = row.parse()?;
    let paper = papers.iter().find(|p| p.key == address.paper);
    let experiment = paper.and_then(|p| p.experiment(&address.experiment)).ok_or_else(|| {
        let name = format!("{}/{}", address.paper, address.experiment);
        Error::input(format!("`{name}` is no experiment; `residual list experiments` shows them"))
    })?;
    let number = experiment.tables().iter().position(|t| t.name == address.table).ok_or_else(|| {
        let tables: Vec<_> = experiment.tables().iter().map(|t| t.name).collect();
        let (key, tables) = (experiment.key(), tables.join(", "));
        Error::input(format!("`{}` is no table of `{key}`, which has {tables}", address.table))
    })?;
    let folder = Folder::open(out)?;
    let file = table_path(&address.paper, experiment.key(), &address.table);
    let provenance = Provenance::read(&folder)?.ok_or_else(|| {
        Error::input(format!(
            "{} has no provenance.json, so its seed is unknown; give --out another folder",
            out.display()
        ))
    })?;
    let cells = Cells::read(&folder, &file)?;
    let place = experiment.point_columns().len();
    let meant = pick(&cells, &address.place, place)
        .map_err(|why| Error::input(format!("{}: {why}", folder.path(&file).display())))?;
    let of_trial = |row: &StringRecord| row.iter().take(place + 1).eq(meant[0].iter().take(place + 1));
    let stored: Vec<_> = cells.rows.iter().map(|(_, row)| row).filter(|row| of_trial(row)).collect();
    let trial = meant[0].get(place).and_then(|cell| cell.parse().ok());
    let trial = trial.ok_or_else(|| Error::input(format!("{file}: a row of `{row}` has no number of a trial")))?;

    let point = find(experiment, meant[0], provenance.scale)?;
    let index = Trial {
        master: provenance.seed,
        paper: &address.paper,
        experiment: experiment.key(),
        point: &point.key,
        index: trial,
        drawn: None,
    };
    let rows = experiment.run(&[(&point, index)])?.remove(0);
    let made = lines(experiment, &point.cells, trial, &rows)?;
    let made: Vec<_> = made.get(number).into_iter().flatten().map(|line| split(line)).collect();

    let by = provenance.experiments.get(&format!("{}/{}", address.paper, experiment.key()));
    if let Some(by) = by.filter(|by| executable().is_ok_and(|here| here != by.executable)) {
        let commit = by.commit.as_deref().unwrap_or("an unknown commit");
        say(&format!("the row was made by another executable ({:.12}, {commit:.12})", by.executable));
    }
    let again = |row: &StringRecord| made.iter().find(|new| new.get(place + 1) == row.get(place + 1)).cloned();
    meant.iter().for_each(|row| say(&side_by_side(&cells.columns, row, &again(row).unwrap_or_default())));
    let equal = stored.iter().filter(|row| again(row).as_ref() == Some(**row)).count();
    say(&format!(
        "seed {}: {equal} of {} stored rows of the trial are equal to the {} made again",
        provenance.seed,
        stored.len(),
        made.len()
    ));
    if experiment.timed() {
        say("times are not expected to be equal");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(u8::from(equal != stored.len() || equal != made.len())))
}

/// The rows that are meant: all of one trial.
fn pick<'a>(cells: &'a Cells, place: &Place, point: usize) -> Result<Vec<&'a StringRecord>, String> {
    let rows: Vec<_> = match place {
        Place::Line(line) => cells.rows.iter().filter(|(at, _)| at == line).map(|(_, row)| row).collect(),
        Place::Cells(wanted) => {
            let mut rows: Vec<_> = cells.rows.iter().map(|(_, row)| row).collect();
            for (column, cell) in wanted {
                let index = cells.column(column).ok_or_else(|| {
                    let columns: Vec<_> = cells.columns.iter().collect();
                    format!("there is no column `{column}` among {}", columns.join(", "))
                })?;
                rows.retain(|row| row.get(index) == Some(cell));
            }
            rows
        }
    };
    let trials: std::collections::BTreeSet<Vec<_>> =
        rows.iter().map(|row| row.iter().take(point + 1).collect()).collect();
    match trials.len() {
        1 => Ok(rows),
        0 => Err(match place {
            Place::Line(line) => format!("no row begins on line {line}; the rows begin on line 2"),
            Place::Cells(_) => "no row holds these cells; give them as they stand in the file".into(),
        }),
        n => Err(format!("{n} trials hold these cells; give more columns, such as trial=0")),
    }
}

/// The point with the cells of a row, at any scale.
fn find(experiment: &dyn AnyExperiment, row: &StringRecord, scale: Scale) -> Result<Point> {
    let width = experiment.point_columns().len();
    for scale in [scale, Scale::Smoke, Scale::Default, Scale::Full] {
        let mut points = experiment.points(scale)?.into_iter();
        if let Some(point) = points.find(|point| split(&point.cells).iter().eq(row.iter().take(width))) {
            return Ok(point);
        }
    }
    let cells: Vec<_> = row.iter().take(width).collect();
    let (key, cells) = (experiment.key(), cells.join(","));
    Err(Error::input(format!("`{key}` has no point ({cells}) at any scale; the row was made by another version")))
}

fn side_by_side(columns: &StringRecord, old: &StringRecord, new: &StringRecord) -> String {
    let head = vec!["column".to_owned(), "stored".to_owned(), "made again".to_owned()];
    let lines = columns.iter().enumerate().map(|(index, name)| {
        let cell = |row: &StringRecord| row.get(index).unwrap_or("-").to_owned();
        let mark = if old.get(index) == new.get(index) { "" } else { "differs" };
        vec![name.to_owned(), cell(old), cell(new), mark.to_owned()]
    });
    align(&[head].into_iter().chain(lines).collect::<Vec<_>>())
}
