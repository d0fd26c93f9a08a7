//! What is done to a unit, and what becomes of the host: a word each.

use core::ops::Range;

use super::choice::Choice;

/// What a choice does to a unit, whichever unit it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Deed(u16);

impl Deed {
    /// The host's process dies.
    pub(super) const CRASH: Self = Self(0);

    /// The host gets a signal.
    pub(super) const SIGNAL: Self = Self(1);

    /// Something is done with all units at once, and it was none of this one's doing.
    pub(super) const BESIDE: Self = Self(2);

    /// No deed: there is room for one.
    pub(super) const NOTHING: Self = Self(u16::MAX);

    /// What a choice does, and to which of so many units. None, if that is never foreseen.
    pub(super) fn of(choice: Choice, units: usize) -> Option<(Range<usize>, Self)> {
        let (kind, which, how) = match choice {
            Choice::Crash => return Some((0..units, Self::CRASH)),
            Choice::Signal => return Some((0..0, Self::SIGNAL)),
            Choice::Finish(_, order, outcome) => (1, order, outcome as u8),
            Choice::Store(_, write, outcome) => (2, write, outcome as u8),
            Choice::Exit(_, exit) => (3, 0, exit as u8),
            Choice::Find(_, durable) => (4, 0, durable.into()),
            Choice::Stop(_, manner) => (5, 0, manner as u8),
            Choice::Keep(_, count) => (6, 0, count),
            Choice::Wake | Choice::Boot => return None,
        };
        let unit = choice.unit()?.index();
        // A list that is too long for the word is not worth a longer one.
        let deed = Self(kind << 13 | u16::from(which) << 8 | u16::from(how));
        (which < 1 << 5).then_some((unit..unit + 1, deed))
    }

    pub(super) fn word(self) -> u64 {
        self.0.into()
    }
}

/// What becomes of a host: the number of its piece, or an exit.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Fate(u16);

impl Fate {
    /// From here on it is an exit, and this is added to its key.
    const EXITS: u16 = u16::MAX - 15;

    /// It goes on. None, if there are too many hosts for the word.
    pub(super) fn goes_on(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|number| *number < Self::EXITS).map(Self)
    }

    /// It exits, and this is the key of that.
    pub(super) fn exits(key: u64) -> Option<Self> {
        u16::try_from(key).ok().and_then(|key| Self::EXITS.checked_add(key)).map(Self)
    }

    /// The number of its piece, or else the key of the exit.
    pub(super) fn told(self) -> Result<u32, u64> {
        match self.0.checked_sub(Self::EXITS) {
            None => Ok(self.0.into()),
            Some(key) => Err(key.into()),
        }
    }
}
