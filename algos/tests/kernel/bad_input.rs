//! Input that cannot be worked on gives a typed error.

use algos::kernel::approximate::{self, Options};
use algos::kernel::attention::{Reduction, attention, augment};
use algos::kernel::private::{Answer, Forest, Tree};
use algos::kernel::weighting::Similarity;
use algos::kernel::{
    Bandwidth, Engine, Points, Problem, Variant, fourier, hashing, literal, lowdim, multiply, sampling,
};
use algos::{Error, InputError, NumericalError};
use faer::Mat;

use crate::support::{cloud, rng, unit};

fn argument<T: std::fmt::Debug>(found: Result<T, Error>, expected: &str) {
    match found {
        Err(Error::Input(InputError::Argument { name, .. })) => assert_eq!(name, expected),
        other => panic!("{expected}: {other:?}"),
    }
}

#[test]
fn points_and_bandwidths() {
    for bad in [f64::NAN, f64::INFINITY] {
        let found = Points::new(2, 2, vec![0.0, 1.0, bad, 3.0]);
        assert!(matches!(found, Err(Error::Input(InputError::NonFinite { index: 2, .. }))), "{found:?}");
    }
    assert!(matches!(Points::new(2, 2, vec![0.0; 3]), Err(Error::Input(InputError::Shape { .. }))));
    assert!(matches!(Points::new(usize::MAX, 3, vec![]), Err(Error::Input(InputError::Shape { .. }))));
    let (a, b) = (cloud(3, 2, 1.0, 1), cloud(3, 4, 1.0, 1));
    let with = |sigma| Problem::new(&a, &a, Bandwidth::StandardDeviation(sigma)).map(|_| ());
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        argument(with(sigma), "sigma");
    }
    assert!(matches!(
        Problem::new(&a, &b, Bandwidth::StandardDeviation(1.0)).map(|_| ()),
        Err(Error::Input(InputError::Shape { .. }))
    ));
    argument(Bandwidth::median(&Points::new(3, 1, vec![1.0; 3]).unwrap()), "median distance");
}

#[test]
fn points_that_all_are_zero_have_a_product_for_every_bandwidth() {
    let zeros = Points::new(5, 2, vec![0.0; 10]).unwrap();
    let problem = Problem::new(&zeros, &zeros, Bandwidth::StandardDeviation(1e-310)).unwrap();
    for &variant in Variant::ALL {
        let y = multiply(variant, &problem, &[1.0; 5], Engine::detect()).unwrap().value;
        assert!(y.iter().all(|y| (y - 5.0).abs() <= 1e-5), "{variant:?}: {y:?}");
    }
}

#[test]
fn vectors_and_parameters() {
    let points = cloud(40, 2, 1.0, 1);
    let problem = unit(&points, &points);
    let engine = Engine::detect();
    let one = vec![1.0; 40];
    for &variant in Variant::ALL {
        let found = multiply(variant, &problem, &[1.0; 39], engine);
        assert!(matches!(found, Err(Error::Input(InputError::Shape { .. }))));
        let mut bad = one.clone();
        bad[7] = f64::NAN;
        let found = multiply(variant, &problem, &bad, engine);
        assert!(matches!(found, Err(Error::Input(InputError::NonFinite { index: 7, .. }))));
    }
    for epsilon in [0.0, -1.0, 1.1, f64::NAN] {
        argument(approximate::multiply(&problem, &one, &Options::new(epsilon), engine, &mut rng(1)), "epsilon");
        argument(literal::multiply(&problem, &one, &literal::Options::new(epsilon), &mut rng(1)), "epsilon");
    }
    argument(lowdim::cells(&problem, &one, 0.0, engine), "tol");
    let deep = cloud(40, 4, 1.0, 1);
    argument(lowdim::cells(&unit(&deep, &deep), &one, 1e-3, engine), "d");
    argument(lowdim::gauss(&unit(&deep, &deep), &one, 5, 1.0), "d");
    argument(lowdim::gauss(&problem, &one, 0, 1.0), "p");
    argument(sampling::uniform(&problem, &one, 41, engine, &mut rng(1)), "s");
    assert!(fourier::features(&problem, &one[..3], 5, engine, &mut rng(1)).is_err());
}

