//! Keys in the order in which the tile reads them.

use faer::Par;

use super::vector::{Line, Real};
use crate::kernel::points::{Centred, for_each_chunk};

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
        key: impl Fn(usize) -> &'k [f64] + Sync,
        offset: impl Fn(usize) -> f64,
        weight: impl Fn(usize, usize) -> f64,
        par: Par,
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
        let group = GROUP * T::LANES;
        for_each_chunk(par, count * d, &mut packed.coordinates, GROUP * d, |number, lines| {
            for j in number * group..((number + 1) * group).min(count) {
                let (panel, lane) = (j % group / T::LANES, j % T::LANES);
                for (line, &x) in lines[panel..].iter_mut().step_by(GROUP).zip(key(j)) {
                    line.0.as_mut()[lane] = T::round(x);
                }
            }
        });
        for j in 0..count {
            let (panel, lane) = (j / T::LANES, j % T::LANES);
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
        par: Par,
    ) -> Self {
        let half = |a: usize| if direct { 0.0 } else { -points.half_key(chosen[a] as usize) };
        Self::new(points.d, chosen.len(), sides, |a| points.key(chosen[a] as usize), half, weight, par)
    }

    pub(crate) fn panels(&self) -> usize {
        self.offsets.len()
    }

    /// Panels whose coordinates fill half of a first cache of 32 KiB: they stay there while queries pass.
    pub(crate) fn resident(&self) -> usize {
        ((16 << 10) / (64 * self.d.max(1))).next_multiple_of(GROUP).min(self.panels().max(GROUP))
    }
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
    /// Queries of a problem; with `direct` their offsets are zero.
    pub(crate) fn queries(
        points: &Centred,
        count: usize,
        number: impl Fn(usize) -> usize + Sync,
        direct: bool,
        par: Par,
    ) -> Self {
        let mut rows = Self::new(points.d, count, |a| points.query(number(a)), par);
        if !direct {
            let halves = (0..count).map(|a| T::round(-points.half_query(number(a))));
            rows.offsets.iter_mut().zip(halves).for_each(|(offset, half)| *offset = half);
        }
        rows
    }

    /// All queries of a problem.
    pub(crate) fn all(points: &Centred, direct: bool, par: Par) -> Self {
        Self::queries(points, points.n, |i| i, direct, par)
    }

    /// Any points, with offsets of zero.
    pub(crate) fn new<'p>(d: usize, count: usize, point: impl Fn(usize) -> &'p [f64] + Sync, par: Par) -> Self {
        let padded = count.next_multiple_of(TOGETHER);
        let mut rows = Self { count, coordinates: vec![T::default(); padded * d], offsets: vec![T::default(); padded] };
        for_each_chunk(par, count * d, &mut rows.coordinates, TOGETHER * d, |number, block| {
            for i in number * TOGETHER..((number + 1) * TOGETHER).min(count) {
                for (slot, &x) in block[i % TOGETHER..].iter_mut().step_by(TOGETHER).zip(point(i)) {
                    *slot = T::round(x);
                }
            }
        });
        rows
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}
