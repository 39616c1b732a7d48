//! Sensing descents: fast models against the two-pass reference, invariants, bad input.

use algos::completion::sensing::{
    Descent, Fused, Model, Normal, OneStep, Operator, Population, Truth, TwoPass, lockstep, reduced, reference,
};
use algos::faer::Mat;
use algos::simd::Simd;
use algos::{Error, InputError, NumericalError};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::{apart, rng};

fn gaussian(n: usize, k: usize, scale: f64, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    Mat::from_fn(n, k, |_, _| scale / (n as f64).sqrt() * rng.sample::<f64, _>(StandardNormal))
}

fn starts(n: usize, k: usize) -> Vec<Descent> {
    let (f, g) = (gaussian(n, k, 0.5, 1), gaussian(n, k, 0.2, 2));
    let one_step = Some(OneStep { at: 7, beta: 0.8 });
    vec![
        Descent::Symmetric { z: f.clone() },
        Descent::Asymmetric { f: f.clone(), g: g.clone(), one_step: None },
        Descent::Asymmetric { f, g, one_step },
    ]
}

fn product(d: &Descent) -> Mat<f64> {
    d.left() * d.right().transpose()
}

#[test]
fn models_agree_across_panels_and_lanes() {
    for n in [1, 2, 3, 4, 5, 8, 9] {
        let truth = Truth::draw(n, 1, 2.0, &mut rng(n as u64)).unwrap();
        for m in [1, 7, 8, 9, 16, 17, 40] {
            let operator = Operator::draw(&truth, m, m % 2 == 0, &mut rng(3)).unwrap();
            let runs = starts(n, n.min(2));
            let expected: Vec<_> = runs
                .iter()
                .map(|run| reference::descend(&mut TwoPass(&operator), run, 0.02, 12, &mut |_| ()).unwrap().value)
                .collect();
            let mut models: Vec<(String, Box<dyn Model + '_>)> = vec![
                ("two passes".into(), Box::new(TwoPass(&operator))),
                ("normal".into(), Box::new(Normal::new(&operator))),
            ];
            for simd in Simd::available() {
                models.push((format!("fused on {}", simd.name()), Box::new(Fused::on(&operator, simd))));
            }
            for (name, mut model) in models {
                let done = lockstep::descend(model.as_mut(), &runs, 0.02, 12, &mut |_| ()).unwrap().value;
                for (a, b) in done.iter().zip(&expected) {
                    let distance = apart(product(a).as_ref(), product(b).as_ref());
                    assert!(distance < 1e-11, "{name} at n={n}, m={m}: {distance:e}");
                }
            }
        }
    }
}

#[test]
fn reduced_coordinates_change_nothing() {
    let truth = Truth::draw(50, 3, 2.0, &mut rng(1)).unwrap();
    let runs = starts(50, 5);
    for run in &runs {
        let reduced = reduced::reduce(&truth, std::slice::from_ref(run)).unwrap();
        assert!(reduced.basis.ncols() <= 13);
        let full = reference::descend(&mut Population::new(&truth), run, 0.1, 400, &mut |_| ()).unwrap().value;
        let small =
            lockstep::descend(&mut Population::new(&reduced.truth), &reduced.starts, 0.1, 400, &mut |_| ()).unwrap();
        let (left, right) = (reduced.lift(small.value[0].left()), reduced.lift(small.value[0].right()));
        assert!(apart((left * right.transpose()).as_ref(), product(&full).as_ref()) < 1e-12);
    }
}

#[test]
fn both_factors_step_from_the_old_ones() {
    let truth = Truth::draw(4, 1, 1.0, &mut rng(2)).unwrap();
    let (f, g) = (gaussian(4, 2, 1.0, 3), gaussian(4, 2, 1.0, 4));
    let run = Descent::Asymmetric { f: f.clone(), g: g.clone(), one_step: None };
    let e = &f * g.transpose() - truth.matrix();
    let expected =
        (&f - algos::faer::Scale(0.1) * (&e * &g)) * (&g - algos::faer::Scale(0.1) * (e.transpose() * &f)).transpose();
    let mut model = Population::new(&truth);
    let literal = reference::descend(&mut model, &run, 0.1, 1, &mut |_| ()).unwrap().value;
    assert!(apart(product(&literal).as_ref(), expected.as_ref()) < 1e-14);
    let fast = lockstep::descend(&mut model, &[run], 0.1, 1, &mut |_| ()).unwrap().value;
    assert!(apart(product(&fast[0]).as_ref(), expected.as_ref()) < 1e-14);
}

#[test]
fn balanced_factors_stay_equal_and_are_the_symmetric_descent() {
    let truth = Truth::draw(12, 2, 2.0, &mut rng(5)).unwrap();
    let z = gaussian(12, 4, 0.5, 6);
    let runs = [Descent::Asymmetric { f: z.clone(), g: z.clone(), one_step: None }, Descent::Symmetric { z }];
    let done = lockstep::descend(&mut Population::new(&truth), &runs, 0.1, 300, &mut |_| ()).unwrap().value;
    assert!(apart(done[0].left(), done[0].right()) < 1e-13);
    assert!(apart(product(&done[0]).as_ref(), product(&done[1]).as_ref()) < 1e-12);
}

