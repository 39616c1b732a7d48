//! Parts of a run, joined.

use std::{fs, path::Path};

use crate::common::{Ended, assert_same, must, run, smoke, snapshot};

/// Runs all parts of `count`.
fn parts(root: &Path, count: usize) -> Vec<String> {
    let part = |i| {
        let folder = root.join(format!("part-{i}"));
        must(&format!("reproduce --scale smoke --shard {i}/{count}"), &folder);
        folder.to_str().unwrap().to_owned()
    };
    (1..=count).map(part).collect()
}

fn merge(parts: &[&String], out: &Path) -> Ended {
    let list: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    run(&format!("merge {}", list.join(" ")), out)
}

#[test]
fn merged_parts_equal_the_whole_in_any_order_and_number() {
    let root = tempfile::tempdir().unwrap();
    for count in [1, 3, 7] {
        let root = root.path().join(count.to_string());
        if count == 1 {
            must("reproduce --scale smoke --shard 1/1", &root);
            assert_same(smoke(), &root);
            continue;
        }
        let parts = parts(&root, count);
        let listed: Vec<_> = parts.iter().rev().collect();
        let whole = root.join("whole");
        let ended = merge(&listed, &whole);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert_same(smoke(), &whole);
        // Once more over what is there, as after a kill.
        assert_eq!(merge(&listed, &whole).status, Some(0));
        assert_same(smoke(), &whole);
    }
}

#[test]
fn missing_double_and_unfinished_parts_are_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let parts = parts(root.path(), 3);
    let out = root.path().join("whole");
    let [a, b, c] = parts.iter().collect::<Vec<_>>()[..] else { panic!() };
    merge(&[a, c], &out).says(2, &["part 2 of 3 is missing", "--shard I/3"]);
    merge(&[a, b, c, b], &out).says(2, &[b, "both hold part 2/3"]);
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    merge(&[a, b, &empty.to_str().unwrap().to_owned()], &out).says(2, &["empty", "no part of a run"]);

    let journal = Path::new(c).join("summation/growth.journal");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 40]).unwrap();
    let ended = merge(&[a, b, c], &out);
    ended.says(2, &["part-3/summation/growth.journal lacks", "trials, the first of them trial", "--shard 3/3"]);
    fs::remove_file(&journal).unwrap();
    merge(&[a, b, c], &out).says(2, &["part-3/summation/growth.journal is missing", "--shard 3/3"]);
    must("reproduce --scale smoke --shard 3/3", Path::new(c));
    assert_eq!(merge(&[a, b, c], &out).status, Some(0));
    assert_same(smoke(), &out);
}

#[test]
fn parts_of_different_runs_are_refused_with_both_values() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("whole");
    let part = |name: &str, words: &str| {
        let folder = root.path().join(name);
        must(&format!("reproduce {words}"), &folder);
        folder.to_str().unwrap().to_owned()
    };
    let first = part("first", "--scale smoke --shard 1/2");
    let seed = part("seed", "--scale smoke --shard 2/2 --seed 7");
    let count = part("count", "--scale smoke --shard 2/3");
    let some = part("some", "growth --scale smoke --shard 2/2");
    merge(&[&first, &seed], &out).says(2, &["seed/shard.json", "its seed is 7", "first/shard.json is 1"]);
    merge(&[&first, &count], &out).says(2, &["its number of parts is", "3", "2"]);
    merge(&[&first, &some], &out).says(2, &["some/shard.json lacks the experiment summation/course"]);

    // A journal of another run under a manifest that fits.
    let second = part("second", "--scale smoke --shard 2/2");
    let journal = |part: &str| Path::new(part).join("summation/growth.journal");
    fs::copy(journal(&seed), journal(&second)).unwrap();
    let ended = merge(&[&first, &second], &out);
    ended.says(2, &["second/summation/growth.journal", "its seed is 7", "is 1"]);
    fs::copy(journal(&first), journal(&second)).unwrap();
    merge(&[&first, &second], &out).says(2, &["second/summation/growth.journal", "its shard is 1/2", "is 2/2"]);
}

#[test]
fn a_folder_holds_a_part_or_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("part");
    must("reproduce growth --scale smoke --shard 1/2", &folder);
    run("reproduce --scale smoke", &folder).says(2, &["holds part 1/2", "residual merge"]);
    run("reproduce --scale smoke --shard 1/2 --seed 3", &folder).says(2, &["whose seed is 1, not 3"]);
    run("reproduce course --scale smoke --shard 2/2", &folder).says(2, &["holds part 1/2"]);
    run("check", &folder).says(2, &["no provenance.json"]);
    let before = snapshot(smoke());
    run("reproduce --scale smoke --shard 1/2", smoke()).says(2, &["holds whole results"]);
    run("reproduce --scale smoke --fresh --seed 2 --shard 1/2", smoke()).says(2, &["holds whole results"]);
    assert!(before == snapshot(smoke()), "what is refused removes nothing");
    // Another experiment of the same part joins.
    must("reproduce course --scale smoke --shard 1/2", &folder);
    let manifest = fs::read_to_string(folder.join("shard.json")).unwrap();
    assert!(manifest.contains("summation/course") && manifest.contains("summation/growth"));
}
