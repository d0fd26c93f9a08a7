//! By what a state is known again: everything that its future depends on, with time as time left.
//!
//! Units are all alike, so it does not matter which of them is which: their parts are put in order
//! before they are put together.

use winddown_core::UnitId;

use super::state::{Order, State, Task, Teller, Write};
use crate::{digest::Digest, explore::Scope};

const UNITS_MAX: usize = Scope::UNITS_MAX as usize;

/// How a state looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) value: u64,
    /// A bit for each unit that is like one before it.
    pub(super) twins: u8,
    /// Each unit's part.
    parts: [u64; UNITS_MAX],
}

/// Words on their way into a digest, two at a time.
#[derive(Default)]
struct Words {
    digest: Digest,
    held: Option<u64>,
}

impl Words {
    fn take(&mut self, word: u64) {
        match self.held.take() {
            None => self.held = Some(word),
            Some(first) => self.digest.pair(first, word),
        }
    }

    fn digest(mut self) -> Digest {
        if let Some(last) = self.held {
            self.digest.word(last);
        }
        self.digest
    }
}

impl State {
    /// The state's key, the same for all states that will behave alike. `symmetric`: also if they differ
    /// in which unit is which.
    #[must_use]
    pub fn key(&self, symmetric: bool) -> u64 {
        self.look(symmetric).value
    }

    /// The key, and which units are like others.
    pub(super) fn look(&self, symmetric: bool) -> Key {
        self.look_again(symmetric, &[0; UNITS_MAX], u8::MAX)
    }

    /// The same, of a state that was made from one with this key.
    pub(super) fn look_after(&self, symmetric: bool, before: &Key) -> Key {
        let key = self.look_again(symmetric, &before.parts, self.touched);
        debug_assert_eq!(key, self.look(symmetric), "what was not touched is as it was");
        key
    }

    /// `known`: the parts of all units that were not touched.
    fn look_again(&self, symmetric: bool, known: &[u64; UNITS_MAX], touched: u8) -> Key {
        if let Some(code) = self.exited {
            return Key { value: u64::from(code) + 1, twins: 0, parts: [0; UNITS_MAX] };
        }
        let mut all = *known;
        let count = self.hands.len().min(UNITS_MAX);
        let mut twins = 0;
        for (place, unit) in (0..count).zip((0..).map(UnitId)) {
            if touched >> place & 1 == 1 {
                all[place] = self.unit_key(unit);
            }
            twins |= u8::from(symmetric && all[..place].contains(&all[place])) << place;
        }
        let mut parts = all;
        let parts = &mut parts[..count];
        if symmetric {
            parts.sort_unstable();
        }
        let mut words = Words::default();
        parts.iter().for_each(|part| words.take(*part));
        self.engine.visit_host_state(self.now, &mut |word| words.take(word));
        self.judge.visit_host_state(self.now, &mut |word| words.take(word));
        let mut digest = words.digest();
        let left = &self.left;
        let left = [left.stops, left.findings, left.signals, left.failures, left.delays, left.crashes];
        digest.word(left.iter().fold(u64::from(self.up), |word, count| word << 8 | u64::from(*count)));
        // The smallest numbers are those of exits and of nothing.
        Key { value: digest.value() | 1 << 63, twins, parts: all }
    }

    /// One unit's part of it.
    pub(super) fn unit_key(&self, unit: UnitId) -> u64 {
        let mut words = Words::default();
        self.engine.visit_unit_state(self.now, unit, &mut |word| words.take(word));
        self.judge.visit_unit_state(self.now, unit, &mut |word| words.take(word));
        let mut digest = words.digest();
        let (body, hand) = (&self.bodies[unit.index()], &self.hands[unit.index()]);
        let bits = [body.alive, hand.told, hand.unreported, hand.orphan, self.store.row(unit).is_some()];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        digest.word(bits << 40 | u64::from(body.incarnation.0));
        if let Some(row) = self.store.row(unit) {
            digest.row(row);
        }
        for Order { task, slow } in &self.orders {
            let slow = u64::from(*slow) << 48;
            match task {
                // Its rung says which action it is.
                Task::Step(of, step, _) if *of == unit => {
                    digest.word(1 << 56 | slow | u64::from(step.incarnation.0));
                    digest.word(u64::from(step.rung) << 16 | u64::from(step.round));
                }
                Task::Reap(of) if *of == unit => digest.word(2 << 56 | slow),
                Task::Step(..) | Task::Reap(_) => {}
            }
        }
        for Write { unit: of, row, teller, slow } in &self.writes {
            if *of != unit {
                continue;
            }
            let slow = u64::from(*slow) << 48;
            match teller {
                Teller::Nobody => digest.word(3 << 56),
                Teller::Row => digest.word(4 << 56 | slow),
                Teller::Checkpoint(step) => {
                    digest.word(5 << 56 | slow | u64::from(step.incarnation.0));
                    digest.word(u64::from(step.rung) << 16 | u64::from(step.round));
                }
            }
            digest.row(*row);
        }
        digest.value()
    }
}
