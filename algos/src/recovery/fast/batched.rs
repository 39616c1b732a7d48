//! Many runs on the same measurements at once.
//!
//! Sweeps over starts, widths, step rules or noise use the same rows again and again. Eight runs go through the vector
//! lanes together, so that a row is loaded once for all of them and every load feeds eight multiply-adds.

use faer::{Accum, Mat, MatRef, linalg::matmul::matmul};

use super::super::observe::Observe;
use super::super::options::{Loss, sign};
use super::super::problem::observations;
use super::super::symmetric::{frobenius, smat, svec_of_factor};
use super::super::{Factor, Measurements, Options};
use super::descent::{Descent, Evaluation, Oracle, descend};
use super::packed::Packed;
use super::pass::Engine;
use crate::simd::{Simd, Task, lanes::Lanes};
use crate::{Error, Outcome, Par};

/// Runs that share a vector.
const GROUP: usize = 8;
/// Fewer runs leave so many lanes idle that fused passes are faster.
const MIN_GROUP: usize = 4;
/// Rows in a group of the sweep.
const R: usize = 4;

/// One run of a batch.
pub struct Job<'a> {
    /// Observations, `m` entries.
    pub y: &'a [f64],
    /// Options of this run.
    pub options: Options<'a>,
    /// Who follows this run.
    pub observe: &'a mut dyn Observe,
}

/// Runs SubGM for every job on the same measurements, and returns the outcomes in the order of the jobs.
///
/// Each is what [`subgm`](super::super::subgm) returns for that job, up to rounding. A job that fails does not stop the
/// others. One sweep over the rows serves four to eight jobs; its reads are counted in the effort of the first of them.
///
/// Cost of an iteration: `4mD + 4d²r'` flops a job, `8mD` bytes from memory for every eight jobs. Memory: `24D + 2m`
/// numbers for every eight jobs, `2d² + 2dr' + m` a job.
pub fn subgm(measurements: &Measurements, jobs: &mut [Job<'_>]) -> Vec<Result<Outcome<Factor>, Error>> {
    let run = |jobs: &mut [Job<'_>]| {
        if jobs.len() < MIN_GROUP {
            jobs.iter_mut().map(|job| by_itself(measurements, job)).collect()
        } else {
            group(measurements, jobs)
        }
    };
    jobs.chunks_mut(GROUP).flat_map(run).collect()
}

fn by_itself(measurements: &Measurements, job: &mut Job<'_>) -> Result<Outcome<Factor>, Error> {
    observations(measurements.len(), job.y)?;
    let mut oracle = alone(measurements, job.y, job.options.loss);
    descend(&mut oracle, measurements.order(), job.y, &job.options, job.observe)
}

/// A job under way.
struct Lane<'a, 'j> {
    job: &'j mut Job<'a>,
    at: usize,
    descent: Descent<'a>,
    z: Vec<f64>,
    g: Vec<f64>,
    gradient: Mat<f64>,
}

fn group<'a>(measurements: &Measurements, jobs: &mut [Job<'a>]) -> Vec<Result<Outcome<Factor>, Error>> {
    let (d, m) = (measurements.order(), measurements.len());
    let mut results: Vec<Option<Result<Outcome<Factor>, Error>>> = jobs.iter().map(|_| None).collect();
    let mut lanes = Vec::new();
    for (at, job) in jobs.iter_mut().enumerate() {
        match start(measurements, job) {
            Ok(descent) => {
                let (z, g) = (vec![0.0; m], vec![0.0; measurements.packed_len()]);
                lanes.push(Lane { job, at, descent, z, g, gradient: Mat::zeros(d, d) });
            }
            Err(error) => results[at] = Some(Err(error)),
        }
    }
    let mut sweep = Sweep::new(measurements);
    let (mut x, mut work) = (vec![0.0; measurements.packed_len()], Mat::zeros(d, d));
    loop {
        // Jobs that end leave the group before the sweep.
        let mut active = Vec::with_capacity(lanes.len());
        for lane in lanes {
            match lane.descent.unfinished() {
                Ok(true) => active.push(lane),
                Ok(false) => {
                    let at = lane.at;
                    results[at] = Some(finish(measurements, lane));
                }
                Err(error) => results[lane.at] = Some(Err(error)),
            }
        }
        if active.is_empty() {
            break;
        }
        for (l, lane) in active.iter_mut().enumerate() {
            svec_of_factor(lane.descent.u.as_ref(), &mut work, &mut x);
            lane.descent.effort.flops += 2 * (d * d * lane.descent.u.ncols()) as u64;
            sweep.set(l, &x, lane.job.y, lane.job.options.loss);
        }
        sweep.run(active.len());
        let entries = (m * measurements.packed_len()) as u64;
        active[0].descent.effort.entries += entries;
        lanes = Vec::with_capacity(active.len());
        for (l, mut lane) in active.into_iter().enumerate() {
            sweep.get(l, &mut lane.z, &mut lane.g);
            lane.descent.effort.flops += 4 * entries;
            lane.descent.effort.applications += 2;
            match step(measurements, &mut lane) {
                Ok(true) => lanes.push(lane),
                Ok(false) => {
                    let at = lane.at;
                    results[at] = Some(finish(measurements, lane));
                }
                Err(error) => results[lane.at] = Some(Err(error)),
            }
        }
    }
    results.into_iter().flatten().collect()
}

