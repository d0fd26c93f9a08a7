//! At most one deadline per unit, the earliest first: an indexed binary heap.
//!
//! A unit waits for one thing at a time (its start, its run budget, its backoff, its rung, its row),
//! so one place per unit is enough, and no stale entries pile up. Ties go to the smaller unit number.

use alloc::vec::Vec;

use crate::{ids::UnitId, time::Moment};

const ABSENT: u32 = u32::MAX;

/// A deadline above a unit's number, as one number: two of them are compared at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry(u128);

impl Entry {
    const fn new(at: Moment, unit: UnitId) -> Self {
        Self((at.nanos() as u128) << 64 | unit.0 as u128)
    }

    const fn at(self) -> Moment {
        Moment::from_nanos((self.0 >> 64) as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is a unit's number")]
    const fn unit(self) -> UnitId {
        UnitId(self.0 as u32)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    heap: Vec<Entry>,
    // Invariant: places[u] is where u stands in the heap, or ABSENT.
    places: Vec<u32>,
}

impl Timers {
    /// Makes room for one more unit, so that setting a timer never allocates later.
    pub(super) fn grow_to(&mut self, units: usize) {
        self.places.resize(units, ABSENT);
        self.heap.reserve(units.saturating_sub(self.heap.len()));
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.heap.clone_from(&other.heap);
        self.places.clone_from(&other.places);
    }

    pub(super) fn earliest(&self) -> Option<(Moment, UnitId)> {
        self.heap.first().map(|entry| (entry.at(), entry.unit()))
    }

    /// When the unit's deadline is; never if it has none.
    pub(super) fn of(&self, unit: UnitId) -> Moment {
        match self.places[unit.index()] {
            ABSENT => Moment::NEVER,
            place => self.heap[place as usize].at(),
        }
    }

    /// Sets or moves the unit's deadline. "Never" takes it away.
    #[inline]
    pub(super) fn set(&mut self, unit: UnitId, at: Moment) {
        if at.is_never() {
            return self.clear(unit);
        }
        let entry = Entry::new(at, unit);
        match self.places[unit.index()] {
            ABSENT => {
                self.heap.push(entry);
                self.rise(self.heap.len() - 1, entry);
            }
            place => self.settle(place as usize, entry),
        }
    }

    /// Makes room for so many units, none of which has a deadline.
    pub(super) fn clear_all(&mut self, units: usize) {
        self.heap.clear();
        self.places.clear();
        self.grow_to(units);
    }

    pub(super) fn clear(&mut self, unit: UnitId) {
        let place = core::mem::replace(&mut self.places[unit.index()], ABSENT);
        if place == ABSENT {
            return;
        }
        let place = place as usize;
        if let Some(last) = self.heap.pop()
            && place < self.heap.len()
        {
            self.settle(place, last);
        }
    }

    /// Puts the entry where it belongs, which is `place`, above it or below it.
    #[inline]
    fn settle(&mut self, place: usize, entry: Entry) {
        if place > 0 && entry < self.heap[(place - 1) / 2] {
            self.rise(place, entry);
        } else {
            self.sink(place, entry);
        }
    }

    #[inline]
    fn rise(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let parent = self.heap[(place - 1) / 2];
            if parent <= entry {
                break;
            }
            self.put(place, parent);
            place = (place - 1) / 2;
        }
        self.put(place, entry);
    }

    #[inline]
    fn sink(&mut self, mut place: usize, entry: Entry) {
        while let Some(mut child) = self.heap.get(2 * place + 1).copied() {
            let mut below = 2 * place + 1;
            if let Some(right) = self.heap.get(below + 1).filter(|right| **right < child) {
                (child, below) = (*right, below + 1);
            }
            if entry <= child {
                break;
            }
            self.put(place, child);
            place = below;
        }
        self.put(place, entry);
    }

    #[expect(clippy::cast_possible_truncation, reason = "units are numbered in 32 bits")]
    fn put(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        self.places[entry.unit().index()] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a plain list, over many small operations.
    #[test]
    fn agrees_with_a_sorted_list() {
        const UNITS: u32 = 9;
        let mut timers = Timers::default();
        timers.grow_to(UNITS as usize);
        let mut plain: Vec<(Moment, UnitId)> = Vec::new();
        let mut state = 1_u64;
        for _ in 0..5_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = UnitId(u32::try_from(state >> 40).unwrap() % UNITS);
            plain.retain(|entry| entry.1 != unit);
            if (state >> 33).is_multiple_of(4) {
                timers.clear(unit);
            } else {
                let at = Moment::from_nanos((state >> 36) % 50);
                timers.set(unit, at);
                plain.push((at, unit));
            }
            plain.sort_unstable();
            assert_eq!(timers.earliest(), plain.first().copied());
            for number in 0..UNITS {
                let unit = UnitId(number);
                let expected = plain.iter().find(|entry| entry.1 == unit);
                assert_eq!(timers.of(unit), expected.map_or(Moment::NEVER, |entry| entry.0));
            }
        }
    }
}
