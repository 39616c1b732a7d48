//! Who runs when: everything that could favour a side or a case is drawn at random.

use rand::{
    RngExt, SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

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

/// One pair on one case: a process of each side, started in this order, and then two others in the other order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of the case.
    pub case: usize,
    /// Whether both processes are of the base, to measure what no change looks like.
    pub same: bool,
    /// The side that is started first.
    pub first: usize,
    /// The layout of each process.
    pub layouts: [usize; 2],
    /// The processor that both run on; any if there is no choice.
    pub processor: Option<usize>,
    /// Orientation of each block, for each order of starting.
    pub blocks: [Vec<Orientation>; 2],
}

/// Draws the steps of a run.
#[derive(Debug)]
pub struct Schedule {
    rng: ChaCha8Rng,
    /// All layouts in random order: a run goes through them again and again, so that each is used equally often.
    order: Vec<usize>,
    processors: Vec<usize>,
}

impl Schedule {
    /// A schedule for sides with `layouts` ≥ 1 layouts each, on these processors.
    pub fn new(layouts: usize, processors: Vec<usize>, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..layouts).collect();
        order.shuffle(&mut rng);
        Self { rng, order, processors }
    }

    /// The steps of one round: one pair of each case given as (number, blocks), in random order; in every
    /// [`FLOOR_EVERY`]-th round also one base-against-base pair of each.
    pub fn round(&mut self, cases: &[(usize, usize)], round: usize) -> Vec<Step> {
        let kinds: &[bool] = if round.is_multiple_of(FLOOR_EVERY) { &[false, true] } else { &[false] };
        let mut steps = Vec::new();
        for &(case, blocks) in cases {
            for &same in kinds {
                let layouts = if same { self.two() } else { [self.order[round % self.order.len()]; 2] };
                let rng = &mut self.rng;
                let processor = self.processors.choose(rng).copied();
                let mut orientation = || if rng.random() { Orientation::Abba } else { Orientation::Baab };
                let blocks = [(); 2].map(|()| (0..blocks).map(|_| orientation()).collect());
                steps.push(Step { case, same, first: usize::from(rng.random::<bool>()), layouts, processor, blocks });
            }
        }
        steps.shuffle(&mut self.rng);
        steps
    }

    /// Two different layouts, if there are as many: base against base shows what their difference does.
    fn two(&mut self) -> [usize; 2] {
        let n = self.order.len();
        let first = self.rng.random_range(0..n);
        let ahead = if n > 1 { self.rng.random_range(1..n) } else { 0 };
        [first, (first + ahead) % n]
    }
}

/// Blocks for each two processes, by the length of a sample: few, since restarts tell more than repetitions.
pub fn blocks(sample_ns: f64) -> usize {
    if sample_ns <= 5e7 { 2 } else { 1 }
}