#[test]
fn trees_and_weightings() {
    let tree = |points: &[f64], epsilon, alpha| Tree::new(points, 8, 1.0, epsilon, Answer::Approximate { alpha }, None);
    argument(tree(&[0.5, 1.5], 1.0, 0.1), "point");
    argument(tree(&[0.5], 0.0, 0.1), "epsilon");
    argument(tree(&[0.5], 1.0, 0.0), "alpha");
    argument(tree(&[0.5], 1.0, 0.1).unwrap().distances(1.5), "y");
    // A single leaf answers zero.
    let one = Tree::new(&[0.2], 1, 1.0, 1.0, Answer::Sums, None).unwrap();
    assert_eq!(one.distances(0.7).unwrap(), 0.0);
    let twice = Points::new(3, 1, vec![0.1, 0.7, 0.1]).unwrap();
    let found = Similarity::new(&twice, 1.0).map(|_| ());
    assert_eq!(found, Err(InputError::Duplicate { row: 0, column: 2 }.into()));
    argument(Similarity::new(&cloud(3, 2, 1.0, 1), 0.0).map(|_| ()), "t");
}

#[test]
fn files_are_read_or_name_what_is_wrong() {
    use algos::kernel::load::{LoadError, csv, npy};
    let points = csv("x,y\n1,2\n\n3;4\n").unwrap();
    assert_eq!((points.len(), points.dimension(), points.point(1)), (2, 2, &[3.0, 4.0][..]));
    assert!(matches!(csv("1,2\n3\n"), Err(LoadError::Line { line: 2, .. })));
    assert!(matches!(csv("1,2\n3,b\n"), Err(LoadError::Line { line: 2, .. })));
    assert!(matches!(csv("1,2\nnan,2\n"), Err(LoadError::Line { line: 2, .. })));
    let array = |header: &str, data: &[u8]| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    };
    let data: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }";
    assert_eq!(npy(&array(header, &data)).unwrap().point(0), [1.5, -2.0]);
    let single: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(npy(&array(&header.replace("f8", "f4"), &single)).unwrap().point(0), [1.5, -2.0]);
    assert!(matches!(npy(&array(header, &data[..9])), Err(LoadError::Array(_))));
    assert!(matches!(npy(&array(header, &data[..8])), Err(LoadError::Points(_))));
    assert!(matches!(npy(&array(&header.replace("False", "True"), &data)), Err(LoadError::Array(_))));
    assert!(matches!(npy(&array(&header.replace("(1, 2)", "(2,)"), &data)), Err(LoadError::Array(_))));
    assert!(matches!(npy(b"numbers"), Err(LoadError::Array(_))));
}

#[test]
fn empty_sets_and_points_without_coordinates_have_approximations_too() {
    let none = Points::new(0, 3, vec![]).unwrap();
    let some = cloud(40, 3, 1.0, 1);
    let flat = Points::new(300, 0, vec![]).unwrap();
    let engine = Engine::detect();
    let options = Options { force: true, ..Options::new(0.5) };
    let planned =
        |q: &Points, k: &Points, x: &[f64]| approximate::multiply(&unit(q, k), x, &options, engine, &mut rng(1));
    assert!(planned(&none, &some, &[1.0; 40]).unwrap().value.y.is_empty());
    assert_eq!(planned(&some, &none, &[]).unwrap().value.y, [0.0; 40]);
    // Without coordinates all points coincide.
    let found = planned(&flat, &flat, &[1.0; 300]).unwrap().value;
    assert!(found.y.iter().all(|y| (y - 300.0).abs() <= 0.5 * 300f64.sqrt()), "{:?}", found.plan);
    assert!(lowdim::cells(&unit(&none, &some), &[1.0; 40], 1e-6, engine).unwrap().value.is_empty());
    assert_eq!(lowdim::cells(&unit(&some, &none), &[], 1e-6, engine).unwrap().value, [0.0; 40]);
}

