//! Robust recovery of a low-rank matrix from linear measurements by the sub-gradient method (SubGM).
//!
//! # Problem
//!
//! A positive semidefinite `X* = U* U*ᵀ` of order `d` and rank `r` is seen through `m` measurements
//! `y_i = ⟨A_i, X*⟩ + s_i`, where the noise `s` may be dense and small, or hit a fraction `p < 1` of the rows with
//! errors of any size. SubGM minimises
//!
//! ```text
//! f(U) = (1/m) Σ |⟨A_i, U Uᵀ⟩ − y_i|,      U ∈ R^{d×r'},  r ≤ r' ≤ d,
//! ```
//!
//! from a very small start, without knowing `r`.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `S_i` | `(A_i + A_iᵀ)/2`; only this part matters, because `U Uᵀ` is symmetric |
//! | `z_i` | residual `⟨A_i, U Uᵀ⟩ − y_i` |
//! | `G(U)` | `(1/m) Σ sign(z_i) S_i`, with `sign(0) = 0` |
//! | `2 G(U) U` | the sub-gradient of `f` that is used; the factor 2 belongs to it, not to the step |
//! | `D` | `d(d+1)/2`, the dimension of the symmetric matrices |
//! | `svec(S)` | `S` as a vector of `D` entries, off-diagonals times √2: `⟨S, X⟩ = svec(S)·svec(X)` |
//!
//! # What is here
//!
//! [`subgm`] runs any [`Variant`] of the algorithm. They are drop-in equals: the same iterates up to rounding.
//! [`fast::batched`] drives many runs on the same measurements at once, and [`bilinear`] is another measurement model,
//! `⟨a_i b_iᵀ, X⟩`. [`schedule`] chooses step sizes, [`instance`] draws problems with a planted truth, [`diagnose`]
//! measures errors, [`sign_rip`] sub-gradients, and [`observe`] follows the iterates.
//!
//! # Example
//!
//! A matrix of order 10 and rank 1 from 200 measurements, a fifth of them spoilt; the factor is ten times too wide.
//!
//! ```
//! use algos::recovery::{Init, Loss, Options, Variant, diagnose, instance::*, observe::Silent, schedule, subgm};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let noise = Noise::Outliers { p: 0.2, kind: Outlier::Gauss { scale: 10.0 } };
//! let instance = Spec::flat(10, 1, 200, noise).draw(&mut rng)?;
//! let (alpha, direction) = (1e-6, direction(10, &mut rng));
//! let steps = schedule::geometric(instance.truth.target(), noise.corruption(), alpha, 1e-5)?;
//! let options = Options {
//!     width: 10,
//!     init: Init::Gaussian { alpha, direction: direction.as_ref() },
//!     step: steps.step(),
//!     loss: Loss::L1,
//!     iterations: steps.iterations,
//! };
//! let found = subgm(Variant::FusedPacked, &instance.problem()?, &options, algos::Par::Seq, &mut Silent)?.value;
//! let error = diagnose::ErrorMeter::new(&instance.truth).relative(found.u.as_ref())?;
//! assert!(error < 1e-3, "{error}");
//! # Ok::<(), algos::Error>(())
//! ```
//!
//! Sources: Ma & Fattahi, [arXiv:2202.08788](https://arxiv.org/abs/2202.08788); Ding, Jiang, Chen, Qu & Zhu,
//! [arXiv:2109.11154](https://arxiv.org/abs/2109.11154) (median step); Ma & Fattahi,
//! [arXiv:2102.02969](https://arxiv.org/abs/2102.02969) (Sign-RIP).

pub mod bilinear;
pub mod diagnose;
pub mod fast;
pub mod instance;
pub mod observe;
pub mod reference;
pub mod schedule;
pub mod sign_rip;

mod init;
mod measurements;
mod options;
mod outcome;
mod problem;
mod residual;
mod symmetric;
mod variant;

pub use measurements::{FullMeasurements, Measurements};
pub use options::{Init, Loss, Options, Step};
pub use outcome::{Factor, Warning};
pub use problem::Problem;
pub use variant::{Prepared, Variant, subgm};
