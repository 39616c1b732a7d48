//! Low dimension, attention, private data, weighting vectors, grids: against exact products and closed forms.

use algos::kernel::attention::{Reduction, attention};
use algos::kernel::instance::{Layout, gaussian};
use algos::kernel::private::{Answer, Forest, Tree};
use algos::kernel::weighting::{Similarity, on_a_line};
use algos::kernel::{Bandwidth, Engine, Points, Problem, kronecker, lowdim};
use algos::{Error, Status};
use faer::Mat;
use rand::RngExt;

use crate::support::{cloud, distance, engines, exact, norm, rng, unit};

#[test]
fn cell_lists_keep_their_tolerance() {
    for d in 1..=3 {
        let (queries, keys) = Layout::Box { d }.draw(900, &mut rng(d as u64)).unwrap();
        let problem = unit(&queries, &keys);
        let x = gaussian(900, &mut rng(5));
        let truth = exact(&problem, &x);
        let total: f64 = x.iter().map(|x| x.abs()).sum();
        for tol in [1e-3, 1e-6, 1e-12] {
            let found = lowdim::cells(&problem, &x, tol, Engine::detect()).unwrap();
            let worst = found.value.iter().zip(&truth).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst <= tol * total + 1e-13, "d = {d}, tol = {tol}: {worst:e}");
            assert!(d == 3 || tol < 1e-4 || found.effort.entries < 900 * 900, "nothing was left out");
        }
    }
}

#[test]
fn cell_lists_of_scattered_points_stay_small() {
    for d in 1..=3 {
        for far in [1e6, 1e9] {
            let points = Points::new(3, d, [vec![0.0; d], vec![0.5; d], vec![far; d]].concat()).unwrap();
            let problem = unit(&points, &points);
            let found = lowdim::cells(&problem, &[1.0; 3], 1e-6, Engine::detect()).unwrap().value;
            assert!(distance(&found, &exact(&problem, &[1.0; 3])) <= 1e-6, "d = {d}: {found:?}");
        }
    }
    // Thousands of cells on a side, a point in few of them: cells grow, and no pair is lost.
    let points = cloud(300, 2, 3000.0, 3);
    let near = points.coordinates().iter().map(|x| x + 0.7).collect();
    let keys = Points::new(300, 2, near).unwrap();
    let problem = unit(&points, &keys);
    let truth = exact(&problem, &[1.0; 300]);
    let found = lowdim::cells(&problem, &[1.0; 300], 1e-9, Engine::detect()).unwrap();
    assert!(norm(&truth) >= 1.0 && distance(&found.value, &truth) <= 1e-6);
    assert!(found.effort.entries < 300 * 300 / 10, "{}", found.effort.entries);
}

#[test]
fn the_fast_gauss_transform_converges_geometrically() {
    let mut generator = rng(1);
    let mut square = |n: usize| Points::new(n, 2, (0..2 * n).map(|_| generator.random::<f64>()).collect()).unwrap();
    let (queries, keys) = (square(400), square(500));
    let problem = Problem::new(&queries, &keys, Bandwidth::StandardDeviation(0.05)).unwrap();
    let x = gaussian(500, &mut rng(2));
    let truth = exact(&problem, &x);
    let error = |p, rho| distance(&lowdim::gauss(&problem, &x, p, rho).unwrap().value, &truth) / norm(&truth);
    assert!(error(20, 0.5) <= 1e-12);
    assert!(error(8, 0.5) <= 3e-4 && error(8, 0.5) >= 1e-6);
    assert!(error(8, 1.0) >= 10.0 * error(8, 0.5));
}

#[test]
fn reductions_of_attention_agree_up_to_logits_of_a_thousand() {
    let scaled = |seed, by: f64| {
        let points = cloud(64, 16, 1.0, seed);
        Points::new(64, 16, points.coordinates().iter().map(|x| by * x).collect()).unwrap()
    };
    let (queries, keys) = (scaled(1, 9.0), scaled(2, 9.0));
    let values = Mat::from_fn(64, 3, |j, c| ((j * 5 + c * 7) % 13) as f64 - 6.0);
    let by = |reduction| attention(reduction, &queries, &keys, values.as_ref());
    let direct = by(Reduction::Direct).unwrap();
    for other in [by(Reduction::Scaled).unwrap(), by(Reduction::Augmented).unwrap()] {
        for c in 0..3 {
            let (a, b) = (other.col_as_slice(c), direct.col_as_slice(c));
            assert!(distance(a, b) <= 1e-10 * norm(b));
        }
    }
    assert!(matches!(by(Reduction::Unshifted), Err(Error::Numerical(_))));
}

