//! Peers end to end, with a shell script in the place of Python: outputs are verified, and what a peer does wrong costs
//! only that peer. No test asserts how long anything takes, installs anything or needs a network.
#![allow(clippy::unwrap_used)]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::atomic::AtomicBool, time::Duration};

use suites::{
    algos::Par,
    compare::side::Side,
    harness::{
        case::{Case, Role, find},
        npy,
    },
    papers,
    peers::{contest::Contest, environment::Environment, table::Entry},
};

static GO: AtomicBool = AtomicBool::new(false);
const HELLO: &str = r#"{"protocol":1,"peers":[
    {"name":"right","cases":"recovery/*","versions":"Fake 1.0"},
    {"name":"wrong","cases":"recovery/*","versions":"Fake 1.0"},
    {"name":"other","cases":"recovery/*","versions":"Fake 1.0","instead":"the weighted problem"},
    {"name":"dead","cases":"recovery/*","versions":"Fake 1.0"},
    {"name":"gone","cases":"recovery/*","versions":"","absent":"the package x is not installed"},
    {"name":"elsewhere","cases":"tensor/*","versions":"Fake 1.0"}]}"#;

/// An environment whose interpreter is a shell script: one peer answers with the reference's output, one with zeros,
/// one dies.
fn environment(folder: &Path, case: &dyn Case) -> Environment {
    let problem = case.problem(1).unwrap();
    let values = problem.prepare("reference", Par::Seq).unwrap().run().unwrap().values;
    let output = |name: &str, values: &[f64]| {
        npy::write(&folder.join(format!("{name}.npy")), &[values.len()], values).unwrap();
    };
    output("right", &values);
    output("wrong", &vec![0.0; values.len()]);
    let answer = |name| format!(r#"echo '{{"ns":5,"cpu_ns":4000000,"output":"{}/{name}.npy"}}'"#, folder.display());
    let script = format!(
        "#!/bin/sh\necho '{}'\nwhile read -r line; do case \"$line\" in *right*) {};; *wrong*|*other*) {};; *) exit 3;; esac; done\n",
        HELLO.replace('\n', ""),
        answer("right"),
        answer("wrong")
    );
    fs::create_dir_all(folder.join("bin")).unwrap();
    let python = folder.join("bin/python");
    fs::write(&python, script).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["requirements.txt", "optional.txt"] {
        fs::write(folder.join(name), "").unwrap();
    }
    fs::write(folder.join("recovery.py"), "").unwrap();
    fs::write(folder.join("requirements.sha256"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        .unwrap();
    Environment { scripts: folder.to_owned(), folder: folder.to_owned() }
}

#[test]
fn outputs_of_peers_are_verified_and_a_bad_peer_costs_only_itself() {
    let case = find(papers::ALL, "recovery/subgm-d20").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(folder.path(), case);
    assert_eq!(environment.fault(), None);
    assert_eq!(environment.families().unwrap(), ["recovery"]);
    let rust = Side::new("rust", "this", Path::new(env!("CARGO_BIN_EXE_residual")), None).unwrap();
    let limit = Duration::from_secs(60);
    let contest = Contest { rust: &rust, environment: &environment, rounds: 2, limit, stop: &GO };
    let entries = contest.hold(case).unwrap();
    let of = |name: &str| -> &Entry { entries.iter().find(|entry| entry.name == name).unwrap() };

    let right = of("right").ran.as_ref().unwrap();
    assert_eq!((of("right").role, right.rounds, right.error), (Role::Peer, 2, 0.0));
    // Two iterations make a sample of 5 ms, and the script always says 4 ms.
    assert!((right.ns / 2e6 - 1.0).abs() < 1e-9, "{}", right.ns);
    assert!(of("wrong").ran.as_ref().unwrap_err().contains("wrong answer"));
    // What solves another problem has a time, whatever it answers, and no error.
    let other = of("other").ran.as_ref().unwrap();
    assert_eq!((of("other").role, other.rounds, other.error.is_nan()), (Role::Other, 2, true));
    assert_eq!(of("other").python.as_deref(), Some("Fake 1.0; solves the weighted problem"));
    assert!(of("dead").ran.as_ref().unwrap_err().contains("exit status: 3"));
    assert_eq!(of("gone").ran.as_ref().unwrap_err(), "the package x is not installed");
    assert!(entries.iter().all(|entry| entry.name != "elsewhere"));
    for variant in case.variants() {
        assert_eq!(of(variant).ran.as_ref().map(|ran| ran.rounds), Ok(2), "{variant}");
    }
    let best = entries.iter().filter(|e| e.role == Role::Algorithm).filter_map(|e| Some(e.ran.as_ref().ok()?.ratio));
    assert_eq!(best.fold(f64::INFINITY, f64::min), 1.0);
}

#[test]
fn an_environment_that_is_missing_or_outdated_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let environment = Environment { scripts: path.clone(), folder: path.clone() };
    assert!(environment.fault().unwrap().contains("requirements.txt"));
    fs::write(path.join("requirements.txt"), "numpy==2.4.6\n").unwrap();
    assert!(environment.fault().unwrap().contains("optional.txt"));
    fs::write(path.join("optional.txt"), "").unwrap();
    assert!(environment.fault().unwrap().contains("no environment"));
    fs::write(path.join("requirements.sha256"), "of another file").unwrap();
    assert!(environment.fault().unwrap().contains("renew"));
    assert!(environment.setup(Path::new("/no/such/python")).is_err());
}

#[test]
fn an_optional_package_that_does_not_build_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("bin")).unwrap();
    let python = path.join("bin/python");
    let script = format!("#!/bin/sh\ncase \"$*\" in *bad==1*) exit 1;; esac\necho \"$*\" >> {}/log\n", path.display());
    fs::write(&python, script).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path.join("requirements.txt"), "").unwrap();
    fs::write(path.join("optional.txt"), "# Two of three.\nfirst==2\nbad==1\nlast==3\n").unwrap();
    let environment = Environment { scripts: path.to_owned(), folder: path.to_owned() };
    let missed = environment.setup(&python).unwrap();
    assert!(missed.len() == 1 && missed[0].starts_with("bad==1: "), "{missed:?}");
    assert_eq!(environment.fault(), None);
    let log = fs::read_to_string(path.join("log")).unwrap();
    let installed: Vec<_> = log.lines().filter(|line| line.contains("--no-deps")).collect();
    assert!(installed.len() == 2 && installed[0].ends_with("first==2") && installed[1].ends_with("last==3"), "{log}");
}

#[test]
fn the_requirements_are_exact_versions() {
    let read = |name| fs::read_to_string(Environment::default().scripts.join(name)).unwrap();
    let text = [read("requirements.txt"), read("optional.txt")].concat();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let loose: Vec<_> =
        lines.filter(|line| line.split_once("==").is_none_or(|(_, v)| v.contains(['*', '>', '<']))).collect();
    assert!(loose.is_empty(), "{loose:?}");
}

#[test]
fn an_unknown_case_is_bad_usage() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_residual")).args(["peers", "run", "--cases", "zzz"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such case"));
}
