//! What is compared: a case and the variant that each side runs.

use std::collections::BTreeSet;

use glob::Pattern;
use serde::Serialize;

use crate::{
    harness::{
        error::{Error, Result},
        experiment::Scale,
    },
    worker::{About, Offer, Request},
};

/// Seed of the problem that is timed.
pub const TIMING_SEED: u64 = 1;

/// A case, and a variant for each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Key of the case.
    pub case: String,
    /// Variant of base and head.
    pub variants: [String; 2],
}

/// A unit that only one side has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lonely {
    /// Case and variant.
    pub unit: String,
    /// The side that has it.
    pub only: &'static str,
}

impl Unit {
    /// The name in tables.
    pub fn name(&self) -> String {
        let [base, head] = &self.variants;
        if base == head { format!("{} {base}", self.case) } else { format!("{} {base} → {head}", self.case) }
    }

    /// The request to a side: 0 is the base, 1 the head.
    pub fn request(&self, side: usize, seed: u64, iterations: u32) -> Request {
        let variant = self.variants[side].clone();
        Request { case: self.case.clone(), variant, seed, iterations, par: None, input: None }
    }

    /// The family of the case.
    pub fn family(&self) -> &str {
        self.case.split('/').next().unwrap_or_default()
    }
}

/// Which units a comparison is asked for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Cases by key.
    pub cases: Option<Pattern>,
    /// Families that the change can have reached; all if `None`.
    pub families: Option<BTreeSet<String>>,
    /// Two variants of one executable instead of the same variant of two.
    pub variants: Option<[String; 2]>,
}

impl Wanted {
    fn case(&self, offer: &Offer) -> bool {
        let family = offer.case.split('/').next().unwrap_or_default();
        match &self.cases {
            Some(glob) => glob.matches(&offer.case),
            None => {
                offer.scale <= Scale::Default && self.families.as_ref().is_none_or(|families| families.contains(family))
            }
        }
    }

    /// The units that both sides have, and those that only one has.
    pub fn units(&self, base: &About, head: &About) -> Result<(Vec<Unit>, Vec<Lonely>)> {
        let pairs = |about: &About| -> Vec<(String, String)> {
            let offers = about.cases.iter().filter(|offer| self.case(offer));
            offers.flat_map(|o| o.variants.iter().map(|v| (o.case.clone(), v.clone()))).collect()
        };
        let (old, new) = (pairs(base), pairs(head));
        if let Some(pattern) = &self.cases
            && old.is_empty()
            && new.is_empty()
        {
            let text = pattern.as_str();
            return Err(Error::input(format!("`{text}` matches no case; `residual list cases` shows them")));
        }
        if let Some([x, y]) = &self.variants {
            let has = |case: &str, variant: &str| new.iter().any(|(c, v)| c == case && v == variant);
            let mut cases: Vec<String> = new.iter().map(|(case, _)| case.clone()).collect();
            cases.dedup();
            let units: Vec<Unit> = cases
                .into_iter()
                .filter(|case| has(case, x) && has(case, y))
                .map(|case| Unit { case, variants: [x.clone(), y.clone()] })
                .collect();
            if units.is_empty() {
                return Err(Error::input(format!(
                    "no selected case has both variants `{x}` and `{y}`; `residual list variants` shows them"
                )));
            }
            return Ok((units, Vec::new()));
        }
        let lonely = |mine: &[(String, String)], other: &[(String, String)], only| -> Vec<Lonely> {
            let alone = mine.iter().filter(|unit| !other.contains(unit));
            alone.map(|(case, variant)| Lonely { unit: format!("{case} {variant}"), only }).collect()
        };
        let mut one_sided = lonely(&old, &new, "base");
        one_sided.extend(lonely(&new, &old, "head"));
        let both = new.into_iter().filter(|unit| old.contains(unit));
        Ok((both.map(|(case, v)| Unit { case, variants: [v.clone(), v] }).collect(), one_sided))
    }
}

/// The families that changed files can have reached: those whose folders hold all of them, else `None` for all.
pub fn families(changed: &[String]) -> Option<BTreeSet<String>> {
    let family = |path: &String| {
        let (family, rest) = path.strip_prefix("algos/src/")?.split_once('/')?;
        (family != "linalg" && !rest.is_empty()).then(|| family.to_owned())
    };
    if changed.is_empty() { None } else { changed.iter().map(family).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::harness::select::glob;

    fn about(offers: &[(&str, &[&str])]) -> About {
        let cases = offers.iter().map(|(case, variants)| Offer {
            case: (*case).into(),
            scale: Scale::Smoke,
            variants: variants.iter().map(|v| (*v).into()).collect(),
        });
        let text = String::new;
        About {
            executable: text(),
            cpu: text(),
            simd: text(),
            threads: 1,
            features: text(),
            compiler: text(),
            lock: text(),
            cases: cases.collect(),
        }
    }

    #[test]
    fn units_are_what_both_sides_have() {
        let base = about(&[("a/x", &["r", "old"]), ("b/y", &["r"])]);
        let head = about(&[("a/x", &["r", "new"]), ("b/y", &["r"])]);
        let (units, lonely) = Wanted::default().units(&base, &head).unwrap();
        assert_eq!(units.iter().map(Unit::name).collect::<Vec<_>>(), ["a/x r", "b/y r"]);
        assert_eq!(
            lonely.iter().map(|l| (l.unit.as_str(), l.only)).collect::<Vec<_>>(),
            [("a/x old", "base"), ("a/x new", "head")]
        );
        let wanted = Wanted { families: families(&["algos/src/b/fast.rs".into()]), ..Wanted::default() };
        assert_eq!(wanted.units(&base, &head).unwrap().0.len(), 1);
        let wanted = Wanted { variants: Some(["r".into(), "new".into()]), ..Wanted::default() };
        assert_eq!(wanted.units(&head, &head).unwrap().0[0].name(), "a/x r → new");
        let wanted = Wanted { cases: Some(glob("z/*").unwrap()), ..Wanted::default() };
        assert!(wanted.units(&base, &head).unwrap_err().to_string().contains("`z/*` matches no case"));
    }

    #[test]
    fn only_changes_inside_families_narrow_the_choice() {
        let of = |files: &[&str]| families(&files.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["algos/src/a/fast.rs", "algos/src/b/mod.rs"]).unwrap().len(), 2);
        assert_eq!(of(&["algos/src/a/fast.rs", "README.md"]), None);
        assert_eq!(of(&["algos/src/lib.rs"]), None);
        assert_eq!(of(&["algos/src/linalg/gram.rs"]), None);
        assert_eq!(of(&[]), None);
    }
}
