//! Who runs when: everything that could favour a side or a case is drawn at random.

use rand::{Rng, RngExt, seq::SliceRandom};

use super::verdict::FLOOR_EVERY;

/// The sides of four consecutive samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// First, second, second, first.
    Abba,
    /// Second, first, first, second.
    Baab,
}

impl Orientation {
    /// The side of each sample: 0 is the base, 1 the head.
    pub fn sides(self) -> [usize; 4] {
        match self {
            Self::Abba => [0, 1, 1, 0],
            Self::Baab => [1, 0, 0, 1],
        }
    }
}

/// One pair of processes on one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of the case.
    pub case: usize,
    /// Whether both processes are of the base, to measure what no change looks like.
    pub same: bool,
    /// The side that is started first.
    pub first: usize,
    /// Orientation of each block.
    pub blocks: Vec<Orientation>,
}

/// The steps of one round: one pair of each case given as (number, blocks), in random order; in every
/// [`FLOOR_EVERY`]-th round also one base-against-base pair of each.
pub fn round(cases: &[(usize, usize)], round: usize, rng: &mut impl Rng) -> Vec<Step> {
    let kinds: &[bool] = if round.is_multiple_of(FLOOR_EVERY) { &[false, true] } else { &[false] };
    let mut steps = Vec::new();
    for &(case, blocks) in cases {
        for &same in kinds {
            let mut orientation = || if rng.random() { Orientation::Abba } else { Orientation::Baab };
            let blocks = (0..blocks).map(|_| orientation()).collect();
            steps.push(Step { case, same, first: usize::from(rng.random::<bool>()), blocks });
        }
    }
    steps.shuffle(rng);
    steps
}

/// Blocks per pair: fewer where a sample takes long, since restarts tell more than repetitions.
pub fn blocks(sample_ns: f64) -> usize {
    match sample_ns {
        ns if ns <= 1e7 => 5,
        ns if ns <= 5e7 => 3,
        _ => 1,
    }
}
