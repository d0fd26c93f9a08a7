//! States taken to pieces. There are few different units, and fewer hosts: millions of states are made of some
//! thousands of pieces, which stay warm. So a state that is still to be gone on from is not kept: it is known
//! by the numbers of its pieces, and put together again.
//!
//! Every piece was taken out of a state that the engine has made. Of parts with the same digest the piece of
//! the first one stands for all. That they behave alike is the law that keys stand on; and where a choice does
//! not lead to where it should, the search stops and says so.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use winddown_core::{Engine, Moment, Row, Ticket, UnitId};

use super::{
    key::Digests,
    left::Left,
    map::Map,
    menu::{HostOptions, Options, UnitOptions},
    scope::Scope,
    state::{Hand, Order, State, Write},
};
use crate::{
    claims::{Judge, UnitBook},
    digest::Digest,
    world::Body,
};

/// When all pieces are: late enough, so that nothing that they remember was before the start.
const PRESENT: Moment = Moment::from_nanos(1 << 62);

/// One unit, whichever it is.
#[derive(Debug)]
struct UnitPiece {
    engine: winddown_core::UnitPiece,
    book: UnitBook,
    row: Option<Row>,
    body: Body,
    hand: Hand,
    orders: Vec<Order>,
    writes: Vec<Write>,
}

/// A host. What it knows about units counts for nothing.
#[derive(Debug)]
struct HostPiece {
    engine: Engine,
    judge: Judge,
    step: u64,
    up: bool,
}

/// What a state is put together from: the numbers of pieces, and what may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Parts {
    units: [u32; Scope::UNITS_MAX as usize],
    pub(super) host: u32,
    pub(super) left: Left,
    count: u8,
}

impl Parts {
    /// Each unit's.
    pub(super) fn units(&self) -> &[u32] {
        &self.units[..self.count.into()]
    }

    /// It has this unit in this place then.
    pub(super) fn set_unit(&mut self, place: usize, number: u32) {
        self.units[place] = number;
    }

    /// By what states are sorted: those that are put together from much the same are near each other.
    pub(super) fn place(&self) -> u64 {
        u64::from(self.host) << 32 | u64::from(self.units[0])
    }

    /// A bit for each unit that is like one before it.
    pub(super) fn twins(&self) -> u8 {
        let units = self.units();
        let like = |place: usize| units[..place].contains(&units[place]);
        (0..units.len()).fold(0, |twins, place| twins | u8::from(like(place)) << place)
    }
}

/// The pieces of all states, for any number of threads.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    units: Kind<UnitPiece, UnitNote>,
    hosts: Kind<HostPiece, HostOptions>,
}

/// What is noted of a unit's piece.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct UnitNote {
    options: UnitOptions,
    /// A digest of how it stands to what is done with all units at once.
    standing: u64,
}

/// The pieces that a thread knows of.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) units: List<UnitNote>,
    pub(super) hosts: List<HostOptions>,
}

impl Pieces {
    /// The numbers of a state's pieces: new ones, where nobody has seen its like. `before`: those of the state
    /// that it was made from, if all of its units are not new.
    pub(super) fn parts(
        &self,
        known: &mut Known,
        state: &State,
        digests: &Digests,
        before: Option<&Parts>,
    ) -> Parts {
        let mut units = before.map_or([0; _], |before| before.units);
        for ((unit, _), number) in state.hands().zip(&mut units) {
            if before.is_none() || state.touched >> unit.0 & 1 == 1 {
                let piece = || (state.present().unit_piece(unit), state.unit_note(unit));
                *number = self.units.number(&mut known.units, digests.units[unit.index()], piece);
            }
        }
        let piece = || {
            let State { engine, judge, step, up, .. } = state.present();
            (HostPiece { engine, judge, step, up }, state.host_options())
        };
        let host = self.hosts.number(&mut known.hosts, digests.host, piece);
        let count = u8::try_from(state.hands().count()).unwrap_or(u8::MAX);
        Parts { units, host, left: digests.left, count }
    }
}

impl Known {
    /// From here on it knows all that there are.
    pub(super) fn catch_up(&mut self, pieces: &Pieces) {
        self.units.catch_up(&pieces.units);
        self.hosts.catch_up(&pieces.hosts);
    }

