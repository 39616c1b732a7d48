//! SIGKILL and Ctrl-C at any moment.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{Ended, assert_same, command, must, run, snapshot, wait_for};

/// At least so many kills, and at least so many of them while a file is being replaced.
const KILLS: usize = 50;
const INSIDE_REPLACEMENT: usize = 3;

#[test]
fn fifty_kills_leave_the_bytes_of_an_undisturbed_run() {
    let (undisturbed, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    must("reproduce", undisturbed.path());
    let started = Instant::now();
    must("reproduce --jobs 2", undisturbed.path());
    let resumed = started.elapsed();
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let (mut kills, mut inside) = (0, 0);
    while kills < KILLS || inside < INSIDE_REPLACEMENT {
        assert!(kills < 40 * KILLS, "{inside} of {kills} kills fell inside a replacement");
        let jobs = if rng.random() { "reproduce --jobs 1" } else { "reproduce --jobs 2" };
        let mut child = command(jobs, killed.path()).spawn().unwrap();
        std::thread::sleep(resumed.mul_f64(rng.random_range(0.0..1.0)));
        child.kill().unwrap();
        kills += usize::from(child.wait().unwrap().code().is_none());
        inside += usize::from(holds_temporary(killed.path()));
    }
    must("reproduce", killed.path());
    assert_same(undisturbed.path(), killed.path());
}

fn holds_temporary(folder: &Path) -> bool {
    let temporary = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".residual-");
    let list = |folder: &Path| fs::read_dir(folder).is_ok_and(|list| list.flatten().any(temporary));
    list(folder) || list(&folder.join("summation"))
}

#[test]
fn an_interrupted_run_keeps_what_is_finished_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let child = command("reproduce course", folder.path()).spawn().unwrap();
    let journal = folder.path().join("summation/course.journal");
    wait_for("trials", || fs::metadata(&journal).is_ok_and(|m| m.len() > 4000));
    interrupt(child.id());
    let ended = Ended::of(child.wait_with_output().unwrap());
    ended.says(130, &["trials to go", "is kept", "the same command goes on"]);
    let kept = fs::metadata(&journal).unwrap().len();
    must("reproduce course", folder.path());
    assert!(fs::metadata(&journal).unwrap().len() > kept);
    assert!(fs::metadata(folder.path().join("provenance.json")).is_ok());
}

#[test]
fn an_interrupted_fresh_run_leaves_the_rows_that_it_was_to_replace() {
    let folder = tempfile::tempdir().unwrap();
    must("reproduce", folder.path());
    let before = snapshot(folder.path());
    let child = command("reproduce course --fresh", folder.path()).spawn().unwrap();
    let journal = folder.path().join("summation/course.journal");
    let whole = fs::metadata(&journal).unwrap().len();
    wait_for("trials", || fs::metadata(&journal).is_ok_and(|m| (4000..whole).contains(&m.len())));
    interrupt(child.id());
    Ended::of(child.wait_with_output().unwrap()).says(130, &["trials to go"]);
    assert!(before == snapshot(folder.path()));
    let ended = must("check", folder.path());
    assert!(!ended.stdout.contains("lacks"), "{}", ended.stdout);
}

#[test]
fn a_stopped_run_leaves_no_verdict_or_figure_of_a_table_before() {
    let (undisturbed, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    must("reproduce", undisturbed.path());
    must("reproduce", folder.path());
    // As if older tables had given another verdict.
    let [claims, figure] = ["claims.csv", "summation/growth.svg"].map(|file| folder.path().join(file));
    let text = fs::read_to_string(&claims).unwrap();
    fs::write(&claims, text.replacen("reproduced,reproduced", "inconclusive,reproduced", 1)).unwrap();
    fs::write(&figure, "old").unwrap();
    let table = folder.path().join("summation/growth.errors.csv");
    let number = || fs::metadata(&table).map(|m| m.ino()).ok();
    let before = number();
    let mut child = command("reproduce --fresh", folder.path()).spawn().unwrap();
    wait_for("the new table", || number() != before);
    child.kill().unwrap();
    child.wait().unwrap();
    run("reproduce course", folder.path());
    assert!(!fs::read_to_string(&claims).unwrap().contains("inconclusive"));
    assert!(fs::read_to_string(&figure).ok().is_none_or(|text| text != "old"));
    must("reproduce", folder.path());
    assert_same(undisturbed.path(), folder.path());
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let child = command("reproduce", folder.path()).spawn().unwrap();
    wait_for("the journal", || folder.path().join("summation/course.journal").exists());
    std::thread::sleep(Duration::from_millis(30));
    interrupt(child.id());
    interrupt(child.id());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

fn interrupt(process: u32) {
    assert!(Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap().success());
}
