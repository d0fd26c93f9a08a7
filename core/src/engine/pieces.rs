//! An engine taken to pieces and put together again, for a search that meets the same unit in many hosts.

use alloc::vec::Vec;

use super::{
    Engine,
    unit::{Unit, Waiter},
};
use crate::{
    ids::{Incarnation, Ticket, UnitId},
    time::Moment,
};

/// All that an engine knows about one unit: with its deadline, and with those who wait for it.
#[derive(Clone, Debug)]
pub struct UnitPiece {
    unit: Unit,
    due: Moment,
    waiters: Vec<Waiter>,
    abandoned: Vec<Incarnation>,
}

impl Engine {
    /// One unit as it stands, without its number; a free place, if there is none. `ticket`: by which tickets
    /// those who wait for it are known in the piece.
    pub fn unit_piece(&self, unit: UnitId, ticket: impl Fn(Ticket) -> Ticket) -> UnitPiece {
        let due = self.deadline_of(unit);
        let abandoned = self.abandoned.of(unit).collect();
        let unit = self.units.get(unit.index()).cloned().unwrap_or(Unit::VACANT);
        let waiters = self.callers.waiters(unit.callers);
        let waiters = waiters.map(|waiter| Waiter { ticket: ticket(waiter.ticket), ..waiter }).collect();
        UnitPiece { unit, due, waiters, abandoned }
    }

    /// Becomes the same as `host`, but with these units, which are numbered as they come. Each piece goes with
    /// the ticket of whoever has the first one in it. Pieces and host must be of the same plan and of the same
    /// time; which unit depends on which is not among the pieces, so none may.
    pub fn put_together<'a>(
        &mut self,
        host: &Self,
        units: impl Iterator<Item = (&'a UnitPiece, Ticket)> + Clone,
    ) {
        self.units.clear();
        self.callers.clear();
        self.abandoned.clear();
        self.timers.clear_all(units.clone().count());
        for (number, (piece, first)) in (0_u32..).zip(units) {
            self.units.push(piece.unit.clone());
            let callers = &mut self.units[number as usize].callers;
            *callers = super::callers::NONE;
            for Waiter { ticket, wants } in &piece.waiters {
                let ticket = Ticket(first.0.saturating_add(ticket.0));
                self.callers.add(callers, Waiter { ticket, wants: *wants });
            }
            piece.abandoned.iter().for_each(|start| self.abandoned.add(UnitId(number), *start));
            if !piece.due.is_never() {
                self.timers.set(UnitId(number), piece.due);
            }
        }
        self.copy_host_from(host);
    }

