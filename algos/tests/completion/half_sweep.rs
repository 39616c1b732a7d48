//! Half-sweeps of conjugate gradients against a literal transcription, on lines of every length around groups of eight.

use algos::completion::{Cg, Exact, Init, Inner, Observations, Options, Stop, Variant, altmin_on, fold_in, silent};
use algos::linalg::orthonormal_basis;
use algos::simd::Simd;
use algos::{Par, faer::Mat};
use rand::RngExt;

use crate::support::{apart, bits, full, rng};

/// Ranks around lanes, and around 96, the last one with unrolled loops.
const RANKS: [usize; 12] = [1, 7, 8, 9, 24, 63, 64, 65, 72, 96, 97, 100];
const COLUMNS: usize = 120;
/// Empty lines, single entries, a short group alone, full groups alone, both.
const LENGTHS: [usize; 15] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 63, 64, 65, COLUMNS];

/// Values in `[−½, ½)` on `lines` lines of these lengths.
fn ragged(lines: usize, seed: u64) -> Observations {
    let mut rng = rng(seed);
    let mut triplets = Vec::new();
    for i in 0..lines {
        let mut wanted = LENGTHS[i % LENGTHS.len()];
        for j in 0..COLUMNS {
            if rng.random_range(0..COLUMNS - j) < wanted {
                wanted -= 1;
                triplets.push((i as u32, j as u32, rng.random::<f64>() - 0.5));
            }
        }
    }
    Observations::from_triplets(lines, COLUMNS, triplets).unwrap()
}

fn random(m: usize, k: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    Mat::from_fn(m, k, |_, _| rng.random::<f64>() - 0.5)
}

/// Conjugate gradients on `AᵀA u = Aᵀb`, with the design of a row copied out.
fn literal(a: &Mat<f64>, b: &Mat<f64>, start: &Mat<f64>, steps: u32, tau: f64) -> Mat<f64> {
    let mut u = start.clone();
    let mut s = a.transpose() * (b - a * &u);
    let mut p = s.clone();
    let mut gamma = s.squared_norm_l2();
    let target = tau * tau * gamma;
    for _ in 0..steps {
        if gamma <= target {
            break;
        }
        let q = a * &p;
        let step = gamma / q.squared_norm_l2();
        u += algos::faer::Scale(step) * &p;
        s -= algos::faer::Scale(step) * (a.transpose() * &q);
        let next = s.squared_norm_l2();
        p = &s + algos::faer::Scale(next / gamma) * &p;
        gamma = next;
    }
    u
}

#[test]
fn every_line_is_what_plain_conjugate_gradients_make_of_it() {
    for k in RANKS {
        let observations = ragged(900, k as u64);
        let v = orthonormal_basis(random(COLUMNS, k, 1).as_ref()).unwrap();
        let start = random(900, k, 2);
        for (steps, tau) in [(1, 0.0), (2, 1e-9), (3, 1e-9), (5, 0.3)] {
            let inner = Inner::Cg(Cg { steps, stop: Stop::Start(tau), ..Cg::default() });
            let one = fold_in(&observations, v.as_ref(), Some(start.as_ref()), inner, Par::Seq).unwrap().value;
            for i in 0..900 {
                let (columns, values) = observations.rows().line(i);
                let a = Mat::from_fn(columns.len(), k, |r, c| v[(columns[r] as usize, c)]);
                let b = Mat::from_fn(values.len(), 1, |r, _| values[r]);
                let u = Mat::from_fn(k, 1, |c, _| if columns.is_empty() { 0.0 } else { start[(i, c)] });
                let expected = literal(&a, &b, &u, steps, tau);
                let error = (one.row(i).transpose() - expected.col(0)).norm_l2();
                assert!(error < 1e-10, "k = {k}, {steps} steps, row {i} of {}: {error:e}", columns.len());
            }
            let two = fold_in(&observations, v.as_ref(), Some(start.as_ref()), inner, Par::rayon(2)).unwrap().value;
            assert_eq!(bits(&one), bits(&two), "two threads change bits at k = {k}");
        }
    }
}

#[test]
fn instruction_sets_agree() {
    for k in RANKS {
        let observations = ragged(300, k as u64);
        let u0 = random(300, k, 3);
        let inner = Inner::Cg(Cg { exact: Exact::Sweeps(0), stop: Stop::Start(1e-9), ..Cg::default() });
        let options = Options { init: Init::Given(u0.as_ref()), inner, ..Options::new(k, 1) };
        let [portable, others @ ..] = &Simd::available()
            .iter()
            .map(|&simd| altmin_on(Variant::WarmCg, &observations, &options, simd, Par::Seq, &mut silent).unwrap())
            .collect::<Vec<_>>()[..]
        else {
            return;
        };
        for other in others {
            let distance = apart(full(&other.value).as_ref(), full(&portable.value).as_ref());
            assert!(distance < 1e-10, "k = {k}: {distance:e}");
            assert_eq!(other.effort, portable.effort, "k = {k}");
        }
    }
}
