//! The engineered product.
//!
//! # What the machine allows
//!
//! Eight entries in double precision take `d + 1` fused multiply-adds of eight lanes and, for the exponential, 13 more and
//! a scaling. [`limit`] runs just these. On one core of a Xeon with AVX-512, 2048 queries and 2048 keys in 64
//! dimensions take 6.2 ms for the multiply-adds and 1.6 ms for the exponentials, the tile 8.3 ms, and 8.7 ms with packing.
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

use std::borrow::Cow;
use std::marker::PhantomData;

use faer::{Mat, MatRef, Par};

pub use self::limit::limit;

use self::pack::{Packed, Rows};
use self::tile::{Gaussian, Products, Profile, Tile};
use self::vector::{Line, Real};
use super::points::{Centred, Frame};
use super::{Engine, Points, Problem};
use crate::parallel::map_chunks;
use crate::{Effort, Error, Outcome, Status};

/// Queries of a task: their sums and coordinates stay in the first cache. The number does not depend on the number of
/// threads.
pub(crate) const SLICE: usize = 6 * pack::TOGETHER;

/// `Y = K X` in the precision of `T`, see [`Variant`](super::Variant).
pub(crate) fn product<T: Real>(
    problem: &Problem<'_>,
    x: MatRef<'_, f64>,
    engine: Engine,
) -> Result<Outcome<Mat<f64>>, Error> {
    problem.check(x)?;
    let frame = Frame::new(problem);
    let (n, m, d) = (problem.queries().len(), problem.keys().len(), problem.keys().dimension());
    let put = |points: &Points, i: usize, out: &mut [f64]| -0.5 * frame.place(points.point(i), out);
    let key = |j: usize, out: &mut [f64]| put(problem.keys(), j, out);
    let keys = Packed::<T>::new(d, m, x.ncols(), key, |j, c| x[(j, c)], engine.par);
    // Queries are packed when their turn comes, and stay in cache.
    let slice = |first: usize, count: usize| {
        let query = |i: usize, out: &mut [f64]| put(problem.queries(), first + i, out);
        (Cow::Owned(Rows::new(d, count, query, Par::Seq)), 0)
    };
    let sums = slices(n, slice, &keys, Gaussian, None, engine);
    let value = Mat::from_fn(n, x.ncols(), |i, c| sums[i * x.ncols() + c]);
    Ok(Outcome { value, status: Status::Converged, effort: effort(n, m, d, x.ncols()) })
}

/// The work of a tile of `n` queries and `m` keys.
pub(crate) fn effort(n: usize, m: usize, d: usize, sides: usize) -> Effort {
    let entries = n as u64 * m as u64;
    Effort { entries, flops: entries * (2 * d + 2 * sides + 2) as u64, iterations: 1, applications: sides as u64 }
}

/// Weighted sums over all keys for each query, `[query][side]`.
pub(crate) fn sums<T: Real, K: Profile>(
    rows: &Rows<T>,
    keys: &Packed<T>,
    profile: K,
    limit: Option<f64>,
    engine: Engine,
) -> Vec<f64> {
    slices(rows.len(), |first, _| (Cow::Borrowed(rows), first), keys, profile, limit, engine)
}

/// Slices of queries in parallel, no reduction. `rows(first, count)` has the queries of a slice from its second result on.
/// Where squared norms are so large that products would cancel, coordinates are subtracted before they are squared.
fn slices<'r, T: Real, K: Profile>(
    n: usize,
    rows: impl Fn(usize, usize) -> (Cow<'r, Rows<T>>, usize) + Sync,
    keys: &Packed<T>,
    _: K,
    limit: Option<f64>,
    engine: Engine,
) -> Vec<f64> {
    let sides = keys.sides;
    let mut y = vec![0.0; n * sides];
    if sides == 0 {
        return y;
    }
    let farthest = keys.offsets.iter().flat_map(|line| line.0.as_ref()).fold(0.0, |a: f64, x| a.min(x.widen()));
    // An entry takes the time of moving a few numbers.
    map_chunks(engine.par, 4 * n * keys.panels() * T::LANES, &mut y, SLICE * sides, |slice, y| {
        let count = y.len() / sides;
        let (rows, first) = rows(slice * SLICE, count);
        let farthest = rows.offsets[first..first + count].iter().fold(farthest, |a, x| a.min(x.widen()));
        let direct = K::DIRECT || T::EPSILON * (-2.0 * farthest) > T::CANCELLATION;
        T::dispatch(engine.simd, Tile { rows: &rows, first, keys, profile: PhantomData::<K>, direct, limit, y });
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
    let largest = points.largest();
    let fits = f32::EPSILON as f64 * largest <= <f32 as Real>::CANCELLATION;
    crate::error::argument(fits, "largest squared norm", largest, "must be at most 8000 for single precision")?;
    let key = |j: usize, out: &mut [f64]| points.put_key(j, out);
    let keys = Packed::<f32>::new(points.d, points.m, 0, key, |_, _| 0.0, engine.par);
    let rows = Rows::all(&points, engine.par);
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
