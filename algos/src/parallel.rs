//! Work for several threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use faer::Par;
use rayon::prelude::*;

/// Moving fewer numbers takes less time than waking a thread: some 0.04 ms.
const MIN_PARALLEL: usize = 1 << 16;

/// Pieces that a thread is given, where there are so many.
const PIECES: usize = 32;

/// Threads for work of the size of moving so many numbers.
fn threads(par: Par, numbers: usize) -> usize {
    if numbers < MIN_PARALLEL { 1 } else { par.degree() }
}

/// How many of `count` pieces of work a thread takes at a time. With few large shares, one thread that another program
/// interrupts, or that is late, makes all others wait; with shares that are too small, sharing takes the time.
fn grain(count: usize, threads: usize) -> usize {
    count.div_ceil(PIECES * threads).max(1)
}

/// What `work(number, chunk)` returns for all chunks of `size`, in their order, in parallel where `numbers`, the size of the
/// whole work, is worth it. What becomes of a chunk must not depend on others.
pub(crate) fn map_chunks<T: Send, R: Send>(
    par: Par,
    numbers: usize,
    data: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) -> R + Send + Sync,
) -> Vec<R> {
    let (size, threads) = (size.max(1), threads(par, numbers));
    if threads > 1 {
        let grain = grain(data.len().div_ceil(size), threads);
        let each = data.par_chunks_mut(size).enumerate().with_min_len(grain).with_max_len(grain);
        each.map(|(number, chunk)| work(number, chunk)).collect()
    } else {
        data.chunks_mut(size).enumerate().map(|(number, chunk)| work(number, chunk)).collect()
    }
}

/// Buffers that threads take and give back: no more than there are threads.
#[derive(Debug)]
pub(crate) struct Spaces<W>(Mutex<Vec<W>>);

impl<W> Spaces<W> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends a space, whose contents are those that the last borrower left.
    fn with<R>(&self, make: impl Fn() -> W, work: impl FnOnce(&mut W) -> R) -> R {
        let last = self.idle().pop();
        let mut space = last.unwrap_or_else(make);
        let result = work(&mut space);
        self.idle().push(space);
        result
    }
}

/// What `work(space, piece)` returns for all pieces, in their order, in parallel as in [`map_chunks`]. What a space holds
/// must not matter.
pub(crate) fn map_pieces<T: Send, W: Send, R: Send>(
    par: Par,
    numbers: usize,
    pieces: Vec<T>,
    (spaces, make): (&Spaces<W>, impl Fn() -> W + Send + Sync),
    work: impl Fn(&mut W, T) -> R + Send + Sync,
) -> Vec<R> {
    let threads = threads(par, numbers);
    let run = |piece| spaces.with(&make, |space| work(space, piece));
    if threads > 1 {
        let grain = grain(pieces.len(), threads);
        pieces.into_par_iter().with_min_len(grain).with_max_len(grain).map(run).collect()
    } else {
        pieces.into_iter().map(run).collect()
    }
}
