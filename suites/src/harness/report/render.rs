//! Fills the templates.

use minijinja::{AutoEscape, Environment, Error as Fault, Output, State, Value, value::ValueKind};
use serde::Serialize;

use super::{model::plural, text};
use crate::harness::error::{Error, Result};

const HTML: &str = "index.html";
const MARKDOWN: &str = "report.md";
const README: &str = "readme.md";
const PEERS: &str = "peers.md";

/// `index.html`.
pub fn page(context: impl Serialize) -> Result<String> {
    render(HTML, context)
}

/// `REPORT.md`.
pub fn markdown(context: impl Serialize) -> Result<String> {
    // What is left out leaves its empty lines behind.
    let mut text = render(MARKDOWN, context)?;
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    Ok(text)
}

/// The block of a README on claims.
pub fn readme(context: impl Serialize) -> Result<String> {
    render(README, context)
}

/// The block of a README on other libraries.
pub fn peers(context: impl Serialize) -> Result<String> {
    render(PEERS, context)
}

fn render(template: &str, context: impl Serialize) -> Result<String> {
    let fill = || environment()?.get_template(template)?.render(context);
    fill().map_err(|e: Fault| Error::broken(format!("template {template}: {e:#}")))
}

/// The templates with what they may call: `prose` for texts with code and scripts, `html` for the same where Markdown
/// holds HTML, `code` for code spans in Markdown, `plural` for counts.
fn environment() -> std::result::Result<Environment<'static>, Fault> {
    let mut env = Environment::new();
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        Some((_, "md")) => AutoEscape::Custom("markdown"),
        _ => AutoEscape::None,
    });
    env.set_formatter(write);
    env.add_filter("prose", |state: &State<'_, '_>, source: &str| {
        Value::from_safe_string(match state.auto_escape() {
            AutoEscape::Html => text::html_prose(source),
            _ => text::markdown_prose(source),
        })
    });
    // For lines of HTML inside Markdown, where nothing else is marked up.
    env.add_filter("html", |source: &str| Value::from_safe_string(text::html_prose(source).replace('$', "&#36;")));
    env.add_filter("code", |source: &str| Value::from_safe_string(text::markdown_code(source)));
    env.add_filter("plural", |n: usize, one: &str| plural(n, one));
    for (name, source) in [
        (HTML, include_str!("templates/index.html")),
        ("parts.html", include_str!("templates/parts.html")),
        ("style.css", include_str!("templates/style.css")),
        ("script.js", include_str!("templates/script.js")),
        ("claims.html", include_str!("templates/claims.html")),
        ("paper.html", include_str!("templates/paper.html")),
        ("speed.html", include_str!("templates/speed.html")),
        ("method.html", include_str!("templates/method.html")),
        (MARKDOWN, include_str!("templates/report.md")),
        (README, include_str!("templates/readme.md")),
        (PEERS, include_str!("templates/peers.md")),
    ] {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// Escapes whatever a template puts out as its file's language asks.
fn write(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> std::result::Result<(), Fault> {
    let plain = value.is_safe() || matches!(value.kind(), ValueKind::Number | ValueKind::Bool | ValueKind::None);
    let text = value.to_string();
    let text = match state.auto_escape() {
        _ if plain => text,
        AutoEscape::Html => text::html(&text),
        AutoEscape::Custom(_) => text::markdown(&text),
        _ => text,
    };
    out.write_str(&text).map_err(Fault::from)
}
