//! Marks: what can be shown in a panel.

/// How a line is drawn; a second arm keeps its label, and so its colour, and takes another style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A full line: the main arm.
    #[default]
    Solid,
    /// Short dashes: a second arm, such as a control.
    Dashed,
    /// Thin and pale: single runs behind their median.
    Faint,
}

/// A value with its interval at one abscissa.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Abscissa.
    pub x: f64,
    /// Lower end.
    pub low: f64,
    /// The estimate, say a median.
    pub mid: f64,
    /// Upper end.
    pub high: f64,
}

impl From<(f64, f64, f64, f64)> for Interval {
    /// Reads `(x, low, mid, high)`.
    fn from((x, low, mid, high): (f64, f64, f64, f64)) -> Self {
        Self { x, low, mid, high }
    }
}

/// One horizontal bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Name beside the bar; coloured as the series of the same name.
    pub label: String,
    /// Length.
    pub value: f64,
    /// Whisker from low to high.
    pub interval: Option<(f64, f64)>,
}

impl<S: Into<String>> From<(S, f64, Option<(f64, f64)>)> for Bar {
    /// Reads `(label, value, interval)`.
    fn from((label, value, interval): (S, f64, Option<(f64, f64)>)) -> Self {
        Self { label: label.into(), value, interval }
    }
}

impl<S: Into<String>> From<(S, f64)> for Bar {
    /// Reads `(label, value)`.
    fn from((label, value): (S, f64)) -> Self {
        Self { label: label.into(), value, interval: None }
    }
}

/// One thing shown in a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A measured line through `(x, y)`.
    Line {
        /// Name of the series; empty for none.
        label: String,
        /// Points in drawing order.
        points: Vec<(f64, f64)>,
        /// Main or second arm.
        style: Style,
    },
    /// A measured line with its interval as a band.
    Band {
        /// Name of the series.
        label: String,
        /// Estimates in order of `x`.
        points: Vec<Interval>,
        /// Main or second arm.
        style: Style,
    },
    /// A cloud of measured points.
    Points {
        /// Name of the series.
        label: String,
        /// Points in any order.
        points: Vec<(f64, f64)>,
    },
    /// Measured points with whiskers, not joined.
    Whiskers {
        /// Name of the series.
        label: String,
        /// Estimates in any order.
        points: Vec<Interval>,
    },
    /// A derived formula.
    Theory {
        /// The formula, shown beside the line.
        formula: String,
        /// The formula's values.
        points: Vec<(f64, f64)>,
    },
    /// A line to compare with that is neither measured nor derived.
    Guide {
        /// What the line is, say `slope −1`.
        label: String,
        /// Points of the line.
        points: Vec<(f64, f64)>,
    },
    /// A vertical guide.
    VLine {
        /// Abscissa.
        x: f64,
        /// What happens there.
        label: String,
    },
    /// A horizontal guide.
    HLine {
        /// Ordinate.
        y: f64,
        /// What the level is.
        label: String,
    },
    /// Horizontal bars, the first on top, measured along the x axis. On a logarithmic x axis, where no bar has a true
    /// length, they start at the panel's first vertical guide (say, at ratio 1) or else at the left edge.
    Bars(Vec<Bar>),
}
