//! By what a state is known again: everything that its future depends on, with time as time left.
//!
//! Units are all alike, so it does not matter which of them is which: their parts are put together in a way
//! that knows no order.

use winddown_core::UnitId;

use super::{
    left::Left,
    state::{Order, State, Task, Teller, Write},
};
use crate::{digest::Digest, explore::Scope};

/// How a state looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) value: u64,
    pub(super) parts: Parts,
}

/// What a key is made of: a digest of each part of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Parts {
    /// Each unit's.
    pub(super) units: [u64; Parts::UNITS_MAX],
    /// The host's.
    pub(super) host: u64,
    /// What may still happen.
    pub(super) left: Left,
    count: u8,
    /// Units can be taken for one another.
    pub(super) symmetric: bool,
}

impl Key {
    /// Whether a key is that of an exit.
    pub(super) const fn is_of_exit(value: u64) -> bool {
        value < INNER
    }
}

/// No key of a state that goes on is smaller than this.
const INNER: u64 = 1 << 63;

impl Parts {
    /// The most units there can be.
    pub(super) const UNITS_MAX: usize = Scope::UNITS_MAX as usize;

    /// How many units there are.
    pub(super) fn count(&self) -> usize {
        self.count.into()
    }

    /// Each unit's.
    pub(super) fn units(&self) -> &[u64] {
        &self.units[..self.count()]
    }

    /// A bit for each unit that is like one before it.
    pub(super) fn twins(&self) -> u8 {
        let units = &self.units[..self.count()];
        let like = |place: usize| self.symmetric && units[..place].contains(&units[place]);
        (0..units.len()).fold(0, |twins, place| twins | u8::from(like(place)) << place)
    }

    /// The key of a state with these parts. Of units that can be taken for one another the parts are added,
    /// so it makes no difference which is which.
    pub(super) fn key(self) -> Key {
        let placed = |(place, part): (u64, u64)| {
            if self.symmetric { part } else { part.wrapping_mul(2 * place + 1) }
        };
        let units = (0..).zip(self.units).map(placed);
        let mut digest = Digest::default();
        digest.pair(units.fold(0, u64::wrapping_add), self.host);
        digest.word(self.left.word());
        // The smallest numbers are those of exits and of nothing.
        Key { value: digest.value() | INNER, parts: self }
    }
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

    /// The key, and what it is made of.
    pub(super) fn look(&self, symmetric: bool) -> Key {
        self.look_again(symmetric, &[0; Parts::UNITS_MAX], u8::MAX)
    }

    /// The same, of a state that was made from one with these parts.
    pub(super) fn look_after(&self, before: &Parts) -> Key {
        let symmetric = before.symmetric;
        let key = self.look_again(symmetric, &before.units, self.touched);
        debug_assert_eq!(key, self.look(symmetric), "what was not touched is as it was");
        key
    }

    /// `known`: the parts of all units that were not touched.
    fn look_again(&self, symmetric: bool, known: &[u64; Parts::UNITS_MAX], touched: u8) -> Key {
        let count = u8::try_from(self.hands.len()).unwrap_or(u8::MAX).min(Scope::UNITS_MAX);
        let mut parts = Parts { units: [0; Parts::UNITS_MAX], host: 0, left: self.left, count, symmetric };
        if let Some(code) = self.exited {
            return Key { value: u64::from(code) + 1, parts };
        }
        parts.units = *known;
        for (place, unit) in (0..parts.count()).zip((0..).map(UnitId)) {
            if touched >> place & 1 == 1 {
                parts.units[place] = self.unit_key(unit);
            }
        }
        let mut words = Words::default();
        words.take(self.up.into());
        self.engine.visit_host_state(self.now, &mut |word| words.take(word));
        self.judge.visit_host_state(self.now, &mut |word| words.take(word));
        parts.host = words.digest().value();
        parts.key()
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
        for Order { unit: _, task, slow } in self.orders.iter().filter(|order| order.unit == unit) {
            let slow = u64::from(*slow) << 48;
            match task {
                // Its rung says which action it is.
                Task::Step(step, _) => {
                    digest.word(1 << 56 | slow | u64::from(step.incarnation.0));
                    digest.word(u64::from(step.rung) << 16 | u64::from(step.round));
                }
                Task::Reap => digest.word(2 << 56 | slow),
            }
        }
        for Write { unit: _, row, teller, slow } in self.writes.iter().filter(|write| write.unit == unit) {
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
