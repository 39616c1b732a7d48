//! The same bytes whatever the threads, and one writer at a time.

use std::fs;

use crate::common::{Ended, assert_same, command, must, run, smoke, snapshot, wait_for};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for jobs in [1, 2, 5] {
        let folder = tempfile::tempdir().unwrap();
        must(&format!("reproduce --scale smoke --jobs {jobs}"), folder.path());
        assert_same(smoke(), folder.path());
    }
}

#[test]
fn running_again_or_afresh_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["reproduce --scale smoke", "reproduce --scale smoke", "reproduce --scale smoke --fresh", "check"] {
        must(words, folder.path());
        assert_same(smoke(), folder.path());
    }
}

#[test]
fn the_second_of_two_runs_at_once_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = command("reproduce course", folder.path()).spawn().unwrap();
    wait_for("the journal", || folder.path().join("summation/course.journal").exists());
    for words in ["reproduce course", "reproduce growth --fresh", "check"] {
        run(words, folder.path()).says(2, &["another run is writing", folder.path().to_str().unwrap(), "--out"]);
    }
    assert_eq!(Ended::of(first.wait_with_output().unwrap()).status, Some(0));
    must("reproduce course", folder.path());
}

#[test]
fn a_killed_run_releases_its_lock_and_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command("reproduce", folder.path()).spawn().unwrap();
    wait_for("the journal", || folder.path().join("summation/growth.journal").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(folder.path().join("summation/.residual-left"), "half a file").unwrap();
    must("reproduce growth", folder.path());
    snapshot(folder.path());
}
