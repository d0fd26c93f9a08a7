//! Where a choice leads, known before it is tried.
//!
//! What a unit does is between it and the host: only these two parts of the state change. So what was tried
//! and judged once, with a unit of this part and a host of this part, is not tried again merely because another
//! unit has moved: where it leads is known. A crash is the same with every unit, each on its own.
//!
//! A signal, the last step of a phase, and what brings the exit are about all units: these are turns. What becomes
//! of the host depends on what is done in which host by which unit, and on how all others stand to it; what becomes
//! of each of these, on itself, on the host, and on what becomes of the host.
//!
//! A deadline is never foreseen: it is tried in every state. In one state of many something that is foreseen is tried
//! all the same, judged, and compared. That nothing is missed by this is not proved but checked:
//! `Model::without_foresight` tries every choice, and has to find the same.

use core::{num::NonZeroU32, ops::Range};

use super::{
    choice::Choice,
    deed::{Deed, Fate},
    key::{self, Digests},
    map::Map,
    menu::Options,
    pieces::{Known, Parts},
    scope::Scope,
};
use crate::digest::Digest;

/// What was tried once, and what came of it.
#[derive(Clone, Copy, Debug)]
struct Tried {
    deed: Deed,
    /// What became of the host.
    fate: Fate,
    /// The number of the unit's piece afterwards.
    unit: u32,
}

impl Tried {
    /// Whether it says what comes of this deed, and, if that was somebody else's, of what became of the host.
    fn answers(&self, deed: Deed, fate: Fate) -> bool {
        self.deed == deed && (deed != Deed::BESIDE || self.fate == fate)
    }
}

/// What came of a turn.
#[derive(Clone, Copy, Default, Debug)]
struct Turned {
    /// What became of the host.
    fate: Fate,
    /// The number of the piece afterwards of the unit that did it.
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
        let mut tried = [Tried { deed: Deed::NOTHING, ..first }; 7];
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
    turns: Map<Turned>,
    /// What was learned here, once more and in order.
    learned: Vec<((u32, u32), Tried)>,
    learned_turns: Vec<(u64, Turned)>,
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
    latest: &'a Foresight,
    /// Of each unit the first page, if there is one.
    pages: [Option<&'a Page>; Scope::UNITS_MAX as usize],
    /// All units' digests in one.
    sum: u64,
}

/// Where a choice has led.
#[derive(Clone, Copy, Debug)]
pub(super) enum Led<'a> {
    /// To a state with these parts, of which these units may be others than before: a bit for each.
    On(&'a Parts, u8),
    /// To an exit with this key.
    Out(u64),
}

impl Prospect<'_> {
    /// Where a choice leads, if that is known: the key, and the parts, unless it is an exit.
    pub(super) fn look(&self, choice: Choice) -> Option<(u64, Parts)> {
        let Here { parts, options, .. } = self.here;
        let (actors, deed) = Deed::of(choice, parts.units().len())?;
        let mut end = End { parts: *parts, sum: self.sum };
        end.parts.left = options.left_after(choice);
        match self.look_at_each(actors.clone(), deed, end) {
            None => self.look_at_turn(&actors, deed, end),
            known => known,
        }
    }

    /// What is done to each unit on its own.
    fn look_at_each(&self, actors: Range<usize>, deed: Deed, mut end: End) -> Option<(u64, Parts)> {
        if actors.is_empty() {
            return None;
        }
        for place in actors {
            let tried = self.find(place, deed, Fate::default())?;
            end.set_unit(self.here, place, tried.unit);
            end.parts.host = tried.fate.told().ok()?;
        }
        Some(end.with_key(self.here))
    }

    fn look_at_turn(&self, actors: &Range<usize>, deed: Deed, mut end: End) -> Option<(u64, Parts)> {
        let Here { parts, known, .. } = self.here;
        let turn = turn_key(parts, actors, deed, known);
        let Turned { fate, unit } = self.all.turns.get(turn).or_else(|| self.latest.turns.get(turn))?;
        for place in 0..parts.units().len() {
            let unit =
                if actors.contains(&place) { unit } else { self.find(place, Deed::BESIDE, fate)?.unit };
            end.set_unit(self.here, place, unit);
        }
        match fate.told() {
            Ok(host) => end.parts.host = host,
            Err(exit) => return Some((exit, end.parts)),
        }
        Some(end.with_key(self.here))
    }

    /// What was tried with the unit in this place.
    fn find(&self, place: usize, deed: Deed, fate: Fate) -> Option<&Tried> {
        let Here { parts, .. } = self.here;
        match self.pages[place].and_then(|page| self.all.get(page, deed, fate)) {
            None => self.latest.get(self.latest.first_page(parts.units()[place], parts.host)?, deed, fate),
            tried => tried,
        }
    }
}

/// A state that a choice leads to.
#[derive(Clone, Copy)]
struct End {
    parts: Parts,
    /// All units' digests in one.
    sum: u64,
}

impl End {
    fn set_unit(&mut self, here: Here<'_>, place: usize, unit: u32) {
        self.sum = here.digests.sum_with(self.sum, place, here.known.units.digest(unit));
        self.parts.set_unit(place, unit);
    }

    /// The key, and the parts.
    fn with_key(self, here: Here<'_>) -> (u64, Parts) {
        let Self { parts, sum } = self;
        (key::key(sum, here.known.hosts.digest(parts.host), parts.left), parts)
    }
}

