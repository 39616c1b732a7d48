//! Known answers; the properties are in `properties`.

use std::f64::consts::LN_10;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::*;

const INF: f64 = f64::INFINITY;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}

fn close_pair(found: (f64, f64), expected: (f64, f64), tolerance: f64) {
    close(found.0, expected.0, tolerance);
    close(found.1, expected.1, tolerance);
}

fn assert_undefined(e: Estimate, n: usize) {
    assert!(e.value.is_nan() && e.ci.0.is_nan() && e.ci.1.is_nan(), "{e:?}");
    assert_eq!(e.n, n);
    assert!(!e.fits((-INF, INF)));
}

/// Newcombe (1998), table I, and the formula evaluated independently.
#[test]
fn wilson_textbook() {
    for (k, n, expected) in [
        (81, 263, (0.255_288_519_9, 0.366_209_577_0)),
        (15, 148, (0.062_386_399_5, 0.160_487_241_7)),
        (0, 10, (0.0, 0.277_532_799_9)),
        (5, 10, (0.236_593_090_5, 0.763_406_909_5)),
        (1, 30, (0.005_908_590_4, 0.166_703_909_9)),
        (32, 32, (0.892_820_801_7, 1.0)),
    ] {
        let e = wilson(k, n);
        assert_eq!((e.value, e.n), (k as f64 / n as f64, n));
        close_pair(e.ci, expected, 1e-9);
    }
    assert_eq!(fraction(&[true, false, true]), wilson(2, 3));
    assert_undefined(wilson(0, 0), 0);
    assert_undefined(wilson(3, 2), 2);
    assert_undefined(fraction(&[]), 0);
}

/// Newcombe (1998), table I, and bisection on binomial tails in exact arithmetic.
#[test]
fn clopper_pearson_textbook() {
    for (k, n, expected) in [
        (81, 263, (0.252_736_745_6, 0.367_621_922_6)),
        (15, 148, (0.057_844_010_1, 0.161_650_490_3)),
        (0, 10, (0.0, 0.308_497_107_8)),
        (5, 10, (0.187_086_028_4, 0.812_913_971_6)),
        (7, 20, (0.153_909_204_8, 0.592_188_534_5)),
        (1, 30, (0.000_843_570_9, 0.172_169_455_6)),
        (32, 32, (0.891_118_839_3, 1.0)),
    ] {
        close_pair(clopper_pearson(k, n, 0.95), expected, 1e-9);
    }
    // No successes: 1 − (α/2)^(1/n).
    close(clopper_pearson(0, 7, 0.99).1, 1.0 - 0.005_f64.powf(1.0 / 7.0), 1e-12);
    for (k, n, c) in [(0, 0, 0.95), (3, 2, 0.95), (1, 2, 0.0), (1, 2, 1.0), (1, 2, f64::NAN)] {
        let (lower, upper) = clopper_pearson(k, n, c);
        assert!(lower.is_nan() && upper.is_nan());
    }
}

#[test]
fn exact_tests() {
    close(sign_test(10, 0), 2.0 / 1024.0, 1e-14);
    close(sign_test(1, 9), 22.0 / 1024.0, 1e-14);
    close(sign_test(2, 8), 112.0 / 1024.0, 1e-13);
    close(sign_test(5, 5), 1.0, 1e-13);
    assert_eq!(sign_test(0, 0), 1.0);
    close(binomial_test(7, 20, 0.3), 0.629_497_966_676_677_7, 1e-12);
    close(binomial_test(0, 10, 0.3), 0.038_839_603_3, 1e-12);
    close(binomial_test(15, 148, 0.3), 1.342_321_785_3e-8, 1e-16);
    assert!(binomial_test(3, 2, 0.5).is_nan() && binomial_test(1, 2, 1.5).is_nan());
}

