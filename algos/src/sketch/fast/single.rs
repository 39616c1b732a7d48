//! Sparse sketches in single precision: for preconditioners, which need no more.

use faer::{Mat, MatRef, Par};

use super::Job;
use crate::Effort;
use crate::linalg::power_of_two_scale;
use crate::simd::lanes::Lanes;
use crate::simd::{Simd, Task};
use crate::sketch::Input;
use crate::sketch::parts::{Columns, Parts, Sketch};

/// Columns that share one pass over the rows: a sum for each row of the sketch is one cache line.
const WIDTH: usize = 16;
/// Rows that tell the unit of a column.
const SAMPLE: usize = 64;
const SIGN: [f32; 2] = [1.0, -1.0];

/// `[SA Sb]` in single precision, each column over a power of two that brings its norm near 1.
#[derive(Debug)]
pub(in crate::sketch) struct Single {
    pub columns: Mat<f32>,
    pub scales: Vec<f64>,
    pub effort: Effort,
}

/// `[SA Sb]` of contiguous columns for a sketch with the same number of entries in each of its columns; none for others,
/// or where a column of the image leaves the range in which its squares are safe, or is not finite.
///
/// Traffic: `8nd` bytes of input, `4ns` of targets for sixteen columns, and `4md` of the image: half of that in double
/// precision, in half the passes.
pub(in crate::sketch) fn single(
    sketch: &Sketch,
    a: MatRef<'_, f64>,
    b: &[f64],
    simd: Simd,
    par: Par,
) -> Option<Single> {
    let (n, d) = a.shape();
    let Parts::Sparse(columns) = &sketch.parts else { return None };
    let fits = d > 0 && sketch.columns == n && b.len() == n;
    if !fits || columns.offsets.is_some() || (n > 1 && a.row_stride() != 1) {
        return None;
    }
    let mut image = Mat::zeros(sketch.rows, d + 1);
    let (mut scales, mut effort) = (Vec::new(), Effort::default());
    let right = MatRef::from_column_major_slice(b, n, 1);
    let (left_image, right_image) = image.as_mut().split_at_col_mut(d);
    for (a, image) in [(a, left_image), (right, right_image)] {
        let job = Job { sketch, input: Input::Dense(a), simd, par };
        let space = || Mat::zeros(WIDTH * sketch.rows, 1);
        let found = job.fill(image, WIDTH, space, |space: &mut Mat<f32>, range, image| {
            let sums = space.col_as_slice_mut(0).as_chunks_mut::<WIDTH>().0;
            sums.fill([0.0; WIDTH]);
            let panel = Panel::new(a.subcols(range.start, range.len()));
            simd.run(Scatter { panel: &panel, columns, sums });
            let sizes = sizes(sums, columns.scale);
            write(sums, sizes.map(|size| (columns.scale / size) as f32), image);
            std::array::from_fn::<f64, WIDTH, _>(|c| panel.scales[c] * sizes[c])
        });
        scales.extend(found.into_iter().flatten().take(a.ncols()));
        effort.flops += (columns.targets.len() * a.ncols()) as u64;
        effort.applications += a.ncols() as u64;
        effort.entries += (n * a.ncols()) as u64;
    }
    scales.iter().all(|scale| scale.is_normal()).then_some(Single { columns: image, scales, effort })
}

/// The power of two at or below the norm of each column times `scale`; NaN where squares are not safe.
fn sizes(sums: &[[f32; WIDTH]], scale: f64) -> [f64; WIDTH] {
    let mut squares = [0f32; WIDTH];
    for row in sums {
        squares.iter_mut().zip(row).for_each(|(square, x)| *square += x * x);
    }
    let size = |square: f32| power_of_two_scale(&[scale * f64::from(square).sqrt()]);
    squares.map(|square| if (1e-20..1e30).contains(&square) { size(square) } else { f64::NAN })
}

/// Writes the columns of `sums` times `factors`, sixteen rows at a time while they are in the first cache.
fn write(sums: &[[f32; WIDTH]], factors: [f32; WIDTH], image: &mut [&mut [f32]]) {
    for (k, rows) in sums.chunks(WIDTH).enumerate() {
        for (c, column) in image.iter_mut().enumerate() {
            let out = &mut column[k * WIDTH..][..rows.len()];
            out.iter_mut().zip(rows).for_each(|(y, row)| *y = factors[c] * row[c]);
        }
    }
}

/// Sixteen columns. Missing ones are filled up with the first; what becomes of them is not used.
struct Panel<'a> {
    slices: [&'a [f64]; WIDTH],
    /// Powers of two that make the first entries fit single precision, whatever the unit.
    scales: [f64; WIDTH],
}

impl<'a> Panel<'a> {
    fn new(a: MatRef<'a, f64>) -> Self {
        let mut slices = [&[][..]; WIDTH];
        for (c, slice) in slices.iter_mut().enumerate() {
            let column = a.col(if c < a.ncols() { c } else { 0 }).try_as_col_major();
            *slice = column.map(|column| column.as_slice()).unwrap_or_default();
        }
        Self { slices, scales: slices.map(|slice| power_of_two_scale(&slice[..slice.len().min(SAMPLE)])) }
    }
}

