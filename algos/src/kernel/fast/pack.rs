//! Keys in the order in which the tile reads them.

use super::vector::{Line, Real};
use crate::{kernel::points::Centred, linalg::sum_of_squares};

/// Panels that share a block: keys are padded to a multiple of this many panels.
pub(crate) const GROUP: usize = 4;

/// A panel holds one vector's worth of keys, coordinate by coordinate. `offset` is added to the products of coordinates:
/// `−‖k‖²/2` for a kernel, anything else for a plain product. Padding keys are zero and have weight zero.
#[derive(Debug)]
pub(crate) struct Packed<T: Real> {
    pub d: usize,
    /// `[group][coordinate][panel of the group]`: one stream of lines.
    pub coordinates: Vec<Line<T::Lanes>>,
    /// `[panel]`.
    pub offsets: Vec<Line<T::Lanes>>,
    /// `[panel][right-hand side]`.
    pub weights: Vec<Line<T::Lanes>>,
    pub sides: usize,
}

impl<T: Real> Packed<T> {
    /// Packs keys given by their coordinates, offsets and weights, `weight(key, side)`.
    pub(crate) fn new<'k>(
        d: usize,
        count: usize,
        sides: usize,
        key: impl Fn(usize) -> &'k [f64],
        offset: impl Fn(usize) -> f64,
        weight: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let panels = count.div_ceil(T::LANES).next_multiple_of(GROUP);
        let zero = || Line(T::Lanes::default());
        let mut packed = Self {
            d,
            coordinates: vec![zero(); panels * d],
            offsets: vec![zero(); panels],
            weights: vec![zero(); panels * sides],
            sides,
        };
        for j in 0..count {
            let (panel, lane) = (j / T::LANES, j % T::LANES);
            for (t, &x) in key(j).iter().enumerate() {
                let line = ((panel / GROUP) * d + t) * GROUP + panel % GROUP;
                packed.coordinates[line].0.as_mut()[lane] = T::round(x);
            }
            packed.offsets[panel].0.as_mut()[lane] = T::round(offset(j));
            for c in 0..sides {
                packed.weights[panel * sides + c].0.as_mut()[lane] = T::round(weight(j, c));
            }
        }
        packed
    }

    /// Packs the keys `chosen` of a problem for a kernel.
    pub(crate) fn keys(
        points: &Centred,
        chosen: &[u32],
        sides: usize,
        direct: bool,
        weight: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let half = |a: usize| if direct { 0.0 } else { -half_square(points.key(chosen[a] as usize)) };
        Self::new(points.d, chosen.len(), sides, |a| points.key(chosen[a] as usize), half, weight)
    }

    pub(crate) fn panels(&self) -> usize {
        self.offsets.len()
    }

    /// Panels whose coordinates fill half of a first cache of 32 KiB: they stay there while queries pass.
    pub(crate) fn resident(&self) -> usize {
        ((16 << 10) / (64 * self.d.max(1))).next_multiple_of(GROUP).min(self.panels().max(GROUP))
    }
}

/// `‖x‖²/2`.
pub(crate) fn half_square(x: &[f64]) -> f64 {
    0.5 * sum_of_squares(x)
}

/// Queries that share a block: rows are padded with zeros to a multiple of this.
pub(crate) const TOGETHER: usize = 6;

/// Queries as the tile reads them.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    /// How many there are, without padding.
    pub count: usize,
    /// `[block][coordinate][query of the block]`: one stream of numbers, each broadcast.
    pub coordinates: Vec<T>,
    /// `[query]`.
    pub offsets: Vec<T>,
}

impl<T: Real> Rows<T> {
    /// The queries `chosen` of a problem.
    pub(crate) fn queries(points: &Centred, chosen: impl ExactSizeIterator<Item = usize>, direct: bool) -> Self {
        Self::new(points.d, chosen.map(|i| points.query(i)), direct)
    }

    /// Any points; with `direct` their offsets are zero.
    pub(crate) fn new<'p>(d: usize, points: impl ExactSizeIterator<Item = &'p [f64]>, direct: bool) -> Self {
        let count = points.len();
        let padded = count.next_multiple_of(TOGETHER);
        let mut rows = Self { count, coordinates: vec![T::default(); padded * d], offsets: vec![T::default(); padded] };
        for (i, point) in points.enumerate() {
            let block = &mut rows.coordinates[i / TOGETHER * TOGETHER * d..];
            for (t, &x) in point.iter().enumerate() {
                block[t * TOGETHER + i % TOGETHER] = T::round(x);
            }
            rows.offsets[i] = T::round(if direct { 0.0 } else { -half_square(point) });
        }
        rows
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}
