//! What happens becomes an input.

use winddown_core::{Action, Caller, Exit, Input, Outcome, Reason, Span, Step, UnitId, Within};

use super::{World, agenda::Happening, store::Teller};
use crate::{
    chooser::{Chooser, Label},
    claims::Wish,
    fault::Fault,
};

impl<C: Chooser> World<'_, C> {
    pub(super) fn happen(&mut self, what: Happening) {
        match what {
            Happening::Ask(place) => self.ask(place),
            Happening::AskAgain(place) => self.ask_once(place),
            Happening::Start(unit) => self.step(Input::StartRequested { unit, caller: Caller::Nobody }),
            Happening::BodyUp(body) => self.body_up(body),
            Happening::BodyEnds(body, exit) => self.body_ends(body, exit),
            Happening::ExitAgain(body, exit) => self.exit_again(body, exit),
            Happening::BodyFinds(body) => self.body_finds(body),
            Happening::BodyPaused(body) => self.body_paused(body),
            Happening::BodyStopsItself(body) => self.body_stops_itself(body),
            Happening::StartFailed(unit, incarnation) => self.step(Input::StartFailed { unit, incarnation }),
            Happening::StepFinished(unit, step, outcome) => self.step_finished(unit, step, outcome),
            Happening::Stored(write) => self.stored(write),
            Happening::Reaped(unit, outcome) => self.reaped(unit, outcome),
            Happening::ClientComes(client) => self.step(Input::ClientAttached { client }),
            Happening::ClientTold(client, outcome) => self.step(Input::ClientTold { client, outcome }),
            Happening::ClientLeaves(client) => self.step(Input::ClientLeft { client }),
            Happening::PhaseFinished(phase, outcome) => self.step(Input::PhaseFinished { phase, outcome }),
            Happening::Signal(signal) => self.step(Input::SignalReceived { signal }),
            Happening::Woken => self.step(Input::Woken),
            Happening::OuterKill => self.outer_kill(),
            Happening::DiskFills => self.fill_disk(),
            Happening::DiskHangs => self.hang_disk(),
            Happening::Boot => self.boot(),
            Happening::Calm => self.calm_down(),
        }
    }

    fn body_up(&mut self, place: u32) {
        let body = self.state.bodies[place as usize];
        if body.alive {
            self.step(Input::UnitStarted { unit: body.unit, incarnation: body.incarnation });
        }
    }

    fn body_ends(&mut self, place: u32, exit: Exit) {
        let host = self.state.host;
        let body = &mut self.state.bodies[place as usize];
        body.alive = false;
        let (unit, incarnation) = (body.unit, body.incarnation);
        if body.reported || body.host != host {
            return;
        }
        body.reported = true;
        self.step(Input::UnitExited { unit, incarnation, exit });
        if self.strikes(Label::Bodies, Fault::DiesTwice, Some(unit)) {
            let range = crate::scenario::Range::new(Span::ZERO, Span::from_secs(2));
            let after = self.draw(Label::Bodies, range);
            self.plan_after(after, Happening::ExitAgain(place, exit));
        }
    }

    fn exit_again(&mut self, place: u32, exit: Exit) {
        let body = self.state.bodies[place as usize];
        self.step(Input::UnitExited { unit: body.unit, incarnation: body.incarnation, exit });
    }

    fn body_finds(&mut self, place: u32) {
        let body = self.state.bodies[place as usize];
        if !body.alive || !self.up {
            return;
        }
        if body.paused && !self.strikes(Label::Bodies, Fault::FindsWhilePaused, Some(body.unit)) {
            self.state.bodies[place as usize].owes_finding = true;
            return;
        }
        let durable = self.setup.units[body.unit.index()].body.durable;
        self.step(Input::FindingRecorded { unit: body.unit, durable });
        // A body that waits for its finding to be durable goes on when it is told so.
        if !durable {
            self.plan_finding(place);
        }
    }

    fn body_paused(&mut self, place: u32) {
        let body = &mut self.state.bodies[place as usize];
        if body.alive {
            body.paused = true;
            let (unit, incarnation) = (body.unit, body.incarnation);
            self.step(Input::UnitPaused { unit, incarnation });
        }
    }

    fn body_stops_itself(&mut self, place: u32) {
        let body = self.state.bodies[place as usize];
        if !body.alive || !self.up {
            return;
        }
        let unit = body.unit;
        let cancels = self.setup.units[unit.index()].body.cancels_itself_after.is_some();
        let wish = if cancels { Wish::Cancel } else { Wish::Stop };
        let caller = Caller::Body(self.ticket(Some(unit), wish));
        self.step(if cancels {
            Input::CancelRequested { unit, reason: Reason::Stated(1), caller }
        } else {
            Input::StopRequested { unit, force: false, within: Within::Unset, caller }
        });
    }

    fn step_finished(&mut self, unit: UnitId, step: Step, outcome: Outcome) {
        let kind = &self.setup.plan.kinds[self.setup.units[unit.index()].plan];
        let action = kind.ladder.rung(step.rung).map(|rung| rung.action);
        if let Some(place) = self.body_ever_of(unit, step.incarnation).filter(|_| outcome == Outcome::Done) {
            let body = &mut self.state.bodies[place as usize];
            // Whoever says that it is gone has seen it go.
            body.alive &= !action.is_some_and(Action::ends_body);
            body.paused |= action == Some(Action::Pause);
        }
        self.step(Input::StepFinished { unit, step, outcome });
        if self.strikes(Label::Host, Fault::CompletesTwice, Some(unit)) {
            self.step(Input::StepFinished { unit, step, outcome });
        }
    }

    fn stored(&mut self, place: u32) {
        let Some(write) = self.state.store.writes.get(place as usize).copied() else { return };
        let outcome = if write.fails { Outcome::Failed } else { Outcome::Done };
        let unit = write.unit;
        let input = match write.teller {
            Teller::Checkpoint(step) => Input::StepFinished { unit, step, outcome },
            Teller::Row | Teller::Nobody => Input::Persisted { unit, row: write.row, outcome },
        };
        self.step(input);
        if self.strikes(Label::Store, Fault::CompletesTwice, Some(unit)) {
            self.step(input);
        }
    }

    fn reaped(&mut self, unit: UnitId, outcome: Outcome) {
        if outcome == Outcome::Done {
            let host = self.state.host;
            for body in self.state.bodies.iter_mut().filter(|body| body.unit == unit && body.host != host) {
                body.alive = false;
            }
        }
        self.step(Input::Reaped { unit, outcome });
    }
}
