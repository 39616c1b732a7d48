//! Dense arrays of order three.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::error::{Error, Size, argument, finite, shape};
use crate::linalg::norm;
use crate::{Effort, Outcome, Status};

/// An `m₁×m₂×m₃` array, the first index fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    sides: [usize; 3],
    entries: Vec<f64>,
}

impl Cube {
    /// From entries with the first index fastest.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: an empty side, more than `2³¹` entries, another number of entries, or one that is not finite.
    pub fn new(sides: [usize; 3], entries: Vec<f64>) -> Result<Self, Error> {
        let size = count(sides)?;
        shape("entries of a cube", Size::Len(size), Size::Len(entries.len()))?;
        finite("cube", &entries)?;
        Ok(Self { sides, entries })
    }

    /// With the entries `f([i, j, k])`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_fn(sides: [usize; 3], mut f: impl FnMut([usize; 3]) -> f64) -> Result<Self, Error> {
        let mut entries = Vec::with_capacity(count(sides)?);
        for k in 0..sides[2] {
            for j in 0..sides[1] {
                entries.extend((0..sides[0]).map(|i| f([i, j, k])));
            }
        }
        Self::new(sides, entries)
    }

    /// What sums and products of finite arrays make.
    pub(super) fn made(sides: [usize; 3], entries: Vec<f64>) -> Self {
        Self { sides, entries }
    }

    /// `m₁, m₂, m₃`.
    pub fn sides(&self) -> [usize; 3] {
        self.sides
    }

    /// The entries, the first index fastest.
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// The Frobenius norm.
    pub fn norm(&self) -> f64 {
        norm(&self.entries)
    }

    /// The largest absolute entry.
    pub fn largest(&self) -> f64 {
        self.entries.iter().fold(0.0, |l: f64, x| l.max(x.abs()))
    }

    /// The entry-wise difference.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: other sides.
    pub fn minus(&self, other: &Self) -> Result<Self, Error> {
        for (a, b) in self.sides.into_iter().zip(other.sides) {
            shape("sides of a cube", Size::Len(a), Size::Len(b))?;
        }
        Ok(Self::made(self.sides, self.entries.iter().zip(&other.entries).map(|(a, b)| a - b).collect()))
    }

    /// The unfolding with this mode (0, 1 or 2) as rows: `m_n × m₁m₂m₃/m_n`.
    ///
    /// # Panics
    /// If there is no such mode.
    pub fn unfold(&self, mode: usize) -> Mat<f64> {
        assert!(mode < 3, "a mode of an array of order three");
        let [a, b, c] = self.sides;
        match mode {
            0 => self.by_first().to_owned(),
            1 => {
                let mut unfolded = Mat::zeros(b, a * c);
                for (at, line) in self.entries.chunks_exact(a.max(1)).enumerate() {
                    let (j, k) = (at % b, at / b);
                    line.iter().enumerate().for_each(|(i, x)| unfolded[(j, i + a * k)] = *x);
                }
                unfolded
            }
            _ => MatRef::from_column_major_slice(&self.entries, a * b, c).transpose().to_owned(),
        }
    }

    /// `C ×₁ A₁ ×₂ A₂ ×₃ A₃` for matrices `A_n: p_n×m_n`; `None` for the identity. Cost: `2 p₁ m₁ m₂ m₃` flops for the
    /// first, and so on with the sides that are left.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub(super) fn multiplied(&self, by: [Option<MatRef<'_, f64>>; 3]) -> (Self, u64) {
        let (mut cube, mut flops) = (None, 0);
        for a in by {
            let from: &Self = cube.as_ref().unwrap_or(self);
            let next = from.turned(a, &mut flops);
            cube = Some(next);
        }
        (cube.unwrap_or_else(|| self.clone()), flops)
    }

    /// `C ×₁ A` with its first mode made the last.
    fn turned(&self, a: Option<MatRef<'_, f64>>, flops: &mut u64) -> Self {
        let [first, second, third] = self.sides;
        let x = self.by_first();
        let Some(a) = a else {
            let entries = (0..first).flat_map(|i| (0..x.ncols()).map(move |j| x[(i, j)])).collect();
            return Self::made([second, third, first], entries);
        };
        let mut entries = vec![0.0; x.ncols() * a.nrows()];
        let to = MatMut::from_column_major_slice_mut(&mut entries, x.ncols(), a.nrows());
        matmul(to, Accum::Replace, x.transpose(), a.transpose(), 1.0, Par::Seq);
        *flops += 2 * (x.nrows() * x.ncols() * a.nrows()) as u64;
        Self::made([second, third, a.nrows()], entries)
    }

    /// A map of columns applied to all lines in each direction in turn; it is told which.
    pub(super) fn along_all(
        mut self,
        mut map: impl FnMut(usize, MatRef<'_, f64>) -> Result<Outcome<Mat<f64>>, Error>,
    ) -> Result<Outcome<Self>, Error> {
        let mut effort = Effort::default();
        for direction in 0..3 {
            // Lines in the first direction; what was the first direction becomes the last.
            let [_, b, c] = self.sides;
            let mapped = map(direction, self.by_first())?;
            effort += mapped.effort;
            let lines = mapped.value;
            let entries = lines.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
            self = Self::made([b, c, lines.nrows()], entries);
        }
        Ok(Outcome { value: self, status: Status::Converged, effort })
    }

    /// The unfolding with the first mode as rows, without a copy.
    pub(super) fn by_first(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.entries, self.sides[0], self.sides[1] * self.sides[2])
    }
}

/// The number of entries.
pub(super) fn count(sides: [usize; 3]) -> Result<usize, Error> {
    let size = sides.into_iter().try_fold(1usize, usize::checked_mul).filter(|size| *size <= 1 << 31);
    for side in sides {
        argument(side >= 1 && size.is_some(), "side", side as f64, "positive, with at most 2³¹ entries in all")?;
    }
    Ok(size.unwrap_or(0))
}