/// Adds the rows of a panel to the sums that they belong to.
struct Scatter<'a> {
    panel: &'a Panel<'a>,
    columns: &'a Columns,
    sums: &'a mut [[f32; WIDTH]],
}

impl Task for Scatter<'_> {
    type Output = ();

    // Indices keep the loops over registers free of iterators, which are not always inlined here.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { panel: Panel { slices, scales }, columns, sums } = self;
        let n = slices[0].len();
        let inverses = scales.map(|scale| 1.0 / scale);
        let tiles = slices.map(|slice| &slice.as_chunks::<8>().0[..n / 8]);
        for t in 0..n / 8 {
            let (mut low, mut high) = ([simd.splat(0.0); 8], [simd.splat(0.0); 8]);
            for c in 0..8 {
                low[c] = simd.mul(simd.splat(inverses[c]), simd.load(&tiles[c][t]));
                high[c] = simd.mul(simd.splat(inverses[c + 8]), simd.load(&tiles[c + 8][t]));
            }
            let (low, high) = (simd.transpose(low), simd.transpose(high));
            for r in 0..8 {
                add(simd, columns.of(8 * t + r), simd.narrow(low[r], high[r]), sums);
            }
        }
        for i in n / 8 * 8..n {
            let mut row = [[0.0; 8]; 2];
            for c in 0..WIDTH {
                row[c / 8][c % 8] = inverses[c] * slices[c][i];
            }
            add(simd, columns.of(i), simd.narrow(simd.load(&row[0]), simd.load(&row[1])), sums);
        }
    }
}

/// Adds sixteen columns of a row to its sums, or subtracts them.
#[inline(always)]
fn add<S: Lanes>(simd: S, targets: &[u32], x: S::Single, sums: &mut [[f32; WIDTH]]) {
    for target in targets {
        simd.accumulate(SIGN[(target & 1) as usize], x, &mut sums[(target >> 1) as usize]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use faer::Mat;
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::{Single, single};
    use crate::Par;
    use crate::simd::Simd;
    use crate::sketch::instance::gaussian;
    use crate::sketch::{Law, Sketch, Variant, apply};

    fn sketch(m: usize, n: usize, per: usize) -> Sketch {
        Law::OsnapBlocks(per).draw(m, n, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
    }

    /// `A` of columns whose units differ, and `b`.
    fn input(n: usize, d: usize) -> (Mat<f64>, Vec<f64>) {
        let normal = gaussian(n, d + 1, &mut ChaCha8Rng::seed_from_u64(2));
        let a = Mat::from_fn(n, d, |i, j| normal[(i, j)] * 10f64.powi(50 * (j as i32 % 7) - 150));
        (a, normal.col_as_slice(d).to_vec())
    }

    #[test]
    fn images_are_the_explicit_ones_rounded() {
        for per in [1, 3, 4] {
            for n in [1, 7, 8, 9, 100] {
                for d in [1, 15, 16, 17, 33] {
                    let (sketch, (a, b)) = (sketch(12, n, per), input(n, d));
                    let exact = |j: usize| {
                        let column = if j < d { a.col_as_slice(j) } else { &b };
                        apply(Variant::Explicit, &sketch, column.into(), Par::Seq).unwrap().value
                    };
                    for simd in Simd::available() {
                        let Single { columns, scales, .. } = single(&sketch, a.as_ref(), &b, simd, Par::Seq).unwrap();
                        for j in 0..=d {
                            let (image, scale) = (exact(j), scales[j]);
                            let size = image.norm_l2();
                            assert!((1.0..2.0).contains(&(1.000_001 * size / scale)), "norm near 1: {size} {scale}");
                            for i in 0..12 {
                                let error = f64::from(columns[(i, j)]) * scale - image[(i, 0)];
                                assert!(error.abs() <= 1e-6 * size, "{simd:?} n {n} d {d}: ({i}, {j}) {error}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let (sketch, (a, b)) = (sketch(200, 3000, 4), input(3000, 70));
        let of = |par| single(&sketch, a.as_ref(), &b, Simd::detect(), par).unwrap();
        let (one, two) = (of(Par::Seq), of(Par::rayon(2)));
        assert!(one.columns == two.columns && one.scales == two.scales);
    }

    #[test]
    fn what_does_not_fit_single_precision_is_left_to_double() {
        let (sketch, (a, b)) = (sketch(20, 100, 4), input(100, 3));
        let with = |i: usize, x: f64| {
            let mut a = a.clone();
            a[(i, 1)] = x;
            single(&sketch, a.as_ref(), &b, Simd::detect(), Par::Seq).is_some()
        };
        assert!(with(0, 0.0));
        // Read after the unit was taken from the first rows.
        for x in [f64::NAN, f64::INFINITY, f64::MAX, 1.0] {
            assert!(!with(99, x), "{x}");
        }
        let none = |a: &Mat<f64>, b: &[f64]| single(&sketch, a.as_ref(), b, Simd::detect(), Par::Seq).is_none();
        assert!(none(&Mat::zeros(100, 3), &b) && none(&a, &[0.0; 100]) && none(&a, &b[1..]));
        assert!(none(&Mat::zeros(100, 0), &b));
        let rows = Mat::from_fn(3, 100, |i, j| a[(j, i)]);
        assert!(single(&sketch, rows.transpose(), &b, Simd::detect(), Par::Seq).is_none());
    }
}
