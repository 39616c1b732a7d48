//! Fast variants against the literal reference.

use std::ops::ControlFlow;

use algos::completion::fast::spectral::leading;
use algos::completion::instance::{Rows, Spec};
use algos::completion::start::{Svd, start};
use algos::completion::{
    Cg, Clip, Exact, Init, Options, Sampling, Stop, Sweep, Variant, altmin, altmin_on, diagnose, silent,
};
use algos::faer::{Mat, Par};
use algos::simd::Simd;

use crate::support::{apart, bits, cg, draw, error, full, rng, run};

/// A start that all variants share exactly.
fn given(m: usize, k: usize) -> Mat<f64> {
    Mat::from_fn(m, k, |i, j| ((1 + i * (j + 2)) as f64 * 0.7).sin() + f64::from(u8::from(i == j)))
}

#[test]
fn variants_agree_across_lanes_and_panels() {
    // Ranks around multiples of eight, rows around panels of eight, and lines with fewer entries than unknowns.
    for k in [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 25] {
        for (m, n, p) in [(40, 33, 0.95), (64, 71, 0.8), (30, 90, 0.6)] {
            let instance = draw(m, n, k, p, k as u64);
            let u0 = given(m, k);
            let options = Options { init: Init::Given(u0.as_ref()), ..Options::new(k, 3) };
            let reference = run(Variant::Reference, &instance.observations, &options).unwrap().value;
            for simd in Simd::available() {
                let cholesky =
                    altmin_on(Variant::Cholesky, &instance.observations, &options, simd, Par::Seq, &mut silent);
                let distance = apart(full(&cholesky.unwrap().value).as_ref(), full(&reference).as_ref());
                assert!(distance < 1e-8, "Cholesky on {}: k={k}, {m}×{n}: {distance:e}", simd.name());
            }
            let sketched = run(Variant::Sketched, &instance.observations, &options).unwrap().value;
            let distance = apart(full(&sketched).as_ref(), full(&reference).as_ref());
            assert!(distance < 1e-8, "sketched: k={k}, {m}×{n}: {distance:e}");
        }
    }
}

#[test]
fn conjugate_gradients_with_as_many_steps_as_unknowns_are_exact() {
    for k in [1, 5, 8, 12] {
        let instance = draw(80, 70, k, 0.8, 3);
        let u0 = given(80, k);
        let options = Options { init: Init::Given(u0.as_ref()), ..Options::new(k, 4) };
        let reference = run(Variant::Reference, &instance.observations, &options).unwrap().value;
        let steps = 3 * k as u32 + 5;
        let inexact = Cg { steps, stop: Stop::Never, warm: true, exact: Exact::Sweeps(0) };
        for simd in Simd::available() {
            let options = cg(inexact, options);
            let solved =
                altmin_on(Variant::WarmCg, &instance.observations, &options, simd, Par::Seq, &mut silent).unwrap();
            let distance = apart(full(&solved.value).as_ref(), full(&reference).as_ref());
            assert!(distance < 1e-9, "{}: k={k}: {distance:e}", simd.name());
            assert!(solved.value.inner_steps > 0);
        }
    }
}

#[test]
fn every_variant_recovers_a_planted_matrix() {
    for (k, p) in [(3, 0.4), (12, 0.7)] {
        let instance = draw(120, 100, k, p, 11);
        for &variant in Variant::ALL {
            let completion = run(variant, &instance.observations, &Options::new(k, 40)).unwrap().value;
            assert!(error(&completion, &instance) < 1e-13, "{}: {:e}", variant.name(), error(&completion, &instance));
            let gram = completion.v.transpose() * &completion.v;
            assert!((gram - Mat::<f64>::identity(k, k)).norm_l2() < 1e-13, "{}", variant.name());
        }
    }
}

#[test]
fn warm_starts_carried_through_the_basis_need_no_more_sweeps_than_exact_solves() {
    let instance = draw(300, 300, 10, 0.3, 5);
    let sweeps = |variant, options: &Options<'_>| {
        let mut needed = None;
        let mut observe = |s: &algos::completion::Sweep<'_>| {
            if diagnose::relative_error(s.u, s.v, &instance.truth).unwrap() < 1e-8 {
                needed = needed.or(Some(s.sweep));
            }
            ControlFlow::Continue(())
        };
        algos::completion::altmin(variant, &instance.observations, options, Par::Seq, &mut observe).unwrap();
        needed.unwrap_or(usize::MAX)
    };
    let exact = sweeps(Variant::Cholesky, &Options::new(10, 60));
    let warm = sweeps(Variant::WarmCg, &cg(Cg::default(), Options::new(10, 60)));
    let cold = sweeps(Variant::WarmCg, &cg(Cg { warm: false, ..Cg::default() }, Options::new(10, 60)));
    assert!(warm <= exact + 1, "exact {exact}, warm {warm}");
    assert!(cold > 60, "a cold start of three steps must not be exact");
}

#[test]
fn threads_and_instruction_sets_change_no_bit() {
    // Large enough for threads; the portable path rounds products before adding and is left out.
    let instance = draw(260, 310, 10, 0.4, 8);
    for variant in [Variant::Cholesky, Variant::WarmCg] {
        let options = cg(Cg::default(), Options::new(10, 8));
        let mut seen = Vec::new();
        for par in [Par::Seq, Par::rayon(1), Par::rayon(2), Par::rayon(3), Par::rayon(5)] {
            let done = altmin_on(variant, &instance.observations, &options, Simd::detect(), par, &mut silent).unwrap();
            seen.push((bits(&done.value.u), bits(&done.value.v), done.effort));
        }
        assert!(seen.windows(2).all(|w| w[0] == w[1]), "{}", variant.name());
    }
}

