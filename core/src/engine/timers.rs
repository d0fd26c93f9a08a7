//! At most one deadline per unit, the earliest first: an indexed binary heap.
//!
//! A unit waits for one thing at a time (its start, its run budget, its backoff, its rung, its row),
//! so one place per unit is enough, and no stale entries pile up. Ties go to the smaller unit number.

use alloc::vec::Vec;

use crate::{ids::UnitId, time::Moment};

const ABSENT: u32 = u32::MAX;

#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    heap: Vec<(Moment, UnitId)>,
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
        self.heap.first().copied()
    }

    /// When the unit's deadline is; never if it has none.
    pub(super) fn of(&self, unit: UnitId) -> Moment {
        match self.places[unit.index()] {
            ABSENT => Moment::NEVER,
            place => self.heap[place as usize].0,
        }
    }

    /// Sets or moves the unit's deadline. "Never" takes it away.
    pub(super) fn set(&mut self, unit: UnitId, at: Moment) {
        if at.is_never() {
            return self.clear(unit);
        }
        let place = match self.places[unit.index()] {
            ABSENT => {
                self.heap.push((at, unit));
                self.heap.len() - 1
            }
            place => {
                self.heap[place as usize].0 = at;
                place as usize
            }
        };
        self.settle(place);
    }

    pub(super) fn clear(&mut self, unit: UnitId) {
        let place = core::mem::replace(&mut self.places[unit.index()], ABSENT);
        if place == ABSENT {
            return;
        }
        let place = place as usize;
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
    }

    /// Puts the entry at `place`, the only one that may be out of order, where it belongs.
    fn settle(&mut self, mut place: usize) {
        while place > 0 && self.heap[place] < self.heap[(place - 1) / 2] {
            self.heap.swap(place, (place - 1) / 2);
            self.note(place);
            place = (place - 1) / 2;
        }
        loop {
            let left = 2 * place + 1;
            let right = left + 1;
            if left >= self.heap.len() {
                break;
            }
            let child =
                if right < self.heap.len() && self.heap[right] < self.heap[left] { right } else { left };
            if self.heap[place] <= self.heap[child] {
                break;
            }
            self.heap.swap(place, child);
            self.note(place);
            place = child;
        }
        self.note(place);
    }

    #[expect(clippy::cast_possible_truncation, reason = "units are numbered in 32 bits")]
    fn note(&mut self, place: usize) {
        let unit = self.heap[place].1;
        self.places[unit.index()] = place as u32;
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
