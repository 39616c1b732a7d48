//! Properties that hold to the last bit, and effort that is counted.

use algos::Status;
use algos::faer::{Mat, Par};
use algos::recovery::instance::Noise;
use algos::recovery::observe::{Each, Iterate, Silent};
use algos::recovery::{FullMeasurements, Init, Loss, Measurements, Options, Problem, Step, Variant, subgm};
use rand::RngExt;

use crate::support::{bits, draw, outliers, rng, run, scheduled, short};

#[test]
fn scaling_the_data_by_four_doubles_every_iterate_bitwise() {
    let noise = outliers(0.2);
    let (instance, direction) = draw(9, 2, 200, noise, 1);
    let alpha = 1e-4;
    let options = scheduled(&instance, noise, 9, alpha, 1e-6, direction.as_ref());
    let mut scaled = instance.clone();
    scaled.y.iter_mut().for_each(|y| *y *= 4.0);
    let twice = Options { init: Init::Gaussian { alpha: 2.0 * alpha, direction: direction.as_ref() }, ..options };
    for &variant in Variant::ALL {
        let u = run(variant, &instance, &options).unwrap().value.u;
        let v = run(variant, &scaled, &twice).unwrap().value.u;
        let doubled = Mat::from_fn(u.nrows(), u.ncols(), |i, j| 2.0 * u[(i, j)]);
        assert_eq!(bits(&doubled), bits(&v), "{}", variant.name());
    }
}

#[test]
fn a_residual_of_zero_has_sign_zero() {
    // X = I and integer data: residuals are exact in every summation order.
    let mut rng = rng(2);
    let (d, m) = (4, 70);
    let full = FullMeasurements::from_fn(d, m, |_, _, _| f64::from(rng.random_range(-9..=9))).unwrap();
    let packed = Measurements::from_full(&full).unwrap();
    let mut y: Vec<f64> = (0..m).map(|i| (0..d).map(|k| full.matrix(i)[(k, k)]).sum()).collect();
    let identity = Mat::<f64>::identity(d, d);
    let step = Step::Geometric { eta: 0.25, rho: 0.5 };
    let options = Options { width: d, init: Init::Given(identity.as_ref()), step, loss: Loss::L1, iterations: 1 };
    for &variant in Variant::ALL {
        let prepared = variant.prepare(&packed).unwrap();
        let outcome = prepared.subgm(&y, &options, Par::Seq, &mut Silent).unwrap();
        assert_eq!(outcome.status, Status::StepExhausted, "{}", variant.name());
        assert_eq!(outcome.value.u, identity);
    }
    // One row off its observation is the whole sub-gradient: U₁ = I + 2η S₅/m.
    y[5] += 1.0;
    for &variant in Variant::ALL {
        let prepared = variant.prepare(&packed).unwrap();
        let u = prepared.subgm(&y, &options, Par::Seq, &mut Silent).unwrap().value.u;
        let a = full.matrix(5);
        let expected =
            Mat::from_fn(d, d, |i, j| identity[(i, j)] + 2.0 * 0.25 * (a[(i, j)] + a[(j, i)]) / 2.0 / m as f64);
        // √2 times an integer has to be rounded to f32.
        let limit = if variant == Variant::FusedF32 { 1e-7 } else { 1e-14 };
        assert!((&u - &expected).norm_l2() < limit, "{}", variant.name());
    }
}

#[test]
fn observers_see_every_iterate_and_change_nothing() {
    let noise = Noise::Gaussian { nu: 0.4 };
    let (instance, direction) = draw(7, 1, 150, noise, 3);
    let options = scheduled(&instance, noise, 5, 1e-3, 1e-3, direction.as_ref());
    let problem = instance.problem().unwrap();
    let mut losses: Vec<Vec<f64>> = Vec::new();
    for &variant in Variant::ALL {
        let silent = run(variant, &instance, &options).unwrap();
        let mut seen = Vec::new();
        let mut loss = Vec::new();
        let mut rows = 0;
        let mut last = Mat::zeros(0, 0);
        let mut look = Each(|iterate: &Iterate<'_>| {
            seen.push((iterate.iteration, iterate.step.is_some()));
            loss.push(iterate.loss());
            rows += iterate.rows_evaluated;
            last = iterate.u.to_owned();
            let direct = problem.loss(iterate.u, Loss::L1).unwrap();
            assert!((iterate.loss() - direct).abs() <= 1e-6 * direct);
            assert!(iterate.gradient_norm() > 0.0);
        });
        let watched = subgm(variant, &problem, &options, Par::Seq, &mut look).unwrap();
        assert_eq!(bits(&silent.value.u), bits(&watched.value.u), "{}", variant.name());
        assert_eq!(silent.effort, watched.effort);
        assert_eq!(bits(&last), bits(&watched.value.u));
        assert_eq!(rows, watched.value.rows_evaluated);
        let expected: Vec<_> = (0..=options.iterations).map(|t| (t, t < options.iterations)).collect();
        assert_eq!(seen, expected);
        losses.push(loss);
    }
    for other in &losses[1..] {
        for (a, b) in losses[0].iter().zip(other) {
            assert!((a - b).abs() <= 1e-6 * a.abs());
        }
    }
}

#[test]
fn effort_counts_what_the_kernels_read() {
    let (d, m, width, t) = (7, 45, 3, 10);
    let (instance, direction) = draw(d, 1, m, outliers(0.2), 4);
    let options = short(width, t, direction.as_ref());
    let (full, packed) = ((m * d * d) as u64, (m * d * (d + 1) / 2) as u64);
    let small = (4 * d * d * width) as u64;
    let reference = run(Variant::Reference, &instance, &options).unwrap().effort;
    assert_eq!(reference.entries, 2 * full * t as u64);
    assert_eq!(reference.flops, (4 * full + small) * t as u64);
    assert_eq!(reference.iterations, t as u64);
    for variant in [Variant::FusedPacked, Variant::FusedF32] {
        let fused = run(variant, &instance, &options).unwrap().effort;
        assert_eq!(fused.entries, packed * t as u64);
        assert_eq!(fused.flops, (4 * packed + small) * t as u64);
        assert_eq!(fused.applications, 2 * t as u64);
    }
    // The spectral start costs one more pass.
    let spectral = Options { init: Init::Spectral { alpha: 0.1 }, ..options };
    let fused = run(Variant::FusedPacked, &instance, &spectral).unwrap().effort;
    assert_eq!(fused.entries, packed * (t as u64 + 1));
    let outcome = run(Variant::LazySign, &instance, &options).unwrap();
    assert_eq!(outcome.effort.entries, outcome.value.rows_evaluated * (d * (d + 1) / 2) as u64);
}

#[test]
fn runs_repeat_to_the_last_bit() {
    let (instance, direction) = draw(10, 2, 130, outliers(0.2), 5);
    let options = short(6, 25, direction.as_ref());
    let problem = Problem::new(&instance.measurements, &instance.y).unwrap();
    for &variant in Variant::ALL {
        let first = subgm(variant, &problem, &options, Par::Seq, &mut Silent).unwrap();
        let second = subgm(variant, &problem, &options, Par::rayon(2), &mut Silent).unwrap();
        assert_eq!(bits(&first.value.u), bits(&second.value.u), "{}", variant.name());
    }
}