#[test]
fn subspace_iteration_finds_the_leading_vectors() {
    let instance = draw(150, 110, 4, 0.5, 2);
    let options = Options::new(4, 1);
    let dense = start(&instance.observations, &options, Svd::Dense).unwrap();
    let sparse = start(&instance.observations, &options, Svd::Subspace(Par::Seq)).unwrap();
    let distance = diagnose::subspace_distance(sparse.u.as_ref(), dense.u.as_ref()).unwrap();
    assert!(distance < 0.03, "{distance:e}");
    for (a, b) in sparse.sigma.iter().zip(&dense.sigma) {
        assert!((a - b).abs() < 1e-3 * dense.sigma[0], "{a} {b}");
    }
    // Multiple singular values need a block.
    let flat = Spec::square(60, 5, 1.0).draw(&mut rng(4)).unwrap();
    let block = Mat::from_fn(60, 10, |i, j| ((i * 7 + j * 13) as f64).cos());
    let (u, sigma) = leading(&flat.observations, 5, block, Par::Seq).unwrap();
    assert!(diagnose::subspace_distance(u.as_ref(), flat.truth.u.as_ref()).unwrap() < 1e-6);
    assert!(sigma.iter().all(|s| (s - 1.0).abs() < 1e-10), "{sigma:?}");
}

#[test]
fn subsets_and_injected_errors_are_the_same_in_all_variants() {
    let instance = draw(90, 80, 3, 0.9, 9);
    let u0 = given(90, 3);
    for sampling in [Sampling::Fresh, Sampling::Shared] {
        let perturbation = Some(algos::completion::Perturbation { epsilon: 1e-2, sweeps: 2 });
        let options =
            Options { sampling, perturbation, seed: 77, init: Init::Given(u0.as_ref()), ..Options::new(3, 3) };
        let reference = run(Variant::Reference, &instance.observations, &options).unwrap().value;
        let fast = run(Variant::Cholesky, &instance.observations, &options).unwrap().value;
        let distance = apart(full(&fast).as_ref(), full(&reference).as_ref());
        // About nine equations for three unknowns: normal equations lose twice the digits of the condition.
        assert!(distance < 1e-7, "{sampling:?}: {distance:e}");
        let clean = Options { perturbation: None, ..options };
        let clean = run(Variant::Cholesky, &instance.observations, &clean).unwrap().value;
        assert!(apart(full(&fast).as_ref(), full(&clean).as_ref()) > 1e-4);
    }
}

#[test]
fn subsets_do_not_turn_inexact_before_all_entries_do() {
    let instance = draw(200, 200, 1, 0.9, 9);
    let u0 = given(200, 1);
    // Whether the second sweep is exact.
    let exact = |sampling, fraction| {
        let until = Cg { exact: Exact::Until(fraction), ..Cg::default() };
        let options = cg(until, Options { sampling, init: Init::Given(u0.as_ref()), ..Options::new(1, 2) });
        let mut last = false;
        let mut observe = |sweep: &Sweep<'_>| {
            last = sweep.exact;
            ControlFlow::Continue(())
        };
        altmin(Variant::WarmCg, &instance.observations, &options, Par::Seq, &mut observe).unwrap();
        last
    };
    let (mut low, mut high) = (1e-3, 10.0);
    for _ in 0..12 {
        let middle = f64::sqrt(low * high);
        *if exact(Sampling::Reuse, middle) { &mut low } else { &mut high } = middle;
    }
    // Each of the five subsets has a residual of its own that is about as large, relative to its entries.
    for sampling in [Sampling::Fresh, Sampling::Shared] {
        assert!(exact(sampling, low / 1.4) && !exact(sampling, high * 1.4), "{sampling:?}, {low}");
    }
}

#[test]
fn clipping_sets_entries_above_the_threshold_to_zero() {
    let spec = Spec { rows: Rows::Decaying(0.7), ..Spec::square(80, 2, 1.0) };
    let instance = spec.draw(&mut rng(6)).unwrap();
    let mu = algos::completion::instance::incoherence(instance.truth.u.as_ref());
    let clipped = |constant| {
        let options = Options { clip: Some(Clip { mu, constant }), ..Options::new(2, 1) };
        start(&instance.observations, &options, Svd::Dense).unwrap().clipped
    };
    let threshold = |constant: f64| constant * mu * (2.0f64 / 80.0).sqrt();
    let dense = start(&instance.observations, &Options::new(2, 1), Svd::Dense).unwrap().u;
    for constant in [0.1, 0.3, 0.5, 2.0] {
        let expected = dense.col_iter().flat_map(|c| c.iter().copied().collect::<Vec<_>>());
        let expected = expected.filter(|x| x.abs() > threshold(constant)).count();
        assert_eq!(clipped(constant), expected, "constant {constant}");
    }
    assert_eq!(clipped(2.0), 0, "the paper's threshold is above every entry of a basis of this incoherence");
    assert!(clipped(0.3) > 0);
}
