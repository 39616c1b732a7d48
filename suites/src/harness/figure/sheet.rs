//! A drawing backend that writes compact SVG.
//!
//! Coordinates are tenths of a pixel, so paths are exact to one decimal and short when written as differences.
//! Consecutive shapes of one look share a group, and what plotters' styles cannot say (dashes, CSS classes, halos) is
//! carried beside them in the [`Pen`].

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};

use super::text::{Level, SCRIPT, escape, runs};

/// What a style cannot carry: see the module's text.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pen {
    /// `stroke-dasharray`, empty for a full line.
    pub dash: &'static str,
    /// CSS class, by which a page can restyle the shape.
    pub class: &'static str,
    /// White rim around text.
    pub halo: bool,
}

/// The SVG body under construction, shared by the backend and the renderer.
#[derive(Default)]
pub(super) struct Sheet {
    pub pen: Pen,
    body: String,
    group: String,
    path: bool,
}

impl Sheet {
    /// Opens the group of shapes that share `attributes`, or stays in it.
    fn enter(&mut self, attributes: String, path: bool) {
        if self.group != attributes || self.path != path {
            self.leave();
            let _ = write!(self.body, "<g{attributes}>");
            if path {
                self.body.push_str("<path d=\"");
            }
            self.group = attributes;
            self.path = path;
        }
    }

    fn leave(&mut self) {
        if !self.group.is_empty() {
            self.body.push_str(if self.path { "\"/></g>\n" } else { "</g>\n" });
            self.group.clear();
        }
    }

    /// Takes the finished body.
    pub fn finish(&mut self) -> String {
        self.leave();
        std::mem::take(&mut self.body)
    }

    /// `x` in pixels from tenths, without needless zeros.
    fn tenths(&mut self, value: i32, separate: bool) {
        if separate && value >= 0 {
            self.body.push(' ');
        }
        let sign = if value < 0 { "-" } else { "" };
        let (whole, rest) = (value.unsigned_abs() / 10, value.unsigned_abs() % 10);
        let _ = match (whole, rest) {
            (_, 0) => write!(self.body, "{sign}{whole}"),
            (0, _) => write!(self.body, "{sign}.{rest}"),
            _ => write!(self.body, "{sign}{whole}.{rest}"),
        };
    }

    fn trace(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        let mut last: Option<BackendCoord> = None;
        for (x, y) in points {
            let (px, py) = last.unwrap_or((0, 0));
            match last {
                None => self.body.push('M'),
                Some(_) if (x, y) == (px, py) => continue,
                Some(_) => self.body.push('l'),
            }
            self.tenths(x - px, false);
            self.tenths(y - py, true);
            last = Some((x, y));
        }
    }

    fn attributes(&self, color: BackendColor, stroke: Option<u32>) -> String {
        let mut out = String::new();
        match (self.pen.class, self.pen.halo) {
            ("", false) => {}
            ("", true) => out.push_str(" class=\"fig-halo\""),
            (class, false) => out = format!(" class=\"{class}\""),
            (class, true) => out = format!(" class=\"{class} fig-halo\""),
        }
        let (r, g, b) = color.rgb;
        let paint = if stroke.is_some() { "stroke" } else { "fill" };
        let _ = write!(out, " {paint}=\"#{r:02x}{g:02x}{b:02x}\"");
        if color.alpha < 1.0 {
            let _ = write!(out, " {paint}-opacity=\"{}\"", (color.alpha * 100.0).round() / 100.0);
        }
        if let Some(width) = stroke {
            let _ = write!(out, " fill=\"none\" stroke-width=\"{}\"", f64::from(width) / 10.0);
        }
        out
    }
}

/// The backend: plotters draws onto it, the text collects in the sheet.
pub(super) struct Backend {
    pub sheet: Rc<RefCell<Sheet>>,
    /// Size in tenths of a pixel.
    pub size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<std::fmt::Error>>;

impl DrawingBackend for Backend {
    type ErrorType = std::fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 10, y + 10), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([(x0, y0)]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut sheet = self.sheet.borrow_mut();
        let mut attributes = sheet.attributes(style.color(), Some(style.stroke_width()));
        if !sheet.pen.dash.is_empty() {
            let _ = write!(attributes, " stroke-dasharray=\"{}\"", sheet.pen.dash);
        }
        attributes.push_str(" stroke-linejoin=\"round\"");
        sheet.enter(attributes, true);
        sheet.trace(path);
        Ok(())
    }

    /// A filled circle: a stroke of no length with a round cap.
    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, _fill: bool) -> Drawn {
        let mut sheet = self.sheet.borrow_mut();
        let mut attributes = sheet.attributes(style.color(), Some(2 * radius));
        attributes.push_str(" stroke-linecap=\"round\"");
        sheet.enter(attributes, true);
        sheet.trace([center]);
        sheet.body.push_str("h0");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        let mut sheet = self.sheet.borrow_mut();
        let attributes = sheet.attributes(style.color(), None);
        sheet.enter(attributes, true);
        sheet.trace(vert);
        sheet.body.push('z');
        Ok(())
    }

    /// Text on its baseline.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let mut sheet = self.sheet.borrow_mut();
        let size = style.size() / 10.0;
        let mut attributes = sheet.attributes(style.color(), None);
        let _ = write!(attributes, " font-size=\"{size}\"");
        if matches!(style.style(), plotters_backend::FontStyle::Bold) {
            attributes.push_str(" font-weight=\"600\"");
        }
        match style.anchor().h_pos {
            HPos::Left => {}
            HPos::Center => attributes.push_str(" text-anchor=\"middle\""),
            HPos::Right => attributes.push_str(" text-anchor=\"end\""),
        }
        if sheet.pen.halo {
            attributes
                .push_str(" stroke=\"#fff\" stroke-width=\"3.5\" stroke-linejoin=\"round\" paint-order=\"stroke\"");
        }
        sheet.enter(attributes, false);
        sheet.body.push_str("<text x=\"");
        sheet.tenths(x, false);
        sheet.body.push_str("\" y=\"");
        sheet.tenths(y, false);
        if matches!(style.transform(), FontTransform::Rotate270) {
            sheet.body.push_str("\" transform=\"rotate(-90");
            sheet.tenths(x, true);
            sheet.tenths(y, true);
            sheet.body.push(')');
        }
        sheet.body.push_str("\">");
        let body = spans(text, size);
        sheet.body.push_str(&body);
        sheet.body.push_str("</text>");
        Ok(())
    }
}

/// The text's runs; a script is lowered or raised, and the next run brings the baseline back.
fn spans(text: &str, size: f64) -> String {
    let mut out = String::new();
    let mut offset = 0.0;
    for (level, run) in runs(text) {
        let want = match level {
            Level::Base => 0.0,
            Level::Sub => 0.2 * size,
            Level::Super => -0.38 * size,
        };
        if want == offset {
            out.push_str(&escape(&run));
            continue;
        }
        let _ = write!(out, "<tspan dy=\"{:.1}\"", want - offset);
        if level != Level::Base {
            let _ = write!(out, " font-size=\"{:.1}\"", SCRIPT * size);
        }
        let _ = write!(out, ">{}</tspan>", escape(&run));
        offset = want;
    }
    out
}
