//! The engineered product.
//!
//! # What the machine allows
//!
//! Eight entries in double precision take `d + 1` fused multiply-adds of eight lanes and, for the exponential, 13 more and
//! a scaling. [`limit`] runs just these. On one core of a Xeon with AVX-512, 2048 queries and 2048 keys in 64
//! dimensions take 6.2 ms for the multiply-adds and 1.6 ms for the exponentials, the tile 8.2 ms, and 9.1 ms with packing.
//!
//! A user of scikit-learn 1.9 (NumPy 2.4, OpenBLAS 0.3 with its AVX-512 kernels) multiplies with blocks of `rbf_kernel` in
//! 28 ms: about 11 ms for the matrix product, 7 ms for `np.exp`, 1 ms for the last product, the rest for passes over a
//! block of 32 MiB. Without these passes, 32 rows at a time, it takes 22 ms. So the tile is about three times as fast, and
//! five times is out of reach at `d = 64`: it would have to be done in 5.6 ms, less than the multiply-adds alone take. In
//! single precision (4.7 ms) it is six times, in 8 dimensions, where exponentials dominate (2.9 ms against 31 ms), ten.

pub(crate) mod pack;
pub(crate) mod tile;
pub(crate) mod vector;

mod limit;

use std::marker::PhantomData;

use faer::{Mat, MatRef};

pub use self::limit::limit;

use self::pack::{Packed, Rows};
use self::tile::{Gaussian, Products, Profile, Tile};
use self::vector::{Line, Real};
use super::points::{Centred, for_each_chunk};
use super::{Engine, Problem};
use crate::{Effort, Error, Outcome, Status};

/// Queries of a task: their sums and coordinates stay in the second cache. The number does not depend on the number of
/// threads.
pub(crate) const SLICE: usize = 16 * pack::TOGETHER;

/// `Y = K X` in the precision of `T`, see [`Variant`](super::Variant).
pub(crate) fn product<T: Real>(
    problem: &Problem<'_>,
    x: MatRef<'_, f64>,
    engine: Engine,
) -> Result<Outcome<Mat<f64>>, Error> {
    problem.check(x)?;
    let points = Centred::new(problem, engine.par);
    let direct = T::EPSILON * points.largest > T::CANCELLATION;
    let chosen: Vec<u32> = (0..points.m as u32).collect();
    let keys = Packed::<T>::keys(&points, &chosen, x.ncols(), direct, |j, c| x[(j, c)], engine.par);
    let rows = Rows::all(&points, direct, engine.par);
    let sums = sums(&rows, &keys, Gaussian, direct, None, engine);
    let value = Mat::from_fn(points.n, x.ncols(), |i, c| sums[i * x.ncols() + c]);
    let effort = effort(points.n, points.m, points.d, x.ncols());
    Ok(Outcome { value, status: Status::Converged, effort })
}

/// The work of a tile of `n` queries and `m` keys.
pub(crate) fn effort(n: usize, m: usize, d: usize, sides: usize) -> Effort {
    let entries = n as u64 * m as u64;
    Effort { entries, flops: entries * (2 * d + 2 * sides + 2) as u64, iterations: 1, applications: sides as u64 }
}

/// Weighted sums over all keys for each query, `[query][side]`: slices of queries in parallel, no reduction.
pub(crate) fn sums<T: Real, K: Profile>(
    rows: &Rows<T>,
    keys: &Packed<T>,
    _: K,
    direct: bool,
    limit: Option<f64>,
    engine: Engine,
) -> Vec<f64> {
    let (n, sides) = (rows.len(), keys.sides);
    let mut y = vec![0.0; n * sides];
    if sides == 0 {
        return y;
    }
    // An entry takes the time of moving a few numbers.
    for_each_chunk(engine.par, 4 * n * keys.panels() * T::LANES, &mut y, SLICE * sides, |slice, y| {
        let direct = direct || K::DIRECT;
        T::dispatch(
            engine.simd,
            Tile { rows, first: slice * SLICE, keys, profile: PhantomData::<K>, direct, limit, y },
        );
    });
    y
}

/// All exponents `u_ij`, row by row, in single precision: for statistics of small problems. Memory `nm`.
///
/// # Errors
///
/// Points so far apart that single precision would cancel: squared norms above 8000 bandwidths squared.
pub fn exponents(problem: &Problem<'_>, engine: Engine) -> Result<Vec<f32>, Error> {
    let points = Centred::new(problem, engine.par);
    let fits = f32::EPSILON as f64 * points.largest <= <f32 as Real>::CANCELLATION;
    crate::error::argument(fits, "largest squared norm", points.largest, "must be at most 8000 for single precision")?;
    let half = |j: usize| -points.half_key(j);
    let keys = Packed::<f32>::new(points.d, points.m, 0, |j| points.key(j), half, |_, _| 0.0, engine.par);
    let rows = Rows::all(&points, false, engine.par);
    let panels = keys.panels();
    let mut out = Vec::with_capacity(points.n * points.m);
    let mut block = vec![Line(<f32 as Real>::Lanes::default()); pack::TOGETHER * panels];
    for first in (0..points.n).step_by(pack::TOGETHER) {
        f32::dispatch(engine.simd, Products { rows: &rows, first, keys: &keys, out: &mut block });
        for row in block.chunks_exact(panels.max(1)).take(points.n - first) {
            out.extend(row.iter().flat_map(|line| line.0).take(points.m).map(|exponent| (-exponent).max(0.0)));
        }
    }
    Ok(out)
}
