//! Numbers for people: three significant digits, everywhere the same way.

/// Below and from these magnitudes on, powers of ten are written out.
const PLAIN: std::ops::Range<f64> = 1e-3..1e4;

/// A number to three significant digits: `0.481`, `1230`, `3.2·10⁻⁷`. A zero at the end is shown only where it stands
/// for rounding: 0.5 is `0.5`, 0.4999 is `0.500`.
pub fn number(x: f64) -> String {
    significant(x, 3)
}

/// A limit, which someone chose: with all its digits, up to six, where a measured number has three.
pub fn limit(x: f64) -> String {
    let all = format!("{:e}", x.abs()).split('e').next().map_or(0, |digits| digits.replace('.', "").len());
    significant(x, all.clamp(3, 6))
}

fn significant(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    let sign = if x < 0.0 { "−" } else { "" };
    let size = x.abs();
    if size == 0.0 {
        return "0".into();
    }
    if size.is_infinite() {
        return format!("{sign}∞");
    }
    // The exponent of the rounded number: 9999.9 is 10⁴.
    let scientific = format!("{size:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if PLAIN.contains(&size) && exponent < 4 {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        return format!("{sign}{}", trimmed(&format!("{size:.decimals$}"), size, 0));
    }
    let power = superscript(exponent);
    match trimmed(mantissa, size, exponent).as_str() {
        "1" => format!("{sign}10{power}"),
        mantissa => format!("{sign}{mantissa}·10{power}"),
    }
}

/// Drops the zeros at the end of `digits` if they say nothing: if `digits`·10^`exponent` is `x` to the last bit.
fn trimmed(digits: &str, x: f64, exponent: i32) -> String {
    let exact = format!("{digits}e{exponent}").parse() == Ok(x);
    if exact && digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        digits.to_owned()
    }
}

fn superscript(exponent: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        c => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
    };
    exponent.to_string().chars().map(digit).collect()
}

/// An accepted range: `≤ 10⁻⁵`, `≥ 2`, `[0.95, 1.05]`.
pub fn range((low, high): (f64, f64)) -> String {
    match (low == f64::NEG_INFINITY, high == f64::INFINITY) {
        (true, true) => "any".into(),
        (true, false) => format!("≤ {}", limit(high)),
        (false, true) => format!("≥ {}", limit(low)),
        (false, false) if low == high => format!("= {}", limit(low)),
        (false, false) => format!("[{}, {}]", limit(low), limit(high)),
    }
}

/// An interval: `[0.95, 1.05]`.
pub fn interval((low, high): (f64, f64)) -> String {
    format!("[{}, {}]", number(low), number(high))
}

/// An estimate and its interval; the estimate alone where the interval is a point.
pub fn estimate(value: f64, ci: (f64, f64)) -> String {
    if ci == (value, value) { number(value) } else { format!("{} {}", number(value), interval(ci)) }
}

/// A chance as a percentage: `2.1 %`, `< 0.01 %`.
pub fn percent(chance: f64) -> String {
    match 100.0 * chance {
        0.0 => "0 %".into(),
        p if p < 0.01 => "< 0.01 %".into(),
        p if p < 10.0 => format!("{p:.2} %"),
        p => format!("{p:.0} %"),
    }
}

/// A bound on a chance: `≤ 2.13 %`, `< 0.01 %`.
pub fn at_most(chance: f64) -> String {
    let bound = percent(chance);
    if bound.starts_with('<') { bound } else { format!("≤ {bound}") }
}

/// A count with thin spaces between groups of three digits: `12 500`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A duration: `0.07 s`, `41 s`, `3 min 20 s`, `2 h 05 min`.
pub fn seconds(s: f64) -> String {
    let whole = s.round().max(0.0) as u64;
    match whole {
        _ if s < 10.0 => format!("{s:.2} s"),
        0..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A time for people.
pub fn duration(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.1} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}

/// A size in bytes: `12 kB`.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_no_idle_zeros() {
        for (x, want) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (0.4999, "0.500"),
            (0.481_353, "0.481"),
            (-2.0, "−2"),
            (12.34, "12.3"),
            (9.999, "10.0"),
            (999.6, "1000"),
            (1234.5, "1234"),
            (9999.7, "1.00·10⁴"),
            (1e4, "10⁴"),
            (2e5, "2·10⁵"),
            (123_456.0, "1.23·10⁵"),
            (0.001, "0.001"),
            (0.001_234, "0.00123"),
            (1e-5, "10⁻⁵"),
            (3.2e-7, "3.2·10⁻⁷"),
            (-1.234e-16, "−1.23·10⁻¹⁶"),
            (5e-324, "4.94·10⁻³²⁴"),
            (f64::MAX, "1.80·10³⁰⁸"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(x), want, "{x:e}");
        }
    }

    #[test]
    fn ranges_say_which_side_is_open() {
        let open = f64::INFINITY;
        assert_eq!(range((-open, 1e-5)), "≤ 10⁻⁵");
        assert_eq!(range((2.0, open)), "≥ 2");
        assert_eq!(range((0.95, 1.05)), "[0.95, 1.05]");
        assert_eq!(range((0.0, 0.0)), "= 0");
        assert_eq!(range((0.99975, 1.005)), "[0.99975, 1.005]");
        assert_eq!(range((-open, 1.0 / 3.0)), "≤ 0.333333");
        assert_eq!(range((12_345.0, open)), "≥ 1.2345·10⁴");
        assert_eq!(range((-open, open)), "any");
        assert_eq!(estimate(0.5, (0.25, 0.75)), "0.5 [0.25, 0.75]");
        assert_eq!(estimate(0.5, (0.5, 0.5)), "0.5");
    }

    #[test]
    fn units_are_those_a_reader_would_choose() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(1e-6), "< 0.01 %");
        assert_eq!(percent(0.0213), "2.13 %");
        assert_eq!(percent(0.4), "40 %");
        assert_eq!(at_most(1e-6), "< 0.01 %");
        assert_eq!(at_most(0.0213), "≤ 2.13 %");
        assert_eq!(count(12_500), "12\u{202f}500");
        assert_eq!(count(999), "999");
        assert_eq!(seconds(0.069), "0.07 s");
        assert_eq!(seconds(41.2), "41 s");
        assert_eq!(seconds(200.0), "3 min 20 s");
        assert_eq!(seconds(7500.0), "2 h 05 min");
        assert_eq!(bytes(12_300), "12 kB");
    }
}
