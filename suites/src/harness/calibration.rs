//! How often verdicts flip: the same claims over many master seeds.
//!
//! Each seed runs in a folder of its own, which is removed once its claims are judged; the verdicts are kept in one
//! journal. A kill loses no trial, neither of the finished seeds nor of those that were running.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Instant,
};

use super::{
    claim::{Arm, Check, Claim, Kind, Verdict},
    error::{Error, Result},
    experiment::{Scale, TrialRows},
    folder::{Folder, sha256},
    journal::{Header, Journal},
    judge::judgement,
    paper::Paper,
    record::{Cells, Record, to_line},
    runner::{self, Event, Run, Shard, Unit},
    select::Selected,
    stats::{CONFIDENCE, Estimate, clopper_pearson, headroom},
};

crate::record! {
    /// The verdict on a claim at one seed.
    pub struct Sample {
        /// Key of the claim.
        pub claim: String,
        /// Master seed.
        pub seed: u64,
        /// `reproduced`, `not-reproduced`, `inconclusive` or `skipped`.
        pub verdict: Verdict,
        /// The check with the least headroom.
        pub statistic: String,
        /// Its estimate.
        pub measured: Option<f64>,
        /// Its distance from the limit, in standard errors.
        pub headroom: Option<f64>,
    }
}

crate::record! {
    /// How often the verdict on a claim is not the expected one.
    pub struct Rate {
        /// Key of the claim.
        pub claim: String,
        /// Scale.
        pub scale: Scale,
        /// Seeds at which the claim was judged.
        pub seeds: usize,
        /// Seeds with the expected verdict.
        pub as_expected: usize,
        /// Seeds with another verdict.
        pub flips: usize,
        /// Lower end of the Clopper–Pearson interval of the flip rate.
        pub flip_low: f64,
        /// Upper end of the Clopper–Pearson interval of the flip rate.
        pub flip_high: f64,
        /// Least headroom over all seeds, in standard errors.
        pub min_headroom: Option<f64>,
        /// The seed that flipped, or else the one with the least headroom.
        pub worst_seed: Option<u64>,
    }
}

/// What is calibrated, and how.
pub struct Calibration {
    /// The experiments that are run.
    pub selected: Vec<Selected>,
    /// The claims that are judged.
    pub claims: Vec<(&'static Paper, &'static Claim)>,
    /// Scale.
    pub scale: Scale,
    /// SHA-256 of the executable.
    pub executable: String,
    /// Threads.
    pub jobs: usize,
    /// Whether what an earlier calibration left is discarded.
    pub fresh: bool,
}

/// The claims that the selected experiments decide, those on times apart.
pub fn claims(papers: &'static [&'static Paper], selected: &[Selected]) -> Vec<(&'static Paper, &'static Claim)> {
    let keys: BTreeSet<_> = selected.iter().map(Selected::name).collect();
    let all = papers.iter().flat_map(|&paper| paper.claims.iter().map(move |claim| (paper, claim)));
    let decided =
        |paper: &Paper, claim: &Claim| claim.experiments.iter().all(|e| keys.contains(&format!("{}/{e}", paper.key)));
    all.filter(|(paper, claim)| claim.kind != Kind::Timing && decided(paper, claim)).collect()
}

impl Calibration {
    /// The journal of verdicts in `folder`.
    pub fn journal(&self, folder: &Folder) -> Result<Journal> {
        let columns: Vec<_> = Sample::COLUMNS.iter().map(|column| column.name).collect();
        let header = Header {
            paper: "calibration".into(),
            experiment: "seeds".into(),
            executable: self.executable.clone(),
            seed: 0,
            scale: self.scale,
            schema: sha256(columns.join(",").as_bytes()),
            shard: (1, 1),
        };
        Journal::open(&folder.path("calibration.journal"), &header, self.fresh)
    }

