//! Completion of a low-rank matrix from a few of its entries, and its over-parameterized cousin, matrix sensing.
//!
//! # Problem
//!
//! A matrix `M: m×n` of rank `k` is seen at positions `Ω`. Alternating minimization (AltMin) writes `X = U Vᵀ` and
//! solves in turn
//!
//! ```text
//! min_V ‖P_Ω(Û Vᵀ − M)‖_F²   and   min_U ‖P_Ω(U V̂ᵀ − M)‖_F²,
//! ```
//!
//! each a small least-squares problem per column or row, with orthonormal bases `Û`, `V̂` of the last factors.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `Ω`, `P_Ω` | observed positions; sets all others to zero |
//! | `p` | the rate `|Ω|/(mn)` |
//! | `M = U* diag(σ) V*ᵀ` | the planted truth, `κ = σ_1/σ_k` |
//! | `μ(U)` | incoherence `√(m/k)·max_i ‖u_i‖₂` of a basis |
//! | sweep | one update of `V` and one of `U` |
//!
//! # What is here
//!
//! [`altmin`] runs any [`Variant`] and [`fold_in`] adds rows to what it found; [`observations`] holds the entries, [`start`] the spectral start, [`instance`] draws
//! problems with a planted truth, [`diagnose`] measures errors, [`soft_impute`] is the convex baseline, [`load`] reads ratings and Matrix Market files, and [`sensing`]
//! has the gradient descents on factors from linear measurements.
//!
//! # Example
//!
//! A 60×60 matrix of rank 2, of which four entries in ten are seen.
//!
//! ```
//! use algos::completion::{Options, Variant, altmin, diagnose::relative_error, instance::*, silent};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let instance = Spec { m: 60, n: 60, k: 2, kappa: 2.0, p: 0.4, rows: Rows::Gaussian }.draw(&mut rng)?;
//! let options = Options::new(2, 30);
//! let found = altmin(Variant::WarmCg, &instance.observations, &options, algos::Par::Seq, &mut silent)?.value;
//! assert!(relative_error(found.u.as_ref(), found.v.as_ref(), &instance.truth)? < 1e-6);
//! # Ok::<(), algos::Error>(())
//! ```
//!
//! Sources: Jain, Netrapalli & Sanghavi, [arXiv:1212.0467](https://arxiv.org/abs/1212.0467); Gu, Song, Yin & Zhang,
//! [arXiv:2302.11068](https://arxiv.org/abs/2302.11068); Xiong, Ding & Du,
//! [arXiv:2310.01769](https://arxiv.org/abs/2310.01769); Mazumder, Hastie & Tibshirani (2010), JMLR 11 (Soft-Impute).

pub mod diagnose;
pub mod fast;
pub mod instance;
pub mod load;
pub mod observations;
pub mod reference;
pub mod sensing;
pub mod sketched;
pub mod soft_impute;
pub mod start;

mod components;
mod driver;
mod fold_in;
mod options;
mod outcome;
mod variant;

pub use fold_in::fold_in;
pub use observations::{Duplicates, Lines, Observations};
pub use options::{Cg, Clip, Exact, Init, Inner, Options, Perturbation, Sampling, Stop};
pub use outcome::{Completion, Observer, Sweep, Warning, observed_residual, silent};
pub use variant::{Variant, altmin, altmin_on};
