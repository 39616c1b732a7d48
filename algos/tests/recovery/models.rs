//! The batch driver and the bilinear measurement model.

use algos::faer::{Mat, Par};
use algos::recovery::bilinear::{self, BilinearMeasurements};
use algos::recovery::diagnose::{ErrorMeter, Progress};
use algos::recovery::fast::batched::{self, Job};
use algos::recovery::instance::{Noise, NoiseDraws, Outlier, Truth, direction};
use algos::recovery::observe::{Observe, Silent};
use algos::recovery::schedule::{Target, geometric};
use algos::recovery::{Init, Loss, Options, Step, Variant, reference};
use algos::simd::Simd;
use algos::{Error, NumericalError, Status};

use crate::support::{apart, draw, outliers, rng, scheduled, short};

#[test]
fn a_batch_equals_its_runs_one_by_one() {
    for m in [1, 3, 4, 5, 37, 160] {
        let (instance, direction) = draw(6, 2, m, outliers(0.2), m as u64);
        let other: Vec<f64> = instance.y.iter().map(|y| 0.5 * y).collect();
        let zero = Mat::<f64>::zeros(6, 3);
        let mut options: Vec<Options<'_>> =
            (0..19).map(|k| short(1 + k % 6, [12, 7, 40, 5][k % 4], direction.as_ref())).collect();
        options[1].init = Init::Spectral { alpha: 0.2 };
        options[2].step = Step::Median { c: 0.05 };
        options[3].loss = Loss::L2;
        options[3].step = Step::Constant { eta: 0.01 };
        options[4].step = Step::Constant { eta: 1e200 };
        // Jobs that never start, in the second group: the first fills all its lanes.
        options[8].iterations = 0;
        options[9].width = 0;
        options[10].width = 3;
        options[10].init = Init::Given(zero.as_ref());
        options[17].step = Step::Geometric { eta: 0.1, rho: 0.1 };
        let y = |k: usize| if k.is_multiple_of(3) { &other } else { &instance.y };
        let mut silent = [Silent; 19];
        let mut jobs: Vec<Job<'_>> = options
            .iter()
            .zip(&mut silent)
            .enumerate()
            .map(|(k, (options, observe))| Job { y: y(k), options: *options, observe })
            .collect();
        // Two groups of seven and one of five.
        let prepared = Variant::FusedPacked.prepare(&instance.measurements).unwrap();
        let batch = batched::subgm(&prepared, &mut jobs);
        assert_eq!(batch.len(), 19);
        for (k, got) in batch.into_iter().enumerate() {
            match (got, prepared.subgm(y(k), &options[k], Par::Seq, &mut Silent)) {
                (Ok(got), Ok(expected)) => {
                    assert!(apart(&got.value.u, &expected.value.u) < 1e-11, "job {k}, m={m}");
                    assert_eq!(got.status, expected.status);
                    assert_eq!(got.value.rows_evaluated, expected.value.rows_evaluated);
                    assert_eq!(got.effort.flops, expected.effort.flops);
                }
                (Err(got), Err(expected)) => {
                    assert_eq!(std::mem::discriminant(&got), std::mem::discriminant(&expected), "job {k}");
                }
                (got, expected) => panic!("job {k}, m={m}: {:?} but {:?}", got.is_ok(), expected.is_ok()),
            }
        }
    }
}

#[test]
fn a_run_has_the_same_bits_in_any_company_and_on_any_instruction_set() {
    for (d, m) in [(3, 1), (6, 47), (9, 48), (12, 49), (17, 150)] {
        let (instance, direction) = draw(d, 2, m, outliers(0.2), m as u64);
        let options: Vec<Options<'_>> = (0..9)
            .map(|k| {
                let options = short(1 + k % d, 4 + 3 * k, direction.as_ref());
                if k == 5 { Options { loss: Loss::L2, step: Step::Constant { eta: 0.01 }, ..options } } else { options }
            })
            .collect();
        let batch = |variant: Variant, simd, members: &[usize]| -> Vec<Mat<f64>> {
            let mut silent = vec![Silent; members.len()];
            let mut jobs: Vec<Job<'_>> = members
                .iter()
                .zip(&mut silent)
                .map(|(&k, observe)| Job { y: &instance.y, options: options[k], observe })
                .collect();
            let prepared = variant.prepare(&instance.measurements).unwrap().with_simd(simd);
            batched::subgm(&prepared, &mut jobs).into_iter().map(|run| run.unwrap().value.u).collect()
        };
        for variant in [Variant::FusedPacked, Variant::FusedF32] {
            let mut widest: Option<Vec<Mat<f64>>> = None;
            for simd in Simd::available() {
                let alone: Vec<Mat<f64>> = (0..9).flat_map(|k| batch(variant, simd, &[k])).collect();
                for size in 2..=9 {
                    for first in 0..=9 - size {
                        let members: Vec<usize> = (first..first + size).collect();
                        for (k, u) in members.iter().zip(batch(variant, simd, &members)) {
                            assert_eq!(u, alone[*k], "job {k} of {members:?}, d={d}, m={m}, {simd:?}");
                        }
                    }
                }
                // Without fused multiply-adds products are rounded.
                for (u, v) in alone.iter().zip(widest.get_or_insert_with(|| alone.clone())) {
                    assert!(apart(u, v) < 1e-11, "d={d}, m={m}, {simd:?}");
                }
            }
        }
    }
}

