//! Where labels go: beside line ends in the margin, or near their line where least is covered.

use super::look::{LABEL, Point};
use super::text::width;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    /// Room that a label takes whose left end and baseline are given.
    pub fn of(text: &str, left: f64, baseline: f64) -> Self {
        Self { left, top: baseline - 0.8 * LABEL, right: left + width(text, LABEL), bottom: baseline + 0.25 * LABEL }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn inside(&self, outer: &Self) -> bool {
        self.left >= outer.left && self.right <= outer.right && self.top >= outer.top && self.bottom <= outer.bottom
    }
}

/// Vertical distance between two labels.
pub(super) const PITCH: f64 = 1.15 * LABEL;

/// Moves positions apart until neighbours are `gap` apart, each as little as possible, all within `low..=high` if they
/// fit at all. The order of the answers is that of the wishes.
pub(super) fn spread(wishes: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|&a, &b| wishes[a].total_cmp(&wishes[b]));
    // Neighbours that touch form a block; a block of k sits where the mean of its wishes is.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    let first = |&(sum, count): &(f64, usize)| {
        let span = (count - 1) as f64 * gap;
        (sum / count as f64 - span / 2.0).min(high - span).max(low)
    };
    for &i in &order {
        blocks.push((wishes[i], 1));
        while let [.., before, after] = &blocks[..]
            && first(before) + before.1 as f64 * gap > first(after)
        {
            let joined = (before.0 + after.0, before.1 + after.1);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let placed = blocks.iter().flat_map(|block| (0..block.1).map(move |k| first(block) + k as f64 * gap));
    let mut out = vec![0.0; wishes.len()];
    for (i, at) in order.into_iter().zip(placed) {
        out[i] = at;
    }
    out
}

/// Side of the squares in which covered ground is counted.
const SQUARE: f64 = 3.0;

/// What labels must not cover.
pub(super) struct Ground {
    bounds: Rect,
    columns: usize,
    rows: usize,
    /// Row by row, how bad it is to cover a square.
    ink: Vec<u8>,
    taken: Vec<Rect>,
}

impl Ground {
    pub fn new(bounds: Rect) -> Self {
        let squares = |span: f64| (span / SQUARE).ceil().max(1.0) as usize;
        let (columns, rows) = (squares(bounds.right - bounds.left), squares(bounds.bottom - bounds.top));
        Self { bounds, columns, rows, ink: vec![0; columns * rows], taken: Vec::new() }
    }

    /// Marks a line as covered.
    pub fn add_line(&mut self, piece: &[Point]) {
        for pair in piece.windows(2) {
            let [(ax, ay), (bx, by)] = [pair[0], pair[1]].map(|p| (f64::from(p.0), f64::from(p.1)));
            let steps = ((bx - ax).hypot(by - ay) / (10.0 * SQUARE)).ceil().max(1.0);
            for k in 0..=steps as usize {
                let part = k as f64 / steps;
                self.cover(((ax + (bx - ax) * part) as i32, (ay + (by - ay) * part) as i32), 1);
            }
        }
    }

    /// Marks a marker, and the squares around its middle, as covered: worse to lose than as much of a line.
    pub fn add_dot(&mut self, (x, y): Point) {
        let side = (10.0 * SQUARE) as i32;
        let around = [-side, 0, side];
        around.iter().for_each(|dx| around.iter().for_each(|dy| self.cover((x + dx, y + dy), 2)));
    }

    fn cover(&mut self, (x, y): Point, weight: u8) {
        let column = ((f64::from(x) / 10.0 - self.bounds.left) / SQUARE).floor();
        let row = ((f64::from(y) / 10.0 - self.bounds.top) / SQUARE).floor();
        if column >= 0.0 && row >= 0.0 && (column as usize) < self.columns && (row as usize) < self.rows {
            let ink = &mut self.ink[row as usize * self.columns + column as usize];
            *ink = weight.max(*ink);
        }
    }

    pub fn take(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    /// How much a label would cover: lines and, more, markers; another label counts as very much.
    fn cost(&self, rect: &Rect) -> f64 {
        let wide =
            Rect { left: rect.left - 2.0, top: rect.top - 1.0, right: rect.right + 2.0, bottom: rect.bottom + 1.0 };
        let clashes = self.taken.iter().filter(|taken| taken.meets(&wide)).count();
        let span = |low: f64, high: f64, origin: f64, most: usize| {
            let square = |at: f64| ((at - origin) / SQUARE).max(0.0) as usize;
            square(low).min(most - 1)..=square(high).min(most - 1)
        };
        let columns = span(wide.left, wide.right, self.bounds.left, self.columns);
        let covered: u32 = span(wide.top, wide.bottom, self.bounds.top, self.rows)
            .flat_map(|row| columns.clone().map(move |column| row * self.columns + column))
            .map(|square| u32::from(self.ink[square]))
            .sum();
        f64::from(covered) + 1000.0 * clashes as f64
    }

    /// The left end and baseline among `places` (best liked first) that covers least, and how much that is.
    pub fn settle(&self, text: &str, places: &[(f64, f64)]) -> Option<((f64, f64), f64)> {
        let mut best: Option<((f64, f64), f64)> = None;
        for (rank, &(left, baseline)) in places.iter().enumerate() {
            let rect = Rect::of(text, left, baseline);
            if !rect.inside(&self.bounds) {
                continue;
            }
            let cost = self.cost(&rect) + 0.2 * rank as f64;
            if best.is_none_or(|(_, least)| cost < least) {
                best = Some(((left, baseline), cost));
            }
        }
        best
    }
}

/// Places for a label along a line, best liked first: at its end, then beside points further back.
pub(super) fn along(pieces: &[Vec<Point>], text: &str) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> =
        pieces.iter().flatten().map(|p| (f64::from(p.0) / 10.0, f64::from(p.1) / 10.0)).collect();
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return Vec::new() };
    let wide = width(text, LABEL);
    let middle = 0.3 * LABEL;
    let mut out = vec![(last.0 + 6.0, last.1 + middle)];
    for share in [0.97, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.03] {
        let want = first.0 + share * (last.0 - first.0);
        let near = points.windows(2).find(|w| w[1].0 >= want);
        let (x, y) = near.map_or(last, |w| {
            let part = if w[1].0 > w[0].0 { ((want - w[0].0) / (w[1].0 - w[0].0)).clamp(0.0, 1.0) } else { 1.0 };
            (w[0].0 + part * (w[1].0 - w[0].0), w[0].1 + part * (w[1].1 - w[0].1))
        });
        for lift in [7.0, 14.0, 24.0] {
            let (above, below) = (y - lift, y + lift + 0.75 * LABEL);
            out.extend([(x - wide / 2.0, above), (x - wide / 2.0, below)]);
            out.extend([(x + 4.0, above), (x - wide - 4.0, above), (x + 4.0, below), (x - wide - 4.0, below)]);
        }
        for gap in [8.0, 14.0, 22.0] {
            out.extend([(x + gap, y + middle), (x - wide - gap, y + middle)]);
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spreading_moves_little_and_keeps_order() {
        assert_eq!(spread(&[10.0, 50.0], 15.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 50.0], 10.0, 0.0, 100.0), [45.0, 55.0]);
        assert_eq!(spread(&[99.0, 98.0, 97.0], 10.0, 0.0, 100.0), [100.0, 90.0, 80.0]);
        assert_eq!(spread(&[-5.0, 1.0], 10.0, 0.0, 100.0), [0.0, 10.0]);
        assert!(spread(&[], 10.0, 0.0, 1.0).is_empty());
    }

    #[test]
    fn a_label_avoids_lines_and_other_labels() {
        let mut ground = Ground::new(Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 });
        ground.add_line(&[(0, 1000), (3000, 1000)]);
        let (at, cost) = ground.settle("label", &[(100.0, 103.0), (100.0, 80.0)]).unwrap();
        assert_eq!(at, (100.0, 80.0));
        assert!(cost < 1.0);
        ground.take(Rect::of("label", 100.0, 80.0));
        assert!(ground.settle("label", &[(100.0, 80.0)]).unwrap().1 > 100.0);
        assert!(ground.settle("label", &[(290.0, 80.0)]).is_none());
        // Rather a line than a marker.
        ground.add_dot((500, 400));
        assert_eq!(ground.settle("dot", &[(40.0, 43.0), (200.0, 103.0)]).unwrap().0, (200.0, 103.0));
    }
}
