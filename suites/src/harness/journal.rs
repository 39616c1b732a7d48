//! The append-only journal of an experiment: what survives a kill.
//!
//! A journal is a list of frames: magic, length, CRC-32, payload. The first payload is the [`Header`] as JSON, every
//! other one a finished trial. A frame is handed to the system in one write as soon as its trial ends, so a kill loses
//! nothing that was appended. Reading looks for the next intact frame after damage, so a torn or flipped frame costs
//! only its own trial, which is then run again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    error::{Error, Result},
    experiment::{Scale, TrialRows},
};

const MAGIC: [u8; 4] = *b"RSDL";
/// Magic, length and checksum.
const FRAME: usize = 12;
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
    index: BTreeMap<(u32, u32), Entry>,
    /// Stretches of bytes that were no intact frame when the journal was opened.
    pub damaged: usize,
}

/// Where a trial stands in the file and how long it took.
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
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::file("create the folder", parent, &e))?;
        }
        let file = File::options().read(true).append(true).create(true).open(path).map_err(fault)?;
        if fresh {
            file.set_len(0).map_err(fault)?;
        }
        let mut journal = Self { file, path: path.to_owned(), end: 0, index: BTreeMap::new(), damaged: 0 };
        match journal.load()? {
            None if journal.end == 0 => journal.append_frame(&json(header)?).map(|_| ())?,
            None => return Err(journal.refuse("its header is damaged")),
            Some(found) if found != *header => {
                let what = difference(&found, header);
                return Err(journal.refuse(&what));
            }
            Some(_) => {}
        }
        Ok(journal)
    }

    /// The header of a journal.
    pub fn header(path: &Path) -> Result<Header> {
        let file = File::open(path).map_err(|e| Error::file("open the journal", path, &e))?;
        let mut journal = Self { file, path: path.to_owned(), end: 0, index: BTreeMap::new(), damaged: 0 };
        journal.load()?.ok_or_else(|| journal.refuse("its header is damaged"))
    }

    fn refuse(&self, what: &str) -> Error {
        let path = self.path.display();
        Error::input(format!(
            "{path} belongs to another run: {what}; use --fresh to discard it, or --out another folder"
        ))
    }

    /// Reads all frames; returns the header if the first one is it.
    fn load(&mut self) -> Result<Option<Header>> {
        let mut bytes = Vec::new();
        (&self.file).read_to_end(&mut bytes).map_err(|e| Error::file("read", &self.path, &e))?;
        self.end = bytes.len() as u64;
        let mut header = None;
        let mut at = 0;
        while at < bytes.len() {
            match frame(&bytes[at..]) {
                Some(payload) => {
                    if at == 0 {
                        header = serde_json::from_slice(payload).ok();
                    } else if let Some((place, seconds)) = place(payload) {
                        let (offset, length) = ((at + FRAME) as u64, payload.len() as u32);
                        self.index.insert(place, Entry { offset, length, seconds });
                    }
                    at += FRAME + payload.len();
                }
                None => {
                    self.damaged += 1;
                    at += 1;
                    while at < bytes.len() && frame(&bytes[at..]).is_none() {
                        at += 1;
                    }
                }
            }
        }
        Ok(header)
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
        let offset = self.append_frame(&payload)?;
        self.index.insert((point, trial), Entry { offset, length: payload.len() as u32, seconds });
        Ok(())
    }

    fn append_frame(&mut self, payload: &[u8]) -> Result<u64> {
        let mut frame = Vec::with_capacity(FRAME + payload.len());
        frame.extend(MAGIC);
        frame.extend((payload.len() as u32).to_le_bytes());
        frame.extend(crc32fast::hash(payload).to_le_bytes());
        frame.extend(payload);
        self.file.write_all(&frame).map_err(|e| Error::file("append to", &self.path, &e))?;
        let offset = self.end + FRAME as u64;
        self.end += frame.len() as u64;
        Ok(offset)
    }

    /// What a trial left.
    pub fn read(&self, point: u32, trial: u32) -> Result<TrialRows> {
        let fault = |what: &str| Error::broken(format!("{}: point {point}, trial {trial} {what}", self.path.display()));
        let entry = self.index.get(&(point, trial)).ok_or_else(|| fault("is missing"))?;
        let mut payload = vec![0; entry.length as usize];
        self.file.read_exact_at(&mut payload, entry.offset).map_err(|e| Error::file("read", &self.path, &e))?;
        payload.get(PLACE..).and_then(|rows| ciborium::from_reader(rows).ok()).ok_or_else(|| fault("cannot be decoded"))
    }

    /// Forces what was appended to the disk: a power cut after this loses nothing before it.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| Error::file("sync", &self.path, &e))
    }
}

fn json(header: &Header) -> Result<Vec<u8>> {
    serde_json::to_vec(header).map_err(|e| Error::broken(format!("the journal's header: {e}")))
}

/// The payload of the frame that starts here, if one does and is intact.
fn frame(bytes: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let payload = bytes.get(FRAME..)?.get(..word(4)? as usize)?;
    (crc32fast::hash(payload) == word(8)?).then_some(payload)
}

fn place(payload: &[u8]) -> Option<((u32, u32), f64)> {
    let word = |at: usize| payload.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let seconds = payload.get(8..PLACE)?.try_into().ok().map(f64::from_le_bytes)?;
    Some(((word(0)?, word(4)?), seconds))
}

/// Names the first field in which two headers differ, with both values.
fn difference(found: &Header, wanted: &Header) -> String {
    let short = |s: &str| s.chars().take(12).collect::<String>();
    let fields = [
        ("paper", found.paper.clone(), wanted.paper.clone()),
        ("experiment", found.experiment.clone(), wanted.experiment.clone()),
        ("seed", found.seed.to_string(), wanted.seed.to_string()),
        ("scale", found.scale.to_string(), wanted.scale.to_string()),
        ("columns", short(&found.schema), short(&wanted.schema)),
        ("shard", format!("{}/{}", found.shard.0, found.shard.1), format!("{}/{}", wanted.shard.0, wanted.shard.1)),
        ("executable", short(&found.executable), short(&wanted.executable)),
    ];
    fields
        .into_iter()
        .find(|(_, a, b)| a != b)
        .map_or_else(String::new, |(name, a, b)| format!("its {name} is {a}, this run's is {b}"))
}
