//! States taken to pieces. There are few different units, and fewer hosts: millions of states are made of some
//! thousands of pieces, which stay warm. So a state that is still to be gone on from is not kept: it is known
//! by the digests of its parts, and put together again.
//!
//! Every piece was taken out of a state that the engine has made. Of parts with the same digest the piece of
//! the first one stands for all. That they behave alike is the law that keys stand on; and where a choice does
//! not lead to where it should, the search stops and says so.

use winddown_core::{Engine, Moment, Row, Ticket, UnitId};

use super::{
    key::Parts,
    map::Map,
    state::{Hand, Order, State, Write},
};
use crate::{
    claims::{Judge, UnitBook},
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

/// Pieces of one kind, by their digests.
#[derive(Debug)]
struct Kind<T> {
    places: Map<u32>,
    all: Vec<(u64, T)>,
}

impl<T> Default for Kind<T> {
    fn default() -> Self {
        Self { places: Map::default(), all: Vec::new() }
    }
}

impl<T> Kind<T> {
    fn has(&self, digest: u64) -> bool {
        self.places.get(digest).is_some()
    }

    fn get(&self, digest: u64) -> Option<&T> {
        let place = self.places.get(digest)?;
        self.all.get(place as usize).map(|(_, piece)| piece)
    }

    /// The first piece of a digest stays.
    fn put(&mut self, digest: u64, piece: T) {
        if !self.has(digest) {
            self.places.put(digest, u32::try_from(self.all.len()).unwrap_or(u32::MAX));
            self.all.push((digest, piece));
        }
    }

    fn absorb(&mut self, other: &mut Self) {
        let Self { places: _, all } = core::mem::take(other);
        all.into_iter().for_each(|(digest, piece)| self.put(digest, piece));
    }
}

/// The pieces of all states.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    units: Kind<UnitPiece>,
    hosts: Kind<HostPiece>,
}

impl Pieces {
    /// Keeps the pieces of a state that are not `known`, of all units that were touched.
    pub(super) fn keep(&mut self, known: &Self, state: &State, parts: &Parts) {
        let touched =
            (0..).map(UnitId).zip(parts.units()).filter(|(unit, _)| state.touched >> unit.0 & 1 == 1);
        for (unit, digest) in touched {
            if !known.units.has(*digest) && !self.units.has(*digest) {
                let piece = state.present().unit_piece(unit);
                piece.into_iter().for_each(|piece| self.units.put(*digest, piece));
            }
        }
        if !known.hosts.has(parts.host) && !self.hosts.has(parts.host) {
            let State { engine, judge, step, up, .. } = state.present();
            self.hosts.put(parts.host, HostPiece { engine, judge, step, up });
        }
    }

    /// Takes everything out of another one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        self.units.absorb(&mut other.units);
        self.hosts.absorb(&mut other.hosts);
    }
}

impl State {
    /// Becomes a state with these parts. Says whether there is a piece for each.
    pub(super) fn put_together(&mut self, pieces: &Pieces, parts: &Parts) -> bool {
        let Some(host) = pieces.hosts.get(parts.host) else { return false };
        let mut units: [Option<&UnitPiece>; Parts::UNITS_MAX] = [None; Parts::UNITS_MAX];
        for (unit, digest) in units.iter_mut().zip(parts.units()) {
            *unit = pieces.units.get(*digest);
        }
        let units = || units.iter().flatten().copied();
        self.orders.clear();
        self.writes.clear();
        self.bodies.clear();
        self.hands.clear();
        let mut tickets = 0;
        for (unit, piece) in (0..).map(UnitId).zip(units()) {
            let mut body = piece.body;
            body.unit = unit;
            self.bodies.push(body);
            self.hands.push(piece.hand);
            self.orders.extend(piece.orders.iter().map(|order| Order { unit, ..*order }));
            self.writes.extend(piece.writes.iter().map(|write| Write { unit, ..*write }));
            tickets += piece.book.tickets();
        }
        self.store.set_rows(units().map(|piece| piece.row));
        self.judge.put_together(&host.judge, units().map(|piece| &piece.book));
        let first = units().scan(0, |next, piece| {
            let first = *next;
            *next += piece.book.tickets();
            Some((&piece.engine, Ticket(first)))
        });
        self.engine.put_together(&host.engine, first);
        (self.left, self.now, self.step, self.up) = (parts.left, PRESENT, host.step, host.up);
        (self.tickets, self.phase, self.exited, self.touched) = (tickets, None, None, 0);
        self.bodies.len() == parts.count()
    }

    /// One unit of it. Nothing, if there is none.
    fn unit_piece(&self, unit: UnitId) -> Option<UnitPiece> {
        let engine = self.engine.unit_piece(unit, |ticket| self.judge.ticket_in_book(unit, ticket))?;
        Some(UnitPiece {
            engine,
            book: self.judge.unit_book(unit),
            row: self.store.row(unit),
            body: self.bodies[unit.index()],
            hand: self.hands[unit.index()],
            orders: self.orders.iter().filter(|order| order.unit == unit).copied().collect(),
            writes: self.writes.iter().filter(|write| write.unit == unit).copied().collect(),
        })
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
