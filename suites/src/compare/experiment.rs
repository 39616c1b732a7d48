//! Error rates of the comparison itself: many tables of sides whose difference is known, one CSV row per table and case.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, Instant},
};

use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sysinfo::System;

use super::{
    build::LAYOUTS,
    criterion,
    side::Side,
    table::{Time, table},
    timing::Timer,
    unit::Unit,
    verdict::Speed,
};
use crate::harness::error::{Error, Result};

/// A row of the experiment's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Hashes of the executables of both sides, time budget, neighbour and pinning: rows of another experiment are not mixed in.
    pub experiment: String,
    /// Number of the table, from 1.
    pub table: u32,
    /// Case and variant.
    pub unit: String,
    /// The head's true relative slowdown.
    pub injected: f64,
    /// The verdict.
    pub speed: Speed,
    /// Estimated relative change.
    pub change: f64,
    /// Lower end of its interval.
    pub ci_low: f64,
    /// Upper end of its interval.
    pub ci_high: f64,
    /// Margin.
    pub margin: f64,
    /// Base against base.
    pub floor: f64,
    /// The smallest change that is excluded or could have been seen.
    pub resolution: f64,
    /// Pairs behind the estimate.
    pub pairs: usize,
    /// Pairs of the confirming run.
    pub confirming: usize,
    /// Verdict of criterion's rule with the base samples of the table before as the stored baseline; none for the first.
    pub criterion: Option<Speed>,
    /// Its relative change of the mean.
    pub criterion_change: Option<f64>,
    /// Seconds that the whole table took.
    pub seconds: f64,
    /// The machine's load over the last minute, when the table was done.
    pub load: f64,
}

/// What is repeated.
pub struct Experiment<'a> {
    /// Times the sides; of more layouts than a comparison has, each table draws as many as it has.
    pub timer: Timer<'a>,
    /// The rows of a table.
    pub units: &'a [Unit],
    /// The true relative slowdown of each.
    pub injected: Vec<f64>,
    /// Time budget of a table.
    pub budget: Duration,
    /// What must not be mixed.
    pub key: String,
}

impl Experiment<'_> {
    /// Runs the tables that `file` does not have yet; returns all rows.
    pub fn run(&self, tables: u32, file: &Path) -> Result<Vec<Line>> {
        let mut lines = self.resume(file)?;
        let done = lines.iter().map(|line| line.table).max().unwrap_or(0);
        let mut stored = vec![Vec::new(); self.units.len()];
        for number in done + 1..=tables {
            self.timer.progress.say(&format!("table {number} of {tables}"));
            let started = Instant::now();
            let seed = u64::from(number);
            let sides = drawn(self.timer.sides, seed);
            let timer = Timer { sides: &sides, ..self.timer };
            let timings = table(&timer, self.units, self.budget, seed)?;
            let seconds = started.elapsed().as_secs_f64();
            for (i, timing) in timings.into_iter().enumerate() {
                let unit = self.units[i].name();
                let time = timing.map_err(|(_, refusal)| Error::broken(format!("{unit}: {}", refusal.error)))?;
                lines.push(self.line(number, i, &time, &stored[i], seconds));
                let [base, _] = time.samples;
                stored[i] = base;
            }
            write(file, &lines)?;
        }
        Ok(lines)
    }

    fn line(&self, table: u32, i: usize, time: &Time, stored: &[f64], seconds: f64) -> Line {
        let unit = self.units[i].name();
        let (criterion_change, criterion) = match stored {
            [] => (None, None),
            _ => {
                let (change, speed) = criterion::rule(stored, &time.samples[1]);
                (Some(change), Some(speed))
            }
        };
        Line {
            experiment: self.key.clone(),
            table,
            unit,
            injected: self.injected[i],
            speed: time.speed,
            change: time.change,
            ci_low: time.ci.0,
            ci_high: time.ci.1,
            margin: time.margin,
            floor: time.floor,
            resolution: time.resolution,
            pairs: time.pairs,
            confirming: time.confirming,
            criterion,
            criterion_change,
            seconds,
            load: System::load_average().one,
        }
    }

    /// The complete tables of an earlier run.
    fn resume(&self, file: &Path) -> Result<Vec<Line>> {
        if !file.exists() {
            return Ok(Vec::new());
        }
        let mut reader =
            csv::Reader::from_path(file).map_err(|e| Error::input(format!("cannot read {}: {e}", file.display())))?;
        let lines = reader.deserialize().collect::<Result<Vec<Line>, _>>();
        let lines = lines.map_err(|e| Error::input(format!("{}: {e}; move it away", file.display())))?;
        let units: Vec<String> = self.units.iter().map(Unit::name).collect();
        let foreign = |line: &Line| {
            let place = units.iter().position(|unit| *unit == line.unit);
            line.experiment != self.key || place.is_none_or(|i| line.injected != self.injected[i])
        };
        if lines.iter().any(foreign) {
            return Err(Error::input(format!(
                "{} is from another experiment (other executables, cases, budget or slowdown); give another --out",
                file.display()
            )));
        }
        Ok(lines)
    }
}

/// Both sides with [`LAYOUTS`] of their layouts, those of the same numbers: where sides are equal they stay so.
fn drawn(sides: &[Side; 2], seed: u64) -> [Side; 2] {
    let all = sides[0].layouts.len();
    let numbers = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), all, all.min(LAYOUTS));
    sides
        .each_ref()
        .map(|side| Side { layouts: numbers.iter().map(|i| side.layouts[i].clone()).collect(), ..side.clone() })
}

/// Replaces the file as a whole, so that it never holds part of a table.
fn write(file: &Path, lines: &[Line]) -> Result<()> {
    let part = file.with_extension("part");
    let fault = |e: &dyn std::fmt::Display| Error::broken(format!("cannot write {}: {e}", part.display()));
    let mut writer = csv::Writer::from_writer(File::create(&part).map_err(|e| Error::file("write", &part, &e))?);
    for line in lines {
        writer.serialize(line).map_err(|e| fault(&e))?;
    }
    writer.flush().map_err(|e| fault(&e))?;
    fs::rename(&part, file).map_err(|e| Error::file("write", file, &e))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;

    fn side(name: &'static str, layouts: usize) -> Side {
        Side {
            name,
            label: String::new(),
            executable: PathBuf::new(),
            layouts: (0..layouts).map(|number| PathBuf::from(number.to_string())).collect(),
            data: None,
            hash: String::new(),
            timed: String::new(),
            worker_arguments: Vec::new(),
        }
    }

    #[test]
    fn a_table_draws_different_layouts_the_same_on_both_sides() {
        let sides = [side("base", 60), side("head", 60)];
        let mut seen = BTreeSet::new();
        for seed in 0..40 {
            let [base, head] = drawn(&sides, seed);
            assert_eq!(base.layouts, head.layouts);
            let own: BTreeSet<PathBuf> = base.layouts.into_iter().collect();
            assert_eq!(own.len(), LAYOUTS, "none twice");
            seen.extend(own);
        }
        assert_eq!(seen.len(), 60, "each is drawn");
        assert_eq!(drawn(&[side("base", 1), side("head", 1)], 7)[1].layouts.len(), 1);
    }
}
