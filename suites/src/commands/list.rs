//! `residual list`: what there is.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::harness::{
    dataset::Registry,
    error::{Error, Result},
    paper::Paper,
};

/// A kind of thing to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Papers.
    Papers,
    /// Experiments.
    Experiments,
    /// Claims.
    Claims,
    /// Problems to time and compare on.
    Cases,
    /// Variants of each case.
    Variants,
    /// Real data.
    Datasets,
}

/// Prints one kind, or all of them under headings.
pub fn list(papers: &[&Paper], what: Option<What>, as_json: bool) -> Result<ExitCode> {
    let kinds = what.map_or_else(|| What::value_variants().to_vec(), |what| vec![what]);
    let lists = kinds.iter().map(|&kind| Ok((name(kind), entries(papers, kind)?))).collect::<Result<Vec<_>>>()?;
    if as_json {
        let all: serde_json::Map<_, _> = lists.into_iter().map(|(name, list)| (name, Value::Array(list))).collect();
        let text = serde_json::to_string_pretty(&all).map_err(|e| Error::broken(e.to_string()))?;
        println!("{text}");
    } else {
        for (name, list) in lists {
            if what.is_none() {
                println!("{name}");
            }
            for entry in list {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                println!("  {:<38} {}", text("key"), text("about"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn name(kind: What) -> String {
    kind.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}

fn entries(papers: &[&Paper], kind: What) -> Result<Vec<Value>> {
    let each = papers.iter();
    Ok(match kind {
        What::Papers => each
            .map(|p| json!({"key": p.key, "about": format!("{}, {} ({})", p.authors, p.title, p.year), "family": p.family, "link": p.link}))
            .collect(),
        What::Experiments => each
            .flat_map(|p| p.experiments.iter().map(|e| json!({"key": format!("{}/{}", p.key, e.key()), "about": e.about()})))
            .collect(),
        What::Claims => each
            .flat_map(|p| {
                p.claims.iter().map(|c| {
                    json!({"key": c.key, "about": c.says, "paper": p.key, "where": c.at, "source": c.source.name(),
                           "kind": c.kind.name(), "expected": c.expected, "experiments": c.experiments})
                })
            })
            .collect(),
        What::Cases => each
            .flat_map(|p| p.cases.iter().map(|c| json!({"key": c.key(), "about": c.about(), "scale": c.scale()})))
            .collect(),
        What::Variants => each
            .flat_map(|p| p.cases.iter())
            .flat_map(|c| c.variants().iter().map(|v| json!({"key": format!("{} {v}", c.key()), "about": "", "case": c.key(), "variant": v})))
            .collect(),
        What::Datasets => Registry::open()
            .map_err(|e| Error::broken(e.to_string()))?
            .list()
            .iter()
            .map(|d| json!({"key": d.name, "about": d.title, "licence": d.licence}))
            .collect(),
    })
}
