//! Parts of a run: what `shard.json` says of a folder that holds one, and how the parts come together.
//!
//! A shard folder holds journals and this manifest, nothing else: no tables, no verdicts.

use std::{collections::BTreeSet, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    error::{Error, Result},
    experiment::Scale,
    folder::Folder,
    journal::Journal,
    provenance,
    runner::{Run, Shard, journal_path},
    select::Selected,
};

/// The manifest's name.
pub const FILE: &str = "shard.json";

/// How many missing parts are named.
const LISTED: usize = 20;

/// Which part of which run a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Number of the part, from 1.
    pub index: u32,
    /// Number of parts.
    pub count: u32,
    /// Scale.
    pub scale: Scale,
    /// Master seed.
    pub seed: u64,
    /// SHA-256 of the executable.
    pub executable: String,
    /// The experiments, as `paper/experiment`.
    pub experiments: BTreeSet<String>,
}

impl Part {
    /// The part that a run makes.
    pub fn of(run: &Run, selected: &[Selected]) -> Self {
        Self {
            index: run.shard.index,
            count: run.shard.count,
            scale: run.scale,
            seed: run.seed,
            executable: run.executable.clone(),
            experiments: selected.iter().map(Selected::name).collect(),
        }
    }

    /// Reads the manifest of a folder, if it has one.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        if !folder.has(FILE) {
            return Ok(None);
        }
        serde_json::from_slice(&folder.read(FILE)?).map(Some).map_err(|e| {
            let path = folder.path(FILE).display().to_string();
            Error::input(format!("{path} is damaged ({e}); delete it and run the part again, which keeps its trials"))
        })
    }

    /// Writes the manifest, joined with what an earlier run of the same part left. Whole results and other parts are
    /// refused, unless `discard` gives up another part.
    pub fn claim(mut self, folder: &Folder, discard: bool) -> Result<()> {
        Self::refuse_whole(folder)?;
        let root = folder.root().display();
        if let Some(old) = Self::read(folder)?.filter(|_| !discard) {
            let (held, wanted) = (old.shard(), self.shard());
            if let Some((what, theirs, ours)) = old.difference(&self) {
                return Err(Error::input(format!(
                    "{root} holds part {held} of a run whose {what} is {theirs}, not {ours}; give --out another folder"
                )));
            }
            if held != wanted {
                return Err(Error::input(format!("{root} holds part {held}; give --out another folder for {wanted}")));
            }
            self.experiments.extend(old.experiments);
        }
        let text = serde_json::to_string_pretty(&self).map_err(|e| Error::broken(e.to_string()))?;
        folder.write(FILE, format!("{text}\n").as_bytes()).map(|_| ())
    }

    /// Refuses a folder that holds whole results, where a part is to be made.
    pub fn refuse_whole(folder: &Folder) -> Result<()> {
        if folder.has(provenance::FILE) {
            let root = folder.root().display();
            return Err(Error::input(format!("{root} holds whole results; give --out another folder for the part")));
        }
        Ok(())
    }

    /// Refuses a folder that holds a part, not whole results.
    pub fn refuse(folder: &Folder) -> Result<()> {
        Self::read(folder)?.map_or(Ok(()), |part| {
            let (root, shard) = (folder.root().display(), part.shard());
            Err(Error::input(format!(
                "{root} holds part {shard}; join the parts with `residual merge`, or give --out another folder"
            )))
        })
    }

    /// Which part of all trials this is.
    pub fn shard(&self) -> Shard {
        Shard { index: self.index, count: self.count }
    }

    /// The first field but the part's number and experiments in which two manifests differ, with the value of each.
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let fields = |part: &Self| {
            [
                ("number of parts", part.count.to_string()),
                ("seed", part.seed.to_string()),
                ("scale", part.scale.to_string()),
                ("executable", part.executable.chars().take(12).collect()),
            ]
        };
        let differing = fields(self).into_iter().zip(fields(other)).find(|(a, b)| a != b);
        differing.map(|((name, ours), (_, theirs))| (name, ours, theirs))
    }
}

