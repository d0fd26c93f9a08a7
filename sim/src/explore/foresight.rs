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

use super::{
    choice::Choice,
    key::{Key, Parts},
    state::State,
};
use crate::digest::Digest;

/// What a choice does to a unit, in a word, whichever unit it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Deed(u64);

const CRASH: Deed = Deed(0);

/// What was tried once: a place in a table, or nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    /// A digest of what was done, to a unit and a host of which parts. Zero if there is nothing.
    what: u64,
    /// The unit's part afterwards.
    unit: u64,
    /// The host's part afterwards.
    host: u64,
}

/// So many places there are at first.
const PLACES_MIN: usize = 1 << 12;

/// Everything that was tried with one unit.
#[derive(Debug)]
pub(super) struct Foresight {
    // Invariant: the length is a power of two, and at most three quarters of it are used.
    all: Vec<Tried>,
    used: usize,
}

impl Default for Foresight {
    fn default() -> Self {
        Self { all: vec![Tried::default(); PLACES_MIN], used: 0 }
    }
}

impl Foresight {
    /// Where a choice leads from a state, if that is known.
    pub(super) fn look(&self, state: &State, before: &Key, choice: Choice) -> Option<Key> {
        let mut parts = before.parts;
        let (units, deed) = state.deed(choice)?;
        for unit in units {
            let tried = self.get(what(&before.parts, unit, deed))?;
            (parts.units[unit], parts.host) = (tried.unit, tried.host);
        }
        parts.left = state.left_after(choice).word();
        Some(parts.key())
    }

    /// A choice was tried, broke nothing, and led to `next`, with this key: now that is known.
    pub(super) fn learn(&mut self, state: &State, before: &Key, choice: Choice, next: &State, after: &Key) {
        let Some((units, deed)) = state.deed(choice).filter(|_| !next.is_over()) else { return };
        if deed != CRASH && next.touched != 1 << units.start {
            return;
        }
        for unit in units {
            let what = what(&before.parts, unit, deed);
            self.put(Tried { what, unit: after.parts.units[unit], host: after.parts.host });
        }
    }

    fn get(&self, what: u64) -> Option<&Tried> {
        Some(&self.all[self.place(what)]).filter(|tried| tried.what == what)
    }

    fn put(&mut self, tried: Tried) {
        if 4 * (self.used + 1) > 3 * self.all.len() {
            let larger = vec![Tried::default(); 2 * self.all.len()];
            let old = core::mem::replace(&mut self.all, larger);
            old.into_iter().filter(|tried| tried.what != 0).for_each(|tried| {
                let place = self.place(tried.what);
                self.all[place] = tried;
            });
        }
        let place = self.place(tried.what);
        self.used += usize::from(self.all[place].what == 0);
        self.all[place] = tried;
    }

    /// Where it is, or would be.
    #[expect(clippy::cast_possible_truncation, reason = "a digest is mixed well in all its bits")]
    fn place(&self, what: u64) -> usize {
        let mask = self.all.len() - 1;
        let mut place = what as usize & mask;
        while ![0, what].contains(&self.all[place].what) {
            place = (place + 1) & mask;
        }
        place
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(self.all.as_slice()) as u64
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
            |place: u8| self.orders[..place.into()].iter().filter(|order| order.unit() == unit).count();
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