#[test]
fn a_batch_reads_the_rows_once_and_shows_every_job_its_iterates() {
    let noise = outliers(0.1);
    let (instance, direction) = draw(8, 1, 200, noise, 3);
    let alphas = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
    let options = alphas.map(|alpha| scheduled(&instance, noise, 8, alpha, 1e-6, direction.as_ref()));
    let mut progress: Vec<Progress> = alphas.iter().map(|_| Progress::new(&instance.truth, 1e-2)).collect();
    let mut jobs: Vec<Job<'_>> = options
        .iter()
        .zip(&mut progress)
        .map(|(options, observe)| Job { y: &instance.y, options: *options, observe: observe as &mut dyn Observe })
        .collect();
    let prepared = Variant::FusedPacked.prepare(&instance.measurements).unwrap();
    let batch = batched::subgm(&prepared, &mut jobs);
    let entries: u64 = batch.iter().map(|b| b.as_ref().unwrap().effort.entries).sum();
    let longest = options.iter().map(|o| o.iterations).max().unwrap();
    assert_eq!(entries, (longest * 200 * 36) as u64);
    for (progress, options) in progress.iter().zip(&options) {
        let mut alone = Progress::new(&instance.truth, 1e-2);
        prepared.subgm(&instance.y, options, Par::Seq, &mut alone).unwrap();
        assert_eq!(progress.first_below(), alone.first_below());
        assert!(progress.last() < 1e-2);
    }
}

fn bilinear_problem(
    d: usize,
    m: usize,
    rank_one: bool,
    seed: u64,
) -> (BilinearMeasurements, Vec<f64>, Truth, Mat<f64>) {
    let mut rng = rng(seed);
    let measurements = BilinearMeasurements::gaussian(d, m, rank_one, &mut rng).unwrap();
    let truth = Truth::draw(d, &[1.0, 1.0], &mut rng).unwrap();
    let noise = outliers(0.2);
    let draws = NoiseDraws::draw(d, m, noise, &mut rng);
    let observed = measurements.observe(&truth, noise, &draws).unwrap();
    assert_eq!(observed.corrupted.len(), (0.2 * m as f64).round() as usize);
    let direction = direction(d, &mut rng);
    (measurements, observed.y, truth, direction)
}

#[test]
fn bilinear_runs_equal_the_reference_on_expanded_matrices() {
    for (m, seed) in [(1, 1), (17, 2), (90, 3)] {
        let (measurements, y, _, direction) = bilinear_problem(7, m, false, seed);
        let full = measurements.expand().unwrap();
        for width in [1, 3, 4, 7] {
            for step in [
                Step::Geometric { eta: 0.1, rho: 0.95 },
                Step::GeometricNormalized { eta: 0.05, rho: 0.95 },
                Step::Median { c: 0.02 },
                Step::LossProportional { eta: 0.01 },
            ] {
                for init in
                    [Init::Spectral { alpha: 0.3 }, Init::Gaussian { alpha: 0.3, direction: direction.as_ref() }]
                {
                    let options = Options { width, init, step, loss: Loss::L1, iterations: 12 };
                    let expected = reference::subgm(&full, &y, &options, &mut Silent);
                    let got = bilinear::subgm(&measurements, &y, &options, Par::Seq, &mut Silent);
                    let (expected, got) = (expected.unwrap(), got.unwrap());
                    let apart = apart(&got.value.u, &expected.value.u);
                    assert!(apart < 1e-11, "{width} {step:?} m={m}: {apart:e}");
                    assert_eq!(got.status, expected.status);
                }
            }
        }
    }
}

