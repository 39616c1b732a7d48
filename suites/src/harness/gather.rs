//! Gathers the rows of a table into the numbers that judges estimate from and figures show.
//!
//! Judges call these with hundreds of closures, so what does not depend on one is in functions that are compiled once.

use std::collections::BTreeMap;

use super::{
    rows::{Row, succeeded},
    stats,
};

/// One number of each trial at the point that `at` picks, by trial: the last, where a trial has several rows. NaN for a
/// trial that failed, and for one that `at` finds at several points, so that no check on it passes and no control on it
/// vanishes.
pub fn by_trial<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> BTreeMap<u32, f64> {
    last(picked(rows, at, number))
}

/// A row's trial, its number within the trial, and what is read from it.
type Picked = (u32, u32, f64);

/// The rows at the points that `at` picks.
fn picked<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<Picked> {
    let mut picked = Vec::new();
    for row in rows {
        if at(&row.point) {
            picked.push((row.trial, row.record, row.value.as_ref().map_or(f64::NAN, &number)));
        }
    }
    picked
}

/// The last number of each trial.
fn last(picked: Vec<Picked>) -> BTreeMap<u32, f64> {
    let mut last = BTreeMap::<u32, (u32, f64)>::new();
    for (trial, record, x) in picked {
        // Rows of a trial at one point come in order; where the count begins anew, it is at another point.
        let again = last.get(&trial).is_some_and(|&(before, _)| record <= before);
        last.insert(trial, if again { (u32::MAX, f64::NAN) } else { (record, x) });
    }
    last.into_iter().map(|(trial, (_, x))| (trial, x)).collect()
}

/// The number of every row at the points that `at` picks, be they one or several; NaN for a trial that failed.
pub fn every<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<f64> {
    picked(rows, at, number).into_iter().map(|(_, _, x)| x).collect()
}

/// The numbers of [`by_trial`] alone.
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

fn quotients(above: Vec<Picked>, below: Vec<Picked>) -> Vec<f64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_of_a_trial_is_not_read_from_two_points() {
        let row = |point: u32, trial, record, value: f64| Row { point, trial, record, value: Ok(value) };
        let mut rows = vec![row(1, 0, 0, 10.0), row(1, 0, 1, 11.0), row(1, 1, 0, 12.0), row(2, 0, 0, 20.0)];
        rows.push(Row { value: Err("diverged".into()), ..row(2, 1, 0, 0.0) });
        assert_eq!(numbers(&rows, |p| *p == 1, |x| *x), [11.0, 12.0]);
        assert!(numbers(&rows, |_| true, |x| *x).iter().all(|x| x.is_nan()));
        assert_eq!(every(&rows, |_| true, |x| *x)[..4], [10.0, 11.0, 12.0, 20.0]);
        let over = ratios(&rows, |p| *p == 2, |p| *p == 1, |x| *x);
        assert!(over[0] == 20.0 / 11.0 && over[1].is_nan());
    }
}
