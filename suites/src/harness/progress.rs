//! What is shown while trials run: a bar on a terminal, quiet lines in a log.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::runner::{Event, Unit};

/// Progress through the units of a run, measured in predicted operations.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    terminal: bool,
}

/// One tick of the bar, so that the prediction fits an integer.
const TICK: f64 = 1e6;

impl Progress {
    /// Starts to show the run of these units.
    pub fn new(units: &[Unit]) -> Self {
        let total: f64 = units.iter().map(Unit::flops).sum();
        let bar = ProgressBar::with_draw_target(Some((total / TICK) as u64), ProgressDrawTarget::stderr_with_hz(4));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %  {elapsed} of {duration}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { terminal: !bar.is_hidden(), bar, started: Instant::now() }
    }

    /// Takes note of an event.
    pub fn on(&self, units: &[Unit], event: &Event) {
        match *event {
            Event::Trial { unit, flops } => {
                self.bar.inc((flops / TICK) as u64);
                if self.terminal {
                    self.bar.set_message(units[unit].selected.name());
                }
            }
            Event::Finished(unit) if !self.terminal && !units[unit].points.is_empty() => {
                let (seconds, unit) = (self.started.elapsed().as_secs_f64(), &units[unit]);
                eprintln!("{seconds:7.1} s  {}: {} trials", unit.selected.name(), unit.journal.len());
            }
            Event::Finished(_) => {}
        }
    }

    /// Prints a line of results without tearing the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }
}

impl Drop for Progress {
    /// Clears the bar, however the run ends.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints a line of results. A reader that has gone away, such as `head`, stops no run.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