    /// The digests of these parts.
    pub(super) fn digests(&self, parts: &Parts, symmetric: bool) -> Digests {
        let mut units = [0; Scope::UNITS_MAX as usize];
        for (digest, number) in units.iter_mut().zip(parts.units()) {
            *digest = self.units.digest(*number);
        }
        Digests { units, host: self.hosts.digest(parts.host), left: parts.left, symmetric }
    }

    /// What of these parts decides what may happen next.
    pub(super) fn options(&self, parts: &Parts) -> Options {
        let units = parts.units().iter().map(|number| self.units.note(*number).options);
        Options::new(units, self.hosts.note(parts.host), parts.left)
    }

    /// How the unit with this number stands to what is done with all units at once.
    pub(super) fn standing(&self, unit: u32) -> u64 {
        self.units.note(unit).standing
    }
}

/// Pieces of one kind.
#[derive(Debug)]
struct Kind<T, O> {
    list: Mutex<List<O>>,
    /// By numbers: one, two more, four more, and so on, so that none ever moves.
    pieces: [OnceLock<Box<[OnceLock<T>]>>; 32],
}

/// What there is to know about pieces without a look at them, by their numbers; and the numbers by digests.
#[derive(Debug, Default)]
pub(super) struct List<O> {
    numbers: Map<u32>,
    all: Vec<(u64, O)>,
}

impl<O: Copy + Default> List<O> {
    pub(super) fn digest(&self, number: u32) -> u64 {
        self.all[number as usize].0
    }

    /// What is noted of the piece.
    fn note(&self, number: u32) -> O {
        self.all[number as usize].1
    }

    fn put(&mut self, number: u32, digest: u64, options: O) {
        self.numbers.put(digest, number);
        let place = number as usize;
        self.all.resize(self.all.len().max(place + 1), (0, O::default()));
        self.all[place] = (digest, options);
    }

    fn catch_up<T>(&mut self, with: &Kind<T, O>) {
        let list = with.list();
        for (number, (digest, options)) in (0..).zip(&list.all) {
            if self.all.get(number as usize).is_none_or(|(known, _)| known != digest) {
                self.put(number, *digest, *options);
            }
        }
    }
}

impl<T, O: Default> Default for Kind<T, O> {
    fn default() -> Self {
        Self { list: Mutex::default(), pieces: [const { OnceLock::new() }; _] }
    }
}

impl<T, O: Copy + Default> Kind<T, O> {
    fn list(&self) -> MutexGuard<'_, List<O>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the piece with this digest. `known`: those that the thread knows of.
    fn number(&self, known: &mut List<O>, digest: u64, piece: impl FnOnce() -> (T, O)) -> u32 {
        if let Some(number) = known.numbers.get(digest) {
            return number;
        }
        let mut list = self.list();
        let number = list.numbers.get(digest).unwrap_or_else(|| {
            let number = u32::try_from(list.all.len()).unwrap_or(u32::MAX);
            let (row, place) = Self::place(number);
            let row = self.pieces[row].get_or_init(|| (0..1 << row).map(|_| OnceLock::new()).collect());
            let (piece, options) = piece();
            let _first = row[place].set(piece);
            list.put(number, digest, options);
            number
        });
        known.put(number, digest, list.note(number));
        number
    }

    /// The piece with this number.
    fn get(&self, number: u32) -> &T {
        let (row, place) = Self::place(number);
        let row = self.pieces[row].get().unwrap_or_else(|| self.pieces[row].wait());
        row[place].get().unwrap_or_else(|| row[place].wait())
    }

    const fn place(number: u32) -> (usize, usize) {
        let row = (number + 1).ilog2();
        (row as usize, (number + 1 - (1 << row)) as usize)
    }
}

