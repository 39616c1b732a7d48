//! The engineered variants of the subspace power method.

pub(super) mod block;
pub(super) mod extract;
mod newton;
pub(super) mod packed;
mod project;

pub(super) use newton::step as newton_step;
