//! Where results come from: `provenance.json`, the only file of a result folder with clock values in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde::{Deserialize, Serialize};
use sysinfo::System;

use super::{
    error::{Error, Result},
    experiment::Scale,
    folder::{Folder, sha256},
};

/// The file's name.
pub const FILE: &str = "provenance.json";

/// Who made a result folder, with what, on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Scale of all experiments in the folder.
    pub scale: Scale,
    /// Master seed of all experiments in the folder.
    pub seed: u64,
    /// The last command that wrote here.
    pub command: String,
    /// The machine of the last command.
    pub machine: Machine,
    /// The build of the last command.
    pub build: Build,
    /// What is known of each experiment, by `paper/experiment`.
    pub experiments: BTreeMap<String, Made>,
    /// SHA-256 of every table of rows.
    pub files: BTreeMap<String, String>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// CPU model.
    pub cpu: String,
    /// Logical cores.
    pub cores: usize,
    /// Main memory in bytes.
    pub memory: u64,
    /// Operating system.
    pub os: String,
    /// Architecture.
    pub arch: String,
    /// SIMD level that the kernels dispatch to.
    pub simd: String,
}

/// A build of the command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Version of the command.
    pub version: String,
    /// Commit of the source tree, when it is a git checkout.
    pub commit: Option<String>,
    /// Whether the source tree differed from the commit, results apart.
    pub dirty: Option<bool>,
    /// SHA-256 of the executable.
    pub executable: String,
    /// Compiler.
    pub rustc: String,
    /// Target features fixed at compile time.
    pub target_features: String,
    /// SHA-256 of the lock file.
    pub lock: String,
}

/// How an experiment's rows were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Commit of the source tree.
    pub commit: Option<String>,
    /// SHA-256 of the executable.
    pub executable: String,
    /// Trials.
    pub trials: usize,
    /// CPU seconds over all trials.
    pub core_seconds: f64,
    /// Predicted floating-point operations.
    pub flops: f64,
}

impl Provenance {
    /// Reads the provenance of a folder, if it has one.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        if !folder.has(FILE) {
            return Ok(None);
        }
        serde_json::from_slice(&folder.read(FILE)?).map(Some).map_err(|e| {
            let path = folder.path(FILE);
            Error::input(format!("{} is damaged ({e}); restore it or give --out another folder", path.display()))
        })
    }

    /// Writes it.
    pub fn write(&self, folder: &Folder) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Error::broken(e.to_string()))?;
        text.push('\n');
        folder.write(FILE, text.as_bytes()).map(|_| ())
    }

    /// Drops what is known of an experiment and its tables.
    pub fn forget(&mut self, name: &str) {
        self.experiments.remove(name);
        self.files.retain(|file, _| experiment_of(file) != name);
    }

    /// Finds a table that is not what was written; those of the experiments in `except` may be anything.
    pub fn verify(&self, folder: &Folder, except: &BTreeSet<String>) -> Result<()> {
        for (file, expected) in self.files.iter().filter(|(file, _)| !except.contains(experiment_of(file))) {
            let path = folder.path(file);
            let again = format!("run `residual reproduce {}`", experiment_of(file));
            if !folder.has(file) {
                return Err(Error::input(format!("{} is missing; restore it or {again}", path.display())));
            }
            let found = folder.hash(file)?;
            if found != *expected {
                return Err(Error::input(format!(
                    "{} was changed after it was written (SHA-256 {}… instead of {}…); restore it or {again}",
                    path.display(),
                    &found[..12],
                    expected.get(..12).unwrap_or(expected)
                )));
            }
        }
        Ok(())
    }

    /// Removes the tables and journals that are known here.
    pub fn remove(&self, folder: &Folder) -> Result<()> {
        let journals = self.experiments.keys().map(|name| format!("{name}.journal"));
        self.files.keys().cloned().chain(journals).try_for_each(|file| folder.remove(&file))
    }
}

/// `paper/experiment` of the path of one of its tables.
fn experiment_of(table: &str) -> &str {
    table.split('.').next().unwrap_or(table)
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let mut system = System::new();
        system.refresh_memory();
        system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
        Self {
            cpu: system.cpus().first().map_or_else(|| "unknown".into(), |cpu| cpu.brand().trim().to_owned()),
            cores: system.cpus().len(),
            memory: system.total_memory(),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.into()),
            arch: std::env::consts::ARCH.into(),
            simd: format!("{:?}", algos::pulp::Arch::new()),
        }
    }
}

impl Build {
    /// This build.
    pub fn here() -> Result<Self> {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
        let git = |arguments: &[&str]| {
            let output = Command::new("git").arg("-C").arg(tree).args(arguments).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: git(&["rev-parse", "HEAD"]),
            dirty: git(&["status", "--porcelain", "--", ":/", ":(exclude,top)results"]).map(|s| !s.is_empty()),
            executable: executable()?,
            rustc: env!("RESIDUAL_RUSTC").into(),
            target_features: env!("RESIDUAL_TARGET_FEATURES").into(),
            lock: sha256(include_bytes!("../../../Cargo.lock")),
        })
    }
}

/// The SHA-256 of the running executable.
pub fn executable() -> Result<String> {
    let path = std::env::current_exe().map_err(|e| Error::broken(format!("cannot find the executable: {e}")))?;
    let bytes = std::fs::read(&path).map_err(|e| Error::file("read the executable", &path, &e))?;
    Ok(sha256(&bytes))
}
