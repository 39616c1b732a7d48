//! Random streams: every trial has its own, named and independent of all others.
//!
//! A stream is ChaCha8, keyed by the SHA-256 of the master seed, the length-prefixed names of paper, experiment and
//! purpose, the canonical CBOR of the point, and the trial. Nothing else enters: adding an experiment, a point or a
//! trial shifts no other stream, and the scale is never in.

use std::{any::Any, cell::RefCell, collections::BTreeMap, rc::Rc};

use ciborium::Value;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A value that cannot name a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A NaN equals nothing, so it names nothing.
    #[error("a point holds a NaN")]
    NaN,
    /// The value has no CBOR form.
    #[error("a point cannot be encoded: {0}")]
    Encoding(String),
}

/// The canonical bytes of a value: equal values have equal bytes, −0 is 0, NaN is refused.
pub fn canonical(value: &dyn erased_serde::Serialize) -> Result<Vec<u8>, KeyError> {
    let encoding = |e: &dyn std::fmt::Display| KeyError::Encoding(e.to_string());
    let mut value = Value::serialized(value).map_err(|e| encoding(&e))?;
    normalise(&mut value)?;
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).map_err(|e| encoding(&e))?;
    Ok(bytes)
}

fn normalise(value: &mut Value) -> Result<(), KeyError> {
    match value {
        Value::Float(x) if x.is_nan() => Err(KeyError::NaN),
        Value::Float(x) => {
            *x += 0.0; // −0 + 0 = 0
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(normalise),
        Value::Map(entries) => entries.iter_mut().try_for_each(|(k, v)| normalise(k).and_then(|()| normalise(v))),
        _ => Ok(()),
    }
}

/// The identity of one trial: where its random streams come from.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The master seed of the run.
    pub master: u64,
    /// Key of the paper.
    pub paper: &'a str,
    /// Key of the experiment.
    pub experiment: &'a str,
    /// Canonical bytes of the point.
    pub point: &'a [u8],
    /// Number of the trial at this point, from 0.
    pub index: u32,
    /// What the points that run together have drawn so far.
    pub drawn: Option<&'a Drawn>,
}

/// What points that run together share, by the seed of its stream.
#[derive(Debug, Default)]
pub struct Drawn(RefCell<BTreeMap<[u8; 32], Rc<dyn Any>>>);

