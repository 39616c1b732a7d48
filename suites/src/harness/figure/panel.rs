//! Draws one planned panel.

use plotters::coord::CoordTranslate;
use plotters::style::text_anchor::HPos;

use super::curve::{Curve, Window};
use super::labels::Rect;
use super::layout::Plan;
use super::legend::{GAP, SAMPLE, label, series};
use super::look::{
    AXIS, Drawn, GRID, GUIDE, Ink, LABEL, MUTED, Painter, Palette, Point, TEXT, THEORY, TICK, TITLE, tenths,
};
use super::scale::number;
use super::text::{fit, width};
use super::{Bar, Mark, Spacing, Style};

/// Draws a planned panel into `cell`.
pub(super) fn draw(painter: &Painter, plan: &Plan<'_>, palette: &Palette, cell: Rect) -> Drawn {
    let panel = plan.panel;
    let room = cell.right - cell.left;
    painter.bold(&panel.title, (cell.left, plan.head[0]), TITLE, room)?;
    painter.text(&fit(&panel.note, TICK, room), (cell.left, plan.head[1]), TICK, HPos::Left, MUTED)?;
    axes(painter, plan, cell)?;
    for (curve, mark) in plan.curves.iter().zip(&panel.marks) {
        bands(painter, curve, mark, palette)?;
    }
    for (curve, mark) in plan.curves.iter().zip(&panel.marks) {
        match mark {
            Mark::Bars(list) => bars(painter, plan, list, palette)?,
            mark => lines(painter, curve, look(mark, palette))?,
        }
    }
    for (curve, mark) in plan.curves.iter().zip(&panel.marks) {
        markers(painter, curve, mark, palette)?;
    }
    for (from, to, ink) in &plan.leaders {
        painter.line(&[*from, *to], Ink { width: 1.0, ..*ink })?;
    }
    for (mark, at) in &plan.legend {
        legend(painter, &panel.marks[*mark], *at, palette, room)?;
    }
    for placed in &plan.labels {
        painter.text(&placed.text, placed.at, LABEL, placed.side, placed.ink)?;
    }
    if plan.empty {
        let middle = ((plan.frame.left + plan.frame.right) / 2.0, (plan.frame.top + plan.frame.bottom) / 2.0);
        painter.text("no data at this scale", middle, LABEL, HPos::Center, MUTED.halo())?;
    }
    Ok(())
}

/// Grid, ticks and labels of both axes.
fn axes(painter: &Painter, plan: &Plan<'_>, cell: Rect) -> Drawn {
    let (window, frame, panel) = (plan.window(), plan.frame, plan.panel);
    let names = matches!(panel.y.spacing, Spacing::Category(_));
    let across: Vec<(i32, &str)> =
        spots(&plan.x_ticks, |at| plan.plot.translate(&(at, plan.plot.get_y_range().start)).0);
    let up: Vec<(i32, &str)> = spots(&plan.y_ticks, |at| plan.plot.translate(&(plan.plot.get_x_range().start, at)).1);
    for (x, _) in across.iter().filter(|_| !matches!(panel.x.spacing, Spacing::Category(_))) {
        painter.line(&[(*x, window.top), (*x, window.bottom)], GRID)?;
    }
    for (y, _) in up.iter().filter(|_| !names) {
        painter.line(&[(window.left, *y), (window.right, *y)], GRID)?;
    }
    painter.line(&[(window.left, window.bottom), (window.right, window.bottom)], AXIS)?;
    painter.line(&[(window.left, window.top), (window.left, window.bottom)], AXIS)?;
    if !plan.empty {
        for x in plan.plot.x_spec().minor() {
            let x = plan.plot.translate(&(x, plan.plot.get_y_range().start)).0;
            painter.line(&[(x, window.bottom), (x, window.bottom - 35)], AXIS)?;
        }
        for y in plan.plot.y_spec().minor() {
            let y = plan.plot.translate(&(plan.plot.get_x_range().start, y)).1;
            painter.line(&[(window.left, y), (window.left + 35, y)], AXIS)?;
        }
    }
    for (x, text) in across {
        let x = f64::from(x) / 10.0;
        if plan.standing {
            painter.standing(text, (x + 0.35 * TICK, frame.bottom + 7.0), TICK, TEXT)?;
        } else {
            painter.text(text, (x, frame.bottom + 1.25 * TICK), TICK, HPos::Center, TEXT)?;
        }
    }
    for (y, text) in up {
        painter.text(text, (frame.left - 7.0, f64::from(y) / 10.0 + 0.35 * TICK), TICK, HPos::Right, TEXT)?;
    }
    painter.text(
        &fit(&panel.y.label, LABEL, cell.right - cell.left),
        (cell.left, plan.head[2]),
        LABEL,
        HPos::Left,
        MUTED,
    )?;
    let x_label = fit(&panel.x.label, LABEL, cell.right - cell.left);
    let half = width(&x_label, LABEL) / 2.0;
    let middle = ((frame.left + frame.right) / 2.0).clamp(cell.left + half, (cell.right - half).max(cell.left + half));
    painter.text(&x_label, (middle, frame.bottom + plan.under + 0.87 * LABEL), LABEL, HPos::Center, MUTED)
}

fn spots(ticks: &[super::scale::Tick], place: impl Fn(f64) -> i32) -> Vec<(i32, &str)> {
    ticks.iter().map(|tick| (place(tick.at), tick.label.as_str())).collect()
}

