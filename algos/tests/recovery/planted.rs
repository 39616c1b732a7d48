//! Generators, schedules and diagnostics against what they promise.

use algos::faer::{Mat, Par};
use algos::recovery::diagnose::{ErrorMeter, Progress, least_squares, numerical_rank, principal_angle, split};
use algos::recovery::instance::{Instance, Noise, NoiseDraws, Outlier, Spec, Truth, direction, gaussian_rows};
use algos::recovery::observe::{At, Both, Each, Iterate, log_spaced};
use algos::recovery::schedule::{
    Corruption, Schedule, Target, along, difficulty, geometric, required_measurements, scaling_function,
};
use algos::recovery::sign_rip::{Deviation, sub_gradient};
use algos::recovery::{Variant, subgm};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::support::{draw, outliers, rng, scheduled};

#[test]
fn schedules_have_the_worked_values() {
    let near = |schedule: Schedule, rho: f64, iterations: usize| {
        assert!((schedule.rho - rho).abs() < 1e-8, "{}", schedule.rho);
        assert_eq!(schedule.iterations, iterations);
    };
    let p = |p| Corruption::Outliers { p };
    near(geometric(Target::flat(2), p(0.2), 1e-6, 1e-8).unwrap(), 0.98257604, 1048);
    near(geometric(Target::flat(1), p(0.2), 1e-6, 1e-8).unwrap(), 0.97535880, 739);
    near(geometric(Target::flat(1), p(0.5), 1e-6, 1e-7).unwrap(), 0.98459925, 1039);
    assert_eq!(geometric(Target::flat(2), Corruption::Gaussian { nu: 0.0 }, 1e-6, 1e-5).unwrap().iterations, 629);
    let digits = Target::new(&[1.0, 0.914589, 0.792084, 0.564785, 0.388327]);
    assert!((digits.norm - 1.712790).abs() < 1e-6);
    near(geometric(digits, p(0.4), 1e-4, 1e-2).unwrap(), 0.993714967, 731);
    // σ₁ ≠ 1: ln(√σ₁/α) takes the place of ln(1/α).
    let four = Target { norm: 4.0, largest: 4.0, smallest: 4.0 };
    near(geometric(four, p(0.2), 2e-6, 1e-8).unwrap(), 0.97535880, 739);
}

#[test]
fn schedules_refuse_what_they_cannot_serve() {
    let flat = Target::flat(1);
    for (corruption, alpha, tol) in [
        (Corruption::Outliers { p: 1.0 }, 1e-3, 1e-3),
        (Corruption::Outliers { p: -0.1 }, 1e-3, 1e-3),
        (Corruption::Outliers { p: f64::NAN }, 1e-3, 1e-3),
        (Corruption::Gaussian { nu: -1.0 }, 1e-3, 1e-3),
        (Corruption::Outliers { p: 0.0 }, 0.0, 1e-3),
        (Corruption::Outliers { p: 0.0 }, 1.0, 1e-3),
        (Corruption::Outliers { p: 0.0 }, 0.999, 1e-3),
        (Corruption::Outliers { p: 0.0 }, 1e-3, 1.0),
        (Corruption::Outliers { p: 0.0 }, 1e-3, f64::NAN),
    ] {
        assert!(geometric(flat, corruption, alpha, tol).is_err(), "{corruption:?} {alpha} {tol}");
    }
    // Paths and starts for which ρ rounds to one; just before, the schedule is long but not empty.
    for (path, scale, alpha) in [(1e17, 1.0, 1e-3), (1e300, 1.0, 1e-3), (1.0, 1e10, f64::MIN_POSITIVE)] {
        assert!(along(path, scale, alpha, 1e-3).is_err(), "{path:e} {scale:e} {alpha:e}");
    }
    assert!(along(1e14, 1.0, 1e-3, 1e-3).unwrap().iterations > 1_000_000_000_000_000);
    let none = Target { norm: 0.0, largest: 0.0, smallest: 0.0 };
    assert!(geometric(none, Corruption::Outliers { p: 0.0 }, 1e-3, 1e-3).is_err());
}

#[test]
fn difficulty_and_scaling_function_have_their_closed_forms() {
    let gamma = difficulty(20, 800, Target::flat(2), Corruption::Outliers { p: 0.2 }).unwrap();
    assert!((gamma - 0.495).abs() < 1e-3);
    let gamma = difficulty(20, 3200, Target::flat(2), Corruption::Outliers { p: 0.2 }).unwrap();
    assert!((gamma - 0.248).abs() < 1e-3);
    assert_eq!(required_measurements(20, Target::flat(1), Corruption::Outliers { p: 0.1 }).unwrap(), 78);
    assert!((scaling_function(0.1, 0.6, 1.0, 0.0) - 0.3668).abs() < 1e-4);
    assert!((scaling_function(0.01, 0.0, 0.0, 0.5) - 0.0160).abs() < 1e-4);
}

