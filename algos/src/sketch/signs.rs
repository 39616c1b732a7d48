//! Random signs, one bit each.

use rand::Rng;

/// `len` signs, 64 to a word; a set bit is a minus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    words: Vec<u64>,
    len: usize,
}

impl Signs {
    /// Independent fair signs: `⌈len/64⌉` words of the generator.
    pub fn draw<R: Rng + ?Sized>(len: usize, rng: &mut R) -> Self {
        Self { words: (0..len.div_ceil(64)).map(|_| rng.next_u64()).collect(), len }
    }

    /// Plus signs only.
    pub fn plus(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// From booleans, `true` being a minus.
    pub fn from_bools(minus: impl IntoIterator<Item = bool>) -> Self {
        let mut signs = Self::plus(0);
        for minus in minus {
            if signs.len.is_multiple_of(64) {
                signs.words.push(0);
            }
            signs.words[signs.len / 64] |= u64::from(minus) << (signs.len % 64);
            signs.len += 1;
        }
        signs
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sign `i` as ±1.
    ///
    /// # Panics
    /// If there is no sign `i`.
    #[inline]
    pub fn get(&self, i: usize) -> f64 {
        assert!(i < self.len, "sign {i} of {}", self.len);
        if self.words[i / 64] >> (i % 64) & 1 == 0 { 1.0 } else { -1.0 }
    }

    /// Signs `64k..64k + 64` as bits, the first lowest.
    #[inline(always)]
    pub(super) fn word(&self, k: usize) -> u64 {
        self.words[k]
    }
}

/// `x` with the sign flipped where the lowest bit of `minus` is set.
#[inline(always)]
pub(super) fn flip(x: f64, minus: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (minus << 63))
}

/// Eight entries with the signs of a byte.
#[inline(always)]
pub(super) fn flip8(x: &[f64; 8], minus: u64) -> [f64; 8] {
    let mut y = *x;
    for l in 0..8 {
        y[l] = f64::from_bits(x[l].to_bits() ^ ((minus << (63 - l)) & (1 << 63)));
    }
    y
}
