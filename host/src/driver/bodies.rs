//! Bodies: started, asked and ended. What a body answers comes back through the inbox.

use std::{sync::Arc, time::Duration};

use winddown_core::{Action, Incarnation, Input, Notice, Outcome, Reason, Step, UnitId};

use super::{
    Driver,
    table::{Entry, Running},
};
use crate::{
    body::{process, task},
    context::Shared,
    unit::Body,
};

/// How a body takes what it is told.
enum Taken {
    /// It is so at once.
    Done,
    /// It cannot be.
    Failed,
    /// It says so itself, or its exit does.
    Later,
    /// Its exit is the answer, and has to be given as one.
    WithExit,
}

impl Driver {
    pub(super) fn start_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let Some(entry) = self.table.get_mut(unit) else { return };
        let (name, inbox) = (Arc::clone(&entry.name), self.sender.clone());
        let shared = Arc::new(Shared::new(name, unit, incarnation, inbox, entry.state.clone()));
        let hands = match &entry.body {
            Body::Task(start) => task::start(&self.bodies, start, &shared),
            Body::Command(command) => process::start(command, &shared, &self.means),
            Body::Absent => {
                entry.error = Some(Arc::from("nobody has declared it since the host came up"));
                self.then.push_back(Input::StartFailed { unit, incarnation });
                return;
            }
        };
        (entry.error, entry.progress, entry.process) = (None, None, None);
        entry.embodied = incarnation;
        self.tasks += usize::from(hands.is_task());
        let running = Running { shared, hands, holds_still: false, ends: false, exit_step: None };
        if let Some(abandoned) = entry.running.replace(running) {
            self.tasks -= usize::from(abandoned.hands.is_task());
        }
    }

    pub(super) fn pause_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let Some(running) = self.running(unit, incarnation) else { return };
        running.hands.pause(&running.shared);
    }

    pub(super) fn resume_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let Some(running) = self.running(unit, incarnation) else { return };
        running.holds_still = false;
        running.hands.resume(&running.shared);
    }

    /// Carries a rung out. Nobody waits for the answer of a rung without patience, so it has none.
    pub(super) fn perform(&mut self, unit: UnitId, step: Step, action: Action, awaited: bool) {
        let outcome = match self.tell_body(unit, step, action) {
            Taken::Done => Outcome::Done,
            Taken::Failed => Outcome::Failed,
            Taken::Later => return,
            Taken::WithExit => {
                if let Some(running) = self.running(unit, step.incarnation) {
                    running.exit_step = Some(step);
                }
                return;
            }
        };
        if awaited {
            self.then.push_back(Input::StepFinished { unit, step, outcome });
        }
    }

    fn tell_body(&mut self, unit: UnitId, step: Step, action: Action) -> Taken {
        // Only these bring a reason with them.
        let reason = match action {
            Action::Disconnect | Action::RequestCancel | Action::Terminate { .. } => self.reason_words(unit),
            Action::Probe
            | Action::Pause
            | Action::Checkpoint
            | Action::Kill
            | Action::Abort
            | Action::Remove
            | Action::Forget => None,
        };
        // Gone already: that is success, whatever it was.
        let Some(running) = self.running(unit, step.incarnation) else { return Taken::Done };
        let Running { shared, hands, holds_still, ends, .. } = running;
        match action {
            Action::Probe if hands.responds() => Taken::Done,
            Action::Probe => Taken::Failed,
            Action::Pause => {
                hands.pause(shared);
                if *holds_still { Taken::Done } else { Taken::Later }
            }
            Action::Disconnect => {
                hands.disconnect(shared, reason);
                Taken::Later
            }
            Action::RequestCancel => {
                hands.terminate(shared, reason, Duration::ZERO);
                Taken::Later
            }
            Action::Terminate { grace } => {
                hands.terminate(shared, reason, grace.into());
                Taken::Later
            }
            Action::Kill | Action::Abort => {
                hands.end(shared);
                *ends = true;
                Taken::Later
            }
            Action::Remove => {
                hands.end(shared);
                *ends = true;
                Taken::WithExit
            }
            // The engine asks for a checkpoint in an order of its own.
            Action::Forget | Action::Checkpoint => Taken::Done,
        }
    }

    /// The body of that start, unless it is gone.
    pub(super) fn running(&mut self, unit: UnitId, incarnation: Incarnation) -> Option<&mut Running> {
        let running = self.table.get_mut(unit)?.running.as_mut()?;
        (running.shared.incarnation == incarnation).then_some(running)
    }

    fn reason_words(&self, unit: UnitId) -> Option<Arc<str>> {
        let reason = self.engine.unit_report(unit).map(|report| report.reason).unwrap_or_default();
        self.table.get(unit).and_then(|entry| self.reason_text(entry, reason))
    }

    /// What a notice says in words.
    pub(super) fn notice_text(
        &self,
        unit: UnitId,
        entry: &Entry,
        start: Incarnation,
        notice: Notice,
    ) -> Option<Arc<str>> {
        let reason =
            || self.engine.unit_report(unit).and_then(|report| self.reason_text(entry, report.reason));
        match notice {
            Notice::Progress => entry.progress.clone(),
            Notice::Failed => entry.error.clone(),
            Notice::CancellationRequested => reason(),
            Notice::Cancelled | Notice::TimedOut => match (reason(), entry.error_of(start)) {
                (Some(reason), Some(error)) => Some(Arc::from(format!("{reason}; its error: {error}"))),
                (reason, error) => reason.or_else(|| error.cloned()),
            },
            Notice::Stopped => entry.error_of(start).cloned(),
            Notice::Started | Notice::Paused | Notice::Resumed | Notice::Completed => None,
        }
    }

    /// Why a unit was stopped or cancelled, as people say it.
    pub(super) fn reason_text(&self, entry: &Entry, reason: Reason) -> Option<Arc<str>> {
        let kind = &self.engine.plan().kinds[usize::from(entry.kind.0)];
        Some(match reason {
            Reason::None => return None,
            Reason::Stated(_) => entry
                .stated(reason)
                .unwrap_or_else(|| Arc::from("cancelled, for a reason that an earlier host was told")),
            Reason::ByUser => Arc::from("Cancelled by user"),
            Reason::RunBudgetOver => {
                Arc::from(format!("Timeout after {}", kind.run_budget.unwrap_or_default()))
            }
            Reason::StartOverdue => Arc::from("it did not come up in its time"),
            Reason::Shutdown => Arc::from("the host shuts down"),
            Reason::Interrupted => Arc::from("the host that ran it was gone without a stop"),
        })
    }
}
