//! The end of a way down: everybody who waited is told, and what was to follow follows.

use super::{
    Engine,
    unit::{Again, RowState, Stage, Wants},
};
use crate::{
    disposition::Why,
    effect::{Answer, Effects},
    ids::UnitId,
    status::Status,
    time::{Moment, Span},
};

/// The shortest wait before a restart: with none at all, a plan without any patience would start and end
/// a unit for ever within one wake-up.
const INSTANT: Span = Span::from_nanos(1);

impl Engine {
    /// The ladder is over and the row is durable, or cannot be had in time.
    pub(super) fn settle(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        self.timers.clear(unit);
        let it = &mut self.units[unit.index()];
        it.stop.stage = Stage::Idle;
        let again = core::mem::take(&mut it.stop.again);
        let (status, recorded) = (it.status, it.row == RowState::Clean);
        let restarted = self.go_again(now, unit, again, effects);
        let restart = match again {
            _ if restarted => Answer::Restarted,
            _ if self.shutdown.is_on() => Answer::Refused(Why::Draining),
            Again::Now => Answer::Refused(Why::OwnerAtCap),
            Again::No | Again::After(_) => Answer::Refused(Why::AlreadyStopping),
        };
        self.tell_callers(unit, Ended { status, recorded, restart }, effects);
        self.unblock_dependencies(unit);
        self.free_place(unit);
        self.part_done(unit);
        self.let_through(now, effects);
    }

    fn go_again(&mut self, now: Moment, unit: UnitId, again: Again, effects: &mut Effects) -> bool {
        match again {
            Again::No => false,
            Again::Now | Again::After(_) if self.shutdown.is_on() => false,
            Again::Now => self.restart_if_allowed(now, unit, effects),
            Again::After(wait) => {
                self.back_off(unit, now.after(wait.max(INSTANT)), effects);
                true
            }
        }
    }

    fn tell_callers(&mut self, unit: UnitId, ended: Ended, effects: &mut Effects) {
        while let Some(waiter) = self.callers.take(&mut self.units[unit.index()].callers) {
            let told = match waiter.wants {
                Wants::Restart => ended.restart,
                Wants::Stop | Wants::Cancel if !ended.recorded => Answer::NotRecorded,
                Wants::Stop => {
                    let leaked = self.units[unit.index()].is_leaked();
                    Answer::Stopped { status: ended.status, leaked }
                }
                Wants::Cancel => Answer::Cancelled(true),
            };
            effects.reply(waiter.ticket, told);
        }
    }

    fn back_off(&mut self, unit: UnitId, until: Moment, effects: &mut Effects) {
        self.begin_run(unit);
        let it = &mut self.units[unit.index()];
        it.incarnation = it.incarnation.next();
        it.backing_off = true;
        it.start_rows = 0;
        // On record, so that a crash before the next start does not end the restarts. It is also what
        // makes up for a final row that could not be written.
        self.write(unit, effects);
        self.timers.set(unit, until);
    }

    /// Starts the unit unless its owner is at the cap; then it waits for an explicit start.
    pub(super) fn restart_if_allowed(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) -> bool {
        let owner = usize::from(self.units[unit.index()].owner.0);
        let has_room = self.plan.owner_cap.is_none_or(|cap| self.owners[owner] < cap);
        if has_room {
            self.start(now, unit, effects);
        }
        has_room
    }
}

/// How a way down ended, before anything followed, and what a request for a restart came to.
#[derive(Clone, Copy)]
struct Ended {
    status: Status,
    recorded: bool,
    restart: Answer,
}
