use super::*;

#[test]
fn wilson_of_all_successes() {
    let e = wilson(32, 32);
    assert_eq!((e.value, e.ci.1, e.n), (1.0, 1.0, 32));
    assert!((e.ci.0 - 0.8928).abs() < 5e-5);
}
