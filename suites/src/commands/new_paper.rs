//! `residual new-paper KEY`: a complete paper to start from, and its line in the list.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::harness::{
    error::{Error, Result},
    folder::replace,
    paper::Paper,
    progress::say,
};

/// A program of its own under `examples/`, so it compiles and its claim is judged whenever tests run.
const TEMPLATE: &str = include_str!("../../examples/summation/paper.rs");
/// The key that the template has.
const ITS_KEY: &str = "summation";
/// Words that name no module.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "test", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Writes the paper and registers it.
pub fn new_paper(papers: &[&Paper], key: &str) -> Result<ExitCode> {
    if papers.iter().any(|paper| paper.key == key) {
        return Err(Error::input(format!("there is a paper `{key}`; `residual list papers` shows all")));
    }
    let file = add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/papers"), key)?;
    say(&format!("{} is a complete paper, registered in mod.rs beside it.", file.display()));
    say(&format!("Run it:     cargo reproduce {key} --scale smoke --out /tmp/{key}"));
    say("Then replace, piece by piece: citation, point and row, experiment, claim with its control, figure.");
    Ok(ExitCode::SUCCESS)
}

/// Adds a paper to a folder of papers; both files are written, or none.
fn add(folder: &Path, key: &str) -> Result<PathBuf> {
    check(key)?;
    let (list, file) = (folder.join("mod.rs"), folder.join(format!("{key}.rs")));
    let text = fs::read_to_string(&list).map_err(|e| Error::file("read", &list, &e))?;
    if file.exists() || folder.join(key).exists() {
        return Err(Error::input(format!("{} exists; give another key", file.display())));
    }
    let registered = register(&text, key).ok_or_else(|| {
        Error::input(format!("{} has no list `ALL` of papers that ends in `];`; add `{key}` by hand", list.display()))
    })?;
    fs::write(&file, paper(key)).map_err(|e| Error::file("write", &file, &e))?;
    if let Err(fault) = replace(&list, &registered) {
        // A paper that is not in the list is none.
        let _stays = fs::remove_file(&file);
        return Err(fault);
    }
    Ok(file)
}

/// A key is a module's name and a folder's.
fn check(key: &str) -> Result<()> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let sound =
        key.starts_with(|c: char| c.is_ascii_lowercase()) && key.chars().all(letters) && !RESERVED.contains(&key);
    if sound {
        return Ok(());
    }
    Err(Error::input(format!(
        "`{key}` names no module; give lower-case letters and digits, such as the first author's name"
    )))
}

/// The template under another key, inside this crate.
fn paper(key: &str) -> String {
    let first = "//! What the paper claims, in a sentence or two.";
    let code = TEMPLATE.lines().skip_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    format!("{first}\n{code}\n").replace("use suites::", "use crate::").replace(ITS_KEY, key)
}

/// The list of papers with one more: a module among the others, an entry at the end.
fn register(list: &str, key: &str) -> Option<String> {
    let module = format!("pub mod {key};");
    let name = |line: &str| line.trim_start_matches("pub ").strip_prefix("mod ").map(|rest| rest.to_owned());
    let mut lines: Vec<&str> = list.lines().collect();
    let later = |line: &str| name(line).is_some_and(|other| other > format!("{key};"));
    let last = lines.iter().rposition(|line| name(line).is_some())?;
    let place = lines.iter().position(|line| later(line)).unwrap_or(last + 1);
    lines.insert(place, &module);
    let begin = lines.iter().position(|line| line.starts_with("pub static ALL"))?;
    let end = begin + lines[begin..].iter().position(|line| *line == "];")?;
    let entry = format!("    &{key}::PAPER,");
    lines.insert(end, &entry);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The template compiles as part of the example and its claim is judged by the tests of the runner. What is left to
    /// show is that nothing of it is lost, and nothing of the example stays, when it becomes a paper of this crate.
    #[test]
    fn the_template_is_a_whole_paper_under_any_key() {
        let text = paper("halko");
        for part in [
            "impl Experiment for",
            "pub const CLAIM",
            "control: Some(",
            "pub const FIGURE",
            "key: \"halko\"",
            "key: \"halko-",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains(ITS_KEY) && !text.contains("suites") && text.contains("use crate::{"));
        assert_eq!(text.replace("halko", ITS_KEY).matches("pub ").count(), TEMPLATE.matches("pub ").count());
    }

    #[test]
    fn the_real_list_takes_a_paper() {
        let list = include_str!("../papers/mod.rs");
        for key in ["aaa", "halko", "zzz"] {
            let new = register(list, key).unwrap();
            assert!(new.contains(&format!("    &{key}::PAPER,\n];\n")), "{new}");
            let mods: Vec<&str> =
                new.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")).collect();
            assert!(mods.is_sorted() && mods.len() == list.matches("mod ").count() + 1, "{mods:?}");
        }
    }

    #[test]
    fn a_paper_is_added_once_and_whole() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("mod.rs");
        fs::write(&list, "pub mod b;\n\npub static ALL: &[&Paper] = &[\n    &b::PAPER,\n];\n").unwrap();
        let file = add(place.path(), "a").unwrap();
        assert_eq!(fs::read_to_string(file).unwrap(), paper("a"));
        let want = "pub mod a;\npub mod b;\n\npub static ALL: &[&Paper] = &[\n    &b::PAPER,\n    &a::PAPER,\n];\n";
        assert_eq!(fs::read_to_string(&list).unwrap(), want);
        for (key, word) in
            [("a", "exists"), ("match", "names no module"), ("A", "names no module"), ("../x", "names no module")]
        {
            let error = add(place.path(), key).unwrap_err();
            assert!(error.to_string().contains(word) && error.exit_status() == 2, "{error}");
        }
        fs::write(&list, "pub mod b;\n").unwrap();
        assert!(add(place.path(), "c").unwrap_err().to_string().contains("by hand"));
        assert!(!place.path().join("c.rs").exists());
    }
}
