//! The fast Gauss transform.

use std::collections::BTreeMap;

use crate::error::{Error, InputError, argument};
use crate::kernel::{Problem, column};
use crate::{Effort, Outcome, Status};

/// Beyond this many `√δ` a box is not felt: `e^{−36}`.
const REACH: f64 = 6.0;
/// Half-sides of boxes. A query passes `REACH/ρ` rows of boxes, and powers of large `ρ` overflow.
const BOXES: std::ops::RangeInclusive<f64> = 1e-4..=1e3;
/// Boxes on either side of the origin: their numbers are exact.
const FARTHEST: f64 = (1u64 << 53) as f64;

/// `y ≈ K x` in two dimensions by Hermite expansions of order `p` (Greengard & Strain 1991), `δ = 2σ²`: sources in boxes
/// of half-side `rho·√δ` about a centre `c` have the moments
///
/// ```text
/// A_ab = (1/(a! b!)) Σ_j x_j ((k_j − c)/√δ)^(a,b),   a, b < p,
/// ```
///
/// and a target within six `√δ` of the box adds `Σ A_ab h_a(z₁) h_b(z₂)`, `z = (q − c)/√δ`, with the Hermite functions
/// `h_a(z) = e^{−z²} H_a(z)`. The error falls geometrically with `p`, faster for small boxes, down to the rounding
/// of `z`: `eps` times a point's distance to the origin in units of `√δ`.
///
/// Cost: `mp²` for the moments and `p²` for each pair of a target and a box that it feels.
///
/// # Errors
///
/// As [`product`](crate::kernel::product()); a dimension other than two; an order outside 1 … 60; `rho` outside 1e-4 … 1e3;
/// a coordinate of 2⁵³ boxes or more.
pub fn gauss(problem: &Problem<'_>, x: &[f64], p: usize, rho: f64) -> Result<Outcome<Vec<f64>>, Error> {
    problem.check(column(x))?;
    let (queries, keys) = (problem.queries(), problem.keys());
    argument(keys.dimension() == 2, "d", keys.dimension() as f64, "this transform is for two dimensions")?;
    argument((1..=60).contains(&p), "p", p as f64, "must be in 1 … 60")?;
    argument(BOXES.contains(&rho), "rho", rho, "must be in 1e-4 … 1e3")?;
    let unit = std::f64::consts::SQRT_2 * problem.sigma();
    let side = 2.0 * rho;
    let far = |x: &&f64| (*x / unit / side).abs() >= FARTHEST;
    if let Some(&value) = queries.coordinates().iter().chain(keys.coordinates()).find(far) {
        let requirement = "must be within 2⁵³ boxes of the origin";
        return Err(InputError::Argument { name: "coordinate", value, requirement }.into());
    }
    let place = |k: &[f64]| [(k[0] / unit / side).floor() as i64, (k[1] / unit / side).floor() as i64];
    let centre = |cell: [i64; 2]| cell.map(|c| (c as f64 + 0.5) * side);
    let mut boxes: BTreeMap<[i64; 2], Vec<f64>> = BTreeMap::new();
    let (mut powers, mut hermite) = ([vec![0.0; p], vec![0.0; p]], [vec![0.0; p], vec![0.0; p]]);
    for (j, &x) in x.iter().enumerate() {
        let key = keys.point(j);
        let cell = place(key);
        let c = centre(cell);
        for t in 0..2 {
            let z = key[t] / unit - c[t];
            powers[t][0] = 1.0;
            for a in 1..p {
                powers[t][a] = powers[t][a - 1] * z / a as f64;
            }
        }
        let moments = boxes.entry(cell).or_insert_with(|| vec![0.0; p * p]);
        for a in 0..p {
            let along = x * powers[0][a];
            moments[a * p..(a + 1) * p].iter_mut().zip(&powers[1]).for_each(|(m, b)| *m += along * b);
        }
    }
    let mut effort = Effort { iterations: 1, applications: 1, ..Effort::default() };
    effort.flops += (2 * p * p * x.len()) as u64;
    let reach = (REACH / side).ceil() as i64 + 1;
    let mut y = vec![0.0; queries.len()];
    for (i, y) in y.iter_mut().enumerate() {
        let query = queries.point(i);
        let mine = place(query);
        for first in -reach..=reach {
            let row = [mine[0] + first, mine[1] - reach]..=[mine[0] + first, mine[1] + reach];
            for (&cell, moments) in boxes.range(row) {
                let c = centre(cell);
                let z = [query[0] / unit - c[0], query[1] / unit - c[1]];
                if z.iter().any(|z| z.abs() > REACH + rho) {
                    continue;
                }
                for t in 0..2 {
                    hermite[t][0] = (-z[t] * z[t]).exp();
                    for a in 1..p {
                        let before = if a > 1 { 2.0 * (a - 1) as f64 * hermite[t][a - 2] } else { 0.0 };
                        hermite[t][a] = 2.0 * z[t] * hermite[t][a - 1] - before;
                    }
                }
                for a in 0..p {
                    let along: f64 = moments[a * p..(a + 1) * p].iter().zip(&hermite[1]).map(|(m, h)| m * h).sum();
                    *y += hermite[0][a] * along;
                }
                effort.entries += 1;
                effort.flops += (2 * p * p) as u64;
            }
        }
    }
    Ok(Outcome { value: y, status: Status::Converged, effort })
}
