//! Cell lists.

use std::ops::Range;

use crate::error::{Error, argument};
use crate::kernel::fast::pack::{Packed, Rows};
use crate::kernel::fast::{effort, sums, tile::Gaussian};
use crate::kernel::points::Centred;
use crate::kernel::{Engine, Problem, column};
use crate::{Effort, Outcome, Status};

/// Cells on a side, at most, and as many in all are always allowed.
const MOST: usize = 4096;
/// Cells per point, at most, where that is more: others would be empty.
const SPARE: usize = 16;

/// `y = K x` to an error of `tol·‖x‖₁` in each entry, for `d ≤ 3`: keys farther than `√(2 ln(1/tol))` are left out. Points
/// are sorted into cells of that side, and the queries of a cell meet the keys of the `3ᵈ` cells about it in the tile.
///
/// Cost: density times `(3·side)ᵈ` entries per query, whatever the number of points. There are at most 16 cells per point:
/// where points are so far apart that it would take more, cells are larger. Memory: `O(n + m)`.
///
/// # Errors
///
/// As [`product`](crate::kernel::product()); more than three dimensions; a tolerance outside (0, 1).
pub fn cells(problem: &Problem<'_>, x: &[f64], tol: f64, engine: Engine) -> Result<Outcome<Vec<f64>>, Error> {
    problem.check(column(x))?;
    let points = Centred::new(problem, engine.par);
    let (n, m, d) = (points.n, points.m, points.d);
    argument((1..=3).contains(&d), "d", d as f64, "cell lists are for one to three dimensions")?;
    argument(tol > 0.0 && tol < 1.0, "tol", tol, "must be in (0, 1)")?;
    let mut y = vec![0.0; n];
    let mut done = Effort { iterations: 1, applications: 1, ..Effort::default() };
    if n == 0 || m == 0 {
        return Ok(Outcome { value: y, status: Status::Converged, effort: done });
    }
    let grid = Grid::new(&points, (2.0 * (1.0 / tol).ln()).sqrt());
    let keys = grid.sort(m, |j| points.key(j));
    let queries = grid.sort(n, |i| points.query(i));
    for cell in 0..grid.count() {
        let mine = queries.of(cell);
        let near: Vec<u32> = grid.around(cell).flat_map(|range| keys.cells(range).iter().copied()).collect();
        if mine.is_empty() || near.is_empty() {
            continue;
        }
        let packed = Packed::<f64>::keys(&points, &near, 1, |a, _| x[near[a] as usize], engine.par);
        let rows = Rows::queries(&points, mine.len(), |a| mine[a] as usize, engine.par);
        let values = sums(&rows, &packed, Gaussian, None, engine);
        mine.iter().zip(values).for_each(|(&i, value)| y[i as usize] = value);
        done += Effort { iterations: 0, applications: 0, ..effort(mine.len(), near.len(), d, 1) };
    }
    Ok(Outcome { value: y, status: Status::Converged, effort: done })
}

/// Cells over the box of all points.
struct Grid {
    origin: [f64; 3],
    /// Cells per unit.
    scale: [f64; 3],
    size: [usize; 3],
}

impl Grid {
    fn new(points: &Centred, side: f64) -> Self {
        let mut grid = Self { origin: [0.0; 3], scale: [0.0; 3], size: [1; 3] };
        for t in 0..points.d {
            let all = || points.queries.iter().chain(&points.keys).skip(t).step_by(points.d).copied();
            let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
            let cells = ((high - low) / side).floor().clamp(1.0, MOST as f64);
            grid.origin[t] = low;
            grid.size[t] = cells as usize;
            // The extent, for now.
            grid.scale[t] = high - low;
        }
        let most = MOST.max(SPARE.saturating_mul(points.n + points.m));
        while grid.count() > most {
            // Larger cells lose no pair.
            if let Some(longest) = grid.size.iter_mut().max() {
                *longest /= 2;
            }
        }
        for (scale, &size) in grid.scale.iter_mut().zip(&grid.size) {
            *scale = if *scale > 0.0 { size as f64 / *scale } else { 0.0 };
        }
        grid
    }

    fn count(&self) -> usize {
        self.size.iter().product()
    }

    fn cell(&self, point: &[f64]) -> usize {
        let place = |t: usize| {
            let x = point.get(t).map_or(0.0, |x| (x - self.origin[t]) * self.scale[t]);
            (x as usize).min(self.size[t] - 1)
        };
        (place(2) * self.size[1] + place(1)) * self.size[0] + place(0)
    }

    /// The cells about a cell, itself included: runs along the first coordinate.
    fn around(&self, cell: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let [a, b, c] = [cell % self.size[0], cell / self.size[0] % self.size[1], cell / self.size[0] / self.size[1]];
        let run = |x: usize, t: usize| x.saturating_sub(1)..(x + 2).min(self.size[t]);
        run(c, 2).flat_map(move |c| {
            run(b, 1).map(move |b| {
                let row = (c * self.size[1] + b) * self.size[0];
                let along = run(a, 0);
                row + along.start..row + along.end
            })
        })
    }

    /// Sorts points by cell, counting.
    fn sort<'p>(&self, count: usize, point: impl Fn(usize) -> &'p [f64]) -> Sorted {
        let mut starts = vec![0u32; self.count() + 1];
        let cells: Vec<usize> = (0..count).map(|i| self.cell(point(i))).collect();
        cells.iter().for_each(|&cell| starts[cell + 1] += 1);
        for cell in 0..self.count() {
            starts[cell + 1] += starts[cell];
        }
        let mut next = starts.clone();
        let mut order = vec![0; count];
        for (i, cell) in (0..).zip(cells) {
            order[next[cell] as usize] = i;
            next[cell] += 1;
        }
        Sorted { starts, order }
    }
}

/// Numbers of points, cell by cell.
struct Sorted {
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl Sorted {
    fn of(&self, cell: usize) -> &[u32] {
        self.cells(cell..cell + 1)
    }

    fn cells(&self, range: Range<usize>) -> &[u32] {
        &self.order[self.starts[range.start] as usize..self.starts[range.end] as usize]
    }
}