#[test]
fn draws_follow_the_documented_order() {
    let (d, m) = (4, 25);
    let spec = Spec { sigma: vec![2.0, 0.5], ..Spec::flat(d, 2, m, outliers(0.3)) };
    let instance = spec.draw(&mut rng(7)).unwrap();
    let mut same = rng(7);
    let mut next = || same.sample::<f64, _>(StandardNormal);
    for i in 0..m {
        for &entry in instance.measurements.row(i) {
            assert_eq!(entry, next());
        }
    }
    let mut gaussian = Mat::<f64>::zeros(d, 2);
    for j in 0..2 {
        for i in 0..d {
            gaussian[(i, j)] = next();
        }
    }
    // U* spans the columns of the Gaussian matrix, with eigenvalues σ.
    let truth = Truth::from_factor(gaussian).unwrap();
    assert!(principal_angle(instance.truth.factor(), &truth, 2).unwrap() < 1e-7);
    let gram = instance.truth.factor().transpose() * instance.truth.factor();
    assert!((gram[(0, 0)] - 2.0).abs() < 1e-12 && (gram[(1, 1)] - 0.5).abs() < 1e-12 && gram[(0, 1)].abs() < 1e-12);
    let mut order: Vec<usize> = (0..m).collect();
    for i in (1..m).rev() {
        order.swap(i, same.random_range(0..=i));
    }
    let mut corrupted = order[..8].to_vec();
    corrupted.sort_unstable();
    assert_eq!(instance.corrupted, corrupted);
    let normals: Vec<f64> = (0..m).map(|_| same.sample(StandardNormal)).collect();
    for &i in &corrupted {
        assert_eq!(instance.noise[i], 10.0 * normals[i]);
    }
    let mut decoy = [0.0; 4];
    decoy.fill_with(|| same.sample(StandardNormal));
    // Then the direction, from the same stream.
    let mut whole = rng(7);
    spec.draw(&mut whole).unwrap();
    assert_eq!(direction(d, &mut whole), direction(d, &mut same));
    assert_eq!(whole.next_u64(), same.next_u64());
}