    /// The samples of a seed that the journal holds.
    pub fn samples(&self, journal: &Journal, seed: u64) -> Result<Vec<Sample>> {
        let (high, low) = place(seed);
        if !journal.has(high, low) {
            return Ok(Vec::new());
        }
        let rows = journal.read(high, low)?;
        let parse = |line: &String| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            reader.records().next().and_then(|line| Sample::read(&mut Cells::new(&line.ok()?)).ok())
        };
        let samples: Option<Vec<Sample>> = rows.lines.iter().flatten().map(parse).collect();
        samples.ok_or_else(|| Error::broken(format!("the verdicts of seed {seed} cannot be decoded; use --fresh")))
    }

    /// Whether all claims have a sample.
    fn covers(&self, samples: &[Sample]) -> bool {
        self.claims.iter().all(|(_, claim)| samples.iter().any(|sample| sample.claim == claim.key))
    }

    /// Runs and judges the seeds that the journal does not hold yet, several at once.
    pub fn run(
        &self,
        folder: &Folder,
        journal: &mut Journal,
        seeds: &[u64],
        stop: &AtomicBool,
        mut on: impl FnMut(u64, f64, usize),
    ) -> Result<()> {
        let mut pending = Vec::new();
        for &seed in seeds {
            if self.covers(&self.samples(journal, seed)?) {
                remove(&folder.path(&seed_folder(seed)))?; // a kill came between the verdict and this
            } else {
                pending.push(seed);
            }
        }
        let outer = self.jobs.min(pending.len()).max(1);
        let (next, halt, failure) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(Ok(())));
        let fail = |e: Error| {
            halt.store(true, Ordering::Relaxed);
            let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_ok() {
                *first = Err(e);
            }
        };
        let (send, receive) = mpsc::channel();
        let mut left = pending.len();
        std::thread::scope(|scope| {
            for _ in 0..outer {
                let send = send.clone();
                scope.spawn(|| {
                    let send = send;
                    while !halt.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
                        let Some(&seed) = pending.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                        let started = Instant::now();
                        match self.seed(folder, seed, self.jobs / outer, stop) {
                            Ok(samples) => drop(send.send((seed, started.elapsed().as_secs_f64(), samples))),
                            Err(e) => fail(e),
                        }
                    }
                });
            }
            drop(send);
            for (seed, seconds, samples) in receive {
                left -= 1;
                match self.keep(folder, journal, seed, seconds, samples) {
                    Ok(()) => on(seed, seconds, left),
                    Err(e) => fail(e),
                }
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Err(Error::Interrupted(_)) | Ok(()) if left > 0 => Err(Error::Interrupted(format!(
                "stopped with {left} of {} seeds to go; what is finished is kept, the same command goes on",
                pending.len()
            ))),
            outcome => outcome,
        }
    }

    /// Journals the samples of a seed beside those of other claims, then removes its folder.
    fn keep(
        &self,
        folder: &Folder,
        journal: &mut Journal,
        seed: u64,
        seconds: f64,
        samples: Vec<Sample>,
    ) -> Result<()> {
        let mut all = self.samples(journal, seed)?;
        all.retain(|old| samples.iter().all(|new| new.claim != old.claim));
        all.extend(samples);
        let fault = |e: csv::Error| Error::broken(format!("the verdicts of seed {seed}: {e}"));
        let lines = all.iter().map(|sample| to_line(&sample.cells()).map_err(fault)).collect::<Result<_>>()?;
        let (high, low) = place(seed);
        journal.append(high, low, seconds, &TrialRows { lines: vec![lines], failure: None })?;
        journal.sync()?;
        remove(&folder.path(&seed_folder(seed)))
    }

    /// Runs and judges one seed.
    fn seed(&self, parent: &Folder, seed: u64, jobs: usize, stop: &AtomicBool) -> Result<Vec<Sample>> {
        let folder = Folder::create(parent.path(&seed_folder(seed)))?;
        let (scale, executable) = (self.scale, self.executable.clone());
        let run = Run { seed, scale, shard: Shard::WHOLE, executable, fresh: self.fresh };
        let mut units = Vec::new();
        for &selected in &self.selected {
            if !selected.experiment.points(scale)?.is_empty() {
                units.push(Unit::open(selected, &folder, &run)?);
            }
        }
        runner::run(&mut units, &run, jobs, stop, |units, event| match event {
            Event::Finished(unit) => units[unit].write_tables(&folder).map(|_| ()),
            Event::Trial { .. } => Ok(()),
        })?;
        self.claims.iter().map(|&(paper, claim)| sample(&folder, paper, claim, scale, seed)).collect()
    }

    /// The flip rate of each claim over samples of all seeds.
    pub fn rates(&self, samples: &[Sample]) -> Vec<Rate> {
        self.claims.iter().map(|(_, claim)| rate(claim, self.scale, samples)).collect()
    }
}

/// The folder in which a seed runs.
fn seed_folder(seed: u64) -> String {
    format!("seed-{seed}")
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::file("remove", folder, &e)),
        _ => Ok(()),
    }
}

/// A seed's place in the journal.
fn place(seed: u64) -> (u32, u32) {
    ((seed >> 32) as u32, seed as u32)
}

fn sample(folder: &Folder, paper: &'static Paper, claim: &Claim, scale: Scale, seed: u64) -> Result<Sample> {
    let judgement = judgement(folder, paper, claim, scale)?;
    let room = |check: &Check| {
        let estimate = Estimate { value: check.estimate, ci: check.ci, n: check.n };
        if check.is_missing() { f64::NEG_INFINITY } else { headroom(&estimate, check.accept) }
    };
    let own = judgement.checks.iter().filter(|(arm, _)| *arm == Arm::Claim).map(|(_, check)| (room(check), check));
    let nearest = own.min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Sample {
        claim: claim.key.into(),
        seed,
        verdict: judgement.verdict,
        statistic: nearest.map_or_else(String::new, |(_, check)| check.name.clone()),
        measured: nearest.map(|(_, check)| check.estimate),
        headroom: nearest.map(|(room, _)| room),
    })
}

fn rate(claim: &Claim, scale: Scale, samples: &[Sample]) -> Rate {
    let judged: Vec<_> = samples.iter().filter(|s| s.claim == claim.key && s.verdict != Verdict::Skipped).collect();
    let flips = judged.iter().filter(|s| s.verdict != claim.expected).count();
    let (flip_low, flip_high) = clopper_pearson(flips, judged.len(), CONFIDENCE);
    let room = |s: &&&Sample| s.headroom.unwrap_or(f64::INFINITY);
    let worst = judged.iter().min_by(|a, b| {
        let kept = |s: &Sample| s.verdict == claim.expected;
        kept(a).cmp(&kept(b)).then(room(a).total_cmp(&room(b)))
    });
    Rate {
        claim: claim.key.into(),
        scale,
        seeds: judged.len(),
        as_expected: judged.len() - flips,
        flips,
        flip_low,
        flip_high,
        min_headroom: judged.iter().filter_map(|s| s.headroom).min_by(f64::total_cmp),
        worst_seed: worst.map(|s| s.seed),
    }
}
