//! An engine taken to pieces and put together again, for a search that meets the same unit in many hosts.

use alloc::vec::Vec;

use super::{
    Engine,
    unit::{Unit, Waiter},
};
use crate::{
    ids::{Ticket, UnitId},
    time::Moment,
};

/// All that an engine knows about one unit: with its deadline, and with those who wait for it.
#[derive(Clone, Debug)]
pub struct UnitPiece {
    unit: Unit,
    due: Moment,
    waiters: Vec<Waiter>,
}

impl Engine {
    /// One unit as it stands, without its number; a free place, if there is none. `ticket`: by which tickets
    /// those who wait for it are known in the piece.
    pub fn unit_piece(&self, unit: UnitId, ticket: impl Fn(Ticket) -> Ticket) -> UnitPiece {
        let due = self.deadline_of(unit);
        let unit = self.units.get(unit.index()).cloned().unwrap_or(Unit::VACANT);
        let waiters = self.callers.waiters(unit.callers);
        let waiters = waiters.map(|waiter| Waiter { ticket: ticket(waiter.ticket), ..waiter }).collect();
        UnitPiece { unit, due, waiters }
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
        self.timers.clear_all(units.clone().count());
        for (number, (piece, first)) in (0_u32..).zip(units) {
            self.units.push(piece.unit.clone());
            let callers = &mut self.units[number as usize].callers;
            *callers = super::callers::NONE;
            for Waiter { ticket, wants } in &piece.waiters {
                let ticket = Ticket(first.0.saturating_add(ticket.0));
                self.callers.add(callers, Waiter { ticket, wants: *wants });
            }
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