fn start<'a>(measurements: &Measurements, job: &Job<'a>) -> Result<Descent<'a>, Error> {
    observations(measurements.len(), job.y)?;
    Descent::start(measurements.order(), job.y, &job.options, |effort| {
        alone(measurements, job.y, job.options.loss).sign_average(effort)
    })
}

/// Takes the step of one job; tells whether it moved.
fn step(measurements: &Measurements, lane: &mut Lane<'_, '_>) -> Result<bool, Error> {
    let m = measurements.len();
    smat(&lane.g, 1.0 / m as f64, lane.gradient.as_mut());
    let loss = lane.job.options.loss.mean(&lane.z);
    let found = Evaluation {
        loss: Some(loss),
        gradient_norm: frobenius(lane.gradient.as_ref()),
        exact_norm: true,
        rows: m as u64,
        sound: !loss.is_nan(),
    };
    let (y, kind) = (lane.job.y, lane.job.options.loss);
    let gauge = |u: MatRef<'_, f64>| alone(measurements, y, kind).gauge(u);
    let Some(eta) = lane.descent.judge(found, &lane.z, lane.job.observe, &gauge)? else { return Ok(false) };
    let Descent { u, next, effort, .. } = &mut lane.descent;
    next.copy_from(&*u);
    matmul(next.as_mut(), Accum::Add, lane.gradient.as_ref(), u.as_ref(), -2.0 * eta, Par::Seq);
    effort.flops += 2 * (u.nrows() * u.nrows() * u.ncols()) as u64;
    lane.descent.advance();
    Ok(true)
}

fn finish(measurements: &Measurements, lane: Lane<'_, '_>) -> Result<Outcome<Factor>, Error> {
    let (y, kind) = (lane.job.y, lane.job.options.loss);
    let gauge = |u: MatRef<'_, f64>| alone(measurements, y, kind).gauge(u);
    lane.descent.finish(measurements.zero_rows(), lane.job.observe, &gauge)
}

/// The evaluation of one job outside the sweep.
fn alone<'a>(measurements: &'a Measurements, y: &'a [f64], loss: Loss) -> Packed<'a, f64> {
    let engine = Engine { simd: Simd::detect(), par: Par::Seq };
    Packed::new(measurements.order(), measurements.padded(), measurements.zero_rows(), y, loss, engine)
}

/// Eight runs side by side: entry `8j + l` belongs to run `l`.
struct Sweep<'a> {
    rows: &'a Mat<f64>,
    length: usize,
    /// A row of zeros, to fill the last group of rows.
    zero: Mat<f64>,
    /// One column each, for its alignment.
    x: Mat<f64>,
    g: Mat<f64>,
    y: Mat<f64>,
    z: Mat<f64>,
    losses: [Loss; GROUP],
}

