//! The states that were seen: of each its key, and where the calm choice leads from it. 16 bytes each, in an
//! open table that is at most three quarters full. Where ways are wanted, also from which state each was
//! reached first.
//!
//! Threads share it without waiting for each other, except while it grows. What one thread must know of
//! another is one word at a time, or of a level that is over.

use std::{
    hint::black_box,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

/// Keys are never smaller than this, except those of exits: see [`CODES`].
const NOBODY: u64 = 0;

/// Where a calm choice leads that was not tried: the state was not looked at further.
const UNTRIED: u64 = 0;

/// The calm choice leads nowhere: there is none.
pub(super) const STUCK: u64 = 12;

/// It was seen that calm leads to the exit from here.
const ENDS: u64 = 13;

/// The keys of exits: the code, and one.
const CODES: core::ops::RangeInclusive<u64> = 1..=9;

/// So many places there are at first.
const PLACES_MIN: usize = 4096;

/// A state, or a place for one.
#[derive(Debug, Default)]
#[repr(align(16))]
struct Seen {
    key: AtomicU64,
    calm: AtomicU64,
}

/// From where a state was reached first.
#[derive(Debug, Default)]
struct Way {
    /// The level that it is in, counted from 1. None while the state is being put in.
    level: AtomicU32,
    /// All bits the other way round, so that the smallest is the largest, and none is the smallest.
    not_parent: AtomicU64,
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
    /// An empty one. `ways`: with from where states are reached.
    pub(super) fn new(ways: bool) -> Self {
        Self { places: RwLock::new(Places::new(PLACES_MIN, ways)) }
    }

    /// The states, with room for so many more, which whoever asks has for its own.
    pub(super) fn with_room(&self, more: usize) -> Room<'_> {
        loop {
            let places = self.places();
            let used = places.used.fetch_add(more, Ordering::Relaxed);
            if places.has_room(used + more) {
                return Room { places, more, new: 0 };
            }
            places.used.fetch_sub(more, Ordering::Relaxed);
            drop(places);
            let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
            let used = places.used.load(Ordering::Relaxed);
            while !places.has_room(used + more) {
                places.grow();
            }
        }
    }

    fn places(&self) -> RwLockReadGuard<'_, Places> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From which state a state was first reached, if ways are wanted.
    pub(super) fn parent(&self, key: u64) -> u64 {
        self.places().parent(key)
    }

    /// How many states there are.
    pub(super) fn len(&self) -> u64 {
        self.places().used.load(Ordering::Relaxed) as u64
    }

    /// How many bytes they take, ways aside.
    pub(super) fn bytes(&self) -> u64 {
        let places = self.places();
        size_of_val(places.all.as_slice()) as u64
    }

    /// Follows calm from every state.
    pub(super) fn follow_calm(&self) -> Calm {
        self.places().follow_calm()
    }
}

/// What there is to say about calm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Calm {
    /// A state from which it does not lead to an exit, if there is one, by its key: if ways are wanted the
    /// nearest of them, the smallest key if several are as near.
    pub(super) lost: Option<u64>,
    /// Of so many states it is not known, because calm leads out of what was explored.
    pub(super) open: u64,
}

/// A table with room that nobody else uses.
#[derive(Debug)]
pub(super) struct Room<'a> {
    places: RwLockReadGuard<'a, Places>,
    more: usize,
    new: usize,
}

impl Room<'_> {
    /// Whether ways are wanted: from where each state is reached.
    pub(super) fn has_ways(&self) -> bool {
        !self.places.ways.is_empty()
    }

    /// Has a look at where these states are, at all of them at once: memory is slow to answer, and then it
    /// answers all together.
    pub(super) fn reach_for(&self, keys: impl Iterator<Item = u64>) {
        self.places.reach_for(keys);
    }

    /// A state was come to from `parent`, in a level of this number.
    pub(super) fn meet(&mut self, key: u64, parent: u64, level: u32) -> Met {
        let met = self.places.meet(key, parent, level);
        self.new += usize::from(met == Met::New);
        met
    }

    /// Notes where the calm choice leads from a state.
    pub(super) fn set_calm(&self, key: u64, calm: u64) {
        self.places.all[self.places.place(key)].calm.store(calm, Ordering::Relaxed);
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.places.used.fetch_sub(self.more - self.new, Ordering::Relaxed);
    }
}

