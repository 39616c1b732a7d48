//! Bad and extreme input: typed errors before any work, and no panic, hang or silent wrong answer.

use algos::error::Size;
use algos::faer::{Mat, Par};
use algos::recovery::instance::{Noise, Spec};
use algos::recovery::observe::Silent;
use algos::recovery::{
    FullMeasurements, Init, Loss, Measurements, Options, Problem, Step, Variant, Warning, reference, subgm,
};
use algos::{Error, InputError, NumericalError, Status};

use crate::support::{apart, draw, outliers, rng, run, scheduled, short};

const STEP: Step = Step::Geometric { eta: 0.2, rho: 0.98 };

fn options(width: usize, init: Init<'_>, step: Step, iterations: usize) -> Options<'_> {
    Options { width, init, step, loss: Loss::L1, iterations }
}

/// Rows that are constant multiples of the identity, and observations.
fn scalar_rows(d: usize, scales: &[f64]) -> Measurements {
    Measurements::from_full(
        &FullMeasurements::from_fn(d, scales.len(), |i, k, l| if k == l { scales[i] } else { 0.0 }).unwrap(),
    )
    .unwrap()
}

#[test]
fn measurements_and_observations_are_checked_when_they_are_taken() {
    let nan = |_: usize, row: &mut [f64]| row.fill(f64::NAN);
    assert!(matches!(Measurements::from_rows(0, 3, nan), Err(Error::Input(InputError::Empty { .. }))));
    assert!(matches!(Measurements::from_rows(3, 0, nan), Err(Error::Input(InputError::Empty { .. }))));
    let mut packed = Mat::<f64>::zeros(6, 4);
    packed[(5, 2)] = f64::INFINITY;
    let refused = Measurements::from_packed(3, packed.as_ref());
    assert!(matches!(refused, Err(Error::Input(InputError::NonFinite { index: 17, .. }))), "{refused:?}");
    assert!(matches!(
        Measurements::from_packed(4, packed.as_ref()),
        Err(Error::Input(InputError::Shape { expected: Size::Matrix(10, 4), found: Size::Matrix(6, 4), .. }))
    ));
    let (square, other) = (Mat::<f64>::zeros(3, 3), Mat::<f64>::zeros(3, 2));
    assert!(FullMeasurements::from_matrices(&[square.as_ref(), other.as_ref()]).is_err());
    assert!(FullMeasurements::from_matrices(&[]).is_err());
    let huge = FullMeasurements::from_fn(2, 1, |_, _, _| f64::MAX).unwrap();
    assert!(matches!(Measurements::from_full(&huge), Err(Error::Input(InputError::NonFinite { .. }))));

    let (instance, _) = draw(3, 1, 20, Noise::None, 0);
    assert!(matches!(
        Problem::new(&instance.measurements, &instance.y[1..]),
        Err(Error::Input(InputError::Shape { .. }))
    ));
    let mut y = instance.y.clone();
    y[7] = f64::NAN;
    assert!(matches!(
        Problem::new(&instance.measurements, &y),
        Err(Error::Input(InputError::NonFinite { index: 7, .. }))
    ));
    for &variant in Variant::ALL {
        let prepared = variant.prepare(&instance.measurements).unwrap();
        let direction = Mat::<f64>::identity(3, 3);
        let run = prepared.subgm(&y, &short(1, 3, direction.as_ref()), Par::Seq, &mut Silent);
        assert!(matches!(run, Err(Error::Input(InputError::NonFinite { .. }))), "{}", variant.name());
    }
}

#[test]
fn parameters_outside_their_domain_are_refused_by_every_variant() {
    let (instance, direction) = draw(4, 1, 40, Noise::None, 0);
    let gaussian = Init::Gaussian { alpha: 0.1, direction: direction.as_ref() };
    let narrow = Mat::<f64>::zeros(4, 3);
    let mut holed = Mat::<f64>::identity(4, 4);
    holed[(1, 1)] = f64::NAN;
    let mut refused = vec![
        options(0, gaussian, STEP, 5),
        options(5, gaussian, STEP, 5),
        options(2, Init::Gaussian { alpha: 0.1, direction: narrow.as_ref() }, STEP, 5),
        options(4, Init::Gaussian { alpha: 0.1, direction: holed.as_ref() }, STEP, 5),
        options(2, Init::Given(narrow.as_ref()), STEP, 5),
        options(4, Init::Given(holed.as_ref()), STEP, 5),
    ];
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY, 9e-155, f64::MIN_POSITIVE] {
        refused.push(options(2, Init::Spectral { alpha }, STEP, 5));
        refused.push(options(2, Init::Gaussian { alpha, direction: direction.as_ref() }, STEP, 5));
    }
    for bad in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        for step in [
            Step::Geometric { eta: bad, rho: 0.9 },
            Step::GeometricNormalized { eta: bad, rho: 0.9 },
            Step::LossProportional { eta: bad },
            Step::Median { c: bad },
            Step::Constant { eta: bad },
            Step::InvSqrt { eta: bad },
        ] {
            refused.push(options(2, gaussian, step, 5));
        }
    }
    for rho in [0.0, -0.5, 1.0 + 1e-12, f64::NAN] {
        refused.push(options(2, gaussian, Step::Geometric { eta: 0.1, rho }, 5));
    }
    for options in &refused {
        for &variant in Variant::ALL {
            let result = run(variant, &instance, options);
            assert!(matches!(result, Err(Error::Input(_))), "{} {options:?}", variant.name());
        }
    }
    // The ends of the domains are inside.
    for options in [
        options(2, Init::Spectral { alpha: 1e-154 }, STEP, 5),
        options(4, gaussian, Step::Geometric { eta: 0.1, rho: 1.0 }, 5),
    ] {
        for &variant in Variant::ALL {
            run(variant, &instance, &options).unwrap();
        }
    }
}

