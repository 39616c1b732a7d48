//! `residual compare`: what became faster, slower, more or less accurate, and which claims flipped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use glob::Pattern;

use crate::{
    commands::{
        reproduce::{Second, command_line, interruptible},
        worker::slowdown,
    },
    compare::{
        build::{LAYOUTS, Workshop, label},
        claims::{self, ClaimChange, Unclaimed},
        client::{Client, Stop},
        experiment::Experiment,
        instructions,
        neighbour::Neighbour,
        probe::probe,
        progress::Progress,
        rates::{contradictions, summary},
        render::markdown,
        report::{Report, Row, SCHEMA},
        revision::Repository,
        side::{SEVERAL, Side},
        table::table,
        timing::Timer,
        unit::{Unit, Wanted, families},
    },
    harness::{
        error::{Error, Result},
        folder::Lock,
        processor::available,
        select::glob,
    },
    worker::About,
};

/// The arguments of `residual compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The revision to compare with: a branch, tag or commit. What is built is its common ancestor with HEAD.
    #[arg(required_unless_present_any = ["variants", "executables", "self_test"])]
    base: Option<String>,
    /// The revision to judge [default: the working tree, uncommitted changes included].
    #[arg(conflicts_with = "variants")]
    head: Option<String>,
    /// Only cases whose key matches [default: the families that the change can have reached].
    #[arg(long, value_name = "GLOB", value_parser = compile)]
    cases: Option<Pattern>,
    /// Time nothing: accuracy, counted work and claims, which have no noise.
    #[arg(long)]
    accuracy_only: bool,
    /// Also count instructions, under valgrind.
    #[arg(long)]
    instructions: bool,
    /// How long timing may take, such as 90s or 5m.
    #[arg(long, value_name = "T", value_parser = humantime::parse_duration, default_value = "5m")]
    time_budget: Duration,
    /// In how many orders of its functions each side is linked and timed, 12 or more, half of them in each of both runs; 1
    /// times the plain builds.
    #[arg(long, value_name = "N", default_value_t = LAYOUTS, value_parser = orders, conflicts_with = "executables")]
    layouts: usize,
    /// Let the system choose the processor of each process [default: both of a pair run on the same].
    #[arg(long)]
    unpinned: bool,
    /// How long a worker may take for one answer.
    #[arg(long, value_name = "T", value_parser = humantime::parse_duration, default_value = "60s")]
    timeout: Duration,
    /// Print JSON instead of Markdown.
    #[arg(long)]
    json: bool,
    /// Compare two variants of each case instead of two revisions.
    #[arg(long, value_name = "X,Y", value_parser = two)]
    variants: Option<[String; 2]>,
    /// Compare two finished executables instead of two revisions; a folder gives a side all its executables as layouts (each
    /// table of a self-test draws 24 of them).
    #[arg(long, value_name = "A,B", value_parser = two, conflicts_with_all = ["base", "variants"])]
    executables: Option<[String; 2]>,
    /// Compare in spite of another CPU, instruction set, thread count, compiler or lock file, and say so.
    #[arg(long)]
    force: bool,
    /// Leave the claims out.
    #[arg(long)]
    no_claims: bool,
    /// Measure identical executables all the same.
    #[arg(long)]
    no_identity: bool,
    /// Run the comparison many times on sides whose difference is known, and print its error rates.
    #[arg(long, requires = "out")]
    self_test: bool,
    /// How many tables a self-test makes; those that its file has are not made again.
    #[arg(long, requires = "self_test", default_value_t = 300)]
    tables: u32,
    /// The CSV file of a self-test.
    #[arg(long, requires = "self_test", value_name = "FILE")]
    out: Option<PathBuf>,
    /// Keep a core busy half of the time during a self-test.
    #[arg(long, requires = "self_test")]
    neighbour: bool,
    /// Multiply the head's times for these cases: an injected slowdown, for self-tests only.
    #[arg(long, hide = true, value_name = "GLOB=FACTOR", value_parser = checked_slowdown)]
    slowdown: Vec<String>,
}

/// Reads a glob.
pub fn compile(pattern: &str) -> Result<Pattern, String> {
    glob(pattern).map_err(|e| e.to_string())
}

