//! Which iterations to store, and where a stored curve crosses a level.

/// Iteration numbers in 0..=`last` at which to store a trajectory: sorted, distinct, 0, 1 and `last` among them, equally
/// spaced on a logarithmic scale as far as integers allow.
///
/// Exactly min(`count`, `last` + 1) numbers, a `count` below 3 being read as 3.
#[must_use]
pub fn log_spaced(last: usize, count: usize) -> Vec<usize> {
    let count = count.max(3);
    if last < count {
        return (0..=last).collect();
    }
    let mut chosen = vec![0, 1];
    let mut current = 1_usize;
    // The ratio is recomputed at each step, since the first steps cannot be shorter than one.
    for remaining in (2..=count - 2).rev() {
        let ratio = (last as f64 / current as f64).powf(1.0 / remaining as f64);
        current = (current + 1).max((current as f64 * ratio).round() as usize);
        chosen.push(current);
    }
    chosen.push(last);
    chosen
}

/// The x at which y, interpolated linearly between neighbours, first equals `level`; from either side.
///
/// An infinite y reaches the level at its neighbour. `None` when the level is never reached, for slices of unequal
/// length and when a number is NaN, or an x or the level infinite.
#[must_use]
pub fn crossing(x: &[f64], y: &[f64], level: f64) -> Option<f64> {
    if x.len() != y.len() || !level.is_finite() || !x.iter().all(|v| v.is_finite()) || y.iter().any(|v| v.is_nan()) {
        return None;
    }
    if *y.first()? == level {
        return x.first().copied();
    }
    let segment = y.windows(2).position(|w| w[1] == level || (w[0] < level) != (w[1] < level))?;
    let (x0, x1, y0, y1) = (x[segment], x[segment + 1], y[segment], y[segment + 1]);
    let weight = if y0.is_infinite() { 1.0 } else { (level - y0) / (y1 - y0) };
    Some((1.0 - weight) * x0 + weight * x1)
}