impl<'a> Sweep<'a> {
    fn new(measurements: &'a Measurements) -> Self {
        let rows = measurements.padded();
        let (padded, filled) = (rows.nrows(), rows.ncols().next_multiple_of(R));
        Self {
            rows,
            length: measurements.packed_len(),
            zero: Mat::zeros(padded, 1),
            x: Mat::zeros(GROUP * padded, 1),
            g: Mat::zeros(GROUP * padded, 1),
            y: Mat::zeros(GROUP * filled, 1),
            z: Mat::zeros(GROUP * filled, 1),
            losses: [Loss::L1; GROUP],
        }
    }

    fn set(&mut self, l: usize, x: &[f64], y: &[f64], loss: Loss) {
        scatter(l, x, self.x.col_as_slice_mut(0));
        scatter(l, y, self.y.col_as_slice_mut(0));
        self.losses[l] = loss;
    }

    /// Residuals and weighted sums of all runs. Lanes past `active` hold leftovers, which nobody reads.
    fn run(&mut self, active: usize) {
        let quadratic = std::array::from_fn(|l| l < active && self.losses[l] == Loss::L2);
        let g = self.g.col_as_slice_mut(0);
        g.fill(0.0);
        Simd::detect().run(Eight {
            rows: self.rows,
            zero: self.zero.col_as_slice(0),
            length: self.length,
            x: self.x.col_as_slice(0).as_chunks().0,
            y: self.y.col_as_slice(0).as_chunks().0,
            z: self.z.col_as_slice_mut(0).as_chunks_mut().0,
            g: g.as_chunks_mut().0,
            quadratic,
        });
    }

    fn get(&self, l: usize, z: &mut [f64], g: &mut [f64]) {
        for (z, all) in z.iter_mut().zip(self.z.col_as_slice(0).as_chunks::<GROUP>().0) {
            *z = all[l];
        }
        for (g, all) in g.iter_mut().zip(self.g.col_as_slice(0).as_chunks::<GROUP>().0) {
            *g = all[l];
        }
    }
}

fn scatter(l: usize, from: &[f64], to: &mut [f64]) {
    for (to, from) in to.as_chunks_mut::<GROUP>().0.iter_mut().zip(from) {
        to[l] = *from;
    }
}

struct Eight<'a> {
    rows: &'a Mat<f64>,
    zero: &'a [f64],
    length: usize,
    x: &'a [[f64; GROUP]],
    y: &'a [[f64; GROUP]],
    z: &'a mut [[f64; GROUP]],
    g: &'a mut [[f64; GROUP]],
    quadratic: [bool; GROUP],
}

impl Task for Eight<'_> {
    type Output = ();

    /// As the fused pass: each sweep adds the previous rows while it takes the products of the next.
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { rows, zero, length, x, y, z, g, quadratic } = self;
        let row = |i: usize| &(if i < rows.ncols() { rows.col_as_slice(i) } else { zero })[..length];
        let (x, g) = (&x[..length], &mut g[..length]);
        let mut previous: [&[f64]; R] = [&zero[..length]; R];
        let mut w = [simd.splat(0.0); R];
        for ((i, z), y) in (0..).step_by(R).zip(z.as_chunks_mut::<R>().0).zip(y.as_chunks::<R>().0) {
            let next: [&[f64]; R] = std::array::from_fn(|k| row(i + k));
            let mut products = [simd.splat(0.0); R];
            for j in 0..length {
                let x = simd.load(&x[j]);
                let mut sum = simd.load(&g[j]);
                for k in 0..R {
                    products[k] = simd.fma(simd.splat(next[k][j]), x, products[k]);
                    sum = simd.fma(simd.splat(previous[k][j]), w[k], sum);
                }
                simd.store(sum, &mut g[j]);
            }
            for k in 0..R {
                let mut product = [0.0; GROUP];
                simd.store(products[k], &mut product);
                let mut weight = [0.0; GROUP];
                for l in 0..GROUP {
                    z[k][l] = product[l] - y[k][l];
                    weight[l] = if quadratic[l] { z[k][l] } else { sign(z[k][l]) };
                }
                w[k] = simd.load(&weight);
            }
            previous = next;
        }
        for j in 0..length {
            let mut sum = simd.load(&g[j]);
            for k in 0..R {
                sum = simd.fma(simd.splat(previous[k][j]), w[k], sum);
            }
            simd.store(sum, &mut g[j]);
        }
    }
}
