//! From commits to executables: both sides in the same folder, with the same flags, one after the other.
//!
//! Every build happens in `target/compare/tree` with `target/compare/build` for its products. Paths that the compiler
//! puts into executables are therefore the same on both sides, and a change that does not reach the code gives
//! byte-identical executables. Finished builds are kept under `target/compare/<commit>-<flags>`.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use super::{
    client::{Stop, interrupted},
    revision::{Repository, run, short},
    side::Side,
};
use crate::harness::{
    error::{Error, Result},
    folder::{Folder, Lock, sha256},
};

/// How many finished builds are kept.
const KEPT: usize = 12;

/// Builds revisions.
#[derive(Debug)]
pub struct Workshop<'a> {
    repository: &'a Repository,
    folder: Folder,
    _lock: Lock,
    flags: String,
    stop: &'a Stop,
}

impl<'a> Workshop<'a> {
    /// Takes `target/compare` of a repository.
    pub fn open(repository: &'a Repository, stop: &'a Stop) -> Result<Self> {
        let folder = Folder::create(repository.root.join("target/compare"))?;
        let lock = folder
            .lock()
            .map_err(|_| Error::input(format!("another comparison uses {}; wait for it", folder.root().display())))?;
        let rustc = run(Command::new("rustc").arg("-vV").current_dir(&repository.root))
            .map_err(|e| Error::broken(format!("cannot ask rustc for its version: {e}")))?;
        let relevant = |name: &str| {
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].contains(&name)
                || ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_TARGET_"].iter().any(|prefix| name.starts_with(prefix))
        };
        let mut variables: Vec<_> = env::vars().filter(|(name, _)| relevant(name)).collect();
        variables.sort();
        let flags = sha256(format!("{rustc}{variables:?}").as_bytes())[..8].to_owned();
        Ok(Self { repository, folder, _lock: lock, flags, stop })
    }

    /// A folder for short-lived files.
    pub fn scratch(&self) -> &Path {
        self.folder.root()
    }

    /// The side made from a commit; built unless it was built before.
    pub fn side(&self, name: &'static str, label: &str, commit: &str, say: &dyn Fn(&str)) -> Result<Side> {
        let place = self.folder.path(&format!("{commit}-{}", self.flags));
        let executable = place.join("residual");
        if executable.is_file() {
            say(&format!("{name}: {label}, built before"));
        } else {
            say(&format!("{name}: building {label}"));
            self.build(name, label, commit, &place)?;
        }
        self.forget(&place);
        let data = place.join("data");
        Side::new(name, label, &executable, data.is_dir().then_some(data))
    }

    fn build(&self, name: &str, label: &str, commit: &str, place: &Path) -> Result<()> {
        let tree = self.repository.check_out(commit, &self.folder.path("tree"))?;
        let products = self.folder.path("build");
        let log = self.folder.path(&format!("{name}.log"));
        let output = File::create(&log).map_err(|e| Error::file("write", &log, &e))?;
        let mut child = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--release", "--locked", "--package", "suites", "--bin", "residual", "--target-dir"])
            .arg(&products)
            .current_dir(&tree.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            // A group of its own, so that compilers and build scripts can be ended with cargo.
            .process_group(0)
            .spawn()
            .map_err(|e| Error::broken(format!("cannot run cargo: {e}")))?;
        let status = loop {
            if self.stop.load(Ordering::Relaxed) {
                let group = format!("-{}", child.id());
                let _ended = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
                let _ended = child.wait();
                return Err(interrupted());
            }
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => thread::sleep(Duration::from_millis(50)),
                Err(e) => return Err(Error::broken(format!("cannot wait for cargo: {e}"))),
            }
        };
        if !status.success() {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let reason = text.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given").to_owned();
            return Err(Error::broken(format!(
                "the {name} side ({label}) does not build: {reason}; all messages are in {}",
                log.display()
            )));
        }
        // The executable comes last: a folder with one is complete.
        fs::create_dir_all(place).map_err(|e| Error::file("create the folder", place, &e))?;
        let data = tree.folder.join("data");
        if data.is_dir() {
            let kept = place.join("data");
            let _absent = fs::remove_dir_all(&kept);
            fs::rename(&data, &kept).map_err(|e| Error::file("keep", &kept, &e))?;
        }
        let (made, part) = (products.join("release/residual"), place.join("part"));
        fs::copy(&made, &part).map_err(|e| Error::file("copy", &made, &e))?;
        fs::rename(&part, place.join("residual")).map_err(|e| Error::file("keep", &part, &e))
    }

    /// Removes all but the builds that were made last, and never `present`.
    fn forget(&self, present: &Path) {
        let made = |path: &PathBuf| fs::metadata(path.join("residual")).and_then(|m| m.modified()).ok();
        let Ok(entries) = fs::read_dir(self.folder.root()) else { return };
        let mut builds: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((made(&path)?, path)))
            .collect();
        builds.sort();
        for (_, path) in builds.iter().rev().skip(KEPT).filter(|(_, path)| path != present) {
            // A build that stays only takes space.
            let _stays = fs::remove_dir_all(path);
        }
    }
}

/// What a side is called in the table.
pub fn label(revision: &str, commit: &str) -> String {
    if commit.starts_with(revision) { short(commit).to_owned() } else { format!("{revision} ({})", short(commit)) }
}
