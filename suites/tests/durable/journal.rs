//! The journal alone: whatever happens to its bytes, every trial that is whole is found, and no other one.

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use suites::harness::{
    error::Error,
    experiment::{Scale, TrialRows},
    journal::{Header, Journal},
};

fn header() -> Header {
    Header {
        paper: "paper".into(),
        experiment: "experiment".into(),
        executable: "00".repeat(32),
        seed: 1,
        scale: Scale::Smoke,
        schema: "11".repeat(32),
        shard: (1, 1),
    }
}

/// Rows whose text imitates frames.
fn rows() -> impl Strategy<Value = TrialRows> {
    let line = prop_oneof!["[a-z0-9,.]{0,60}", Just("RSDL\u{10}\0\0\0RSDLRSDL".to_owned()), "(RSDL){0,40}"];
    let lines = prop::collection::vec(prop::collection::vec(line, 0..4), 1..3);
    (lines, prop::option::of("[a-z ]{0,20}")).prop_map(|(lines, failure)| TrialRows { lines, failure })
}

#[derive(Debug, Clone)]
enum Damage {
    Flip { at: prop::sample::Index, bit: u8 },
    Zero { at: prop::sample::Index, length: usize },
    Insert { at: prop::sample::Index, bytes: Vec<u8> },
    Cut { at: prop::sample::Index },
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), 0..8u8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        2 => (at(), 1..200usize).prop_map(|(at, length)| Damage::Zero { at, length }),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..100)).prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        1 => at().prop_map(|at| Damage::Cut { at }),
    ]
}

impl Damage {
    /// Damages the bytes after `keep`.
    fn apply(&self, bytes: &mut Vec<u8>, keep: usize) {
        let place = |at: &prop::sample::Index| keep + at.index((bytes.len() - keep).max(1));
        match self {
            Self::Flip { at, bit } => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
            Self::Zero { at, length } => {
                let at = place(at);
                bytes.iter_mut().skip(at).take(*length).for_each(|byte| *byte = 0);
            }
            Self::Insert { at, bytes: garbage } => {
                let at = place(at).min(bytes.len());
                bytes.splice(at..at, garbage.iter().copied());
            }
            Self::Cut { at } => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
}

/// The bytes of the journal, and of each trial's frame in it.
fn write(path: &Path, trials: &[TrialRows]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut journal = Journal::open(path, &header(), true).unwrap();
    let mut ends = vec![fs::metadata(path).unwrap().len() as usize];
    for (trial, rows) in (0..).zip(trials) {
        journal.append(trial / 4, trial % 4, 0.5, rows).unwrap();
        ends.push(fs::metadata(path).unwrap().len() as usize);
    }
    let bytes = fs::read(path).unwrap();
    let frames = ends.windows(2).map(|w| bytes[w[0]..w[1]].to_vec()).collect();
    (bytes, frames)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_whole_trial_is_found_and_no_damaged_one(
        trials in prop::collection::vec(rows(), 0..20),
        damages in prop::collection::vec(damage(), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (mut bytes, frames) = write(&path, &trials);
        let head = bytes.len() - frames.iter().map(Vec::len).sum::<usize>();
        damages.iter().for_each(|damage| damage.apply(&mut bytes, head));
        fs::write(&path, &bytes).unwrap();
        let mut journal = Journal::open(&path, &header(), false).unwrap();
        for (number, (rows, frame)) in (0..).zip(trials.iter().zip(&frames)) {
            let whole = bytes.windows(frame.len()).any(|window| window == frame);
            prop_assert_eq!(journal.has(number / 4, number % 4), whole, "trial {}", number);
            if whole {
                prop_assert_eq!(&journal.read(number / 4, number % 4).unwrap(), rows);
            }
        }
        prop_assert!(journal.len() <= trials.len());

        // What is lost is appended again, and then all is there, also for the next run.
        for (number, rows) in (0..).zip(&trials).filter(|&(n, _)| !journal.has(n / 4, n % 4)).collect::<Vec<_>>() {
            journal.append(number / 4, number % 4, 0.5, rows).unwrap();
        }
        for journal in [journal, Journal::open(&path, &header(), false).unwrap()] {
            let found = (0..).zip(&trials).map(|(n, rows)| (n, journal.read(n / 4, n % 4).unwrap() == *rows));
            prop_assert!(found.collect::<BTreeMap<u32, bool>>().values().all(|equal| *equal));
        }
    }
}

#[test]
fn garbage_that_looks_like_frames_is_read_in_linear_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let rows = TrialRows { lines: vec![vec!["1".into()]], failure: None };
    let (mut bytes, frames) = write(&path, std::slice::from_ref(&rows));
    // Heads that promise the rest of the file; read one by one they would take a minute.
    bytes.extend(b"RSDL\0\0\x20\0".repeat(1 << 20));
    bytes.extend(&frames[0]);
    fs::write(&path, bytes).unwrap();
    let journal = Journal::open(&path, &header(), false).unwrap();
    assert_eq!((journal.len(), journal.damaged), (1, 1));
}

#[test]
fn damage_after_opening_is_noticed_when_the_trial_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let rows = TrialRows { lines: vec![vec!["1.25".into()]], failure: None };
    let (mut bytes, _) = write(&path, &[rows]);
    let journal = Journal::open(&path, &header(), false).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(journal.read(0, 0), Err(Error::Broken(_))));
}

#[test]
fn a_journal_that_is_replaced_under_the_run_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let mut journal = Journal::open(&path, &header(), false).unwrap();
    journal.sync().unwrap();
    fs::rename(&path, folder.path().join("k")).unwrap();
    assert!(matches!(journal.sync(), Err(Error::Broken(_))));
    fs::write(&path, "").unwrap();
    assert!(matches!(journal.sync(), Err(Error::Broken(_))));
}
