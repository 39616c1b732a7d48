//! Where the Python peers live, and the settings under which they are treated fairly.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    compare::client::{Client, Stop},
    harness::{
        error::{Error, Result},
        folder::sha256,
    },
    worker::ALLOCATOR,
};

/// The protocol that all scripts import; not a family.
const PROTOCOL: &str = "protocol";
/// What every machine can install, and what some cannot.
const REQUIREMENTS: [&str; 2] = ["requirements.txt", "optional.txt"];
/// In the environment: the hash of the requirements that it was made from.
const STAMP: &str = "requirements.sha256";

/// The scripts of the peers and their virtual environment.
#[derive(Debug)]
pub struct Environment {
    /// `suites/peers`: one script per family, and what they require.
    pub scripts: PathBuf,
    /// The virtual environment.
    pub folder: PathBuf,
}

impl Default for Environment {
    fn default() -> Self {
        let suites = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { scripts: suites.join("peers"), folder: suites.with_file_name("target").join("peers") }
    }
}

impl Environment {
    fn requirements(&self) -> [PathBuf; 2] {
        REQUIREMENTS.map(|name| self.scripts.join(name))
    }

    fn stamp(&self) -> Result<String> {
        let read = |path: &PathBuf| fs::read(path).map_err(|e| Error::file("read", path, &e));
        Ok(sha256(&self.requirements().iter().map(read).collect::<Result<Vec<_>>>()?.concat()))
    }

    /// The interpreter of the environment.
    pub fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Makes the environment anew and installs the pinned packages; returns what went wrong with optional ones, whose
    /// peers are then absent. This alone uses the network.
    ///
    /// Optional packages are built, one by one, with what the required ones brought.
    pub fn setup(&self, python: &Path) -> Result<Vec<String>> {
        let stamp = self.stamp()?;
        call(Command::new(python).args(["-m", "venv", "--clear"]).arg(&self.folder))?;
        let pip = |arguments: &[&str]| {
            let mut command = Command::new(self.python());
            command.args(["-m", "pip", "--disable-pip-version-check"]).args(arguments);
            command
        };
        let [required, optional] = self.requirements();
        call(pip(&["install", "--quiet", "--requirement"]).arg(required))?;
        let text = fs::read_to_string(&optional).map_err(|e| Error::file("read", &optional, &e))?;
        let missed = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|package| {
                let install = ["install", "--quiet", "--no-deps", "--no-build-isolation", package];
                call(&mut pip(&install)).err().map(|e| format!("{package}: {e}"))
            })
            .collect();
        call(&mut pip(&["check", "--quiet"]))?;
        let path = self.folder.join(STAMP);
        fs::write(&path, stamp).map_err(|e| Error::file("write", &path, &e))?;
        Ok(missed)
    }

    /// Why no peer can run, if so.
    pub fn fault(&self) -> Option<String> {
        let made_from = fs::read_to_string(self.folder.join(STAMP)).ok();
        match (made_from, self.stamp()) {
            (_, Err(e)) => Some(e.to_string()),
            (None, _) => Some("there is no environment; make it with `residual peers setup`".into()),
            (Some(old), Ok(new)) if old != new => {
                Some("the requirements have changed; renew the environment with `residual peers setup`".into())
            }
            _ => None,
        }
    }

    /// The families that have a script.
    pub fn families(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.scripts).map_err(|e| Error::file("read the folder", &self.scripts, &e))?;
        let mut families: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "py"))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| name != PROTOCOL)
            .collect();
        families.sort();
        Ok(families)
    }

    /// Whether a family has a script.
    pub fn has(&self, family: &str) -> bool {
        self.script(family).is_file()
    }

    fn script(&self, family: &str) -> PathBuf {
        self.scripts.join(family).with_extension("py")
    }

    /// Starts the peers of a family.
    pub fn start<'a>(&self, family: &str, limit: Duration, stop: &'a Stop) -> Result<Client<'a>> {
        let mut command = Command::new(self.python());
        command.arg(self.script(family)).envs(settings()).env(ALLOCATOR.0, ALLOCATOR.1);
        Client::spawn("peer", command, limit, stop)
    }

    /// The command that [`Self::start`] runs, for people.
    pub fn command(&self, family: &str) -> String {
        let settings: Vec<String> = settings().iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} target/peers/bin/python suites/peers/{family}.py", settings.join(" "))
    }
}

/// One thread everywhere. The OpenBLAS of the NumPy wheels takes AVX2 kernels on CPUs that it does not know, which
/// costs nearly half of the speed where there is AVX-512: it is told what it has.
fn settings() -> Vec<(&'static str, &'static str)> {
    let mut settings = vec![
        ("OPENBLAS_NUM_THREADS", "1"),
        ("OMP_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("NUMBA_NUM_THREADS", "1"),
    ];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        settings.push(("OPENBLAS_CORETYPE", "SKYLAKEX"));
    }
    settings
}

/// Runs a command to its end; its messages pass through to standard error.
fn call(command: &mut Command) -> Result<()> {
    let name = format!("{command:?}").replace('"', "");
    let status = command.status().map_err(|e| Error::input(format!("cannot run `{name}`: {e}")))?;
    if status.success() { Ok(()) } else { Err(Error::broken(format!("`{name}` ended with {status}"))) }
}
