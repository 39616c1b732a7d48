//! The worker: runs cases on request, over JSON lines on standard input and output.
//!
//! It is the one protocol that `compare`, instruction counts and peers in any language speak. The first line that a
//! worker writes is its [`Hello`]; then every [`Request`] line gets one [`Reply`] line. It ends with its input.

mod measure;
pub mod serve;

use std::{collections::BTreeMap, path::PathBuf};

use algos::Effort;
use serde::{Deserialize, Serialize};

use crate::harness::experiment::Scale;

/// The version of the protocol. It changes with any change that an older partner would misread.
pub const PROTOCOL: u32 = 1;

/// The setting of the C library's allocator under which everything is timed: large blocks are kept instead of being
/// mapped anew each time, so that no measurement depends on what was freed before it; and huge pages are asked for, as
/// NumPy asks for them for its own arrays.
pub const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=8589934592:glibc.malloc.hugetlb=1",
);

/// Gives the process that runs the same setting but for huge pages, which have to be asked for when it starts, where this
/// C library is used, before it times something itself.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call sets numbers of the allocator, under its own lock.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// The first line of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the protocol.
    pub protocol: u32,
    /// Who it is; left out by `--brief`.
    #[serde(flatten)]
    pub about: Option<About>,
    /// The peers that a script in another language offers; it makes no problems itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerOffer>,
}

/// An implementation outside Rust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeerOffer {
    /// Its name, as a variant.
    pub name: String,
    /// A glob: the cases that it solves.
    pub cases: String,
    /// Interpreter and libraries.
    pub versions: String,
    /// What it solves instead, if that is not the problem of the case: then nothing but its time is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// Why it cannot run here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// What a worker is and can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// SHA-256 of the executable; of all its sources for a script.
    pub executable: String,
    /// CPU model.
    pub cpu: String,
    /// SIMD level that the kernels dispatch to.
    pub simd: String,
    /// Threads that it may use.
    pub threads: usize,
    /// Target features fixed at compile time.
    pub features: String,
    /// Compiler, or interpreter and libraries.
    pub compiler: String,
    /// SHA-256 of the file that pins the dependencies.
    pub lock: String,
    /// What it can run.
    pub cases: Vec<Offer>,
}

/// A case that a worker can run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Key of the case.
    pub case: String,
    /// The smallest scale at which it is worth its time.
    pub scale: Scale,
    /// Its variants.
    pub variants: Vec<String>,
}

/// A line of input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Key of the case.
    pub case: String,
    /// The variant to run.
    pub variant: String,
    /// Seed of the problem.
    pub seed: u64,
    /// How often it is run between two readings of the clock.
    pub iterations: u32,
    /// Threads inside the run; one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub par: Option<usize>,
    /// A folder with the problem as `.npy` files, for peers, which do not make problems themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<PathBuf>,
}

/// A line of output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reply {
    /// What was measured. The output is correct.
    Measured(Measured),
    /// What a peer measured. The output is still to be verified.
    Computed(Computed),
    /// Why nothing was.
    Refused(Refusal),
}

/// A measurement of a correct output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Nanoseconds on the wall clock, over all iterations.
    pub ns: u64,
    /// Nanoseconds of processor time of the whole process, over all iterations.
    pub cpu_ns: u64,
    /// Hash of the bits of the output.
    pub checksum: String,
    /// The problem's own error measure; smaller is better.
    pub accuracy: f64,
    /// The largest error that the problem's contract allows.
    pub contract: f64,
    /// Work counted in one run.
    pub effort: BTreeMap<String, u64>,
}

/// A measurement of an output that nobody has verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Computed {
    /// Nanoseconds on the wall clock, over all iterations.
    pub ns: u64,
    /// Nanoseconds of processor time of the whole process, over all iterations.
    pub cpu_ns: u64,
    /// The `.npy` file of the last output.
    pub output: PathBuf,
}

/// A request that gave no measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// One sentence.
    pub error: String,
    /// What went wrong.
    pub kind: Failure,
}

/// What can go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// The line is not a request.
    Request,
    /// There is no such case or variant.
    Missing,
    /// The algorithm returned an error.
    Failed,
    /// The answer is wrong.
    Wrong,
    /// The code panicked or the process died.
    Crashed,
    /// No answer in time.
    Hung,
}

impl Refusal {
    /// A refusal.
    pub fn new(kind: Failure, error: impl Into<String>) -> Self {
        Self { error: error.into(), kind }
    }
}

/// Counters by name.
fn counters(effort: &Effort) -> BTreeMap<String, u64> {
    match serde_json::to_value(effort) {
        Ok(serde_json::Value::Object(map)) => {
            map.into_iter().filter_map(|(name, value)| Some((name, value.as_u64()?))).collect()
        }
        _ => BTreeMap::new(),
    }
}
