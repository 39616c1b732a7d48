//! Numerical-linear-algebra algorithms from the literature.
//!
//! Each family holds, for every published algorithm, a *reference* (the paper's pseudo-code made literal, for reading
//! and auditing) and *fast* variants (the same function, engineered). All variants of one algorithm share one
//! signature, so that any of them can be dropped in for any other.
//!
//! | family | problem | paper |
//! | --- | --- | --- |
//! | [`completion`] | a low-rank matrix from a few entries, and gradient descent on factors | Jain, Netrapalli & Sanghavi, [arXiv:1212.0467](https://arxiv.org/abs/1212.0467); Gu, Song, Yin & Zhang, [arXiv:2302.11068](https://arxiv.org/abs/2302.11068); Xiong, Ding & Du, [arXiv:2310.01769](https://arxiv.org/abs/2310.01769) |
//! | [`recovery`] | a low-rank matrix from grossly corrupted linear measurements | Ma & Fattahi, [arXiv:2202.08788](https://arxiv.org/abs/2202.08788) |
//! | [`factorize`] | eigenvalues, singular values, Cholesky and QR by one iteration with random pivots | Detherage & Shah, [arXiv:2505.02023](https://arxiv.org/abs/2505.02023) |
//! | [`sketch`] | random sketches, least squares and ridge regression with them | Song, Ye, Yin & Zhang, [arXiv:2302.00248](https://arxiv.org/abs/2302.00248); Avron, Maymounkov & Toledo, [doi:10.1137/090767911](https://doi.org/10.1137/090767911); Patil & LeJeune, [arXiv:2310.04357](https://arxiv.org/abs/2310.04357) |
//! | [`kernel`] | products with Gaussian kernel matrices | Indyk, Kapralov, Sheth & Wagner, [arXiv:2507.23539](https://arxiv.org/abs/2507.23539); Backurs, Lin, Mahabadi, Silwal & Tarnawski, [arXiv:2403.08917](https://arxiv.org/abs/2403.08917); Bunch, Kline, Dickinson, Bhat & Fung, [arXiv:2106.00827](https://arxiv.org/abs/2106.00827) |
//! | [`tensor`] | symmetric tensors as sums of powers of vectors, and the spike of a noisy tensor; functions of three variables in Tucker form | Kileel & Pereira, [arXiv:1912.04007](https://arxiv.org/abs/1912.04007); [arXiv:2603.06028](https://arxiv.org/abs/2603.06028); Benner, Khoromskij, Khoromskaia & Sun, [arXiv:2503.01696](https://arxiv.org/abs/2503.01696) |
//!
//! # How to read it
//!
//! The module of a family opens with its problem, a table of symbols, an example that runs, and its sources. From there,
//!
//! - `reference` is the paper's algorithm line by line, with its line or equation numbers: read it beside the paper;
//! - `fast` does the same at speed; each trick says what it saves, and the list of variants holds drop-in equals;
//! - `instance` draws seeded problems with a planted truth, `diagnose` measures against it;
//! - options say what a caller chooses, an [`Outcome`] is the value with its [`Status`] (running out of iterations is a
//!   status, not an error) and its [`Effort`], counted where the kernels run;
//! - an [`Error`] says what is wrong with the input, where and by which value, or what broke down.
//!
//! Matrices are those of [`faer`]. [`Par`] chooses the threads, and [`simd`] the instruction set at run time.
//!
//! Nothing here reads a clock, a file or global state; randomness comes only from a generator that the caller passes.

pub mod completion;
pub mod effort;
pub mod error;
pub mod factorize;
pub mod kernel;
pub mod linalg;
mod parallel;
pub mod recovery;
pub mod simd;
pub mod sketch;
pub mod tensor;

pub use effort::{Effort, Outcome, Status};
pub use error::{Error, InputError, NumericalError};
pub use faer::{self, Par};
pub use pulp;
