//! Where a choice leads, known before it is tried.
//!
//! What a unit does is between it and the host: only these two parts of the state change. So what was tried
//! and judged once, with a unit of this part and a host of this part, is not tried again merely because another
//! unit has moved: where it leads is known. That is nine choices of ten. A crash is the same with every unit,
//! each on its own.
//!
//! What changes other units as well, as the last step of a phase does, is never foreseen: it is tried in every
//! state, and so is a signal, a deadline, and the exit. In one state of eight something that is foreseen is tried
//! all the same, judged, and compared. That nothing is missed by this is not proved but checked:
//! `Model::without_foresight` tries every choice, and has to find the same.

use core::num::NonZeroU32;

use super::{
    choice::Choice,
    key::{self, Digests},
    map::Map,
    menu::Options,
    pieces::{Known, Parts},
    scope::Scope,
    state::State,
};

/// What a choice does to a unit, in a word, whichever unit it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Deed(u16);

const CRASH: Deed = Deed(0);

const NOTHING: Deed = Deed(u16::MAX);

/// What was tried once, and what came of it.
#[derive(Clone, Copy, Debug)]
struct Tried {
    deed: Deed,
    /// The number of the host's piece afterwards.
    host: u16,
    /// The number of the unit's piece afterwards.
    unit: u32,
}

/// What was tried with one unit in one host, or some of it: as much as comes from memory at a time.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Page {
    tried: [Tried; 7],
    /// The number of the page on which it goes on, if there is one.
    next: Option<NonZeroU32>,
}

impl Page {
    const fn with(first: Tried) -> Self {
        let mut tried = [Tried { deed: NOTHING, host: 0, unit: 0 }; 7];
        tried[0] = first;
        Self { tried, next: None }
    }
}

/// Everything that was tried with one unit, and a host.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// The numbers of first pages, by unit and host.
    first: Map<u32>,
    pages: Vec<Page>,
    /// What was learned here, once more and in order.
    learned: Vec<((u32, u32), Tried)>,
}

/// The state from which something is foreseen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    pub(super) parts: &'a Parts,
    pub(super) options: &'a Options,
    pub(super) digests: &'a Digests,
    pub(super) known: &'a Known,
}

/// What is foreseen from there.
#[derive(Debug)]
pub(super) struct Prospect<'a> {
    here: Here<'a>,
    all: &'a Foresight,
    /// Of each unit the first page, if there is one.
    pages: [Option<&'a Page>; Scope::UNITS_MAX as usize],
    /// All units' digests in one.
    sum: u64,
}

impl Prospect<'_> {
    /// Where a choice leads, if that is known there or in `latest`: by what it is known, and its parts.
    pub(super) fn look(&self, latest: &Foresight, choice: Choice) -> Option<(u64, Parts)> {
        let Here { parts, options, digests, known } = self.here;
        let (units, deed) = Deed::of(choice, parts.units().len())?;
        let mut sum = self.sum;
        let mut after = *parts;
        after.left = options.left_after(choice);
        for unit in units {
            let tried = self.pages[unit].and_then(|page| self.all.get(page, deed));
            let tried = match tried {
                Some(tried) => tried,
                None => latest.get(latest.first_page(parts.units()[unit], parts.host)?, deed)?,
            };
            sum = digests.sum_with(sum, unit, known.units.digest(tried.unit));
            after.host = tried.host.into();
            after.set_unit(unit, tried.unit);
        }
        Some((key::key(sum, known.hosts.digest(after.host), after.left), after))
    }
}

impl Foresight {
    /// What is foreseen from here.
    pub(super) fn seen_from<'a>(&'a self, here: Here<'a>) -> Prospect<'a> {
        let mut pages = [None; _];
        for (page, unit) in pages.iter_mut().zip(here.parts.units()) {
            *page = self.first_page(*unit, here.parts.host);
        }
        Prospect { here, all: self, pages, sum: here.digests.sum() }
    }

    /// This was tried in a state with these parts, broke nothing, and led to `next`: now that is known.
    pub(super) fn learn(&mut self, before: &Parts, choice: Choice, (next, after): (&State, &Parts)) {
        let Some((units, deed)) = Deed::of(choice, before.units().len()) else { return };
        if deed != CRASH && next.touched != 1 << units.start {
            return;
        }
        let Ok(host) = u16::try_from(after.host) else { return };
        for unit in units {
            let both = (before.units()[unit], before.host);
            let tried = Tried { deed, host, unit: after.units()[unit] };
            if self.put(both, tried) {
                self.learned.push((both, tried));
            }
        }
    }

    /// Takes everything out of another one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        for (both, tried) in core::mem::take(other).learned {
            self.put(both, tried);
        }
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.first.bytes() + size_of_val(self.pages.as_slice()) as u64
    }

    fn first_page(&self, unit: u32, host: u32) -> Option<&Page> {
        self.first.get(both(unit, host)).map(|page| &self.pages[page as usize])
    }

    /// On this page, or on those that follow it.
    fn get<'a>(&'a self, mut page: &'a Page, deed: Deed) -> Option<&'a Tried> {
        loop {
            if let found @ Some(_) = page.tried.iter().find(|tried| tried.deed == deed) {
                return found;
            }
            page = &self.pages[page.next?.get() as usize];
        }
    }

    /// Puts it in, if it is not there. Says whether it was new.
    fn put(&mut self, (unit, host): (u32, u32), tried: Tried) -> bool {
        let new = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        let Some(mut place) = self.first.get(both(unit, host)) else {
            self.first.put(both(unit, host), new);
            self.pages.push(Page::with(tried));
            return true;
        };
        loop {
            let page = &mut self.pages[place as usize];
            match page.tried.iter_mut().find(|there| [tried.deed, NOTHING].contains(&there.deed)) {
                Some(there) if there.deed == tried.deed => return false,
                Some(there) => {
                    *there = tried;
                    return true;
                }
                None => {}
            }
            if let Some(next) = page.next {
                place = next.get();
            } else {
                page.next = NonZeroU32::new(new);
                self.pages.push(Page::with(tried));
                return true;
            }
        }
    }
}

/// A unit and a host, as something like a digest.
fn both(unit: u32, host: u32) -> u64 {
    let both = u64::from(unit) << 32 | u64::from(host);
    let mixed = both.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

impl Deed {
    /// What a choice does to which of so many units, if it is done to each on its own.
    pub(super) fn of(choice: Choice, units: usize) -> Option<(core::ops::Range<usize>, Self)> {
        let (kind, which, how) = match choice {
            Choice::Crash => return Some((0..units, CRASH)),
            Choice::Finish(_, order, outcome) => (1, order, outcome as u8),
            Choice::Store(_, write, outcome) => (2, write, outcome as u8),
            Choice::Exit(_, exit) => (3, 0, exit as u8),
            Choice::Find(_, durable) => (4, 0, durable.into()),
            Choice::Stop(_, manner) => (5, 0, manner as u8),
            Choice::Keep(_, count) => (6, 0, count),
            Choice::Signal | Choice::Wake | Choice::Boot => return None,
        };
        let unit = choice.unit()?.index();
        // A list that is too long for the word is not worth a longer one.
        (which < 1 << 5).then(|| (unit..unit + 1, Self(kind << 13 | u16::from(which) << 8 | u16::from(how))))
    }
}
