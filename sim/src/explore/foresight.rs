//! Where a choice leads, known before it is tried.
//!
//! What a unit does is between it and the host: only these two parts of the state change. So what was tried
//! and judged once, with a unit of this part and a host of this part, is not tried again merely because another
//! unit has moved: where it leads is known. That is nine choices of ten. A crash is the same with every unit,
//! each on its own.
//!
//! What changes other units as well, as the last step of a phase does, is never foreseen. A state that is new is
//! still gone to, judged, and compared with what was foreseen; a choice that leads to a known one is not tried.
//! That nothing is missed by this is not proved but checked: `Model::without_foresight` tries every choice, and
//! has to find the same.

use super::{choice::Choice, key::Parts, map::Map, state::State};
use crate::digest::Digest;

/// What a choice does to a unit, in a word, whichever unit it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Deed(u64);

const CRASH: Deed = Deed(0);

/// What came of what was tried once.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    /// The unit's part afterwards.
    unit: u64,
    /// The host's part afterwards.
    host: u64,
}

/// Everything that was tried with one unit: what was done, to a unit and a host of which parts.
#[derive(Debug, Default)]
pub(super) struct Foresight(Map<Tried>);

impl Foresight {
    /// By what a choice's end is known, if that is known here or in `latest`.
    pub(super) fn look(&self, latest: &Self, state: &State, before: &Parts, choice: Choice) -> Option<u64> {
        let mut parts = *before;
        let (units, deed) = state.deed(choice)?;
        for unit in units {
            let what = what(before, unit, deed);
            let tried = self.0.get(what).or_else(|| latest.0.get(what))?;
            (parts.units[unit], parts.host) = (tried.unit, tried.host);
        }
        parts.left = state.left_after(choice);
        Some(parts.key().value)
    }

    /// A choice was tried, broke nothing, and led to `next`, with these parts: now that is known.
    pub(super) fn learn(
        &mut self,
        state: &State,
        before: &Parts,
        choice: Choice,
        next: &State,
        after: &Parts,
    ) {
        let Some((units, deed)) = state.deed(choice).filter(|_| !next.is_over()) else { return };
        if deed != CRASH && next.touched != 1 << units.start {
            return;
        }
        for unit in units {
            self.0.put(what(before, unit, deed), Tried { unit: after.units[unit], host: after.host });
        }
    }

    /// Takes everything out of another one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        self.0.absorb(&mut other.0);
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

fn what(parts: &Parts, unit: usize, deed: Deed) -> u64 {
    let mut digest = Digest::default();
    digest.pair(parts.units[unit], parts.host);
    digest.word(deed.0);
    digest.value().max(1)
}

impl State {
    /// What a choice does to which units, if it is done to each on its own.
    fn deed(&self, choice: Choice) -> Option<(core::ops::Range<usize>, Deed)> {
        if choice == Choice::Crash {
            return Some((0..self.bodies.len(), CRASH));
        }
        let unit = self.unit_of(&choice)?;
        // Of what is asked of one unit, or written for it, how much comes before.
        let orders =
            |place: u8| self.orders[..place.into()].iter().filter(|order| order.unit == unit).count();
        let writes =
            |place: u8| self.writes[..place.into()].iter().filter(|write| write.unit == unit).count();
        let (kind, which, how) = match choice {
            Choice::Finish(place, outcome) => (1, orders(place), outcome as u64),
            Choice::Store(place, outcome) => (2, writes(place), outcome as u64),
            Choice::Exit(_, exit) => (3, 0, exit as u64),
            Choice::Find(_, durable) => (4, 0, durable.into()),
            Choice::Stop(_, manner) => (5, 0, manner as u64),
            Choice::Keep(_, count) => (6, 0, count.into()),
            Choice::Signal | Choice::Wake | Choice::Crash | Choice::Boot => return None,
        };
        Some((unit.index()..unit.index() + 1, Deed(kind << 32 | (which as u64) << 16 | how)))
    }
}