#[test]
fn trees_without_noise_are_right_to_alpha() {
    let mut generator = rng(3);
    let points: Vec<f64> = (0..2000).map(|_| generator.random::<f64>()).collect();
    for alpha in [0.05, 0.2, 0.5] {
        let tree = Tree::new(&points, 2000, 1.0, 1.0, Answer::Approximate { alpha }, None).unwrap();
        let sums = Tree::new(&points, 2000, 1.0, 1.0, Answer::Sums, None).unwrap();
        for y in [0.0, 0.1, 0.5, 0.77, 1.0] {
            let truth: f64 = points.iter().map(|x| (x - y).abs()).sum();
            let error = (tree.distances(y).unwrap() / truth - 1.0).abs();
            assert!(error <= alpha / 4.0 + 2.0 / 2048.0, "alpha = {alpha}, y = {y}: {error}");
            // Only the query's own leaf is missing.
            assert!((sums.distances(y).unwrap() - truth).abs() <= 0.01, "y = {y}");
        }
    }
}

#[test]
fn noise_has_its_closed_form() {
    let none = Points::new(0, 3, vec![]).unwrap();
    for answer in [Answer::Approximate { alpha: 0.1 }, Answer::Sums] {
        let y = [0.3, 0.9, 0.55];
        let mut generator = rng(4);
        let draws: Vec<(f64, f64)> = (0..1500)
            .map(|_| {
                let forest = Forest::new(&none, 64, 1.0, 0.5, answer, &mut generator).unwrap();
                (forest.distances(&y).unwrap(), forest.noise(&y).unwrap())
            })
            .collect();
        let rms = (draws.iter().map(|(d, _)| d * d).sum::<f64>() / 1500.0).sqrt();
        let ratio = rms / draws[0].1;
        assert!((0.9..=1.1).contains(&ratio), "{answer:?}: {ratio}");
    }
}

#[test]
fn weighting_vectors_have_their_closed_form_on_a_line() {
    let mut generator = rng(5);
    let places: Vec<f64> = (0..60).map(|_| generator.random::<f64>()).collect();
    let points = Points::new(60, 1, places.clone()).unwrap();
    let closed = on_a_line(&places, 30.0).unwrap();
    let similarity = Similarity::new(&points, 30.0).unwrap();
    assert!(distance(&similarity.direct().unwrap(), &closed) <= 1e-10);
    let factor = similarity.vecchia(&mut rng(1)).unwrap();
    let found = similarity.conjugate_gradients(Some(&factor), 1e-10, 100, Engine::detect()).unwrap();
    assert_eq!(found.status, Status::Converged);
    assert!(distance(&found.value, &closed) <= 1e-7);
    // On a line two neighbours screen all others: one step.
    assert!(found.effort.iterations <= 30, "{}", found.effort.iterations);
}

#[test]
fn kronecker_products_and_solves_are_those_of_the_formed_matrix() {
    let line = |n: usize, by: f64| Mat::from_fn(n, n, |i, j| (-((i as f64 - j as f64) * by).powi(2)).exp());
    let (a, b) = (line(6, 0.5), line(5, 0.8));
    let x = gaussian(30, &mut rng(1));
    let entry = |i: usize, j: usize| a[(i / 5, j / 5)] * b[(i % 5, j % 5)];
    let formed: Vec<f64> = (0..30).map(|i| (0..30).map(|j| entry(i, j) * x[j]).sum::<f64>() + 0.1 * x[i]).collect();
    let product: Vec<f64> =
        kronecker::multiply(a.as_ref(), b.as_ref(), &x).unwrap().iter().zip(&x).map(|(y, x)| y + 0.1 * x).collect();
    assert!(distance(&product, &formed) <= 1e-13 * norm(&formed));
    assert!(distance(&kronecker::solve(a.as_ref(), b.as_ref(), 0.1, &formed).unwrap(), &x) <= 1e-11 * norm(&x));
    let zero = Mat::<f64>::zeros(5, 5);
    assert!(matches!(kronecker::solve(a.as_ref(), zero.as_ref(), 0.0, &x), Err(Error::Numerical(_))));
}

#[test]
fn distances_of_the_exponential_kernel_are_right_on_every_instruction_set() {
    let points = cloud(131, 3, 0.5, 4);
    let similarity = Similarity::new(&points, 2.0).unwrap();
    let x = gaussian(131, &mut rng(5));
    let entry = |i: usize, j: usize| {
        let square: f64 = points.point(i).iter().zip(points.point(j)).map(|(a, b)| (a - b).powi(2)).sum();
        (-2.0 * square.sqrt()).exp()
    };
    let truth: Vec<f64> = (0..131).map(|i| (0..131).map(|j| entry(i, j) * x[j]).sum()).collect();
    for engine in engines() {
        let y = similarity.apply(&x, engine);
        assert!(distance(&y, &truth) <= 1e-13 * norm(&truth), "{}", engine.simd.name());
    }
}

#[test]
fn cell_lists_are_right_where_points_coincide() {
    // Every point eight times: buckets and cells hold copies at distance zero.
    let few = cloud(60, 2, 2.0, 6);
    let copies: Vec<usize> = (0..480).map(|i| i % 60).collect();
    let points = few.select(&copies);
    let problem = unit(&points, &points);
    let x = gaussian(480, &mut rng(7));
    let truth = exact(&problem, &x);
    for engine in engines() {
        let y = lowdim::cells(&problem, &x, 1e-9, engine).unwrap().value;
        assert!(distance(&y, &truth) <= 1e-7 * norm(&x), "{}", engine.simd.name());
    }
}
