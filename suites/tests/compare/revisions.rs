//! Revisions end to end: two builds, two workers, one table, whatever the sides are like.

use std::{fs, os::unix::fs::PermissionsExt, thread, time::Duration};

use serde_json::Value;

use crate::repository::{Behaviour, Repository, SAME};

/// The exit status and the only row of a comparison of two behaviours.
fn row(base: Behaviour, head: Behaviour) -> (i32, Value) {
    let repository = Repository::new(&[base, head]);
    let (status, report) = repository.report(&["r0", "r1", "--timeout", "2s"]);
    repository.assert_clean();
    assert_eq!(report["rows"].as_array().unwrap().len(), 1, "{report:#}");
    (status, report["rows"][0].clone())
}

#[test]
fn speed_accuracy_and_work_of_two_revisions() {
    let repository = Repository::new(&[
        SAME,
        Behaviour { slowness: 1.1, ..SAME },
        Behaviour { slowness: 0.9, accuracy: 4e-12, ..SAME },
        Behaviour { iterations: 61, ..SAME },
        Behaviour { accuracy: 1.5e-12, slowness: 1.005, ..SAME },
    ]);
    let of = |head: &str| {
        let (status, report) = repository.report(&["r0", head]);
        (status, report["rows"][0]["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("r1"), (1, "**slower**, confirmed".into()));
    assert_eq!(of("r2"), (1, "faster, confirmed; **less accurate**".into()));
    let (status, verdict) = of("r3");
    assert_eq!((status, verdict.as_str()), (0, "unchanged, excludes ≥ 0.0 %; other work (iterations 1200 → 1220)"));
    let (status, verdict) = of("r4");
    assert_eq!((status, verdict.as_str()), (0, "unchanged, excludes ≥ 0.5 %"));
    // Without times nothing shows that more work pays.
    assert_eq!(repository.run(&["r0", "r3", "--accuracy-only"]).0, 1);
    let (status, text, _) = repository.run(&["r0", "r1"]);
    assert_eq!(status, 1);
    assert!(text.starts_with("<!-- residual:compare v1 -->\n### Residual: 1 slower, 0 faster"), "{text}");
    repository.assert_clean();
}

#[test]
fn the_working_tree_is_compared_with_the_common_ancestor() {
    let repository = Repository::new(&[SAME]);
    // Main moves on and gets slower; the branch does not have that.
    repository.git(&["checkout", "--quiet", "-b", "branch"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.change(Behaviour { slowness: 2.0, ..SAME });
    repository.commit("r1");
    repository.git(&["checkout", "--quiet", "branch"]);
    repository.change(Behaviour { slowness: 1.1, ..SAME });
    repository.write("untracked.txt", "new");
    let before = repository.git(&["status", "--porcelain"]);
    let (status, report) = repository.report(&["main"]);
    assert_eq!((status, &report["rows"][0]["time"]["speed"]), (1, &"slower".into()));
    let change = report["rows"][0]["time"]["change"].as_f64().unwrap();
    assert!((change - 0.1).abs() < 1e-6, "{change}");
    assert_eq!(repository.git(&["status", "--porcelain"]), before);
    repository.assert_clean();
}

#[test]
fn a_change_that_does_not_reach_the_code_is_not_measured() {
    let repository = Repository::new(&[SAME]);
    repository.write("README.md", "Words.");
    let (status, report) = repository.report(&["main"]);
    assert_eq!((status, &report["identical"]), (0, &true.into()));
    assert!(report["rows"].as_array().unwrap().is_empty());
}

const ONE_ORDER: &str = "functions lie in one order on each side";

#[test]
fn each_side_is_timed_in_several_orders_of_its_functions() {
    let repository = Repository::new(&[SAME, Behaviour { slowness: 1.005, ..SAME }]);
    let (status, report) = repository.report(&["r0", "r1", "--layouts", "12"]);
    // Only LLVM's linker, which Rust uses by itself on x86-64 Linux, knows how.
    let layouts = report["layouts"].as_u64().unwrap();
    assert!(layouts == 12 || (layouts == 1 && !cfg!(all(target_os = "linux", target_arch = "x86_64"))), "{report:#}");
    assert_eq!(report["notes"].to_string().contains(ONE_ORDER), layouts == 1);
    assert_eq!((status, &report["rows"][0]["time"]["speed"]), (0, &"unchanged".into()));
    // What was built is found again, with its layouts; the plain builds are others.
    let (_, again) = repository.report(&["r0", "r1", "--layouts", "12"]);
    assert_eq!((&again["layouts"], &again["sides"]), (&report["layouts"], &report["sides"]));
    let (_, plain) = repository.report(&["r0", "r1", "--layouts", "1"]);
    assert_eq!((&plain["layouts"], &plain["sides"]), (&1.into(), &report["sides"]));
    assert!(plain["notes"].to_string().contains(ONE_ORDER), "{plain:#}");
    let builds = fs::read_dir(repository.path("target/compare")).unwrap();
    let builds = builds.filter(|entry| entry.as_ref().unwrap().path().join("residual").is_file());
    assert_eq!(builds.count(), 4);
}

#[test]
fn a_linker_that_cannot_shuffle_leaves_both_sides_with_one_order() {
    let repository = Repository::new(&[SAME]);
    let linker = repository.path("target/linker");
    repository.write("target/linker", "#!/bin/sh\ncase \"$*\" in *shuffle*) exit 1;; esac\nexec cc \"$@\"\n");
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755)).unwrap();
    repository.write(".cargo/config.toml", &format!("[build]\nrustflags = [\"-Clinker={}\"]\n", linker.display()));
    repository.change(Behaviour { slowness: 1.1, ..SAME });
    let (status, report) = repository.report(&["main"]);
    assert_eq!((status, &report["layouts"]), (1, &1.into()), "{report:#}");
    assert!(report["notes"].to_string().contains(ONE_ORDER), "{report:#}");
    repository.assert_clean();
}

#[test]
fn a_change_in_the_second_of_its_commit_is_seen() {
    // As long as what was committed, so that only its time tells; and the index is read in another second.
    let repository = Repository::new(&[SAME]);
    repository.change(Behaviour { iterations: 61, ..SAME });
    thread::sleep(Duration::from_millis(1100));
    let (status, report) = repository.report(&["main", "--accuracy-only", "--no-claims"]);
    assert_eq!((status, &report["identical"]), (1, &false.into()), "{report:#}");
}

#[test]
fn a_flipped_claim_is_a_regression() {
    let repository = Repository::new(&[SAME, Behaviour { claim: "not-reproduced", ..SAME }]);
    let (status, report) = repository.report(&["r0", "r1", "--accuracy-only"]);
    let claim = &report["claims"][0];
    assert_eq!((status, &claim["regression"]), (1, &true.into()));
    assert_eq!(claim["verdicts"].to_string(), r#"["reproduced","not-reproduced"]"#);
    let (status, report) = repository.report(&["r0", "r1", "--accuracy-only", "--no-claims"]);
    assert_eq!((status, report["claims"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn claims_of_the_head_that_do_not_run_are_a_regression() {
    let dies = Behaviour { claim: "dies", ..SAME };
    let repository =
        Repository::new(&[SAME, dies, Behaviour { iterations: 59, ..dies }, Behaviour { iterations: 59, ..SAME }]);
    for (base, head, expected, note) in [
        ("r0", "r1", 1, "the head side ended with"),
        ("r1", "r2", 3, "the base side ended with"),
        ("r1", "r3", 0, "the base side"),
    ] {
        let (status, report) = repository.report(&[base, head, "--accuracy-only"]);
        assert_eq!(status, expected, "{report:#}");
        assert!(report["notes"].to_string().contains(note), "{report:#}");
    }
}

#[test]
fn a_base_that_is_used_again_and_again_is_kept() {
    let heads = (0..6).map(|i| Behaviour { iterations: 59 - i, ..SAME });
    let repository = Repository::new(&[&[SAME][..], &heads.collect::<Vec<_>>()].concat());
    for i in 1..=6 {
        let (status, _) = repository.report(&["r0", &format!("r{i}"), "--accuracy-only", "--no-claims"]);
        assert_eq!(status, 0);
    }
    let builds = fs::read_dir(repository.path("target/compare")).unwrap();
    let builds = builds.filter(|entry| entry.as_ref().unwrap().path().join("residual").is_file());
    assert_eq!(builds.count(), 4);
}

#[test]
fn a_wrong_answer_a_crash_and_a_hang_are_rows_on_either_side() {
    for (special, head_says, fault) in [
        ("wrong", "**wrong answer**", "off by one"),
        ("crash", "**fails**", "exit status: 9"),
        ("hang", "**fails**", "no answer in 2 s"),
    ] {
        let bad = Behaviour { special, ..SAME };
        let (status, row) = self::row(SAME, bad);
        assert_eq!((status, &row["verdict"]), (1, &head_says.into()), "{special}");
        assert!(row["faults"].to_string().contains(fault), "{row:#}");
        let (status, row) = self::row(bad, SAME);
        assert_eq!((status, &row["verdict"]), (0, &"failed before".into()), "{special}");
    }
    let (status, row) = row(Behaviour { special: "crash", ..SAME }, Behaviour { special: "wrong", ..SAME });
    assert_eq!((status, &row["verdict"]), (3, &"fails on both sides".into()));
}

#[test]
fn what_one_side_lacks_is_listed() {
    let repository = Repository::new(&[SAME, Behaviour { variants: r#"["v","new"]"#, ..SAME }]);
    let (status, report) = repository.report(&["r0", "r1", "--accuracy-only"]);
    assert_eq!(status, 0);
    assert_eq!(report["lonely"].to_string(), r#"[{"unit":"a/x new","only":"head"}]"#);
    let repository = Repository::new(&[Behaviour { variants: "[]", ..SAME }, SAME]);
    let (status, report) = repository.report(&["r0", "r1", "--accuracy-only"]);
    assert_eq!(status, 0);
    assert!(report["notes"].to_string().contains("no case is on both sides"), "{report:#}");
}

#[test]
fn sides_that_cannot_be_compared_are_one_sentence() {
    let repository = Repository::new(&[SAME, Behaviour { cpu: "another", ..SAME }, Behaviour { protocol: 2, ..SAME }]);
    let (status, _, complaint) = repository.run(&["r0", "r1", "--accuracy-only"]);
    assert_eq!(status, 2);
    assert!(complaint.contains("another CPU (a CPU and another); give --force"), "{complaint}");
    let (status, text, _) = repository.run(&["r0", "r1", "--accuracy-only", "--force"]);
    assert_eq!(status, 0);
    assert!(text.contains("**Forced:** base and head have another CPU"), "{text}");
    let (status, _, complaint) = repository.run(&["r0", "r2"]);
    assert_eq!(status, 3);
    assert!(complaint.contains("speaks version 2 of the worker protocol"), "{complaint}");
    repository.assert_clean();
}

#[test]
fn an_unknown_revision_and_a_side_that_does_not_build_are_one_sentence() {
    let repository = Repository::new(&[SAME]);
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", "later"]);
    let (status, _, complaint) = repository.run(&["main", "r0"]);
    assert_eq!((status, complaint.contains("give the older revision first")), (2, true), "{complaint}");
    let (status, _, complaint) = repository.run(&["r0", "main", "--variants", "a,b"]);
    assert_eq!(status, 2, "{complaint}");
    let (status, _, complaint) = repository.run(&["nowhere"]);
    assert_eq!(status, 2);
    assert!(complaint.contains("`nowhere` is no revision of this repository"), "{complaint}");
    repository.write("suites/src/behaviour.rs", "nonsense");
    repository.commit("broken");
    let (status, _, complaint) = repository.run(&["r0", "broken"]);
    assert_eq!(status, 3);
    assert!(complaint.contains("the head side (broken"), "{complaint}");
    assert!(complaint.contains("does not build: error"), "{complaint}");
    repository.change(SAME);
    repository.commit("mended");
    let (status, _, complaint) = repository.run(&["broken", "mended"]);
    assert_eq!(status, 3);
    assert!(complaint.contains("the base side (broken"), "{complaint}");
    repository.assert_clean();
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let repository = Repository::new(&[SAME, Behaviour { special: "hang", ..SAME }]);
    // While a worker hangs: four processes have started (a greeting and a probe of each side).
    let status = repository.interrupted(&["r0", "r1"], || repository.started().len() >= 4);
    assert_eq!(status, 130);
    repository.assert_clean();
    // While the head is being built.
    repository.write(
        "suites/build.rs",
        "fn main() {\n    let folder = std::env::var(\"FAKE_PIDS\").unwrap();\n    \
         std::fs::write(format!(\"{folder}/{}\", std::process::id()), \"\").unwrap();\n    \
         std::thread::sleep(std::time::Duration::from_secs(600));\n}\n",
    );
    let before = repository.started().len();
    let status = repository.interrupted(&["r0"], || repository.started().len() > before);
    assert_eq!(status, 130);
    repository.assert_clean();
    // What was built is still there for the next run.
    assert_eq!(repository.report(&["r0", "r0"]).1["identical"], true);
}
