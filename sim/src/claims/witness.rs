//! What the judge makes of each input and each effect: every one has its room.

use winddown_core::{Caller, Disposition, Effect, Input, Outcome, Signal, Step, Within, hint::unlikely};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
};

impl Judge {
    pub(super) fn note_input(
        &mut self,
        scene: &Scene<'_>,
        input: &Input,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        match *input {
            Input::UnitDeclared { .. } | Input::DependencyDeclared { .. } | Input::Progressed { .. } => {}
            Input::UnitRecovered { unit, row } => self.check_recovered(scene, unit, row)?,
            Input::StartRequested { unit, caller } => self.start_asked(scene, unit, caller, disposition)?,
            Input::UnitStarted { .. } | Input::Woken => {}
            Input::StartFailed { unit, incarnation } | Input::UnitExited { unit, incarnation, .. } => {
                self.body_ended(scene, unit, incarnation, disposition, effects)?;
            }
            Input::FindingRecorded { unit, .. } => self.found(unit, disposition),
            Input::PauseRequested { caller, .. } | Input::ResumeRequested { caller, .. } => {
                self.heard(caller);
            }
            Input::RemoveRequested { caller, .. } => self.heard(caller),
            Input::UnitPaused { unit, .. } => self.paused(unit, disposition),
            Input::StopRequested { unit, force, within, caller } => {
                self.heard(caller);
                self.stop_asked(scene, unit, (force, within), disposition, effects);
            }
            Input::RestartRequested { unit, caller } => {
                self.heard(caller);
                self.restart_asked(scene, unit, disposition);
            }
            Input::CancelRequested { unit, reason, caller } => {
                self.heard(caller);
                self.cancel_asked(scene, unit, reason, disposition);
            }
            Input::StepFinished { unit, step, outcome } => {
                self.step_ended(scene, unit, step, outcome, disposition)?;
            }
            Input::Persisted { unit, row, outcome } => {
                self.row_written(scene, unit, row, outcome, effects)?;
            }
            Input::Reaped { unit, outcome } => {
                self.reaped(unit, outcome);
                if outcome == Outcome::Done {
                    self.saw(Sight::Reaped);
                }
            }
            Input::ClientAttached { client } => self.client_came(client),
            Input::ClientTold { client, outcome } => self.client_told(client, outcome),
            Input::ClientLeft { client } => self.clients.retain(|(other, _)| *other != client),
            Input::ShutdownRequested { graceful, within, caller } => {
                self.heard(caller);
                self.shutdown_asked(scene, graceful, within)?;
            }
            Input::SignalReceived { signal } => self.signalled(signal),
            Input::PhaseFinished { phase, outcome } => {
                self.phase_ended(scene, phase, outcome, disposition)?;
            }
        }
        Ok(())
    }

    pub(super) fn note_effect(&mut self, scene: &Scene<'_>, effect: &Effect) -> Verdict {
        match *effect {
            Effect::Start { unit, incarnation } => self.started(scene, unit, incarnation),
            Effect::Pause { .. } | Effect::Reload => Ok(()),
            Effect::Reap { unit, .. } => {
                let ledger = &mut self.units[unit.index()];
                (ledger.reaping, ledger.left) = (true, true);
                Ok(())
            }
            Effect::Resume { unit, .. } => {
                self.units[unit.index()].paused = false;
                Ok(())
            }
            Effect::Perform { unit, step, action, until } => self.performed(scene, unit, step, action, until),
            Effect::Checkpoint { unit, step, row, until } => {
                let again = self.units[unit.index()].rung == i16::from(step.rung);
                self.performed(scene, unit, step, winddown_core::Action::Checkpoint, until)?;
                if !again {
                    self.all_hold_still(scene, unit)?;
                }
                self.row_asked(scene, unit, row, false)
            }
            Effect::Persist { unit, row, .. } => self.row_asked(scene, unit, row, true),
            Effect::Acknowledge { unit, findings } => self.acknowledged(scene, unit, findings),
            Effect::Notify { unit, incarnation, notice } => self.noticed(scene, unit, incarnation, notice),
            Effect::Tell { client, by } => {
                self.tell_of_shutdown(client);
                self.check_deadline(scene, by)
            }
            Effect::Disconnect { client } => self.disconnected(scene, client),
            Effect::Wind { phase, until } => self.wound(scene, phase, until),
            Effect::Reply { ticket, answer } => self.replied(scene, ticket, answer),
            Effect::Report => {
                self.overran |= !self.units.iter().all(|ledger| !ledger.on_way) || self.artifacts.untouched();
                self.reported = true;
                Ok(())
            }
            Effect::Exit { code } => self.exit(scene, code),
        }
    }

