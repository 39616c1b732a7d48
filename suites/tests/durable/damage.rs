//! Journals and tables that are cut, flipped, foreign or edited.

use std::{fs, path::Path};

use crate::common::{assert_same, must, run, smoke, smoke_copy};

const JOURNAL: &str = "summation/growth.journal";
/// Bytes of a frame ahead of its payload.
const HEAD: usize = 16;

/// Where the frames of a journal begin.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    loop {
        let at = *starts.last().unwrap();
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        match at + HEAD + length {
            end if end == bytes.len() => return starts,
            end => starts.push(end),
        }
    }
}

/// Damages a copy of the smoke run's journal and runs again.
fn heals(damage: impl Fn(&mut Vec<u8>, &[usize])) -> String {
    let folder = smoke_copy();
    let path = folder.path().join(JOURNAL);
    let mut bytes = fs::read(&path).unwrap();
    let starts = frames(&bytes);
    damage(&mut bytes, &starts);
    fs::write(&path, bytes).unwrap();
    let ended = must("reproduce growth --scale smoke", folder.path());
    assert_same(smoke(), folder.path());
    ended.stderr
}

#[test]
fn a_flipped_bit_costs_its_own_trial_only() {
    for (part, offset) in [("magic", 1), ("length", 4), ("length", 7), ("checksum", 9), ("head", 13), ("payload", 30)] {
        let said = heals(|bytes, starts| bytes[starts[5] + offset] ^= 1);
        assert!(said.contains("1 damaged places"), "{part}: {said}");
    }
}

#[test]
fn a_journal_cut_anywhere_goes_on() {
    for keep in [0, 1, HEAD, 60] {
        heals(|bytes, _| bytes.truncate(keep));
    }
    heals(|bytes, starts| bytes.truncate(starts[1]));
    let said = heals(|bytes, starts| bytes.truncate(starts[7] + 5));
    assert!(!said.contains("damaged"), "a torn end is no damage: {said}");
    heals(|bytes, starts| bytes.truncate(starts[7] + HEAD + 3));
    heals(|bytes, starts| drop(bytes.drain(starts[3] + 2..starts[6] + 9)));
    heals(|bytes, _| bytes.extend([0; 5000]));
    heals(|bytes, starts| bytes[starts[2]..starts[9]].fill(0));
}

#[test]
fn a_journal_without_its_header_is_refused() {
    let folder = smoke_copy();
    let path = folder.path().join(JOURNAL);
    let intact = fs::read(&path).unwrap();
    for damaged in [flip(&intact, 20), flip(&intact, 0), intact[1..].to_vec(), vec![b'x'; 5000]] {
        fs::write(&path, damaged).unwrap();
        run("reproduce --scale smoke", folder.path()).says(2, &[JOURNAL, "damaged header", "--fresh"]);
    }
    must("reproduce --scale smoke --fresh", folder.path());
    assert_same(smoke(), folder.path());
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 16;
    bytes
}

#[test]
fn a_foreign_journal_is_refused_with_both_values() {
    let (folder, other) = (smoke_copy(), tempfile::tempdir().unwrap());
    let foreign = |words: &str, from: &str| {
        must(&format!("reproduce {words} --fresh"), other.path());
        fs::copy(other.path().join(from), folder.path().join(JOURNAL)).unwrap();
        run("reproduce growth --scale smoke", folder.path())
    };
    foreign("--scale smoke --seed 9", JOURNAL).says(2, &[JOURNAL, "its seed is 9", "this run's is 1", "--fresh"]);
    foreign("--scale smoke", "summation/course.journal").says(2, &["its experiment is course, this run's is growth"]);
    foreign("--scale default", JOURNAL).says(2, &["its scale is default, this run's is smoke"]);
}

#[test]
fn check_refuses_a_damaged_table_and_reproduce_heals_it() {
    let folder = smoke_copy();
    let path = folder.path().join("summation/growth.errors.csv");
    let text = fs::read_to_string(&path).unwrap();
    let cut = text[..text.len() / 2].to_owned();
    let edited = text.replacen("e-8", "e-9", 1);
    let longer = format!("{text}1,running,0,0,ok,1.0\n");
    for damaged in [cut, edited, longer, String::new()] {
        assert_ne!(damaged, text);
        fs::write(&path, damaged).unwrap();
        run("check", folder.path()).says(2, &["growth.errors.csv was changed", "residual reproduce summation/growth"]);
        must("reproduce --scale smoke", folder.path());
        assert_same(smoke(), folder.path());
    }
    fs::remove_file(&path).unwrap();
    run("check", folder.path()).says(2, &["growth.errors.csv is missing"]);
    must("reproduce --scale smoke", folder.path());
    assert_same(smoke(), folder.path());
}

#[test]
fn damaged_descriptions_are_named() {
    let folder = smoke_copy();
    let path = folder.path().join("provenance.json");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    for words in ["check", "reproduce --scale smoke", "rerun summation/growth.errors:2"] {
        run(words, folder.path()).says(2, &["provenance.json is damaged"]);
    }
    fs::write(&path, text).unwrap();
    fs::write(folder.path().join("claims.csv"), "paper,claim\nx").unwrap();
    must("check", folder.path());
    assert_same(smoke(), folder.path());
    run("check", Path::new("/nonexistent/folder")).says(2, &["is not a result folder"]);
}
