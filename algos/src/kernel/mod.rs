//! Products with Gaussian kernel matrices, and what they are good for.
//!
//! # Problem
//!
//! Queries `q_1 … q_n` and keys `k_1 … k_m` in `Rᵈ` define `K: n×m` with `K_ij = exp(−‖q_i − k_j‖²/(2σ²))`. Wanted is
//! `y = K x`, without ever forming `K`. Other authors write `exp(−r²/σ²)`: [`Bandwidth`] names the convention.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `u_ij` | `‖q_i − k_j‖²/(2σ²)`, so `K = e^{−u}` |
//! | `S`, `c` | the sum `1ᵀK1` of all entries, and `S/n` |
//! | `τ` | entries above are *heavy*, the rest *light* |
//! | error | `‖Kx − y‖₂/‖x‖₂`: relative to `x`, not to `Kx` |
//!
//! # What is here
//!
//! | module | what | cost |
//! | --- | --- | --- |
//! | [`product`](product()) | exact, by [`Variant`] | `nm` entries |
//! | [`literal`] | the three-stage algorithm for any real `x` as published | `o(n²)`, with constants that never let it start |
//! | [`approximate`] | the same idea, planned from data, with a certificate | measured: about `n^1.3` at error ½ |
//! | [`sampling`], [`hashing`], [`fourier`] | uniform sampling, hashing-based estimators, random Fourier features | by accuracy |
//! | [`lowdim`] | cell lists and the fast Gauss transform, `d ≤ 3` | `n` |
//! | [`attention`] | softmax attention as kernel products | three reductions |
//! | [`private`] | differentially private sums of distances and kernel densities | `log n` a query |
//! | [`weighting`] | weighting vectors and magnitude | a Krylov solve |
//! | [`kronecker`] | kernels on tensor grids | `n₁n₂(n₁ + n₂)` |
//! | [`load`] | a user's own points, from text or `.npy` | |
//! | [`instance`] | seeded sets of points | |
//!
//! # Example
//!
//! ```
//! use algos::kernel::{Bandwidth, Engine, Points, Problem, Variant, multiply};
//!
//! let points = Points::new(3, 2, vec![0.0, 0.0, 1.0, 0.0, 9.0, 9.0])?;
//! let problem = Problem::new(&points, &points, Bandwidth::StandardDeviation(1.0))?;
//! let y = multiply(Variant::TileF64, &problem, &[1.0, 1.0, 1.0], Engine::detect())?.value;
//! assert!((y[0] - (1.0 + (-0.5f64).exp())).abs() < 1e-12 && (y[2] - 1.0).abs() < 1e-12);
//! # Ok::<(), algos::Error>(())
//! ```
//!
//! Sources: Indyk, Kapralov, Sheth & Wagner, [arXiv:2507.23539](https://arxiv.org/abs/2507.23539) (of which we read the
//! abstract and public reviews); Charikar & Siminelakis 2017 (hashing-based estimators); Rahimi & Recht 2007 (Fourier
//! features); Greengard & Strain 1991 (fast Gauss transform); Backurs, Lin, Mahabadi, Silwal & Tarnawski,
//! [arXiv:2403.08917](https://arxiv.org/abs/2403.08917) (private data); Bunch, Kline, Dickinson, Bhat & Fung,
//! [arXiv:2106.00827](https://arxiv.org/abs/2106.00827) (weighting vectors); Fang and others,
//! [arXiv:2311.04465](https://arxiv.org/abs/2311.04465) (Kronecker covariances).

pub mod approximate;
pub mod attention;
pub mod fast;
pub mod fourier;
pub mod hashing;
pub mod instance;
pub mod kronecker;
pub mod literal;
pub mod load;
pub mod lowdim;
pub mod private;
pub mod reference;
pub mod sampling;
pub mod weighting;

mod points;
mod variant;

pub use points::{Bandwidth, Points, Problem};
pub use variant::{Variant, column, multiply, product};

pub use crate::factorize::svd::Engine;
