//! Where everything in a panel goes, before anything is drawn.

use std::collections::BTreeSet;

use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::HPos;

use super::curve::{self, Curve, Plot, Window};
use super::labels::{PITCH, Rect};
use super::legend::{Entry, bars, crowded, flow, label, named, series};
use super::look::{Ink, LABEL, Palette, Point, TICK, TITLE, tenths};
use super::scale::{Scale, Tick, number};
use super::text::{fit, width};
use super::{Mark, Panel, Spacing};

/// Text with its place.
pub(super) struct Placed {
    pub text: String,
    pub at: (f64, f64),
    pub side: HPos,
    pub ink: Ink,
}

/// A panel ready to be drawn.
pub(super) struct Plan<'a> {
    pub panel: &'a Panel,
    pub plot: Plot,
    pub frame: Rect,
    /// One for each mark; empty for marks that are not curves.
    pub curves: Vec<Curve>,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// Height of the tick labels below the x axis, and whether they are names that stand on end.
    pub under: f64,
    pub standing: bool,
    /// Series whose lines end at the right edge, where their labels go.
    pub in_margin: Vec<usize>,
    /// Baselines of heading, note and y label.
    pub head: [f64; 3],
    pub legend: Vec<Entry>,
    pub labels: Vec<Placed>,
    /// Thin lines from line ends to labels that had to move.
    pub leaders: Vec<(Point, Point, Ink)>,
    pub empty: bool,
    /// Marks whose labels found no room.
    pub misfits: BTreeSet<usize>,
}

impl<'a> Plan<'a> {
    /// Plans with labels at the lines, and again with a legend for those that find no room there. The axes begin at
    /// `floor` or below.
    pub fn new(panel: &'a Panel, palette: &Palette, cell: Rect, floor: f64, detail: usize) -> Self {
        let mut legend = crowded(panel);
        loop {
            let plan = Self::attempt(panel, palette, cell, floor, detail, &legend);
            let more: BTreeSet<usize> = plan.misfits.difference(&legend).copied().collect();
            if more.is_empty() {
                return plan;
            }
            // One series in the legend takes all of them there: a reader should not have to look in two places.
            if more.iter().any(|&mark| series(&panel.marks[mark]).is_some()) {
                legend.extend(named(panel).into_iter().filter(|&mark| series(&panel.marks[mark]).is_some()));
            }
            legend.extend(more);
        }
    }

    fn attempt(
        panel: &'a Panel,
        palette: &Palette,
        cell: Rect,
        floor: f64,
        detail: usize,
        legend: &BTreeSet<usize>,
    ) -> Self {
        let mut y = cell.top;
        let mut baseline = |text: &str, size: f64, height: f64| {
            let at = y + size;
            y += if text.is_empty() { 0.0 } else { height };
            at
        };
        let title = baseline(&panel.title, TITLE, 1.45 * TITLE);
        let note = baseline(&panel.note, TICK, 1.5 * TICK);
        let (rows, legend) = flow(panel, legend, cell, y + 3.0);
        y += rows;
        y += if panel.y.label.is_empty() { 0.0 } else { 1.45 * LABEL };

        let (x_scale, y_scale) = curve::scales(panel);
        let top = (y + 0.5 * TICK + headroom(panel)).max(floor);
        let standing = standing_names(panel, cell);
        let under = standing.unwrap_or(1.75 * TICK);
        let bottom = cell.bottom - under - if panel.x.label.is_empty() { 0.0 } else { 1.45 * LABEL };
        let bottom = bottom.max(top + 40.0);
        let mut y_ticks = y_scale.ticks(((bottom - top) / 42.0) as usize);
        let room = 0.45 * (cell.right - cell.left);
        y_ticks.iter_mut().for_each(|tick| tick.label = fit(&tick.label, TICK, room));
        let left = cell.left + y_ticks.iter().map(|tick| width(&tick.label, TICK)).fold(0.0, f64::max) + 10.0;

        let mut plan = Self {
            panel,
            plot: plot(&x_scale, &y_scale, Rect { left, top, right: cell.right, bottom }, panel),
            frame: Rect { left, top, right: cell.right, bottom },
            curves: Vec::new(),
            x_ticks: Vec::new(),
            y_ticks,
            under,
            standing: standing.is_some(),
            in_margin: Vec::new(),
            head: [title, note, top - headroom(panel) - 0.5 * TICK - 0.45 * LABEL],
            labels: Vec::new(),
            leaders: Vec::new(),
            empty: false,
            misfits: BTreeSet::new(),
            legend,
        };
        // Lines end at the same share of the width in any frame; this first one tells which end near the right edge.
        plan.curves = panel.marks.iter().enumerate().map(|(i, mark)| plan.curve(i, mark, detail)).collect();
        plan.in_margin = named(panel).into_iter().filter(|&mark| plan.ends_at_margin(mark)).collect();
        let margin = plan.margin(cell);
        plan.frame.right = (cell.right - margin).max(left + 60.0);
        plan.plot = plot(&x_scale, &y_scale, plan.frame, panel);
        plan.x_ticks = plan.fitting(&x_scale);
        plan.curves = panel.marks.iter().enumerate().map(|(i, mark)| plan.curve(i, mark, detail)).collect();
        plan.empty = plan.is_empty();
        if plan.empty {
            // Ranges without data mean nothing; fixed ones do.
            let keep = |axis: &super::Axis| axis.range.is_some() || matches!(axis.spacing, Spacing::Category(_));
            plan.x_ticks.retain(|_| keep(&panel.x));
            plan.y_ticks.retain(|_| keep(&panel.y));
        }
        plan.place_labels(palette);
        let level = plan.ends_level();
        plan.misfits.extend(level);
        plan
    }

