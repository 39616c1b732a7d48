//! Many runs on the same measurements at once.
//!
//! Sweeps over starts, widths, step rules or noise use the same rows again and again. Up to eight runs share a pass, so
//! that a row is loaded once for all of them and every load feeds several multiply-adds.

use faer::{Accum, Mat, MatRef, linalg::matmul::matmul};

use super::super::observe::Observe;
use super::super::problem::observations;
use super::super::symmetric::{frobenius, packed_len, smat, svec_of_factor};
use super::super::variant::Form;
use super::super::{Factor, Loss, Options, Prepared};
use super::descent::{Descent, Evaluation, Oracle};
use super::packed::Packed;
use super::pass::Engine;
use super::sweep::{RUNS, Sweep};
use crate::simd::{Simd, row::Entry};
use crate::{Error, Outcome, Par};

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
/// Each is what [`Prepared::subgm`] returns for that job, up to rounding, and has the same bits whatever the other jobs
/// are. A job that fails does not stop the others. One pass over the rows serves up to eight jobs; its reads are counted
/// in the effort of the first of them. The reference and `lazy_sign` have no pass to share: their jobs run one by one.
///
/// Cost of an iteration: `4mD + 4d²r'` flops a job, `8mD` bytes from memory for every eight jobs, half of that for
/// `fused_f32`. Memory: `16D + 16m` numbers for every eight jobs, `2d² + 2dr' + m` a job.
pub fn subgm(measurements: &Prepared<'_>, jobs: &mut [Job<'_>]) -> Vec<Result<Outcome<Factor>, Error>> {
    let simd = measurements.simd;
    match &measurements.form {
        Form::Packed(a) => Shared { d: a.order(), rows: a.padded(), zero_rows: a.zero_rows(), simd }.run(jobs),
        Form::Single { rows, of } => Shared { d: of.order(), rows, zero_rows: of.zero_rows(), simd }.run(jobs),
        Form::Full(_) | Form::Lazy { .. } => {
            jobs.iter_mut().map(|job| measurements.subgm(job.y, &job.options, Par::Seq, job.observe)).collect()
        }
    }
}

/// A job under way.
struct Lane<'a, 'j> {
    job: &'j mut Job<'a>,
    at: usize,
    descent: Descent<'a>,
    /// Residuals, if the step rule reads them.
    z: Vec<f64>,
    gradient: Mat<f64>,
}

/// The measurements that all jobs share.
struct Shared<'a, T> {
    d: usize,
    rows: &'a Mat<T>,
    zero_rows: usize,
    simd: Simd,
}