impl Trial<'_> {
    /// The stream for `purpose` at this point and trial.
    pub fn rng(&self, purpose: &str) -> ChaCha8Rng {
        self.stream(purpose, self.point)
    }

    /// The stream for `purpose` that all points of this experiment with an equal `on` share in the same trial: what
    /// makes comparisons across the other coordinates of the point paired.
    ///
    /// # Panics
    /// If `on` holds a NaN, an author's mistake that the runner reports as a failure of the harness.
    #[expect(clippy::panic, reason = "an author's mistake; no caller's data reaches it")]
    pub fn paired<K: Serialize + ?Sized>(&self, purpose: &str, on: &K) -> ChaCha8Rng {
        match canonical(&on) {
            Ok(key) => self.stream(purpose, &key),
            Err(e) => panic!("paired stream `{purpose}`: {e}"),
        }
    }

    /// What is made from the stream that [`paired`](Trial::paired) gives, or from nothing random at all: once for all
    /// points of a [company](super::experiment::Experiment::company) in the same trial.
    ///
    /// # Errors
    /// Those of `make`, which is then called again for the next point.
    ///
    /// # Panics
    /// As [`paired`](Trial::paired).
    pub fn shared<K: Serialize + ?Sized, T: 'static, E>(
        &self,
        purpose: &str,
        on: &K,
        make: impl FnOnce(&mut ChaCha8Rng) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        let mut rng = self.paired(purpose, on);
        let name = rng.get_seed();
        let known = self.drawn.and_then(|drawn| drawn.0.borrow().get(&name).cloned());
        if let Some(Ok(known)) = known.map(Rc::downcast) {
            return Ok(known);
        }
        let made = Rc::new(make(&mut rng)?);
        if let Some(drawn) = self.drawn {
            drawn.0.borrow_mut().insert(name, Rc::clone(&made) as Rc<dyn Any>);
        }
        Ok(made)
    }

    fn stream(&self, purpose: &str, key: &[u8]) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update(self.master.to_le_bytes());
        for part in [self.paper.as_bytes(), self.experiment.as_bytes(), purpose.as_bytes(), key] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(self.index.to_le_bytes());
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rand::Rng;

    fn draw(master: u64, paper: &str, experiment: &str, purpose: &str, point: &[u8], index: u32) -> u64 {
        Trial { master, paper, experiment, point, index, drawn: None }.rng(purpose).next_u64()
    }

    #[test]
    fn every_coordinate_of_the_name_changes_the_stream() {
        let base = draw(1, "p", "e", "x", b"k", 0);
        let others = [
            draw(2, "p", "e", "x", b"k", 0),
            draw(1, "q", "e", "x", b"k", 0),
            draw(1, "p", "f", "x", b"k", 0),
            draw(1, "p", "e", "y", b"k", 0),
            draw(1, "p", "e", "x", b"l", 0),
            draw(1, "p", "e", "x", b"k", 1),
            draw(1, "pe", "", "x", b"k", 0),
            draw(1, "p", "ex", "", b"k", 0),
        ];
        assert!(others.iter().all(|o| *o != base));
    }

    #[test]
    fn streams_are_pinned() {
        assert_eq!(draw(0, "paper", "experiment", "purpose", &canonical(&(1u32, 0.5)).unwrap(), 7), PINNED);
    }

    /// Changes only with the derivation of streams, and with it every number in every result.
    const PINNED: u64 = 6_219_088_570_783_469_946;

    #[test]
    fn paired_streams_ignore_the_rest_of_the_point() {
        let trial = |point| Trial { master: 1, paper: "p", experiment: "e", point, index: 3, drawn: None };
        assert_eq!(trial(b"a").paired("x", &(20, 0.2)).next_u64(), trial(b"b").paired("x", &(20, 0.2)).next_u64());
        assert_ne!(trial(b"a").paired("x", &(20, 0.2)).next_u64(), trial(b"a").paired("x", &(20, 0.3)).next_u64());
    }

    #[test]
    fn a_company_draws_once_what_each_would_draw_alone() {
        let drawn = Drawn::default();
        let calls = std::cell::Cell::new(0);
        let draw = |point: &[u8], drawn, on| {
            let trial = Trial { master: 1, paper: "p", experiment: "e", point, index: 3, drawn };
            let count = |rng: &mut ChaCha8Rng| {
                calls.set(calls.get() + 1);
                Ok::<_, ()>(rng.next_u64())
            };
            *trial.shared("x", &on, count).unwrap()
        };
        let alone = draw(b"a", None, 20);
        assert_eq!([draw(b"a", Some(&drawn), 20), draw(b"b", Some(&drawn), 20)], [alone; 2]);
        assert_eq!(calls.get(), 2);
        assert_ne!(draw(b"b", Some(&drawn), 21), alone);
        let trial = Trial { master: 1, paper: "p", experiment: "e", point: b"a", index: 3, drawn: Some(&drawn) };
        assert_eq!(trial.shared("y", &0, |_| Err::<(), _>("no")), Err("no"));
        assert_eq!(trial.shared("y", &0, |_| Ok::<_, &str>("yes")).map(|y| *y), Ok("yes"));
    }

    #[test]
    fn negative_zero_is_zero_and_nan_is_refused() {
        assert_eq!(canonical(&-0.0f64), canonical(&0.0f64));
        assert_eq!(canonical(&[1.0, f64::NAN]), Err(KeyError::NaN));
        assert_eq!(canonical(&Some(f64::INFINITY)).map(|_| ()), Ok(()));
    }
}
