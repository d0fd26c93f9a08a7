//! What becomes durable, and who is told when it is.
//!
//! A unit's row and its findings are written together, both or neither. So whatever writes a terminal
//! row also saves what the unit has found.

use super::{
    Engine,
    unit::{RowState, Stage},
};
use crate::{
    disposition::{Disposition, Why},
    effect::{Effect, Effects, Notice},
    hint::unlikely,
    ids::UnitId,
    input::{Outcome, Row},
    status::{Reason, Status},
    time::Moment,
};

impl Engine {
    /// Gives the unit its terminal status: the one place where an incarnation ends.
    pub(super) fn end_as(&mut self, unit: UnitId, status: Status, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        it.status = status;
        it.pausing = false;
        it.announced = false;
        it.held = false;
        if core::mem::take(&mut it.active) {
            self.owners[usize::from(it.owner.0)] -= 1;
        }
        self.timers.clear(unit);
        let it = &self.units[unit.index()];
        let notice = terminal_notice(status, it.reason);
        effects.push(Effect::Notify { unit, incarnation: it.incarnation, notice });
    }

    /// Writes the unit's row with all its findings, and waits for the confirmation.
    pub(super) fn write(&mut self, unit: UnitId, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        it.asked = it.recorded;
        if it.status.is_terminal() {
            it.row = RowState::Writing;
        } else {
            if it.backing_off {
                it.row = RowState::Writing;
            }
            it.announces();
        }
        effects.push(Effect::Persist { unit, row: it.row(), confirm: true });
        if self.shutdown.leaving {
            self.hold_up(unit);
        }
    }

    /// Bounds how long the unit's callers wait for its row.
    pub(super) fn await_row(&mut self, now: Moment, unit: UnitId) {
        self.timers.set(unit, now.after(self.plan.record_patience));
    }

    pub(super) fn on_finding_recorded(
        &mut self,
        unit: UnitId,
        durable: bool,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return Disposition::Refused(Why::UnknownUnit);
        }
        let it = &mut self.units[unit.index()];
        it.recorded = it.recorded.saturating_add(1);
        if durable {
            it.promised = it.recorded;
        }
        // Once a unit has ended nothing else will write for it, even if it is to start again: a late
        // finding of a body that lingers is written by itself.
        if durable || !it.active {
            self.write(unit, effects);
        }
        Disposition::Applied
    }

    pub(super) fn on_persisted(
        &mut self,
        now: Moment,
        unit: UnitId,
        row: Row,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return Disposition::Refused(Why::UnknownUnit);
        }
        let it = &mut self.units[unit.index()];
        if unlikely(row.incarnation < it.born) {
            return Disposition::Ignored(Why::StaleIncarnation);
        }
        let findings = row.findings.min(it.recorded);
        let starts = row.status == Status::Pending && row.incarnation == it.incarnation;
        let counted = starts && it.count_off_start_row();
        if starts && it.announced {
            self.start_row_answered(now, unit, findings, outcome, effects);
            return Disposition::Applied;
        }
        let up_to_date = row.incarnation == it.incarnation
            && row.status == it.status
            // A body that went meanwhile makes the row say too much, never too little.
            && (row.leaked || !it.is_leaked());
        // Where several writes are on their way, one that works makes up for one that did not.
        let open = match outcome {
            Outcome::Done => it.row != RowState::Clean,
            Outcome::Failed => it.row == RowState::Writing,
        };
        let awaited = up_to_date && open;
        if unlikely(!awaited && findings <= it.saved) {
            return if counted { Disposition::Applied } else { Disposition::Ignored(Why::AlreadyDurable) };
        }
        if awaited {
            it.row = if outcome == Outcome::Done { RowState::Clean } else { RowState::Dirty };
        }
        self.findings_answered(unit, findings, outcome, effects);
        let it = &self.units[unit.index()];
        let recorded = awaited && outcome == Outcome::Done;
        if it.stop.stage == Stage::Recording && (recorded || !it.is_writing()) {
            self.settle(now, unit, effects);
        }
        self.write_finished(unit);
        Disposition::Applied
    }

    /// A row is answered that says that the unit is to start. Of those that are on their way one has to be durable,
    /// whichever it is: the last one that fails ends the start.
    #[inline(never)]
    fn start_row_answered(
        &mut self,
        now: Moment,
        unit: UnitId,
        findings: u32,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        self.findings_answered(unit, findings, outcome, effects);
        if outcome == Outcome::Done || self.units[unit.index()].start_rows == 0 {
            self.announced(now, unit, outcome, effects);
        }
    }

    /// A row with so many findings is durable, or could not be written: if it was the last one on its way, what
    /// is in it has to be asked for again.
    fn findings_answered(&mut self, unit: UnitId, findings: u32, outcome: Outcome, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        match outcome {
            Outcome::Done => self.saved_up_to(unit, findings, effects),
            Outcome::Failed if findings >= it.asked => it.asked = it.saved,
            Outcome::Failed => {}
        }
    }

    fn saved_up_to(&mut self, unit: UnitId, findings: u32, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        let before = it.saved;
        it.saved = it.saved.max(findings);
        it.asked = it.asked.max(it.saved);
        if it.promised > before && it.saved > before {
            effects.push(Effect::Acknowledge { unit, findings: it.saved });
        }
    }

    /// A checkpoint is in the store. If more was found meanwhile, the rung does its work once more.
    pub(super) fn checkpoint_done(&mut self, unit: UnitId, effects: &mut Effects) {
        // What was found while it was written is not in it, whatever else was asked for meanwhile.
        let findings = self.units[unit.index()].stop.checkpoint;
        self.saved_up_to(unit, findings, effects);
        let it = &mut self.units[unit.index()];
        it.stop.checkpointed = true;
        if it.saved == it.recorded {
            it.stop.rung += 1;
        } else {
            it.stop.round = it.stop.round.wrapping_add(1);
        }
    }
}

/// The one terminal notice of an incarnation that ended so.
const fn terminal_notice(status: Status, reason: Reason) -> Notice {
    match (status, reason) {
        (Status::Cancelled, Reason::RunBudgetOver) => Notice::TimedOut,
        (Status::Cancelled, _) => Notice::Cancelled,
        (Status::Completed, _) => Notice::Completed,
        (Status::Failed, _) => Notice::Failed,
        (Status::Pending | Status::Running | Status::Paused | Status::Stopping | Status::Stopped, _) => {
            Notice::Stopped
        }
    }
}
