//! Carrying effects out: one exhaustive match over everything that the engine can ask for.

use winddown_core::{
    Action, Answer, ClientId, Effect, Exit, Moment, Outcome, Phase, Row, Signal, Span, Step, Ticket, UnitId,
};

use super::{
    STEP_TAKES, World,
    agenda::Happening,
    body::Response,
    store::{Teller, Write},
};
use crate::{
    chooser::{Chooser, Label},
    fault::Fault,
    scenario::Range,
};

impl<C: Chooser> World<'_, C> {
    pub(super) fn carry_out(&mut self, effect: &Effect) {
        match *effect {
            Effect::Start { unit, incarnation } => self.start_body(unit, incarnation),
            Effect::Pause { unit, incarnation } => self.pause_body(unit, incarnation),
            Effect::Resume { unit, incarnation } => self.resume_body(unit, incarnation),
            Effect::Perform { unit, step, action, until } => {
                self.state.coverage.saw_action(action);
                self.perform(unit, step, action, until);
            }
            Effect::Checkpoint { unit, step, row, until: _ } => {
                self.state.coverage.saw_action(Action::Checkpoint);
                self.checkpoint(unit, step, row);
            }
            Effect::Persist { unit, row, confirm } => {
                let teller = if confirm { Teller::Row } else { Teller::Nobody };
                self.write(unit, row, teller, self.setup.scenario.host.row_takes, Span::ZERO);
            }
            Effect::Acknowledge { unit, findings: _ } => self.acknowledge(unit),
            Effect::Reap { unit, incarnation: _ } => self.reap(unit),
            Effect::Tell { client, by: _ } => self.tell(client),
            Effect::Disconnect { client } => self.disconnect(client),
            Effect::Wind { phase, until } => self.wind(phase, until),
            Effect::Reply { ticket, answer } => self.reply(ticket, answer),
            Effect::Exit { code } => self.exit(code),
            // Told to those who look on: the story and the judge have it already.
            Effect::Notify { .. } | Effect::Reload | Effect::Report => {}
        }
    }

    /// The body hands its state over, and the store writes it with the row.
    fn checkpoint(&mut self, unit: UnitId, step: Step, row: Row) {
        match self.as_planned(unit, Label::Bodies, self.setup.units[unit.index()].body.on_checkpoint) {
            Response::After(first) => {
                let takes = self.setup.scenario.host.checkpoint_takes;
                self.write(unit, row, Teller::Checkpoint(step), takes, first);
            }
            Response::Error => {
                let after = self.draw(Label::Host, STEP_TAKES);
                self.plan_after(after, Happening::StepFinished(unit, step, Outcome::Failed));
            }
            Response::None => {}
        }
    }

    /// Hands a row to the store, once what has to be done first is done.
    fn write(&mut self, unit: UnitId, row: Row, teller: Teller, takes: Range, first: Span) {
        let mut takes = self.draw(Label::Store, takes);
        if self.strikes(Label::Store, Fault::SlowWrite, Some(unit)) {
            takes = takes.doubled(7);
        }
        let fails = self.strikes(Label::Store, Fault::WriteFails, Some(unit));
        let write = Write { unit, row, teller, done_at: Moment::NEVER, fails };
        let (place, done_at) = self.state.store.queue(self.now.after(first.plus(takes)), write);
        // What nobody waits for is brought in by whatever looks next.
        let silent = teller == Teller::Nobody && !self.state.store.writes[place as usize].fails;
        if !silent && !done_at.is_never() {
            self.plan(done_at, Happening::Stored(place));
        }
    }

    /// Findings up to here are durable: a body that waits for that works on the next one.
    fn acknowledge(&mut self, unit: UnitId) {
        let place = self.state.current[unit.index()];
        let waits = self.setup.units[unit.index()].body.durable;
        if waits && self.state.bodies.get(place as usize).is_some_and(|body| body.alive) {
            self.plan_finding(place);
        }
    }

    fn reap(&mut self, unit: UnitId) {
        let fails = self.strikes(Label::Host, Fault::ReapFails, Some(unit));
        let outcome = if fails { Outcome::Failed } else { Outcome::Done };
        let after = self.draw(Label::Host, STEP_TAKES);
        self.plan_after(after, Happening::Reaped(unit, outcome));
    }

    fn tell(&mut self, client: ClientId) {
        let mut takes = self.draw(Label::Clients, self.setup.scenario.host.client_takes);
        if self.strikes(Label::Clients, Fault::SlowClient, None) {
            takes = takes.plus(Span::from_secs(60));
        }
        let vanishes = self.strikes(Label::Clients, Fault::ClientVanishes, None);
        let what = if vanishes {
            Happening::ClientLeaves(client)
        } else if client.0 < self.setup.scenario.host.broken_clients
            || self.strikes(Label::Clients, Fault::BrokenClient, None)
        {
            Happening::ClientTold(client, Outcome::Failed)
        } else {
            Happening::ClientTold(client, Outcome::Done)
        };
        self.plan_after(takes, what);
        // Numbers from 100 on are latecomers; they bring nobody else.
        if client.0 < 100 && self.strikes(Label::Clients, Fault::LateClient, None) {
            let after = self.draw(Label::Clients, Range::new(Span::ZERO, Span::from_secs(5)));
            self.plan_after(after, Happening::ClientComes(ClientId(client.0 + 100)));
        }
    }

    fn disconnect(&mut self, client: ClientId) {
        let mut takes = self.draw(Label::Clients, self.setup.scenario.host.client_takes);
        if self.strikes(Label::Clients, Fault::SlowClient, None) {
            takes = takes.plus(Span::from_secs(60));
        }
        self.plan_after(takes, Happening::ClientLeaves(client));
    }

    fn wind(&mut self, phase: Phase, until: Moment) {
        if until <= self.now {
            return;
        }
        let takes = self.draw(Label::Host, STEP_TAKES);
        let fails = self.strikes(Label::Host, Fault::PhaseFails, None);
        let outcome = if fails { Outcome::Failed } else { Outcome::Done };
        self.plan_after(takes, Happening::PhaseFinished(phase, outcome));
        if self.strikes(Label::Operators, Fault::SecondSignal, None) {
            let after = self.draw(Label::Operators, STEP_TAKES);
            self.plan_after(after, Happening::Signal(Signal::Interrupt));
        }
        if self.strikes(Label::Host, Fault::WakesEarly, None) {
            let after = self.draw(Label::Host, STEP_TAKES);
            self.plan_after(after, Happening::Woken);
        }
    }

    /// A body that asked for its own end goes when it has its answer.
    fn reply(&mut self, ticket: Ticket, answer: Answer) {
        let Some(unit) = self.state.judge.asked_by_body(ticket) else { return };
        let place = self.state.current[unit.index()];
        if matches!(answer, Answer::Accepted) && (place as usize) < self.state.bodies.len() {
            let after = self.draw(Label::Bodies, STEP_TAKES);
            self.plan_after(after, Happening::BodyEnds(place, Exit::Ended));
        }
    }

    /// The process is gone, and with it everything that lived in it.
    fn exit(&mut self, code: u8) {
        self.exited = Some(code);
        self.up = false;
        for body in self.state.bodies.iter_mut().filter(|body| !body.process) {
            body.alive = false;
        }
    }
}
