//! Partial selections: they update their own rows and nothing else, and only in a folder of the same seed and scale.

use std::fs;

use crate::common::{assert_same, must, run, smoke, smoke_copy, snapshot};

#[test]
fn experiments_run_one_by_one_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    must("reproduce course --scale smoke", folder.path());
    assert!(!folder.path().join("summation/growth.errors.csv").exists());
    let claims = fs::read_to_string(folder.path().join("claims.csv")).unwrap();
    assert!(!claims.contains("summation-error-grows"), "judged without its rows: {claims}");
    must("reproduce summation-error-grows --scale smoke", folder.path());
    assert_same(smoke(), folder.path());
}

#[test]
fn a_partial_selection_leaves_other_rows_alone() {
    let folder = smoke_copy();
    let other = folder.path().join("summation/course.steps.csv");
    let time = fs::metadata(&other).unwrap().modified().unwrap();
    must("reproduce growth --scale smoke --fresh", folder.path());
    assert_eq!(fs::metadata(&other).unwrap().modified().unwrap(), time, "written though not selected");
    assert_same(smoke(), folder.path());
}

#[test]
fn check_names_the_experiments_that_a_folder_lacks() {
    let folder = tempfile::tempdir().unwrap();
    must("reproduce course --scale smoke", folder.path());
    let lacks = "lacks 1 experiment (summation/growth): `residual reproduce summation`";
    let ended = must("check", folder.path());
    assert!(ended.stdout.contains(lacks), "{}", ended.stdout);
    run("check --readme", folder.path()).says(2, &["README.md shows whole results only", lacks]);
    must("reproduce growth --scale smoke", folder.path());
    let ended = must("check", folder.path());
    assert!(!ended.stdout.contains("lacks"), "{}", ended.stdout);
}

#[test]
fn another_seed_or_scale_is_refused_and_changes_nothing() {
    let folder = smoke_copy();
    let before = snapshot(folder.path());
    for (words, named) in [
        ("reproduce growth --scale smoke --seed 2", "not seed 2 at scale smoke"),
        ("reproduce growth --scale smoke --seed 2 --fresh", "not seed 2 at scale smoke"),
        ("reproduce growth --scale default", "not seed 1 at scale default"),
        ("reproduce --scale smoke --seed 2", "not seed 2 at scale smoke"),
    ] {
        run(words, folder.path()).says(2, &["holds seed 1 at scale smoke", named, "--out", "--fresh"]);
        assert!(before == snapshot(folder.path()), "{words} changed something");
    }
}

#[test]
fn a_whole_fresh_run_takes_a_folder_over() {
    let folder = tempfile::tempdir().unwrap();
    must("reproduce growth --scale default --seed 5", folder.path());
    must("reproduce --scale smoke --fresh", folder.path());
    assert_same(smoke(), folder.path());
}

#[test]
fn tables_that_are_not_run_again_must_be_what_was_written() {
    let folder = smoke_copy();
    fs::remove_file(folder.path().join("summation/course.steps.csv")).unwrap();
    run("reproduce growth --scale smoke", folder.path())
        .says(2, &["summation/course.steps.csv is missing", "residual reproduce summation/course"]);
    must("reproduce summation/course --scale smoke", folder.path());
    assert_same(smoke(), folder.path());
}

#[test]
fn unknown_selections_scales_and_seeds_are_usage_errors() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    run("reproduce nonsense", &out).says(2, &["`nonsense` is no paper, family, experiment or claim"]);
    run("reproduce [", &out).says(2, &["`[` is not a glob"]);
    for words in ["reproduce --scale huge", "reproduce --seed -1", "reproduce --seed x", "reproduce --shard 3/2"] {
        assert_eq!(run(words, &out).status, Some(2), "{words}");
    }
    run("calibrate nonsense --seeds 2", &out).says(2, &["`nonsense` is no paper"]);
    run("calibrate course --seeds 2", &out).says(2, &["decide no claim"]);
    assert!(!out.exists(), "a refused command made its folder");
}
