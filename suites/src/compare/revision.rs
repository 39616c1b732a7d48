//! Revisions: what git knows, and the working tree as a commit.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::error::{Error, Result};

/// A repository.
#[derive(Debug)]
pub struct Repository {
    /// Its top folder.
    pub root: PathBuf,
}

impl Repository {
    /// The repository of the current folder.
    pub fn open() -> Result<Self> {
        let root = run(Command::new("git").args(["rev-parse", "--show-toplevel"]))
            .map_err(|e| Error::input(format!("compare needs a git repository: {e}")))?;
        Ok(Self { root: root.into() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.root);
        command
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        run(self.command().args(arguments)).map_err(|e| Error::broken(format!("git {}: {e}", arguments.join(" "))))
    }

    /// The commit of a revision.
    pub fn commit(&self, revision: &str) -> Result<String> {
        let spec = format!("{revision}^{{commit}}");
        run(self.command().args(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec])).map_err(|_| {
            Error::input(format!("`{revision}` is no revision of this repository; `git log --oneline` shows some"))
        })
    }

    /// The commit that two commits have in common.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<String> {
        run(self.command().args(["merge-base", a, b])).map_err(|_| {
            Error::input(format!("{} and {} have no common ancestor here; fetch the full history", short(a), short(b)))
        })
    }

    /// The working tree, with all that is not ignored, as a commit; HEAD itself if nothing differs. Neither the index
    /// nor any branch is touched.
    pub fn snapshot(&self, scratch: &Path) -> Result<String> {
        let index = scratch.join("index");
        let real = self.root.join(self.git(&["rev-parse", "--git-path", "index"])?);
        // Without a copy of the index git only has to read every file.
        let _absent = copy(&real, &index);
        let git = |arguments: &[&str]| {
            let mut command = self.command();
            for role in ["AUTHOR", "COMMITTER"] {
                command
                    .env(format!("GIT_{role}_NAME"), "residual")
                    .env(format!("GIT_{role}_EMAIL"), "residual@localhost");
                command.env(format!("GIT_{role}_DATE"), "2000-01-01T00:00:00Z");
            }
            run(command.env("GIT_INDEX_FILE", &index).args(arguments))
                .map_err(|e| Error::broken(format!("cannot record the working tree: {e}")))
        };
        git(&["add", "--all", "--", ":/"])?;
        let tree = git(&["write-tree"])?;
        std::fs::remove_file(&index).map_err(|e| Error::file("remove", &index, &e))?;
        if tree == self.git(&["rev-parse", "HEAD^{tree}"])? {
            return self.commit("HEAD");
        }
        git(&["commit-tree", &tree, "-p", "HEAD", "-m", "working tree"])
    }

    /// The files that differ between two commits.
    pub fn changed(&self, a: &str, b: &str) -> Result<Vec<String>> {
        let names = self.git(&["-c", "core.quotePath=false", "diff", "--name-only", "--no-renames", a, b])?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Checks a commit out into a folder of its own; it goes when the guard is dropped.
    pub fn check_out(&self, commit: &str, folder: &Path) -> Result<Checkout<'_>> {
        let checkout = Checkout { repository: self, folder: folder.to_owned() };
        checkout.remove(); // what a killed run left
        let path = folder.to_string_lossy();
        self.git(&["worktree", "add", "--quiet", "--force", "--detach", &path, commit])?;
        Ok(checkout)
    }
}

/// A worktree that is removed when dropped.
#[derive(Debug)]
pub struct Checkout<'a> {
    repository: &'a Repository,
    /// Where it is.
    pub folder: PathBuf,
}

impl Checkout<'_> {
    fn remove(&self) {
        // Each step may find its work done.
        let path = self.folder.to_string_lossy();
        let _done = self.repository.git(&["worktree", "remove", "--force", &path]);
        let _done = std::fs::remove_dir_all(&self.folder);
        let _done = self.repository.git(&["worktree", "prune"]);
    }
}

impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Copies an index with its time, by which git knows that a file changed in the second in which it was added.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let time = std::fs::metadata(from)?.modified()?;
    std::fs::copy(from, to)?;
    std::fs::File::options().write(true).open(to)?.set_modified(time)
}

/// The first digits of a commit.
pub fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// What a command prints, or what it complains.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output =
        command.output().map_err(|e| format!("cannot run {}: {e}", command.get_program().to_string_lossy()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(complaint.lines().next().map_or_else(|| output.status.to_string(), str::to_owned))
}
