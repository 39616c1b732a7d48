//! `lazy_sign` is exact, and `fused_f32` is as exact as its storage.

use algos::faer::{Mat, Par};
use algos::recovery::diagnose::ErrorMeter;
use algos::recovery::instance::{Noise, Spec};
use algos::recovery::observe::{Each, Iterate, Silent};
use algos::recovery::schedule::geometric;
use algos::recovery::sign_rip::sub_gradient;
use algos::recovery::{Init, Loss, Options, Variant, subgm};

use crate::support::{apart, draw, outliers, rng, run, scheduled};

#[test]
fn screening_reads_few_rows_of_noisy_data_and_keeps_g_exact() {
    let noise = Noise::Gaussian { nu: 0.5 };
    let (instance, direction) = draw(12, 1, 400, noise, 1);
    let options = scheduled(&instance, noise, 12, 1e-4, 1e-7, direction.as_ref());
    let dense = run(Variant::FusedPacked, &instance, &options).unwrap().value;
    let mut evaluated = Vec::new();
    let mut worst = 0.0_f64;
    let mut look = Each(|iterate: &Iterate<'_>| {
        if iterate.step.is_none() {
            return;
        }
        evaluated.push(iterate.rows_evaluated);
        // A skipped sign change, or a stale g, shows here.
        let x = iterate.u * iterate.u.transpose();
        let g = sub_gradient(&instance.measurements, x.as_ref(), &instance.y).unwrap();
        worst = worst.max((iterate.gradient_norm() - g.norm_l2()).abs());
    });
    let problem = instance.problem().unwrap();
    let lazy = subgm(Variant::LazySign, &problem, &options, Par::Seq, &mut look).unwrap().value;
    assert!(worst < 1e-13, "{worst:e}");
    assert!(apart(&lazy.u, &dense.u) < 1e-12);
    assert!((lazy.rows_evaluated as f64) < 0.3 * dense.rows_evaluated as f64);
    // g is summed afresh at least every 257 iterations.
    let gaps = evaluated.split(|&rows| rows == 400).map(<[u64]>::len).max();
    assert!(gaps > Some(100) && gaps <= Some(256), "{gaps:?}");
}

#[test]
fn screening_is_exact_on_clean_data_where_signs_keep_flipping() {
    for (noise, seed) in [(Noise::None, 2), (outliers(0.5), 3), (outliers(0.2), 4)] {
        let (instance, direction) = draw(10, 1, 300, noise, seed);
        let options = scheduled(&instance, noise, 10, 1e-3, 1e-6, direction.as_ref());
        let dense = run(Variant::FusedPacked, &instance, &options).unwrap().value;
        let lazy = run(Variant::LazySign, &instance, &options).unwrap().value;
        assert!(apart(&lazy.u, &dense.u) < 1e-11, "{noise:?}: {:e}", apart(&lazy.u, &dense.u));
        assert!(lazy.rows_evaluated <= dense.rows_evaluated);
    }
}

#[test]
fn single_precision_storage_stalls_unless_the_rows_were_rounded_first() {
    let mut rng = rng(5);
    let exact = Spec::flat(12, 2, 300, outliers(0.2)).draw(&mut rng).unwrap();
    let schedule = geometric(exact.truth.target(), outliers(0.2).corruption(), 1e-6, 1e-13).unwrap();
    let init = Init::Spectral { alpha: 1e-6 };
    let options = Options { width: 2, init, step: schedule.step(), loss: Loss::L1, iterations: schedule.iterations };
    let mut meter = ErrorMeter::new(&exact.truth);
    let mut error = |u: &Mat<f64>| meter.error(u.as_ref()).unwrap();
    let full = run(Variant::FusedPacked, &exact, &options).unwrap().value.u;
    let single = run(Variant::FusedF32, &exact, &options).unwrap().value.u;
    assert!(error(&full) < 1e-11, "{:e}", error(&full));
    let stalled = error(&single);
    assert!((1e-9..1e-6).contains(&stalled), "{stalled:e}");

    // The same rows, rounded before y is generated.
    let (rounded, _) = draw(12, 2, 300, outliers(0.2), 5);
    let mut meter = ErrorMeter::new(&rounded.truth);
    let single = run(Variant::FusedF32, &rounded, &options).unwrap().value.u;
    assert!(meter.error(single.as_ref()).unwrap() < 1e-11);
}

#[test]
fn residual_driven_rules_and_squares_fall_back_to_dense_passes() {
    use algos::recovery::Step;
    let (instance, direction) = draw(6, 1, 120, Noise::Gaussian { nu: 0.5 }, 6);
    for (step, loss) in [
        (Step::Median { c: 0.05 }, Loss::L1),
        (Step::LossProportional { eta: 0.02 }, Loss::L1),
        (Step::Constant { eta: 0.05 }, Loss::L2),
    ] {
        let init = Init::Gaussian { alpha: 0.3, direction: direction.as_ref() };
        let options = Options { width: 4, init, step, loss, iterations: 60 };
        let prepared = Variant::LazySign.prepare(&instance.measurements).unwrap();
        let lazy = prepared.subgm(&instance.y, &options, Par::Seq, &mut Silent).unwrap();
        let dense = run(Variant::FusedPacked, &instance, &options).unwrap();
        assert_eq!(lazy.value.u, dense.value.u);
        assert_eq!(lazy.value.rows_evaluated, 120 * 60);
    }
}