#[test]
fn ordering_agrees_with_the_sign_test() {
    for n in 1..=24 {
        for wins in 0..=n {
            let pairs: Vec<_> = (0..n).map(|i| if i < wins { (0.0, 1.0) } else { (1.0, 0.0) }).collect();
            let e = ordering(&pairs);
            let excludes_half = e.ci.0 > 0.5 || e.ci.1 < 0.5;
            assert_eq!(excludes_half, sign_test(wins, n - wins) < 1.0 - CONFIDENCE, "{wins} of {n}");
        }
    }
    assert_eq!(ordering(&[(1.0, INF), (1.0, 1.0)]).value, 0.5);
    assert_undefined(ordering(&[(1.0, f64::NAN)]), 1);
    assert_undefined(ordering(&[]), 0);
}

/// Holm's procedure as in R: `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`.
#[test]
fn holm_example() {
    for (found, expected) in holm(&[0.01, 0.04, 0.03, 0.005]).into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
        close(found, expected, 1e-15);
    }
    let with_nan = holm(&[f64::NAN, 0.02, 0.9]);
    assert!(with_nan[0].is_nan());
    close_pair((with_nan[1], with_nan[2]), (0.06, 1.0), 1e-15);
    assert!(holm(&[]).is_empty());
}

#[test]
fn normal_quantiles() {
    close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-12);
    assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (-INF, INF));
    assert!(normal_quantile(1.1).is_nan() && normal_quantile(f64::NAN).is_nan());
}

#[test]
fn exact_lines() {
    let x = [1.0, 2.0, 4.0, 8.0];
    let fit = slope(&x, &x.map(|v| 3.0 - 2.0 * v));
    close_pair((fit.slope, fit.intercept), (-2.0, 3.0), 1e-14);
    close(fit.standard_error, 0.0, 1e-14);
    close(log_log_slope(&x, &x.map(|v| 7.0 * v.powf(-0.5))).slope, -0.5, 1e-14);
    close(semilog_slope(&x, &x.map(|v| (-0.3 * LN_10 * v).exp())).slope, -0.3, 1e-14);
}

/// Residuals ±1 about y = x: rss = 4, Sxx = 5, two degrees of freedom, t = 4.302653.
#[test]
fn standard_error_of_a_slope() {
    let fit = slope(&[0.0, 1.0, 2.0, 3.0], &[1.0, 0.0, 1.0, 4.0]);
    close_pair((fit.slope, fit.intercept), (1.0, 0.0), 1e-15);
    close(fit.standard_error, (4.0_f64 / 2.0 / 5.0).sqrt(), 1e-15);
    let half = 4.302_652_729_911_275 * fit.standard_error;
    close_pair(fit.estimate().ci, (1.0 - half, 1.0 + half), 1e-9);
}

#[test]
fn lines_that_do_not_exist() {
    let two = slope(&[0.0, 1.0], &[0.0, 2.0]).estimate();
    assert_eq!((two.value, two.ci), (2.0, (-INF, INF)));
    assert_undefined(slope(&[], &[]).estimate(), 0);
    assert_undefined(slope(&[1.0, 2.0], &[1.0]).estimate(), 1);
    assert_undefined(slope(&[0.1; 3], &[1.0, 2.0, 3.0]).estimate(), 3);
    assert_undefined(slope(&[1.0, 2.0, 3.0], &[1.0, INF, 3.0]).estimate(), 3);
    assert_undefined(log_log_slope(&[1.0, 2.0, 3.0], &[1.0, 0.0, 3.0]).estimate(), 3);
    assert_undefined(semilog_slope(&[1.0, 2.0, 3.0], &[1.0, -1.0, 3.0]).estimate(), 3);
}

