//! From commits to executables: both sides in the same folder, with the same flags, one after the other.
//!
//! Every build happens in `target/compare/tree` with `target/compare/build` for its products. Paths that the compiler
//! puts into executables are therefore the same on both sides, and a change that does not reach the code gives
//! byte-identical executables. After the build the executable is linked again with its functions in other orders, its
//! layouts. Finished builds are kept under `target/compare/<commit>-<flags>`.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::Ordering,
    thread,
    time::{Duration, SystemTime},
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

/// How many layouts a side has, half of them for each of both runs: enough for an interval that contains what differs
/// between them.
pub const LAYOUTS: usize = 24;
/// How many finished builds are kept, those of the present comparison among them; each takes as much space as its layouts.
const KEPT: usize = 4;

/// Builds revisions.
#[derive(Debug)]
pub struct Workshop<'a> {
    repository: &'a Repository,
    folder: Folder,
    lock: Lock,
    flags: String,
    layouts: usize,
    stop: &'a Stop,
}

impl<'a> Workshop<'a> {
    /// Takes `target/compare` of a repository, to build sides with `layouts` layouts; 1 leaves it at the plain build.
    pub fn open(repository: &'a Repository, layouts: usize, stop: &'a Stop) -> Result<Self> {
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
        // Cargo merges these into both sides, whatever they bring along.
        let places = repository.root.ancestors().map(|place| place.join(".cargo"));
        let configurations: Vec<_> = places
            .flat_map(|place| ["config.toml", "config"].map(|name| fs::read_to_string(place.join(name)).ok()))
            .collect();
        let flags = sha256(format!("{rustc}{variables:?}{configurations:?}{layouts}").as_bytes())[..8].to_owned();
        Ok(Self { repository, folder, lock, flags, layouts, stop })
    }

    /// What keeps other comparisons away from the executables for as long as it lives.
    pub fn into_lock(self) -> Lock {
        self.lock
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
            // Those that were used last are kept.
            File::open(&executable)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(|e| Error::file("touch", &executable, &e))?;
        } else {
            say(&format!("{name}: building {label}"));
            self.build(name, label, commit, &place)?;
        }
        self.forget(&place);
        let data = place.join("data");
        let layouts: Vec<PathBuf> =
            (1..=self.layouts).map(|seed| layout(&place, seed)).filter(|l| l.is_file()).collect();
        Side::new(name, label, &executable, data.is_dir().then_some(data))?.with_layouts(&layouts)
    }

    fn build(&self, name: &str, label: &str, commit: &str, place: &Path) -> Result<()> {
        let tree = self.repository.check_out(commit, &self.folder.path("tree"))?;
        let log = self.folder.path(&format!("{name}.log"));
        let made = self.folder.path("build/release/residual");
        // Where cargo puts it elsewhere, an old one must not pass for it.
        let _absent = fs::remove_file(&made);
        if !self.cargo(&tree.folder, "build", &[], &log)? {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let reason = text.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given").to_owned();
            return Err(Error::broken(format!(
                "the {name} side ({label}) does not build: {reason}; all messages are in {}",
                log.display()
            )));
        }
        fs::create_dir_all(place).map_err(|e| Error::file("create the folder", place, &e))?;
        let part = place.join("part");
        copy(&made, &part)?;
        if self.layouts > 1 {
            self.relink(&tree.folder, &made, place)?;
        }
        let data = tree.folder.join("data");
        if data.is_dir() {
            let kept = place.join("data");
            let _absent = fs::remove_dir_all(&kept);
            fs::rename(&data, &kept).map_err(|e| Error::file("keep", &kept, &e))?;
        }
        // The executable comes last: a folder with one is complete.
        fs::rename(&part, place.join("residual")).map_err(|e| Error::file("keep", &part, &e))
    }

    /// Links what was built with its functions in other orders. LLVM's linker, which Rust brings along for x86-64 Linux,
    /// knows how; with another there are no layouts.
    fn relink(&self, tree: &Path, made: &Path, place: &Path) -> Result<()> {
        let log = self.folder.path("relink.log");
        let mut before = Vec::new();
        for seed in 1..=self.layouts {
            let shuffle = format!("-Clink-arg=-Wl,--shuffle-sections=.text.*={seed}");
            let linked = self.cargo(tree, "rustc", &["--", &shuffle, "-Cstrip=symbols"], &log)?;
            let bytes = fs::read(made).unwrap_or_default();
            if !linked || bytes == before {
                (1..seed)
                    .try_for_each(|seed| fs::remove_file(layout(place, seed)))
                    .map_err(|e| Error::file("remove a layout in", place, &e))?;
                return Ok(());
            }
            copy(made, &layout(place, seed))?;
            before = bytes;
        }
        Ok(())
    }

    /// Runs cargo on the executable of a tree; whether it succeeded.
    fn cargo(&self, tree: &Path, command: &str, more: &[&str], log: &Path) -> Result<bool> {
        let output = File::create(log).map_err(|e| Error::file("write", log, &e))?;
        let mut child = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([command, "--release", "--locked", "--package", "suites", "--bin", "residual", "--target-dir"])
            .arg(self.folder.path("build"))
            .args(more)
            .current_dir(tree)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            // A group of its own, so that compilers and build scripts can be ended with cargo.
            .process_group(0)
            .spawn()
            .map_err(|e| Error::broken(format!("cannot run cargo: {e}")))?;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                let group = format!("-{}", child.id());
                let _ended = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
                let _ended = child.wait();
                return Err(interrupted());
            }
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status.success()),
                Ok(None) => thread::sleep(Duration::from_millis(50)),
                Err(e) => return Err(Error::broken(format!("cannot wait for cargo: {e}"))),
            }
        }
    }

    /// Removes all but the builds that were used last, and never `present`.
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

/// Where a layout is kept.
fn layout(place: &Path, seed: usize) -> PathBuf {
    place.join(format!("layout-{seed}"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(|_| ()).map_err(|e| Error::file("copy", from, &e))
}

/// What a side is called in the table.
pub fn label(revision: &str, commit: &str) -> String {
    if commit.starts_with(revision) { short(commit).to_owned() } else { format!("{revision} ({})", short(commit)) }
}
