//! Bodies: what really runs for a unit, and how it reacts to what it is told.

use winddown_core::{Action, Exit, Incarnation, Moment, Outcome, Span, Step, UnitId};

use super::{World, agenda::Happening};
use crate::{
    chooser::{Chooser, Label},
    fault::Fault,
    scenario::{Range, Reaction},
    setup::Setup,
    story::Note,
};

/// What really runs for one incarnation of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// Whose.
    pub unit: UnitId,
    /// Which start.
    pub incarnation: Incarnation,
    /// It, or a child of it, is alive.
    pub alive: bool,
    /// It outlives its host.
    pub process: bool,
    /// Which of the host's lives started it. Its exit is only seen by that one.
    pub(super) host: u32,
    /// Its exit was reported.
    pub(super) reported: bool,
    pub(super) paused: bool,
    /// A finding was due while it held still.
    pub(super) owes_finding: bool,
}

impl Body {
    /// One that was started just now.
    pub(crate) const fn started(unit: UnitId, incarnation: Incarnation, process: bool, host: u32) -> Self {
        Self {
            unit,
            incarnation,
            alive: true,
            process,
            host,
            reported: false,
            paused: false,
            owes_finding: false,
        }
    }

    /// The body of a unit that was never started: there is none.
    pub(crate) const fn none(unit: UnitId) -> Self {
        Self { alive: false, ..Self::started(unit, Incarnation(0), false, 0) }
    }
}

/// What a body does about something that it is told.
pub(super) enum Response {
    /// It is done after this time.
    After(Span),
    /// Nothing.
    None,
    /// Whoever tells it gets an error.
    Error,
}

