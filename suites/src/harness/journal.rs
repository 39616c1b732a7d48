//! The append-only journal of an experiment: what survives a kill.
//!
//! A journal is a list of [frames](super::frame). The first payload is the [`Header`] as JSON, every other one a
//! finished trial. A frame is handed to the system in one write as soon as its trial ends, so a kill loses nothing that
//! was appended. Reading looks for the next intact frame after damage, so a flipped frame costs only its own trial,
//! which is then run again; a torn frame at the end is cut off.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    error::{Error, Result},
    experiment::{Scale, TrialRows},
    folder::{is_at, sync_folder, vanished},
    frame::{self, HEAD, Scan},
};

/// Point, trial and seconds, ahead of the rows.
const PLACE: usize = 16;

/// Which run a journal belongs to. A run goes on only with its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Key of the paper.
    pub paper: String,
    /// Key of the experiment.
    pub experiment: String,
    /// SHA-256 of the executable.
    pub executable: String,
    /// Master seed.
    pub seed: u64,
    /// Scale.
    pub scale: Scale,
    /// SHA-256 of the header lines of all tables.
    pub schema: String,
    /// Which part of the trials this is: `(i, n)` is part i of n, from 1.
    pub shard: (u32, u32),
}

/// A journal that is open for appending and for reading back.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    end: u64,
    unsynced: bool,
    index: BTreeMap<(u32, u32), Entry>,
    /// Damaged stretches between intact frames, found when the journal was opened.
    pub damaged: usize,
}

/// Where a trial's frame stands in the file and how long the trial took.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: u64,
    length: u32,
    seconds: f64,
}

