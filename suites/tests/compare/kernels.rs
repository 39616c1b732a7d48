//! On the tiny kernels of the example `summation`: what is measured here is real, so a test accepts every verdict that an
//! honest comparison on a busy machine may give, and no other.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The example, which cargo builds beside the tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/summation");
    assert!(path.is_file(), "{} is missing; `cargo test` without a selection of targets builds it", path.display());
    path
}

fn run(arguments: &[&str]) -> Output {
    Command::new(example()).args(arguments).output().unwrap()
}

/// The exit status and the report of `compare`.
fn compare(arguments: &[&str]) -> (i32, Value) {
    let output = run(&[&["compare", "--json", "--no-claims"], arguments].concat());
    let complaint = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {complaint}"));
    (output.status.code().unwrap(), report)
}

fn complaint(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// A head that is the example, but for what a script makes of its requests.
fn impostor(folder: &Path, answer: &str) -> String {
    let script = folder.join("head");
    impostor_at(&script, answer);
    format!("{},{}", example().display(), script.display())
}

fn impostor_at(script: &Path, answer: &str) {
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *--brief*) ;; *) exec {} \"$@\";; esac\necho '{{\"protocol\":1}}'\n\
         while read -r line; do {answer}; done\n",
        example().display()
    );
    fs::write(script, text).unwrap();
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder of workers that answer with these times, in the place of layouts of one side.
fn layouts(folder: &Path, side: &str, times: &[u32]) -> String {
    let place = folder.join(side);
    fs::create_dir(&place).unwrap();
    for (i, ns) in times.iter().enumerate() {
        let answer = format!(r#"{{"ns":{ns},"cpu_ns":{ns},"checksum":"x","accuracy":0,"contract":1,"effort":{{}}}}"#);
        impostor_at(&place.join(format!("{i:02}")), &format!("echo '{answer}'"));
    }
    place.display().to_string()
}

const TINY: [&str; 6] = ["--variants", "pairwise,pairwise", "--cases", "examples/sum-small", "--time-budget", "10s"];

#[test]
fn a_slowdown_is_found_and_nothing_else_is() {
    let (status, report) = compare(&TINY);
    let time = &report["rows"][0]["time"];
    assert!(time["speed"] == "unchanged" || time["speed"] == "undecided", "{report:#}");
    assert_eq!(report["rows"][0]["accuracy"]["agreement"], "identical");
    assert_eq!(status, 0);

    // Half as long again: on the busiest machine undecided, if it says that it could not have seen so much.
    let (status, report) = compare(&[&TINY[..], &["--slowdown", "examples/*=1.5"]].concat());
    let time = &report["rows"][0]["time"];
    let blind = time["speed"] == "undecided" && time["resolution"].as_f64().is_none_or(|r| r > 0.5);
    assert!((time["speed"] == "slower" && status == 1) || (blind && status == 0), "{report:#}");

    // A glob knows no braces, and one that matches nothing must not pass for a slowdown that was not found.
    let (status, text) = complaint(&[&["compare"], &TINY[..], &["--slowdown", "examples/{sum-small}=1.5"]].concat());
    assert_eq!((status, text.contains("matches no case")), (2, true), "{text}");
}

#[test]
fn identical_executables_are_recognised() {
    let both = format!("{0},{0}", example().display());
    let (status, report) = compare(&["--executables", &both]);
    assert_eq!((status, &report["identical"]), (0, &Value::Bool(true)));
    assert!(report["rows"].as_array().unwrap().is_empty());

    let (status, report) = compare(&["--executables", &both, "--no-identity", "--accuracy-only"]);
    assert_eq!(status, 0);
    assert_eq!(report["rows"].as_array().unwrap().len(), 6);
}

#[test]
fn an_order_of_functions_is_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = [3_000_000; 16];
    let base = layouts(folder.path(), "base", &times);
    // Slower by a tenth in one order of each run; in the first, which is the one that would be timed if there were no
    // others.
    [0, 8].into_iter().for_each(|i| times[i] = 3_300_000);
    let unlucky = layouts(folder.path(), "unlucky", &times);
    // Slower in all orders of the first run, and in none of the second.
    times.fill(3_000_000);
    times[..8].fill(3_300_000);
    let unconfirmed = layouts(folder.path(), "unconfirmed", &times);
    let slower = layouts(folder.path(), "slower", &[3_300_000; 16]);
    let of = |head: &str| {
        let (status, report) = compare(&["--executables", &format!("{base},{head}"), "--cases", "examples/sum-small"]);
        (status, report["layouts"].clone(), report["rows"][0]["time"]["speed"].clone())
    };
    let (status, layouts, speed) = of(&unlucky);
    assert_eq!((status, layouts), (0, 16.into()));
    assert!(speed == "unchanged" || speed == "undecided", "{speed}");
    assert_eq!(of(&unconfirmed), (0, 16.into(), "undecided".into()));
    assert_eq!(of(&slower), (1, 16.into(), "slower".into()));

    let few = self::layouts(folder.path(), "few", &[3_000_000; 12]);
    let (status, text) = complaint(&["compare", "--executables", &format!("{base},{few}")]);
    assert_eq!(status, 2);
    assert!(text.contains("base has 16 layouts and") && text.contains("give as many of both"), "{text}");
    let two = self::layouts(folder.path(), "two", &[3_000_000; 2]);
    let (status, text) = complaint(&["compare", "--executables", &format!("{two},{two}")]);
    assert!(status == 2 && text.contains("has 2 executables, too few to decide"), "{text}");
    let none = self::layouts(folder.path(), "none", &[]);
    let (status, text) = complaint(&["compare", "--executables", &format!("{base},{none}")]);
    assert_eq!(status, 2);
    assert!(text.contains("there is no executable in"), "{text}");
}