impl<C: Chooser> World<'_, C> {
    pub(super) fn start_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let all: &Setup = self.setup;
        let setup = &all.units[unit.index()];
        let plan = &setup.body;
        let (process, waits_for_up) = (setup.class == winddown_core::BodyClass::Process, setup.waits_for_up);
        if self.strikes(Label::Bodies, Fault::StartFails, Some(unit)) {
            let after = self.draw(Label::Bodies, plan.up_after);
            return self.plan_after(after, Happening::StartFailed(unit, incarnation));
        }
        let place = u32::try_from(self.state.bodies.len()).unwrap_or(u32::MAX);
        self.state.current[unit.index()] = place;
        self.state.bodies.push(Body::started(unit, incarnation, process, self.state.host));
        if waits_for_up && !self.strikes(Label::Bodies, Fault::StartHangs, Some(unit)) {
            let after = self.draw(Label::Bodies, plan.up_after);
            self.plan_after(after, Happening::BodyUp(place));
        }
        self.work(unit, place);
    }

    /// The body begins with what it does by itself.
    pub(super) fn work(&mut self, unit: UnitId, place: u32) {
        let all: &Setup = self.setup;
        let plan = &all.units[unit.index()].body;
        if let Some(lasts) = plan.lasts {
            let after = self.draw(Label::Bodies, lasts);
            let exit = if plan.fails { Exit::Failed } else { Exit::Completed };
            self.plan_after(after, Happening::BodyEnds(place, exit));
        }
        self.plan_finding(place);
        let by_itself = if self.strikes(Label::Bodies, Fault::StopsItself, Some(unit)) {
            Some(Range::new(Span::ZERO, Span::from_secs(20)))
        } else {
            plan.cancels_itself_after
        };
        if let Some(after) = by_itself {
            let after = self.draw(Label::Bodies, after);
            self.plan_after(after, Happening::BodyStopsItself(place));
        }
    }

    /// Plans the body's next finding, if it makes any.
    pub(super) fn plan_finding(&mut self, place: u32) {
        let unit = self.state.bodies[place as usize].unit;
        // In untimed order a loop of findings could go on for ever before anything else is chosen.
        let too_many = !self.timed && self.state.judge.recorded(unit) >= 4;
        if let Some(every) = self.setup.units[unit.index()].body.finds_every.filter(|_| !too_many) {
            let after = self.draw(Label::Bodies, every);
            self.plan_after(after, Happening::BodyFinds(place));
        }
    }

    /// The body of an incarnation, if that one has one.
    pub(super) fn body_of(&self, unit: UnitId, incarnation: Incarnation) -> Option<u32> {
        let place = self.state.current[unit.index()];
        let body = self.state.bodies.get(place as usize)?;
        (body.unit == unit && body.incarnation == incarnation).then_some(place)
    }

    /// The same, also of an earlier incarnation, as far as this host has started it.
    pub(super) fn body_ever_of(&self, unit: UnitId, incarnation: Incarnation) -> Option<u32> {
        self.body_of(unit, incarnation).or_else(|| {
            let host = self.state.host;
            let is = |it: &Body| it.unit == unit && it.incarnation == incarnation && it.host == host;
            self.state.bodies.iter().rposition(is).and_then(|place| u32::try_from(place).ok())
        })
    }

    pub(super) fn perform(&mut self, unit: UnitId, step: Step, action: Action, until: Moment) {
        // Nobody waits for the answer of a rung without patience, so none is sent.
        let awaited = until > self.now;
        let body = self.body_of(unit, step.incarnation);
        let alive = body.filter(|place| self.state.bodies[*place as usize].alive);
        if action == Action::Forget {
            // Nobody else takes part in it, so nothing goes wrong.
            if awaited {
                let after = self.draw(Label::Host, super::STEP_TAKES);
                self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Done));
            }
            return;
        }
        if action != Action::Abort && self.strikes(Label::Host, Fault::StepHangs, Some(unit)) {
            return;
        }
        if action != Action::Abort && self.strikes(Label::Host, Fault::StepFails, Some(unit)) {
            let after = self.draw(Label::Host, super::STEP_TAKES);
            return self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Failed));
        }
        let Some(place) = alive else {
            // Already gone: that is success, whatever it was.
            if awaited {
                let after = self.draw(Label::Host, super::STEP_TAKES);
                self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Done));
            }
            return;
        };
        let response = self.respond(unit, action);
        let Response::After(after) = response else {
            if awaited && matches!(response, Response::Error) {
                let after = self.draw(Label::Host, super::STEP_TAKES);
                self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Failed));
            }
            return;
        };
        if self.carry_through(unit, place, action, after) && awaited {
            self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Done));
        }
    }

    fn respond(&mut self, unit: UnitId, action: Action) -> Response {
        let all: &Setup = self.setup;
        let plan = &all.units[unit.index()].body;
        match action {
            Action::Abort | Action::RequestCancel => {
                self.react(unit, Some(Fault::IgnoresCancel), plan.on_cancel)
            }
            Action::Terminate { grace } => {
                let response = self.react(unit, Some(Fault::IgnoresTerm), plan.on_terminate);
                let obeys_in_time =
                    matches!(response, Response::After(after) if grace.is_zero() || after <= grace);
                if grace.is_zero() || obeys_in_time || matches!(response, Response::Error) {
                    return response;
                }
                // Whoever carries it out kills when the grace is over.
                match self.react(unit, Some(Fault::SurvivesKill), plan.on_kill) {
                    Response::After(after) => Response::After(grace.plus(after)),
                    other @ (Response::None | Response::Error) => other,
                }
            }
            Action::Kill => self.react(unit, Some(Fault::SurvivesKill), plan.on_kill),
            Action::Remove => {
                self.react(unit, Some(Fault::SurvivesKill), plan.on_remove.unwrap_or(plan.on_kill))
            }
            Action::Pause => self.react(unit, Some(Fault::NeverPauses), plan.on_pause),
            Action::Disconnect => self.react(unit, None, plan.on_disconnect),
            Action::Probe => self.as_planned(unit, Label::Host, plan.on_probe),
            Action::Checkpoint | Action::Forget => Response::After(self.draw(Label::Host, super::STEP_TAKES)),
        }
    }

    fn react(&mut self, unit: UnitId, deafness: Option<Fault>, reaction: Reaction) -> Response {
        if deafness.is_some_and(|fault| self.strikes(Label::Bodies, fault, Some(unit))) {
            return Response::None;
        }
        match self.as_planned(unit, Label::Bodies, reaction) {
            Response::After(after) => {
                let late = self.strikes(Label::Bodies, Fault::DiesLate, Some(unit));
                Response::After(if late { after.plus(Span::from_secs(30)) } else { after })
            }
            other @ (Response::None | Response::Error) => other,
        }
    }

    /// What the scenario says that a body does; no fault has a hand in it.
    pub(super) fn as_planned(&mut self, unit: UnitId, label: Label, reaction: Reaction) -> Response {
        match reaction {
            Reaction::Ignores => {
                self.note(Note::Deaf(unit));
                Response::None
            }
            Reaction::Fails => Response::Error,
            Reaction::Obeys(range) => Response::After(self.draw(label, range)),
        }
    }

    /// What comes of it `after` this time. Says whether whoever carries it out answers then.
    fn carry_through(&mut self, unit: UnitId, place: u32, action: Action, after: Span) -> bool {
        let ends = action.ends_body() || matches!(action, Action::RequestCancel | Action::Disconnect);
        let leaves_children = matches!(action, Action::Terminate { .. } | Action::Disconnect)
            && self.strikes(Label::Bodies, Fault::LeavesChildren, Some(unit));
        if ends && !leaves_children {
            let exit = self.exit_when_told(unit, action);
            let same_instant = self.strikes(Label::Bodies, Fault::EndsAtTheSameInstant, Some(unit));
            let (after, exit) = if same_instant { (Span::ZERO, Exit::Completed) } else { (after, exit) };
            self.plan_after(after, Happening::BodyEnds(place, exit));
        }
        match action {
            Action::RequestCancel | Action::Abort => false,
            Action::Terminate { .. } => !leaves_children,
            Action::Probe
            | Action::Pause
            | Action::Checkpoint
            | Action::Disconnect
            | Action::Kill
            | Action::Remove
            | Action::Forget => true,
        }
    }

    fn exit_when_told(&mut self, unit: UnitId, action: Action) -> Exit {
        let soft = matches!(action, Action::Abort | Action::RequestCancel);
        if soft && self.strikes(Label::Bodies, Fault::PanicsOnCancel, Some(unit)) {
            Exit::Panicked
        } else {
            Exit::Ended
        }
    }

    /// A pause outside of a stop.
    pub(super) fn pause_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let Some(place) = self.body_of(unit, incarnation) else { return };
        let reaction = self.setup.units[unit.index()].body.on_pause;
        if let Response::After(after) = self.react(unit, Some(Fault::NeverPauses), reaction) {
            self.plan_after(after, Happening::BodyPaused(place));
        }
    }

    pub(super) fn resume_body(&mut self, unit: UnitId, incarnation: Incarnation) {
        let Some(place) = self.body_of(unit, incarnation) else { return };
        let body = &mut self.state.bodies[place as usize];
        body.paused = false;
        if core::mem::take(&mut body.owes_finding) {
            self.plan_finding(place);
        }
    }
}
