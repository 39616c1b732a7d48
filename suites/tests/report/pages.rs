//! What the report says, and that nothing breaks out of it.

use std::{collections::BTreeSet, fs, path::Path};

use suites::harness::{folder::Folder, paper::Paper, report, verdicts};
use tempfile::TempDir;

use super::fixture::{HOSTILE, PAPERS, provenance, verdicts as fixture_verdicts, write};

/// The page and its Markdown, as written into an empty folder.
fn pages() -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let results = write(folder.path());
    let read = |file| fs::read_to_string(results.join(file)).unwrap();
    let (page, markdown) = (read(report::PAGE), read(report::MARKDOWN));
    (folder, page, markdown)
}

/// The values of an attribute.
fn attribute<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let ((_a, page, markdown), (_b, again, markdown_again)) = (pages(), pages());
    assert!(page == again && markdown == markdown_again);
}

#[test]
fn everything_of_the_registry_is_there() {
    let (_folder, page, markdown) = pages();
    for paper in &PAPERS[..2] {
        for text in [&page, &markdown] {
            assert!(text.contains(&format!("residual reproduce {} --scale default --seed 1 --fresh", paper.key)));
            assert!(text.contains(&format!("{}/sweep.runs.csv", paper.key)));
        }
        for claim in paper.claims {
            assert!(page.contains(&format!("id=\"claim-{}\"", claim.key)), "{}", claim.key);
            assert!(markdown.contains(&format!("<a id=\"{0}\"></a>{0}", claim.key)), "{}", claim.key);
            for text in [&page, &markdown] {
                assert!(text.contains(&format!("residual why {}", claim.key)));
                assert!(text.contains(&format!("residual reproduce {} --scale", claim.key)));
            }
        }
    }
    assert_eq!(page.matches("<figure").count(), 3, "one of the paper, two of speed");
    assert!(page.contains("Error &amp; &quot;iteration&quot;") && page.contains("<desc>Falls | &lt;fast&gt;.</desc>"));
    assert!(page.contains("Large sizes: not drawn at scale default"));
    assert!(markdown.contains("![Falls \\| &lt;fast&gt;.](alpha/rate.svg)"));
    assert!(page.contains("Not in this folder: <code>empty</code>"));
}

#[test]
fn verdicts_keep_what_belongs_to_them() {
    let (_folder, page, markdown) = pages();
    for (what, in_page, in_markdown) in [
        ("the answer comes first", "2 of 5 verdicts are not as expected", "2 not as expected"),
        ("a time is a time", "never changes the exit status", "it never changes the exit status"),
        (
            "a skipped claim says why",
            "<code>large</code> is not run at scale default",
            "`large` is not run at scale default",
        ),
        ("a missing verdict is no verdict", "not run</span>", "· not run"),
        ("an expected failure is one", "as expected", "**✗ not reproduced**, as expected"),
        ("a surprise says what was expected", "expected: reproduced", "(**expected: reproduced**)"),
        ("a control persists", "persisted</span>", "! persisted"),
        ("a note is shown", "The rate saturates at 1.5", "> The rate saturates at 1.5"),
        ("numbers have three digits", "−0.123 [−0.13, −0.117]", "−0.123 [−0.13, −0.117]"),
        ("ranges have a side", "≤ 10⁻¹²", "≤ 10⁻¹²"),
        ("sources are told apart", "our own finding, not the paper’s", "our own finding, not the paper’s"),
        (
            "failed trials are rows",
            "1 × <q>no | convergence, &lt;d&gt; = 10</q>",
            "1 × no \\| convergence, &lt;d&gt; = 10",
        ),
        ("the SIMD level is short", "<td>V3</td>", "| V3 |"),
        ("another commit is named", "made at commit <code>0ldc0mm1t0</code>", ""),
        (
            "verdicts have a history",
            "inconclusive since <code>0ldc0mm1t0</code>, reproduced since <code>n3wc0mm1t0</code>",
            "Inconclusive since `0ldc0mm1t0`, reproduced since `n3wc0mm1t0`",
        ),
        ("a failed row has its command", "residual rerun alpha/sweep.runs:3", "`residual rerun alpha/sweep.runs:3`"),
        ("a number leads to its row", "<a href=\"checks.csv#row=2\"", ""),
        (
            "a time stands beside its error",
            "<td class=\"num\">1.2 ms</td><td class=\"num\">2.4×</td><td class=\"num\">[2.2, 2.7]</td>",
            "",
        ),
        ("speed has a tile", "<b>2.4×</b>", ""),
        ("a peer that did not run keeps its row", "not measured: no &lt;numpy&gt;", ""),
        (
            "families stand together",
            "<th scope=\"rowgroup\" id=\"family-sketch\">sketch",
            "## <a id=\"family-sketch\"></a>sketch",
        ),
        ("columns have units", "<td>Time that nobody reads.</td><td>s</td>", ""),
    ] {
        assert!(page.contains(in_page), "{what}: the page has no `{in_page}`");
        assert!(markdown.contains(in_markdown), "{what}: the Markdown has no `{in_markdown}`");
    }
}

