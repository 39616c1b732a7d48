//! Symmetric tensors as sums of powers of vectors.
//!
//! # Problem
//!
//! A symmetric tensor `T` of order `m` in dimension `d` is to be written as `T = Σ_{r=1}^R λ_r a_r^{⊗m}` with unit vectors
//! `a_r` and real weights. For generic components and `R` up to a bound of order `d^{⌊m/2⌋}` there is just one such sum.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `n` | `⌈m/2⌉` |
//! | `mat(T)` | the `d^n×d^{m−n}` flattening; its columns span `𝒜 = span{a_r^{⊗n}}` |
//! | `V` | an orthonormal basis of `𝒜` |
//! | `F(x)` | `‖Vᵀx^{⊗n}‖² ≤ 1` on the unit sphere; 1 exactly where `x^{⊗n} ∈ 𝒜` |
//! | `D₁` | the inverse core `D^{−ᵀ}` of `mat(T) = V D Uᵀ` |
//!
//! The subspace power method climbs `F` to 1, reads the weight off `D₁`, removes the component from `V` and `D₁` by one
//! rotation, and repeats: one decomposition of the flattening serves all components.
//!
//! # What is here
//!
//! [`decompose`] runs any [`Variant`]. [`symmetric`] holds tensors in packed form and converts from and to `ndarray`,
//! [`flattening`] unfolds them, [`subspace`] has `F` and [`power`] the climb by themselves, [`landscape`] the same from
//! known components, [`sshopm`] the shifted power method on a tensor itself; [`instance`] draws tensors with planted
//! components, [`diagnose`] measures errors, [`baseline`] has what the method is compared with, and [`langevin`] averages
//! chains on a spiked tensor. [`chebyshev`] is another subject: functions on a cube with coefficients in Tucker form.
//!
//! Sources: Kileel & Pereira, [arXiv:1912.04007](https://arxiv.org/abs/1912.04007), of which we read the abstract and the
//! authors' code; Kolda & Mayo (2011), [doi:10.1137/100801482](https://doi.org/10.1137/100801482) (shifted power method).

pub mod baseline;
pub mod chebyshev;
pub mod diagnose;
pub mod flattening;
pub mod instance;
pub mod landscape;
pub mod langevin;
pub mod monomials;
pub mod power;
pub mod reference;
pub mod sshopm;
pub mod subspace;
pub mod symmetric;

mod contract;
mod driver;
mod fast;
mod octet;
mod options;
mod outcome;
mod short;
mod variant;

pub use driver::{Weight, typical};
pub use options::{Options, Shift, Threshold, Uncertified};
pub use outcome::{Component, Decomposition, Phases, Warning, uniqueness_bound};
pub use symmetric::{SymmetricTensor, relative_error};
pub use variant::{Variant, decompose};
