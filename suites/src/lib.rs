//! Residual: re-runs the claims of numerical-linear-algebra papers from seeds and judges them.
//!
//! # How it works
//!
//! A [`Paper`](harness::paper::Paper) describes: experiments, claims, figures, cases. The [`harness`] executes: seeds,
//! threads, files, statistics, verdicts. Data flow in one direction.
//!
//! ```text
//! papers ──► runner ──► rows (journal → CSV) ──┬─► checks ──► verdicts ──┬─► report
//!   │          seeds, threads, resume, shard   └─► figures ──► SVG ──────┘
//!   └── call algos::<family>::{reference, fast, …}, which know nothing of all this
//! ```
//!
//! 1. An [`Experiment`](harness::experiment::Experiment) is a pure function from a point and a trial to rows. From that
//!    follow parallel runs, resuming and sharding with the same bytes.
//! 2. A [`Claim`](harness::claim::Claim) turns rows into [`Check`](harness::claim::Check)s: an estimate, an interval and
//!    an accepted range. The harness alone makes a [`Verdict`](harness::claim::Verdict) of them.
//! 3. Its [`Control`](harness::claim::Control) is the same judge on data that differ in one assumption, where it fails.
//! 4. A [`Figure`](harness::paper::Figure) turns rows into [`Panel`](harness::figure::Panel)s; one renderer draws all.
//! 5. A [`Case`](harness::case::Case) is an object that benchmarks, comparisons and peers run; every output is verified
//!    before its time counts.
//!
//! # A verdict by hand
//!
//! ```
//! use suites::harness::{claim::{Check, Verdict}, stats};
//!
//! let ratios = [0.98, 1.01, 1.03, 0.97, 1.02, 1.00, 0.99, 1.01];
//! let check = Check::new("median ratio", stats::median(&ratios), (0.9, 1.1));
//! assert_eq!(check.verdict(), Verdict::Reproduced);
//! // The interval has to lie in the range, not only the estimate.
//! let check = Check::new("median ratio", stats::median(&ratios), (0.995, 1.1));
//! assert_eq!(check.verdict(), Verdict::Inconclusive);
//! ```
//!
//! # Where to go on
//!
//! | question | module |
//! | --- | --- |
//! | what is judged? | [`papers`] |
//! | how is it run, judged and written down? | [`harness`] |
//! | what can the command `residual` do? | [`commands`], [`cli`] |
//! | did a change make anything slower or less accurate? | [`compare`] |
//! | how fast are other libraries? | [`peers`], [`worker`] |
//!
//! `residual new-paper KEY` writes a complete paper to start from. A repository with papers of its own calls [`cli::run`]
//! with its own list; `examples/summation` is one.

pub mod cli;
pub mod commands;
pub mod compare;
pub mod harness;
pub mod papers;
pub mod peers;
pub mod worker;

pub use algos::{self, faer};