/// What is in a table.
#[derive(Debug)]
struct Places {
    // Invariant: the length is a power of two, and there is always a free place.
    all: Vec<Seen>,
    /// As many, and in the same order, if ways are wanted; otherwise none.
    ways: Vec<Way>,
    /// How many there are, with those for which somebody has taken room.
    used: AtomicUsize,
}

fn empty<T: Default>(count: usize) -> Vec<T> {
    // Written, and not only taken for zero: a page that is read first comes twice, which takes 4 % of a search.
    (0..count).map(|_| black_box(T::default())).collect()
}

impl Places {
    fn new(count: usize, ways: bool) -> Self {
        let ways = empty(if ways { count } else { 0 });
        Self { all: empty(count), ways, used: AtomicUsize::new(0) }
    }

    fn has_room(&self, used: usize) -> bool {
        4 * used <= 3 * self.all.len()
    }

    fn grow(&mut self) {
        let mut larger = Self::new(2 * self.all.len(), !self.ways.is_empty());
        for (from, seen) in self.all.iter_mut().enumerate() {
            let key = *seen.key.get_mut();
            if key != NOBODY {
                let to = larger.place(key);
                larger.all[to] = core::mem::take(seen);
                if let Some(way) = self.ways.get_mut(from) {
                    larger.ways[to] = core::mem::take(way);
                }
            }
        }
        larger.used = core::mem::take(&mut self.used);
        *self = larger;
    }

    /// Where a state is, or would be.
    fn place(&self, key: u64) -> usize {
        let mut place = self.home(key);
        while ![NOBODY, key].contains(&self.all[place].key.load(Ordering::Relaxed)) {
            place = self.after(place);
        }
        place
    }

    /// Where it is looked for first.
    const fn home(&self, key: u64) -> usize {
        mix(key) & (self.all.len() - 1)
    }

    const fn after(&self, place: usize) -> usize {
        (place + 1) & (self.all.len() - 1)
    }

    fn reach_for(&self, keys: impl Iterator<Item = u64>) {
        let word = |key| self.all[self.home(key)].key.load(Ordering::Relaxed);
        let _seen = black_box(keys.fold(0, |all, key| all ^ word(key)));
    }

    /// There must be room.
    fn meet(&self, key: u64, parent: u64, level: u32) -> Met {
        let mut place = self.home(key);
        let met = loop {
            let there = &self.all[place].key;
            let mut found = there.load(Ordering::Relaxed);
            if found == NOBODY {
                let put = there.compare_exchange(NOBODY, key, Ordering::Relaxed, Ordering::Relaxed);
                // Somebody else may be faster.
                match put {
                    Ok(_) => break Met::New,
                    Err(other) => found = other,
                }
            }
            if found == key {
                break Met::Before;
            }
            place = self.after(place);
        };
        if let Some(way) = self.ways.get(place) {
            way.come(parent, level + 1, met);
        }
        met
    }

    fn parent(&self, key: u64) -> u64 {
        self.ways.get(self.place(key)).map_or(NOBODY, |way| !way.not_parent.load(Ordering::Relaxed))
    }

