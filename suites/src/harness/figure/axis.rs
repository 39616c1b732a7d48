//! Axes: what is measured, how values are spread, from where to where.

/// How values are spread along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Spacing {
    /// Evenly.
    Linear,
    /// By decimal logarithm; values that are not positive cannot be shown and are dropped.
    Log,
    /// By binary logarithm, with ticks at powers of two.
    Log2,
    /// By position: value 0 is the first name, 1 the second, and so on.
    Category(Vec<String>),
}

/// One axis: a label with its unit, a spacing and, if wanted, a fixed range.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is measured, with unit, such as `time per call, µs`.
    pub label: String,
    /// How values are spread.
    pub spacing: Spacing,
    /// Fixed limits; without them the range follows the data.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// An evenly spaced axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), spacing: Spacing::Linear, range: None }
    }

    /// A logarithmic axis with ticks at powers of ten.
    pub fn log(label: impl Into<String>) -> Self {
        Self { spacing: Spacing::Log, ..Self::linear(label) }
    }

    /// A logarithmic axis with ticks at powers of two.
    pub fn log2(label: impl Into<String>) -> Self {
        Self { spacing: Spacing::Log2, ..Self::linear(label) }
    }

    /// An axis of names, given by [`Axis::names`] or by [`Panel::bars`](super::Panel::bars).
    pub fn category(label: impl Into<String>) -> Self {
        Self { spacing: Spacing::Category(Vec::new()), ..Self::linear(label) }
    }

    /// Makes this an axis of `names`; a point at 0, 1, 2, … belongs to the first, second, third name.
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.spacing = Spacing::Category(names.into_iter().map(Into::into).collect());
        self
    }

    /// Fixes the limits; what lies outside is clipped. Limits that the spacing cannot show are ignored.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }
}
