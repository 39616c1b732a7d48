//! What all tests share: the program, its results, and when two results are the same.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The program: the example beside the tests.
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().with_file_name("examples").join("summation");
    assert!(path.is_file(), "{} is missing: build the examples first", path.display());
    path
}

/// A command of the program, its output taken.
pub fn command(words: &str, out: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(words.split(' ')).arg("--out").arg(out).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command left: its status and both its outputs.
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// One sentence on standard error that holds all `words`.
    #[track_caller]
    pub fn says(&self, status: i32, words: &[&str]) {
        let errors: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("residual: ")).collect();
        assert_eq!((self.status, errors.len()), (Some(status), 1), "{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(errors[0].contains(word), "`{word}` is not in: {}", errors[0]);
        }
    }
}

/// Runs a command to its end.
pub fn run(words: &str, out: &Path) -> Ended {
    Ended::of(command(words, out).output().unwrap())
}

/// Runs a command that takes no `--out`.
pub fn run_bare(words: &[&str]) -> Ended {
    Ended::of(Command::new(program()).args(words).output().unwrap())
}

/// Runs a command that must succeed.
#[track_caller]
pub fn must(words: &str, out: &Path) -> Ended {
    let ended = run(words, out);
    assert_eq!(ended.status, Some(0), "{words}: {}{}", ended.stdout, ended.stderr);
    ended
}

/// All files of a result folder that depend on its scale and seed alone: journals hold durations and the order in which
/// trials ended, `provenance.json` describes the machine, the command and the time it took.
pub fn snapshot(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!name.starts_with(".residual-"), "{} was left behind", path.display());
            if path.is_dir() {
                folders.push(path);
            } else if !(name.ends_with(".journal") || [".lock", "provenance.json"].contains(&name.as_str())) {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Both folders hold the same bytes. The report also shows the provenance, so it is written again from that of the
/// first folder: then it, too, must be the same.
#[track_caller]
pub fn assert_same(expected: &Path, found: &Path) {
    let report = |path: &&PathBuf| ["REPORT.md", "index.html"].iter().any(|name| path.ends_with(name));
    let (a, b) = (snapshot(expected), snapshot(found));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for path in a.keys().filter(|path| !report(path)) {
        assert!(a[path] == b[path], "{} differs", path.display());
    }
    fs::copy(expected.join("provenance.json"), found.join("provenance.json")).unwrap();
    must("check", found);
    assert!(a == snapshot(found), "the report differs");
}

/// An undisturbed run at scale smoke.
pub fn smoke() -> &'static Path {
    static RUN: OnceLock<TempDir> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        must("reproduce --scale smoke", folder.path());
        folder
    })
    .path()
}

/// A folder of its own, filled like [`smoke`].
pub fn smoke_copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    must("reproduce --scale smoke", copy.path());
    copy
}

/// Waits until something holds.
#[track_caller]
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