    /// Moves all deadlines, and all that is remembered of the past: what was `from` is `to` then.
    pub fn rebase(&mut self, from: Moment, to: Moment) {
        for unit in self.unit_ids() {
            let due = self.timers.of(unit).rebased(from, to);
            self.timers.set(unit, due);
            let stop = &mut self.units[unit.index()].stop;
            stop.began = stop.began.rebased(from, to);
            stop.budget = stop.budget.rebased(from, to);
        }
        self.shutdown.rebase(from, to);
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;
    use crate::{
        Caller, Disposition, Effects, Input, KindId, Outcome, OwnerId, Reason, Row, Span, Status, Within,
        contracts,
    };

    const LATER: Moment = Moment::from_nanos(1 << 40);

    const LEFT: Row = Row {
        incarnation: Incarnation(1),
        status: Status::Stopped,
        reason: Reason::None,
        findings: 0,
        leaked: true,
    };

    /// Three units, one of which stops for somebody who waits, in a host that shuts down.
    fn engine() -> Engine {
        let plan = contracts::host(alloc::vec![contracts::provider()]);
        let mut engine = Engine::new(Arc::new(plan)).unwrap();
        let mut handle = |now, input| {
            let now = Moment::from_nanos(now);
            assert_eq!(engine.handle(now, input, &mut Effects::default()), Disposition::Applied);
        };
        for unit in [0, 1, 2].map(UnitId) {
            let (kind, owner, caller) = (KindId(0), OwnerId(0), Caller::Nobody);
            handle(1, Input::UnitDeclared { unit, kind, owner });
            handle(2, Input::StartRequested { unit, caller });
        }
        // The first start of one of them is left behind.
        let (unit, caller) = (UnitId(2), Caller::Nobody);
        let starts = Row { status: Status::Pending, leaked: false, ..LEFT };
        handle(2, Input::Persisted { unit, row: starts, outcome: Outcome::Done });
        handle(2, Input::StopRequested { unit, force: true, within: Within::For(Span::ZERO), caller });
        handle(2, Input::Persisted { unit, row: LEFT, outcome: Outcome::Done });
        handle(2, Input::StartRequested { unit, caller });
        for (ticket, within) in [(4, Within::Unset), (5, Within::For(Span::from_secs(9)))] {
            let caller = Caller::Outside(Ticket(ticket));
            handle(3, Input::StopRequested { unit: UnitId(1), force: false, within, caller });
        }
        handle(5, Input::SignalReceived { signal: crate::Signal::Terminate });
        engine
    }

    fn pieces(engine: &Engine) -> Vec<UnitPiece> {
        engine.unit_ids().map(|unit| engine.unit_piece(unit, |ticket| Ticket(ticket.0 - 4))).collect()
    }

    #[test]
    fn what_is_put_together_from_its_own_pieces_is_as_it_was() {
        let engine = engine();
        assert_eq!(engine.callers_of(UnitId(1)), 2);
        let pieces = pieces(&engine);
        let mut host = engine.clone();
        host.units.clear();
        let mut again = Engine::new(Arc::clone(&engine.plan)).unwrap();
        again.put_together(&host, pieces.iter().map(|piece| (piece, Ticket(4))));
        assert_eq!(again, engine);
        assert_eq!(again.next_deadline(), engine.next_deadline());
        assert_eq!(again.abandoned.of(UnitId(2)).collect::<Vec<_>>(), [Incarnation(1)]);
        // In another order they are others; and so are those who wait, by other tickets.
        again.put_together(&host, pieces.iter().rev().map(|piece| (piece, Ticket(4))));
        assert_eq!(again.callers_of(UnitId(1)), 2);
        again.put_together(&host, pieces.iter().map(|piece| (piece, Ticket(0))));
        assert_ne!(again, engine);
    }

    #[test]
    fn how_a_unit_stands_depends_on_what_it_does_and_not_on_when_or_how_much() {
        let plan = contracts::host(alloc::vec![contracts::engagement()]);
        let mut engine = Engine::new(Arc::new(plan)).unwrap();
        let mut now = 1;
        let mut standings = |inputs: &[Input]| {
            for input in inputs {
                now += 1;
                let disposition = engine.handle(Moment::from_nanos(now), *input, &mut Effects::default());
                assert_eq!(disposition, Disposition::Applied);
            }
            [0, 1, 2].map(|unit| engine.standing(UnitId(unit)))
        };
        let (kind, owner, caller) = (KindId(0), OwnerId(0), Caller::Nobody);
        let units = [0, 1, 2].map(UnitId);
        let declared = standings(&units.map(|unit| Input::UnitDeclared { unit, kind, owner }));
        let started = standings(&units.map(|unit| Input::StartRequested { unit, caller }));
        assert!(started[0] == started[1] && started[1] == started[2] && started[0] != declared[0]);
        let finding = |unit| Input::FindingRecorded { unit: UnitId(unit), durable: false };
        let found = standings(&[finding(0), finding(1), finding(1)]);
        assert!(found[0] == found[1] && found[0] != started[0] && found[2] == started[2]);
        let stop = |unit, secs| {
            let within = Within::For(Span::from_secs(secs));
            Input::StopRequested { unit: UnitId(unit), force: false, within, caller }
        };
        let stopping = standings(&[stop(0, 5), stop(1, 6)]);
        assert!(stopping[0] == stopping[1] && stopping[0] != found[0] && stopping[2] == started[2]);
    }

    #[test]
    fn at_another_time_as_much_time_is_left() {
        let now = Moment::from_nanos(5);
        let words = |engine: &Engine, now| {
            let mut words = Vec::new();
            engine.visit_state(now, &mut |word| words.push(word));
            words
        };
        let engine = engine();
        let mut rebased = engine.clone();
        rebased.rebase(now, LATER);
        assert_eq!(words(&rebased, LATER), words(&engine, now));
        assert_eq!(rebased.next_deadline(), engine.next_deadline().map(|due| due.rebased(now, LATER)));
        rebased.rebase(LATER, now);
        assert_eq!(rebased, engine);
    }
}
