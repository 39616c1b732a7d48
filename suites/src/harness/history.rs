//! `history.csv`: where each claim got its verdict first, and every change since.

use std::{path::Path, process::Command};

use serde::Deserialize;
use serde_json::Value;

use super::{
    claim::Verdict,
    error::Result,
    folder::Folder,
    provenance::Provenance,
    verdicts::{self, CLAIMS, ClaimRow},
};

/// The file's name.
pub const FILE: &str = "history.csv";

crate::record! {
    /// A line of `history.csv`: from this commit on the claim has had this verdict.
    pub struct Change {
        /// Key of the claim.
        pub claim: String,
        /// Commit of the source tree that ran or judged it, ` + changes` where it was another than committed.
        pub commit: String,
        /// The verdict.
        pub verdict: Verdict,
    }
}

/// Reads the history of a folder; empty if it has none.
pub fn read(folder: &Folder) -> Result<Vec<Change>> {
    verdicts::read(folder, FILE)
}

/// Adds the verdicts that are new. A folder without a history takes what git remembers of its verdicts, if git does.
pub fn update(folder: &Folder, rows: &[ClaimRow], provenance: &Provenance) -> Result<()> {
    let mut all = if folder.has(FILE) { read(folder)? } else { remembered(folder.root()) };
    let build = &provenance.build;
    let changes = if build.dirty == Some(true) { " + changes" } else { "" };
    let commit = format!("{}{changes}", build.commit.as_deref().unwrap_or("unknown"));
    rows.iter().for_each(|row| add(&mut all, &row.claim, &commit, row.verdict));
    // The order in which claims were first judged says nothing.
    all.sort_by(|a, b| a.claim.cmp(&b.claim));
    verdicts::write(folder, FILE, &all)
}

fn add(all: &mut Vec<Change>, claim: &str, commit: &str, verdict: Verdict) {
    let last = all.iter().rev().find(|change| change.claim == claim);
    if last.is_none_or(|change| change.verdict != verdict) {
        all.push(Change { claim: claim.into(), commit: commit.into(), verdict });
    }
}

/// The verdicts in the commits that touched the folder, oldest first.
fn remembered(root: &Path) -> Vec<Change> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    let mut all = Vec::new();
    let commits = git(&["log", "--reverse", "--format=%H", "--", CLAIMS]).unwrap_or_default();
    for at in String::from_utf8_lossy(&commits).lines() {
        let show = |file: &str| git(&["show", &format!("{at}:./{file}")]).unwrap_or_default();
        let provenance: Value = serde_json::from_slice(&show(super::provenance::FILE)).unwrap_or_default();
        let source = provenance["build"]["commit"].as_str().unwrap_or(at).to_owned();
        given(&show(CLAIMS)).iter().for_each(|row| add(&mut all, &row.claim, &source, row.verdict));
    }
    all
}

/// What is asked of a `claims.csv`, of whatever version.
#[derive(Deserialize)]
struct Given {
    claim: String,
    verdict: Verdict,
}

fn given(claims: &[u8]) -> Vec<Given> {
    csv::Reader::from_reader(claims).into_deserialize().filter_map(std::result::Result::ok).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_changes_are_kept() {
        let mut all = Vec::new();
        for (claim, commit, verdict) in [
            ("a", "1", Verdict::Inconclusive),
            ("b", "1", Verdict::Reproduced),
            ("a", "2", Verdict::Inconclusive),
            ("a", "3", Verdict::Reproduced),
            ("b", "3", Verdict::Reproduced),
        ] {
            add(&mut all, claim, commit, verdict);
        }
        let short: Vec<_> = all.iter().map(|change| format!("{}{}", change.claim, change.commit)).collect();
        assert_eq!(short, ["a1", "b1", "a3"]);
    }

    #[test]
    fn git_remembers_the_verdicts_of_a_folder() {
        let place = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(place.path()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
            assert!(command.output().unwrap().status.success(), "{arguments:?}");
        };
        git(&["init", "--quiet"]);
        let folder = Folder::create(place.path().join("results")).unwrap();
        for (source, verdict) in [("s1", "inconclusive"), ("s2", "inconclusive"), ("s3", "reproduced")] {
            folder.write(CLAIMS, format!("paper,claim,verdict\np,a,{verdict}\n").as_bytes()).unwrap();
            let provenance = format!("{{\"build\": {{\"commit\": \"{source}\"}}}}");
            folder.write(super::super::provenance::FILE, provenance.as_bytes()).unwrap();
            git(&["add", "."]);
            git(&["commit", "--quiet", "--message", source]);
        }
        let found: Vec<_> = remembered(folder.root()).into_iter().map(|c| (c.commit, c.verdict)).collect();
        assert_eq!(found, [("s1".into(), Verdict::Inconclusive), ("s3".into(), Verdict::Reproduced)]);
        assert!(remembered(Path::new("/")).is_empty() && given(b"other\n1\n").is_empty());
    }
}
