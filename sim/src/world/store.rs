//! The simulated store: one writer, rows in the order they were asked for, all of a row or nothing.

use winddown_core::{Moment, Row, Step, UnitId};

/// What is told when a write comes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Teller {
    /// Nobody, unless it fails.
    Nobody,
    /// Whoever waits for the row.
    Row,
    /// The checkpoint rung.
    Checkpoint(Step),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    pub(super) unit: UnitId,
    pub(super) row: Row,
    pub(super) teller: Teller,
    pub(super) done_at: Moment,
    pub(super) fails: bool,
}

/// What is in the store, and on its way into it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    rows: Vec<Option<Row>>,
    pub(super) writes: Vec<Write>,
    /// Writes before this one have come to their end.
    first_pending: usize,
    last_done: Moment,
    /// Writes from here on hang until the storm is over.
    pub(super) hangs: bool,
    pub(super) full: bool,
}

impl Store {
    pub(crate) fn reset(&mut self, units: usize) {
        self.rows.clear();
        self.rows.resize(units, None);
        self.forget_writes();
        self.hangs = false;
        self.full = false;
        self.last_done = Moment::START;
    }

    /// The same rows; what is on its way stays behind.
    pub(crate) fn copy_rows_from(&mut self, other: &Self) {
        self.rows.clone_from(&other.rows);
    }

    /// These rows, unit by unit.
    pub(crate) fn set_rows(&mut self, rows: impl Iterator<Item = Option<Row>>) {
        self.rows.clear();
        self.rows.extend(rows);
    }

    fn forget_writes(&mut self) {
        self.writes.clear();
        self.first_pending = 0;
    }

    /// The row of a unit that would be found after a power loss.
    #[must_use]
    pub fn row(&self, unit: UnitId) -> Option<Row> {
        self.rows.get(unit.index()).copied().flatten()
    }

    /// Puts a write at the end of the queue, and says which one it is and when it is done: not before
    /// those in front of it. Never, while the disk hangs.
    pub(super) fn queue(&mut self, earliest: Moment, mut write: Write) -> (u32, Moment) {
        let done_at = if self.hangs { Moment::NEVER } else { earliest.max(self.last_done) };
        if !self.hangs {
            self.last_done = done_at;
        }
        write.done_at = done_at;
        write.fails |= self.full;
        self.writes.push(write);
        (u32::try_from(self.writes.len() - 1).unwrap_or(u32::MAX), done_at)
    }

    /// Brings what is done by `now` into the store.
    pub(super) fn advance(&mut self, now: Moment) {
        while let Some(write) = self.writes.get(self.first_pending).filter(|write| write.done_at <= now) {
            if !write.fails {
                let (unit, row) = (write.unit, write.row);
                self.put(unit, row);
            }
            self.first_pending += 1;
        }
    }

    /// The disk is well again: what hung is done at `now`, in order. Says which those are.
    pub(super) fn heal(&mut self, now: Moment) -> core::ops::Range<usize> {
        self.full = false;
        if !core::mem::take(&mut self.hangs) {
            return 0..0;
        }
        self.last_done = self.last_done.max(now);
        let first = self.writes.partition_point(|write| !write.done_at.is_never());
        for write in &mut self.writes[first..] {
            write.done_at = self.last_done;
        }
        first..self.writes.len()
    }

    /// How many writes are on their way.
    pub(super) const fn pending(&self) -> usize {
        self.writes.len() - self.first_pending
    }

    /// The host is gone: so many of the writes on their way made it, in order, the others never will.
    pub(super) fn crash(&mut self, made_it: usize) {
        for place in self.first_pending..self.writes.len().min(self.first_pending + made_it) {
            let write = self.writes[place];
            if !write.fails {
                self.put(write.unit, write.row);
            }
        }
        self.forget_writes();
        self.hangs = false;
    }

    /// Compare and set: a later incarnation replaces an earlier one, the first terminal status of an
    /// incarnation stays, and findings are never taken out again.
    pub(crate) fn put(&mut self, unit: UnitId, row: Row) {
        let Some(place) = self.rows.get_mut(unit.index()) else { return };
        let Some(old) = place else {
            *place = Some(row);
            return;
        };
        let findings = old.findings.max(row.findings);
        let outdated = row.incarnation < old.incarnation;
        let settled =
            row.incarnation == old.incarnation && old.status.is_terminal() && old.status != row.status;
        if !outdated && !settled {
            *old = row;
        }
        old.findings = findings;
    }
}
