//! Cosine and circulant sketches by Fourier transforms of sixteen real columns at once: eight as real parts, eight as
//! imaginary parts.
//!
//! The cosine transform is Makhoul's (1980): a Fourier transform of the same length of the even entries followed by the
//! odd ones backwards, a rotation, and the real part. Lengths that are no powers of two go through Bluestein's
//! convolution (1970), and the circulant matrix of such a length through one of at least twice its length.

use std::ops::Range;

use faer::Mat;

use super::fourier::{Plan, multiply};
use super::{Job, Source};
use crate::Effort;
use crate::linalg::power_of_two_scale;
use crate::simd::Simd;
use crate::sketch::Signs;
use crate::sketch::parts::Parts;

/// Real columns in a transform.
const WIDTH: usize = 16;

/// `S A`.
pub(super) fn apply(job: &Job<'_>) -> (Mat<f64>, Effort) {
    let source = job.source();
    match &job.sketch.parts {
        Parts::Cosine { signs, rows } => cosine(job, &source, signs, rows),
        Parts::Circulant { generator, signs, rows } => circulant(job, &source, generator, signs, rows),
        _ => (Mat::zeros(0, 0), Effort::default()),
    }
}

/// Puts columns into the lanes, entry `i` of each, with its sign, at `place(i)`; returns the scale of each.
///
/// Two columns share a complex sequence and its rounding errors, so each is divided by a power of two near its largest
/// entry.
fn load(
    source: &Source<'_>,
    range: Range<usize>,
    signs: &Signs,
    buffer: &mut [f64],
    x: &mut [f64],
    place: impl Fn(usize) -> usize,
) -> [f64; WIDTH] {
    x.fill(0.0);
    let mut scales = [1.0; WIDTH];
    for (lane, j) in range.enumerate() {
        let column = source.column(j, buffer);
        let scale = power_of_two_scale(column);
        for (i, &value) in column.iter().enumerate() {
            x[16 * place(i) + lane] = signs.get(i) * (value / scale);
        }
        scales[lane] = scale;
    }
    scales
}

/// A convolution with one kernel by transforms of length `N`.
struct Convolution {
    plan: Plan,
    /// Transform of the kernel over `N`.
    spectrum: Vec<(f64, f64)>,
}

impl Convolution {
    /// With `kernel(t)` at places `t mod N`, for `|t| < n`; `N` is `n` if that is a power of two, and then `kernel` has
    /// period `n`.
    fn new(n: usize, simd: Simd, periodic: bool, kernel: impl Fn(isize) -> (f64, f64)) -> Self {
        let wrap = periodic && n.is_power_of_two();
        let size = if wrap { n } else { (2 * n - 1).next_power_of_two() };
        let plan = Plan::new(size.trailing_zeros());
        let mut space = plan.space();
        let x = space.col_as_slice_mut(0);
        let first = if wrap { 0 } else { 1 - n as isize };
        for t in first..n as isize {
            let at = t.rem_euclid(size as isize) as usize;
            let (re, im) = kernel(t);
            (x[16 * at], x[16 * at + 8]) = (re, im);
        }
        plan.forward(simd, x);
        let scale = 1.0 / size as f64;
        let spectrum = x.as_chunks::<16>().0.iter().map(|x| (scale * x[0], scale * x[8])).collect();
        Self { plan, spectrum }
    }

    fn run(&self, simd: Simd, x: &mut [f64]) -> u64 {
        let mut flops = self.plan.forward(simd, x);
        multiply(simd, x, &self.spectrum);
        flops += self.plan.inverse(simd, x);
        flops + 48 * self.plan.len() as u64
    }
}