impl State {
    /// Becomes a state with these parts.
    pub(super) fn put_together(&mut self, pieces: &Pieces, parts: &Parts) {
        let host = pieces.hosts.get(parts.host);
        let mut units = [pieces.units.get(parts.units[0]); Scope::UNITS_MAX as usize];
        for (piece, number) in units.iter_mut().zip(parts.units()).skip(1) {
            *piece = pieces.units.get(*number);
        }
        let units = &units[..parts.units().len()];
        self.orders.clear();
        self.writes.clear();
        self.bodies.clear();
        self.hands.clear();
        let mut tickets = 0;
        for (unit, piece) in (0..).map(UnitId).zip(units) {
            let mut body = piece.body;
            body.unit = unit;
            self.bodies.push(body);
            self.hands.push(piece.hand);
            self.orders.extend(piece.orders.iter().map(|order| Order { unit, ..*order }));
            self.writes.extend(piece.writes.iter().map(|write| Write { unit, ..*write }));
            tickets += piece.book.tickets();
        }
        self.store.set_rows(units.iter().map(|piece| piece.row));
        self.judge.put_together(&host.judge, units.iter().map(|piece| &piece.book));
        let first = units.iter().scan(0, |next, piece| {
            let first = *next;
            *next += piece.book.tickets();
            Some((&piece.engine, Ticket(first)))
        });
        self.engine.put_together(&host.engine, first);
        (self.left, self.now, self.step, self.up) = (parts.left, PRESENT, host.step, host.up);
        (self.tickets, self.phase, self.exited, self.touched) = (tickets, None, None, 0);
    }

    /// One of its units.
    fn unit_piece(&self, unit: UnitId) -> UnitPiece {
        UnitPiece {
            engine: self.engine.unit_piece(unit, |ticket| self.judge.ticket_in_book(unit, ticket)),
            book: self.judge.unit_book(unit),
            row: self.store.row(unit),
            body: self.bodies[unit.index()],
            hand: self.hands[unit.index()],
            orders: self.orders.iter().filter(|order| order.unit == unit).copied().collect(),
            writes: self.writes.iter().filter(|write| write.unit == unit).copied().collect(),
        }
    }

    fn unit_note(&self, unit: UnitId) -> UnitNote {
        let mut standing = Digest::new();
        standing.word(self.engine.standing(unit));
        UnitNote { options: self.unit_options(unit), standing: standing.value() }
    }

    /// The same state, but at present.
    fn present(&self) -> Self {
        let mut state = self.clone();
        state.engine.rebase(self.now, PRESENT);
        state.judge.rebase(self.now, PRESENT);
        state.now = PRESENT;
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chooser::{Chooser, Label, Random},
        explore::{Model, Witness},
        scenario::System,
    };

    /// What may follow: how many choices there are, and where each leads.
    fn behaviour(model: &Model, state: &State) -> Vec<Option<u64>> {
        let mut menu = Vec::new();
        state.menu(&mut menu);
        let mut next = model.root();
        let follow = |choice| {
            next.copy_from(state);
            next.take(model.setup(), choice, &mut Witness::default()).is_ok().then(|| next.key(true))
        };
        menu.into_iter().map(follow).collect()
    }

    /// Not only where it is found first: each state of a walk, from the pieces of any that came before.
    #[test]
    fn what_is_put_together_from_pieces_behaves_as_the_state_does() {
        for system in System::ALL {
            let scope = Scope { system, units: 3, failures: 1, signals: 1, ..Scope::REFERENCE };
            let model = Model::new(scope).unwrap();
            let (pieces, mut known) = (Pieces::default(), Known::default());
            let mut again = model.empty();
            let mut states = 0;
            for seed in 0..300 {
                let mut dice = Random::new(seed);
                let mut state = model.root();
                let mut menu = Vec::new();
                while state.menu(&mut menu) || !menu.is_empty() {
                    let digests = state.digests(true);
                    let parts = pieces.parts(&mut known, &state, &digests, None);
                    again.put_together(&pieces, &parts);
                    assert_eq!(again.digests(true), digests, "{system:?}");
                    assert_eq!(behaviour(&model, &again), behaviour(&model, &state), "{system:?}");
                    states += 1;
                    let place = usize::try_from(dice.choose(Label::Crash, menu.len() as u64 - 1)).unwrap();
                    state.take(model.setup(), menu[place], &mut Witness::default()).unwrap();
                }
            }
            let seen = known.units.all.len();
            assert!(3 * states > 2 * seen, "{system:?}: {states} states of {seen} pieces");
        }
    }
}
