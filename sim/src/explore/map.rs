//! What is known by a digest: an open table that is at most three quarters full.

/// From digests, which are never zero, to small things.
#[derive(Debug)]
pub(super) struct Map<T> {
    // Invariant: the length is a power of two, and at most three quarters of it are used.
    places: Vec<(u64, T)>,
    used: usize,
}

/// A place with nothing in it.
const NOTHING: u64 = 0;

/// So many places there are at first.
const PLACES_MIN: usize = 1 << 6;

impl<T: Copy + Default> Default for Map<T> {
    fn default() -> Self {
        Self { places: vec![(NOTHING, T::default()); PLACES_MIN], used: 0 }
    }
}

impl<T: Copy + Default> Map<T> {
    pub(super) fn get(&self, digest: u64) -> Option<T> {
        let (there, value) = self.places[self.place(digest)];
        (there == digest).then_some(value)
    }

    pub(super) fn put(&mut self, digest: u64, value: T) {
        if 4 * (self.used + 1) > 3 * self.places.len() {
            let larger = vec![(NOTHING, T::default()); 2 * self.places.len()];
            let old = core::mem::replace(&mut self.places, larger);
            for (digest, value) in old.into_iter().filter(|(digest, _)| *digest != NOTHING) {
                let place = self.place(digest);
                self.places[place] = (digest, value);
            }
        }
        let place = self.place(digest);
        self.used += usize::from(self.places[place].0 == NOTHING);
        self.places[place] = (digest, value);
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(self.places.as_slice()) as u64
    }

    /// Where it is, or would be.
    #[expect(clippy::cast_possible_truncation, reason = "a digest is mixed well in all its bits")]
    fn place(&self, digest: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut place = digest as usize & mask;
        while ![NOTHING, digest].contains(&self.places[place].0) {
            place = (place + 1) & mask;
        }
        place
    }
}
