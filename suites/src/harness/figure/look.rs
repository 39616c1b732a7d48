//! How things look: palette, sizes, dashes, and the few strokes everything is drawn with.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontStyle, FontTransform, IntoFont, RGBColor, TextStyle};

use super::sheet::{Backend, Pen, Sheet};
use super::text::fit;
use super::{Mark, Panel, Style};

/// Font sizes in pixels of a drawing that is shown at its natural width.
pub(super) const HEADING: f64 = 18.0;
pub(super) const TITLE: f64 = 16.0;
pub(super) const LABEL: f64 = 15.0;
pub(super) const TICK: f64 = 14.0;

/// A point in tenths of a pixel.
pub(super) type Point = (i32, i32);
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<fmt::Error>>;

/// Okabe and Ito's palette without its yellow, which is invisible on white; the darkest comes last.
const SERIES: [(u8, u8, u8); 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (0, 0, 0)];

/// A colour with everything a stroke or a fill needs.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Ink {
    pub rgb: (u8, u8, u8),
    pub alpha: f64,
    pub width: f64,
    pub pen: Pen,
}

const fn plain(class: &'static str, rgb: (u8, u8, u8), width: f64) -> Ink {
    Ink { rgb, alpha: 1.0, width, pen: Pen { dash: "", class, halo: false } }
}

pub(super) const PAPER: Ink = plain("fig-paper", (255, 255, 255), 0.0);
pub(super) const TEXT: Ink = plain("fig-text", (34, 38, 46), 1.0);
pub(super) const MUTED: Ink = plain("fig-muted", (90, 96, 106), 1.0);
pub(super) const GRID: Ink = plain("fig-grid", (232, 234, 237), 1.0);
pub(super) const AXIS: Ink = plain("fig-axis", (120, 126, 136), 1.0);
pub(super) const THEORY: Ink = plain("fig-theory", (45, 49, 57), 1.8).dashed("8 4");
pub(super) const GUIDE: Ink = plain("fig-guide", (122, 128, 138), 1.3).dashed("1.5 3");

impl Ink {
    const fn dashed(mut self, dash: &'static str) -> Self {
        self.pen.dash = dash;
        self
    }

    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The same colour for fills and markers.
    pub fn full(self) -> Self {
        self.dashed("")
    }

    /// The colour for text: darkened until its contrast with white is at least 4.5.
    pub fn text(self) -> Self {
        let mut rgb = self.rgb;
        while luminance(rgb) > 0.183 {
            rgb = [rgb.0, rgb.1, rgb.2].map(|c| (f64::from(c) * 0.96) as u8).into();
        }
        Self { rgb, alpha: 1.0, ..self.full() }
    }

    /// Text over lines: with a white rim.
    pub fn halo(mut self) -> Self {
        self.pen.halo = true;
        self
    }

    fn color(&self) -> plotters::style::RGBAColor {
        RGBColor(self.rgb.0, self.rgb.1, self.rgb.2).mix(self.alpha)
    }
}

/// Relative luminance as WCAG defines it.
fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// The order of series labels over all panels of a figure, from which colours and markers follow.
pub(super) struct Palette {
    labels: Vec<String>,
}

impl Palette {
    pub fn of(panels: &[Panel]) -> Self {
        let mut labels: Vec<String> = Vec::new();
        for mark in panels.iter().flat_map(|panel| &panel.marks) {
            if let Mark::Line { label, .. }
            | Mark::Band { label, .. }
            | Mark::Points { label, .. }
            | Mark::Whiskers { label, .. } = mark
                && !label.is_empty()
                && !labels.contains(label)
            {
                labels.push(label.clone());
            }
        }
        Self { labels }
    }

    pub fn index(&self, label: &str) -> Option<usize> {
        self.labels.iter().position(|known| known == label)
    }

    /// The ink of a series. When the colours have run out they come again, dashed.
    pub fn ink(&self, label: &str, style: Style) -> Ink {
        let index = self.index(label);
        let base = match (index, style) {
            (None, Style::Faint) => plain("", MUTED.rgb, 2.0),
            _ => plain("", SERIES[index.unwrap_or(0) % SERIES.len()], 2.0),
        };
        let again = index.is_some_and(|i| i >= SERIES.len());
        match style {
            Style::Solid if again => base.dashed("7 2.5"),
            Style::Solid => base,
            Style::Dashed => base.dashed("4 3"),
            Style::Faint => Ink { width: 1.0, ..base }.alpha(0.35),
        }
    }

