//! The Tucker form of coefficients, and its values.

use faer::{Mat, MatRef};

use super::cube::{Cube, count};
use super::series::chebyshev;
use crate::error::{Error, Size, shape};
use crate::linalg::product;

/// `C = G ×₁ U₁ ×₂ U₂ ×₃ U₃`, and the function whose Chebyshev coefficients these are.
#[derive(Debug, Clone, PartialEq)]
pub struct Tucker {
    /// `G: r₁×r₂×r₃`.
    pub core: Cube,
    /// `U_n: m_n×r_n`.
    pub factors: [Mat<f64>; 3],
}

impl Tucker {
    /// `r₁, r₂, r₃`.
    pub fn ranks(&self) -> [usize; 3] {
        self.core.sides()
    }

    /// The largest of them.
    pub fn rank(&self) -> usize {
        self.ranks().into_iter().max().unwrap_or(0)
    }

    /// All coefficients. Cost: `2 r m³` flops and less.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: factors that do not fit to the core, more than `2³¹` coefficients.
    pub fn to_cube(&self) -> Result<Cube, Error> {
        self.with(self.factors.each_ref().map(Mat::as_ref))
    }

    /// The function on the grid of all points `(x_i, y_j, z_k)`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: a point outside the cube, factors that do not fit to the core, more than `2³¹` points.
    pub fn on_grid(&self, points: [&[f64]; 3]) -> Result<Cube, Error> {
        let [a, b, c] = [0, 1, 2].map(|n| {
            let (factor, x) = (&self.factors[n], points[n]);
            chebyshev(x, factor.nrows()).map(|t| product(t.as_ref(), factor.as_ref()))
        });
        let values = [a?, b?, c?];
        self.with(values.each_ref().map(Mat::as_ref))
    }

    /// The function at one point. Cost: `2mr` flops a direction, `2r³` for the core.
    ///
    /// # Errors
    ///
    /// As [`on_grid`](Self::on_grid).
    pub fn value(&self, [x, y, z]: [f64; 3]) -> Result<f64, Error> {
        Ok(self.on_grid([&[x], &[y], &[z]])?.entries()[0])
    }

    fn with(&self, by: [MatRef<'_, f64>; 3]) -> Result<Cube, Error> {
        for (a, side) in by.iter().zip(self.core.sides()) {
            shape("columns of a factor", Size::Len(side), Size::Len(a.ncols()))?;
        }
        count(by.map(|a| a.nrows()))?;
        Ok(self.core.multiplied(by.map(Some)).0)
    }
}

/// The function that all coefficients describe, on a grid.
pub(super) fn values(coefficients: &Cube, points: [&[f64]; 3]) -> Result<Cube, Error> {
    let m = coefficients.sides();
    let matrices = [chebyshev(points[0], m[0])?, chebyshev(points[1], m[1])?, chebyshev(points[2], m[2])?];
    count(points.map(<[f64]>::len))?;
    Ok(coefficients.multiplied(matrices.each_ref().map(|t| Some(t.as_ref()))).0)
}

impl Cube {
    /// The function with these Chebyshev coefficients on the grid of all points `(x_i, y_j, z_k)`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: a point outside the cube `[−1, 1]³`, more than `2³¹` points.
    pub fn on_grid(&self, points: [&[f64]; 3]) -> Result<Self, Error> {
        values(self, points)
    }
}