#[test]
fn the_modified_step_keeps_the_product_and_balances_f() {
    let truth = Truth::draw(10, 2, 2.0, &mut rng(7)).unwrap();
    // A factor of deficient rank: no singular value may be divided by.
    let mut f = gaussian(10, 4, 0.5, 8);
    (0..10).for_each(|i| f[(i, 3)] = f[(i, 0)]);
    let g = gaussian(10, 4, 0.5, 9);
    let before = &f * g.transpose();
    let one_step = OneStep { at: 0, beta: 0.7 };
    assert!(one_step.is_stable(0.1, 2.0) && !OneStep { at: 0, beta: 0.3 }.is_stable(0.1, 2.0));
    let run = Descent::Asymmetric { f, g, one_step: Some(one_step) };
    let after = reference::descend(&mut Population::new(&truth), &run, 0.1, 0, &mut |_| ()).unwrap().value;
    assert!(apart(product(&after).as_ref(), before.as_ref()) < 1e-13);
    let gram = after.left().transpose() * after.left();
    let target = Mat::from_fn(4, 4, |i, j| if i == j { 0.49 } else { 0.0 });
    assert!(apart(gram.as_ref(), target.as_ref()) < 1e-13);
}

#[test]
fn the_population_rate_at_the_exact_rank_is_that_of_the_step() {
    // ln err falls by ln(1 − ησ_r) a step: a factor 2 or 4 in the gradient would show.
    let truth = Truth::draw(20, 2, 2.0, &mut rng(9)).unwrap();
    let run = Descent::Symmetric { z: gaussian(20, 2, 0.5, 10) };
    let target = truth.matrix();
    let mut errors = Vec::new();
    reference::descend(&mut Population::new(&truth), &run, 0.1, 220, &mut |i| {
        errors.push((i.product - &target).norm_l2());
    })
    .unwrap();
    let rate = (errors[200] / errors[150]).ln() / 50.0;
    assert!((rate - 0.9f64.ln()).abs() < 1e-3, "{rate}");
}

#[test]
fn bad_input_is_refused() {
    let truth = Truth::draw(6, 2, 2.0, &mut rng(1)).unwrap();
    let mut model = Population::new(&truth);
    let run = |d: &Descent, eta: f64, model: &mut Population| {
        let literal = reference::descend(model, d, eta, 500, &mut |_| ()).map(|o| o.value);
        let fast = lockstep::descend(model, std::slice::from_ref(d), eta, 500, &mut |_| ()).map(|o| o.value);
        assert_eq!(literal.is_err(), fast.is_err());
        literal
    };
    let z = gaussian(6, 2, 0.5, 2);
    for eta in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let found = run(&Descent::Symmetric { z: z.clone() }, eta, &mut model);
        assert!(matches!(found, Err(Error::Input(InputError::Argument { name: "eta", .. }))), "{found:?}");
    }
    let short = Descent::Symmetric { z: gaussian(5, 2, 0.5, 2) };
    assert!(matches!(run(&short, 0.1, &mut model), Err(Error::Input(InputError::Shape { .. }))));
    let uneven = Descent::Asymmetric { f: z.clone(), g: gaussian(6, 3, 0.5, 2), one_step: None };
    assert!(matches!(run(&uneven, 0.1, &mut model), Err(Error::Input(InputError::Shape { .. }))));
    let mut holed = z.clone();
    holed[(1, 1)] = f64::NAN;
    assert!(matches!(
        run(&Descent::Symmetric { z: holed }, 0.1, &mut model),
        Err(Error::Input(InputError::NonFinite { .. }))
    ));
    let beta = Some(OneStep { at: 3, beta: 0.0 });
    let modified = Descent::Asymmetric { f: z.clone(), g: z.clone(), one_step: beta };
    assert!(matches!(run(&modified, 0.1, &mut model), Err(Error::Input(InputError::Argument { name: "beta", .. }))));
    // Seven columns of six entries cannot be orthonormal; without the modified step they need not be.
    let wide = |one_step| Descent::Asymmetric { f: gaussian(6, 7, 0.1, 2), g: gaussian(6, 7, 0.1, 3), one_step };
    let found = run(&wide(Some(OneStep { at: 3, beta: 0.8 })), 0.1, &mut model);
    assert!(matches!(found, Err(Error::Input(InputError::Argument { name: "columns", .. }))), "{found:?}");
    assert!(run(&wide(None), 0.1, &mut model).is_ok());
    let found = run(&Descent::Symmetric { z }, 50.0, &mut model);
    assert!(matches!(found, Err(Error::Numerical(NumericalError::Diverged { .. }))), "{found:?}");
    assert!(Truth::draw(3, 4, 2.0, &mut rng(1)).is_err() && Truth::draw(3, 1, 0.5, &mut rng(1)).is_err());
    assert!(Operator::draw(&truth, 0, false, &mut rng(1)).is_err());
}
