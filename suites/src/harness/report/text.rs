//! Prose of papers and claims, made safe for HTML and Markdown.
//!
//! Authors write `code` in backticks and sub- and superscripts as figures take them: `‖X‖_F`, `α^{2(1-γ₀)}`.

use std::fmt::Write as _;

use crate::harness::figure::text::{Level, runs};

/// Characters that HTML gives a meaning.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Characters that Markdown, its tables and GitHub's mathematics give a meaning; line ends become spaces.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '$' => out.push_str("&#36;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Prose as HTML: code and scripts are marked up.
pub fn html_prose(text: &str) -> String {
    prose(text, html, |code| format!("<code>{}</code>", html(code)))
}

/// Prose as Markdown: code and scripts are marked up.
pub fn markdown_prose(text: &str) -> String {
    prose(text, markdown, markdown_code)
}

/// A code span that may stand in a table.
pub fn markdown_code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn prose(text: &str, escape: fn(&str) -> String, code: impl Fn(&str) -> String) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len());
    for (at, piece) in pieces.iter().enumerate() {
        // A backtick without its partner stands for itself.
        let open = at + 1 == pieces.len() && at % 2 == 1;
        if at % 2 == 1 && !open {
            out.push_str(&code(piece));
            continue;
        }
        if open {
            out.push_str(&escape("`"));
        }
        for (level, run) in runs(piece) {
            let run = escape(&run);
            let _ = match level {
                Level::Base => write!(out, "{run}"),
                Level::Sub => write!(out, "<sub>{run}</sub>"),
                Level::Super => write!(out, "<sup>{run}</sup>"),
            };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out() {
        let hostile = "a<b> & \"c\" 'd' | *e* $f$ [g](h)\n`i|j` k_{<l>}";
        assert_eq!(
            html_prose(hostile),
            "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; | *e* $f$ [g](h)\n<code>i|j</code> k<sub>&lt;l&gt;</sub>"
        );
        assert_eq!(
            markdown_prose(hostile),
            "a&lt;b&gt; &amp; \"c\" 'd' \\| \\*e\\* &#36;f&#36; \\[g\\](h) `i\\|j` k<sub>&lt;l&gt;</sub>"
        );
    }

    #[test]
    fn a_lone_backtick_stands_for_itself() {
        assert_eq!(html_prose("5` of `code` and `"), "5<code> of </code>code<code> and </code>");
        assert_eq!(html_prose("a ` b_F"), "a ` b<sub>F</sub>");
        assert_eq!(markdown_prose("a ` b"), "a \\` b");
        assert_eq!(markdown_code("a`b|c"), "`` a`b\\|c ``");
    }
}