#[test]
fn tiny_starts_grow_to_the_truth() {
    let noise = outliers(0.1);
    let (mut instance, direction) = draw(6, 1, 240, noise, 4);
    // A zero observation makes one residual as tiny as the iterate.
    instance.y[3] = 0.0;
    let options = scheduled(&instance, noise, 6, 1e-100, 1e-8, direction.as_ref());
    let reference = run(Variant::Reference, &instance, &options).unwrap().value.u;
    let truth = instance.truth.factor().to_owned();
    assert!(apart(&reference, &truth) < 1e-6);
    for &variant in &Variant::ALL[1..] {
        let u = run(variant, &instance, &options).unwrap().value.u;
        assert!(apart(&u, &reference) < 1e-9, "{}", variant.name());
    }
}

#[test]
fn no_iterations_return_the_start() {
    let (instance, direction) = draw(5, 2, 60, outliers(0.2), 1);
    for init in [Init::Spectral { alpha: 0.1 }, Init::Gaussian { alpha: 0.1, direction: direction.as_ref() }] {
        let reference = run(Variant::Reference, &instance, &options(3, init, STEP, 0)).unwrap();
        assert_eq!(reference.effort.iterations, 0);
        for &variant in &Variant::ALL[1..] {
            let outcome = run(variant, &instance, &options(3, init, STEP, 0)).unwrap();
            assert_eq!(outcome.status, Status::IterationLimit);
            assert!((&outcome.value.u - &reference.value.u).norm_l2() < 1e-14);
            assert_eq!(outcome.value.rows_evaluated, 0);
        }
    }
}

#[test]
fn starts_that_cannot_move_are_refused() {
    let zero = Mat::<f64>::zeros(3, 3);
    let measurements = scalar_rows(3, &[-1.0, -2.0, -0.5]);
    let spectral = options(2, Init::Spectral { alpha: 0.1 }, STEP, 5);
    let degenerate = |result| matches!(result, Err(Error::Numerical(NumericalError::DegenerateInit { .. })));
    for &variant in Variant::ALL {
        let prepared = variant.prepare(&measurements).unwrap();
        let run = |y: &[f64], options: &Options<'_>| prepared.subgm(y, options, Par::Seq, &mut Silent);
        // M0 is negative definite; M0 = 0; U0 = 0.
        assert!(degenerate(run(&[1.0, 1.0, 1.0], &spectral)));
        assert!(degenerate(run(&[0.0; 3], &spectral)));
        assert!(degenerate(run(&[1.0; 3], &options(3, Init::Given(zero.as_ref()), STEP, 5))));
        let direction = Init::Gaussian { alpha: 0.1, direction: zero.as_ref() };
        assert!(degenerate(run(&[1.0; 3], &options(2, direction, STEP, 5))));
    }
}