#[test]
fn slopes_over_seeds() {
    let series: Vec<Vec<(f64, f64)>> =
        [1.0, 2.0, 3.0].iter().map(|s| (0..5).map(|i| (f64::from(i), s * f64::from(i))).collect()).collect();
    let each = slope_over_seeds(&series, Axes::Linear);
    assert_eq!(each, mean(&[1.0, 2.0, 3.0]));
    let pooled = pooled_slope(&series, Axes::Linear);
    close(pooled.value, 2.0, 1e-14);
    close_pair(pooled.ci, (1.0, 3.0), 1e-14);
    let reversed: Vec<_> = series.iter().rev().collect();
    assert_eq!(pooled, pooled_slope(&reversed.iter().map(|s| s.as_slice()).collect::<Vec<_>>(), Axes::Linear));
    assert_undefined(slope_over_seeds(&[vec![(0.0, 1.0), (1.0, 2.0)], vec![(0.0, 1.0)]], Axes::Linear), 2);
    assert_undefined(pooled_slope::<Vec<(f64, f64)>>(&[], Axes::LogLog), 0);
}

#[test]
fn medians_with_failures_as_infinity() {
    let mostly_fine = median(&[3.0, INF, 1.0, 2.0, 5.0, 4.0, 6.0]);
    assert_eq!(mostly_fine.value, 4.0);
    assert!(mostly_fine.ci.0.is_finite());
    assert_eq!(median(&[1.0, INF, INF]).value, INF);
    assert_eq!(median(&[1.0, INF]).value, INF);
    assert_eq!(median(&[INF; 5]).ci, (INF, INF));
    assert_undefined(median(&[-INF, INF]), 2);
    assert_eq!(mean(&[1.0, 2.0, INF]).value, INF);
    assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0, 11.0], 0.875).value, 7.0);
    assert_eq!(plateau(&[vec![1.0, 1.0, 9.0], vec![2.0], vec![3.0, INF, 3.0]]).value, 2.0);
}

#[test]
fn undefined_samples() {
    for samples in [&[][..], &[f64::NAN], &[1.0, f64::NAN, 2.0], &[-f64::NAN, 1.0]] {
        for e in [mean(samples), median(samples), quantile(samples, 0.1)] {
            assert_undefined(e, samples.len());
        }
    }
    assert_undefined(quantile(&[1.0, 2.0], 1.5), 2);
    assert_undefined(quantile(&[1.0, 2.0], f64::NAN), 2);
    assert_undefined(plateau(&[vec![1.0], vec![]]), 2);
    assert_eq!(mean(&[7.0]).ci, (-INF, INF));
    assert!(point(7.0, 1).fits((7.0, 7.0)));
}

/// A resample of 4 seeds lacks a given seed with probability (3/4)⁴ = 0.32, and one of 400 all of 8 given ones with
/// probability (392/400)⁴⁰⁰ = 3e-4.
#[test]
fn undefined_resamples_widen_the_interval() {
    let needs = |flagged: u32| {
        move |s: &[&u32]| {
            let hits = s.iter().filter(|v| ***v < flagged).count();
            if hits == 0 { f64::NAN } else { hits as f64 }
        }
    };
    let often = bootstrap(&[0, 1, 2, 3], needs(1));
    assert_eq!((often.value, often.ci), (1.0, (-INF, INF)));
    let rarely = bootstrap(&(0..400).collect::<Vec<u32>>(), needs(8));
    assert!(rarely.ci.0 >= 1.0 && rarely.ci.0 < 8.0 && rarely.ci.1 > 8.0 && rarely.ci.1.is_finite());
}

#[test]
fn bootstrap_of_a_crossing() {
    let success = |m: f64, seed: u32| if m >= 40.0 + f64::from(seed) { 1.0 } else { 0.0 };
    let m = [30.0, 40.0, 50.0, 60.0, 70.0];
    let records: Vec<Vec<f64>> = (0..20).map(|seed| m.iter().map(|m| success(*m, seed)).collect()).collect();
    let m50 = bootstrap(&records, |drawn| {
        let rate: Vec<f64> =
            (0..m.len()).map(|j| drawn.iter().map(|r| r[j]).sum::<f64>() / drawn.len() as f64).collect();
        crossing(&m, &rate, 0.5).unwrap_or(f64::NAN)
    });
    close(m50.value, 49.0, 0.2);
    assert!(m50.ci.0 < m50.value && m50.value < m50.ci.1 && m50.ci.0 > 40.0 && m50.ci.1 < 60.0, "{m50:?}");
}

