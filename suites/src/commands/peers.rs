//! `residual peers`: other libraries on the same cases.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use glob::Pattern;

use crate::{
    commands::{
        compare::compile,
        reproduce::{Second, interruptible},
    },
    compare::{progress::Progress, side::Side},
    harness::{
        case::{Case, cases},
        error::{Error, Result},
        experiment::Scale,
        folder::Folder,
        paper::Paper,
    },
    peers::{contest::Contest, environment::Environment, table},
};

/// The arguments of `residual peers`.
#[derive(Debug, Subcommand)]
pub enum PeersCommand {
    /// Make the virtual environment with the pinned packages; the only command here that uses the network.
    Setup {
        /// The Python, 3.11 or later, that the environment is made from.
        #[arg(long, value_name = "FILE", default_value = "python3")]
        python: PathBuf,
    },
    /// Show the Python peers: cases, versions, and why one is absent.
    List,
    /// Time variants and peers side by side and write the table of ratios.
    Run(RunArguments),
}

/// The arguments of `residual peers run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Only cases whose key matches.
    #[arg(long, value_name = "GLOB", value_parser = compile)]
    cases: Option<Pattern>,
    /// Cases up to this scale.
    #[arg(long, value_enum, default_value_t = Scale::Default)]
    scale: Scale,
    /// Rounds of fresh processes.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1000))]
    rounds: u32,
    /// How long one answer may take.
    #[arg(long, value_name = "T", value_parser = humantime::parse_duration, default_value = "60s")]
    timeout: Duration,
    /// The folder of the table; rows of cases that are not measured now are kept.
    #[arg(long, default_value = "results/peers")]
    out: PathBuf,
}

/// Runs one of the commands.
pub fn peers(papers: &[&'static Paper], command: &PeersCommand) -> Result<ExitCode> {
    let environment = Environment::default();
    match command {
        PeersCommand::Setup { python } => {
            for why in environment.setup(python)? {
                eprintln!("residual: peers that need an optional package will be absent: {why}");
            }
        }
        PeersCommand::List => list(&environment)?,
        PeersCommand::Run(arguments) => run(papers, &environment, arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(environment: &Environment) -> Result<()> {
    if let Some(why) = environment.fault() {
        return Err(Error::input(why));
    }
    let stop = interruptible(Second::Ends)?;
    for family in environment.families()? {
        for peer in &environment.start(&family, Duration::from_secs(60), &stop)?.hello.peers {
            let state = peer.absent.as_ref().map_or_else(|| peer.versions.clone(), |why| format!("absent: {why}"));
            println!("{:<28} {:<28} {state}", peer.name, peer.cases);
        }
    }
    Ok(())
}

fn run(papers: &[&'static Paper], environment: &Environment, arguments: &RunArguments) -> Result<()> {
    let RunArguments { cases: wanted, scale, rounds, timeout, out } = arguments;
    let chosen: Vec<&dyn Case> = match wanted {
        Some(glob) => cases(papers, Scale::Full).filter(|case| glob.matches(case.key())).collect(),
        None => cases(papers, *scale).collect(),
    };
    if chosen.is_empty() {
        return Err(Error::input("no such case; `residual list cases` shows them"));
    }
    let stop = interruptible(Second::Ends)?;
    let progress = Progress::new();
    if let Some(why) = environment.fault() {
        progress.say(&format!("without Python peers: {why}"));
    }
    let this = std::env::current_exe().map_err(|e| Error::broken(format!("cannot find the executable: {e}")))?;
    let rust = Side::new("rust", "this executable", &this, None)?;
    let contest = Contest { rust: &rust, environment, rounds: *rounds as usize, limit: *timeout, stop: &stop };
    let mut entries = Vec::new();
    progress.phase("peers", chosen.len());
    for case in chosen {
        progress.at(case.key());
        entries.extend(contest.hold(case)?);
        progress.step();
    }
    drop(progress);
    print!("{}", table::write(&Folder::create(out)?, table::rows(entries, environment)?)?);
    Ok(())
}
