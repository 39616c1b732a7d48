//! Orthogonalization and diagonalization as one iteration.
//!
//! # The iteration
//!
//! A symmetric positive definite `A: n×n` is brought to diagonal form by small congruences. In each step
//!
//! 1. a *pivot rule* ([`pivot`]) picks a set `S` of `k` indices,
//! 2. a *block solver* ([`solver`]) finds `T_S: k×k` with `T_Sᵀ A[S,S] T_S` diagonal,
//! 3. the *engine* ([`engine`]) applies it: `A ← Tᵀ A T`, where `T` is the identity outside `S`.
//!
//! If only `X` with `A = XᵀX` is at hand, step 3 is `X ← X T` and `A` is never formed. What comes out depends on the
//! solver alone:
//!
//! | block solver | `T` | two-sided, on `A` | one-sided, on `X` |
//! | --- | --- | --- | --- |
//! | [`Jacobi`](solver::Jacobi) | orthogonal | eigendecomposition | singular value decomposition |
//! | [`Cholesky`](solver::Cholesky) (`k = 2`: Gram–Schmidt) | unit upper triangular | Cholesky | QR |
//!
//! # The law
//!
//! With the potential `Γ(A) = tr(A∘A⁻¹ − I)`, which is zero exactly for diagonal matrices ([`potential`]), a step gives
//!
//! ```text
//! Γ(A′) = Γ(A) + Σ_{i≠j∈S} A_ij (A⁻¹)_ij.
//! ```
//!
//! Nothing of the solver is left in it. Summed over all pairs, `A_ij (A⁻¹)_ij` gives `−Γ(A)`; so if `S` is drawn uniformly
//! from all sets of size `k`, independently of the past, then for *every* solver
//!
//! ```text
//! E Γ(A_t) = ρᵗ Γ(A_0),     ρ = 1 − k(k−1) / (n(n−1)).
//! ```
//!
//! # What is here
//!
//! [`engine`] is the iteration as the paper has it, for any pivot rule and solver; [`readout`] reads the four
//! factorizations off it. [`trajectory`] is the same iteration for statistics: small matrices, `A` and `A⁻¹` side by
//! side, no allocation. [`svd`](mod@svd) and [`qr`] compute in the spirit of the paper what a user wants, at speed and
//! with high relative accuracy. [`instance`] draws test matrices.
//!
//! # Example
//!
//! Singular values to full relative accuracy, where columns differ by many orders of magnitude.
//!
//! ```
//! use algos::faer::Mat;
//! use algos::factorize::svd::{Engine, Variant, svd};
//!
//! let x = Mat::from_fn(4, 2, |i, j| if j == 0 { 1.0 } else { 1e-150 * (i as f64 - 1.5) });
//! let found = svd(Variant::Certified, x.as_ref(), Engine::detect())?.value;
//! assert!((found.values[1] / (5f64.sqrt() * 1e-150) - 1.0).abs() < 1e-14);
//! # Ok::<(), algos::Error>(())
//! ```
//!
//! Sources: Detherage & Shah, [arXiv:2505.02023](https://arxiv.org/abs/2505.02023), of which we read the abstract and
//! the introduction: algorithms are our reading, the law is proved above. Shah & Detherage,
//! [arXiv:2411.16101](https://arxiv.org/abs/2411.16101) (random pairs of unit vectors). Demmel & Veselić 1992 (relative
//! accuracy), Drmač & Veselić 2008 (preconditioning), de Rijk 1989 (ordering).

pub mod engine;
pub mod instance;
pub mod pivot;
pub mod potential;

pub mod qr;
pub mod readout;
pub mod solver;
pub mod svd;

pub mod trajectory;

mod small;
