//! Low dimension: methods linear in the number of points.

mod cells;
mod gauss;

pub use cells::cells;
pub use gauss::gauss;