#[test]
fn flops_of_bilinear_runs_are_counted_as_documented() {
    let (d, m, iterations) = (7, 40, 5);
    let (measurements, y, _, direction) = bilinear_problem(d, m, false, 2);
    for (width, step, each) in [
        (2, Step::Geometric { eta: 0.1, rho: 0.95 }, (8 * d + 4) * m * 2),
        (5, Step::Geometric { eta: 0.1, rho: 0.95 }, (4 * d + 2) * m * 5 + (2 * d + 1) * m * d + 2 * d * d * 5),
        (
            2,
            Step::GeometricNormalized { eta: 0.1, rho: 0.95 },
            (4 * d + 2) * m * 2 + (2 * d + 1) * m * d + 2 * d * d * 2,
        ),
    ] {
        let options = Options { step, iterations, ..short(width, iterations, direction.as_ref()) };
        let done = bilinear::subgm(&measurements, &y, &options, Par::Seq, &mut Silent).unwrap();
        assert_eq!(done.effort.flops, (iterations * each) as u64, "{width} {step:?}");
    }
}

#[test]
fn bilinear_recovery_is_robust_and_its_rank_one_form_stalls() {
    let (d, m) = (10, 600);
    let run = |rank_one: bool, width: usize| {
        let (measurements, y, truth, direction) = bilinear_problem(d, m, rank_one, 4);
        let schedule = geometric(Target::flat(2), outliers(0.2).corruption(), 1e-6, 1e-8).unwrap();
        let init = Init::Gaussian { alpha: 1e-6, direction: direction.as_ref() };
        // aaᵀ is larger in the mean than abᵀ: the same η diverges there.
        let step = if rank_one { Step::Geometric { eta: 0.1, rho: 0.9957 } } else { schedule.step() };
        let iterations = if rank_one { 4 * schedule.iterations } else { schedule.iterations };
        let options = Options { width, init, step, loss: Loss::L1, iterations };
        let outcome = bilinear::subgm(&measurements, &y, &options, Par::Seq, &mut Silent).unwrap();
        ErrorMeter::new(&truth).relative(outcome.value.u.as_ref()).unwrap()
    };
    for width in [3, 10] {
        let error = run(false, width);
        assert!(error < 1e-4, "independent, r'={width}: {error:e}");
    }
    let stalled = run(true, 10);
    assert!(stalled > 1e-4, "rank one: {stalled:e}");
}

#[test]
fn bilinear_input_is_checked() {
    let (measurements, y, _, direction) = bilinear_problem(4, 30, false, 5);
    let subgm = |y: &[f64], options: &Options<'_>| bilinear::subgm(&measurements, y, options, Par::Seq, &mut Silent);
    assert!(matches!(subgm(&y[1..], &short(2, 5, direction.as_ref())), Err(Error::Input(_))));
    assert!(matches!(subgm(&y, &short(5, 5, direction.as_ref())), Err(Error::Input(_))));
    let wild = Options { step: Step::Constant { eta: 1e100 }, ..short(2, 50, direction.as_ref()) };
    assert!(matches!(subgm(&y, &wild), Err(Error::Numerical(NumericalError::Diverged { .. }))));
    let exhausted = Options { step: Step::Geometric { eta: 0.1, rho: 0.1 }, ..short(2, 5000, direction.as_ref()) };
    assert_eq!(subgm(&y, &exhausted).unwrap().status, Status::StepExhausted);
    let (a, b) = (Mat::<f64>::zeros(3, 4), Mat::<f64>::zeros(4, 3));
    assert!(BilinearMeasurements::new(a.clone(), b).is_err());
    assert!(BilinearMeasurements::new(Mat::zeros(0, 4), Mat::zeros(0, 4)).is_err());
    let mut holed = a.clone();
    holed[(2, 1)] = f64::NAN;
    assert!(BilinearMeasurements::new(a.clone(), holed).is_err());
    let nothing = BilinearMeasurements::new(a.clone(), a).unwrap();
    let run = bilinear::subgm(&nothing, &[1.0; 3], &short(2, 5, direction.as_ref()), Par::Seq, &mut Silent).unwrap();
    assert_eq!((run.value.zero_rows, run.status), (3, Status::StepExhausted));

    // Every kind of noise reaches bilinear observations.
    let mut rng = rng(6);
    let truth = Truth::draw(4, &[1.0], &mut rng).unwrap();
    for kind in [Outlier::Decoy, Outlier::Aligned { scale: 2.0 }, Outlier::Cauchy { scale: 1.0 }] {
        let noise = Noise::Outliers { p: 0.5, kind };
        let draws = NoiseDraws::draw(4, 30, noise, &mut rng);
        assert_eq!(measurements.observe(&truth, noise, &draws).unwrap().corrupted.len(), 15);
    }
}