impl<T: Entry> Shared<'_, T> {
    /// Groups of nearly equal size.
    fn run(&self, jobs: &mut [Job<'_>]) -> Vec<Result<Outcome<Factor>, Error>> {
        let groups = jobs.len().div_ceil(RUNS).max(1);
        let size = jobs.len().div_ceil(groups).max(1);
        jobs.chunks_mut(size).flat_map(|jobs| self.group(jobs)).collect()
    }

    fn group<'b>(&self, jobs: &mut [Job<'b>]) -> Vec<Result<Outcome<Factor>, Error>> {
        let (d, m) = (self.d, self.rows.ncols());
        let mut results: Vec<Option<Result<Outcome<Factor>, Error>>> = jobs.iter().map(|_| None).collect();
        let mut lanes = Vec::new();
        for (at, job) in jobs.iter_mut().enumerate() {
            match self.start(job) {
                Ok(descent) => lanes.push(Lane { job, at, descent, z: Vec::new(), gradient: Mat::zeros(d, d) }),
                Err(error) => results[at] = Some(Err(error)),
            }
        }
        let (mut sweep, mut work) = (Sweep::new(self.rows), Mat::zeros(d, d));
        let mut seated = 0;
        loop {
            // Jobs that end leave the group before the pass.
            let mut active = Vec::with_capacity(lanes.len());
            for lane in lanes {
                match lane.descent.unfinished() {
                    Ok(true) => active.push(lane),
                    Ok(false) => {
                        let at = lane.at;
                        results[at] = Some(self.finish(lane));
                    }
                    Err(error) => results[lane.at] = Some(Err(error)),
                }
            }
            if active.is_empty() {
                break;
            }
            if seated != active.len() {
                seated = active.len();
                for (l, lane) in active.iter().enumerate() {
                    sweep.seat(l, lane.job.y, lane.job.options.loss);
                }
            }
            for (l, lane) in active.iter_mut().enumerate() {
                svec_of_factor(lane.descent.u.as_ref(), &mut work, sweep.lifted(l));
            }
            let losses = sweep.run(self.simd, active.len());
            let entries = (m * packed_len(d)) as u64;
            active[0].descent.effort.entries += entries;
            lanes = Vec::with_capacity(active.len());
            for (l, mut lane) in active.into_iter().enumerate() {
                let effort = &mut lane.descent.effort;
                effort.flops += 4 * entries + 2 * (d * d * lane.descent.u.ncols()) as u64;
                effort.applications += 2;
                match self.step(&mut lane, &sweep, l, losses[l]) {
                    Ok(true) => lanes.push(lane),
                    Ok(false) => {
                        let at = lane.at;
                        results[at] = Some(self.finish(lane));
                    }
                    Err(error) => results[lane.at] = Some(Err(error)),
                }
            }
        }
        results.into_iter().flatten().collect()
    }

    fn start<'b>(&self, job: &Job<'b>) -> Result<Descent<'b>, Error> {
        observations(self.rows.ncols(), job.y)?;
        Descent::start(self.d, job.y, &job.options, |effort| self.alone(job.y, job.options.loss).sign_average(effort))
    }

    /// Takes the step of one job; tells whether it moved.
    fn step(&self, lane: &mut Lane<'_, '_>, sweep: &Sweep<'_, T>, l: usize, loss: f64) -> Result<bool, Error> {
        let m = self.rows.ncols();
        smat(sweep.sum(l), 1.0 / m as f64, lane.gradient.as_mut());
        let found = Evaluation {
            loss: Some(loss),
            gradient_norm: frobenius(lane.gradient.as_ref()),
            exact_norm: true,
            rows: m as u64,
            sound: !loss.is_nan(),
        };
        if lane.job.options.step.reads_residual() {
            lane.z.resize(m, 0.0);
            sweep.residual(l, &mut lane.z);
        }
        let (y, kind) = (lane.job.y, lane.job.options.loss);
        let gauge = |u: MatRef<'_, f64>| self.alone(y, kind).gauge(u);
        let Some(eta) = lane.descent.judge(found, &lane.z, lane.job.observe, &gauge)? else { return Ok(false) };
        let Descent { u, next, effort, .. } = &mut lane.descent;
        next.copy_from(&*u);
        matmul(next.as_mut(), Accum::Add, lane.gradient.as_ref(), u.as_ref(), -2.0 * eta, Par::Seq);
        effort.flops += 2 * (u.nrows() * u.nrows() * u.ncols()) as u64;
        lane.descent.advance();
        Ok(true)
    }

    fn finish(&self, lane: Lane<'_, '_>) -> Result<Outcome<Factor>, Error> {
        let (y, loss) = (lane.job.y, lane.job.options.loss);
        let gauge = |u: MatRef<'_, f64>| self.alone(y, loss).gauge(u);
        lane.descent.finish(self.zero_rows, lane.job.observe, &gauge)
    }

    /// The evaluation of one job outside of the shared pass.
    fn alone<'y>(&'y self, y: &'y [f64], loss: Loss) -> Packed<'y, T> {
        let engine = Engine { simd: self.simd, par: Par::Seq };
        Packed::new(self.d, self.rows, self.zero_rows, y, loss, engine)
    }
}
