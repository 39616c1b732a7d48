//! One case: every variant and every peer that solves it, interleaved in fresh processes, outputs verified.

use std::{path::Path, time::Duration};

use glob::Pattern;
use rand::{
    SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

use super::{
    environment::Environment,
    table::{Entry, Ran},
};
use crate::{
    compare::{
        client::{Client, Stop},
        side::Side,
        unit::TIMING_SEED,
    },
    harness::{
        case::{Accuracy, Case, Output, Problem, Role},
        error::{Error, Result},
        npy, processor,
        progress::say,
        stats::median,
    },
    worker::{Failure, Measured, Refusal, Reply, Request},
};

/// A sample takes at least this long, so that reading a clock costs nothing.
const SAMPLE_NS: f64 = 5e6;

/// How a contest is held.
pub struct Contest<'a> {
    /// The executable of the Rust variants.
    pub rust: &'a Side,
    /// The Python peers.
    pub environment: &'a Environment,
    /// Rounds of fresh processes.
    pub rounds: usize,
    /// How long one request may take.
    pub limit: Duration,
    /// Raised to stop.
    pub stop: &'a Stop,
}

/// Something that solves the case.
struct Contender {
    name: String,
    role: Role,
    /// Interpreter and libraries of a peer in Python.
    versions: Option<String>,
    iterations: u32,
    /// Per round, the mean logarithm of the nanoseconds of one run.
    logs: Vec<f64>,
    error: f64,
    fault: Option<String>,
}

/// The processes of a round: ours, and that of the peers.
struct Processes<'a> {
    rust: Option<Client<'a>>,
    peers: Option<Client<'a>>,
    /// The processor that both run on; any if there is no choice.
    processor: Option<usize>,
}

/// A case with its problem in memory and on disk.
struct Arena<'a> {
    contest: &'a Contest<'a>,
    case: &'a dyn Case,
    problem: Box<dyn Problem>,
    folder: &'a Path,
}

impl Contest<'_> {
    /// Times everything that solves a case.
    pub fn hold(&self, case: &dyn Case) -> Result<Vec<Entry>> {
        let folder = tempfile::tempdir().map_err(|e| Error::broken(format!("cannot make a temporary folder: {e}")))?;
        let fault = |e: &dyn std::fmt::Display| Error::broken(format!("{}: {e}", case.key()));
        let problem = case.problem(TIMING_SEED).map_err(|e| fault(&e))?;
        problem.export(folder.path()).map_err(|e| fault(&e))?;
        let arena = Arena { contest: self, case, problem, folder: folder.path() };
        let mut all = arena.contenders()?;
        arena.calibrate(&mut all)?;
        let mut rng = ChaCha8Rng::seed_from_u64(TIMING_SEED);
        for _ in 0..self.rounds {
            arena.round(&mut all, &mut rng)?;
        }
        Ok(entries(case, all))
    }
}

