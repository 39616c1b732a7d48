//! Approximate products against exact ones.

use algos::Par;
use algos::kernel::approximate::{self, Options, heavy, join::Weights, light, plan::Plan, split};
use algos::kernel::instance::{Layout, Vector, gaussian};
use algos::kernel::{Engine, Points, Variant, fourier, hashing, literal, multiply, sampling};

use crate::support::{bits, cloud, distance, engines, exact, norm, rng, unit};

fn clustered(n: usize, seed: u64) -> (Points, Points) {
    Layout::Cluster.draw(n, &mut rng(seed)).unwrap()
}

#[test]
fn the_planned_product_keeps_its_error_and_does_not_do_better_by_far() {
    let (queries, keys) = clustered(2048, 1);
    let problem = unit(&queries, &keys);
    for vector in Vector::ALL {
        let x = vector.draw(2048, &mut rng(2));
        let truth = multiply(Variant::TileF64, &problem, &x, Engine::detect()).unwrap().value;
        for engine in engines() {
            let options = Options { force: true, ..Options::new(0.5) };
            let found = approximate::multiply(&problem, &x, &options, engine, &mut rng(3)).unwrap().value;
            let error = distance(&found.y, &truth) / norm(&x);
            assert!((0.05..=0.75).contains(&error), "{vector:?} on {}: {error}", engine.simd.name());
            assert!(!found.fallback && found.certified <= 0.5);
            assert!(found.counts.heavy > 2048 && found.counts.sampled < 1500, "{:?}", found.counts);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let (queries, keys) = clustered(9000, 4);
    let problem = unit(&queries, &keys);
    let x = gaussian(9000, &mut rng(2));
    let options = Options { force: true, ..Options::new(0.5) };
    let run = |par| {
        let engine = Engine { par, ..Engine::detect() };
        bits(&approximate::multiply(&problem, &x, &options, engine, &mut rng(3)).unwrap().value.y)
    };
    assert_eq!(run(Par::Seq), run(Par::rayon(2)));
}

#[test]
fn weights_by_probability_make_the_heavy_part_unbiased() {
    let (queries, keys) = clustered(2048, 5);
    let problem = unit(&queries, &keys);
    let x = vec![1.0; 2048];
    let truth: f64 = split(&problem, &x, 1.0, Engine::detect()).unwrap().0.iter().sum();
    let mean = |weights| {
        let draws = (0..30).map(|seed| {
            let plan = Plan::heavy(1.0, 10, 4.0, 8);
            heavy(&problem, &x, &plan, weights, Engine::detect(), &mut rng(seed)).unwrap().iter().sum::<f64>()
        });
        draws.sum::<f64>() / 30.0 / truth - 1.0
    };
    let unbiased = mean(Weights::InverseProbability);
    assert!(unbiased.abs() <= 0.035, "{unbiased}");
    let biased = mean(Weights::One);
    assert!((-0.45..=-0.3).contains(&biased), "{biased}");
}

#[test]
fn exact_parts_add_up_and_samples_of_everything_are_exact() {
    let (queries, keys) = (cloud(300, 8, 0.7, 1), cloud(290, 8, 0.7, 2));
    let problem = unit(&queries, &keys);
    let x = gaussian(290, &mut rng(3));
    let (high, low) = split(&problem, &x, 2.0, Engine::detect()).unwrap();
    for (i, high) in high.iter().enumerate() {
        let pairs = (0..290).map(|j| (problem.entry(i, j), x[j]));
        let heavy: f64 = pairs.filter(|(k, _)| *k > (-2f64).exp()).map(|(k, x)| k * x).sum();
        assert!((high - heavy).abs() <= 1e-12, "{i}");
    }
    let whole: Vec<f64> = high.iter().zip(&low).map(|(a, b)| a + b).collect();
    assert!(distance(&whole, &exact(&problem, &x)) <= 1e-12);
    let everything: Vec<(u32, f64)> = (0..).zip(x.iter().copied()).collect();
    assert_eq!(bits(&light(&problem, &everything, 2.0, Engine::detect()).unwrap()), bits(&low));
    let sampled = sampling::uniform(&problem, &x, 290, Engine::detect(), &mut rng(1)).unwrap().value;
    assert!(distance(&sampled, &whole) <= 1e-12);
}

#[test]
fn collision_probabilities_are_those_of_simulated_hashes() {
    for (r, w) in [(0.3, 1.0), (1.0, 4.0), (2.5, 4.0), (6.0, 2.0)] {
        let mut generator = rng(9);
        let draws = 40_000;
        let shared = (0..draws).filter(|_| {
            let g = gaussian(1, &mut generator)[0] * r / w;
            let b: f64 = rand::RngExt::random(&mut generator);
            (g + b).floor() == b.floor()
        });
        let fraction = shared.count() as f64 / f64::from(draws);
        assert!((fraction - hashing::collision(r, w)).abs() <= 0.012, "r = {r}, w = {w}: {fraction}");
    }
    assert_eq!(hashing::collision(0.0, 4.0), 1.0);
    assert!((hashing::collision(1e9, 4.0) * 1e9 / 4.0 - 1.0 / (2.0 * std::f64::consts::PI).sqrt()).abs() < 1e-6);
}

#[test]
fn hashing_based_estimates_are_unbiased() {
    let (queries, keys) = clustered(1024, 7);
    let some = queries.select(&(0..60).collect::<Vec<_>>());
    let problem = unit(&some, &keys);
    let found = hashing::estimates(&problem, 6, 4.0, 600, Engine::detect(), &mut rng(1)).unwrap();
    let means = found.table_means();
    let mean = means.iter().sum::<f64>() / 600.0;
    let spread = (means.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / 599.0 / 600.0).sqrt();
    assert!((mean - 1.0).abs() <= 5.0 * spread, "{mean} ± {spread}");
    assert!(spread < 0.05);
}

#[test]
fn fourier_features_follow_their_law() {
    let (queries, keys) = clustered(512, 8);
    let problem = unit(&queries, &keys);
    let x = vec![1.0; 512];
    let truth = exact(&problem, &x);
    let predicted = fourier::predicted_error(&problem, &x, 200, Engine::detect()).unwrap();
    let squares: f64 = (0..10)
        .map(|seed| {
            let y = fourier::features(&problem, &x, 200, Engine::detect(), &mut rng(seed)).unwrap().value;
            (distance(&y, &truth) / norm(&x)).powi(2)
        })
        .sum();
    let ratio = (squares / 10.0).sqrt() / predicted;
    assert!((0.8..=1.2).contains(&ratio), "{ratio}");
}

#[test]
fn the_literal_algorithm_keeps_its_error_or_says_that_it_fell_back() {
    assert_eq!(literal::textbook(1024, 0.45, 0.01), (8, 1834.0));
    assert_eq!(literal::textbook(4096, 0.45, 0.01), (9, 6868.0));
    assert!((literal::smallest_useful(12.0, 0.5, 0.45, 0.2) / 1.36e9 - 1.0).abs() < 2e-3);
    let (queries, keys) = clustered(512, 1);
    let problem = unit(&queries, &keys);
    let x = vec![1.0; 512];
    let truth = exact(&problem, &x);
    let found = literal::multiply(&problem, &x, &literal::Options::new(0.5), &mut rng(2)).unwrap().value;
    let error = distance(&found.y, &truth) / norm(&x);
    assert!(error <= 0.5 && error > 1e-3 && !found.fallback, "{error}");
    let bound = literal::Options { sample: literal::Sample::Bound { c: 12.0 }, ..literal::Options::new(0.5) };
    let found = literal::multiply(&problem, &x, &bound, &mut rng(2)).unwrap().value;
    assert!(found.fallback);
    assert_eq!(bits(&found.y), bits(&truth));
}

#[test]
fn a_key_that_all_queries_see_costs_the_light_sample_nothing() {
    let (queries, keys) = Layout::Hub.draw(1024, &mut rng(1)).unwrap();
    let problem = unit(&queries, &keys);
    let mut x: Vec<f64> = gaussian(1024, &mut rng(2)).into_iter().map(|g| g / 32.0).collect();
    x[0] += 1.0;
    let truth = split(&problem, &x, 2.0, Engine::detect()).unwrap().1;
    let a = approximate::light::inclusion(&x, 102.0);
    let squares: f64 = (0..20)
        .map(|seed| {
            let sample = approximate::light::sample(&problem, &x, a, &mut rng(seed)).unwrap();
            let y = light(&problem, &sample, 2.0, Engine::detect()).unwrap();
            (distance(&y, &truth) / norm(&x)).powi(2)
        })
        .sum();
    assert!((squares / 20.0).sqrt() <= 0.2, "{}", (squares / 20.0).sqrt());
}

#[test]
fn keys_are_drawn_with_their_probabilities_and_their_number_does_not_vary() {
    let n = 60;
    let (queries, keys) = (cloud(1, 3, 1.0, 1), cloud(n, 3, 1.0, 2));
    let problem = unit(&queries, &keys);
    let mut x: Vec<f64> = (0..n).map(|j| if j % 3 == 0 { -0.2 } else { 0.1 + 0.02 * (j % 7) as f64 }).collect();
    (x[5], x[6]) = (0.0, 9.0);
    let a = approximate::light::inclusion(&x, 12.5);
    let pi: Vec<f64> = approximate::light::importance(&x).iter().map(|q| (a * q).min(1.0)).collect();
    let expected = |sign: f64| x.iter().zip(&pi).filter(|(x, _)| sign * **x > 0.0).map(|(_, pi)| pi).sum::<f64>();
    let (draws, mut drawn) = (20_000, vec![0; n]);
    let mut rng = rng(3);
    for _ in 0..draws {
        let sample = approximate::light::sample(&problem, &x, a, &mut rng).unwrap();
        for sign in [1.0, -1.0] {
            let count = sample.iter().filter(|(_, weight)| sign * weight > 0.0).count() as f64;
            assert!((count - expected(sign)).abs() < 1.0, "{count} of {}", expected(sign));
        }
        for (j, weight) in sample {
            let j = j as usize;
            assert!((weight * pi[j] - x[j]).abs() <= 1e-15 * x[j].abs());
            drawn[j] += 1;
        }
    }
    for (pi, drawn) in pi.iter().zip(drawn) {
        let spread = (pi * (1.0 - pi) / f64::from(draws)).sqrt();
        assert!((f64::from(drawn) / f64::from(draws) - pi).abs() <= 4.5 * spread, "{drawn} where {pi} is due");
    }
}

#[test]
fn no_weight_of_a_drawn_key_is_out_of_proportion() {
    let x = Vector::Spike.draw(4096, &mut rng(1));
    let mean = x.iter().map(|x| x * x).sum::<f64>() / 4096.0;
    let heaviest = x.iter().zip(approximate::light::importance(&x)).map(|(x, q)| x.abs() / q).fold(0.0, f64::max);
    assert!(heaviest <= 5.5 / (10.0 * mean).sqrt() * (1.0 + 1e-12), "{heaviest}");
}

#[test]
fn one_giant_bucket_falls_back_to_the_exact_product() {
    let queries = Points::new(6000, 2, vec![0.5; 12_000]).unwrap();
    let problem = unit(&queries, &queries);
    let x = gaussian(6000, &mut rng(1));
    let options = Options { force: true, ..Options::new(0.2) };
    let found = approximate::multiply(&problem, &x, &options, Engine::detect(), &mut rng(3)).unwrap().value;
    let sum: f64 = x.iter().sum();
    assert!(found.y.iter().all(|y| (y - sum).abs() <= 0.2 * norm(&x)));
}

#[test]
fn a_zero_vector_and_one_of_few_entries_are_exact() {
    let (queries, keys) = clustered(1024, 3);
    let problem = unit(&queries, &keys);
    let run = |x: &[f64]| {
        let options = Options { force: true, ..Options::new(0.1) };
        approximate::multiply(&problem, x, &options, Engine::detect(), &mut rng(3)).unwrap().value
    };
    assert!(run(&vec![0.0; 1024]).y.iter().all(|y| *y == 0.0));
    let mut x = vec![0.0; 1024];
    x[17] = 3e200;
    let found = run(&x);
    let pairs = found.y.iter().zip(exact(&problem, &x));
    assert!(pairs.map(|(y, t)| (y - t).abs()).fold(0.0, f64::max) <= 1e-12 * 3e200);
    assert_eq!(found.certified, 0.0);
}

#[test]
fn the_literal_algorithm_scales_with_x() {
    let (queries, keys) = clustered(512, 1);
    let problem = unit(&queries, &keys);
    let with = |sample| literal::Options { sample, ..literal::Options::new(0.5) };
    for (x, sample) in
        [(vec![1.0; 512], literal::Sample::Measured), (gaussian(512, &mut rng(4)), literal::Sample::Bound { c: 0.01 })]
    {
        let by = |factor: f64| {
            let x: Vec<f64> = x.iter().map(|x| factor * x).collect();
            literal::multiply(&problem, &x, &with(sample), &mut rng(5)).unwrap().value
        };
        let plain = by(1.0);
        assert!(!plain.fallback && plain.sample > 0);
        let rest = |product: literal::Product| literal::Product { y: Vec::new(), ..product };
        for exponent in [-900, -600, 600, 1000] {
            let factor = 2f64.powi(exponent);
            let found = by(factor);
            let back: Vec<f64> = found.y.iter().map(|y| y / factor).collect();
            assert!(bits(&back) == bits(&plain.y), "2^{exponent}");
            assert_eq!(rest(found), rest(plain.clone()), "2^{exponent}");
        }
        let tiny: Vec<f64> = by(1e-310).y.iter().map(|y| y / 1e-310).collect();
        assert!(distance(&tiny, &plain.y) <= 1e-9 * norm(&plain.y));
    }
    for c in [0.0, f64::NAN] {
        assert!(literal::multiply(&problem, &[1.0; 512], &with(literal::Sample::Bound { c }), &mut rng(5)).is_err());
    }
}