#[test]
fn who_is_started_first_is_no_change() {
    // Of two processes the one that is asked first takes a tenth longer, as if it had been given worse pages.
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before").display().to_string();
    let answer = format!(
        "[ \"$ns\" ] || {{ mkdir {before} 2>/dev/null && ns=3300000 || {{ rmdir {before}; ns=3000000; }}; }}; \
         echo '{{\"ns\":'$ns',\"cpu_ns\":'$ns',\"checksum\":\"x\",\"accuracy\":0,\"contract\":1,\"effort\":{{}}}}'"
    );
    let script = folder.path().join("either");
    impostor_at(&script, &answer);
    let both = format!("{0},{0}", script.display());
    let (status, report) = compare(&["--executables", &both, "--no-identity", "--cases", "examples/sum-small"]);
    let time = &report["rows"][0]["time"];
    assert_eq!((status, &time["speed"]), (0, &"unchanged".into()), "{report:#}");
    assert!(time["change"].as_f64().unwrap().abs() < 1e-9, "{report:#}");
}

#[test]
fn another_variant_with_other_errors_is_less_or_more_accurate() {
    let of = |variants| {
        let (status, report) = compare(&["--variants", variants, "--accuracy-only", "--cases", "examples/sum-small"]);
        (status, report["rows"][0]["accuracy"]["agreement"].clone())
    };
    assert_eq!(of("pairwise,running"), (1, "worse".into()));
    assert_eq!(of("running,pairwise"), (0, "better".into()));
}

#[test]
fn a_head_that_is_wrong_crashes_or_hangs_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let head = |answer: &str| {
        let both = impostor(folder.path(), answer);
        let (status, report) = compare(&["--executables", &both, "--cases", "examples/sum-small", "--timeout", "1s"]);
        let row = &report["rows"][0];
        (status, row["verdict"].as_str().unwrap().to_owned(), row["faults"].to_string())
    };
    let (status, verdict, faults) = head(r#"echo '{"error":"wrong answer: off by one","kind":"wrong"}'"#);
    assert_eq!((status, verdict.as_str()), (1, "**wrong answer**"));
    assert!(faults.contains("off by one"), "{faults}");
    let (status, verdict, faults) = head("exit 9");
    assert_eq!((status, verdict.as_str()), (1, "**fails**"));
    assert!(faults.contains("exit status: 9"), "{faults}");
    let (status, _, faults) = head("exec sleep 9");
    assert_eq!(status, 1);
    assert!(faults.contains("no answer in 1 s"), "{faults}");
}

