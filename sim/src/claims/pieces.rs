//! The judge's books taken to pieces and put together again, for a search.

use winddown_core::{Moment, Ticket, UnitId};

use super::{
    judge::Judge,
    ledger::{Ledger, Request},
};

/// What is written down about one unit, with what was asked of it in this life of the host.
#[derive(Clone, Debug)]
pub(crate) struct UnitBook {
    ledger: Ledger,
    requests: Vec<Request>,
}

impl UnitBook {
    /// How many tickets it takes.
    pub(crate) fn tickets(&self) -> u32 {
        u32::try_from(self.requests.len()).unwrap_or(u32::MAX)
    }
}

impl Judge {
    /// What is written down about one unit, without its number.
    pub(crate) fn unit_book(&self, unit: UnitId) -> UnitBook {
        let requests = self.requests[self.first_request..].iter().filter(|it| it.unit == Some(unit));
        UnitBook { ledger: self.units[unit.index()], requests: requests.copied().collect() }
    }

    /// By which ticket a request for this unit is known in the unit's book.
    pub(crate) fn ticket_in_book(&self, unit: UnitId, ticket: Ticket) -> Ticket {
        let life = &self.requests[self.first_request..];
        let before = (ticket.0 as usize).saturating_sub(self.first_request).min(life.len());
        let before = life[..before].iter().filter(|it| it.unit == Some(unit)).count();
        Ticket(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// Becomes the same as `host`, but with these units, which are numbered as they come. Their tickets are
    /// too.
    pub(crate) fn put_together<'a>(&mut self, host: &Self, units: impl Iterator<Item = &'a UnitBook>) {
        self.units.clear();
        self.requests.clear();
        for (number, UnitBook { ledger, requests }) in (0..).zip(units) {
            self.units.push(*ledger);
            let unit = Some(UnitId(number));
            self.requests.extend(requests.iter().map(|request| Request { unit, ..*request }));
        }
        self.copy_host_from(host);
        self.first_request = 0;
    }

    /// What was `from` is `to` then.
    pub(crate) fn rebase(&mut self, from: Moment, to: Moment) {
        for ledger in &mut self.units {
            let Ledger { began, changed, ends, waits_until, rung_at, rung_until, .. } = ledger;
            for at in [began, changed, ends, waits_until, rung_at, rung_until] {
                *at = at.rebased(from, to);
            }
        }
        for at in [&mut self.shutdown_ends, &mut self.units_end, &mut self.shutdown_seen] {
            *at = at.rebased(from, to);
        }
        self.artifacts.rebase(from, to);
    }
}
