//! Least squares with sketches.
//!
//! | method | cost | accuracy |
//! | --- | --- | --- |
//! | [`sketch_and_solve`] | one sketch, `2md²` flops | relative error `√(d/m)` of the residual |
//! | [`precondition`] | one sketch, `md²` flops, `4nd` for each iteration of [`lsqr`] | rounding |

mod lsqr;
mod passes;
mod precondition;
mod solve;

pub use lsqr::{LsqrOptions, Solution, lsqr, silent};
pub use passes::Passes;
pub use precondition::{Preconditioned, Start, precondition, preconditioner};
pub use solve::sketch_and_solve;
