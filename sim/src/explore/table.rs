//! The states that were seen: for each its key, from which state it was reached first, and where the
//! calm choice leads from it. 24 bytes each, in an open table that is at most three quarters full.
//!
//! Threads share it without waiting for each other, except while it grows. What one thread must know of
//! another is one word at a time, or of a level that is over.

use std::{
    hint::black_box,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

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

/// So many places there are at first, for each thread. A thread puts in a menu's states at a time, which are
/// fewer: so the quarter that is free is never used up before somebody makes room.
const PLACES_MIN: usize = 4096;

/// A state, or a place for one.
#[derive(Debug, Default)]
struct Seen {
    key: AtomicU64,
    /// All bits the other way round, so that the smallest is the largest, and none is the smallest.
    not_parent: AtomicU64,
    /// Nothing while the state is being put in.
    calm: AtomicU64,
}

/// The bits of a key, well mixed.
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
    places: RwLock<Places>,
}

impl Table {
    pub(super) fn new(jobs: usize) -> Self {
        Self { places: RwLock::new(Places::new((jobs.max(1) * PLACES_MIN).next_power_of_two())) }
    }

    /// The states, with room for so many more.
    pub(super) fn with_room(&self, more: usize) -> RwLockReadGuard<'_, Places> {
        let places = self.places();
        if places.have_room(more) {
            return places;
        }
        drop(places);
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        while !places.have_room(more) {
            places.grow();
        }
        drop(places);
        self.places()
    }

    fn places(&self) -> RwLockReadGuard<'_, Places> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From which state a state was first reached.
    pub(super) fn parent(&self, key: u64) -> u64 {
        self.places().parent(key)
    }

    /// How many states there are.
    pub(super) fn len(&self) -> u64 {
        self.places().used.load(Ordering::Relaxed) as u64
    }

    /// How many bytes they take.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(self.places().all.as_slice()) as u64
    }

    /// Follows calm from every state. Gives the nearest of those from which it does not lead to an exit,
    /// if there is one, by its key, the smallest if several are as near; and how many states there are of
    /// which that is not known, because calm leads out of what was explored.
    pub(super) fn follow_calm(&self) -> (Option<u64>, u64) {
        self.places().follow_calm()
    }
}

/// What is in a table.
#[derive(Debug)]
pub(super) struct Places {
    // Invariant: the length is a power of two, and there is always a free place.
    all: Vec<Seen>,
    used: AtomicUsize,
}

impl Places {
    fn new(count: usize) -> Self {
        Self { all: (0..count).map(|_| Seen::default()).collect(), used: AtomicUsize::new(0) }
    }

    fn have_room(&self, more: usize) -> bool {
        4 * (self.used.load(Ordering::Relaxed) + more) <= 3 * self.all.len()
    }

    fn grow(&mut self) {
        let mut larger = Self::new(2 * self.all.len());
        for seen in self.all.drain(..) {
            let key = seen.key.load(Ordering::Relaxed);
            if key != NOBODY {
                let place = larger.place(key);
                larger.all[place] = seen;
            }
        }
        larger.used = AtomicUsize::new(self.used.load(Ordering::Relaxed));
        *self = larger;
    }