fn orders(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n == 1 || (SEVERAL..=60).contains(&n) => Ok(n),
        _ => Err(format!("give 1 or a number from {SEVERAL} to 60")),
    }
}

fn two(text: &str) -> Result<[String; 2], String> {
    match text.split_once(',') {
        Some((x, y)) if !x.is_empty() && !y.is_empty() => Ok([x.into(), y.into()]),
        _ => Err("give two names with a comma between".into()),
    }
}

fn checked_slowdown(text: &str) -> Result<String, String> {
    slowdown(text).map(|_| text.to_owned())
}

/// Compares and prints the report.
pub fn compare(arguments: &CompareArguments) -> Result<ExitCode> {
    let stop = interruptible(Second::Waits)?;
    let progress = Progress::new();
    let mut comparison =
        Comparison { arguments, stop: &stop, progress: &progress, wanted: Wanted::default(), lock: None };
    let mut sides = comparison.sides()?;
    for slow in &arguments.slowdown {
        sides[1].worker_arguments.extend(["--slowdown".into(), slow.clone()]);
    }
    if let (true, Some(file)) = (arguments.self_test, &arguments.out) {
        return comparison.self_test(&sides, file);
    }
    let report = comparison.report(&sides)?;
    drop(progress);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|e| Error::broken(e.to_string()))?);
    } else {
        print!("{}", markdown(&report));
    }
    Ok(ExitCode::from(report.exit_status()))
}

struct Comparison<'a> {
    arguments: &'a CompareArguments,
    stop: &'a Stop,
    progress: &'a Progress,
    wanted: Wanted,
    /// Keeps other comparisons from removing the executables.
    lock: Option<Lock>,
}

