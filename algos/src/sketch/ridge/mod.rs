//! Ensembles of ridge regressions on sketched features (Patil & LeJeune 2024, arXiv:2310.04357).
//!
//! Member `k` sketches the `p` features of `X: n×p` to `q` by `S_k: p×q`, `E[S Sᵀ] = I`, and fits
//!
//! ```text
//! β_k = S_k (S_kᵀXᵀX S_k + nλ I)⁻¹ S_kᵀXᵀy,   df_k = tr[Z_kᵀZ_k (Z_kᵀZ_k + nλ I)⁻¹],   Z_k = X S_k.
//! ```
//!
//! An ensemble has the mean of the `β_k` and of the `df_k`; nothing is centred. A [`Sketch`](super::Sketch) here is
//! `S_kᵀ: q×p`, so that it sketches the features of a row as it would the rows of a matrix.

mod ensemble;
mod equivalence;
mod fit;

pub use ensemble::{Gcv, average, gcv, interval, trick};
pub use equivalence::{Freeness, implicit_penalty, penalty_ratio, stacked};
pub use fit::{Fit, Solver, fit};
