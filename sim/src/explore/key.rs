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

/// What a key is made of: a digest of each part of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Digests {
    /// Each unit's; zero, where there is none.
    pub(super) units: [u64; Scope::UNITS_MAX as usize],
    /// The host's.
    pub(super) host: u64,
    /// What may still happen.
    pub(super) left: Left,
    /// Units can be taken for one another.
    pub(super) symmetric: bool,
}

/// Whether a key is that of an exit.
pub(super) const fn is_of_exit(key: u64) -> bool {
    key < INNER
}

/// No key of a state that goes on is smaller than this.
const INNER: u64 = 1 << 63;

impl Digests {
    /// The key of a state with these parts.
    pub(super) fn key(&self) -> u64 {
        key(self.sum(), self.host, self.left)
    }

    /// All units' digests in one. Of those that can be taken for one another they are added, so it makes no
    /// difference which is which.
    pub(super) fn sum(&self) -> u64 {
        (0..self.units.len()).fold(0, |sum, unit| sum.wrapping_add(self.placed(unit, self.units[unit])))
    }

    /// What the sum is if this unit has another digest.
    pub(super) const fn sum_with(&self, sum: u64, unit: usize, digest: u64) -> u64 {
        sum.wrapping_add(self.placed(unit, digest.wrapping_sub(self.units[unit])))
    }

    const fn placed(&self, unit: usize, digest: u64) -> u64 {
        if self.symmetric { digest } else { digest.wrapping_mul(2 * unit as u64 + 1) }
    }
}

/// The key of a state whose parts have these digests.
pub(super) const fn key(units: u64, host: u64, left: Left) -> u64 {
    let mut digest = Digest::new();
    digest.pair(units, host);
    digest.word(left.word());
    // The smallest numbers are those of exits and of nothing.
    digest.value() | INNER
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
        self.key_of_exit().unwrap_or_else(|| self.digests(symmetric).key())
    }

    /// The state's key if the host has exited: all that counts is the code.
    pub(super) fn key_of_exit(&self) -> Option<u64> {
        self.exited.map(|code| u64::from(code) + 1)
    }

    /// What its key is made of.
    pub(super) fn digests(&self, symmetric: bool) -> Digests {
        let units = [0; Scope::UNITS_MAX as usize];
        self.digests_again(&Digests { units, host: 0, left: self.left, symmetric }, u8::MAX)
    }

    /// The same, of a state that was made from one with these digests.
    pub(super) fn digests_after(&self, before: &Digests) -> Digests {
        let digests = self.digests_again(before, self.touched);
        debug_assert_eq!(digests, self.digests(before.symmetric), "what was not touched is as it was");
        digests
    }

    fn digests_again(&self, before: &Digests, touched: u8) -> Digests {
        let mut digests = Digests { left: self.left, ..*before };
        for ((unit, _), digest) in self.hands().zip(&mut digests.units) {
            if touched >> unit.0 & 1 == 1 {
                *digest = self.unit_key(unit);
            }
        }
        let mut words = Words::default();
        words.take(self.up.into());
        self.engine.visit_host_state(self.now, &mut |word| words.take(word));
        self.judge.visit_host_state(self.now, &mut |word| words.take(word));
        digests.host = words.digest().value();
        digests
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