/// The resamples are part of the results: another generator or seed would change stored intervals.
#[test]
fn determinism() {
    let samples = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
    assert_eq!(mean(&samples), Estimate { value: 31.875, ci: (8.0, 64.375), n: 8 });
    assert_eq!(mean(&samples), mean(&samples));
}

#[test]
fn coverage_of_the_bootstrap_mean() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let covered = (0..400)
        .filter(|_| {
            let samples: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(24).collect();
            let (lower, upper) = mean(&samples).ci;
            lower <= 0.0 && 0.0 <= upper
        })
        .count();
    assert!((352..=388).contains(&covered), "{covered} of 400");
}

#[test]
fn crossings() {
    let x = [0.0, 1.0, 2.0, 3.0];
    assert_eq!(crossing(&x, &[0.0, 0.25, 0.75, 0.0], 0.5), Some(1.5));
    assert_eq!(crossing(&x, &[1.0, 0.0, 1.0, 0.0], 0.25), Some(0.75));
    assert_eq!(crossing(&x, &[0.5, 0.0, 1.0, 0.0], 0.5), Some(0.0));
    assert_eq!(crossing(&x, &[0.0, 0.5, 0.5, 1.0], 0.5), Some(1.0));
    assert_eq!(crossing(&x, &[INF, INF, 1.0, 0.0], 2.0), Some(2.0));
    assert_eq!(crossing(&x, &[0.0, 1.0, INF, 0.0], 2.0), Some(1.0));
    assert_eq!(crossing(&x, &[0.0, 0.1, 0.2, 0.3], 0.5), None);
    assert_eq!(crossing(&x, &[0.0, f64::NAN, 0.2, 0.9], 0.5), None);
    assert_eq!(crossing(&x, &[0.0, 1.0], 0.5), None);
    assert_eq!(crossing(&[], &[], 0.5), None);
}

#[test]
fn log_spacing() {
    assert_eq!(log_spaced(0, 200), [0]);
    assert_eq!(log_spaced(1, 200), [0, 1]);
    assert_eq!(log_spaced(5, 200), [0, 1, 2, 3, 4, 5]);
    assert_eq!(log_spaced(1000, 5), [0, 1, 10, 100, 1000]);
    assert_eq!(log_spaced(9, 0), [0, 1, 9]);
}

#[test]
fn alarms() {
    let unit = Estimate { value: 0.0, ci: (-standard_errors(), standard_errors()), n: 9 };
    close(headroom(&unit, (-5.0, 6.0)), 5.0, 1e-12);
    close(headroom(&unit, (-INF, 6.0)), 6.0, 1e-12);
    close(headroom(&unit, (1.0, 6.0)), -1.0, 1e-12);
    assert_eq!(headroom(&unit, (-INF, INF)), INF);
    assert_eq!(headroom(&point(1.0, 1), (1.0, 2.0)), INF);
    assert_eq!(headroom(&point(1.0, 1), (1.5, 2.0)), -INF);
    assert_eq!(headroom(&Estimate { ci: (-INF, INF), ..unit }, (-1.0, 1.0)), 0.0);
    assert!(headroom(&Estimate::undefined(3), (-INF, INF)).is_nan());
    close(false_alarm(standard_errors()), 0.5, 1e-12);
    close(false_alarm(5.68), 1e-4, 1e-6);
    close(family_wise(100, 1e-4), 0.009_950_8, 1e-6);
    close(family_wise(3, 1e-18), 3e-18, 1e-30);
    assert_eq!((family_wise(0, 1.0), family_wise(2, 1.0)), (0.0, 1.0));
    assert!(family_wise(2, -0.1).is_nan() && false_alarm(f64::NAN).is_nan());
}
