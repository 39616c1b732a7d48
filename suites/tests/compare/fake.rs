//! The command of the tiny repositories in these tests: it speaks the worker protocol as its behaviour tells it. Its
//! times are made up, so that no verdict depends on the machine.

mod behaviour;

use std::io::{BufRead, Write};

use behaviour::{ABOUT, ACCURACY, CASES, CLAIM, ITERATIONS, PROTOCOL, SLOWNESS, SPECIAL};

fn main() {
    if let Some(folder) = std::env::var_os("FAKE_PIDS") {
        let file = std::path::Path::new(&folder).join(std::process::id().to_string());
        std::fs::write(file, "").unwrap();
    }
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[1] == "reproduce" {
        return reproduce(arguments.last().unwrap());
    }
    let brief = arguments.iter().any(|a| a == "--brief");
    let about = if brief { String::new() } else { format!(r#","cases":{CASES},{ABOUT}"#) };
    println!(r#"{{"protocol":{PROTOCOL}{about}}}"#);
    for line in std::io::stdin().lock().lines() {
        println!("{}", answer(&line.unwrap()));
        std::io::stdout().flush().unwrap();
    }
}

fn answer(line: &str) -> String {
    match SPECIAL {
        "wrong" => return r#"{"error":"wrong answer: off by one","kind":"wrong"}"#.into(),
        "crash" => std::process::exit(9),
        "hang" => std::thread::sleep(std::time::Duration::from_secs(600)),
        _ => {}
    }
    let number = |key: &str| -> f64 {
        let rest = line.split(&format!("\"{key}\":")).nth(1).unwrap();
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    let ns = (3e6 * SLOWNESS * number("iterations")) as u64;
    let bits = if ACCURACY == 1e-12 { "same" } else { "other" };
    format!(
        r#"{{"ns":{ns},"cpu_ns":{ns},"checksum":"{bits}","accuracy":{ACCURACY:e},"contract":1e-9,"effort":{{"iterations":{ITERATIONS}}}}}"#
    )
}

/// Writes a folder with one claim.
fn reproduce(out: &str) {
    if CLAIM == "dies" {
        std::process::exit(7);
    }
    let header = "paper,claim,family,scale,seed,verdict,expected,kind,statistic,measured,ci_low,ci_high,threshold,\
                  confidence,n,control,where,source,statement";
    let row = format!("p,c,a,smoke,1,{CLAIM},reproduced,exact,s,0.5,0.5,0.5,1,0.95,5,,w,ours,A statement.");
    std::fs::create_dir_all(out).unwrap();
    std::fs::write(format!("{out}/claims.csv"), format!("{header}\n{row}\n")).unwrap();
}