#[test]
fn zero_observations_lead_to_zero() {
    let (instance, direction) = draw(4, 1, 60, Noise::None, 2);
    let y = vec![0.0; 60];
    let problem = Problem::new(&instance.measurements, &y).unwrap();
    let options = short(4, 300, direction.as_ref());
    for &variant in Variant::ALL {
        let u = subgm(variant, &problem, &options, Par::Seq, &mut Silent).unwrap().value.u;
        assert!(u.norm_l2() < 0.05, "{}: {}", variant.name(), u.norm_l2());
    }
}

#[test]
fn divergence_is_found_and_named() {
    let (instance, direction) = draw(4, 1, 60, outliers(0.2), 3);
    let gaussian = Init::Gaussian { alpha: 1.0, direction: direction.as_ref() };
    let diverged = |result| matches!(result, Err(Error::Numerical(NumericalError::Diverged { .. })));
    for &variant in Variant::ALL {
        assert!(diverged(run(variant, &instance, &options(4, gaussian, Step::Constant { eta: 50.0 }, 1000))));
        assert!(diverged(run(variant, &instance, &options(4, gaussian, Step::Constant { eta: 1e300 }, 1000))));
        let l2 = Options { loss: Loss::L2, ..options(4, gaussian, Step::Constant { eta: 10.0 }, 1000) };
        assert!(diverged(run(variant, &instance, &l2)));
    }
    // With half of the rows corrupted, the median residual is an outlier.
    let noise = outliers(0.7);
    let (mut instance, direction) = draw(4, 1, 100, noise, 3);
    for &i in &instance.corrupted {
        instance.y[i] *= 1e6;
    }
    let gaussian = Init::Gaussian { alpha: 1.0, direction: direction.as_ref() };
    for &variant in Variant::ALL {
        assert!(diverged(run(variant, &instance, &options(4, gaussian, Step::Median { c: 0.2 }, 1000))));
    }
}

#[test]
fn outliers_of_any_finite_size_leave_the_run_alone() {
    let noise = outliers(0.3);
    let (mut instance, direction) = draw(6, 1, 300, noise, 5);
    let options = scheduled(&instance, noise, 6, 1e-3, 1e-6, direction.as_ref());
    let mut limits = Vec::new();
    for size in [1e12, 1e300, f64::MAX] {
        for &i in &instance.corrupted {
            instance.y[i] = size * instance.noise[i].signum();
        }
        let u = run(Variant::FusedPacked, &instance, &options).unwrap().value.u;
        for &variant in Variant::ALL {
            let other = run(variant, &instance, &options).unwrap().value.u;
            assert!(apart(&u, &other) < 1e-10, "{} at {size:e}", variant.name());
        }
        let truth = instance.truth.factor().to_owned();
        assert!(apart(&u, &truth) < 1e-4);
        limits.push(u);
    }
    // Only signs matter.
    assert!(limits.windows(2).all(|w| w[0] == w[1]));
    // Gradient descent on squares has no chance, and says so.
    let l2 = Options { loss: Loss::L2, step: Step::Constant { eta: 0.1 }, ..options };
    for &variant in Variant::ALL {
        let result = run(variant, &instance, &l2);
        assert!(matches!(result, Err(Error::Numerical(NumericalError::Diverged { .. }))), "{}", variant.name());
    }
}

#[test]
fn zero_rows_are_counted_and_harmless() {
    let (instance, direction) = draw(5, 1, 100, Noise::None, 6);
    let rows = |i: usize, row: &mut [f64]| {
        if i < 100 {
            row.copy_from_slice(instance.measurements.row(i));
        }
    };
    let padded = Measurements::from_rows(5, 107, rows).unwrap();
    assert_eq!(padded.zero_rows(), 7);
    let mut y = instance.y.clone();
    y.extend([1.0, -1.0, 0.0, 5.0, -5.0, 0.0, 2.0]);
    let step = Step::Geometric { eta: 0.3, rho: 0.97 };
    let options = options(5, Init::Gaussian { alpha: 1e-2, direction: direction.as_ref() }, step, 400);
    for &variant in Variant::ALL {
        let run = variant.prepare(&padded).unwrap().subgm(&y, &options, Par::Seq, &mut Silent).unwrap();
        assert_eq!(run.value.zero_rows, 7);
        let truth = instance.truth.factor().to_owned();
        assert!(apart(&run.value.u, &truth) < 1e-3, "{}", variant.name());
    }
    // Nothing but zero rows: G = 0, and U does not move.
    let nothing = Measurements::from_rows(5, 9, |_, _| {}).unwrap();
    for &variant in Variant::ALL {
        let run = variant.prepare(&nothing).unwrap().subgm(&y[..9], &options, Par::Seq, &mut Silent).unwrap();
        assert_eq!(run.status, Status::StepExhausted);
        assert_eq!(run.effort.iterations, 0);
    }
}

