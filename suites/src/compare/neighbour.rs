//! A busy neighbour for experiments: half of the time it keeps one core and the shared cache busy.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers that it sweeps over: 32 MiB, more than a core's own cache.
const NUMBERS: usize = 1 << 22;

/// Works and rests in turns of random length until dropped.
#[derive(Debug)]
pub struct Neighbour {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbour {
    /// Moves in.
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let mut numbers = vec![1.0f64; NUMBERS];
            while !gone.load(Ordering::Relaxed) {
                let turn = Duration::from_millis(rng.random_range(50..2000));
                let (begun, works) = (Instant::now(), rng.random::<bool>());
                while begun.elapsed() < turn && !gone.load(Ordering::Relaxed) {
                    if works {
                        numbers.iter_mut().for_each(|x| *x = 0.5 * *x + 1.0);
                        black_box(&mut numbers);
                    } else {
                        thread::sleep(Duration::from_millis(10));
                    }
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It has nothing to say.
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}
