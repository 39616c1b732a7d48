//! The one renderer: lays panels out in a grid and wraps the drawing into an SVG document.

use std::fmt::Write as _;

use super::labels::Rect;
use super::look::{Drawn, HEADING, PAPER, Painter, Palette};
use super::text::escape;
use super::{Error, Mark, Panel, panel};

/// No figure is larger than this.
pub const MAX_BYTES: usize = 60_000;

/// Points a line keeps, tried in turn until the figure is small enough.
const DETAIL: [usize; 5] = [200, 100, 50, 25, 12];

/// Distance of panels from each other and from the edge.
const PAD: f64 = 16.0;

/// Fonts of the system that shows the figure, all without serifs; the last one is what PNGs use.
const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif";

/// Draws `panels` in a grid: one, two side by side, then rows of two.
///
/// The text depends on the arguments alone, is well-formed XML below [`MAX_BYTES`], carries `title` and `alt` for readers
/// that do not see it, and scales with its container. Its ground is a white rounded rectangle, so that it stays legible
/// on a dark page; pages may restyle the classes `fig-paper`, `fig-text`, `fig-muted`, `fig-grid`, `fig-axis`,
/// `fig-theory` and `fig-guide`. Values that an axis cannot show leave a gap; a panel without any says so.
///
/// # Errors
/// [`Error::TooLarge`] if even lines of a dozen points take too much room; [`Error::Draw`] if drawing fails.
pub fn svg(title: &str, alt: &str, panels: &[Panel]) -> Result<String, Error> {
    let mut bytes = 0;
    for detail in DETAIL {
        let text = document(title, alt, panels, detail)
            .map_err(|reason| Error::Draw { title: title.to_owned(), reason: reason.to_string() })?;
        if text.len() < MAX_BYTES {
            return Ok(text);
        }
        bytes = text.len();
    }
    Err(Error::TooLarge { title: title.to_owned(), bytes })
}

type Failure = plotters::drawing::DrawingAreaErrorKind<std::fmt::Error>;

fn document(title: &str, alt: &str, panels: &[Panel], detail: usize) -> Result<String, Failure> {
    let heading =
        if panels.len() == 1 && (panels[0].title.is_empty() || panels[0].title == title) { "" } else { title };
    let bare: Vec<Panel>;
    // A single panel of the figure's own name shows it once.
    let panels = match panels {
        [] => {
            bare = vec![Panel::new("", super::Axis::linear(""), super::Axis::linear(""))];
            &bare
        }
        [only] if only.title.is_empty() => {
            bare = vec![Panel { title: title.to_owned(), ..only.clone() }];
            &bare
        }
        panels => panels,
    };
    let columns = panels.len().min(2);
    let (wide, high) = if columns == 1 { (760.0, 470.0) } else { (500.0, 400.0) };
    let top = if heading.is_empty() { PAD } else { PAD + 1.7 * HEADING };
    let heights: Vec<f64> =
        panels.chunks(columns).map(|row| row.iter().map(|p| height(p, high)).fold(0.0, f64::max)).collect();
    let width = PAD + columns as f64 * (wide + PAD);
    let total = top + heights.iter().map(|h| h + PAD).sum::<f64>();

    let painter = Painter::new(width, total);
    draw(&painter, heading, panels, &heights, (wide, top), detail)?;
    let body = painter.finish();

    let mut out = String::with_capacity(body.len() + 1000);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" class=\"figure\" viewBox=\"0 0 {width:.0} {total:.0}\" \
         width=\"{width:.0}\" height=\"{total:.0}\" style=\"max-width:100%;height:auto\" font-family=\"{FONTS}\">"
    );
    let _ = writeln!(out, "<title>{}</title>\n<desc>{}</desc>", escape(title), escape(alt));
    let (r, g, b) = PAPER.rgb;
    let _ = writeln!(
        out,
        "<rect class=\"{}\" width=\"{width:.0}\" height=\"{total:.0}\" rx=\"8\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>",
        PAPER.pen.class
    );
    out.push_str(&body);
    out.push_str("</svg>\n");
    Ok(out)
}

fn draw(
    painter: &Painter,
    heading: &str,
    panels: &[Panel],
    heights: &[f64],
    (wide, top): (f64, f64),
    detail: usize,
) -> Drawn {
    let palette = Palette::of(panels);
    painter.bold(heading, (PAD, PAD + HEADING), HEADING)?;
    let mut y = top;
    for (row, high) in panels.chunks(2).zip(heights) {
        for (column, panel) in row.iter().enumerate() {
            let left = PAD + column as f64 * (wide + PAD);
            let cell = Rect { left, top: y, right: left + wide, bottom: y + high };
            panel::draw(painter, panel, &palette, cell, detail)?;
        }
        y += high + PAD;
    }
    Ok(())
}

/// Height of a panel: bars need room for each, everything else takes what is usual.
fn height(panel: &Panel, usual: f64) -> f64 {
    let bars = panel.marks.iter().map(|mark| if let Mark::Bars(bars) = mark { bars.len() } else { 0 }).max();
    match bars {
        Some(bars) if bars > 0 => (110.0 + 30.0 * bars as f64).clamp(200.0, 1500.0),
        _ => usual,
    }
}
