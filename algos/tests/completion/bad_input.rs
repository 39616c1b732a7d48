//! Input that cannot be worked on gives a typed error; input that is merely poor gives a warning and finite numbers.

use algos::completion::load::{LoadError, matrix_market};
use algos::completion::{
    Cg, Clip, Duplicates, Exact, Init, Inner, Observations, Options, Perturbation, Stop, Variant, Warning,
};
use algos::faer::Mat;
use algos::{Error, InputError, NumericalError, Status};

use crate::support::{draw, run};

fn triplets(m: u32, n: u32, f: impl Fn(u32, u32) -> f64) -> Vec<(u32, u32, f64)> {
    (0..m).flat_map(|i| (0..n).map(|j| (i, j, f(i, j))).collect::<Vec<_>>()).collect()
}

#[test]
fn observations_name_what_is_wrong() {
    let make = |m, n, t| Observations::from_triplets(m, n, t);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let found = make(2, 2, vec![(0, 0, 1.0), (1, 1, bad)]);
        assert!(matches!(found, Err(Error::Input(InputError::NonFinite { index: 1, .. }))), "{found:?}");
    }
    let found = make(2, 2, vec![(2, 0, 1.0)]);
    assert_eq!(found, Err(InputError::OutOfRange { what: "row", index: 2, size: 2 }.into()));
    let found = make(2, 3, vec![(0, 3, 1.0)]);
    assert_eq!(found, Err(InputError::OutOfRange { what: "column", index: 3, size: 3 }.into()));
    let found = make(2, 2, vec![(1, 0, 1.0), (0, 0, 1.0), (1, 0, 2.0)]);
    assert_eq!(found, Err(InputError::Duplicate { row: 1, column: 0 }.into()));
    assert!(matches!(make(0, 2, vec![]), Err(Error::Input(InputError::Empty { what: "the set of rows" }))));
    assert!(matches!(make(2, 0, vec![]), Err(Error::Input(InputError::Empty { what: "the set of columns" }))));
    assert!(matches!(make(2, 2, vec![]), Err(Error::Input(InputError::Empty { what: "the set of entries" }))));
}

#[test]
fn more_rows_and_columns_than_numbers_for_them_are_refused() {
    let limit = u32::MAX as usize;
    for (m, n) in [(usize::MAX, 1), (1, usize::MAX), (1_000_000_000_000_000_000, 1), (limit, 1), (1, limit)] {
        let found = Observations::from_triplets(m, n, vec![(0, 0, 1.0)]);
        assert!(matches!(found, Err(Error::Input(InputError::Argument { .. }))), "{m}×{n}: {found:?}");
        let text = format!("%%MatrixMarket matrix coordinate real general\n{m} {n} 1\n1 1 1\n");
        let found = matrix_market(&text, Duplicates::Refuse);
        assert!(matches!(found, Err(LoadError::Entries(Error::Input(InputError::Argument { .. })))), "{found:?}");
    }
}

#[test]
fn options_name_what_is_wrong() {
    let instance = draw(20, 15, 2, 0.8, 1);
    let base = Options::new(2, 3);
    let wrong_shape = Mat::<f64>::zeros(19, 2);
    let not_finite = Mat::from_fn(20, 2, |i, _| if i == 3 { f64::NAN } else { 1.0 });
    let cg = |cg| Inner::Cg(cg);
    let bad: Vec<(&str, Options<'_>)> = vec![
        ("rank", Options { rank: 0, ..base }),
        ("rank", Options { rank: 16, ..base }),
        ("sweeps", Options { sweeps: usize::MAX, ..base }),
        ("tolerance", Options { tolerance: f64::NAN, ..base }),
        ("tolerance", Options { tolerance: -1.0, ..base }),
        ("mu", Options { clip: Some(Clip::new(0.5)), ..base }),
        ("constant", Options { clip: Some(Clip { mu: 2.0, constant: 0.0 }), ..base }),
        ("epsilon", Options { perturbation: Some(Perturbation { epsilon: f64::NAN, sweeps: 1 }), ..base }),
        ("steps", Options { inner: cg(Cg { steps: 0, ..Cg::default() }), ..base }),
        ("tau", Options { inner: cg(Cg { stop: Stop::Data(1.0), ..Cg::default() }), ..base }),
        ("fraction", Options { inner: cg(Cg { exact: Exact::Until(0.0), ..Cg::default() }), ..base }),
        ("start", Options { init: Init::Given(wrong_shape.as_ref()), ..base }),
        ("start", Options { init: Init::Given(not_finite.as_ref()), ..base }),
    ];
    for (expected, options) in bad {
        for &variant in Variant::ALL {
            if variant == Variant::Cholesky && ["steps", "tau", "fraction"].contains(&expected) {
                continue; // it has no inner solver to set
            }
            match run(variant, &instance.observations, &options) {
                Err(Error::Input(
                    InputError::Argument { name, .. }
                    | InputError::Shape { what: name, .. }
                    | InputError::NonFinite { what: name, .. },
                )) => assert_eq!(name, expected),
                other => panic!("{}, {expected}: {other:?}", variant.name()),
            }
        }
    }
}