impl Comparison<'_> {
    /// Finds or builds both sides, and settles which cases they are asked for.
    fn sides(&mut self) -> Result<[Side; 2]> {
        let a = self.arguments;
        self.wanted.cases = a.cases.clone();
        self.wanted.variants = a.variants.clone();
        if let Some([base, head]) = &a.executables {
            let sides = [finished("base", base)?, finished("head", head)?];
            let [old, new] = [&sides[0], &sides[1]].map(|side| side.layouts.len());
            if old != new {
                return Err(Error::input(format!(
                    "{base} has {old} layouts and {head} has {new}; give as many of both"
                )));
            }
            return Ok(sides);
        }
        let Some(base) = &a.base else {
            let this =
                std::env::current_exe().map_err(|e| Error::broken(format!("cannot find the executable: {e}")))?;
            let side = |name| Side::new(name, "this executable", &this, None);
            return Ok([side("base")?, side("head")?]);
        };
        let repository = Repository::open()?;
        let there = repository.commit(base)?;
        let head = a.head.as_ref().map(|head| Ok((head, repository.commit(head)?))).transpose()?;
        let layouts = if a.accuracy_only { 1 } else { a.layouts };
        let workshop = Workshop::open(&repository, layouts, self.stop)?;
        let say = |line: &str| self.progress.say(line);
        if a.variants.is_some() {
            let base = workshop.side("base", &label(base, &there), &there, &say)?;
            self.lock = Some(workshop.into_lock());
            return Ok([base.clone(), Side { name: "head", ..base }]);
        }
        let (here, name) = match head {
            Some((head, commit)) => (commit.clone(), label(head, &commit)),
            None => {
                let commit = repository.snapshot(workshop.scratch())?;
                (commit.clone(), label("working tree", &commit))
            }
        };
        let old = repository.merge_base(&there, &here)?;
        if old == here && there != here && a.head.is_some() {
            return Err(Error::input(format!("`{base}` contains all of {name}; give the older revision first")));
        }
        self.wanted.families = families(&repository.changed(&old, &here)?);
        let sides =
            [workshop.side("base", &label(base, &old), &old, &say)?, workshop.side("head", &name, &here, &say)?];
        self.lock = Some(workshop.into_lock());
        // A change of the linker can leave one side without.
        let alike = sides[0].layouts.len() == sides[1].layouts.len();
        Ok(if alike { sides } else { sides.map(Side::without_layouts) })
    }

    fn report(&self, sides: &[Side; 2]) -> Result<Report> {
        let (a, started) = (self.arguments, Instant::now());
        let [base, head] = [self.about(&sides[0])?, self.about(&sides[1])?];
        let forced = differences(&base, &head);
        if !forced.is_empty() && !a.force {
            return Err(Error::input(format!("{}; give --force to compare all the same", forced.join("; "))));
        }
        let mut report = Report {
            schema: SCHEMA,
            sides: [&sides[0], &sides[1]].map(|side| (side.label.clone(), side.hash.clone())),
            machine: format!("{}, {}, {} threads, {}", head.cpu, head.simd, head.threads, head.compiler),
            forced,
            layouts: sides[0].layouts.len(),
            identical: sides[0].hash == sides[1].hash && a.variants.is_none() && !a.no_identity,
            rows: Vec::new(),
            lonely: Vec::new(),
            claims: Vec::new(),
            unclaimed: Vec::new(),
            notes: Vec::new(),
            command: command_line(),
            seconds: 0.0,
        };
        if !report.identical {
            let (units, lonely) = self.wanted.units(&base, &head)?;
            // Refuses a slowdown of nothing.
            self.injected(&units)?;
            report.lonely = lonely;
            if units.is_empty() {
                report.notes.push("no case is on both sides, so none is compared".into());
            }
            report.rows = self.rows(sides, &units)?;
            let timed = report.rows.iter().any(|row| row.time.is_some());
            if timed && report.layouts == 1 {
                report.notes.push(
                    "functions lie in one order on each side, which alone can make a difference of 1 to 2 %".into(),
                );
            }
            if timed && self.processors().is_empty() {
                report.notes.push("the system chose the processor of each process, which makes times noisier".into());
            }
            match self.claims(sides, &units)? {
                Ok(changes) => report.claims = changes,
                Err(unclaimed) => report.unclaimed = unclaimed,
            }
            let failed = report.unclaimed.iter();
            report.notes.extend(failed.map(|u| format!("claims were not compared: the {} side {}", u.side, u.why)));
        }
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }

    fn about(&self, side: &Side) -> Result<About> {
        let hello = Client::start(side, false, self.arguments.timeout, self.stop)?.hello.clone();
        hello.about.ok_or_else(|| Error::broken(format!("the {} side does not say what it is", side.name)))
    }

    fn rows(&self, sides: &[Side; 2], units: &[Unit]) -> Result<Vec<Row>> {
        let &Self { arguments: a, stop, progress, .. } = self;
        let accuracy = probe(sides, units, a.timeout, stop, progress)?;
        let sound: Vec<usize> = (0..units.len()).filter(|&i| accuracy[i].timeable()).collect();
        let chosen: Vec<Unit> = sound.iter().map(|&i| units[i].clone()).collect();
        let (mut counts, mut times) = (vec![None; units.len()], vec![None; units.len()]);
        if a.instructions {
            let counted = instructions::count(sides, &chosen, a.timeout, stop, progress)?;
            sound.iter().zip(counted).for_each(|(&i, count)| counts[i] = Some(count));
        }
        if !a.accuracy_only {
            let processors = self.processors();
            let timer = Timer { sides, processors: &processors, limit: a.timeout, stop, progress };
            let timed = table(&timer, &chosen, a.time_budget, 1)?;
            sound.iter().zip(timed).for_each(|(&i, time)| times[i] = Some(time));
        }
        let names = [sides[0].name, sides[1].name];
        let parts = units.iter().zip(accuracy).zip(times).zip(counts);
        Ok(parts.map(|(((unit, accuracy), time), count)| Row::new(unit.name(), accuracy, time, count, names)).collect())
    }

    /// Error rates: tables of sides that differ by the injected slowdown only. Status 1 if they contradict what the
    /// tables say.
    fn self_test(&self, sides: &[Side; 2], file: &Path) -> Result<ExitCode> {
        let a = self.arguments;
        let [base, head] = [self.about(&sides[0])?, self.about(&sides[1])?];
        let (units, _) = self.wanted.units(&base, &head)?;
        let budget = humantime::format_duration(a.time_budget);
        let neighbour = if a.neighbour { " neighbour" } else { "" };
        let unpinned = if a.unpinned { " unpinned" } else { "" };
        let experiment = Experiment {
            timer: Timer {
                sides,
                processors: &self.processors(),
                limit: a.timeout,
                stop: self.stop,
                progress: self.progress,
            },
            units: &units,
            injected: self.injected(&units)?,
            budget: a.time_budget,
            key: format!("{} {} {budget}{neighbour}{unpinned}", &sides[0].timed[..12], &sides[1].timed[..12]),
        };
        let _busy = a.neighbour.then(Neighbour::start);
        let lines = experiment.run(a.tables, file)?;
        print!("{}", summary(&lines));
        let broken = contradictions(&lines);
        broken.iter().for_each(|promise| println!("contradiction: {promise}"));
        Ok(ExitCode::from(u8::from(!broken.is_empty())))
    }

    fn processors(&self) -> Vec<usize> {
        if self.arguments.unpinned { Vec::new() } else { available() }
    }

    /// The relative slowdown of each unit: of the first glob that matches, as the worker chooses it. A glob without a case
    /// would inject nothing and leave no trace.
    fn injected(&self, units: &[Unit]) -> Result<Vec<f64>> {
        let slow = self.arguments.slowdown.iter().map(|text| slowdown(text).map_err(Error::Input));
        let slow = slow.collect::<Result<Vec<_>>>()?;
        if let Some((glob, _)) = slow.iter().find(|(glob, _)| !units.iter().any(|unit| glob.matches(&unit.case))) {
            return Err(Error::input(format!("the slowdown `{glob}` matches no case that is compared")));
        }
        let of = |unit: &Unit| slow.iter().find(|(glob, _)| glob.matches(&unit.case)).map_or(0.0, |s| s.1 - 1.0);
        Ok(units.iter().map(of).collect())
    }

    /// The claims of the families that are compared. Inside one executable there is nothing to compare.
    fn claims(&self, sides: &[Side; 2], units: &[Unit]) -> Result<Result<Vec<ClaimChange>, Vec<Unclaimed>>> {
        let a = self.arguments;
        if a.no_claims || sides[0].hash == sides[1].hash {
            return Ok(Ok(Vec::new()));
        }
        let chosen = match &a.cases {
            Some(_) => Some(units.iter().map(|unit| unit.family().to_owned()).collect()),
            None => self.wanted.families.clone(),
        };
        claims::changes(sides, chosen.as_ref(), self.stop, self.progress)
    }
}

