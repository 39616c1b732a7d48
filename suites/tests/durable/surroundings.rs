//! What the surroundings do to a run: full disks, protected and vanishing folders.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{Ended, assert_same, command, must, program, run, run_bare, smoke, wait_for};

/// Runs with a limit on the size of every file, which ends writes half-way as a full disk does. 512 bytes a block.
fn run_limited(words: &str, blocks: u32, out: &Path) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(program()).args(words.split(' ')).arg("--out").arg(out);
    Ended::of(shell.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
}

#[test]
fn a_disk_that_fills_up_at_a_random_byte_loses_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let folder = tempfile::tempdir().unwrap();
    let mut room = 1;
    let mut refused = 0;
    while room < 400 {
        let ended = run_limited("reproduce --scale smoke", room, folder.path());
        room += rng.random_range(5..25);
        if ended.status == Some(0) {
            break;
        }
        refused += 1;
        ended.says(3, &["cannot", folder.path().to_str().unwrap(), "free some space", "finished trials are kept"]);
    }
    assert!(refused >= 3, "the disk was full {refused} times only");
    must("reproduce --scale smoke", folder.path());
    assert_same(smoke(), folder.path());
}

#[test]
fn a_full_disk_keeps_what_was_journaled() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("summation/growth.journal");
    run_limited("reproduce growth --scale smoke", 10, folder.path()).says(3, &["append to"]);
    let kept = fs::read(&journal).unwrap();
    assert!(kept.len() > 4000, "{} bytes", kept.len());
    must("reproduce growth --scale smoke", folder.path());
    assert!(fs::read(&journal).unwrap().starts_with(&kept), "finished trials ran again");
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    run("reproduce --scale smoke", &file.join("below")).says(2, &["file/below", "check the path"]);
    if Path::new("/proc/self").exists() {
        run("reproduce --scale smoke", Path::new("/proc/residual")).says(2, &["/proc/residual", "check the path"]);
    }
    // Permissions do not bind the superuser.
    let folder = root.path().join("protected");
    fs::create_dir(&folder).unwrap();
    let mut permissions = fs::metadata(&folder).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&folder, permissions).unwrap();
    if fs::write(folder.join("probe"), "").is_err() {
        run("reproduce --scale smoke", &folder).says(2, &["protected", "check the path and its permissions"]);
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("summation/growth.journal")).unwrap();
    run("reproduce --scale smoke", folder.path()).says(2, &["summation/growth.journal", "check the path"]);
    fs::remove_dir(folder.path().join("summation/growth.journal")).unwrap();
    fs::create_dir_all(folder.path().join("summation/growth.errors.csv/x")).unwrap();
    let ended = run("reproduce --scale smoke", folder.path());
    ended.says(2, &["summation/growth.errors.csv", "check the path"]);
}

#[test]
fn a_folder_removed_under_the_run_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let (folder, moved) = (root.path().join("out"), root.path().join("moved"));
    let child = command("reproduce course", &folder).spawn().unwrap();
    wait_for("trials", || fs::metadata(folder.join("summation/course.journal")).is_ok_and(|m| m.len() > 2000));
    fs::rename(&folder, &moved).unwrap();
    Ended::of(child.wait_with_output().unwrap())
        .says(3, &["out", "was removed or replaced while", "run the same command"]);
    assert!(!folder.exists(), "the folder was made again");

    // Another run has taken the place: the first one must not write into it.
    let child = command("reproduce course", &folder).spawn().unwrap();
    wait_for("trials", || fs::metadata(folder.join("summation/course.journal")).is_ok_and(|m| m.len() > 2000));
    fs::remove_dir_all(&folder).unwrap();
    must("reproduce --scale smoke", &folder);
    Ended::of(child.wait_with_output().unwrap()).says(3, &["was removed or replaced while"]);
    assert_same(smoke(), &folder);
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command("reproduce --scale smoke", folder.path()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_same(smoke(), folder.path());
}

#[test]
fn usage_errors_have_status_two() {
    for words in [&["reproduce", "--jobs", "0"][..], &["merge", "--out", "x"], &["nonsense"], &["calibrate"]] {
        assert_eq!(run_bare(words).status, Some(2), "{words:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_word() {
    let mut child = Command::new(program()).arg("list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
