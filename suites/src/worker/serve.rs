//! The loop of a worker.

use std::{
    collections::{HashMap, hash_map::Entry},
    io::{self, BufRead, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use glob::Pattern;

use super::{
    About, Failure, Hello, Measured, Offer, PROTOCOL, Refusal, Reply, Request, counters,
    measure::{Elapsed, timed_loop},
};
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, cases, find},
    error::Result,
    experiment::Scale,
    paper::Paper,
    provenance::{Build, Machine},
    threads::Threads,
};

/// How a worker serves.
#[derive(Debug, Default)]
pub struct Options {
    /// Write the input of every problem as `.npy` files to `<folder>/<case>/<seed>/`.
    pub export: Option<PathBuf>,
    /// Leave everything but the protocol out of the greeting.
    pub brief: bool,
    /// Cases whose reported times are multiplied by a factor: an injected slowdown for self-tests.
    pub slowdown: Vec<(Pattern, f64)>,
}

/// Serves until the input ends or the output is closed.
pub fn serve(papers: &[&'static Paper], options: &Options, input: impl BufRead, mut output: impl Write) -> Result<()> {
    let about = if options.brief { None } else { Some(about(papers)?) };
    let mut worker = Worker { papers, options, input, output: &mut output };
    // A partner that has gone needs no answer.
    let _gone = worker.serve(&Hello { protocol: PROTOCOL, about, peers: Vec::new() });
    Ok(())
}

fn about(papers: &[&'static Paper]) -> Result<About> {
    let (machine, build) = (Machine::here(), Build::here()?);
    let offer = |case: &dyn Case| Offer {
        case: case.key().into(),
        scale: case.scale(),
        variants: case.variants().iter().map(|&v| v.into()).collect(),
    };
    Ok(About {
        executable: build.executable,
        cpu: machine.cpu,
        simd: machine.simd.split('(').next().unwrap_or_default().into(),
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        features: build.target_features,
        compiler: build.rustc,
        lock: build.lock,
        cases: cases(papers, Scale::Full).map(offer).collect(),
    })
}

struct Worker<'a, R, W> {
    papers: &'a [&'static Paper],
    options: &'a Options,
    input: R,
    output: W,
}

/// A variant that is ready to run, and its last output that was found correct.
struct Prepared<'a> {
    threads: Threads,
    run: Box<dyn Run + 'a>,
    role: Role,
    verified: Option<(String, Accuracy)>,
}

/// Variants of the present problem, by name and threads.
type Cache<'a> = HashMap<(String, usize), Prepared<'a>>;

