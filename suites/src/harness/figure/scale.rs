//! Axes: which range is shown, where the ticks stand, how numbers are written.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::{Axis, Spacing};

/// Values beyond this are treated as infinite: differences of two of them still have to be finite.
const HUGE: f64 = 1e300;
/// Spans below this are treated as zero: ticks divide by them.
const TINY: f64 = 1e-290;

/// A labelled position on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// The position of a value in the axis's own unit (itself, or its logarithm), if the axis can show it.
pub(super) fn place(spacing: &Spacing, value: f64) -> Option<f64> {
    let at = match spacing {
        Spacing::Linear | Spacing::Category(_) => value,
        Spacing::Log => value.log10(),
        Spacing::Log2 => value.log2(),
    };
    (value.abs() <= HUGE && at.is_finite()).then_some(at)
}

/// An axis with its final range.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub spacing: Spacing,
    /// Limits in the axis's own unit; `low < high`.
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// The axis's fixed range, or one around the data (`extent`, in the axis's own unit) with some air.
    pub fn fit(axis: &Axis, extent: Option<(f64, f64)>) -> Self {
        let spacing = axis.spacing.clone();
        if let Spacing::Category(names) = &spacing {
            let last = names.len().max(1) as f64;
            return Self { low: -0.5, high: last - 0.5, spacing };
        }
        let fixed = axis.range.and_then(|(low, high)| Some((place(&spacing, low)?, place(&spacing, high)?)));
        if let Some((low, high)) = fixed.filter(|(low, high)| high - low > TINY) {
            return Self { spacing, low, high };
        }
        let (low, high) = extent.unwrap_or((0.0, 1.0));
        let size = low.abs().max(high.abs());
        let air = if high - low > (1e-9 * size).max(TINY) {
            0.04 * (high - low)
        } else if spacing == Spacing::Linear {
            if size > TINY { 0.2 * size } else { 1.0 }
        } else {
            0.5
        };
        // Beyond these limits powers are no longer positive and finite.
        let (floor, roof) = match spacing {
            Spacing::Linear | Spacing::Category(_) => (f64::MIN, f64::MAX),
            Spacing::Log => (-323.0, 307.0),
            Spacing::Log2 => (-1074.0, 1022.0),
        };
        Self { spacing, low: (low - air).max(floor), high: (high + air).min(roof) }
    }

    /// Where a value stands, 0 at the low end and 1 at the high end; outside of both when the range is fixed.
    pub fn position(&self, value: f64) -> Option<f64> {
        Some((place(&self.spacing, value)? - self.low) / (self.high - self.low))
    }

    /// At most about `room` ticks.
    pub fn ticks(&self, room: usize) -> Vec<Tick> {
        let room = room.max(2);
        match &self.spacing {
            Spacing::Linear => linear(self.low, self.high, room),
            Spacing::Category(names) => {
                names.iter().enumerate().map(|(i, name)| Tick { at: i as f64, label: name.clone() }).collect()
            }
            Spacing::Log => powers(10.0, self.low, self.high, room),
            Spacing::Log2 => powers(2.0, self.low, self.high, room),
        }
    }

    /// Unlabelled positions between the powers of ten, where there is room for them.
    pub fn minor(&self) -> Vec<f64> {
        if self.spacing != Spacing::Log || self.high - self.low > 6.0 {
            return Vec::new();
        }
        (self.low.floor() as i32..=self.high.floor() as i32)
            .flat_map(|e| (2..10).map(move |k| f64::from(k) * 10_f64.powf(f64::from(e))))
            .filter(|v| (self.low..=self.high).contains(&v.log10()))
            .collect()
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = self.position(*value).unwrap_or(0.0).clamp(-50.0, 50.0);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        self.ticks(hint.max_num_points()).into_iter().map(|tick| tick.at).collect()
    }

    fn range(&self) -> Range<f64> {
        match self.spacing {
            Spacing::Linear | Spacing::Category(_) => self.low..self.high,
            Spacing::Log => 10_f64.powf(self.low)..10_f64.powf(self.high),
            Spacing::Log2 => self.low.exp2()..self.high.exp2(),
        }
    }
}

