//! One side of a comparison: an executable that serves the worker protocol, and its layouts: the same code, linked with
//! its functions in other orders. An order alone can make a kernel slower by some per cent, and no restart averages that
//! out.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::estimate::FEWEST;
use crate::{
    harness::{
        error::{Error, Result},
        folder::sha256,
    },
    worker::ALLOCATOR,
};

/// Executables of one side, and how they are called.
#[derive(Debug, Clone)]
pub struct Side {
    /// `base` or `head`.
    pub name: &'static str,
    /// What it was made from, for people.
    pub label: String,
    /// The executable that gives answers and counts.
    pub executable: PathBuf,
    /// The executables that are timed, at least one.
    pub layouts: Vec<PathBuf>,
    /// Its data sets, where they are not in the place that the executable knows.
    pub data: Option<PathBuf>,
    /// SHA-256 of the executable.
    pub hash: String,
    /// SHA-256 of all that is timed: that of the executable, if it is its own only layout.
    pub timed: String,
    /// Further arguments of the worker.
    pub worker_arguments: Vec<String>,
}

impl Side {
    /// A side from an executable, which is its only layout.
    pub fn new(name: &'static str, label: impl Into<String>, executable: &Path, data: Option<PathBuf>) -> Result<Self> {
        let (executable, hash) = identify(executable)?;
        Ok(Self {
            name,
            label: label.into(),
            layouts: vec![executable.clone()],
            executable,
            data,
            timed: hash.clone(),
            hash,
            worker_arguments: Vec::new(),
        })
    }

    /// The side with these layouts; unchanged if there are none.
    pub fn with_layouts(mut self, layouts: &[PathBuf]) -> Result<Self> {
        let (paths, hashes): (Vec<_>, Vec<_>) =
            layouts.iter().map(|path| identify(path)).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        match &hashes[..] {
            [] => return Ok(self),
            [hash] => self.timed.clone_from(hash),
            _ => self.timed = sha256(hashes.concat().as_bytes()),
        }
        self.layouts = paths;
        Ok(self)
    }

    /// The side without layouts.
    pub fn without_layouts(self) -> Self {
        Self { layouts: vec![self.executable.clone()], timed: self.hash.clone(), ..self }
    }

    /// The side in one of its layouts.
    pub fn laid_out(&self, layout: usize) -> Self {
        Self { executable: self.layouts[layout].clone(), ..self.clone() }
    }

    /// The side with the layouts of a run of a comparison.
    pub fn in_run(&self, run: usize) -> Self {
        Self { layouts: of_run(&self.layouts, run).to_vec(), ..self.clone() }
    }

    /// The executable under the conditions that both sides share, run through `wrapper` if there is one.
    pub fn command(&self, wrapper: &[String]) -> Command {
        let mut command = match wrapper {
            [] => Command::new(&self.executable),
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest).arg(&self.executable);
                command
            }
        };
        command.env(ALLOCATOR.0, ALLOCATOR.1).env_remove("RUST_BACKTRACE");
        if let Some(data) = &self.data {
            command.env("RESIDUAL_DATA", data);
        }
        command
    }
}

/// The fewest layouts, if there are several: as many for each run as bound a median.
pub const SEVERAL: usize = 2 * FEWEST;

/// The layouts of run 0, or of run 1, which confirms it: each has half of them, so that what shows in some orders of
/// functions is looked for again in others. A single one is that of both.
pub fn of_run<T>(layouts: &[T], run: usize) -> &[T] {
    if layouts.len() < SEVERAL {
        return layouts;
    }
    let (first, second) = layouts.split_at(layouts.len() / 2);
    [first, second][run]
}

/// The full path of an executable, and the SHA-256 of its bytes.
fn identify(executable: &Path) -> Result<(PathBuf, String)> {
    let bytes = std::fs::read(executable).map_err(|e| Error::file("read the executable", executable, &e))?;
    let path = executable.canonicalize().map_err(|e| Error::file("find", executable, &e))?;
    Ok((path, sha256(&bytes)))
}