#[test]
fn texts_stay_texts() {
    let (_folder, page, markdown) = pages();
    assert!(!page.contains(HOSTILE) && !page.contains("<script>alert") && !page.contains("<b>exact</b>"));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot; | pipes"));
    assert!(!markdown.contains("<script>") && !markdown.contains("<b>"));
    assert!(markdown.contains("\\*stars\\* \\[link\\](x) &#36;m&#36;"));
    // Every line of a table has the columns of its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = markdown.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| line.starts_with('|'))) {
        assert_eq!(cells(pair[0]), cells(pair[1]), "{}\n{}", pair[0], pair[1]);
    }
}

#[test]
fn links_lead_somewhere() {
    let (folder, page, markdown) = pages();
    let ids = attribute(&page, "id");
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    // What the harness writes beside the report.
    let verdicts = [verdicts::CLAIMS, verdicts::CHECKS, verdicts::TIMING_CLAIMS, verdicts::TIMING_CHECKS];
    let others = [&verdicts[..], &["schema.json", "provenance.json"]].concat();
    let there = |link: &str| {
        others.contains(&link.split('#').next().unwrap())
            || folder.path().join("default").join(link.split('#').next().unwrap()).is_file()
    };
    for link in attribute(&page, "href") {
        match link.strip_prefix('#') {
            Some(id) => assert!(unique.contains(&id), "#{id}"),
            None => assert!(link.starts_with("https://") || link == "data:," || there(link), "{link}"),
        }
    }
    for link in markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| *link != "x") {
        match link.strip_prefix('#') {
            Some(id) => assert!(markdown.contains(&format!("<a id=\"{id}\">")), "#{id}"),
            None => assert!(there(link), "{link}"),
        }
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let (_folder, page, _) = pages();
    assert!(attribute(&page, "src").is_empty() && !page.contains("@import") && !page.contains("url("));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_folder_may_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    let mut nothing = provenance();
    nothing.experiments.clear();
    nothing.files.clear();
    for papers in [&[][..], PAPERS] {
        report::write(&Folder::open(folder.path()).unwrap(), papers, &nothing, &[], &[]).unwrap();
        let page = fs::read_to_string(folder.path().join(report::PAGE)).unwrap();
        assert!(page.contains("No claim has been judged") && page.contains("holds no results yet"));
    }
}

#[test]
fn sixty_papers_fit_into_five_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let results = write(folder.path());
    let many: Vec<&Paper> = std::iter::repeat_n(PAPERS[0], 60).collect();
    let (rows, checks) = fixture_verdicts();
    report::write(&Folder::open(&results).unwrap(), &many, &provenance(), &rows, &checks).unwrap();
    let bytes = fs::metadata(results.join(report::PAGE)).unwrap().len();
    assert!(bytes < 5_000_000, "{bytes}");
}