/// Opens the folders of all parts of one run, in the order of their numbers. Parts of different runs, parts that are
/// given twice and parts that are missing are refused by name.
pub fn parts(folders: &[impl AsRef<Path>]) -> Result<Vec<(Folder, Part)>> {
    let mut parts = Vec::new();
    for root in folders {
        let folder = Folder::open(root.as_ref())?;
        let missing = || Error::input(format!("{} holds no part of a run: it has no {FILE}", folder.root().display()));
        let part = Part::read(&folder)?.ok_or_else(missing)?;
        parts.push((folder, part));
    }
    parts.sort_by_key(|(_, part)| part.index);
    let Some(((first, model), rest)) = parts.split_first() else {
        return Err(Error::input("give the folders of the parts"));
    };
    let file = |folder: &Folder| folder.path(FILE).display().to_string();
    for (folder, part) in rest {
        let (here, there) = (file(folder), file(first));
        if let Some((what, ours, theirs)) = part.difference(model) {
            return Err(Error::input(format!(
                "{here}: its {what} is {ours}, that of {there} is {theirs}; merge the parts of one run"
            )));
        }
        for (a, b, lacking, having) in [(part, model, &here, &there), (model, part, &there, &here)] {
            if let Some(name) = b.experiments.difference(&a.experiments).next() {
                return Err(Error::input(format!("{lacking} lacks the experiment {name}, which {having} has")));
            }
        }
    }
    if let Some([a, b]) = parts.windows(2).find(|pair| pair[0].1.index == pair[1].1.index) {
        let (a, b, part) = (a.0.root().display(), b.0.root().display(), b.1.shard());
        return Err(Error::input(format!("{a} and {b} both hold part {part}; give one of them")));
    }
    let there: BTreeSet<u32> = parts.iter().map(|(_, part)| part.index).collect();
    let mut missing: Vec<_> =
        (1..=model.count).filter(|i| !there.contains(i)).take(LISTED + 1).map(|i| i.to_string()).collect();
    if missing.is_empty() {
        return Ok(parts);
    }
    if missing.len() > LISTED {
        missing[LISTED] = "…".into();
    }
    let (listed, count) = (missing.join(", "), model.count);
    Err(Error::input(format!(
        "part {listed} of {count} is missing; run `residual reproduce --shard I/{count}` for each"
    )))
}

/// Copies the trials of an experiment from all parts into the journal of the whole run. No more than one part's index
/// is in memory besides the whole's.
pub fn join(parts: &[(Folder, Part)], selected: Selected, whole: &Folder, run: &Run) -> Result<()> {
    let points = selected.experiment.points(run.scale)?;
    if points.is_empty() {
        return Ok(());
    }
    let name = journal_path(&selected);
    let mut journal = Journal::open(&whole.path(&name), &run.header(&selected), false)?;
    for (folder, part) in parts {
        let (path, root, shard) = (folder.path(&name), folder.root().display(), part.shard());
        let again = format!(
            "run `residual reproduce {} --scale {} --seed {} --shard {shard} --out {root}` to complete it",
            selected.name(),
            run.scale,
            run.seed
        );
        if !folder.has(&name) {
            return Err(Error::input(format!("{} is missing; {again}", path.display())));
        }
        let (theirs, header) = Journal::view(&path)?;
        let wanted = Run { shard, ..run.clone() }.header(&selected);
        if let Some((what, found, expected)) = header.difference(&wanted) {
            return Err(Error::input(format!(
                "{}: its {what} is {found}, that of the merged run is {expected}; merge the parts of one run",
                path.display()
            )));
        }
        let trials: Vec<_> = shard.trials(&points).collect();
        let mut lacking = trials.iter().filter(|&&(point, trial)| !theirs.has(point, trial)).peekable();
        if let Some(&&(point, trial)) = lacking.peek() {
            let (cells, n, of) = (&points[point as usize].cells, lacking.count(), trials.len());
            return Err(Error::input(format!(
                "{} lacks {n} of {of} trials, the first of them trial {trial} at ({cells}); {again}",
                path.display()
            )));
        }
        journal.copy(&theirs, &trials)?;
    }
    journal.sync()
}