    /// The ink of a bar: that of its series, if lines of this figure share its name.
    pub fn bar(&self, label: &str) -> Ink {
        match self.index(label) {
            None if self.labels.is_empty() => plain("", SERIES[0], 0.0),
            None => plain("", (150, 156, 166), 0.0),
            Some(_) => self.ink(label, Style::Solid).full(),
        }
    }
}

/// Draws in pixels onto a sheet.
pub(super) struct Painter {
    area: DrawingArea<Backend, Shift>,
    sheet: Rc<RefCell<Sheet>>,
}

impl Painter {
    pub fn new(width: f64, height: f64) -> Self {
        let sheet = Rc::new(RefCell::new(Sheet::default()));
        let size = ((10.0 * width) as u32, (10.0 * height) as u32);
        Self { area: Backend { sheet: Rc::clone(&sheet), size }.into_drawing_area(), sheet }
    }

    pub fn finish(self) -> String {
        self.sheet.borrow_mut().finish()
    }

    pub fn line(&self, points: &[Point], ink: Ink) -> Drawn {
        self.sheet.borrow_mut().pen = ink.pen;
        let style = ink.color().stroke_width((10.0 * ink.width) as u32);
        self.area.draw(&PathElement::new(points.to_vec(), style))
    }

    pub fn fill(&self, points: &[Point], ink: Ink) -> Drawn {
        self.sheet.borrow_mut().pen = ink.pen;
        self.area.draw(&Polygon::new(points.to_vec(), ink.color()))
    }

    /// One of four marker shapes with about the same weight.
    pub fn marker(&self, shape: usize, at: Point, radius: f64, ink: Ink) -> Drawn {
        let ink = ink.full();
        let by = |x: f64, y: f64| (at.0 + (10.0 * x * radius) as i32, at.1 + (10.0 * y * radius) as i32);
        match shape % 4 {
            1 => self.fill(&[by(-0.9, -0.9), by(0.9, -0.9), by(0.9, 0.9), by(-0.9, 0.9)], ink),
            2 => self.fill(&[by(0.0, -1.35), by(1.35, 0.0), by(0.0, 1.35), by(-1.35, 0.0)], ink),
            3 => self.fill(&[by(0.0, -1.3), by(1.25, 0.9), by(-1.25, 0.9)], ink),
            _ => {
                self.sheet.borrow_mut().pen = ink.pen;
                self.area.draw(&Circle::new(at, (10.0 * radius).round() as u32, ink.color().filled()))
            }
        }
    }

    /// Text at a baseline point in pixels.
    pub fn text(&self, text: &str, at: (f64, f64), size: f64, side: HPos, ink: Ink) -> Drawn {
        self.write(text, at, font(size), side, ink)
    }

    /// A heading, cut to the room it has.
    pub fn bold(&self, text: &str, at: (f64, f64), size: f64, room: f64) -> Drawn {
        // Bold letters are about a tenth wider.
        let text = fit(text, 1.1 * size, room);
        self.write(&text, at, font(size).style(FontStyle::Bold), HPos::Left, TEXT)
    }

    /// Text that reads upwards and ends at a point.
    pub fn standing(&self, text: &str, at: (f64, f64), size: f64, ink: Ink) -> Drawn {
        self.write(text, at, font(size).transform(FontTransform::Rotate270), HPos::Right, ink)
    }

    fn write(&self, text: &str, (x, y): (f64, f64), font: FontDesc<'_>, side: HPos, ink: Ink) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        self.sheet.borrow_mut().pen = ink.pen;
        let color = ink.color();
        let style = TextStyle::from(font).color(&color).pos(Pos::new(side, VPos::Bottom));
        self.area.draw(&Text::new(text, tenths(x, y), style))
    }
}

fn font(size: f64) -> FontDesc<'static> {
    ("sans-serif", 10.0 * size).into_font()
}

/// Pixels to tenths.
pub(super) fn tenths(x: f64, y: f64) -> Point {
    ((10.0 * x).round() as i32, (10.0 * y).round() as i32)
}