#[test]
fn a_damaged_figure_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let results = write(folder.path());
    fs::write(results.join("alpha/rate.svg"), "<svg").unwrap();
    let (rows, checks) = fixture_verdicts();
    let open = Folder::open(&results).unwrap();
    let error = report::write(&open, PAPERS, &provenance(), &rows, &checks).unwrap_err();
    assert!(error.to_string().contains("alpha/rate.svg") && error.exit_status() == 2, "{error}");
}

#[test]
fn the_readme_quotes_the_paper_that_it_tells_to_copy() {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let paper = plain(include_str!("../../examples/summation/paper.rs"));
    let readme = include_str!("../../../README.md");
    let quotes: Vec<&str> = readme.split("```rust").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(quotes.len(), 3);
    quotes.iter().for_each(|quote| assert!(paper.contains(&plain(quote)), "{quote}"));
}

/// A README with both markers, or only one.
fn readme(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("README.md");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_readme_gets_its_table_between_the_markers() {
    let folder = tempfile::tempdir().unwrap();
    let path = readme(folder.path(), "# Title\n<!-- residual:claims -->\nold\n<!-- /residual:claims -->\nend\n");
    let (rows, _) = fixture_verdicts();
    report::splice(&path, &rows).unwrap();
    let once = fs::read_to_string(&path).unwrap();
    assert!(once.starts_with(
        "# Title\n<!-- residual:claims -->\n<!-- made by `residual check --out results/default --readme`"
    ));
    assert!(once.ends_with("\n<!-- /residual:claims -->\nend\n") && !once.contains("\nold\n"), "{once}");
    assert!(once.contains("| `alpha-rate` | The error falls at a linear rate, whatever the over-parameterization. (paper) | ✓ reproduced |"));
    assert!(once.contains("−0.123 [−0.13, −0.117], limit −0.05 | ✓ vanished |"), "{once}");
    let folds = once.matches("<summary>").count();
    assert!(folds > 0 && folds == once.matches("</details>").count(), "{once}");
    assert!(once.contains("\\[link\\](x)") && !once.contains("<script>"));
    report::splice(&path, &rows).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), once);
    report::splice(&path, &[]).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("No claim has been judged"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file is left");
}

#[test]
fn a_readme_gets_ratios_where_it_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let results = Folder::open(write(folder.path())).unwrap();
    let path = readme(folder.path(), "<!-- residual:peers -->\n<!-- /residual:peers -->\n");
    report::splice_peers(&path, &results).unwrap();
    let once = fs::read_to_string(&path).unwrap();
    assert!(once.contains("| `recovery/small`: Small &amp; dense | `fast` 500.0 µs, error 10⁻¹⁶ | 2.0 ms, 4× | `faer_two` 1.2 ms, error 2·10⁻¹⁶: **2.4×** [2.2, 2.7] |"), "{once}");
    report::splice_peers(&path, &results).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), once);
    // Neither a README without the lines nor a folder without ratios is at fault.
    fs::write(&path, "nothing\n").unwrap();
    report::splice_peers(&path, &results).unwrap();
    report::splice_peers(&path, &Folder::create(folder.path().join("a/b")).unwrap()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "nothing\n");
}

#[test]
fn a_readme_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = readme(folder.path(), "<!-- residual:claims --><!-- /residual:claims -->");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    report::splice(&path, &[]).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_missing_marker_is_named_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    for (text, marker) in [
        ("no marker", "<!-- residual:claims -->"),
        ("<!-- residual:claims -->", "<!-- /residual:claims -->"),
        ("<!-- /residual:claims --> <!-- residual:claims -->", "<!-- /residual:claims -->"),
    ] {
        let path = readme(folder.path(), text);
        let error = report::splice(&path, &[]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(marker) && message.contains("README.md") && error.exit_status() == 2, "{message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let error = report::splice(&folder.path().join("NONE.md"), &[]).unwrap_err();
    assert!(error.to_string().contains("NONE.md") && error.exit_status() == 2, "{error}");
}
