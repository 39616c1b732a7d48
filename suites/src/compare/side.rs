//! One side of a comparison: an executable that serves the worker protocol.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    harness::{
        error::{Error, Result},
        folder::sha256,
    },
    worker::ALLOCATOR,
};

/// An executable, and how it is called.
#[derive(Debug, Clone)]
pub struct Side {
    /// `base` or `head`.
    pub name: &'static str,
    /// What it was made from, for people.
    pub label: String,
    /// The executable.
    pub executable: PathBuf,
    /// Its data sets, where they are not in the place that the executable knows.
    pub data: Option<PathBuf>,
    /// SHA-256 of the executable.
    pub hash: String,
    /// Further arguments of the worker.
    pub worker_arguments: Vec<String>,
}

impl Side {
    /// A side from an executable.
    pub fn new(name: &'static str, label: impl Into<String>, executable: &Path, data: Option<PathBuf>) -> Result<Self> {
        let bytes = std::fs::read(executable).map_err(|e| Error::file("read the executable", executable, &e))?;
        let executable = executable.canonicalize().map_err(|e| Error::file("find", executable, &e))?;
        Ok(Self { name, label: label.into(), executable, data, hash: sha256(&bytes), worker_arguments: Vec::new() })
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
