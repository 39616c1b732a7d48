//! Fast variants against the literal reference.

use algos::faer::{Mat, Par};
use algos::recovery::diagnose::ErrorMeter;
use algos::recovery::instance::{Noise, Spec, direction};
use algos::recovery::observe::Silent;
use algos::recovery::{FullMeasurements, Init, Loss, Measurements, Options, Step, Variant, reference};
use algos::simd::Simd;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::{apart, bits, draw, outliers, rng, run, scheduled, short};

#[test]
fn all_variants_recover_the_truth_along_the_same_path() {
    for seed in 0..3 {
        let noise = outliers(0.2);
        let (instance, direction) = draw(12, 2, 300, noise, seed);
        let options = scheduled(&instance, noise, 12, 1e-6, 1e-8, direction.as_ref());
        let reference = run(Variant::Reference, &instance, &options).unwrap().value.u;
        let mut meter = ErrorMeter::new(&instance.truth);
        assert!(meter.error(reference.as_ref()).unwrap() < 1e-4);
        for &variant in &Variant::ALL[1..] {
            let u = run(variant, &instance, &options).unwrap().value.u;
            let limit = if variant == Variant::FusedF32 { 1e-6 } else { 1e-9 };
            assert!(apart(&u, &reference) <= limit, "{}: {:e}", variant.name(), apart(&u, &reference));
        }
    }
}

#[test]
fn sizes_around_lanes_and_blocks() {
    for d in [1, 2, 3, 5, 6, 7, 8, 11] {
        for m in [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 255, 256, 257, 263, 511, 513] {
            let (instance, direction) = draw(d, 1, m, outliers(0.3), (100 * d + m) as u64);
            let options = short(d.min(3), 6, direction.as_ref());
            let reference = run(Variant::Reference, &instance, &options).unwrap().value.u;
            for &variant in &Variant::ALL[1..] {
                let prepared = variant.prepare(&instance.measurements).unwrap();
                for simd in Simd::available() {
                    let run = prepared.clone().with_simd(simd).subgm(&instance.y, &options, Par::Seq, &mut Silent);
                    let apart = apart(&run.unwrap().value.u, &reference);
                    assert!(apart < 1e-12, "{} on {} at d={d}, m={m}: {apart:e}", variant.name(), simd.name());
                }
            }
        }
    }
}

#[test]
fn fused_variants_have_the_same_bits_on_every_fma_path_and_number_of_threads() {
    // Large enough to be split over threads, and not quantised: sums of a thousand f32 numbers are exact in f64, in
    // whatever order. The loss in the step carries the dot products' last bits into the iterates.
    let mut rng = rng(5);
    let instance = Spec::flat(30, 2, 1201, outliers(0.2)).draw(&mut rng).unwrap();
    let direction = direction(30, &mut rng);
    let base = short(4, 5, direction.as_ref());
    let by_loss = Options { step: Step::LossProportional { eta: 1e-3 }, ..base };
    let squares = Options { step: Step::Constant { eta: 1e-3 }, loss: Loss::L2, ..base };
    for variant in [Variant::FusedPacked, Variant::FusedF32, Variant::LazySign] {
        let prepared = variant.prepare(&instance.measurements).unwrap();
        for options in [&base, &by_loss, &squares] {
            let mut seen = Vec::new();
            for simd in Simd::available().into_iter().filter(|s| s.name() != "portable") {
                for par in [Par::Seq, Par::rayon(1), Par::rayon(2), Par::rayon(3), Par::rayon(7)] {
                    let run = prepared.clone().with_simd(simd).subgm(&instance.y, options, par, &mut Silent).unwrap();
                    seen.push(bits(&run.value.u));
                }
            }
            assert!(seen.windows(2).all(|w| w[0] == w[1]), "{} {:?}", variant.name(), options.step);
        }
    }
}

#[test]
fn packing_symmetrises_full_matrices() {
    // Nothing symmetric here: one triangle alone, or a missing √2, would give another run.
    let (d, m) = (5, 60);
    let mut rng = rng(1);
    let entries: Vec<f64> = (0..m * d * d).map(|_| rng.sample(StandardNormal)).collect();
    let full = FullMeasurements::from_fn(d, m, |i, k, l| entries[(i * d + k) * d + l]).unwrap();
    let packed = Measurements::from_full(&full).unwrap();
    let y: Vec<f64> = (0..m).map(|i| full.matrix(i)[(0, 0)] + 0.3 * full.matrix(i)[(1, 2)]).collect();
    let direction = Mat::from_fn(d, d, |_, _| rng.sample(StandardNormal));
    for init in [Init::Spectral { alpha: 0.3 }, Init::Gaussian { alpha: 0.3, direction: direction.as_ref() }] {
        let step = Step::Geometric { eta: 0.1, rho: 0.95 };
        let options = Options { width: 4, init, step, loss: Loss::L1, iterations: 40 };
        let literal = reference::subgm(&full, &y, &options, &mut Silent).unwrap();
        for &variant in &Variant::ALL[1..] {
            let prepared = variant.prepare(&packed).unwrap();
            let run = prepared.subgm(&y, &options, Par::Seq, &mut Silent).unwrap();
            let limit = if variant == Variant::FusedF32 { 1e-5 } else { 1e-12 };
            assert!(apart(&run.value.u, &literal.value.u) < limit, "{}", variant.name());
        }
    }
}

#[test]
fn every_step_rule_start_and_loss_agrees() {
    let (instance, direction) = draw(6, 2, 90, Noise::Gaussian { nu: 0.3 }, 3);
    let given = Mat::from_fn(6, 3, |i, j| 0.1 * (1.0 + i as f64 - 2.0 * j as f64));
    let inits = [
        Init::Spectral { alpha: 0.5 },
        Init::Gaussian { alpha: 0.5, direction: direction.as_ref() },
        Init::Given(given.as_ref()),
    ];
    let steps = [
        Step::Geometric { eta: 0.3, rho: 0.95 },
        Step::GeometricNormalized { eta: 0.1, rho: 0.95 },
        Step::LossProportional { eta: 0.05 },
        Step::Median { c: 0.1 },
        Step::Constant { eta: 0.02 },
        Step::InvSqrt { eta: 0.1 },
    ];
    for init in inits {
        for step in steps {
            for loss in [Loss::L1, Loss::L2] {
                let options = Options { width: 3, init, step, loss, iterations: 30 };
                let reference = run(Variant::Reference, &instance, &options).unwrap();
                for &variant in &Variant::ALL[1..] {
                    let fast = run(variant, &instance, &options).unwrap();
                    let apart = apart(&fast.value.u, &reference.value.u);
                    assert!(apart < 1e-11, "{} {step:?} {loss:?} {init:?}: {apart:e}", variant.name());
                    assert_eq!(fast.value.effective_width, reference.value.effective_width);
                    assert_eq!(fast.status, reference.status);
                }
            }
        }
    }
}
