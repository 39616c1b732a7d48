//! Gathers the rows of a table into the numbers that judges estimate from and figures show.
//!
//! Judges call these with hundreds of closures, so what does not depend on one is in functions that are compiled once.

use std::collections::BTreeMap;

use super::{
    rows::{Row, succeeded},
    stats,
};

/// One number of each trial at the points that `at` picks, by trial; NaN for a trial that failed, so that no check on
/// it passes and no control on it vanishes.
pub fn by_trial<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> BTreeMap<u32, f64> {
    last(picked(rows, at, number))
}

/// The trial of each row at the points that `at` picks, and its number.
fn picked<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<(u32, f64)> {
    let mut picked = Vec::new();
    for row in rows {
        if at(&row.point) {
            picked.push((row.trial, row.value.as_ref().map_or(f64::NAN, &number)));
        }
    }
    picked
}

/// The last number of each trial.
fn last(picked: Vec<(u32, f64)>) -> BTreeMap<u32, f64> {
    picked.into_iter().collect()
}

/// The numbers alone.
pub fn numbers<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<f64> {
    last(picked(rows, at, number)).into_values().collect()
}

/// `number(a)/number(b)` of the trials at two points.
pub fn ratios<P, R>(
    rows: &[Row<P, R>],
    a: impl Fn(&P) -> bool,
    b: impl Fn(&P) -> bool,
    number: impl Fn(&R) -> f64,
) -> Vec<f64> {
    quotients(picked(rows, a, &number), picked(rows, b, &number))
}

fn quotients(above: Vec<(u32, f64)>, below: Vec<(u32, f64)>) -> Vec<f64> {
    let below = last(below);
    last(above).iter().filter_map(|(trial, x)| below.get(trial).map(|y| x / y)).collect()
}

/// For each trial, (abscissa, number) over all points that `at` picks: what slopes over seeds are fitted to.
pub fn series<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    x: impl Fn(&P) -> f64,
    number: impl Fn(&R) -> f64,
) -> Vec<Vec<(f64, f64)>> {
    let mut picked = Vec::new();
    for row in rows {
        if at(&row.point) {
            picked.push((row.trial, (x(&row.point), row.value.as_ref().map_or(f64::NAN, &number))));
        }
    }
    grouped(picked).into_values().collect()
}

/// The values of each key, in their order.
fn grouped<K: Ord, V>(pairs: Vec<(K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    pairs.into_iter().for_each(|(key, value)| groups.entry(key).or_default().push(value));
    groups
}

/// Median and interquartile range over trials of a number at each abscissa, for a line with its band.
pub fn band<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    point: impl Fn(&R) -> (f64, f64),
) -> Vec<(f64, f64, f64, f64)> {
    bands(succeeded(rows).filter(|(at_point, _, _)| at(at_point)).map(|(_, _, record)| point(record)).collect())
}

/// The same over points of a parameter: `x` is read from the point.
pub fn band_over<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    x: impl Fn(&P) -> f64,
    y: impl Fn(&R) -> f64,
) -> Vec<(f64, f64, f64, f64)> {
    bands(succeeded(rows).filter(|(point, _, _)| at(point)).map(|(point, _, record)| (x(point), y(record))).collect())
}

/// Bits of positive floats ascend with the floats.
fn bands(points: Vec<(f64, f64)>) -> Vec<(f64, f64, f64, f64)> {
    let quartile = |ys: &[f64], q| stats::quantile(ys, q).value;
    let columns = grouped(points.into_iter().map(|(x, y)| (x.to_bits(), y)).collect()).into_iter();
    columns.map(|(x, ys)| (f64::from_bits(x), quartile(&ys, 0.25), quartile(&ys, 0.5), quartile(&ys, 0.75))).collect()
}
