//! The projection of many points on the column space.

use faer::Mat;

use crate::simd::{Simd, Task, lanes::Lanes};
use crate::tensor::octet::Octet;

/// Columns of `V` side by side: 12 of them with two vectors of points fill the registers of AVX-512.
const PANEL: usize = 12;
/// Panels after which the image is stored: it is loaded and stored once for all of them.
const TOGETHER: usize = 2;

/// `V`, laid out so that both products of a power step read it in one stream, and each panel once from memory.
pub(super) struct Panels {
    rows: usize,
    panels: Vec<Vec<[f64; PANEL]>>,
}

impl Panels {
    /// From the leading rows of the columns of `V`.
    pub fn new(basis: &Mat<f64>, rows: usize) -> Self {
        let panel = |first: usize| {
            let mut panel = vec![[0.0; PANEL]; rows];
            for c in first..basis.ncols().min(first + PANEL) {
                panel.iter_mut().zip(basis.col_as_slice(c)).for_each(|(to, v)| to[c - first] = *v);
            }
            panel
        };
        Self { rows, panels: (0..basis.ncols()).step_by(PANEL).map(panel).collect() }
    }

    /// Octets of coordinates `z` for each octet of points.
    pub fn width(&self) -> usize {
        self.panels.len() * PANEL
    }

    /// `Z = VᵀS` and `T = VZ` for as many octets of points as there are: `s` and `t` have one after the other, `z` has
    /// [`width`](Self::width) numbers for each. `4Nk` flops a point.
    pub fn project(&self, simd: Simd, s: &[Octet], z: &mut [Octet], t: &mut [Octet]) {
        simd.run(Project { panels: self, s, z, t });
    }
}

struct Project<'a> {
    panels: &'a Panels,
    s: &'a [Octet],
    z: &'a mut [Octet],
    t: &'a mut [Octet],
}

impl Task for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { panels, mut s, mut z, mut t } = self;
        let (rows, width) = (panels.rows, panels.width());
        t.fill(Octet::ZERO);
        while !s.is_empty() {
            let octets = if S::WIDE && s.len() >= 2 * rows { 2 } else { 1 };
            let (here, rest) = s.split_at(octets * rows);
            let (z_here, z_rest) = std::mem::take(&mut z).split_at_mut(octets * width);
            let (t_here, t_rest) = std::mem::take(&mut t).split_at_mut(octets * rows);
            match (S::WIDE, octets) {
                (true, 2) => pass::<S, PANEL, 2>(simd, panels, here, z_here, t_here),
                (true, _) => pass::<S, PANEL, 1>(simd, panels, here, z_here, t_here),
                _ => pass::<S, { PANEL / 2 }, 1>(simd, panels, here, z_here, t_here),
            }
            (s, z, t) = (rest, z_rest, t_rest);
        }
    }
}

/// `W` octets, in tiles of `C` columns or rows.
#[inline(always)]
fn pass<S: Lanes, const C: usize, const W: usize>(
    simd: S,
    panels: &Panels,
    s: &[Octet],
    z: &mut [Octet],
    t: &mut [Octet],
) {
    let (rows, width) = (panels.rows, panels.width());
    let s: [&[Octet]; W] = std::array::from_fn(|w| &s[w * rows..][..rows]);
    for (group, panels) in panels.panels.chunks(TOGETHER).enumerate() {
        let first = group * TOGETHER * PANEL;
        for (q, panel) in panels.iter().enumerate() {
            for c in (0..PANEL).step_by(C) {
                let sums = dots::<S, C, W>(simd, panel, c, s);
                for w in 0..W {
                    for (j, sum) in sums.iter().enumerate() {
                        simd.store(sum[w], &mut z[w * width + first + q * PANEL + c + j]);
                    }
                }
            }
        }
        let z: [&[Octet]; W] = std::array::from_fn(|w| &z[w * width + first..][..panels.len() * PANEL]);
        let whole = rows / C * C;
        for p in (0..whole).step_by(C) {
            axpys::<S, C, W>(simd, panels, p, z, t, rows);
        }
        for p in whole..rows {
            axpys::<S, 1, W>(simd, panels, p, z, t, rows);
        }
    }
}

/// `C` columns of a panel times `W` octets.
#[inline(always)]
fn dots<S: Lanes, const C: usize, const W: usize>(
    simd: S,
    panel: &[[f64; PANEL]],
    from: usize,
    s: [&[Octet]; W],
) -> [[S::V; W]; C] {
    let s: [&[Octet]; W] = std::array::from_fn(|w| &s[w][..panel.len()]);
    let mut sums = [[simd.splat(0.0); W]; C];
    for (p, v) in panel.iter().enumerate() {
        let points: [S::V; W] = std::array::from_fn(|w| simd.load(&s[w][p]));
        for c in 0..C {
            let v = simd.splat(v[from + c]);
            for w in 0..W {
                sums[c][w] = simd.fma(v, points[w], sums[c][w]);
            }
        }
    }
    sums
}

/// What some panels add to `P` rows of `W` images.
#[inline(always)]
fn axpys<S: Lanes, const P: usize, const W: usize>(
    simd: S,
    panels: &[Vec<[f64; PANEL]>],
    p: usize,
    z: [&[Octet]; W],
    t: &mut [Octet],
    rows: usize,
) {
    let mut sums = [[simd.splat(0.0); W]; P];
    for w in 0..W {
        for (sum, t) in sums.iter_mut().zip(&t[w * rows + p..][..P]) {
            sum[w] = simd.load(t);
        }
    }
    for (q, panel) in panels.iter().enumerate() {
        let panel = &panel[p..][..P];
        let z: [&[Octet]; W] = std::array::from_fn(|w| &z[w][q * PANEL..][..PANEL]);
        for c in 0..PANEL {
            let z: [S::V; W] = std::array::from_fn(|w| simd.load(&z[w][c]));
            for r in 0..P {
                let v = simd.splat(panel[r][c]);
                for w in 0..W {
                    sums[r][w] = simd.fma(v, z[w], sums[r][w]);
                }
            }
        }
    }
    for w in 0..W {
        for (sum, t) in sums.iter().zip(&mut t[w * rows + p..][..P]) {
            simd.store(sum[w], t);
        }
    }
}