/// Runs `--instructions` with a folder in front of the search path; the exit status, the only row, complaints.
fn instructions(path: &Path) -> (i32, Value, String) {
    let search = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    let arguments = ["compare", "--json", "--accuracy-only", "--instructions"];
    let output = Command::new(example()).args(arguments).args(TINY).env("PATH", search).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), report["rows"][0].clone(), complaint)
}

#[test]
fn instructions_of_the_same_code_are_the_same() {
    let (status, row, complaint) = instructions(Path::new("/nowhere"));
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert_eq!(status, 2);
        assert!(complaint.contains("--instructions needs valgrind"), "{complaint}");
        return;
    }
    let counts = &row["instructions"]["instructions"];
    let (base, head) = (counts[0].as_f64().unwrap(), counts[1].as_f64().unwrap());
    // A sum of 4096 numbers takes at least an addition for eight of them.
    assert!(base > 512.0 && (head / base - 1.0).abs() < 1e-3, "{row:#}");
    assert_eq!(status, 0);
}

#[test]
fn a_count_of_a_process_that_died_is_worth_nothing() {
    // As valgrind does with AVX-512: a plausible partial count, and an exit status that says otherwise.
    let folder = tempfile::tempdir().unwrap();
    let valgrind = folder.path().join("valgrind");
    let script = r#"#!/bin/sh
[ "$1" = --version ] && exit 0
for word in "$@"; do case "$word" in --callgrind-out-file=*) echo 'totals: 642596' > "${word#*=}";; esac; done
echo '{"protocol":1}'
while read -r line; do echo '{"ns":1,"cpu_ns":1,"checksum":"x","accuracy":0,"contract":1,"effort":{}}'; done
exit 132
"#;
    fs::write(&valgrind, script).unwrap();
    fs::set_permissions(&valgrind, fs::Permissions::from_mode(0o755)).unwrap();
    let (_, row, _) = instructions(folder.path());
    assert!(row["instructions"].is_null(), "{row:#}");
    assert!(row["faults"].to_string().contains("exit status: 132, so its count is worth nothing"), "{row:#}");
}

#[test]
fn bad_usage_is_one_sentence() {
    let (status, text) = complaint(&["compare", "no-such-revision"]);
    assert_eq!(status, 2);
    assert!(text.ends_with("`no-such-revision` is no revision of this repository; `git log --oneline` shows some"));
    let (status, text) = complaint(&["compare", "--variants", "running,pairwise", "--cases", "zzz/*"]);
    assert_eq!(status, 2);
    assert!(text.contains("`zzz/*` matches no case"), "{text}");
    let (status, text) = complaint(&["compare", "--variants", "running,nothing"]);
    assert_eq!(status, 2);
    assert!(text.contains("both variants"), "{text}");
    assert_eq!(complaint(&["compare"]).0, 2);
    let (status, text) = complaint(&["compare", "--executables", "/bin/cat,/bin/cat"]);
    assert_eq!(status, 3);
    assert!(text.contains("worker"), "{text}");
}

#[test]
fn a_worker_survives_bad_lines() {
    let mut child = Command::new(example())
        .args(["worker", "--brief"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: [&[u8]; 5] = [
        b"nonsense\n",
        b"\xff\xfe\n",
        br#"{"case":"none","variant":"x","seed":1,"iterations":1}
"#,
        br#"{"case":"examples/sum-small","variant":"x","seed":1,"iterations":1}
"#,
        br#"{"case":"examples/sum-small","variant":"running","seed":1,"iterations":2}
"#,
    ];
    child.stdin.take().unwrap().write_all(&lines.concat()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let replies: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = replies[1..5].iter().map(|reply| reply["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["request", "request", "missing", "missing"]);
    assert!(replies[5]["ns"].as_u64().unwrap() > 0 && replies[5]["effort"]["entries"] == 4096);
}
