//! An estimate drawn against its accepted range: a small SVG bar.

use std::fmt::Write as _;

/// Size of the drawing in its own units, which are pixels where there is room.
const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 20.0;
/// Free space at both ends, as a share of the data's extent.
const MARGIN: f64 = 0.14;
/// Positive values that differ by more than this factor are spread by their logarithm.
const LOG_FROM: f64 = 30.0;

/// The bar of an estimate with interval `ci` and accepted range `accept`; empty where there is nothing to draw.
///
/// It repeats numbers that stand beside it, so it is hidden from screen readers. Colours come from the page: class `in`
/// is the accepted range, `lim` a limit of it, `ci` the interval, `est` the estimate.
pub fn svg(estimate: f64, ci: (f64, f64), accept: (f64, f64)) -> String {
    let Some(axis) = Axis::new(estimate, ci, accept) else { return String::new() };
    let (low, high) = (axis.at(accept.0), axis.at(accept.1));
    let mut out = format!("<svg class=\"bar\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">");
    let _ = write!(out, "<path class=\"axis\" d=\"M0 10H{WIDTH}\"/>");
    let _ = write!(out, "<rect class=\"in\" x=\"{low:.1}\" y=\"3\" width=\"{:.1}\" height=\"14\"/>", high - low);
    for limit in [accept.0, accept.1].into_iter().filter(|limit| axis.shows(*limit)) {
        let _ = write!(out, "<path class=\"lim\" d=\"M{:.1} 1V19\"/>", axis.at(limit));
    }
    if !ci.0.is_nan() && !ci.1.is_nan() {
        let _ = write!(out, "<path class=\"ci\" d=\"M{:.1} 10H{:.1}\"/>", axis.at(ci.0), axis.at(ci.1));
    }
    let x = axis.at(estimate);
    if estimate.is_finite() {
        let _ = write!(out, "<circle class=\"est\" cx=\"{x:.1}\" cy=\"10\" r=\"3.5\"/>");
    } else {
        // Off the scale: an arrow at the end that it lies beyond.
        let tip = if estimate > 0.0 { -6.0 } else { 6.0 };
        let _ = write!(out, "<path class=\"est\" d=\"M{x:.1} 10l{tip} -4v8z\"/>");
    }
    out.push_str("</svg>");
    out
}

/// The bar of a ratio on a logarithmic axis that all ratios of a case share, `ends` being the least and the largest of
/// them; the line marks 1.
pub fn ratio(ratio: f64, ci: (f64, f64), ends: (f64, f64)) -> String {
    let (least, largest) = (ends.0.log10(), ends.1.log10());
    let margin = MARGIN * (largest - least).max(0.1);
    let axis = Axis { log: true, from: least - margin, to: largest + margin };
    let (one, low, high, x) = (axis.at(1.0), axis.at(ci.0), axis.at(ci.1), axis.at(ratio));
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\"><path class=\"axis\" d=\"M0 10H{WIDTH}\"/>\
         <path class=\"lim\" d=\"M{one:.1} 1V19\"/><path class=\"ci\" d=\"M{low:.1} 10H{high:.1}\"/>\
         <circle class=\"est\" cx=\"{x:.1}\" cy=\"10\" r=\"3.5\"/></svg>"
    )
}

/// Where values stand: evenly or by logarithm, between the ends of what has to be seen.
struct Axis {
    log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(estimate: f64, ci: (f64, f64), accept: (f64, f64)) -> Option<Self> {
        if estimate.is_nan() {
            return None;
        }
        let values: Vec<f64> =
            [estimate, ci.0, ci.1, accept.0, accept.1].into_iter().filter(|x| x.is_finite()).collect();
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        };
        let (smallest, largest) = ends(&mut values.iter().copied().filter(|x| *x > 0.0));
        let log = values.iter().all(|x| *x >= 0.0) && largest > LOG_FROM * smallest;
        let spread = |x: f64| if log { x.log10() } else { x };
        let (low, high) = ends(&mut values.into_iter().map(spread).filter(|x| x.is_finite()));
        let extent = if high > low { high - low } else { low.abs().max(1.0) };
        let (from, to) = (low - MARGIN * extent, high + MARGIN * extent);
        (low <= high && from.is_finite() && to.is_finite()).then_some(Self { log, from, to })
    }

    /// Position of a value; what lies beyond an end stands at it.
    fn at(&self, x: f64) -> f64 {
        let x = if self.log { x.max(0.0).log10() } else { x };
        WIDTH * ((x - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    /// Whether a value lies on the axis.
    fn shows(&self, x: f64) -> bool {
        x.is_finite() && (!self.log || x > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: f64 = f64::INFINITY;

    #[test]
    fn an_open_range_reaches_the_edge() {
        let svg = svg(1.0, (0.9, 1.1), (-OPEN, 2.0));
        assert!(svg.contains("class=\"in\" x=\"0.0\""), "{svg}");
        assert_eq!(svg.matches("class=\"lim\"").count(), 1);
    }

    #[test]
    fn magnitudes_apart_are_spread_by_logarithm() {
        let axis = |e, ci, accept| Axis::new(e, ci, accept).map(|a| a.log);
        assert_eq!(axis(1e-15, (1e-16, 1e-14), (-OPEN, 1e-9)), Some(true));
        assert_eq!(axis(1e-15, (0.0, 1e-14), (0.0, 1e-9)), Some(true));
        assert_eq!(axis(1.0, (-0.5, 100.0), (-OPEN, 2.0)), Some(false));
        assert_eq!(axis(1.0, (0.9, 1.1), (0.95, 1.05)), Some(false));
    }

    #[test]
    fn odd_values_are_drawn_or_left_out() {
        assert_eq!(svg(f64::NAN, (f64::NAN, f64::NAN), (0.0, 1.0)), "");
        assert_eq!(svg(OPEN, (OPEN, OPEN), (-OPEN, OPEN)), "");
        assert_eq!(svg(0.0, (-f64::MAX, f64::MAX), (-OPEN, 1.0)), "");
        for bar in [
            svg(OPEN, (1.0, OPEN), (0.0, 1.0)),
            svg(-OPEN, (-OPEN, 0.0), (0.0, 1.0)),
            svg(0.0, (0.0, 0.0), (0.0, 0.0)),
            svg(0.0, (0.0, 0.0), (-OPEN, 1e-9)),
            svg(1e300, (-1e300, 1e300), (-OPEN, 0.0)),
            svg(0.1, (0.1, 0.1), (-OPEN, f64::MAX / 2.0)),
            svg(5.0, (f64::NAN, f64::NAN), (-OPEN, 0.0)),
        ] {
            assert!(bar.ends_with("</svg>") && !bar.contains("NaN") && !bar.contains("inf"), "{bar}");
        }
    }
}
