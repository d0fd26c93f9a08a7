//! Random choices that a seed decides: SplitMix64 (Steele, Lea and Flood, public domain).

/// A stream of choices. The same seed gives the same ones.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        // The bias is at most `end` in 2^64.
        self.next() % end
    }

    /// A place below `end`, which is not 0.
    pub(super) fn place(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or(0)
    }

    pub(super) const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these, of which there is at least one.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.place(all.len())]
    }

    /// A time below this one.
    pub(super) fn time(&mut self, below: std::time::Duration) -> std::time::Duration {
        let micros = u64::try_from(below.as_micros()).unwrap_or(u64::MAX);
        std::time::Duration::from_micros(self.below(micros.max(1)))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// A stream of its own, for a thread.
    pub(super) const fn branch(&mut self) -> Self {
        Self(self.next())
    }
}
