//! How the page behaves in a browser: headless Chromium runs copies of it with a probe inside.
//!
//! Without Chromium the tests are skipped, unless `RESIDUAL_REQUIRE_CHROMIUM` is set.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use suites::harness::report::PAGE;

use super::fixture::write;

/// Collects what goes wrong from the first line of the page on.
const WATCH: &str = "<script>const faults = [];
addEventListener('error', (e) => faults.push(String(e.message)));
addEventListener('securitypolicyviolation', (e) => faults.push(e.violatedDirective));
console.error = console.warn = (...words) => faults.push(words.join(' '));</script>";

/// Helpers for probes, and how they report.
const PROBE: &str = include_str!("probe.js");

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let found = folders.iter().flat_map(|f| names.map(|name| f.join(name))).find(|path| path.is_file());
    if found.is_none() {
        assert!(env::var_os("RESIDUAL_REQUIRE_CHROMIUM").is_none(), "there is no chromium on PATH");
        eprintln!("skipped: there is no chromium on PATH");
    }
    found
}

/// The DOM of a page after its scripts have run.
fn dom(chromium: &Path, page: &Path, fragment: &str, flags: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let out = profile.path().join("dom.html");
    let mut child = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-dev-shm-usage", "--allow-file-access-from-files", "--dump-dom", "--window-size=1280,900"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(format!("file://{}{fragment}", page.display()))
        .stdout(fs::File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("chromium has not come back");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::read_to_string(&out).unwrap()
}

/// What a probe, a JavaScript expression, gives on the page. In `narrow` the page stands in a frame of 360 pixels.
fn probe(expression: &str, fragment: &str, flags: &[&str], narrow: bool) -> Option<Value> {
    let chromium = chromium()?;
    let folder = tempfile::tempdir().unwrap();
    let page = fs::read_to_string(write(folder.path()).join(PAGE)).unwrap();
    let script = format!("<script>{PROBE}\nreport(() => ({expression}));</script></body>");
    let page = page.replace("<head>", &format!("<head>{WATCH}")).replace("</body>", &script);
    let path = folder.path().join("probe.html");
    fs::write(&path, page).unwrap();
    let frame = folder.path().join("frame.html");
    fs::write(&frame, include_str!("frame.html").replace("FRAGMENT", fragment)).unwrap();
    let dom = if narrow { dom(&chromium, &frame, "", flags) } else { dom(&chromium, &path, fragment, flags) };
    let found = dom.split("<pre id=\"probe\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let text = found.unwrap_or_else(|| panic!("the probe has left nothing: {dom}"));
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["faults"], Value::Array(Vec::new()), "the page complains");
    Some(value["found"].clone())
}

/// Asserts what a probe gives.
fn expect(expression: &str, want: &Value) {
    if let Some(found) = probe(expression, "", &[], false) {
        assert_eq!(found, *want, "{expression}");
    }
}

#[test]
fn filters_narrow_the_table() {
    expect(
        "[
            keys().length,
            choose('verdict', 'not-reproduced'),
            choose('family', 'recovery'),
            choose('source', 'derived'),
            choose('source', ''), choose('verdict', ''), choose('family', ''),
            choose('paper', 'beta'), shown(), choose('paper', ''),
            choose('surprise', true), choose('surprise', false).length,
            choose('text', 'LINEAR rate'), choose('text', 'no such words'), shown(),
        ]",
        &serde_json::json!([
            7,
            ["alpha-hostile", "alpha-negative", "beta-time"],
            ["alpha-hostile", "alpha-negative"],
            ["alpha-negative"],
            ["alpha-hostile", "alpha-negative"],
            ["alpha-rate", "alpha-hostile", "alpha-negative", "alpha-unsure", "alpha-large", "alpha-later"],
            [
                "alpha-rate",
                "alpha-hostile",
                "alpha-negative",
                "alpha-unsure",
                "alpha-large",
                "alpha-later",
                "beta-time"
            ],
            ["beta-time"],
            "1 of 7 claims",
            [
                "alpha-rate",
                "alpha-hostile",
                "alpha-negative",
                "alpha-unsure",
                "alpha-large",
                "alpha-later",
                "beta-time"
            ],
            ["alpha-hostile", "alpha-unsure", "beta-time"],
            7,
            ["alpha-rate"],
            [],
            "0 of 7 claims",
        ]),
    );
}

#[test]
fn columns_sort_both_ways() {
    expect(
        "[press('Claim'), sorted(), press('Claim')[0], sorted(), press('Verdict'), press('Measured')[0], sorted()]",
        &serde_json::json!([
            [
                "alpha-hostile",
                "alpha-large",
                "alpha-later",
                "alpha-negative",
                "alpha-rate",
                "alpha-unsure",
                "beta-time"
            ],
            "Claim ascending",
            "beta-time",
            "Claim descending",
            [
                "alpha-hostile",
                "alpha-negative",
                "beta-time",
                "alpha-unsure",
                "alpha-rate",
                "alpha-large",
                "alpha-later"
            ],
            "alpha-negative",
            "Measured ascending",
        ]),
    );
}

#[test]
fn a_link_to_a_claim_unfolds_it() {
    let open = "Array.from(document.querySelectorAll('.claim > details[open]'), (d) => d.parentElement.id.replace('claim-', ''))";
    let unexpected = ["alpha-hostile", "alpha-unsure", "beta-time"];
    if let Some(found) = probe(open, "", &[], false) {
        assert_eq!(found, serde_json::json!(unexpected));
    }
    if let Some(found) = probe(open, "#claim-alpha-rate", &[], false) {
        assert_eq!(found[0], "alpha-rate");
    }
}

#[test]
fn paper_has_no_folds() {
    expect("[folds('beforeprint'), folds('afterprint') > 0]", &serde_json::json!([0, true]));
}

#[test]
fn the_theme_follows_the_system_and_the_button() {
    let themes = "[scheme(), (toggle(), scheme()), (toggle(), scheme())]";
    expect(themes, &serde_json::json!(["light", "dark", "light"]));
    if let Some(found) = probe(themes, "", &["--blink-settings=preferredColorScheme=0"], false) {
        assert_eq!(found, serde_json::json!(["dark", "light", "dark"]));
    }
}

#[test]
fn texts_have_contrast() {
    expect("unfold(), faint()", &serde_json::json!([]));
    expect("unfold(), toggle(), faint()", &serde_json::json!([]));
}

#[test]
fn a_phone_does_not_scroll_sideways() {
    for fragment in ["", "#claim-alpha-unsure"] {
        if let Some(found) = probe("unfold(), [innerWidth, overflow()]", fragment, &[], true) {
            assert_eq!(found, serde_json::json!([360, []]));
        }
    }
}

#[test]
fn every_control_and_picture_has_a_name() {
    expect("nameless()", &serde_json::json!([]));
}