#[test]
fn configurations_of_one_seed_are_paired() {
    let (d, m) = (6, 200);
    let base = Spec::flat(d, 2, m, outliers(0.3)).draw(&mut rng(8)).unwrap();
    let with = |noise: Noise| Spec::flat(d, 2, m, noise).draw(&mut rng(8)).unwrap();
    let kinds = [
        Noise::None,
        outliers(0.6),
        Noise::Outliers { p: 0.3, kind: Outlier::OneSided { scale: 1.0 } },
        Noise::Outliers { p: 0.3, kind: Outlier::Cauchy { scale: 1.0 } },
        Noise::Outliers { p: 0.3, kind: Outlier::Replace { scale: 3.0 } },
        Noise::Outliers { p: 0.3, kind: Outlier::Aligned { scale: 10.0 } },
        Noise::Outliers { p: 0.3, kind: Outlier::Decoy },
        Noise::Gaussian { nu: 0.1 },
        Noise::GaussianDependent { nu: 0.1 },
    ];
    for noise in kinds {
        let other = with(noise);
        assert_eq!(other.measurements.packed(), base.measurements.packed());
        assert_eq!(other.truth.factor(), base.truth.factor());
        for i in 0..m {
            let clean = base.y[i] - base.noise[i];
            assert!((other.y[i] - other.noise[i] - clean).abs() < 1e-12 * (1.0 + other.noise[i].abs()), "{noise:?}");
            match noise {
                Noise::None => assert_eq!(other.noise[i], 0.0),
                Noise::Gaussian { nu } if base.corrupted.contains(&i) => {
                    assert!((other.noise[i] / nu - base.noise[i] / 10.0).abs() < 1e-12);
                }
                Noise::Outliers { p: 0.3, kind } => {
                    assert_eq!(other.corrupted, base.corrupted);
                    assert_eq!(other.noise[i] == 0.0, !base.corrupted.contains(&i));
                    match kind {
                        Outlier::OneSided { .. } => {
                            assert!((other.noise[i] - base.noise[i].abs() / 10.0).abs() < 1e-12)
                        }
                        Outlier::Aligned { .. } => assert_eq!(other.noise[i].abs(), base.noise[i].abs()),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        if let Noise::Outliers { p: 0.6, .. } = noise {
            assert_eq!(other.corrupted.len(), 120);
            assert!(base.corrupted.iter().all(|i| other.corrupted.contains(i)));
        }
    }
    // All rows replaced by a decoy: it is a rank-one matrix orthogonal to the truth.
    let decoy = with(Noise::Outliers { p: 1.0, kind: Outlier::Decoy });
    let x = least_squares(&decoy.measurements, &decoy.y).unwrap();
    assert!((x.norm_l2() - 1.0).abs() < 1e-9);
    assert!((&x * decoy.truth.factor()).norm_l2() < 1e-9);
}

#[test]
fn given_truths_are_observed_as_they_are() {
    let mut rng = rng(9);
    let factor = Mat::from_fn(5, 2, |i, j| (i + 1) as f64 * if j == 0 { 1.0 } else { (-1.0f64).powi(i as i32) });
    let truth = Truth::from_factor(factor.clone()).unwrap();
    let x = &factor * factor.transpose();
    assert!((truth.norm() - x.norm_l2()).abs() < 1e-10);
    let measurements = gaussian_rows(5, 40, &mut rng).unwrap();
    let draws = NoiseDraws::draw(5, 40, Noise::None, &mut rng);
    let instance = Instance::assemble(measurements, truth, Noise::None, &draws).unwrap();
    let full = instance.measurements.expand();
    for i in 0..40 {
        let inner: f64 = (0..5).map(|k| (0..5).map(|l| full.matrix(i)[(k, l)] * x[(k, l)]).sum::<f64>()).sum();
        assert!((inner - instance.y[i]).abs() < 1e-10);
    }
    let recovered = least_squares(&instance.measurements, &instance.y).unwrap();
    assert!((&recovered - &x).norm_l2() < 1e-8);
    assert!(Truth::from_factor(Mat::zeros(3, 1)).is_err());
    assert!(Truth::from_factor(Mat::zeros(3, 4)).is_err());
    let (few, _) = draw(5, 1, 14, Noise::None, 1);
    assert!(least_squares(&few.measurements, &few.y).is_err());
    let wrong = Spec { sigma: vec![1.0, -1.0], ..Spec::flat(4, 1, 10, Noise::None) };
    assert!(wrong.draw(&mut rng).is_err());
    assert!(Spec::flat(4, 5, 10, Noise::None).draw(&mut rng).is_err());
    assert!(Spec::flat(4, 1, 10, outliers(1.1)).draw(&mut rng).is_err());
    // A truth of full rank leaves no room for a decoy.
    assert!(Spec::flat(4, 4, 10, Noise::Outliers { p: 0.5, kind: Outlier::Decoy }).draw(&mut rng).is_err());
}

#[test]
fn mean_sub_gradients_follow_the_scaling_function() {
    let (d, m, draws) = (8, 1000, 40);
    let mut rng = rng(10);
    let factor = Mat::<f64>::from_fn(d, d, |i, j| if i == j && i < 2 { if i == 0 { 1.0 } else { -0.5 } } else { 0.0 });
    let delta = &factor * (0.3 / factor.norm_l2());
    let mut total = 0.0;
    for _ in 0..draws {
        let measurements = gaussian_rows(d, m, &mut rng).unwrap();
        let s: Vec<f64> = (0..m).map(|i| if i < 400 { rng.sample::<f64, _>(StandardNormal) } else { 0.0 }).collect();
        let g = sub_gradient(&measurements, delta.as_ref(), &s).unwrap();
        assert!((&g - g.transpose()).norm_l2() == 0.0);
        total += (0..d).map(|i| g[(i, i)] * delta[(i, i)]).sum::<f64>() / 0.3;
        let phi = scaling_function(0.3, 0.4, 1.0, 0.0);
        let deviation = Deviation::new(g.as_ref(), phi, delta.as_ref()).unwrap();
        assert!(deviation.operator_norm() < 2.0 * (2.0 * d as f64 / m as f64).sqrt());
        assert_eq!(deviation.ky_fan(1), deviation.operator_norm());
        assert!(deviation.ky_fan(4) <= 2.0 * deviation.operator_norm());
        let whole = (&g - &delta * (phi / 0.3)).norm_l2();
        assert!((deviation.ky_fan(d) - whole).abs() < 1e-12);
    }
    let phi = scaling_function(0.3, 0.4, 1.0, 0.0);
    let standard_error = ((1.0 - phi * phi) / f64::from(m as u32 * draws)).sqrt();
    assert!((total / f64::from(draws) - phi).abs() < 4.5 * standard_error);
    let measurements = gaussian_rows(3, 5, &mut rng).unwrap();
    let zero = Mat::<f64>::zeros(3, 3);
    assert!(sub_gradient(&measurements, delta.as_ref(), &[0.0; 5]).is_err());
    assert!(sub_gradient(&measurements, zero.as_ref(), &[0.0; 4]).is_err());
    assert!(Deviation::new(zero.as_ref(), 0.5, zero.as_ref()).is_err());
}

#[test]
fn diagnostics_of_known_matrices() {
    let factor = Mat::from_fn(6, 2, |i, j| if i == j { 2.0 - j as f64 } else { 0.0 });
    let truth = Truth::from_factor(factor.clone()).unwrap();
    let mut meter = ErrorMeter::new(&truth);
    assert!(meter.error(factor.as_ref()).unwrap() == 0.0);
    let zero = Mat::<f64>::zeros(6, 3);
    assert!((meter.relative(zero.as_ref()).unwrap() - 1.0).abs() < 1e-14);
    assert!(meter.error(Mat::<f64>::zeros(5, 3).as_ref()).is_err());
    // One signal column misaligned by 0.1, one residual column of 0.01.
    let mut u = Mat::<f64>::zeros(6, 3);
    u[(0, 0)] = 2.0;
    u[(1, 1)] = 1.0;
    u[(3, 1)] = 0.1;
    u[(4, 2)] = 0.01;
    let parts = split(u.as_ref(), &truth).unwrap();
    assert!((parts.signal - 1.0).abs() < 1e-14);
    assert!((parts.cross - 0.1).abs() < 1e-14);
    assert!((parts.residual - 0.01).abs() < 1e-14);
    assert!(split(u.get(.., ..1), &truth).is_err());

    assert_eq!(numerical_rank(u.as_ref()).unwrap(), 3);
    assert_eq!(numerical_rank(zero.as_ref()).unwrap(), 0);
    let tiny = Mat::from_fn(6, 6, |i, j| if j < 4 { 1e-160 * u[(i, j.min(2))] } else { 0.0 });
    assert_eq!(numerical_rank(tiny.as_ref()).unwrap(), 3);

    for angle in [0.0, 1e-9, 0.3, std::f64::consts::FRAC_PI_2] {
        let mut v = factor.clone();
        v[(1, 1)] = f64::cos(angle);
        v[(5, 1)] = f64::sin(angle);
        let found = principal_angle(v.as_ref(), &truth, 2).unwrap();
        assert!((found - angle).abs() < 1e-14, "{angle}: {found}");
        assert!(principal_angle(v.as_ref(), &truth, 1).unwrap() < 1e-14);
    }
    assert!(principal_angle(factor.as_ref(), &truth, 3).is_err());
    assert!(principal_angle(factor.as_ref(), &truth, 0).is_err());
}

#[test]
fn observers_combine() {
    let noise = outliers(0.1);
    let (instance, direction) = draw(6, 1, 200, noise, 11);
    let options = scheduled(&instance, noise, 6, 1e-4, 1e-6, direction.as_ref());
    let mut errors = Vec::new();
    let mut meter = ErrorMeter::new(&instance.truth);
    let all = Each(|iterate: &Iterate<'_>| errors.push(meter.relative(iterate.u).unwrap()));
    let mut steps = Vec::new();
    let chosen = log_spaced(options.iterations, 20);
    assert!(chosen.len() <= 20 && chosen[0] == 0 && chosen.last() == Some(&options.iterations));
    let some = At::new(chosen.clone(), |iterate: &Iterate<'_>| steps.push((iterate.iteration, iterate.step)));
    let mut progress = Progress::new(&instance.truth, 1e-3);
    let problem = instance.problem().unwrap();
    let mut both = Both::new(Both::new(all, some), &mut progress);
    subgm(Variant::FusedPacked, &problem, &options, Par::Seq, &mut both).unwrap();
    assert_eq!(progress.first_below(), errors.iter().position(|&e| e <= 1e-3));
    let best = errors.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(progress.best().1, best);
    assert_eq!(progress.last(), errors[options.iterations]);
    assert_eq!(steps.iter().map(|s| s.0).collect::<Vec<_>>(), chosen);
    assert!(steps.windows(2).all(|w| w[1].1 < w[0].1));
    assert_eq!(log_spaced(0, 200), [0]);
    assert_eq!(log_spaced(5, 2), [0, 5]);
}
