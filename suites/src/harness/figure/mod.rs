//! Figures as data: a paper returns [`Panel`]s, one renderer draws them all.
//!
//! An author says *what* is shown (lines, bands, points, bars, theory) and never how. Colours, fonts, ticks, label
//! placement and size limits are decided once, so all figures of all papers speak the same visual language:
//!
//! - measured series are coloured (Okabe–Ito, safe for colour-blind readers); the same label has the same colour in
//!   every panel of a figure, also as a bar;
//! - a derived formula ([`Panel::theory`]) is a dark dashed line labelled with the formula; anything else that was not
//!   measured ([`Panel::guide`], [`Panel::vline`], [`Panel::hline`]) is thin and grey;
//! - intervals are bands or whiskers.
//!
//! Labels may carry sub- and superscripts in the usual notation: `‖X‖_F`, `α^{2(1-γ₀)}`, `x^2`, `σ_{r+1}`. A word such
//! as `fast_simd` is left alone.
//!
//! ```
//! use suites::harness::figure::{Axis, Panel, svg};
//!
//! let error = (0..40).map(|t| (f64::from(t), 0.5_f64.powi(t))).collect();
//! let panel = Panel::new("Subgradient method", Axis::linear("iteration t"), Axis::log("‖XXᵀ − M‖_F"))
//!     .line("r′ = 20", error)
//!     .hline(1e-8, "target");
//! let text = svg("Convergence", "The error halves in each iteration.", &[panel])?;
//! assert!(text.len() < suites::harness::figure::MAX_BYTES);
//! # Ok::<(), suites::harness::figure::Error>(())
//! ```

mod axis;
mod curve;
mod labels;
mod layout;
mod legend;
mod look;
mod mark;
mod panel;
mod place;
mod png;
mod render;
mod scale;
mod sheet;
pub(in crate::harness) mod text;

pub use axis::{Axis, Spacing};
pub use mark::{Bar, Interval, Mark, Style};
pub use png::png;
pub use render::{MAX_BYTES, svg};

/// Why a figure could not be produced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The drawing layer failed.
    #[error("figure `{title}` could not be drawn: {reason}")]
    Draw {
        /// The figure's title.
        title: String,
        /// What the drawing layer said.
        reason: String,
    },
    /// Even thinned to a few points per line the figure is larger than [`MAX_BYTES`].
    #[error("figure `{title}` takes {bytes} bytes where {MAX_BYTES} are allowed: show fewer series or panels")]
    TooLarge {
        /// The figure's title.
        title: String,
        /// Size of the thinnest drawing.
        bytes: usize,
    },
    /// The SVG text could not be turned into a picture.
    #[error("this SVG could not be turned into a PNG: {reason}")]
    Png {
        /// What the rasteriser said.
        reason: String,
    },
}

/// One coordinate system with what is shown in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Heading; may be empty.
    pub title: String,
    /// A grey line below the heading; may be empty.
    pub note: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is shown; series take colours in this order.
    pub marks: Vec<Mark>,
}

impl Panel {
    /// An empty panel.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), note: String::new(), x, y, marks: Vec::new() }
    }

    /// Sets the line below the heading: what the band is, what dashes mean, how many seeds.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Adds any mark.
    #[must_use]
    pub fn mark(mut self, mark: Mark) -> Self {
        self.marks.push(mark);
        self
    }

    /// Adds a measured line.
    #[must_use]
    pub fn line(self, label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.line_in(Style::Solid, label, points)
    }

    /// Adds a measured line in a style of its own.
    #[must_use]
    pub fn line_in(self, style: Style, label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.mark(Mark::Line { label: label.into(), points, style })
    }

    /// Adds a measured line with markers and a band, from `(x, low, mid, high)`.
    #[must_use]
    pub fn line_band<I: Into<Interval>>(self, label: impl Into<String>, points: impl IntoIterator<Item = I>) -> Self {
        self.line_band_in(Style::Solid, label, points)
    }

    /// Adds a measured line with markers and a band in a style of its own.
    #[must_use]
    pub fn line_band_in<I: Into<Interval>>(
        self,
        style: Style,
        label: impl Into<String>,
        points: impl IntoIterator<Item = I>,
    ) -> Self {
        let points = points.into_iter().map(Into::into).collect();
        self.mark(Mark::Band { label: label.into(), points, style })
    }

    /// Adds a cloud of measured points.
    #[must_use]
    pub fn points(self, label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.mark(Mark::Points { label: label.into(), points })
    }

    /// Adds measured points with whiskers, from `(x, low, mid, high)`; series that share a category stand side by side.
    #[must_use]
    pub fn whiskers<I: Into<Interval>>(self, label: impl Into<String>, points: impl IntoIterator<Item = I>) -> Self {
        let points = points.into_iter().map(Into::into).collect();
        self.mark(Mark::Whiskers { label: label.into(), points })
    }

    /// Adds a derived formula, labelled with itself. Only for what a theorem or a derivation says.
    #[must_use]
    pub fn theory(self, formula: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.mark(Mark::Theory { formula: formula.into(), points })
    }

    /// Adds a line to compare with that is neither measured nor derived, such as a reference slope.
    #[must_use]
    pub fn guide(self, label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.mark(Mark::Guide { label: label.into(), points })
    }

    /// Adds a vertical guide.
    #[must_use]
    pub fn vline(self, x: f64, label: impl Into<String>) -> Self {
        self.mark(Mark::VLine { x, label: label.into() })
    }

    /// Adds a horizontal guide.
    #[must_use]
    pub fn hline(self, y: f64, label: impl Into<String>) -> Self {
        self.mark(Mark::HLine { y, label: label.into() })
    }

    /// Adds horizontal bars, from `(label, value)` or `(label, value, Some((low, high)))`; their labels become the
    /// names of the y axis.
    #[must_use]
    pub fn bars<B: Into<Bar>>(mut self, bars: impl IntoIterator<Item = B>) -> Self {
        let bars: Vec<Bar> = bars.into_iter().map(Into::into).collect();
        self.y.spacing = Spacing::Category(bars.iter().map(|bar| bar.label.clone()).collect());
        self.mark(Mark::Bars(bars))
    }
}
