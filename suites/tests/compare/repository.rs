//! Tiny repositories whose command builds in a second and behaves as a test wants.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// What the fake command does.
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub protocol: u32,
    pub cpu: &'static str,
    pub variants: &'static str,
    pub slowness: f64,
    pub accuracy: f64,
    pub iterations: u64,
    pub claim: &'static str,
    /// `wrong`, `crash`, `hang`, or nothing of the kind.
    pub special: &'static str,
}

/// A sound command.
pub const SAME: Behaviour = Behaviour {
    protocol: 1,
    cpu: "a CPU",
    variants: r#"["v"]"#,
    slowness: 1.0,
    accuracy: 1e-12,
    iterations: 60,
    claim: "reproduced",
    special: "",
};

impl Behaviour {
    fn source(&self) -> String {
        let Self { protocol, cpu, variants, slowness, accuracy, iterations, claim, special } = self;
        format!(
            "pub const PROTOCOL: u32 = {protocol};\n\
             pub const CASES: &str = r#\"[{{\"case\":\"a/x\",\"scale\":\"smoke\",\"variants\":{variants}}}]\"#;\n\
             pub const ABOUT: &str = r#\"\"executable\":\"e\",\"cpu\":\"{cpu}\",\"simd\":\"V3\",\"threads\":1,\
             \"features\":\"\",\"compiler\":\"c\",\"lock\":\"l\"\"#;\n\
             pub const SLOWNESS: f64 = {slowness:?};\npub const ACCURACY: f64 = {accuracy:?};\n\
             pub const ITERATIONS: u64 = {iterations};\npub const CLAIM: &str = {claim:?};\n\
             pub const SPECIAL: &str = {special:?};\n"
        )
    }
}

/// A repository with one commit per behaviour, oldest first, tagged `r0`, `r1`, ….
pub struct Repository {
    folder: TempDir,
    /// Where fake commands leave their process ids.
    pids: TempDir,
}

impl Repository {
    pub fn new(revisions: &[Behaviour]) -> Self {
        let (folder, pids) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let repository = Self { folder, pids };
        repository.write(".gitignore", "/target\n");
        repository.write("Cargo.toml", "[workspace]\nmembers = [\"suites\"]\nresolver = \"3\"\n");
        repository.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"suites\"\nversion = \"0.1.0\"\n");
        let package = "[package]\nname = \"suites\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        repository
            .write("suites/Cargo.toml", &format!("{package}[[bin]]\nname = \"residual\"\npath = \"src/main.rs\"\n"));
        repository.write("suites/src/main.rs", include_str!("fake.rs"));
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (i, behaviour) in revisions.iter().enumerate() {
            repository.write("suites/src/behaviour.rs", &behaviour.source());
            repository.commit(&format!("r{i}"));
        }
        repository
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The working tree behaves so from now on.
    pub fn change(&self, behaviour: Behaviour) {
        self.write("suites/src/behaviour.rs", &behaviour.source());
    }

    /// Commits the working tree and tags it.
    pub fn commit(&self, tag: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", tag]);
        self.git(&["tag", tag]);
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").current_dir(&self.folder).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_residual"));
        command.arg("compare").args(arguments).current_dir(&self.folder).env("FAKE_PIDS", self.pids.path());
        // The plain builds are enough where nothing depends on the order of functions.
        command.args(["--layouts", "1"].iter().filter(|_| !arguments.contains(&"--layouts")));
        command
    }

    /// The exit status, standard output and the last line of standard error.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let complaint = String::from_utf8_lossy(&stderr).lines().next_back().unwrap_or_default().to_owned();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), complaint)
    }

    /// The exit status and the JSON report.
    pub fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let (status, text, complaint) = self.run(&[&["--json"], arguments].concat());
        (status, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {complaint}")))
    }

    /// Starts a comparison, interrupts it once `ready` holds, and returns its exit status.
    pub fn interrupted(&self, arguments: &[&str], ready: impl Fn() -> bool) -> i32 {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait(|| ready() || ended(&mut child));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap().code().unwrap()
    }

    /// Ids of all fake commands that have started.
    pub fn started(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.pids).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Asserts that no process, worktree or commit is left behind.
    pub fn assert_clean(&self) {
        wait(|| self.started().iter().all(|id| !Path::new("/proc").join(id).exists()));
        assert_eq!(self.git(&["worktree", "list"]).lines().count(), 1);
        assert!(!self.path("target/compare/tree").exists());
        assert!(!self.git(&["branch", "--list"]).contains("residual"));
    }
}

fn ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

/// Waits for something that must happen soon; the limit only keeps a broken test from hanging.
fn wait(mut happened: impl FnMut() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < Duration::from_secs(300), "it never happened");
        thread::sleep(Duration::from_millis(20));
    }
}
