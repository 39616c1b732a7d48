//! `residual calibrate`: how often verdicts flip over master seeds.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    commands::reproduce::{Second, interruptible},
    harness::{
        calibration::{Calibration, Rate, Sample, claims},
        cells::align,
        claim::Verdict,
        error::{Error, Result},
        experiment::Scale,
        folder::Folder,
        paper::Paper,
        progress::say,
        provenance::executable,
        select::select,
        verdicts,
    },
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// How much is run at each seed.
    pub scale: Scale,
    /// The first master seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Threads.
    pub jobs: usize,
    /// The folder of the calibration.
    pub out: PathBuf,
    /// Whether what an earlier calibration left is discarded.
    pub fresh: bool,
}

/// Judges the selected claims at many seeds and writes `calibration.csv` and `calibration.seeds.csv`.
pub fn calibrate(papers: &'static [&'static Paper], patterns: &[String], order: &Order) -> Result<ExitCode> {
    let selected = select(papers, patterns)?;
    let claims = claims(papers, &selected);
    if claims.is_empty() {
        return Err(Error::input(
            "the selected experiments decide no claim; `residual list claims` shows what they need",
        ));
    }
    let last = order.first.checked_add(order.seeds).ok_or_else(|| {
        Error::input(format!(
            "{} seeds from {} go beyond the last one; give a smaller --first-seed",
            order.seeds, order.first
        ))
    })?;
    let seeds: Vec<u64> = (order.first..last).collect();
    let folder = Folder::create(&order.out)?;
    let _lock = folder.lock()?;
    let Order { scale, jobs, fresh, .. } = *order;
    let calibration = Calibration { selected, claims, scale, executable: executable()?, jobs, fresh };
    let mut journal = calibration.journal(&folder)?;
    calibration.run(&folder, &mut journal, &seeds, &*interruptible(Second::Ends)?, |seed, seconds, left| {
        eprintln!("seed {seed}: {seconds:.1} s, {left} to go");
    })?;
    let mut samples = Vec::new();
    for &seed in &seeds {
        let keys: Vec<_> = calibration.claims.iter().map(|(_, claim)| claim.key).collect();
        samples.extend(calibration.samples(&journal, seed)?.into_iter().filter(|s| keys.contains(&s.claim.as_str())));
    }
    let rates = calibration.rates(&samples);
    verdicts::write(&folder, "calibration.csv", &rates)?;
    verdicts::write(&folder, "calibration.seeds.csv", &samples)?;
    say(align(&table(&rates, &samples)).trim_end());
    let flipped = rates.iter().filter(|rate| rate.flips > 0).count();
    let (n, path) = (rates.len(), folder.path("calibration.csv"));
    say(&format!("{flipped} of {n} claims flipped at scale {}; table in {}", order.scale, path.display()));
    Ok(ExitCode::SUCCESS)
}

fn table(rates: &[Rate], samples: &[Sample]) -> Vec<Vec<String>> {
    let kinds = [Verdict::Reproduced, Verdict::NotReproduced, Verdict::Inconclusive, Verdict::Skipped];
    let head = ["claim".to_owned()].into_iter().chain(kinds.iter().map(ToString::to_string));
    let head = head.chain(["flips", "rate", "min headroom", "worst seed"].map(String::from)).collect();
    let line = |rate: &Rate| {
        let count = |kind| samples.iter().filter(|s| s.claim == rate.claim && s.verdict == kind).count().to_string();
        let room = rate.min_headroom.map_or_else(String::new, |x| format!("{x:.1}"));
        let interval = format!("[{:.4}, {:.4}]", rate.flip_low, rate.flip_high);
        let seed = rate.worst_seed.map_or_else(String::new, |seed| seed.to_string());
        let counts = [rate.claim.clone()].into_iter().chain(kinds.map(count));
        counts.chain([rate.flips.to_string(), interval, room, seed]).collect()
    };
    [head].into_iter().chain(rates.iter().map(line)).collect()
}