#[test]
fn rows_of_extreme_size_are_screened_rightly() {
    // Norms whose squares under- or overflow.
    for scale in [1e-170, 1e170] {
        let (instance, direction) = draw(5, 1, 80, Noise::Gaussian { nu: 0.3 }, 7);
        let rows = |i: usize, row: &mut [f64]| {
            let factor = if i.is_multiple_of(2) { scale } else { 1.0 };
            for (to, from) in row.iter_mut().zip(instance.measurements.row(i)) {
                *to = factor * from;
            }
        };
        let measurements = Measurements::from_rows(5, 80, rows).unwrap();
        let y: Vec<f64> =
            instance.y.iter().enumerate().map(|(i, y)| if i.is_multiple_of(2) { scale * y } else { *y }).collect();
        let step = Step::GeometricNormalized { eta: 0.05, rho: 0.97 };
        let options = options(3, Init::Gaussian { alpha: 0.3, direction: direction.as_ref() }, step, 200);
        let run = |variant: Variant, options: &Options<'_>| {
            variant.prepare(&measurements).unwrap().subgm(&y, options, Par::Seq, &mut Silent).unwrap().value.u
        };
        let packed = run(Variant::FusedPacked, &options);
        let start = run(Variant::FusedPacked, &Options { iterations: 0, ..options });
        assert!(apart(&packed, &start) > 0.1, "rows of {scale:e} leave U where it was");
        assert!(apart(&run(Variant::LazySign, &options), &packed) < 1e-10);
        assert!(apart(&run(Variant::Reference, &options), &packed) < 1e-10);
        let single = Variant::FusedF32.prepare(&measurements);
        assert_eq!(single.is_err(), scale > 1.0);
    }
}

#[test]
fn normalized_steps_do_not_see_the_size_of_the_rows() {
    let (instance, direction) = draw(5, 1, 80, outliers(0.1), 11);
    let step = Step::GeometricNormalized { eta: 0.05, rho: 0.97 };
    let options = options(3, Init::Gaussian { alpha: 0.3, direction: direction.as_ref() }, step, 200);
    let run = |variant: Variant, scale: f64| {
        let rows = |i: usize, row: &mut [f64]| {
            row.iter_mut().zip(instance.measurements.row(i)).for_each(|(to, from)| *to = scale * from);
        };
        let measurements = Measurements::from_rows(5, 80, rows).unwrap();
        let y: Vec<f64> = instance.y.iter().map(|y| scale * y).collect();
        let prepared = variant.prepare(&measurements)?;
        Ok::<_, Error>(prepared.subgm(&y, &options, Par::Seq, &mut Silent)?.value.u)
    };
    for variant in [Variant::Reference, Variant::FusedPacked, Variant::LazySign] {
        let base = run(variant, 1.0).unwrap();
        for scale in [2f64.powi(-900), 2f64.powi(-560), 2f64.powi(560), 2f64.powi(900)] {
            let u = run(variant, scale).unwrap();
            assert!(apart(&u, &base) < 1e-10, "{} at {scale:e}: {}", variant.name(), apart(&u, &base));
        }
    }
    // Where the sum of the rows is no number, no step can be divided by its norm.
    let (measurements, start) = (scalar_rows(1, &[1e308; 2]), Mat::from_fn(1, 1, |_, _| 0.1));
    let options = Options { width: 1, init: Init::Given(start.as_ref()), ..options };
    for variant in [Variant::Reference, Variant::FusedPacked, Variant::LazySign] {
        let refused = variant.prepare(&measurements).unwrap().subgm(&[1e300; 2], &options, Par::Seq, &mut Silent);
        assert!(matches!(refused, Err(Error::Numerical(NumericalError::Overflow { .. }))), "{refused:?}");
    }
}