fn circulant(job: &Job<'_>, source: &Source<'_>, generator: &Signs, signs: &Signs, rows: &[u32]) -> (Mat<f64>, Effort) {
    let (m, n) = (job.sketch.rows, job.sketch.columns);
    let scale = 1.0 / (m as f64).sqrt();
    let entry = |t: isize| (generator.get(t.rem_euclid(n as isize) as usize), 0.0);
    let convolution = Convolution::new(n, job.simd, true, entry);
    let workspace = || (convolution.plan.space(), vec![0.0; n]);
    job.blocks(WIDTH, workspace, |(space, buffer), range, image| {
        let x = space.col_as_slice_mut(0);
        let scales = load(source, range, signs, buffer, x, |i| i);
        let flops = convolution.run(job.simd, x);
        for (k, image) in image.iter_mut().enumerate() {
            image.iter_mut().zip(rows).for_each(|(y, &row)| *y = scale * scales[k] * x[16 * row as usize + k]);
        }
        flops
    })
}

fn cosine(job: &Job<'_>, source: &Source<'_>, signs: &Signs, rows: &[u32]) -> (Mat<f64>, Effort) {
    let (m, n) = (job.sketch.rows, job.sketch.columns);
    let angle = |numerator: usize, denominator: usize| {
        let (sin, cos) = (-std::f64::consts::PI * numerator as f64 / denominator as f64).sin_cos();
        (cos, sin)
    };
    // Bluestein's chirp e^{−iπj²/n}; the angle is reduced in integers.
    let chirp = |j: usize| angle((j as u64 * j as u64 % (2 * n as u64)) as usize, n);
    let direct = n.is_power_of_two().then(|| Plan::new(n.trailing_zeros()));
    let detour = direct.is_none().then(|| {
        Convolution::new(n, job.simd, false, |t| {
            let (cos, sin) = chirp(t.unsigned_abs());
            (cos, -sin)
        })
    });
    let chirps: Vec<(f64, f64)> = if detour.is_some() { (0..n).map(chirp).collect() } else { Vec::new() };
    let space =
        || direct.as_ref().map_or_else(|| detour.as_ref().map_or(Mat::zeros(0, 1), |d| d.plan.space()), Plan::space);
    // Even entries forwards, odd entries backwards.
    let place = |i: usize| if i.is_multiple_of(2) { i / 2 } else { n - 1 - i / 2 };
    let root = (m as f64).sqrt();
    job.blocks(
        WIDTH,
        || (space(), vec![0.0; n]),
        |(space, buffer), range, image| {
            let x = space.col_as_slice_mut(0);
            let scales = load(source, range, signs, buffer, x, place);
            let mut flops = 0;
            if let Some(plan) = &direct {
                flops += plan.forward(job.simd, x);
            }
            if let Some(detour) = &detour {
                multiply(job.simd, x, &chirps);
                flops += detour.run(job.simd, x);
                multiply(job.simd, x, &chirps);
                flops += 96 * n as u64;
            }
            let at = |k: usize| direct.as_ref().map_or(k, |plan| plan.place(k));
            for (i, &row) in rows.iter().enumerate() {
                let k = row as usize;
                let (here, there) = (16 * at(k), 16 * at((n - k) % n));
                let (cos, sin) = angle(k, 2 * n);
                let size = if k == 0 { 1.0 } else { std::f64::consts::SQRT_2 } / root;
                for (lane, column) in image.iter_mut().enumerate() {
                    // Z = V + iW for real columns v and w: V_k = (Z_k + Z̄_{n−k})/2, W_k = (Z_k − Z̄_{n−k})/(2i).
                    let l = lane % 8;
                    let (z, conjugate) = ((x[here + l], x[here + 8 + l]), (x[there + l], -x[there + 8 + l]));
                    let (re, im) = if lane < 8 {
                        (z.0 + conjugate.0, z.1 + conjugate.1)
                    } else {
                        (z.1 - conjugate.1, conjugate.0 - z.0)
                    };
                    column[i] = 0.5 * size * scales[lane] * (re * cos - im * sin);
                }
            }
            flops + 8 * (m * image.len()) as u64
        },
    )
}