    /// Room to the right of the axes: for labels at line ends, values behind bars, half of the last tick's label.
    fn margin(&mut self, cell: Rect) -> f64 {
        let limit = 0.36 * (cell.right - cell.left);
        let mut margin: f64 = 14.0;
        for &mark in &self.in_margin {
            let wide = width(label(&self.panel.marks[mark]), LABEL) + 16.0;
            if wide > limit {
                self.misfits.insert(mark);
            } else {
                margin = margin.max(wide);
            }
        }
        let bars = self.panel.marks.iter().filter_map(bars).flatten();
        bars.fold(margin, |margin, bar| margin.max(width(&number(bar.value), TICK) + 12.0))
    }

    /// Whether a series is not in the legend and its line ends near the right edge.
    fn ends_at_margin(&self, mark: usize) -> bool {
        let line = matches!(self.panel.marks[mark], Mark::Line { .. } | Mark::Band { .. });
        let near = self.frame.left + 0.88 * (self.frame.right - self.frame.left);
        let known = self.legend.iter().any(|(known, _)| *known == mark);
        line && !known && self.end(mark).is_some_and(|end| f64::from(end.0) / 10.0 > near)
    }

    /// The last visible point of a line.
    pub fn end(&self, mark: usize) -> Option<Point> {
        let curve = &self.curves[mark];
        curve.pieces.last().and_then(|piece| piece.last()).or(curve.dots.last()).copied()
    }

    /// As many ticks as stand apart.
    fn fitting(&self, x_scale: &Scale) -> Vec<Tick> {
        let wide = self.frame.right - self.frame.left;
        let mut ticks = Vec::new();
        for room in (2..=((wide / 55.0) as usize).max(2)).rev() {
            ticks = x_scale.ticks(room);
            if let Spacing::Category(names) = &x_scale.spacing {
                let slot = if self.standing { self.under - 8.0 } else { wide / names.len().max(1) as f64 - 8.0 };
                ticks.iter_mut().for_each(|tick| tick.label = fit(&tick.label, TICK, slot));
            }
            if self.standing {
                break;
            }
            let spots: Vec<(f64, f64)> = ticks
                .iter()
                .filter_map(|tick| Some((x_scale.position(tick.at)? * wide, width(&tick.label, TICK) / 2.0)))
                .collect();
            if spots.windows(2).all(|w| w[1].0 - w[0].0 >= w[0].1 + w[1].1 + 12.0) {
                break;
            }
        }
        ticks
    }