    fn follow_calm(&self) -> Calm {
        let mut nearest: Option<(usize, u64)> = None;
        let mut open = 0;
        let mut way = Vec::new();
        for first in (0..self.all.len()).step_by(BLOCK) {
            let block = first..self.all.len().min(first + BLOCK);
            self.reach_for(self.all[block.clone()].iter().map(|seen| seen.calm.load(Ordering::Relaxed)));
            for place in block {
                let key = self.all[place].key.load(Ordering::Relaxed);
                if key == NOBODY || CODES.contains(&key) {
                    continue;
                }
                way.clear();
                match self.walk(place, &mut way) {
                    Walked::Ends => {
                        way.iter().for_each(|place| self.all[*place].calm.store(ENDS, Ordering::Relaxed));
                    }
                    Walked::Open => open += 1,
                    Walked::Lost => {
                        let found = (self.steps_to(key), key);
                        nearest = Some(nearest.map_or(found, |other| other.min(found)));
                    }
                }
            }
        }
        Calm { lost: nearest.map(|(_, key)| key), open }
    }

    /// How far a state is from the first one, if ways are wanted.
    fn steps_to(&self, key: u64) -> usize {
        core::iter::successors(Some(key), |key| Some(self.parent(*key)).filter(|key| *key != NOBODY)).count()
    }

    fn walk(&self, from: usize, way: &mut Vec<usize>) -> Walked {
        let mut place = from;
        loop {
            let calm = self.all[place].calm.load(Ordering::Relaxed);
            if calm == ENDS {
                return Walked::Ends;
            }
            if calm == UNTRIED {
                return Walked::Open;
            }
            // Calm that goes on for so long goes in a circle.
            if calm == STUCK || way.len() > CALM_MAX {
                return Walked::Lost;
            }
            way.push(place);
            if CODES.contains(&calm) {
                return Walked::Ends;
            }
            place = self.place(calm);
        }
    }
}

impl Way {
    /// Somebody came here. Of several parents in the level before, the one with the smallest key is kept,
    /// whoever comes first.
    fn come(&self, parent: u64, level: u32, met: Met) {
        if met == Met::New {
            self.level.store(level, Ordering::Relaxed);
        }
        // What is being put in is of this level: those before are over.
        if [level, 0].contains(&self.level.load(Ordering::Relaxed)) {
            self.not_parent.fetch_max(!parent, Ordering::Relaxed);
        }
    }
}

/// So many states are reached for at a time.
const BLOCK: usize = 64;

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
        let table = Table::new(true);
        for (key, parent, level) in [(root, NOBODY, 0), (near, root, 1), (far, near, 2), (ends, root, 1)] {
            assert_eq!(table.with_room(1).meet(key, parent, level), Met::New);
        }
        let calm = |lost, open| Calm { lost, open };
        table.with_room(0).set_calm(root, ends);
        assert_eq!(table.follow_calm(), calm(None, 2));
        table.with_room(0).set_calm(near, far);
        table.with_room(0).set_calm(far, near);
        assert_eq!(table.follow_calm(), calm(Some(near), 0));
        table.with_room(0).set_calm(far, STUCK);
        assert_eq!(table.follow_calm(), calm(Some(near), 0));
        table.with_room(0).set_calm(near, ends);
        assert_eq!(table.follow_calm(), calm(Some(far), 0));
        table.with_room(0).set_calm(far, root);
        assert_eq!(table.follow_calm(), calm(None, 0));
    }

    #[test]
    fn of_several_parents_the_smallest_is_kept_whoever_comes_first() {
        for parents in [[7 << 20, 5 << 20], [5 << 20, 7 << 20]] {
            let table = Table::new(true);
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
        let table = Table::new(true);
        let work = |parent: u64| {
            let keys = (1..=COUNT).map(|number| number << 20);
            keys.filter(|key| table.with_room(3).meet(*key, parent, 1) == Met::New).count() as u64
        };
        let new: u64 = std::thread::scope(|scope| {
            let threads = [3, 2, 4].map(|parent| scope.spawn(move || work(parent)));
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        assert_eq!((new, table.len()), (COUNT, COUNT));
        assert!((1..=COUNT).all(|number| table.parent(number << 20) == 2));
    }
}