/// What a turn depends on: what is done, in which host, by which unit, and how all others stand to it.
fn turn_key(parts: &Parts, actors: &Range<usize>, deed: Deed, known: &Known) -> u64 {
    let mut actor = u32::MAX;
    let mut others = 0_u64;
    for (place, unit) in parts.units().iter().enumerate() {
        if actors.contains(&place) {
            actor = *unit;
        } else {
            others = others.wrapping_add(known.standing(*unit));
        }
    }
    let mut digest = Digest::new();
    digest.pair(u64::from(actor) << 32 | u64::from(parts.host), others);
    digest.word(deed.word());
    digest.value()
}

impl Foresight {
    /// What is foreseen from here, by what is known there or in `latest`.
    pub(super) fn seen_from<'a>(&'a self, latest: &'a Self, here: Here<'a>) -> Prospect<'a> {
        let mut pages = [None; _];
        for (page, unit) in pages.iter_mut().zip(here.parts.units()) {
            *page = self.first_page(*unit, here.parts.host);
        }
        Prospect { here, all: self, latest, pages, sum: here.digests.sum() }
    }

    /// This was tried in a state with these parts, broke nothing, and led there: now that is known.
    pub(super) fn learn(&mut self, before: &Parts, known: &Known, choice: Choice, led: Led<'_>) {
        let Some((actors, deed)) = Deed::of(choice, before.units().len()) else { return };
        let (fate, after, touched) = match led {
            Led::On(after, touched) => (Fate::goes_on(after.host), after, touched),
            Led::Out(key) => (Fate::exits(key), before, u8::MAX),
        };
        let Some(fate) = fate else { return };
        let alone = deed == Deed::CRASH || actors.len() == 1 && touched == 1 << actors.start;
        if !alone {
            let unit = after.units()[actors.start];
            self.put_turn(turn_key(before, &actors, deed, known), Turned { fate, unit });
        }
        for (place, (unit, after)) in before.units().iter().zip(after.units()).enumerate() {
            // Either what is done to each of these, or what that was to all others.
            if actors.contains(&place) == alone {
                let deed = if alone { deed } else { Deed::BESIDE };
                let tried = Tried { deed, fate, unit: *after };
                if self.put((*unit, before.host), tried) {
                    self.learned.push(((*unit, before.host), tried));
                }
            }
        }
    }

    fn put_turn(&mut self, turn: u64, turned: Turned) {
        if self.turns.get(turn).is_none() {
            self.turns.put(turn, turned);
            self.learned_turns.push((turn, turned));
        }
    }

    /// Takes everything out of another one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        let Self { learned, learned_turns, .. } = core::mem::take(other);
        for (both, tried) in learned {
            self.put(both, tried);
        }
        for (turn, turned) in learned_turns {
            self.turns.put(turn, turned);
        }
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.first.bytes() + self.turns.bytes() + size_of_val(self.pages.as_slice()) as u64
    }

    fn first_page(&self, unit: u32, host: u32) -> Option<&Page> {
        self.first.get(both(unit, host)).map(|page| &self.pages[page as usize])
    }

    /// On this page, or on those that follow it.
    fn get<'a>(&'a self, mut page: &'a Page, deed: Deed, fate: Fate) -> Option<&'a Tried> {
        loop {
            if let found @ Some(_) = page.tried.iter().find(|tried| tried.answers(deed, fate)) {
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
            let is_place =
                |there: &&mut Tried| there.deed == Deed::NOTHING || there.answers(tried.deed, tried.fate);
            match page.tried.iter_mut().find(is_place) {
                Some(there) if there.deed == Deed::NOTHING => {
                    *there = tried;
                    return true;
                }
                Some(_) => return false,
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

#[cfg(test)]
mod tests {
    use super::{super::pieces::Pieces, *};
    use crate::{
        chooser::{Chooser, Label, Random},
        explore::{Model, Witness},
        scenario::System,
    };

    /// On walks through worlds in which much may happen: of every choice of every state, by all that was tried so far.
    #[test]
    fn what_is_foreseen_is_what_comes() {
        for system in System::ALL {
            let model = Model::new(Scope { system, failures: 1, signals: 1, ..Scope::REFERENCE }).unwrap();
            let (pieces, mut known) = (Pieces::default(), Known::default());
            let (mut foresight, latest) = (Foresight::default(), Foresight::default());
            let (mut menu, mut witness) = (Vec::new(), Witness::default());
            let mut foreseen = [0; 2];
            for seed in 0..200 {
                let mut dice = Random::new(seed);
                let mut state = model.root();
                while state.menu(&mut menu) || !menu.is_empty() {
                    let digests = state.digests(true);
                    let parts = pieces.parts(&mut known, &state, &digests, None);
                    for choice in &menu {
                        let mut next = state.clone();
                        next.take(model.setup(), *choice, &mut witness).unwrap();
                        let options = known.options(&parts);
                        let here =
                            Here { parts: &parts, options: &options, digests: &digests, known: &known };
                        let end = foresight.seen_from(&latest, here).look(*choice);
                        if let Some((key, _)) = end {
                            assert_eq!(
                                key,
                                next.key(true),
                                "{system:?}: {choice:?} in a state of seed {seed}"
                            );
                        }
                        let is_turn = next.touched.count_ones() > 1 && *choice != Choice::Crash;
                        foreseen[usize::from(is_turn)] += u32::from(end.is_some());
                        let after = next.digests(true);
                        let led = match next.key_of_exit() {
                            Some(key) => Led::Out(key),
                            None => Led::On(&pieces.parts(&mut known, &next, &after, None), next.touched),
                        };
                        foresight.learn(&parts, &known, *choice, led);
                    }
                    let place = usize::try_from(dice.choose(Label::Crash, menu.len() as u64 - 1)).unwrap();
                    state.take(model.setup(), menu[place], &mut witness).unwrap();
                }
            }
            assert!(foreseen[0] > 1000 && foreseen[1] > 100, "{system:?}: {foreseen:?}");
        }
    }
}
