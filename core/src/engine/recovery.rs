//! After a crash: what the store says about units whose host is gone.
//!
//! No unit keeps a status that promises a live owner. What was running failed, what was stopping is
//! stopped, findings come back, and bodies that can outlive a host are looked for.

use super::{
    Engine,
    lifecycle::again_after,
    unit::{Again, Stage, Stop},
};
use crate::{
    disposition::{Disposition, Why},
    effect::{Effect, Effects},
    ids::{Incarnation, UnitId},
    input::{Outcome, Row},
    ladder::Phase,
    status::{Reason, Status},
    time::Moment,
};

impl Engine {
    pub(super) fn on_unit_recovered(
        &mut self,
        now: Moment,
        unit: UnitId,
        row: Row,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return Disposition::Refused(Why::UnknownUnit);
        }
        let never = Incarnation(0);
        let restart = self.kind(unit).restart;
        let it = &mut self.units[unit.index()];
        let untouched = it.is_idle() && !it.active && it.status == Status::Pending;
        if it.incarnation != never || !untouched || it.recorded > 0 {
            return Disposition::Refused(Why::NumberTaken);
        }
        it.incarnation = row.incarnation;
        it.status = row.status;
        it.reason = row.reason;
        (it.recorded, it.saved, it.asked) = (row.findings, row.findings, row.findings);
        let never_started = row.status == Status::Pending && row.incarnation == never;
        let interrupted = !row.status.is_terminal() && !never_started;
        it.left = it.outlives && (row.leaked || interrupted);
        it.reaping = it.left;
        if it.left {
            effects.push(Effect::Reap { unit, incarnation: row.incarnation });
        }
        let holds_up = interrupted || it.left;
        if holds_up && self.shutdown.phase == Some(Phase::StopUnits) {
            self.hold_up(unit);
        }
        if !interrupted {
            return Disposition::Applied;
        }
        let it = &mut self.units[unit.index()];
        let again = if row.status == Status::Stopping {
            it.status = Status::Stopped;
            Again::No
        } else {
            it.status = Status::Failed;
            it.reason = Reason::Interrupted;
            again_after(restart, Status::Failed, &mut it.failures)
        };
        it.stop = Stop { stage: Stage::Recording, again, ..Stop::NONE };
        self.write(unit, effects);
        self.await_row(now, unit);
        Disposition::Applied
    }

    pub(super) fn on_reaped(
        &mut self,
        now: Moment,
        unit: UnitId,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return Disposition::Refused(Why::UnknownUnit);
        }
        let it = &mut self.units[unit.index()];
        let awaited = core::mem::take(&mut it.reaping);
        let gone = it.left && outcome == Outcome::Done;
        if !gone && !awaited {
            return Disposition::Ignored(Why::AlreadyExited);
        }
        if gone {
            // What this host started since is not what was looked for.
            it.left = false;
            if it.is_idle() && it.status.is_terminal() {
                self.write(unit, effects);
            }
        }
        self.hold_no_more(now, unit, effects);
        self.part_done(unit);
        Disposition::Applied
    }
}