    /// Where a state is, or would be.
    fn place(&self, key: u64) -> usize {
        let mask = self.all.len() - 1;
        let mut place = mix(key) & mask;
        loop {
            let found = self.all[place].key.load(Ordering::Relaxed);
            if found == NOBODY || found == key {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    /// Has a look at where these states are, at all of them at once: memory is slow to answer, and then it
    /// answers all together.
    pub(super) fn reach_for(&self, keys: impl Iterator<Item = u64>) {
        let mask = self.all.len() - 1;
        let word = |key| self.all[mix(key) & mask].key.load(Ordering::Relaxed);
        let _seen = black_box(keys.fold(0, |all, key| all ^ word(key)));
    }

    /// A state was come to from `parent`, in a level of this number. Of several parents in the level
    /// before, the one with the smallest key is kept, whoever comes first. There must be room.
    pub(super) fn meet(&self, key: u64, parent: u64, level: u32) -> Met {
        let untried = UNTRIED[(level & 1) as usize];
        let seen = loop {
            let seen = &self.all[self.place(key)];
            match seen.key.compare_exchange(NOBODY, key, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    let calm = if CODES.contains(&key) { ENDS } else { untried };
                    seen.calm.store(calm, Ordering::Relaxed);
                    seen.not_parent.fetch_max(!parent, Ordering::Relaxed);
                    self.used.fetch_add(1, Ordering::Relaxed);
                    return Met::New;
                }
                Err(found) if found == key => break seen,
                // Somebody else was faster, with another state.
                Err(_) => {}
            }
        };
        // What is being put in is of this level: those before are over.
        if [untried, 0].contains(&seen.calm.load(Ordering::Relaxed)) {
            seen.not_parent.fetch_max(!parent, Ordering::Relaxed);
        }
        Met::Before
    }

    /// Notes where the calm choice leads from a state.
    pub(super) fn set_calm(&self, key: u64, calm: u64) {
        self.all[self.place(key)].calm.store(calm, Ordering::Relaxed);
    }

    fn parent(&self, key: u64) -> u64 {
        !self.all[self.place(key)].not_parent.load(Ordering::Relaxed)
    }

    fn follow_calm(&self) -> (Option<u64>, u64) {
        let mut lost: Option<(usize, u64)> = None;
        let mut open = 0;
        let mut way = Vec::new();
        for seen in &self.all {
            let key = seen.key.load(Ordering::Relaxed);
            if key == NOBODY {
                continue;
            }
            way.clear();
            match self.walk(seen, &mut way) {
                Walked::Ends => way.iter().for_each(|seen| seen.calm.store(ENDS, Ordering::Relaxed)),
                Walked::Open => open += 1,
                Walked::Lost => {
                    let found = (self.steps_to(key), key);
                    lost = Some(lost.map_or(found, |other| other.min(found)));
                }
            }
        }
        (lost.map(|(_, key)| key), open)
    }

    /// How far a state is from the first one.
    fn steps_to(&self, key: u64) -> usize {
        core::iter::successors(Some(key), |key| Some(self.parent(*key)).filter(|key| *key != NOBODY)).count()
    }

    fn walk<'a>(&'a self, from: &'a Seen, way: &mut Vec<&'a Seen>) -> Walked {
        let mut seen = from;
        loop {
            let calm = seen.calm.load(Ordering::Relaxed);
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
            way.push(seen);
            seen = &self.all[self.place(calm)];
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
        let table = Table::new(1);
        for (key, parent, level) in [(root, NOBODY, 0), (near, root, 1), (far, near, 2), (ends, root, 1)] {
            assert_eq!(table.with_room(1).meet(key, parent, level), Met::New);
        }
        table.with_room(0).set_calm(root, ends);
        assert_eq!(table.follow_calm(), (None, 2));
        table.with_room(0).set_calm(near, far);
        table.with_room(0).set_calm(far, near);
        assert_eq!(table.follow_calm(), (Some(near), 0));
        table.with_room(0).set_calm(far, STUCK);
        assert_eq!(table.follow_calm(), (Some(near), 0));
        table.with_room(0).set_calm(near, ends);
        assert_eq!(table.follow_calm(), (Some(far), 0));
        table.with_room(0).set_calm(far, root);
        assert_eq!(table.follow_calm(), (None, 0));
    }

    #[test]
    fn of_several_parents_the_smallest_is_kept_whoever_comes_first() {
        for parents in [[7 << 20, 5 << 20], [5 << 20, 7 << 20]] {
            let table = Table::new(1);
            assert_eq!(table.with_room(1).meet(9 << 20, parents[0], 3), Met::New);
            assert_eq!(table.with_room(1).meet(9 << 20, parents[1], 3), Met::Before);
            // One from the next level is farther.
            assert_eq!(table.with_room(1).meet(9 << 20, 1 << 20, 4), Met::Before);
            assert_eq!(table.parent(9 << 20), 5 << 20);
        }
    }

    #[test]
    fn all_is_found_again_when_the_table_has_grown_while_threads_put_in() {
        const COUNT: u64 = 50_000;
        let table = Table::new(1);
        let work = |parent: u64| {
            let keys = (1..=COUNT).map(|number| number << 20);
            keys.filter(|key| table.with_room(1).meet(*key, parent, 1) == Met::New).count() as u64
        };
        let new: u64 = std::thread::scope(|scope| {
            let threads = [3, 2, 4].map(|parent| scope.spawn(move || work(parent)));
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        assert_eq!((new, table.len()), (COUNT, COUNT));
        assert!((1..=COUNT).all(|number| table.parent(number << 20) == 2));
    }
}