impl Arena<'_> {
    fn contenders(&self) -> Result<Vec<Contender>> {
        let contender = |name: &str, role, versions, fault| Contender {
            name: name.to_owned(),
            role,
            versions,
            iterations: 1,
            logs: Vec::new(),
            error: f64::NAN,
            fault,
        };
        let variants = self.case.variants().iter();
        let mut all: Vec<_> = variants.map(|v| contender(v, self.case.role(v), None, None)).collect();
        let (environment, family) = (self.contest.environment, family(self.case));
        if environment.has(family) && environment.fault().is_none() {
            let client = match environment.start(family, self.contest.limit, self.contest.stop) {
                Ok(client) => client,
                Err(stopped @ Error::Interrupted(_)) => return Err(stopped),
                Err(e) => {
                    say(&format!("{family}: peers in Python are left out: {e}"));
                    return Ok(all);
                }
            };
            for peer in client.hello.peers.iter().filter(|peer| matches(&peer.cases, self.case.key())) {
                let (role, versions) = match &peer.instead {
                    None => (Role::Peer, peer.versions.clone()),
                    Some(instead) => (Role::Other, format!("{}; solves {instead}", peer.versions)),
                };
                all.push(contender(&peer.name, role, Some(versions), peer.absent.clone()));
            }
        }
        Ok(all)
    }

    /// Finds how many iterations make a sample long enough.
    fn calibrate(&self, all: &mut [Contender]) -> Result<()> {
        let mut processes = Processes { rust: None, peers: None, processor: None };
        for contender in all.iter_mut().filter(|c| c.fault.is_none()) {
            // The first answer is cold.
            let _cold = self.ask(&mut processes, contender)?;
            if let Some(measured) = self.ask(&mut processes, contender)? {
                contender.iterations = (SAMPLE_NS / (measured.cpu_ns as f64).max(1.0)).ceil().clamp(1.0, 1e6) as u32;
            }
        }
        Ok(())
    }

    /// Fresh processes on one processor; every contender is warmed up, then timed twice, in an order that is the same from
    /// both ends, so that linear drift cancels.
    fn round(&self, all: &mut [Contender], rng: &mut ChaCha8Rng) -> Result<()> {
        let processor = processor::available().choose(rng).copied();
        let mut processes = Processes { rust: None, peers: None, processor };
        let mut order: Vec<usize> = (0..all.len()).filter(|&i| all[i].fault.is_none()).collect();
        order.shuffle(rng);
        for &i in &order {
            let _warm = self.ask(&mut processes, &mut all[i])?;
        }
        let mut times = vec![Vec::new(); all.len()];
        for &i in order.iter().chain(order.iter().rev()) {
            if all[i].fault.is_none()
                && let Some(measured) = self.ask(&mut processes, &mut all[i])?
            {
                times[i].push((measured.cpu_ns as f64 / f64::from(all[i].iterations)).max(1.0).ln());
            }
        }
        for (contender, times) in all.iter_mut().zip(times) {
            if let [first, second] = times[..] {
                contender.logs.push(0.5 * (first + second));
            }
        }
        Ok(())
    }

    /// Asks the process of a contender, started if need be; a refusal becomes the contender's fault.
    fn ask<'a>(&'a self, processes: &mut Processes<'a>, contender: &mut Contender) -> Result<Option<Measured>> {
        let Contest { rust, environment, limit, stop, .. } = *self.contest;
        let peer = contender.versions.is_some();
        let place = if peer { &mut processes.peers } else { &mut processes.rust };
        let client = match place {
            Some(client) if client.alive() => client,
            _ => {
                let client = match peer {
                    true => environment.start(family(self.case), limit, stop)?,
                    false => Client::start(rust, true, limit, stop)?,
                };
                processes.processor.iter().for_each(|&processor| client.pin(processor));
                place.insert(client)
            }
        };
        let request = Request {
            case: self.case.key().into(),
            variant: contender.name.clone(),
            seed: TIMING_SEED,
            iterations: contender.iterations,
            par: None,
            input: peer.then(|| self.folder.to_owned()),
        };
        match client.exchange(&request)?.and_then(|reply| self.verified(reply, contender.role)) {
            Ok(measured) => {
                contender.error = measured.accuracy;
                Ok(Some(measured))
            }
            Err(refusal) => {
                contender.fault = Some(refusal.error);
                Ok(None)
            }
        }
    }

    /// A reply whose output has been verified: by our worker, or here if it is a peer's. What solves another problem
    /// has no error.
    fn verified(&self, reply: Reply, role: Role) -> Result<Measured, Refusal> {
        let computed = match reply {
            Reply::Measured(measured) => return Ok(measured),
            Reply::Refused(refusal) => return Err(refusal),
            Reply::Computed(computed) => computed,
        };
        let values = npy::read(&computed.output).map_err(|e| Refusal::new(Failure::Failed, e.to_string()))?;
        let output = Output { values, effort: algos::Effort::default() };
        let kept = match role {
            Role::Other => Ok(Accuracy { error: f64::NAN, contract: f64::NAN }),
            _ => self.problem.verify(&output).and_then(Accuracy::kept),
        };
        let accuracy = kept.map_err(|e| Refusal::new(Failure::Wrong, e.to_string()))?;
        Ok(Measured {
            ns: computed.ns,
            cpu_ns: computed.cpu_ns,
            checksum: output.checksum(),
            accuracy: accuracy.error,
            contract: accuracy.contract,
            effort: Default::default(),
        })
    }
}

fn family(case: &dyn Case) -> &str {
    case.key().split('/').next().unwrap_or_default()
}

fn matches(glob: &str, key: &str) -> bool {
    Pattern::new(glob).is_ok_and(|glob| glob.matches(key))
}

/// Ratios to the fastest of our algorithms, paired by round.
fn entries(case: &dyn Case, all: Vec<Contender>) -> Vec<Entry> {
    let level = |c: &Contender| median(&c.logs).value;
    let ours = all.iter().filter(|c| c.role == Role::Algorithm && c.fault.is_none());
    let fastest = ours.min_by(|a, b| level(a).total_cmp(&level(b))).map(|c| c.logs.clone()).unwrap_or_default();
    let ran = |c: &Contender| {
        let ratios: Vec<f64> = c.logs.iter().zip(&fastest).map(|(log, best)| (log - best).exp()).collect();
        let ratio = median(&ratios);
        Ran { ns: level(c).exp(), ratio: ratio.value, ci: ratio.ci, error: c.error, rounds: c.logs.len() }
    };
    let entry = |c: Contender| Entry {
        case: case.key().into(),
        about: case.about().into(),
        ran: match &c.fault {
            None => Ok(ran(&c)),
            Some(why) => Err(why.clone()),
        },
        name: c.name,
        role: c.role,
        python: c.versions,
    };
    all.into_iter().map(entry).collect()
}
