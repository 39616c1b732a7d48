//! Keys in the order in which the tile reads them.

use faer::Par;

use super::vector::{Line, Real};
use crate::kernel::points::Centred;
use crate::parallel::map_chunks;

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
    /// Packs keys: `key` writes the coordinates of one and returns its offset; weights are `weight(key, side)`.
    pub(crate) fn new(
        d: usize,
        count: usize,
        sides: usize,
        key: impl Fn(usize, &mut [f64]) -> f64 + Sync,
        weight: impl Fn(usize, usize) -> f64,
        par: Par,
    ) -> Self {
        let panels = count.div_ceil(T::LANES).next_multiple_of(GROUP);
        let zero = Line(T::Lanes::default());
        let mut coordinates = vec![zero; panels * d];
        let groups = map_chunks(par, count * d, &mut coordinates, GROUP * d, |group, lines| {
            let (mut offsets, mut points) = ([zero; GROUP], vec![0.0; T::LANES * d]);
            for (panel, offsets) in offsets.iter_mut().enumerate() {
                let first = (group * GROUP + panel) * T::LANES;
                let lanes = T::LANES.min(count.saturating_sub(first));
                points[lanes * d..].fill(0.0);
                for lane in 0..lanes {
                    let offset = key(first + lane, &mut points[lane * d..(lane + 1) * d]);
                    offsets.0.as_mut()[lane] = T::round(offset);
                }
                for (c, line) in lines[panel..].iter_mut().step_by(GROUP).enumerate() {
                    for (x, point) in line.0.as_mut().iter_mut().zip(points.chunks_exact(d)) {
                        *x = T::round(point[c]);
                    }
                }
            }
            offsets
        });
        let mut offsets = groups.into_flattened();
        offsets.resize(panels, zero);
        let mut weights = vec![zero; panels * sides];
        for j in 0..count {
            for c in 0..sides {
                weights[j / T::LANES * sides + c].0.as_mut()[j % T::LANES] = T::round(weight(j, c));
            }
        }
        Self { d, coordinates, offsets, weights, sides }
    }

    /// Packs the keys `chosen` of a problem for a kernel.
    pub(crate) fn keys(
        points: &Centred,
        chosen: &[u32],
        sides: usize,
        weight: impl Fn(usize, usize) -> f64,
        par: Par,
    ) -> Self {
        let key = |a: usize, out: &mut [f64]| points.put_key(chosen[a] as usize, out);
        Self::new(points.d, chosen.len(), sides, key, weight, par)
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
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    /// How many there are, without padding.
    pub count: usize,
    /// `[block][coordinate][query of the block]`: one stream of numbers, each broadcast.
    pub coordinates: Vec<T>,
    /// `[query]`.
    pub offsets: Vec<T>,
}

impl<T: Real> Rows<T> {
    /// Packs points: `point` writes the coordinates of one and returns its offset.
    pub(crate) fn new(d: usize, count: usize, point: impl Fn(usize, &mut [f64]) -> f64 + Sync, par: Par) -> Self {
        let padded = count.next_multiple_of(TOGETHER);
        let mut coordinates = vec![T::default(); padded * d];
        let blocks = map_chunks(par, count * d, &mut coordinates, TOGETHER * d, |block, numbers| {
            let (mut offsets, mut at) = ([T::default(); TOGETHER], vec![0.0; d]);
            for (q, offset) in offsets.iter_mut().enumerate().take(count - block * TOGETHER) {
                *offset = T::round(point(block * TOGETHER + q, &mut at));
                for (slot, &x) in numbers[q..].iter_mut().step_by(TOGETHER).zip(&at) {
                    *slot = T::round(x);
                }
            }
            offsets
        });
        let mut offsets = blocks.into_flattened();
        offsets.resize(padded, T::default());
        Self { count, coordinates, offsets }
    }

    /// Queries of a problem.
    pub(crate) fn queries(points: &Centred, count: usize, number: impl Fn(usize) -> usize + Sync, par: Par) -> Self {
        Self::new(points.d, count, |a, out| points.put_query(number(a), out), par)
    }

    /// All queries of a problem.
    pub(crate) fn all(points: &Centred, par: Par) -> Self {
        Self::queries(points, points.n, |i| i, par)
    }

    /// Plain points, with offsets of zero.
    pub(crate) fn plain<'p>(d: usize, count: usize, point: impl Fn(usize) -> &'p [f64] + Sync, par: Par) -> Self {
        let put = |i: usize, out: &mut [f64]| {
            out.copy_from_slice(point(i));
            0.0
        };
        Self::new(d, count, put, par)
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}
