//! What a thread has met lately. More than half of all choices lead to states that it came to only just now: then it
//! need not ask the table, which is large and far away.

/// So many keys are remembered, which is as much as stays near a processor.
const KEYS: usize = 1 << 14;

/// Some of the keys that were met last.
#[derive(Debug)]
pub(super) struct Recent {
    keys: Box<[u64; KEYS]>,
}

impl Default for Recent {
    fn default() -> Self {
        // No key is zero.
        Self { keys: Box::new([0; KEYS]) }
    }
}

impl Recent {
    /// Whether this key is known to have been met before. From here on it is.
    #[expect(clippy::cast_possible_truncation, reason = "a key is mixed well in all its bits")]
    pub(super) fn met(&mut self, key: u64) -> bool {
        let place = key as usize % KEYS;
        core::mem::replace(&mut self.keys[place], key) == key
    }
}
