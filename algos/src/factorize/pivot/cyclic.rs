//! Rules that visit all pairs in a fixed order.

use super::{Pivots, View};

/// `(0,1), (0,2), …, (0,n−1), (1,2), …`. With Gram–Schmidt steps one sweep is the modified Gram–Schmidt method.
#[derive(Debug, Clone, Default)]
pub struct RowCyclic {
    last: Option<(usize, usize)>,
}

impl RowCyclic {
    fn advance(&mut self, n: usize) -> (usize, usize) {
        let pair = match self.last {
            Some((p, q)) if q + 1 < n => (p, q + 1),
            Some((p, _)) if p + 2 < n => (p + 1, p + 2),
            _ => (0, 1),
        };
        self.last = Some(pair);
        pair
    }
}

impl Pivots for RowCyclic {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let (p, q) = self.advance(view.order());
        set.copy_from_slice(&[p, q]);
    }
}

/// Row-cyclic over positions; before row `p` the longest remaining column moves to position `p` (de Rijk 1989).
///
/// Large columns settle first, which saves three or four sweeps of a dozen. Positions are kept here, columns stay where
/// they are, so sets do not ascend: for orthogonal solvers only.
#[derive(Debug, Clone, Default)]
pub struct DeRijk {
    rows: RowCyclic,
    column: Vec<usize>,
}

impl Pivots for DeRijk {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let n = view.order();
        if self.column.len() != n {
            self.column = (0..n).collect();
        }
        let (p, q) = self.rows.advance(n);
        if q == p + 1 {
            let norm = |&at: &usize| view.entry(self.column[at], self.column[at]);
            // The first of the longest.
            let longest = (p..n).rev().max_by(|a, b| norm(a).total_cmp(&norm(b))).unwrap_or(p);
            self.column.swap(p, longest);
        }
        set.copy_from_slice(&[self.column[p], self.column[q]]);
    }
}

/// The rounds of a tournament: `n − 1` rounds (`n` if `n` is odd) of disjoint pairs, which could be done at once.
#[derive(Debug, Clone, Default)]
pub struct RoundRobin {
    order: usize,
    round: Vec<[usize; 2]>,
    number: usize,
}

/// The disjoint pairs of a round among `n` players, each ascending; `n − 1` rounds, or `n` if `n` is odd, meet all.
pub fn round(n: usize, number: usize) -> Vec<[usize; 2]> {
    let seats = n + n % 2;
    let others = seats.saturating_sub(1).max(1);
    // Seat 0 stays, the others move on by one seat in each round; seat n is nobody if n is odd.
    let player = |seat: usize| if seat == 0 { 0 } else { 1 + (seat - 1 + number) % others };
    (0..seats / 2)
        .map(|i| [player(i), player(seats - 1 - i)])
        .map(|[a, b]| [a.min(b), a.max(b)])
        .filter(|[_, b]| *b < n)
        .collect()
}

impl Pivots for RoundRobin {
    fn size(&self) -> usize {
        2
    }

    fn next(&mut self, view: &dyn View, set: &mut [usize]) {
        let n = view.order();
        if self.order != n {
            *self = Self { order: n, ..Self::default() };
        }
        while self.round.is_empty() {
            self.round = round(n, self.number);
            self.number += 1;
        }
        if let Some(pair) = self.round.pop() {
            set.copy_from_slice(&pair);
        }
    }
}
