//! From data to what can be drawn: ranges, pixels, clipping, thinning.

use plotters::coord::CoordTranslate;
use plotters::prelude::Cartesian2d;

use super::look::Point;
use super::scale::{Scale, place};
use super::{Axis, Interval, Mark, Panel, Spacing};

/// Maps data to tenths of pixels.
pub(super) type Plot = Cartesian2d<Scale, Scale>;

/// The plotting rectangle in tenths of a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Window {
    fn holds(&self, (x, y): Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// A mark in pixels, clipped and thinned.
#[derive(Default)]
pub(super) struct Curve {
    /// Connected pieces of the line.
    pub pieces: Vec<Vec<Point>>,
    /// Outlines of the band.
    pub bands: Vec<Vec<Point>>,
    /// Where markers stand.
    pub dots: Vec<Point>,
    /// Whiskers from low to high.
    pub whiskers: Vec<(Point, Point)>,
}

/// The smallest and the largest of some values.
type Extent = Option<(f64, f64)>;

fn widen(extent: Extent, value: f64) -> Extent {
    Some(extent.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
}

/// The axes of a panel: around the data; reference lines may widen them by a third at most, levels as far as needed.
pub(super) fn scales(panel: &Panel) -> (Scale, Scale) {
    let (mut x, mut y): (Extent, Extent) = (None, None);
    let mut add = |at: f64, values: &[f64]| {
        let Some(position) = shown(&panel.x, at) else { return };
        for value in values {
            if let Some(value) = shown(&panel.y, *value) {
                x = widen(x, position);
                y = widen(y, value);
            }
        }
    };
    for mark in &panel.marks {
        match mark {
            Mark::Line { points, .. } | Mark::Points { points, .. } => points.iter().for_each(|p| add(p.0, &[p.1])),
            Mark::Band { points, .. } | Mark::Whiskers { points, .. } => {
                points
                    .iter()
                    .filter(|p| shown(&panel.y, p.mid).is_some())
                    .for_each(|p| add(p.x, &[p.low, p.mid, p.high]));
            }
            _ => {}
        }
    }
    for mark in &panel.marks {
        match mark {
            Mark::VLine { x: at, .. } => x = place(&panel.x.spacing, *at).map_or(x, |at| widen(x, at)),
            Mark::HLine { y: at, .. } => y = place(&panel.y.spacing, *at).map_or(y, |at| widen(y, at)),
            Mark::Bars(bars) => {
                let zero = (panel.x.spacing == Spacing::Linear).then_some(0.0);
                let ends = bars.iter().flat_map(|b| [Some(b.value), b.interval.map(|i| i.0), b.interval.map(|i| i.1)]);
                for end in ends.flatten().filter_map(|v| shown(&panel.x, v)).chain(zero) {
                    x = widen(x, end);
                }
            }
            _ => {}
        }
    }
    let (data_x, data_y) = (x, y);
    for mark in &panel.marks {
        if let Mark::Theory { points, .. } | Mark::Guide { points, .. } = mark {
            for point in points {
                if let (Some(px), Some(py)) = (place(&panel.x.spacing, point.0), place(&panel.y.spacing, point.1)) {
                    x = widen(x, within(data_x, px));
                    y = widen(y, within(data_y, py));
                }
            }
        }
    }
    (Scale::fit(&panel.x, x), Scale::fit(&panel.y, y))
}

/// The position of a value that the axis shows.
fn shown(axis: &Axis, value: f64) -> Option<f64> {
    let inside = axis.range.filter(|(low, high)| low < high).is_none_or(|(low, high)| (low..=high).contains(&value));
    place(&axis.spacing, value).filter(|_| inside)
}

/// A value moved to within a third of the data's span around the data.
fn within(data: Extent, value: f64) -> f64 {
    data.map_or(value, |(low, high)| value.clamp(low - (high - low) / 3.0, high + (high - low) / 3.0))
}

/// A line, with markers where there are few points.
pub(super) fn line(plot: &Plot, window: Window, points: &[(f64, f64)], most: usize) -> Curve {
    let mut curve = Curve::default();
    for run in runs(plot, points.iter().map(|&(x, y)| (x, [y; 3]))) {
        let path: Vec<Point> = run.iter().map(|p| (p.0, p.1[1])).collect();
        let keep = thin(&path, most);
        curve.pieces.extend(clip(&keep.iter().map(|&k| path[k]).collect::<Vec<_>>(), window));
        if path.len() == 1 || points.len() <= 16 {
            curve.dots.extend(path.iter().filter(|p| window.holds(**p)));
        }
    }
    curve
}

/// A line with its band. An end that the axis cannot show (zero, on a logarithmic one) lies at the window's edge.
pub(super) fn band(plot: &Plot, window: Window, points: &[Interval], most: usize) -> Curve {
    let mut curve = Curve::default();
    for run in runs(plot, points.iter().map(|p| (p.x, [p.low, p.mid, p.high]))) {
        let path: Vec<Point> = run.iter().map(|p| (p.0, p.1[1])).collect();
        let keep = thin(&path, most);
        curve.pieces.extend(clip(&keep.iter().map(|&k| path[k]).collect::<Vec<_>>(), window));
        let edge = |k: &usize, end: usize| (run[*k].0, run[*k].1[end].clamp(window.top, window.bottom));
        let inside: Vec<usize> =
            keep.into_iter().filter(|&k| (window.left..=window.right).contains(&path[k].0)).collect();
        if inside.len() > 1 {
            curve
                .bands
                .push(inside.iter().map(|k| edge(k, 0)).chain(inside.iter().rev().map(|k| edge(k, 2))).collect());
        }
        if path.len() == 1 || points.len() <= 40 {
            curve.dots.extend(path.iter().filter(|p| window.holds(**p)));
        }
        if path.len() == 1 {
            curve.whiskers.extend(inside.iter().map(|k| (edge(k, 0), edge(k, 2))));
        }
    }
    curve
}

/// Points that are not joined; of points that cover each other one is kept.
pub(super) fn cloud(plot: &Plot, window: Window, points: &[(f64, f64)], most: usize) -> Curve {
    let mut seen = std::collections::BTreeSet::new();
    let dots: Vec<Point> = runs(plot, points.iter().map(|&(x, y)| (x, [y; 3])))
        .into_iter()
        .flatten()
        .map(|p| (p.0, p.1[1]))
        .filter(|p| window.holds(*p) && seen.insert((p.0 / 10, p.1 / 10)))
        .collect();
    let stride = dots.len().div_ceil(2 * most).max(1);
    Curve { dots: dots.into_iter().step_by(stride).collect(), ..Curve::default() }
}

/// Points with whiskers, moved sideways by `shift`.
pub(super) fn whiskers(plot: &Plot, window: Window, points: &[Interval], shift: i32) -> Curve {
    let mut curve = Curve::default();
    for (x, ys) in runs(plot, points.iter().map(|p| (p.x, [p.low, p.mid, p.high]))).into_iter().flatten() {
        let at = (x + shift, ys[1]);
        if window.holds(at) {
            let [low, _, high] = ys.map(|y| (at.0, y.clamp(window.top, window.bottom)));
            curve.dots.push(at);
            curve.whiskers.push((low, high));
        }
    }
    curve
}

/// Stretches of points that can be shown, in pixels: `x` and low, middle, high `y`.
fn runs(plot: &Plot, points: impl Iterator<Item = (f64, [f64; 3])>) -> Vec<Vec<(i32, [i32; 3])>> {
    let (scale_x, scale_y) = (plot.x_spec(), plot.y_spec());
    let mut out = vec![Vec::new()];
    for (x, ys) in points {
        if scale_x.position(x).is_none() || scale_y.position(ys[1]).is_none() {
            out.push(Vec::new());
            continue;
        }
        let at = |value: f64, missing: i32| {
            if scale_y.position(value).is_some() { plot.translate(&(x, value)).1 } else { missing }
        };
        let mid = plot.translate(&(x, ys[1]));
        let (floor, roof) = if ys[0].is_nan() || ys[2].is_nan() { (mid.1, mid.1) } else { (i32::MAX, i32::MIN) };
        if let Some(run) = out.last_mut() {
            run.push((mid.0, [at(ys[0], floor), mid.1, at(ys[2], roof)]));
        }
    }
    out.retain(|run| !run.is_empty());
    out
}

/// Indices of at most `most` points that keep the line's shape: in each of equally many-pointed buckets the point that
/// spans the largest triangle with its neighbours (S. Steinarsson's thesis, Reykjavík 2013, "LTTB").
fn thin(path: &[Point], most: usize) -> Vec<usize> {
    let (n, most) = (path.len(), most.max(3));
    if n <= most {
        return (0..n).collect();
    }
    let edge = |bucket: usize| 1 + bucket * (n - 2) / (most - 2);
    let mut keep = vec![0];
    let mut last = path[0];
    for bucket in 0..most - 2 {
        let next = if bucket + 3 > most - 1 { n - 1..n } else { edge(bucket + 1)..edge(bucket + 2) };
        let count = next.len() as f64;
        let mean_x = path[next.clone()].iter().map(|p| f64::from(p.0)).sum::<f64>() / count;
        let mean_y = path[next].iter().map(|p| f64::from(p.1)).sum::<f64>() / count;
        let area = |p: Point| {
            let (ax, ay) = (f64::from(last.0), f64::from(last.1));
            ((mean_x - ax) * (f64::from(p.1) - ay) - (mean_y - ay) * (f64::from(p.0) - ax)).abs()
        };
        let best = (edge(bucket)..edge(bucket + 1)).max_by(|&i, &j| area(path[i]).total_cmp(&area(path[j])));
        if let Some(best) = best {
            keep.push(best);
            last = path[best];
        }
    }
    keep.push(n - 1);
    keep
}

/// The parts of a path inside the window.
fn clip(path: &[Point], window: Window) -> Vec<Vec<Point>> {
    let mut out: Vec<Vec<Point>> = Vec::new();
    for pair in path.windows(2) {
        let Some((from, to)) = cut(pair[0], pair[1], window) else { continue };
        match out.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => out.push(vec![from, to]),
        }
    }
    out
}

/// The part of a segment inside the window (Liang and Barsky).
fn cut(from: Point, to: Point, window: Window) -> Option<(Point, Point)> {
    let (x, y) = (f64::from(from.0), f64::from(from.1));
    let (dx, dy) = (f64::from(to.0) - x, f64::from(to.1) - y);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-dx, x - f64::from(window.left)),
        (dx, f64::from(window.right) - x),
        (-dy, y - f64::from(window.top)),
        (dy, f64::from(window.bottom) - y),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            start = start.max(room / step);
        } else {
            end = end.min(room / step);
        }
    }
    let at = |t: f64| ((x + t * dx).round() as i32, (y + t * dy).round() as i32);
    (start <= end).then(|| (at(start), at(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { left: 0, top: 0, right: 100, bottom: 100 };

    #[test]
    fn thinning_keeps_ends_and_peaks() {
        let path: Vec<Point> = (0..1000).map(|i| (i, if i == 617 { 500 } else { 0 })).collect();
        let keep = thin(&path, 50);
        assert!(keep.len() <= 50 && keep.is_sorted());
        assert!(keep.contains(&0) && keep.contains(&999) && keep.contains(&617), "{keep:?}");
        assert_eq!(thin(&path[..7], 50), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn clipping_cuts_at_the_window() {
        assert_eq!(clip(&[(-50, 50), (50, 50), (150, 50)], WINDOW), [[(0, 50), (50, 50), (100, 50)]]);
        assert_eq!(clip(&[(50, -100), (50, 200)], WINDOW), [[(50, 0), (50, 100)]]);
        assert!(clip(&[(-5, -5), (-5, 200)], WINDOW).is_empty());
        let twice = clip(&[(10, 50), (50, 150), (90, 50)], WINDOW);
        assert_eq!(twice.len(), 2);
    }
}