    fn curve(&self, index: usize, mark: &Mark, detail: usize) -> Curve {
        let window = self.window();
        match mark {
            Mark::Line { points, .. } => curve::line(&self.plot, window, points, detail),
            Mark::Theory { points, .. } | Mark::Guide { points, .. } => {
                Curve { dots: Vec::new(), ..curve::line(&self.plot, window, points, detail) }
            }
            Mark::Band { points, .. } => curve::band(&self.plot, window, points, detail),
            Mark::Points { points, .. } => curve::cloud(&self.plot, window, points, detail),
            Mark::Whiskers { points, .. } => curve::whiskers(&self.plot, window, points, self.shift(index)),
            Mark::VLine { x, .. } => curve::line(&self.plot, window, &self.upright(*x), detail),
            Mark::HLine { y, .. } => curve::line(&self.plot, window, &self.level(*y), detail),
            Mark::Bars(_) => Curve::default(),
        }
    }

    fn upright(&self, x: f64) -> Vec<(f64, f64)> {
        let range = self.plot.get_y_range();
        vec![(x, range.start), (x, range.end)]
    }

    fn level(&self, y: f64) -> Vec<(f64, f64)> {
        let range = self.plot.get_x_range();
        vec![(range.start, y), (range.end, y)]
    }

    /// Sideways place of a whisker series among those that share its categories.
    fn shift(&self, index: usize) -> i32 {
        let Spacing::Category(names) = &self.panel.x.spacing else { return 0 };
        let like: Vec<usize> =
            (0..self.panel.marks.len()).filter(|&i| matches!(self.panel.marks[i], Mark::Whiskers { .. })).collect();
        let slot = 10.0 * (self.frame.right - self.frame.left) / names.len().max(1) as f64;
        let rank = like.iter().position(|&i| i == index).unwrap_or(0) as f64 - (like.len() as f64 - 1.0) / 2.0;
        (rank * (0.7 * slot / like.len().max(1) as f64).min(220.0)) as i32
    }

    fn is_empty(&self) -> bool {
        let drawn = |i: &usize| !self.curves[*i].pieces.is_empty() || !self.curves[*i].dots.is_empty();
        let (measured, other): (Vec<usize>, Vec<usize>) = (0..self.curves.len())
            .partition(|&i| series(&self.panel.marks[i]).is_some() || bars(&self.panel.marks[i]).is_some());
        let bar = self
            .panel
            .marks
            .iter()
            .filter_map(bars)
            .flatten()
            .any(|bar| self.plot.x_spec().position(bar.value).is_some());
        !bar && !measured.iter().any(drawn) && (!measured.is_empty() || !other.iter().any(drawn))
    }

    pub fn window(&self) -> Window {
        let ((left, top), (right, bottom)) =
            (tenths(self.frame.left, self.frame.top), tenths(self.frame.right, self.frame.bottom));
        Window { left, top, right, bottom }
    }
}

/// Room above the axes for the labels of vertical guides through bars.
pub(super) fn headroom(panel: &Panel) -> f64 {
    let guides = panel.marks.iter().any(|mark| matches!(mark, Mark::VLine { label, .. } if !label.is_empty()));
    if guides && panel.marks.iter().any(|mark| bars(mark).is_some()) { PITCH + 4.0 } else { 0.0 }
}

/// Height of the x axis's names where they have no room side by side and have to stand on end.
fn standing_names(panel: &Panel, cell: Rect) -> Option<f64> {
    let Spacing::Category(names) = &panel.x.spacing else { return None };
    let longest = names.iter().map(|name| width(name, TICK)).fold(0.0, f64::max);
    let slot = 0.85 * (cell.right - cell.left) / names.len().max(1) as f64;
    (longest + 8.0 > slot).then(|| (longest + 14.0).min(0.3 * (cell.bottom - cell.top)))
}

fn plot(x: &Scale, y: &Scale, frame: Rect, panel: &Panel) -> Plot {
    let ((left, top), (right, bottom)) = (tenths(frame.left, frame.top), tenths(frame.right, frame.bottom));
    // Names on the y axis read from the top, everything else grows upwards.
    let vertical = if matches!(panel.y.spacing, Spacing::Category(_)) { top..bottom } else { bottom..top };
    Cartesian2d::new(x.clone(), y.clone(), (left..right, vertical))
}