impl Journal {
    /// Opens the journal at `path`, or starts it. One that belongs to another run is refused, unless `fresh` discards
    /// it.
    pub fn open(path: &Path, header: &Header, fresh: bool) -> Result<Self> {
        let fault = |e: std::io::Error| Error::file("open the journal", path, &e);
        let parent = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent).map_err(|e| Error::file("create the folder", parent, &e))?;
        let file = File::options().read(true).append(true).create(true).open(path).map_err(fault)?;
        if fresh {
            file.set_len(0).map_err(fault)?;
        }
        let first = encode(&json(header)?)?;
        let (mut journal, found, length) = Self::load(file, path)?;
        match found {
            Some(found) if found == *header => {}
            Some(found) => {
                let (what, theirs, ours) = found.difference(header).unwrap_or_default();
                return Err(Error::input(format!(
                    "{} belongs to another run: its {what} is {theirs}, this run's is {ours}; use --fresh to discard \
                     it, or --out another folder",
                    path.display()
                )));
            }
            // No more than a header was ever written: whatever tore it, nothing is lost.
            None if journal.end == 0 && length <= first.len() as u64 => {}
            None => return Err(headless(path)),
        }
        if length > journal.end {
            journal.file.set_len(journal.end).map_err(fault)?;
        }
        if journal.end == 0 {
            journal.write(&first)?;
            journal.sync()?;
            sync_folder(parent)?;
        }
        Ok(journal)
    }

    /// Opens a journal for reading only; returns it with its header.
    pub fn view(path: &Path) -> Result<(Self, Header)> {
        let file = File::open(path).map_err(|e| Error::file("open the journal", path, &e))?;
        let (journal, header, _) = Self::load(file, path)?;
        Ok((journal, header.ok_or_else(|| headless(path))?))
    }

    /// Finds all intact frames; returns the header, if the first of them is it, and the file's length.
    fn load(file: File, path: &Path) -> Result<(Self, Option<Header>, u64)> {
        let fault = |e: std::io::Error| Error::file("read", path, &e);
        let mut scan = Scan::new(&file).map_err(fault)?;
        let (mut index, mut header, mut payload) = (BTreeMap::new(), None, Vec::new());
        while let Some(offset) = scan.next(&mut payload).map_err(fault)? {
            if offset == 0 {
                header = serde_json::from_slice(&payload).ok();
            } else if let Some((place, seconds)) = place(&payload) {
                index.insert(place, Entry { offset, length: payload.len() as u32, seconds });
            }
        }
        let Scan { end, length, damaged, .. } = scan;
        Ok((Self { file, path: path.to_owned(), end, unsynced: false, index, damaged }, header, length))
    }

    /// Whether a trial is in the journal.
    pub fn has(&self, point: u32, trial: u32) -> bool {
        self.index.contains_key(&(point, trial))
    }

    /// The number of trials in the journal.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no trial is in the journal.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// CPU seconds spent in all trials of the journal.
    pub fn seconds(&self) -> f64 {
        self.index.values().map(|e| e.seconds).sum()
    }

    /// Appends a finished trial.
    pub fn append(&mut self, point: u32, trial: u32, seconds: f64, rows: &TrialRows) -> Result<()> {
        let mut payload = Vec::with_capacity(256);
        payload.extend(point.to_le_bytes());
        payload.extend(trial.to_le_bytes());
        payload.extend(seconds.to_le_bytes());
        ciborium::into_writer(rows, &mut payload)
            .map_err(|e| Error::broken(format!("a trial has no journal form: {e}")))?;
        let offset = self.write(&encode(&payload)?)?;
        self.index.insert((point, trial), Entry { offset, length: payload.len() as u32, seconds });
        Ok(())
    }

    /// Appends those of `trials` that are not here yet from another journal, which is held in memory meanwhile.
    pub fn copy(&mut self, from: &Self, trials: &[(u32, u32)]) -> Result<()> {
        let mut whole = vec![0; from.end as usize];
        from.file.read_exact_at(&mut whole, 0).map_err(|e| Error::file("read", &from.path, &e))?;
        let (mut bytes, mut entries) = (Vec::new(), Vec::new());
        for &place in trials.iter().filter(|place| !self.index.contains_key(place)) {
            let entry = from.entry(place)?;
            let start = entry.offset as usize;
            let frame = whole.get(start..start + HEAD + entry.length as usize).unwrap_or_default();
            from.intact(place, frame)?;
            entries.push((place, Entry { offset: bytes.len() as u64, ..entry }));
            bytes.extend_from_slice(frame);
        }
        let start = self.write(&bytes)?;
        self.index.extend(entries.into_iter().map(|(place, e)| (place, Entry { offset: start + e.offset, ..e })));
        Ok(())
    }

    /// Appends whole frames; returns where they begin. A write that fails half-way leaves no trace.
    fn write(&mut self, frames: &[u8]) -> Result<u64> {
        let start = self.end;
        if let Err(e) = self.file.write_all(frames) {
            let _ = self.file.set_len(start); // what stays is a torn end, which the next run cuts off
            return Err(Error::file("append to", &self.path, &e));
        }
        self.end += frames.len() as u64;
        self.unsynced = true;
        Ok(start)
    }

    /// What a trial left.
    pub fn read(&self, point: u32, trial: u32) -> Result<TrialRows> {
        let place = (point, trial);
        let entry = self.entry(place)?;
        let mut frame = vec![0; HEAD + entry.length as usize];
        self.file.read_exact_at(&mut frame, entry.offset).map_err(|e| Error::file("read", &self.path, &e))?;
        let payload = self.intact(place, &frame)?;
        let rows = payload.get(PLACE..).and_then(|rows| ciborium::from_reader(rows).ok());
        rows.ok_or_else(|| self.fault(place, "cannot be decoded; use --fresh to run it again"))
    }

    fn entry(&self, place: (u32, u32)) -> Result<Entry> {
        self.index.get(&place).copied().ok_or_else(|| self.fault(place, "is missing"))
    }

    /// The payload of a trial's frame.
    fn intact<'a>(&self, place: (u32, u32), frame: &'a [u8]) -> Result<&'a [u8]> {
        let damaged = || self.fault(place, "was damaged after it was read; run the same command again");
        frame::decode(frame).ok_or_else(damaged)
    }

    fn fault(&self, (point, trial): (u32, u32), what: &str) -> Error {
        Error::broken(format!("{}: trial {trial} of point {point} {what}", self.path.display()))
    }

    /// Forces what was appended to the disk: a power cut after this loses nothing before it.
    pub fn sync(&mut self) -> Result<()> {
        if self.unsynced {
            self.file.sync_data().map_err(|e| Error::file("sync", &self.path, &e))?;
            self.unsynced = false;
        }
        if is_at(&self.file, &self.path) { Ok(()) } else { Err(vanished(&self.path)) }
    }
}

impl Header {
    /// The first field in which two headers differ, with the value of each.
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let short = |s: &str| s.chars().take(12).collect::<String>();
        let fields = |h: &Self| {
            [
                ("paper", h.paper.clone()),
                ("experiment", h.experiment.clone()),
                ("seed", h.seed.to_string()),
                ("scale", h.scale.to_string()),
                ("shard", format!("{}/{}", h.shard.0, h.shard.1)),
                ("executable", short(&h.executable)),
                ("schema", short(&h.schema)),
            ]
        };
        let differing = fields(self).into_iter().zip(fields(other)).find(|(a, b)| a != b);
        differing.map(|((name, ours), (_, theirs))| (name, ours, theirs))
    }
}

fn headless(path: &Path) -> Error {
    Error::input(format!(
        "{} has a damaged header, so nobody knows which run it belongs to; use --fresh to discard it",
        path.display()
    ))
}

fn json(header: &Header) -> Result<Vec<u8>> {
    serde_json::to_vec(header).map_err(|e| Error::broken(format!("the journal's header: {e}")))
}

fn encode(payload: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    frame::encode(payload, &mut bytes)
        .ok_or_else(|| Error::broken("a trial left more than 4 GiB of rows; write fewer"))?;
    Ok(bytes)
}

/// Point, trial and seconds of a trial's payload.
fn place(payload: &[u8]) -> Option<((u32, u32), f64)> {
    let word = |at: usize| payload.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let seconds = payload.get(8..PLACE)?.try_into().ok().map(f64::from_le_bytes)?;
    Some(((word(0)?, word(4)?), seconds))
}