    /// What can only be said when the whole step is known.
    pub(super) fn after(
        &mut self,
        scene: &Scene<'_>,
        input: &Input,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        if let Some(unit) = input.unit() {
            self.way_over(scene, unit)?;
        }
        if unlikely(!scene.setup.dependencies.is_empty() || scene.setup.plan.at_once.is_some()) {
            self.adopt(scene);
            Self::nobody_waits_for_nobody(scene)?;
        }
        match *input {
            Input::SignalReceived { signal: Signal::Terminate | Signal::Interrupt } => {
                self.signal_counted(scene)
            }
            Input::StopRequested { unit, within: Within::For(span), .. } if span.is_zero() => {
                self.zero_was_at_once(scene, unit, disposition)
            }
            Input::StopRequested { unit, caller: Caller::Outside(_) | Caller::Nobody, .. }
            | Input::CancelRequested { unit, caller: Caller::Outside(_) | Caller::Nobody, .. } => {
                self.upfront_was_at_once(scene, unit, disposition)
            }
            Input::StepFinished { unit, step: Step { incarnation, .. }, outcome: Outcome::Failed }
            | Input::UnitExited { unit, incarnation, .. } => {
                self.went_on(scene, (unit, incarnation), disposition, effects)?;
                if self.draining { self.somebody_pauses(scene) } else { Ok(()) }
            }
            Input::StopRequested { caller: Caller::Body(ticket), .. }
            | Input::CancelRequested { caller: Caller::Body(ticket), .. } => {
                self.body_answered(scene, ticket)
            }
            Input::StepFinished { .. } if self.draining => self.somebody_pauses(scene),
            Input::UnitDeclared { .. }
            | Input::DependencyDeclared { .. }
            | Input::UnitRecovered { .. }
            | Input::StartRequested { .. }
            | Input::UnitStarted { .. }
            | Input::StartFailed { .. }
            | Input::Progressed { .. }
            | Input::FindingRecorded { .. }
            | Input::PauseRequested { .. }
            | Input::UnitPaused { .. }
            | Input::ResumeRequested { .. }
            | Input::RestartRequested { .. }
            | Input::RemoveRequested { .. }
            | Input::StepFinished { .. }
            | Input::Reaped { .. }
            | Input::ClientAttached { .. }
            | Input::ClientTold { .. }
            | Input::ClientLeft { .. }
            | Input::ShutdownRequested { .. }
            | Input::SignalReceived { .. }
            | Input::PhaseFinished { .. } => Ok(()),
            Input::Persisted { unit, .. } => Self::settled_is_idle(scene, unit),
            Input::Woken => nothing_due_is_nothing_done(scene, disposition, effects),
        }
    }
}

/// A wake-up for which nothing is due orders nothing.
fn nothing_due_is_nothing_done(scene: &Scene<'_>, disposition: Disposition, effects: &[Effect]) -> Verdict {
    if disposition == Disposition::Applied || effects.is_empty() {
        return Ok(());
    }
    let text = || "nothing was due, and something is ordered".to_owned();
    scene.broken(Claim::IdleAsksNothing, None, text)
}
