//! `diff`, `rerun` and `calibrate`.

use std::{fs, path::Path};

use crate::common::{Ended, command, must, run, run_bare, smoke, smoke_copy, wait_for};

const ERRORS: &str = "summation/growth.errors.csv";

fn diff(a: &Path, b: &Path, options: &[&str]) -> Ended {
    run_bare(&[&["diff", a.to_str().unwrap(), b.to_str().unwrap()], options].concat())
}

/// Replaces the last cell of a line of the table of errors.
fn edit(folder: &Path, line: usize, change: impl Fn(f64) -> String) {
    let path = folder.join(ERRORS);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let (head, last) = lines[line - 1].rsplit_once(',').unwrap();
    lines[line - 1] = format!("{head},{}", change(last.parse().unwrap()));
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn equal_folders_and_last_digits_are_the_same() {
    let folder = smoke_copy();
    let same = diff(smoke(), folder.path(), &[]);
    assert_eq!(same.status, Some(0), "{}", same.stdout);
    edit(folder.path(), 3, |x| format!("{}", x * (1.0 + 1e-9)));
    let close = diff(smoke(), folder.path(), &[]);
    assert_eq!(close.status, Some(0), "{}", close.stdout);
    assert!(close.stdout.contains("the same: 0 cells differ, 1 within the tolerance"), "{}", close.stdout);
    // Neither tolerance nor noise floor.
    assert_eq!(diff(smoke(), folder.path(), &["--rtol", "0", "--atol", "0"]).status, Some(1));
}

#[test]
fn a_larger_difference_is_shown_with_its_place() {
    let folder = smoke_copy();
    edit(folder.path(), 4, |x| format!("{:?}", x * 1.5));
    edit(folder.path(), 7, |x| format!("{:?}", x * 1.1));
    let ended = diff(smoke(), folder.path(), &[]);
    assert_eq!(ended.status, Some(1));
    let row = ended.stdout.lines().find(|line| line.starts_with(ERRORS)).unwrap();
    for word in [" error ", " 2 ", "3.3e-1", "n=256 method=running trial=2 record=0"] {
        assert!(row.contains(word), "`{word}` is not in: {row}");
    }
    assert_eq!(diff(smoke(), folder.path(), &["--rtol", "error=0.5"]).status, Some(0));
    assert_eq!(diff(smoke(), folder.path(), &["--rtol", "terms=0.5"]).status, Some(1));
    assert_eq!(diff(smoke(), folder.path(), &["--atol", "1"]).status, Some(0));
}

#[test]
fn missing_rows_files_and_changed_verdicts_are_named() {
    let folder = smoke_copy();
    let path = folder.path().join(ERRORS);
    let text = fs::read_to_string(&path).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    fs::write(&path, &text[..=last]).unwrap();
    fs::remove_file(folder.path().join("summation/course.svg")).unwrap();
    let claims = folder.path().join("claims.csv");
    let text = fs::read_to_string(&claims).unwrap();
    fs::write(&claims, text.replacen(",reproduced,", ",inconclusive,", 1)).unwrap();
    let ended = diff(smoke(), folder.path(), &[]);
    assert_eq!(ended.status, Some(1));
    for word in ["has summation/course.svg", "has 1 rows of summation/growth.errors.csv", "trial=79", "verdict of"] {
        assert!(ended.stdout.contains(word), "`{word}` is not in: {}", ended.stdout);
    }
    assert!(ended.stdout.contains("reproduced in") && ended.stdout.contains("inconclusive in"));
    diff(smoke(), Path::new("/nonexistent"), &[]).says(2, &["/nonexistent is not a result folder"]);
    assert_eq!(diff(smoke(), smoke(), &["--rtol", "-1"]).status, Some(2));
}

#[test]
fn a_row_is_made_again_by_line_and_by_cells() {
    let folder = smoke_copy();
    let rerun = |row: &str| run(&format!("rerun {row}"), folder.path());
    for row in [
        "summation/growth.errors:2",
        "summation/growth.errors.csv:321",
        "summation/growth.errors?n=1024&method=compensated&trial=7",
        "summation/course.steps?method=running&trial=3",
    ] {
        let ended = rerun(row);
        assert_eq!(ended.status, Some(0), "{row}: {}{}", ended.stdout, ended.stderr);
    }
    edit(folder.path(), 9, |x| format!("{:?}", x * (1.0 + 1e-15)));
    let ended = rerun("summation/growth.errors:9");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("differs") && ended.stdout.contains("0 of 1 stored rows"), "{}", ended.stdout);
}

#[test]
fn rows_that_cannot_be_made_again_are_explained() {
    let folder = smoke_copy();
    for (row, said) in [
        ("summation/growth.errors", "names no row"),
        ("summation/growth.errors:x", "names no row"),
        ("summation/shrinkage.errors:2", "`summation/shrinkage` is no experiment"),
        ("summation/growth.rows:2", "`rows` is no table of `growth`, which has errors"),
        ("summation/growth.errors:1", "no row begins on line 1"),
        ("summation/growth.errors:9999", "no row begins on line 9999"),
        ("summation/growth.errors?n=256", "160 trials hold these cells"),
        ("summation/growth.errors?n=257&trial=1", "no row holds these cells"),
        ("summation/growth.errors?m=1", "there is no column `m` among n, method"),
    ] {
        run(&format!("rerun {row}"), folder.path()).says(2, &[said]);
    }
    let path = folder.path().join(ERRORS);
    fs::write(&path, fs::read_to_string(&path).unwrap().replacen("256,", "255,", 1)).unwrap();
    run("rerun summation/growth.errors:2", folder.path()).says(2, &["no point (255,running) at any scale"]);
}

/// Points of a scale are found in a folder of another one.
#[test]
fn a_row_of_any_scale_is_found() {
    let folder = tempfile::tempdir().unwrap();
    must("reproduce growth --scale default", folder.path());
    let row = "rerun summation/growth.errors?n=262144&method=running&trial=39";
    must(row, folder.path());
    let path = folder.path().join("provenance.json");
    fs::write(&path, fs::read_to_string(&path).unwrap().replacen("\"default\"", "\"smoke\"", 1)).unwrap();
    must(row, folder.path());
}

#[test]
fn a_calibration_that_is_killed_goes_on_to_the_same_table() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let words = "calibrate growth --seeds 12 --scale smoke";
    let table = must(&format!("{words} --jobs 1"), whole.path()).stdout;
    assert!(table.contains("summation-error-grows"), "{table}");
    for trials in [1, 5, 9] {
        let mut child = command(words, killed.path()).spawn().unwrap();
        let journal = killed.path().join("calibration.journal");
        let header = 300;
        wait_for("some seeds", || std::fs::metadata(&journal).is_ok_and(|m| m.len() > header + 100 * trials));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    must("calibrate growth --seeds 3 --scale smoke", killed.path());
    must(words, killed.path());
    for file in ["calibration.csv", "calibration.seeds.csv"] {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(read(whole.path()), read(killed.path()));
    }
    let rates = fs::read_to_string(whole.path().join("calibration.csv")).unwrap();
    assert!(rates.starts_with("claim,scale,seeds,as_expected,flips,flip_low,flip_high,min_headroom,worst_seed\n"));
    assert!(rates.contains("summation-error-grows,smoke,12,"), "{rates}");
    assert!(!killed.path().join("seed-1001").exists(), "rows stay behind");
    let other = run("calibrate growth --seeds 12 --scale default", killed.path());
    other.says(2, &["calibration.journal", "its scale is smoke, this run's is default", "--fresh"]);
}