impl ValueFormatter<f64> for Scale {
    fn format(value: &f64) -> String {
        number(*value)
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, all written with the same decimals.
fn linear(low: f64, high: f64, room: usize) -> Vec<Tick> {
    let least = (high - low) / room as f64;
    let exponent = least.log10().floor();
    let unit = 10_f64.powf(exponent);
    let step = [1.0, 2.0, 5.0].into_iter().map(|k| k * unit).find(|s| *s >= 0.999 * least).unwrap_or(10.0 * unit);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let size = low.abs().max(high.abs());
    // The power of ten that all labels share where plain numbers would be long.
    let shared = if !(1e-3..1e5).contains(&size) { size.log10().floor() } else { 0.0 };
    // With steps that `number` tells apart, each label has its own power.
    let own = step >= 0.99 * 10_f64.powf(shared - 1.0);
    let decimals = (shared - step.log10().floor()).clamp(0.0, 12.0) as usize;
    (0..=(last - first).clamp(0.0, 50.0) as i32)
        .map(|k| {
            let at = (first + f64::from(k)) * step;
            let label = if at == 0.0 {
                "0".to_owned()
            } else if shared == 0.0 {
                minus(format!("{at:.decimals$}"))
            } else if own {
                number(at)
            } else {
                format!("{}·{}", minus(format!("{:.decimals$}", at / 10_f64.powf(shared))), power(10, shared as i32))
            };
            Tick { at, label }
        })
        .collect()
}

/// Powers of the base; between two neighbouring powers, round numbers.
fn powers(base: f64, low: f64, high: f64, room: usize) -> Vec<Tick> {
    let count = (high + 1e-9).floor() - (low - 1e-9).ceil() + 1.0;
    if count < 3.0 {
        return between(base.powf(low), base.powf(high), room);
    }
    let strides = if base == 2.0 { [1, 2, 4, 8, 16, 32, 64, 128] } else { [1, 2, 3, 5, 10, 20, 50, 100] };
    let stride = strides.into_iter().find(|s| count / f64::from(*s) <= room as f64).unwrap_or(200);
    let first = ((low - 1e-9) / f64::from(stride)).ceil() as i32;
    let last = ((high + 1e-9) / f64::from(stride)).floor() as i32;
    let exponents: Vec<i32> = (first..=last).map(|k| k * stride).collect();
    let plain = if base == 2.0 { -2..=16 } else { -2..=3 };
    let plain = exponents.iter().all(|e| plain.contains(e));
    let label = |e: i32| if plain { number(base.powf(f64::from(e))) } else { power(base as u32, e) };
    exponents.iter().map(|&e| Tick { at: base.powf(f64::from(e)), label: label(e) }).collect()
}

/// Ticks on a logarithmic axis that spans little: 1, 2, 5, 10, 20, … or, in less than half a decade, even steps.
fn between(low: f64, high: f64, room: usize) -> Vec<Tick> {
    let inside: Vec<Tick> = (low.log10().floor() as i32..=high.log10().floor() as i32)
        .flat_map(|e| [1.0, 2.0, 5.0].map(|k| k * 10_f64.powf(f64::from(e))))
        .filter(|v| (low * 0.999..=high * 1.001).contains(v))
        .map(|at| Tick { at, label: number(at) })
        .collect();
    if inside.len() >= 3 { inside } else { linear(low, high, room.min(5)) }
}

/// Three digits at most, in powers of ten where that is shorter.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let exponent = value.abs().log10().floor();
    if !(-3.0..5.0).contains(&exponent) {
        let scientific = format!("{value:.1e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let (digits, power) = (trim(digits.to_owned()), power(10, exponent.parse().unwrap_or(0)));
        return if digits == "1" { power } else { format!("{}·{power}", minus(digits)) };
    }
    let decimals = (2.0 - exponent).max(0.0) as usize;
    minus(trim(format!("{value:.decimals$}")))
}

fn trim(digits: String) -> String {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}

/// A typographic minus, as wide as a plus.
fn minus(digits: String) -> String {
    digits.replace('-', "−")
}

/// `base` with the exponent as superscript digits.
fn power(base: u32, exponent: i32) -> String {
    let raise = |c: char| match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    };
    base.to_string().chars().chain(exponent.to_string().chars().map(raise)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, low: f64, high: f64, room: usize) -> Vec<String> {
        let ends = (place(&axis.spacing, low).unwrap(), place(&axis.spacing, high).unwrap());
        Scale::fit(&axis.clone().range(low, high), Some(ends)).ticks(room).into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_read_well() {
        let (linear, log, log2) = (Axis::linear(""), Axis::log(""), Axis::log2(""));
        assert_eq!(
            labels(&linear, 0.0, 1.0, 5),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"].map(|s| s.replace("0.0", "0"))
        );
        assert_eq!(labels(&linear, -50.0, 100.0, 4), ["−50", "0", "50", "100"]);
        assert_eq!(labels(&linear, 0.0, 4e6, 5), ["0", "10⁶", "2·10⁶", "3·10⁶", "4·10⁶"]);
        assert_eq!(labels(&log, 1e-6, 1.0, 4), ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(labels(&log, 1.0, 1000.0, 6), ["1", "10", "100", "1000"]);
        assert_eq!(labels(&log, 1.0, 20.0, 6), ["1", "2", "5", "10", "20"]);
        assert_eq!(labels(&log2, 8.0, 128.0, 6), ["8", "16", "32", "64", "128"]);
    }

    #[test]
    fn every_range_has_a_few_ticks() {
        for axis in [Axis::linear(""), Axis::log(""), Axis::log2("")] {
            for (low, high) in
                [(1e-300, 1e300), (1.0, 1.0), (3.0, 3.0000001), (1e-9, 1.0001), (7.0, 9.0), (5e-324, 1e-320)]
            {
                let ends = place(&axis.spacing, low).zip(place(&axis.spacing, high));
                let ticks = Scale::fit(&axis, ends).ticks(6);
                assert!((1..=12).contains(&ticks.len()), "{axis:?} {low} {high}: {ticks:?}");
            }
        }
    }

    #[test]
    fn numbers_are_short() {
        let got = [0.0, 1.0, -2.5, 1234.6, 0.01234, 1e-7, 3.46e12].map(number);
        assert_eq!(got, ["0", "1", "−2.5", "1235", "0.0123", "10⁻⁷", "3.5·10¹²"]);
    }
}
