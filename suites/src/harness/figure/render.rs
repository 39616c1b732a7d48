//! The one renderer: lays panels out in a grid and wraps the drawing into an SVG document.

use std::fmt::Write as _;

use super::labels::Rect;
use super::layout::Plan;
use super::look::{Drawn, HEADING, PAPER, Painter, Palette};
use super::text::escape;
use super::{Error, Mark, Panel, panel};

/// No figure is larger than this.
pub const MAX_BYTES: usize = 60_000;

/// Points a line keeps, tried in turn until the figure is small enough.
const DETAIL: [usize; 5] = [200, 100, 50, 25, 12];

/// Distance of panels from the edge and of rows from each other.
const PAD: f64 = 16.0;
/// Distance of columns from each other.
const GUTTER: f64 = 30.0;

/// Fonts of the system that shows the figure, all without serifs; the last one is what PNGs use.
const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif";

/// Draws `panels` in a grid: one, two side by side, then rows of two.
///
/// The text depends on the arguments alone, is well-formed XML below [`MAX_BYTES`], carries `title` and `alt` for readers
/// that do not see it, and scales with its container. Its ground is a white rounded rectangle, so that it stays legible
/// on a dark page. A page may restyle it by classes: `fig-paper`, `fig-text` and `fig-muted` by `fill`; `fig-grid`,
/// `fig-axis`, `fig-theory`, `fig-guide` and `fig-halo` (the rim of text over lines) by `stroke`.
///
/// Values that an axis cannot show leave a gap; a panel without any others says so.
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
    // A single panel of the figure's own name shows it once.
    let heading =
        if panels.len() == 1 && (panels[0].title.is_empty() || panels[0].title == title) { "" } else { title };
    let bare: Vec<Panel>;
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
    let width = 2.0 * PAD + columns as f64 * (wide + GUTTER) - GUTTER;
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
    let across = panels.len().min(2) as f64 * (wide + GUTTER) - GUTTER;
    painter.bold(heading, (PAD, PAD + HEADING), HEADING, across)?;
    let mut y = top;
    for (row, high) in panels.chunks(2).zip(heights) {
        let cells =
            [0.0, wide + GUTTER].map(|x| Rect { left: PAD + x, top: y, right: PAD + x + wide, bottom: y + high });
        let plan = |floor: f64| -> Vec<Plan<'_>> {
            row.iter().zip(cells).map(|(panel, cell)| Plan::new(panel, &palette, cell, floor, detail)).collect()
        };
        // Planned twice: the axes of a row begin at one height, whatever stands above them.
        let floor = plan(0.0).iter().map(|plan| plan.frame.top).fold(0.0, f64::max);
        for (plan, cell) in plan(floor).iter().zip(cells) {
            panel::draw(painter, plan, &palette, cell)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::harness::figure::{Axis, Style};

    fn spacings() -> [Axis; 4] {
        [Axis::linear("x"), Axis::log("x"), Axis::log2("x"), Axis::category("x").names(["a", "b"])]
    }

    /// Every mark, over the same values.
    fn busy(x: &Axis, y: &Axis, values: &[f64]) -> Panel {
        let pairs: Vec<(f64, f64)> = values.iter().flat_map(|&x| values.iter().map(move |&y| (x, y))).collect();
        let bands: Vec<_> = pairs.iter().map(|&(x, y)| (x, 0.5 * y, y, 2.0 * y)).collect();
        let first = values.first().copied().unwrap_or(f64::NAN);
        Panel::new("busy", x.clone(), y.clone())
            .line("line", pairs.clone())
            .line_in(Style::Faint, "line", pairs.clone())
            .line_band("band", bands.clone())
            .points("points", pairs.clone())
            .whiskers("whiskers", bands)
            .theory("x^2", pairs.clone())
            .guide("guide", pairs)
            .vline(first, "here")
            .hline(first, "level")
            .bars([("bar", first, Some((first, f64::INFINITY)))])
    }

    fn checked(panels: &[Panel]) -> String {
        let text = svg("title", "alt", panels).unwrap();
        assert!(text.len() < MAX_BYTES, "{}", text.len());
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        roxmltree::Document::parse(&text).unwrap();
        text
    }

    #[test]
    fn no_data_breaks_a_figure() {
        let sets: [&[f64]; 10] = [
            &[],
            &[f64::NAN],
            &[0.0],
            &[-1.0],
            &[3.0],
            &[3.0, 3.0],
            &[f64::INFINITY, 1.0, f64::NEG_INFINITY],
            &[5e-324, f64::MIN_POSITIVE, 1.0, f64::MAX],
            &[-f64::MAX, f64::MAX],
            &[1e6, 1e6 + 1e-6],
        ];
        for values in sets {
            for x in &spacings() {
                for y in &spacings() {
                    checked(&[busy(x, y, values)]);
                    checked(&[busy(&x.clone().range(1.0, 1.0), &y.clone().range(0.0, f64::NAN), values)]);
                    checked(&[busy(&x.clone().range(0.5, 2.0), &y.clone().range(0.5, 2.0), values)]);
                }
            }
        }
    }

    #[test]
    fn a_panel_without_data_says_so() {
        let empty = "no data at this scale";
        let panel = Panel::new("p", Axis::log("x"), Axis::log("y"));
        assert!(checked(&[]).contains(empty));
        assert!(checked(std::slice::from_ref(&panel)).contains(empty));
        assert!(
            checked(&[panel.clone().line("gone", vec![(1.0, 0.0)]).theory("x", vec![(1.0, 1.0), (2.0, 2.0)])])
                .contains(empty)
        );
        assert!(!checked(&[panel.clone().line("one", vec![(1.0, 1.0)])]).contains(empty));
        assert!(!checked(&[panel.theory("x", vec![(1.0, 1.0), (2.0, 2.0)])]).contains(empty));
    }

    #[test]
    fn size_is_bounded_and_bytes_are_the_same_each_time() {
        let wave = |k: u32| (1..5_000).map(|t| (f64::from(t), 2.0 + f64::from(t * t % 1009 + k))).collect::<Vec<_>>();
        let noisy = |count: u32| {
            let panel = Panel::new("noise", Axis::log("x"), Axis::linear("y")).points("cloud", wave(0));
            (0..count).fold(panel, |panel, k| panel.line(format!("line {k}"), wave(k)))
        };
        let panels = vec![noisy(8); 4];
        assert_eq!(checked(&panels), checked(&panels));
        assert!(matches!(svg("t", "a", &[noisy(400)]), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn text_is_escaped_and_described() {
        let nasty = "a<b> & \"c\" ]]> ‖X‖_F\u{1}";
        let panel = Panel::new(nasty, Axis::linear(nasty), Axis::category(nasty).names([nasty]))
            .note(nasty)
            .line(nasty, vec![(0.0, 0.0), (1.0, 0.0)])
            .theory(nasty, vec![(0.0, 0.0), (1.0, 0.0)]);
        let text = svg(nasty, nasty, &[panel]).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        assert!(root.attribute("viewBox").is_some());
        for tag in ["title", "desc"] {
            let node = root.children().find(|n| n.has_tag_name(tag)).unwrap();
            assert_eq!(node.text(), Some("a<b> & \"c\" ]]> ‖X‖_F "));
        }
    }

    #[test]
    fn a_label_has_one_colour_in_all_panels() {
        let axes = || (Axis::linear("x"), Axis::linear("y"));
        let panel = |labels: [&str; 2]| {
            let (x, y) = axes();
            labels.iter().fold(Panel::new("", x, y), |p, l| p.line(*l, vec![(0.0, 0.0), (1.0, 1.0)]))
        };
        let text = checked(&[panel(["a", "b"]), panel(["b", "c"])]);
        let lines =
            |colour: &str| text.matches(&format!("stroke=\"{colour}\" fill=\"none\" stroke-width=\"2\"")).count();
        assert_eq!(["#0072b2", "#d55e00", "#009e73", "#cc79a7"].map(lines), [1, 2, 1, 0]);
    }
}
