//! What the subspace power method is measured against.

pub mod als;
pub mod deflated;
pub mod foobi;
pub mod gevd;
pub mod nls;

mod lbfgs;
