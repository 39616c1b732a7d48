//! Where the labels of marks go: at line ends in the margin, else along the lines, else nowhere.

use plotters::style::text_anchor::HPos;

use super::Mark;
use super::labels::{Ground, PITCH, Rect, along, spread};
use super::layout::{Placed, Plan, headroom};
use super::legend::{named, series};
use super::look::{LABEL, MUTED, Palette, Point, TEXT, tenths};
use super::text::width;

impl Plan<'_> {
    /// Puts every label that finds room; the others become misfits.
    pub(super) fn place_labels(&mut self, palette: &Palette) {
        let mut ground = Ground::new(Rect { top: self.frame.top - headroom(self.panel), ..self.frame });
        for curve in &self.curves {
            curve.pieces.iter().for_each(|piece| ground.add_line(piece));
            curve.dots.iter().for_each(|dot| ground.add_dot(*dot));
            curve.whiskers.iter().for_each(|w| ground.add_line(&[w.0, w.1]));
        }
        self.place_in_margin(palette);
        for mark in named(self.panel) {
            if self.in_margin.contains(&mark) || self.legend.iter().any(|(known, _)| *known == mark) {
                continue;
            }
            let (text, ink, most) = match &self.panel.marks[mark] {
                Mark::Theory { formula, .. } => (formula.as_str(), TEXT, 8.0),
                Mark::Guide { label, .. } => (label.as_str(), MUTED, 8.0),
                Mark::VLine { label, .. } | Mark::HLine { label, .. } => (label.as_str(), MUTED, f64::INFINITY),
                other => match series(other) {
                    Some((label, style)) => (label, palette.ink(label, style).text(), 5.0),
                    None => continue,
                },
            };
            let places = self.places(mark, text);
            if places.is_empty() {
                continue;
            }
            match ground.settle(text, &places) {
                Some((at, cost)) if cost <= most || most.is_infinite() => {
                    ground.take(Rect::of(text, at.0, at.1));
                    self.labels.push(Placed { text: text.to_owned(), at, side: HPos::Left, ink: ink.halo() });
                }
                _ => {
                    self.misfits.insert(mark);
                }
            }
        }
    }

    /// Possible places of a label inside the axes.
    fn places(&self, mark: usize, text: &str) -> Vec<(f64, f64)> {
        let (frame, pieces, wide) = (self.frame, &self.curves[mark].pieces, width(text, LABEL));
        let Some(&(x, y)) = pieces.first().and_then(|piece| piece.first()) else { return Vec::new() };
        let (x, y) = (f64::from(x) / 10.0, f64::from(y) / 10.0);
        match &self.panel.marks[mark] {
            // Among bars there is no free place; above them there is.
            Mark::VLine { .. } if headroom(self.panel) > 0.0 => {
                vec![((x - wide / 2.0).clamp(frame.left, (frame.right - wide).max(frame.left)), frame.top - 6.0)]
            }
            Mark::VLine { .. } => (0..14)
                .flat_map(|k| [x + 5.0, x - wide - 5.0].map(|left| (left, frame.top + LABEL + PITCH * f64::from(k))))
                .collect(),
            Mark::HLine { .. } => (0..12)
                .map(|k| frame.right - wide - 4.0 - f64::from(k) / 12.0 * (frame.right - frame.left - wide))
                .flat_map(|left| [y - 5.0, y + LABEL].map(|baseline| (left, baseline)))
                .collect(),
            _ => along(pieces, text),
        }
    }

    fn place_in_margin(&mut self, palette: &Palette) {
        let ends: Vec<(usize, Point)> =
            self.in_margin.iter().filter_map(|&mark| Some((mark, self.end(mark)?))).collect();
        let wishes: Vec<f64> = ends.iter().map(|(_, end)| f64::from(end.1) / 10.0).collect();
        let (low, high) = (self.frame.top, self.frame.bottom);
        if PITCH * (ends.len().max(1) - 1) as f64 > high - low {
            self.misfits.extend(&self.in_margin);
        }
        for ((mark, end), y) in ends.into_iter().zip(spread(&wishes, PITCH, low, high)) {
            let Some((label, style)) = series(&self.panel.marks[mark]) else { continue };
            let ink = palette.ink(label, style);
            if (y - f64::from(end.1) / 10.0).abs() > 4.0 {
                self.leaders.push(((end.0 + 45, end.1), tenths(self.frame.right + 9.0, y), ink.full().alpha(0.6)));
            }
            let at = (self.frame.right + 11.0, y + 0.34 * LABEL);
            self.labels.push(Placed { text: label.to_owned(), at, side: HPos::Left, ink: ink.text() });
        }
    }

    /// Series that end inside the axes as high as one another: no reader could tell their labels apart.
    pub(super) fn ends_level(&self) -> Vec<usize> {
        let inside = |mark: &usize| {
            let line = matches!(self.panel.marks[*mark], Mark::Line { .. } | Mark::Band { .. });
            line && !self.in_margin.contains(mark) && self.legend.iter().all(|(known, _)| known != mark)
        };
        let heights: Vec<(usize, f64)> = named(self.panel)
            .into_iter()
            .filter(inside)
            .filter_map(|mark| Some((mark, f64::from(self.end(mark)?.1) / 10.0)))
            .collect();
        let beside =
            |&(mark, y): &(usize, f64)| heights.iter().any(|&(other, at)| other != mark && (at - y).abs() < PITCH);
        heights.iter().filter(|end| beside(end)).map(|&(mark, _)| mark).collect()
    }
}
