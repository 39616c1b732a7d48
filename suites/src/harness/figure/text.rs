//! Text: sub- and superscripts, XML escaping, and how wide a string will be.

/// Where a run of text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::harness) enum Level {
    Base,
    Sub,
    Super,
}

/// Size of a sub- or superscript relative to its base.
pub(super) const SCRIPT: f64 = 0.72;

/// Splits `‖X‖_F` or `α^{2(1-γ₀)}` into runs. `_` and `^` act only where mathematics would use them: before braces, before
/// a number, or between a single symbol and a single letter, so that `fast_simd` stays as it is.
pub(in crate::harness) fn runs(text: &str) -> Vec<(Level, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<(Level, String)> = Vec::new();
    let mut push = |level: Level, piece: &[char]| match out.last_mut() {
        Some((last, run)) if *last == level => run.extend(piece),
        _ if piece.is_empty() => {}
        _ => out.push((level, piece.iter().collect())),
    };
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let level = match c {
            '_' => Level::Sub,
            '^' => Level::Super,
            _ => Level::Base,
        };
        let script = if level == Level::Base || at == 0 { None } else { script(&chars, at) };
        match script {
            Some((piece, next)) => {
                // In an exponent a hyphen can only be a minus.
                let piece: Vec<char> = chars[piece].iter().map(|&c| if c == '-' { '−' } else { c }).collect();
                push(level, &piece);
                at = next;
            }
            None => {
                push(Level::Base, &[c]);
                at += 1;
            }
        }
    }
    out
}

/// The script that starts behind the `_` or `^` at `at`, and where the text goes on.
fn script(chars: &[char], at: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let start = at + 1;
    if chars.get(start) == Some(&'{') {
        let end = start + chars[start..].iter().position(|&c| c == '}')?;
        return Some((start + 1..end, end + 1));
    }
    let word = |i: usize| chars.get(i).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let symbol_before = !word(at - 1) || at < 2 || !word(at - 2);
    if chars[at] == '_' && !symbol_before {
        return None;
    }
    let signed = usize::from(matches!(chars.get(start), Some('-' | '−' | '+')));
    let digits = |from: usize| chars.iter().skip(from).take_while(|c| c.is_ascii_digit()).count();
    let mut end = start + signed + digits(start + signed);
    if end > start + signed {
        // A point with digits behind it is a decimal one.
        if chars.get(end) == Some(&'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        return Some((start..end, end));
    }
    let single = chars.get(start).is_some_and(|c| c.is_alphanumeric() || "*′ᵀ⊤†⊥∞".contains(*c));
    (single && !word(start + 1)).then_some((start..start + 1, start + 1))
}

/// Width in pixels at a font size, from the advances of DejaVu Sans: wider than what most systems show, so that what is
/// planned with it does not collide.
pub(super) fn width(text: &str, size: f64) -> f64 {
    runs(text)
        .iter()
        .map(|(level, run)| {
            let em: f64 = run.chars().map(advance).sum();
            if *level == Level::Base { em } else { em * SCRIPT }
        })
        .sum::<f64>()
        * size
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '′' | '|' | 'ι' => 0.3,
        ' ' | '.' | ',' | ':' | ';' | '·' | 'I' | 'J' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '!' | '/' | '-' => 0.4,
        '⁰'..='⁹' | '¹' | '²' | '³' | '⁻' | '₀'..='₉' | 'ᵀ' => 0.42,
        's' | 'c' | 'z' | 'k' | 'v' | 'x' | 'y' | '‖' | '?' | '*' => 0.57,
        'm' | 'M' | 'W' | 'w' | '%' | '@' | '—' | '⟶' => 0.98,
        '+' | '=' | '<' | '>' | '~' | '−' | '≤' | '≥' | '≈' | '×' | '√' | '→' | '∞' => 0.84,
        'A'..='Z' | 'Α'..='Ω' => 0.72,
        _ => 0.64,
    }
}

/// The text cut to a width, with an ellipsis where something is missing.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut cut: Vec<char> = text.chars().collect();
    while cut.pop().is_some() {
        let short = cut.iter().collect::<String>().trim_end().to_owned() + "…";
        if width(&short, size) <= room {
            return short;
        }
    }
    String::new()
}

/// Text as XML character data; what XML cannot hold becomes a space.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> String {
        runs(text)
            .into_iter()
            .map(|(level, run)| match level {
                Level::Base => run,
                Level::Sub => format!("[{run}]"),
                Level::Super => format!("<{run}>"),
            })
            .collect()
    }

    #[test]
    fn scripts_follow_mathematics_and_spare_words() {
        for (text, want) in [
            ("‖X‖_F", "‖X‖[F]"),
            ("err = α^{2(1-γ₀)} t", "err = α<2(1−γ₀)> t"),
            ("n^2 + 10^-12", "n<2> + 10<−12>"),
            ("like d^1.5 and n^2.", "like d<1.5> and n<2>."),
            ("σ_{r+1}/σ_1", "σ[r+1]/σ[1]"),
            ("fast_simd", "fast_simd"),
            ("a_fast", "a_fast"),
            ("run_2", "run_2"),
            ("_x^", "_x^"),
            ("x_{open", "x_{open"),
            ("^_^", "^_^"),
            ("Xᵀ x^*", "Xᵀ x<*>"),
        ] {
            assert_eq!(marked(text), want, "{text}");
        }
    }

    #[test]
    fn cutting_keeps_within_the_room() {
        assert_eq!(fit("short", 10.0, 100.0), "short");
        let cut = fit("a rather long label that cannot be shown", 10.0, 80.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 80.0, "{cut}");
        assert_eq!(fit("anything", 10.0, 0.0), "");
    }

    #[test]
    fn escaping_leaves_only_what_xml_can_hold() {
        assert_eq!(escape("a<b & \"c\">\u{0}\n"), "a&lt;b &amp; &quot;c&quot;&gt;  ");
    }
}
