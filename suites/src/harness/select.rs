//! `SELECT`: which experiments a command is about.

use glob::Pattern;

use super::{
    error::{Error, Result},
    experiment::AnyExperiment,
    paper::Paper,
};

/// An experiment and the paper it belongs to.
#[derive(Clone, Copy)]
pub struct Selected {
    /// The paper.
    pub paper: &'static Paper,
    /// The experiment.
    pub experiment: &'static dyn AnyExperiment,
}

/// The experiments that any of `patterns` names: by paper, family, experiment (`key` or `paper/key`) or claim, as keys
/// or globs. No pattern selects all.
pub fn select(papers: &[&'static Paper], patterns: &[String]) -> Result<Vec<Selected>> {
    let all = papers
        .iter()
        .flat_map(|&paper| paper.experiments.iter().map(move |&experiment| Selected { paper, experiment }));
    if patterns.is_empty() {
        return Ok(all.collect());
    }
    let globs = patterns.iter().map(|p| glob(p)).collect::<Result<Vec<_>>>()?;
    for (glob, pattern) in globs.iter().zip(patterns) {
        if !all.clone().any(|s| s.names().iter().any(|name| glob.matches(name))) {
            return Err(Error::input(format!(
                "`{pattern}` is no paper, family, experiment or claim; `residual list` shows them"
            )));
        }
    }
    Ok(all.filter(|s| s.names().iter().any(|name| globs.iter().any(|g| g.matches(name)))).collect())
}

/// Compiles a glob of the command line.
pub fn glob(pattern: &str) -> Result<Pattern> {
    Pattern::new(pattern).map_err(|e| Error::input(format!("`{pattern}` is not a glob: {e}")))
}

impl Selected {
    /// `paper/experiment`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.paper.key, self.experiment.key())
    }

    fn names(&self) -> Vec<String> {
        let key = self.experiment.key();
        let claims = self.paper.claims.iter().filter(|c| c.experiments.contains(&key)).map(|c| c.key.to_owned());
        [self.paper.key.to_owned(), self.paper.family.to_owned(), key.to_owned(), self.name()]
            .into_iter()
            .chain(claims)
            .collect()
    }
}
