use algos::kernel::approximate;
use algos::kernel::instance::{Layout, Vector};
use algos::kernel::{Engine, Variant, fast, multiply};
use crate::support::*;
use algos::Par;
use algos::recovery::fast::Simd;

fn cpu() -> f64 {
    #[repr(C)]
    struct T(i64, i64);
    unsafe extern "C" { fn clock_gettime(id: i32, t: *mut T) -> i32; }
    let mut t = T(0, 0);
    unsafe { clock_gettime(3, &mut t) };
    t.0 as f64 + 1e-9 * t.1 as f64
}
fn time(mut f: impl FnMut()) -> f64 {
    let t = cpu();
    f();
    cpu() - t
}

#[test]
#[ignore]
fn speed() {
    let n = 2048;
    for d in [4usize, 8, 16, 24, 32, 64] {
        let (q, k) = (cloud(n, d, 0.3, 1), cloud(n, d, 0.3, 2));
        let p = unit(&q, &k);
        let x = vec![1.0; n];
        for simd in Simd::available().into_iter().skip(2) {
            let e = Engine { simd, par: Par::Seq };
            let (mut a, mut b, mut l, mut r) = (1e9f64, 1e9f64, 1e9f64, 1e9f64);
            for _ in 0..40 {
                l = l.min(time(|| { std::hint::black_box(fast::limit(simd, n * n, d)); }));
                a = a.min(time(|| { std::hint::black_box(multiply(Variant::TileF64, &p, &x, e).unwrap()); }));
                b = b.min(time(|| { std::hint::black_box(multiply(Variant::TileF32, &p, &x, e).unwrap()); }));
            }
            r = r.min(time(|| { std::hint::black_box(multiply(Variant::Reference, &p, &x, e).unwrap()); }));
            let ns = 1e9 / (n * n) as f64;
            println!("d={d} {}: limit {:.3} f64 {:.3} ({:.0}%) f32 {:.3} ({:.2}) reference {:.2} ({:.1}x)", simd.name(), l * ns, a * ns, 100.0 * l / a, b * ns, b / a, r * ns, r / a);
        }
    }
}

#[test]
#[ignore]
fn approx() {
    for n in [2048usize, 8192, 65536] {
        let mut g = rng(n as u64);
        let (q, k) = Layout::Cluster.draw(n, &mut g).unwrap();
        let p = unit(&q, &k);
        let e = Engine::detect();
        let x = Vector::One.draw(n, &mut g);
        let mut y = vec![];
        let t = time(|| y = multiply(Variant::TileF64, &p, &x, e).unwrap().value);
        let t32 = time(|| { multiply(Variant::TileF32, &p, &x, e).unwrap(); });
        for eps in [0.5, 0.2, 0.1] {
            let mut o = approximate::Options::new(eps);
            o.force = true;
            let mut out = None;
            let ta = time(|| out = Some(approximate::multiply(&p, &x, &o, e, &mut rng(5)).unwrap()));
            let out = out.unwrap().value;
            println!("n={n} eps={eps} exact {t:.3} f32 {t32:.3} approx {ta:.3} ratio {:.2} err {:.3} cert {:.3} rounds {} fb {} plan {:?} c {:.2} counts {:?}", t / ta, distance(&y, &out.y) / norm(&x), out.certified, out.rounds, out.fallback, out.plan, out.row_sum, out.counts);
        }
    }
}