#[test]
fn clipping_that_leaves_nothing_is_an_error() {
    let instance = draw(20, 15, 2, 0.8, 1);
    let options = Options { clip: Some(Clip { mu: 1.0, constant: 1e-6 }), ..Options::new(2, 3) };
    for &variant in Variant::ALL {
        let found = run(variant, &instance.observations, &options);
        assert!(matches!(found, Err(Error::Numerical(NumericalError::DegenerateInit { .. }))), "{found:?}");
    }
}

#[test]
fn unobserved_lines_are_zero_with_a_warning_or_refused() {
    let entries = triplets(12, 10, |i, j| f64::from(i + 1) * f64::from(j + 2));
    let entries = entries.into_iter().filter(|&(i, j, _)| i != 4 && j != 7).collect();
    let observations = Observations::from_triplets(12, 10, entries).unwrap();
    for &variant in Variant::ALL {
        let value = run(variant, &observations, &Options::new(1, 5)).unwrap().value;
        assert!(value.warnings.contains(&Warning::Unobserved { lines: 2 }), "{:?}", value.warnings);
        assert_eq!((value.u[(4, 0)], value.v[(7, 0)]), (0.0, 0.0), "{}", variant.name());
        assert!(value.observed_residual < 1e-14, "{}", variant.name());
        let strict = run(variant, &observations, &Options { strict: true, ..Options::new(1, 5) });
        assert_eq!(strict.unwrap_err(), InputError::Unobserved { what: "row", index: 4 }.into());
    }
}

#[test]
fn too_few_entries_give_finite_numbers_and_warnings() {
    // Most lines have fewer entries than unknowns.
    let entries = (0..20u32).map(|i| (i, i % 15, f64::from(i) - 3.5)).collect();
    let observations = Observations::from_triplets(20, 15, entries).unwrap();
    for &variant in Variant::ALL {
        let value = run(variant, &observations, &Options::new(4, 5)).unwrap().value;
        assert!(value.warnings.contains(&Warning::BelowFreedom));
        assert!(value.warnings.iter().any(|w| matches!(w, Warning::Underdetermined { .. })));
        assert!(value.warnings.contains(&Warning::Disconnected { components: 15 }), "{:?}", value.warnings);
        assert!(value.u.norm_l2().is_finite() && value.v.norm_l2().is_finite());
        assert!(value.observed_residual <= 1.0, "{}: {:e}", variant.name(), value.observed_residual);
    }
}

#[test]
fn a_rank_above_the_truth_is_no_breakdown() {
    let instance = draw(60, 50, 2, 0.9, 6);
    // Left out: a sketch of four rows per unknown is no embedding of the arbitrary, often coherent, columns that complete
    // the basis.
    for variant in [Variant::Reference, Variant::Cholesky, Variant::WarmCg] {
        let value = run(variant, &instance.observations, &Options::new(5, 40)).unwrap().value;
        assert!(value.observed_residual < 1e-6, "{}: {:e}", variant.name(), value.observed_residual);
    }
}

#[test]
fn a_zero_matrix_is_answered_at_once() {
    let observations = Observations::from_triplets(5, 4, triplets(5, 4, |_, _| 0.0)).unwrap();
    for &variant in Variant::ALL {
        let done = run(variant, &observations, &Options::new(2, 9)).unwrap();
        assert_eq!((done.status, done.effort.iterations), (Status::Converged, 0));
        assert_eq!(done.value.u.norm_l2(), 0.0);
    }
}

#[test]
fn runs_stop_when_they_have_converged_or_stand_still() {
    let instance = draw(80, 80, 2, 0.6, 4);
    let options = Options { tolerance: 1e-9, ..Options::new(2, 200) };
    for &variant in Variant::ALL {
        let done = run(variant, &instance.observations, &options).unwrap();
        assert_eq!(done.status, Status::Converged, "{}", variant.name());
        assert!(done.effort.iterations < 60);
    }
    // Rank 1 cannot fit a matrix of rank 2: the iteration stands still at a residual.
    let poor = Options { tolerance: 1e-7, ..Options::new(1, 2000) };
    let done = run(Variant::Cholesky, &instance.observations, &poor).unwrap();
    assert_eq!(done.status, Status::StepExhausted);
    assert!(done.value.observed_residual > 0.1);
}
