//! The states that were seen: for each its key, from which state it was reached first, and where the
//! calm choice leads from it. 24 bytes each, in open tables that are at most three quarters full.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keys are never smaller than this, except those of exits: see [`CODES`].
const NOBODY: u64 = 0;

/// Where a calm choice leads that was not tried: the state was not looked at further. Two of them, so
/// that the states of one level can be told from those of the next.
const UNTRIED: [u64; 2] = [10, 11];

/// The calm choice leads nowhere: there is none.
pub(super) const STUCK: u64 = 12;

/// It was seen that calm leads to the exit from here.
const ENDS: u64 = 13;

/// The keys of exits: the code, and one.
const CODES: core::ops::RangeInclusive<u64> = 1..=9;

/// So many tables: threads rarely want the same one.
const SHARDS: usize = 256;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    key: u64,
    parent: u64,
    calm: u64,
}

#[derive(Debug)]
struct Shard {
    // Invariant: the length is a power of two, and a quarter of it at least is free.
    places: Vec<Seen>,
    used: usize,
}

impl Shard {
    fn find(&mut self, key: u64) -> &mut Seen {
        let mask = self.places.len() - 1;
        let mut place = mix(key) & mask;
        while self.places[place].key != NOBODY && self.places[place].key != key {
            place = (place + 1) & mask;
        }
        &mut self.places[place]
    }

    /// Makes room for one more.
    fn make_room(&mut self) {
        self.used += 1;
        if 4 * self.used <= 3 * self.places.len() {
            return;
        }
        let larger = vec![Seen::default(); 2 * self.places.len()];
        for seen in core::mem::replace(&mut self.places, larger) {
            if seen.key != NOBODY {
                *self.find(seen.key) = seen;
            }
        }
    }
}

/// The bits of a key that do not choose the shard, well mixed.
const fn mix(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

/// How a state looks that was come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Met {
    New,
    Before,
}

/// All states that were seen, for any number of threads.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Mutex<Shard>>,
}

impl Table {
    pub(super) fn new() -> Self {
        let shard = || Shard { places: vec![Seen::default(); 16], used: 0 };
        Self { shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect() }
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        let shard = usize::from(key.to_le_bytes()[0]) % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A state was come to from `parent`, in a level of this number. Of several parents in the level
    /// before, the one with the smallest key is kept, whoever comes first.
    pub(super) fn meet(&self, key: u64, parent: u64, level: u32) -> Met {
        let mut shard = self.shard(key);
        let untried = UNTRIED[(level & 1) as usize];
        let seen = shard.find(key);
        if seen.key == key {
            if seen.calm == untried && parent < seen.parent {
                seen.parent = parent;
            }
            return Met::Before;
        }
        shard.make_room();
        let calm = if CODES.contains(&key) { ENDS } else { untried };
        *shard.find(key) = Seen { key, parent, calm };
        Met::New
    }

    /// Notes where the calm choice leads from a state.
    pub(super) fn set_calm(&self, key: u64, calm: u64) {
        let mut shard = self.shard(key);
        shard.find(key).calm = calm;
    }

    /// From which state a state was first reached.
    pub(super) fn parent(&self, key: u64) -> u64 {
        self.shard(key).find(key).parent
    }

    /// How many states there are.
    pub(super) fn len(&mut self) -> u64 {
        self.all().map(|shard| shard.used as u64).sum()
    }

    /// How many bytes they take.
    pub(super) fn bytes(&mut self) -> u64 {
        self.all().map(|shard| (shard.places.len() * size_of::<Seen>()) as u64).sum()
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut().map(|shard| shard.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows calm from every state. Gives the nearest of those from which it does not lead to an exit,
    /// if there is one, by its key, the smallest if several are as near; and how many states there are of which that is not known, because calm
    /// leads out of what was explored.
    pub(super) fn follow_calm(&mut self) -> (Option<u64>, u64) {
        let mut lost: Option<(usize, u64)> = None;
        let mut open = 0;
        let mut way = Vec::new();
        for shard in 0..self.shards.len() {
            let keys: Vec<u64> = {
                let shard = self.shards[shard].get_mut().unwrap_or_else(PoisonError::into_inner);
                shard.places.iter().filter(|seen| seen.key != NOBODY).map(|seen| seen.key).collect()
            };
            for key in keys {
                way.clear();
                match self.walk(key, &mut way) {
                    Walked::Ends => way.iter().for_each(|key| self.set_calm(*key, ENDS)),
                    Walked::Open => open += 1,
                    Walked::Lost => {
                        let found = (self.steps_to(key), key);
                        lost = Some(lost.map_or(found, |other| other.min(found)));
                    }
                }
            }
        }
        (lost.map(|(_, key)| key), open)
    }

    /// How far a state is from the first one.
    fn steps_to(&self, key: u64) -> usize {
        core::iter::successors(Some(key), |key| Some(self.parent(*key)).filter(|key| *key != NOBODY)).count()
    }

    fn walk(&self, from: u64, way: &mut Vec<u64>) -> Walked {
        let mut key = from;
        loop {
            let calm = self.shard(key).find(key).calm;
            if calm == ENDS {
                return Walked::Ends;
            }
            if UNTRIED.contains(&calm) {
                return Walked::Open;
            }
            // Calm that goes on for so long goes in a circle.
            if calm == STUCK || way.len() > CALM_MAX {
                return Walked::Lost;
            }
            way.push(key);
            key = calm;
        }
    }
}

/// The longest calm way to the exit. Each of its steps uses up something that is on its way, or a deadline.
const CALM_MAX: usize = 10_000;

enum Walked {
    Ends,
    Open,
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ways: one calmly to the exit, and one into a circle.
    #[test]
    fn the_nearest_state_is_told_from_which_calm_leads_to_no_exit() {
        let (root, far, near, ends) = (1 << 20, 2 << 20, 3 << 20, 1);
        let mut table = Table::new();
        for (key, parent, level) in [(root, NOBODY, 0), (near, root, 1), (far, near, 2), (ends, root, 1)] {
            assert_eq!(table.meet(key, parent, level), Met::New);
        }
        table.set_calm(root, ends);
        assert_eq!(table.follow_calm(), (None, 2));
        table.set_calm(near, far);
        table.set_calm(far, near);
        assert_eq!(table.follow_calm(), (Some(near), 0));
        table.set_calm(far, STUCK);
        assert_eq!(table.follow_calm(), (Some(near), 0));
        table.set_calm(near, ends);
        assert_eq!(table.follow_calm(), (Some(far), 0));
        table.set_calm(far, root);
        assert_eq!(table.follow_calm(), (None, 0));
    }

    #[test]
    fn of_several_parents_the_smallest_is_kept_whoever_comes_first() {
        for parents in [[7 << 20, 5 << 20], [5 << 20, 7 << 20]] {
            let table = Table::new();
            assert_eq!(table.meet(9 << 20, parents[0], 3), Met::New);
            assert_eq!(table.meet(9 << 20, parents[1], 3), Met::Before);
            // One from the next level is farther.
            assert_eq!(table.meet(9 << 20, 1 << 20, 4), Met::Before);
            assert_eq!(table.parent(9 << 20), 5 << 20);
        }
    }
}