/// A side from an executable, or from a folder of executables.
fn finished(name: &'static str, path: &str) -> Result<Side> {
    let place = Path::new(path);
    if !place.is_dir() {
        return Side::new(name, path, place, None);
    }
    let entries = fs::read_dir(place).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|e| Error::file("read the folder", place, &e))?;
    let mut layouts: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    layouts.sort();
    let first = layouts.first().ok_or_else(|| Error::input(format!("there is no executable in {path}")))?;
    if (2..SEVERAL).contains(&layouts.len()) {
        let n = layouts.len();
        return Err(Error::input(format!(
            "{path} has {n} executables, too few to decide; give 1, or {SEVERAL} or more"
        )));
    }
    Side::new(name, path, first, None)?.with_layouts(&layouts)
}

/// What makes two sides incomparable, one sentence each.
fn differences(base: &About, head: &About) -> Vec<String> {
    let threads = |about: &About| about.threads.to_string();
    let pairs = [
        ("CPU", base.cpu.clone(), head.cpu.clone()),
        ("SIMD level", base.simd.clone(), head.simd.clone()),
        ("thread count", threads(base), threads(head)),
        ("target features", base.features.clone(), head.features.clone()),
        ("compiler", base.compiler.clone(), head.compiler.clone()),
        ("lock file", base.lock.clone(), head.lock.clone()),
    ];
    let differ = pairs.into_iter().filter(|(_, b, h)| b != h);
    differ.map(|(what, b, h)| format!("base and head have another {what} ({b} and {h})")).collect()
}
