//! What is shown while a comparison runs: a bar on a terminal, quiet lines in a log.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress on standard error.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts to show.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        if let Ok(style) = ProgressStyle::with_template("{prefix:<12} {bar:32} {pos}/{len}  {elapsed}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { bar }
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Begins a phase of `steps` steps.
    pub fn phase(&self, name: &str, steps: usize) {
        if self.bar.is_hidden() {
            eprintln!("{name}");
        }
        self.bar.set_prefix(name.to_owned());
        self.bar.set_length(steps as u64);
        self.bar.set_position(0);
    }

    /// What is being worked on.
    pub fn at(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// So many steps are done.
    pub fn reach(&self, steps: usize) {
        self.bar.set_position(steps as u64);
    }

    /// A step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