fn look(mark: &Mark, palette: &Palette) -> Ink {
    match mark {
        Mark::Theory { .. } => THEORY,
        Mark::Guide { .. } | Mark::VLine { .. } | Mark::HLine { .. } | Mark::Bars(_) => GUIDE,
        Mark::Line { label, style, .. } | Mark::Band { label, style, .. } => palette.ink(label, *style),
        Mark::Points { label, .. } | Mark::Whiskers { label, .. } => palette.ink(label, Style::Solid),
    }
}

fn bands(painter: &Painter, curve: &Curve, mark: &Mark, palette: &Palette) -> Drawn {
    let ink = look(mark, palette).full().alpha(0.18);
    curve.bands.iter().try_for_each(|outline| painter.fill(outline, ink))
}

fn lines(painter: &Painter, curve: &Curve, ink: Ink) -> Drawn {
    curve.pieces.iter().try_for_each(|piece| painter.line(piece, ink))?;
    let whisker = Ink { width: 1.5, ..ink.full() };
    for &(low, high) in &curve.whiskers {
        painter.line(&[low, high], whisker)?;
        for end in [low, high] {
            painter.line(&[(end.0 - 35, end.1), (end.0 + 35, end.1)], whisker)?;
        }
    }
    Ok(())
}

fn markers(painter: &Painter, curve: &Curve, mark: &Mark, palette: &Palette) -> Drawn {
    let Some((label, style)) = series(mark) else { return Ok(()) };
    let ink = palette.ink(label, style).full();
    let (radius, ink) = match mark {
        Mark::Points { .. } if curve.dots.len() > 150 => (2.2, ink.alpha(0.6)),
        Mark::Points { .. } => (3.2, ink.alpha(0.75)),
        Mark::Whiskers { .. } => (4.2, ink),
        _ if style == Style::Faint => (1.6, ink),
        _ => (3.4, ink),
    };
    let shape = palette.index(label).unwrap_or(0);
    curve.dots.iter().try_for_each(|dot| painter.marker(shape, *dot, radius, ink))
}

/// A sample of the mark and its label.
fn legend(painter: &Painter, mark: &Mark, (x, baseline): (f64, f64), palette: &Palette, room: f64) -> Drawn {
    let middle = baseline - 0.34 * LABEL;
    let (from, to) = (tenths(x, middle), tenths(x + SAMPLE, middle));
    let dots = match mark {
        Mark::Line { points, .. } if points.len() > 16 => Vec::new(),
        Mark::Band { points, .. } if points.len() > 40 => Vec::new(),
        mark if series(mark).is_some() => vec![tenths(x + SAMPLE / 2.0, middle)],
        _ => Vec::new(),
    };
    let line = !matches!(mark, Mark::Points { .. } | Mark::Whiskers { .. });
    let sample = Curve { pieces: if line { vec![vec![from, to]] } else { Vec::new() }, dots, ..Curve::default() };
    lines(painter, &sample, look(mark, palette))?;
    markers(painter, &sample, mark, palette)?;
    let text = fit(label(mark), LABEL, room - SAMPLE - GAP);
    painter.text(&text, (x + SAMPLE + GAP, baseline), LABEL, HPos::Left, TEXT)
}

/// Horizontal bars with whiskers and their values in figures.
/// One bar a row from zero, or one diamond on a logarithmic scale, which has no zero for a bar to grow from.
fn bars(painter: &Painter, plan: &Plan<'_>, list: &[Bar], palette: &Palette) -> Drawn {
    let Window { left, right, .. } = plan.window();
    let scale = plan.plot.x_spec();
    let at = |value: f64| plan.plot.translate(&(value, 0.0)).0.clamp(left, right);
    let zero = matches!(scale.spacing, Spacing::Linear | Spacing::Category(_)).then(|| at(0.0));
    let slot = 10.0 * (plan.frame.bottom - plan.frame.top) / list.len().max(1) as f64;
    let half = (0.34 * slot).min(130.0) as i32;
    for (k, bar) in list.iter().enumerate() {
        if scale.position(bar.value).is_none() {
            continue;
        }
        let y = plan.plot.translate(&(plan.plot.get_x_range().start, k as f64)).1;
        let end = at(bar.value);
        let (ink, start) = (palette.bar(&bar.label), zero.unwrap_or(end));
        if let Some(start) = zero {
            let outline: [Point; 4] = [(start, y - half), (end, y - half), (end, y + half), (start, y + half)];
            painter.fill(&outline, ink.alpha(0.68))?;
        } else {
            painter.line(&[(left, y), (right, y)], GRID)?;
            painter.fill(&[(end - 70, y), (end, y - 70), (end + 70, y), (end, y + 70)], ink)?;
        }
        let mut reach = end.max(start);
        if let Some((low, high)) = bar.interval {
            let ends = [low, high].map(|v| scale.position(v).map(|_| at(v)));
            let [low, high] = [ends[0].unwrap_or(start), ends[1].unwrap_or(end)];
            let whisker = Ink { rgb: TEXT.rgb, width: 1.5, ..AXIS };
            painter.line(&[(low, y), (high, y)], whisker)?;
            for x in [low, high] {
                painter.line(&[(x, y - half / 2), (x, y + half / 2)], whisker)?;
            }
            reach = reach.max(high);
        }
        let place = (f64::from(reach) / 10.0 + 6.0, f64::from(y) / 10.0 + 0.35 * TICK);
        painter.text(&number(bar.value), place, TICK, HPos::Left, TEXT.halo())?;
    }
    Ok(())
}