#[test]
fn one_by_one_finds_the_weighted_median() {
    let scales = [1.0, 0.5, 2.0, 1.5, 0.25, 3.0, 1.0];
    let ratios = [2.0, 5.0, 2.5, 1.0, -4.0, 2.25, 9.0];
    let measurements = scalar_rows(1, &scales);
    let y: Vec<f64> = scales.iter().zip(ratios).map(|(a, x)| a * x).collect();
    // Half of the weight, 9.25/2, is passed at ratio 2.25.
    let start = Mat::from_fn(1, 1, |_, _| 0.1);
    let options = options(1, Init::Given(start.as_ref()), Step::Geometric { eta: 0.2, rho: 0.98 }, 1500);
    for &variant in Variant::ALL {
        let prepared = variant.prepare(&measurements).unwrap();
        let u = prepared.subgm(&y, &options, Par::Seq, &mut Silent).unwrap().value.u;
        assert!((u[(0, 0)].powi(2) - 2.25).abs() < 1e-6, "{}: {}", variant.name(), u[(0, 0)].powi(2));
        let negative: Vec<f64> = y.iter().map(|y| -y.abs()).collect();
        let u = prepared.subgm(&negative, &options, Par::Seq, &mut Silent).unwrap().value.u;
        assert!(u[(0, 0)].powi(2) < 1e-6, "{}", variant.name());
    }
}

#[test]
fn steps_that_no_longer_move_end_the_run() {
    let (instance, direction) = draw(4, 1, 60, outliers(0.2), 8);
    let options = Options {
        step: Step::Geometric { eta: 0.3, rho: 0.5 },
        iterations: 1_000_000_000,
        ..short(4, 0, direction.as_ref())
    };
    for &variant in Variant::ALL {
        let outcome = run(variant, &instance, &options).unwrap();
        assert_eq!(outcome.status, Status::StepExhausted);
        assert!((40..60).contains(&outcome.effort.iterations), "{}", outcome.effort.iterations);
    }
}

#[test]
fn doubtful_runs_carry_warnings() {
    let (instance, direction) = draw(8, 1, 20, Noise::None, 9);
    let few = run(Variant::FusedPacked, &instance, &short(8, 3, direction.as_ref())).unwrap().value;
    assert_eq!(few.warnings, [Warning::UnderSampled { measurements: 20, needed: 26 }]);
    assert_eq!(few.effective_width, 8);

    let (instance, _) = draw(8, 1, 400, Noise::None, 9);
    let spectral = options(8, Init::Spectral { alpha: 0.1 }, STEP, 3);
    for &variant in Variant::ALL {
        let value = run(variant, &instance, &spectral).unwrap().value;
        assert!(value.effective_width < 8);
        let narrow = Warning::NarrowStart { effective: value.effective_width, width: 8 };
        assert_eq!(value.warnings, [narrow], "{}", variant.name());
    }
}

#[test]
fn one_triangle_stands_for_half_its_matrix() {
    // Lower triangles only, upper triangles only, and their average give the same runs.
    let d = 4;
    let mut rng = rng(10);
    let instance = Spec::flat(d, 1, 50, Noise::None).draw(&mut rng).unwrap();
    let full = instance.measurements.expand();
    let triangle = |lower: bool| {
        FullMeasurements::from_fn(d, 50, |i, k, l| {
            let a = full.matrix(i)[(k, l)];
            if k == l {
                a
            } else if (k > l) == lower {
                2.0 * a
            } else {
                0.0
            }
        })
        .unwrap()
    };
    let direction = algos::recovery::instance::direction(d, &mut rng);
    let options = short(2, 20, direction.as_ref());
    let expected = reference::subgm(&full, &instance.y, &options, &mut Silent).unwrap().value.u;
    for lower in [true, false] {
        let one = triangle(lower);
        let literal = reference::subgm(&one, &instance.y, &options, &mut Silent).unwrap().value.u;
        let packed = Measurements::from_full(&one).unwrap();
        let problem = Problem::new(&packed, &instance.y).unwrap();
        let fused = subgm(Variant::FusedPacked, &problem, &options, Par::Seq, &mut Silent).unwrap().value.u;
        assert!(apart(&literal, &expected) < 1e-12);
        assert!(apart(&fused, &expected) < 1e-12);
    }
}
