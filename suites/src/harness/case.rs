//! Cases: one object that benchmarks, `compare`, instruction counts, peers and timed claims all run.

use std::{io, path::Path};

use algos::{Effort, Par};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{experiment::Scale, paper::Paper};

/// A named problem of a paper or family, made from a seed.
pub trait Case: Sync {
    /// The key: `family/what`, such as `recovery/subgm-d20`.
    fn key(&self) -> &'static str;
    /// One sentence: the problem and its sizes.
    fn about(&self) -> &'static str;
    /// The smallest scale at which the case is worth its time.
    fn scale(&self) -> Scale;
    /// The variants that solve it; the first is the reference.
    fn variants(&self) -> &'static [&'static str];
    /// What a variant is.
    fn role(&self, _variant: &str) -> Role {
        Role::Algorithm
    }
    /// Makes the problem.
    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, algos::Error>;
}

/// What a variant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// An algorithm of this project that computes what the reference computes.
    Algorithm,
    /// An algorithm of this project that stores or computes in single precision: compared, but not what others are
    /// compared with.
    Single,
    /// What a user of another library writes; its name begins with that of the library's crate.
    Peer,
    /// A library that solves another problem of the same size: its output is not verified, and its time only shown.
    Other,
    /// What the machine allows; it solves nothing, so its output is not verified.
    Bound,
}

impl Role {
    /// The word that tables show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Algorithm => "ours",
            Self::Single => "ours, single precision",
            Self::Peer => "peer",
            Self::Other => "time only",
            Self::Bound => "bound",
        }
    }
}

/// One instance of a case.
pub trait Problem {
    /// Readies a variant to run: packing and allocation happen here, timed apart.
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown>;
    /// How accurate an output is by the problem's own measure, or what is wrong with it.
    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong>;
    /// The work of one run of the variant.
    fn work(&self, variant: &str) -> Work;
    /// Writes the input as `.npy` files, for peers in any language.
    fn export(&self, folder: &Path) -> io::Result<()>;
}

/// A variant that is ready to run.
pub trait Run: Send {
    /// Runs once. Nothing is allocated or converted here that the variant itself does not need.
    fn run(&mut self) -> Result<Output, algos::Error>;
}

/// What a run returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The numbers that the problem asks for, in an order that the problem defines.
    pub values: Vec<f64>,
    /// The work counted while it ran.
    pub effort: Effort,
}

impl Output {
    /// A short hash of the bits of all values: equal exactly when two outputs are bitwise equal.
    pub fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        self.values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
        hex::encode(&hash.finalize()[..8])
    }
}

/// How good an output is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// The problem's own error measure; smaller is better.
    pub error: f64,
    /// The largest error that the problem's contract allows.
    pub contract: f64,
}

impl Accuracy {
    /// The accuracy if the error keeps the contract, else what is wrong. A NaN keeps no contract.
    pub fn kept(self) -> Result<Self, Wrong> {
        let Self { error, contract } = self;
        if error <= contract {
            Ok(self)
        } else {
            Err(Wrong(format!("its error {error:.2e} is above the contract's {contract:.2e}")))
        }
    }
}

/// Why an output is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("wrong answer: {0}")]
pub struct Wrong(pub String);

/// A variant that a problem does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// No such variant.
    #[error("there is no variant `{0}`")]
    Variant(String),
    /// The variant cannot take this problem.
    #[error(transparent)]
    Algorithm(#[from] algos::Error),
}

/// The work that the mathematics asks of a variant: what throughput is stated in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Floating-point operations.
    pub flops: f64,
    /// Bytes that have to come from memory or cache at least once per pass.
    pub bytes: f64,
}

/// The cases of all papers that are worth their time at a scale.
pub fn cases(papers: &[&'static Paper], scale: Scale) -> impl Iterator<Item = &'static dyn Case> {
    papers.iter().flat_map(|paper| paper.cases.iter().copied()).filter(move |case| case.scale() <= scale)
}

/// The case with this key.
pub fn find(papers: &[&'static Paper], key: &str) -> Option<&'static dyn Case> {
    cases(papers, Scale::Full).find(|case| case.key() == key)
}
