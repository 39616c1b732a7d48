//! Gathers the rows of a table into the numbers that judges estimate from and figures show.

use std::collections::BTreeMap;

use super::{rows::Row, stats};

/// One number of each trial at the points that `at` picks, by trial; NaN for a trial that failed, so that no check on
/// it passes and no control on it vanishes.
pub fn by_trial<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> BTreeMap<u32, f64> {
    rows.iter()
        .filter(|row| at(&row.point))
        .map(|row| (row.trial, row.value.as_ref().map_or(f64::NAN, &number)))
        .collect()
}

/// The numbers alone.
pub fn numbers<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<f64> {
    by_trial(rows, at, number).into_values().collect()
}

/// `number(a)/number(b)` of the trials at two points.
pub fn ratios<P, R>(
    rows: &[Row<P, R>],
    a: impl Fn(&P) -> bool,
    b: impl Fn(&P) -> bool,
    number: impl Fn(&R) -> f64,
) -> Vec<f64> {
    let below = by_trial(rows, b, &number);
    by_trial(rows, a, &number).iter().filter_map(|(trial, x)| below.get(trial).map(|y| x / y)).collect()
}

/// For each trial, (abscissa, number) over all points that `at` picks: what slopes over seeds are fitted to.
pub fn series<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    x: impl Fn(&P) -> f64,
    number: impl Fn(&R) -> f64,
) -> Vec<Vec<(f64, f64)>> {
    let mut trials: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| at(&row.point)) {
        let y = row.value.as_ref().map_or(f64::NAN, &number);
        trials.entry(row.trial).or_default().push((x(&row.point), y));
    }
    trials.into_values().collect()
}

/// Median and interquartile range over trials of a number at each abscissa, for a line with its band.
pub fn band<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    point: impl Fn(&R) -> (f64, f64),
) -> Vec<(f64, f64, f64, f64)> {
    let mut columns: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| at(&row.point)) {
        if let Ok(record) = &row.value {
            let (x, y) = point(record);
            columns.entry(x.to_bits()).or_default().push(y);
        }
    }
    bands(columns)
}

/// The same over points of a parameter: `x` is read from the point.
pub fn band_over<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    x: impl Fn(&P) -> f64,
    y: impl Fn(&R) -> f64,
) -> Vec<(f64, f64, f64, f64)> {
    let mut columns: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| at(&row.point)) {
        if let Ok(record) = &row.value {
            columns.entry(x(&row.point).to_bits()).or_default().push(y(record));
        }
    }
    bands(columns)
}

/// Bits of positive floats ascend with the floats.
fn bands(columns: BTreeMap<u64, Vec<f64>>) -> Vec<(f64, f64, f64, f64)> {
    let quartile = |ys: &[f64], q| stats::quantile(ys, q).value;
    let line = columns.into_iter();
    line.map(|(x, ys)| (f64::from_bits(x), quartile(&ys, 0.25), quartile(&ys, 0.5), quartile(&ys, 0.75))).collect()
}
