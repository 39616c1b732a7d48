//! Random sketches, regression with them, and ridge ensembles on sketched features.
//!
//! # Problem
//!
//! A sketch is a random map `S: m×n`, `m ≪ n`, with `E[SᵀS] = I`. It is drawn from a [`Law`] or made from explicit
//! parts, and applied to a matrix `A: n×d` whose rows it mixes.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `n`, `d` | rows and columns of `A` |
//! | `m` | sketch size |
//! | `N` | `n` padded to a power of two |
//! | `s` | nonzeros in a column of a sparse sketch |
//! | `H_N` | Hadamard matrix of ±1 in natural order |
//! | `P`, `D` | picks rows; diagonal of random signs |
//!
//! # What is here
//!
//! [`apply`] runs any [`Variant`] of an application, [`adjoint`] the transposed map, [`fwht`] the Hadamard transform.
//! [`regression`] solves least squares with sketches, [`ridge`] fits ensembles on sketched features, [`instance`] has
//! the hard and the easy problems.
//!
//! # Example
//!
//! Least squares with 300 rows, of which a sketch leaves 40.
//!
//! ```
//! use algos::faer::Mat;
//! use algos::sketch::{Law, Rows, Variant, regression::sketch_and_solve};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//!
//! let a = Mat::from_fn(300, 3, |i, j| ((i + 1) as f64 / 300.0).powi(j as i32));
//! let b: Vec<f64> = (0..300).map(|i| 2.0 * a[(i, 1)] - a[(i, 2)]).collect();
//! let sketch = Law::Srht(Rows::Distinct).draw(40, 300, &mut ChaCha8Rng::seed_from_u64(1))?;
//! let x = sketch_and_solve(Variant::Fast, &sketch, a.as_ref(), &b)?.value;
//! assert!(x[0].abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12 && (x[2] + 1.0).abs() < 1e-12);
//! # Ok::<(), algos::Error>(())
//! ```
//!
//! Sources: Song, Ye, Yin & Zhang, [arXiv:2302.00248](https://arxiv.org/abs/2302.00248); Avron, Maymounkov & Toledo
//! (2010), [doi:10.1137/090767911](https://doi.org/10.1137/090767911); Patil & LeJeune,
//! [arXiv:2310.04357](https://arxiv.org/abs/2310.04357).

pub mod instance;
pub mod regression;
pub mod ridge;

mod explicit;
mod fast;
mod input;
mod law;
mod parts;
mod rank_one;
mod signs;
mod variant;

pub use input::{Csr, Input};
pub use law::{Key, Law, Rows, leverage_scores, sample_rows};
pub use parts::Sketch;
pub use rank_one::rank_one;
pub use signs::Signs;
pub use variant::{Precision, Transform, Variant, adjoint, apply, apply_on, fwht, fwht_on, sketched};