#[test]
fn trees_of_the_smallest_alpha_answer_from_single_leaves() {
    let tree = |capacity, alpha| {
        Tree::new(&[0.1, 0.5, 0.9], capacity, 1.0, 1.0, Answer::Approximate { alpha }, Some(&mut rng(1))).unwrap()
    };
    for capacity in [1, 8, 1024] {
        // Half a leaf is the limit: from there on powers are tried.
        let powers = tree(capacity, 0.51 / capacity as f64);
        for alpha in [f64::MIN_POSITIVE, 1e-17, 1e-9, 0.49 / capacity as f64] {
            let single = tree(capacity, alpha);
            for y in [0.0, 0.3, 1.0] {
                assert_eq!(single.distances(y).unwrap(), powers.distances(y).unwrap(), "{capacity}, {alpha}");
                assert_eq!(single.noise(y).unwrap(), powers.noise(y).unwrap(), "{capacity}, {alpha}");
            }
        }
    }
}

#[test]
fn forests_take_queries_of_their_dimension_only() {
    let points = Points::new(2, 3, vec![0.5; 6]).unwrap();
    let forest = Forest::new(&points, 8, 1.0, 1.0, Answer::Sums, &mut rng(1)).unwrap();
    for y in [&[0.5; 2][..], &[0.5; 4]] {
        for found in [forest.distances(y), forest.noise(y)] {
            assert!(matches!(found, Err(Error::Input(InputError::Shape { .. }))), "{found:?}");
        }
    }
}

#[test]
fn boxes_that_cannot_be_numbered_are_refused() {
    let far = |x: f64| Points::new(2, 2, vec![0.0, 0.0, 0.0, x]).unwrap();
    let transform = |queries: &Points, keys: &Points, rho| lowdim::gauss(&unit(queries, keys), &[1.0; 2], 5, rho);
    for x in [1e30, -1e30, 1e140] {
        argument(transform(&far(x), &far(0.0), 0.5), "coordinate");
        argument(transform(&far(0.0), &far(x), 0.5), "coordinate");
    }
    assert_eq!(transform(&far(1e12), &far(1e12), 0.5).unwrap().value.len(), 2);
    for rho in [0.0, 1e-10, 1e300, f64::INFINITY, f64::NAN] {
        argument(transform(&far(1.0), &far(1.0), rho), "rho");
    }
    for rho in [1e-4, 1e3] {
        assert!(transform(&far(1.0), &far(1.0), rho).unwrap().value.iter().all(|y| y.is_finite()));
    }
}

#[test]
fn attention_never_returns_what_overflowed() {
    let point = |x: &[f64]| Points::new(x.len(), 1, x.to_vec()).unwrap();
    let values = |by: f64| Mat::from_fn(2, 1, |_, _| by);
    let by =
        |reduction, q: f64, k: [f64; 2], v: f64| attention(reduction, &point(&[q]), &point(&k), values(v).as_ref());
    let overflows = |found: Result<Mat<f64>, Error>| {
        assert!(matches!(found, Err(Error::Numerical(NumericalError::Overflow { .. }))), "{found:?}");
    };
    overflows(by(Reduction::Direct, 1e300, [1e10, 1.0], 1.0));
    for reduction in [Reduction::Scaled, Reduction::Augmented, Reduction::Unshifted] {
        overflows(by(reduction, 1e200, [1e200; 2], 1.0));
        overflows(by(reduction, 1e200, [1.0; 2], 1.0));
    }
    assert!(augment(&point(&[1.0]), &point(&[1e200])).is_err());
    overflows(by(Reduction::Direct, 1.0, [1.0; 2], f64::MAX));
    // Large norms do no harm to logits that are finite.
    assert!((by(Reduction::Direct, 1e-200, [1e200, 1.0], 3.0).unwrap()[(0, 0)] - 3.0).abs() <= 1e-14);
}

#[test]
fn estimates_need_a_table_and_features_a_frequency() {
    let points = cloud(20, 2, 1.0, 1);
    let (problem, engine) = (unit(&points, &points), Engine::detect());
    argument(hashing::estimates(&problem, 3, 4.0, 0, engine, &mut rng(1)), "tables");
    argument(fourier::features(&problem, &[1.0; 20], 0, engine, &mut rng(1)), "count");
    argument(fourier::predicted_error(&problem, &[1.0; 20], 0, engine), "count");
    assert_eq!(hashing::estimates(&problem, 0, 4.0, 1, engine, &mut rng(1)).unwrap().relative.len(), 20);
}