impl<R: BufRead, W: Write> Worker<'_, R, W> {
    fn serve(&mut self, hello: &Hello) -> io::Result<()> {
        self.write(hello)?;
        let mut next = self.request()?;
        while let Some(request) = next {
            next = self.on_one_problem(request)?;
        }
        Ok(())
    }

    fn write(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        self.output.write_all(b"\n")?;
        self.output.flush()
    }

    /// The next line that is a request; answers those that are not.
    fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            let mut line = Vec::new();
            if self.input.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            match serde_json::from_slice::<Request>(&line) {
                Ok(request) if request.iterations > 0 => return Ok(Some(request)),
                Ok(_) => self.write(&Refusal::new(Failure::Request, "iterations must be at least 1"))?,
                Err(e) => self.write(&Refusal::new(Failure::Request, format!("not a request: {e}")))?,
            }
        }
    }

    /// Answers all requests on the problem of the first; returns the first request on another.
    fn on_one_problem(&mut self, first: Request) -> io::Result<Option<Request>> {
        let problem = match self.problem(&first) {
            Ok(problem) => problem,
            Err(refusal) => {
                self.write(&refusal)?;
                return self.request();
            }
        };
        let (case, seed) = (first.case.clone(), first.seed);
        let mut cache = Cache::new();
        let mut request = first;
        loop {
            let reply = match self.answer(&*problem, &mut cache, &request) {
                Ok(measured) => Reply::Measured(measured),
                Err(refusal) => {
                    // What failed may have left its workspace in any state.
                    cache.remove(&key(&request));
                    Reply::Refused(refusal)
                }
            };
            self.write(&reply)?;
            match self.request()? {
                Some(next) if next.case == case && next.seed == seed => request = next,
                other => return Ok(other),
            }
        }
    }

    fn problem(&self, request: &Request) -> Result<Box<dyn Problem>, Refusal> {
        let Request { case: key, seed, .. } = request;
        let case = find(self.papers, key)
            .ok_or_else(|| Refusal::new(Failure::Missing, format!("there is no case `{key}`")))?;
        let problem = guarded(|| case.problem(*seed).map_err(|e| failed(&e)))?;
        if let Some(folder) = &self.options.export {
            let folder = folder.join(key).join(seed.to_string());
            std::fs::create_dir_all(&folder)
                .and_then(|()| problem.export(&folder))
                .map_err(|e| Refusal::new(Failure::Failed, format!("cannot export to {}: {e}", folder.display())))?;
        }
        Ok(problem)
    }

    fn answer<'p>(
        &self,
        problem: &'p dyn Problem,
        cache: &mut Cache<'p>,
        request: &Request,
    ) -> Result<Measured, Refusal> {
        let prepared = match cache.entry(key(request)) {
            Entry::Occupied(ready) => ready.into_mut(),
            Entry::Vacant(place) => place.insert(self.prepare(problem, request)?),
        };
        guarded(|| {
            let Prepared { threads, run, .. } = &mut *prepared;
            let done = threads.run(|| timed_loop(run.as_mut(), request.iterations));
            let (output, elapsed) = done.map_err(|e| failed(&e))?;
            let (checksum, accuracy) = verified(problem, prepared, &output)?;
            Ok(self.measured(request, elapsed, &output, checksum, accuracy))
        })
    }

    fn prepare<'p>(&self, problem: &'p dyn Problem, request: &Request) -> Result<Prepared<'p>, Refusal> {
        let threads = Threads::new(threads(request)).map_err(|e| Refusal::new(Failure::Failed, e.to_string()))?;
        let run = guarded(|| {
            problem.prepare(&request.variant, threads.par()).map_err(|e| match e {
                Unknown::Variant(_) => Refusal::new(Failure::Missing, e.to_string()),
                Unknown::Algorithm(e) => failed(&e),
            })
        })?;
        let role = find(self.papers, &request.case).map_or(Role::Algorithm, |case| case.role(&request.variant));
        Ok(Prepared { threads, run, role, verified: None })
    }

    fn measured(
        &self,
        request: &Request,
        elapsed: Elapsed,
        output: &Output,
        checksum: String,
        accuracy: Accuracy,
    ) -> Measured {
        let slower = self.options.slowdown.iter().find(|(glob, _)| glob.matches(&request.case));
        let scaled = |ns: u64| slower.map_or(ns, |(_, factor)| (ns as f64 * factor) as u64);
        Measured {
            ns: scaled(elapsed.wall),
            cpu_ns: scaled(elapsed.cpu),
            checksum,
            accuracy: accuracy.error,
            contract: accuracy.contract,
            effort: counters(&output.effort),
        }
    }
}

/// Checks the output, unless it is that of a bound or bitwise the one that was found correct before.
fn verified(
    problem: &dyn Problem,
    prepared: &mut Prepared<'_>,
    output: &Output,
) -> Result<(String, Accuracy), Refusal> {
    let checksum = output.checksum();
    if prepared.role == Role::Bound {
        return Ok((checksum, Accuracy { error: 0.0, contract: 0.0 }));
    }
    if let Some((known, accuracy)) = &prepared.verified
        && *known == checksum
    {
        return Ok((checksum, *accuracy));
    }
    let accuracy =
        problem.verify(output).and_then(Accuracy::kept).map_err(|e| Refusal::new(Failure::Wrong, e.to_string()))?;
    prepared.verified = Some((checksum.clone(), accuracy));
    Ok((checksum, accuracy))
}

/// Turns a panic of a case into a refusal.
fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Refusal::new(Failure::Crashed, format!("panicked: {text}")))
    })
}

fn failed(error: &algos::Error) -> Refusal {
    Refusal::new(Failure::Failed, error.to_string())
}

fn threads(request: &Request) -> usize {
    request.par.unwrap_or(1).max(1)
}

fn key(request: &Request) -> (String, usize) {
    (request.variant.clone(), threads(request))
}
