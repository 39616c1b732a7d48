//! Properties that hold for all samples.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn samples() -> impl Strategy<Value = Vec<f64>> {
    vec(-1e3..1e3_f64, 1..40)
}

fn shuffled() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    samples().prop_flat_map(|s| (Just(s.clone()), Just(s).prop_shuffle()))
}

fn estimates(samples: &[f64]) -> [Estimate; 3] {
    [mean(samples), median(samples), quantile(samples, 0.8)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn intervals_contain_the_estimate(s in samples()) {
        for e in [mean(&s), median(&s)] {
            prop_assert!(e.ci.0 <= e.value && e.value <= e.ci.1, "{e:?}");
            prop_assert_eq!(e.n, s.len());
        }
    }

    #[test]
    fn order_does_not_matter((a, b) in shuffled()) {
        prop_assert_eq!(estimates(&a), estimates(&b));
    }

    #[test]
    fn scaling_is_equivariant(s in samples(), power in -20..20) {
        let factor = 2_f64.powi(power);
        let scaled: Vec<f64> = s.iter().map(|v| v * factor).collect();
        for (plain, wide) in estimates(&s).iter().zip(estimates(&scaled)) {
            prop_assert_eq!(plain.value * factor, wide.value);
            prop_assert_eq!((plain.ci.0 * factor, plain.ci.1 * factor), wide.ci);
        }
    }

    #[test]
    fn slopes_ignore_order_and_scale(
        points in vec((-1e2..1e2_f64, -1e2..1e2_f64), 3..20).prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle())),
    ) {
        let fit = |p: &[(f64, f64)], factor: f64| {
            let (x, y): (Vec<_>, Vec<_>) = p.iter().map(|p| (p.0, factor * p.1)).unzip();
            slope(&x, &y)
        };
        let plain = fit(&points.0, 1.0);
        let tolerance = 1e-9 * (plain.slope.abs() + plain.standard_error);
        prop_assert!((fit(&points.1, 1.0).slope - plain.slope).abs() <= tolerance);
        prop_assert_eq!(fit(&points.0, 8.0).slope, 8.0 * plain.slope);
        prop_assert_eq!(fit(&points.0, 8.0).standard_error, 8.0 * plain.standard_error);
    }

    #[test]
    fn proportions_are_ordered_and_symmetric((k, n) in (1_usize..300).prop_flat_map(|n| (0..=n, Just(n)))) {
        let value = k as f64 / n as f64;
        for (ci, mirror) in [
            (wilson(k, n).ci, wilson(n - k, n).ci),
            (clopper_pearson(k, n, 0.95), clopper_pearson(n - k, n, 0.95)),
        ] {
            prop_assert!(0.0 <= ci.0 && ci.0 <= value && value <= ci.1 && ci.1 <= 1.0);
            prop_assert!((ci.0 + mirror.1 - 1.0).abs() < 1e-12);
        }
        prop_assert!((sign_test(k, n - k) - sign_test(n - k, k)).abs() < 1e-12);
    }

    #[test]
    fn log_spacing_is_sorted_and_complete(last in 0_usize..100_000, count in 3_usize..300) {
        let chosen = log_spaced(last, count);
        prop_assert_eq!(chosen.len(), count.min(last + 1));
        prop_assert!(chosen.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(chosen[0], 0);
        prop_assert_eq!(chosen.last(), Some(&last));
        prop_assert!(last == 0 || chosen[1] == 1);
    }

    #[test]
    fn paired_ratios_agree(pairs in vec((1e-3..1e3_f64, 1e-3..1e3_f64), 0..20)) {
        for (ratio, log) in paired_ratios(&pairs).iter().zip(paired_log10_ratios(&pairs)) {
            prop_assert!((ratio.log10() - log).abs() < 1e-12);
        }
    }
}
