//! A whole small world as a value: the engine, what is on its way, what is durable, what lives, and the
//! judge's books.
//!
//! Nothing takes time but deadlines: whatever is on its way may be next, and only a wake-up moves the
//! clock. So bounds in seconds are claims about deadlines here, and everything else is about order.

use winddown_core::{
    Action, Caller, Effect, Effects, Engine, Input, Moment, Outcome, Phase, Row, Span, Step, Ticket, UnitId,
    Within,
};

use super::{
    choice::{Choice, Manner},
    left::Left,
};
use crate::{
    claims::{Breach, Judge, Scene, Wish},
    coverage::Coverage,
    setup::Setup,
    story::{Note, Story},
    world::{Body, Store},
};

/// Something that the host was told to do, and that has not come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Order {
    pub(super) unit: UnitId,
    pub(super) task: Task,
    /// A deadline has come meanwhile.
    pub(super) slow: bool,
}

/// What the host was told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Task {
    Step(Step, Action),
    Reap,
}

/// Who is told when a write comes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Teller {
    Nobody,
    Row,
    Checkpoint(Step),
}

/// A write on its way. Those of one unit are done in order; those of others do not matter to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Write {
    pub(super) unit: UnitId,
    pub(super) row: Row,
    pub(super) teller: Teller,
    /// A deadline has come meanwhile.
    pub(super) slow: bool,
}

impl Write {
    /// Somebody waits for it.
    pub(super) fn counts(&self) -> bool {
        self.teller != Teller::Nobody
    }
}

/// What the world knows about a unit beside its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    /// Its body was told to go.
    pub(super) told: bool,
    /// Its body is gone, and nobody has told the engine.
    pub(super) unreported: bool,
    /// Its body was started by an earlier life of the host: nobody sees it go.
    pub(super) orphan: bool,
}

/// A whole small world.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) engine: Engine,
    pub(super) judge: Judge,
    pub(super) store: Store,
    /// One for each unit.
    pub(super) bodies: Vec<Body>,
    pub(super) hands: Vec<Hand>,
    /// Unit by unit, and for each of them in order: it makes no difference which unit was first.
    pub(super) orders: Vec<Order>,
    /// In the same way.
    pub(super) writes: Vec<Write>,
    /// What the host does with itself: it takes no time, so no state has one.
    pub(super) phase: Option<Phase>,
    pub(super) left: Left,
    pub(super) now: Moment,
    pub(super) step: u64,
    pub(super) tickets: u32,
    /// The host's process is there.
    pub(super) up: bool,
    pub(super) exited: Option<u8>,
    /// A bit for each unit that may be another one than before the latest choice.
    pub(super) touched: u8,
}

/// Who looks on while states become others, and what is needed on the way.
#[derive(Debug, Default)]
pub struct Witness {
    pub(super) effects: Effects,
    /// What was seen.
    pub coverage: Coverage,
    /// What happened, if that is wanted.
    pub story: Option<Story>,
}

type Verdict = Result<(), Box<Breach>>;

impl State {
    /// Whether the host has exited: nothing happens any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.exited.is_some()
    }

    /// The engine as it stands.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What time it is.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    pub(super) fn hands(&self) -> impl Iterator<Item = (UnitId, &Hand)> {
        (0..).map(UnitId).zip(&self.hands)
    }

    /// Lets time go by while nothing happens.
    pub const fn idle(&mut self, span: Span) {
        self.now = self.now.after(span);
    }

    /// Lets `choice`, one of the menu's, happen, and the host's own phases with it.
    ///
    /// # Errors
    /// The claim that it breaks.
    pub fn take(&mut self, setup: &Setup, choice: Choice, witness: &mut Witness) -> Verdict {
        let phase = self.engine.present_phase();
        self.touched = 0;
        self.touch(choice.unit());
        self.left = self.left.after(choice, self.engine.is_draining(), || self.options().in_time());
        self.happen(setup, choice, witness)?;
        while let Some(phase) = self.phase.take() {
            self.input(setup, Input::PhaseFinished { phase, outcome: Outcome::Done }, witness)?;
        }
        // A phase of the shutdown is about all units.
        if self.engine.present_phase() != phase {
            self.touch(None);
        }
        Ok(())
    }

    fn happen(&mut self, setup: &Setup, choice: Choice, witness: &mut Witness) -> Verdict {
        match choice {
            Choice::Finish(unit, order, outcome) => {
                let input = self.finished(unit, order, outcome);
                self.input(setup, input, witness)
            }
            Choice::Store(unit, write, outcome) => {
                let input = self.written(unit, write, outcome);
                self.input(setup, input, witness)
            }
            Choice::Exit(unit, exit) => {
                self.hands[unit.index()].unreported = false;
                let body = &mut self.bodies[unit.index()];
                body.alive = false;
                let incarnation = body.incarnation;
                self.input(setup, Input::UnitExited { unit, incarnation, exit }, witness)
            }
            Choice::Signal => {
                let signal = winddown_core::Signal::Terminate;
                self.input(setup, Input::SignalReceived { signal }, witness)
            }
            Choice::Wake => {
                self.orders.iter_mut().for_each(|order| order.slow = true);
                self.writes.iter_mut().for_each(|write| write.slow = true);
                self.now = self.next_wake();
                self.input(setup, Input::Woken, witness)
            }
            Choice::Find(unit, durable) => {
                self.input(setup, Input::FindingRecorded { unit, durable }, witness)
            }
            Choice::Stop(unit, manner) => self.stop(setup, unit, manner, witness),
            Choice::Crash => {
                self.crash(setup, witness);
                Ok(())
            }
            Choice::Keep(unit, count) => {
                self.keep(unit, count);
                Ok(())
            }
            Choice::Boot => self.boot(setup, witness),
        }
    }

    fn finished(&mut self, unit: UnitId, order: u8, outcome: Outcome) -> Input {
        let first = self.orders.partition_point(|order| order.unit < unit);
        let Order { unit, task, slow: _ } = self.orders.remove(first + usize::from(order));
        match task {
            Task::Step(step, action) => {
                let body = &mut self.bodies[unit.index()];
                if outcome == Outcome::Done && body.incarnation == step.incarnation {
                    // Whoever says that it is gone has seen it go; that it went is said once more.
                    self.hands[unit.index()].unreported |= action.ends_body() && body.alive;
                    body.alive &= !action.ends_body();
                }
                Input::StepFinished { unit, step, outcome }
            }
            Task::Reap => {
                self.bodies[unit.index()].alive &= outcome != Outcome::Done;
                Input::Reaped { unit, outcome }
            }
        }
    }

    fn written(&mut self, unit: UnitId, write: u8, outcome: Outcome) -> Input {
        let first = self.writes.partition_point(|write| write.unit < unit);
        for write in self.writes.drain(first..first + usize::from(write)) {
            self.store.put(unit, write.row);
        }
        let Write { row, teller, .. } = self.writes.remove(first);
        if outcome == Outcome::Done {
            self.store.put(unit, row);
        }
        match teller {
            Teller::Checkpoint(step) => Input::StepFinished { unit, step, outcome },
            Teller::Row | Teller::Nobody => Input::Persisted { unit, row, outcome },
        }
    }

    fn stop(&mut self, setup: &Setup, unit: UnitId, manner: Manner, witness: &mut Witness) -> Verdict {
        let caller = Caller::Outside(Ticket(self.tickets));
        self.tickets += 1;
        self.judge.asked(Some(unit), Wish::Stop);
        let budget = setup.plan.kinds[setup.units[unit.index()].plan].ladder.budget();
        let within = if manner == Manner::Sooner { Within::For(budget.half()) } else { Within::Unset };
        let force = manner == Manner::Forced;
        self.input(setup, Input::StopRequested { unit, force, within, caller }, witness)
    }

    /// The host's process dies. What can outlive it does, and what was on its way to the store is so still.
    fn crash(&mut self, setup: &Setup, witness: &mut Witness) {
        self.note(Note::Crashed, witness);
        self.judge.crashed();
        // What was seen belongs to this step: nothing of it is in the key.
        witness.coverage.saw_sights(self.judge.take_sights());
        for (body, hand) in self.bodies.iter_mut().zip(&mut self.hands) {
            body.alive &= body.process;
            (hand.told, hand.unreported, hand.orphan) = (false, false, true);
        }
        self.orders.clear();
        self.engine.clone_from(&setup.template);
        self.up = false;
    }

    /// Brings all that is on its way into the store.
    pub(super) fn settle(&mut self) {
        for write in self.writes.drain(..) {
            self.store.put(write.unit, write.row);
        }
    }

    fn keep(&mut self, unit: UnitId, count: u8) {
        let kept = self.writes.iter().filter(|write| write.unit == unit).take(count.into());
        kept.for_each(|write| self.store.put(unit, write.row));
        self.writes.retain(|write| write.unit != unit);
    }

    /// A new process, with what the store has kept.
    fn boot(&mut self, setup: &Setup, witness: &mut Witness) -> Verdict {
        self.up = true;
        self.note(Note::Booted, witness);
        for unit in setup.unit_ids() {
            if let Some(row) = self.store.row(unit) {
                self.judge.recovered(unit, row);
                self.input(setup, Input::UnitRecovered { unit, row }, witness)?;
            }
        }
        Ok(())
    }

    fn note(&self, note: Note, witness: &mut Witness) {
        if let Some(story) = &mut witness.story {
            story.note(self.now, note);
        }
    }

    /// Gives the engine one input, checks all claims, and takes down what it wants.
    pub(super) fn input(&mut self, setup: &Setup, input: Input, witness: &mut Witness) -> Verdict {
        self.step += 1;
        let Witness { effects, coverage, story } = witness;
        effects.clear();
        let unit = input.unit();
        coverage.saw_input(&self.engine, unit, &input);
        self.judge.before(&self.engine, unit);
        let disposition = self.engine.handle(self.now, input, effects);
        if let Some(story) = story {
            story.step(self.now, input, disposition, effects.as_slice(), &self.engine);
        }
        let scene = Scene {
            setup,
            engine: &self.engine,
            store: &self.store,
            bodies: &self.bodies,
            now: self.now,
            step: self.step,
            was_killed: false,
        };
        let verdict = self.judge.observe(&scene, &input, disposition, effects.as_slice());
        coverage.saw_sights(self.judge.take_sights());
        if let Err(breach) = verdict {
            self.note(Note::Broken(breach.claim), witness);
            return Err(breach);
        }
        self.touch(input.unit());
        for effect in effects.as_slice() {
            if let unit @ Some(_) = effect.unit() {
                self.touch(unit);
            }
            self.carry_out(setup, effect, coverage);
        }
        Ok(())
    }

    fn carry_out(&mut self, setup: &Setup, effect: &Effect, coverage: &mut Coverage) {
        match *effect {
            Effect::Start { unit, incarnation } => {
                let process = setup.units[unit.index()].class == winddown_core::BodyClass::Process;
                self.bodies[unit.index()] = Body::started(unit, incarnation, process, 0);
                let hand = &mut self.hands[unit.index()];
                (hand.told, hand.unreported, hand.orphan) = (false, false, false);
            }
            Effect::Perform { unit, step, action, until } => {
                coverage.saw_action(action);
                self.perform(unit, step, action, until);
            }
            Effect::Checkpoint { unit, step, row, until: _ } => {
                coverage.saw_action(Action::Checkpoint);
                self.write(unit, row, Teller::Checkpoint(step));
            }
            Effect::Persist { unit, row, confirm } => {
                let teller = if confirm { Teller::Row } else { Teller::Nobody };
                self.write(unit, row, teller);
            }
            Effect::Reap { unit, incarnation: _ } => self.order(unit, Task::Reap),
            Effect::Wind { phase, until } => {
                if until > self.now {
                    self.phase = Some(phase);
                }
            }
            Effect::Exit { code } => self.exited = Some(code),
            // Nothing comes back from these, or there is nobody here whom they are about.
            Effect::Pause { .. }
            | Effect::Resume { .. }
            | Effect::Acknowledge { .. }
            | Effect::Tell { .. }
            | Effect::Disconnect { .. }
            | Effect::Reply { .. }
            | Effect::Notify { .. }
            | Effect::Reload
            | Effect::Report => {}
        }
    }

    fn perform(&mut self, unit: UnitId, step: Step, action: Action, until: Moment) {
        let goes = action.ends_body() || matches!(action, Action::RequestCancel | Action::Disconnect);
        self.hands[unit.index()].told |= goes && self.bodies[unit.index()].alive;
        // Nobody waits for the answer of a rung without patience, so none is sent; and a body that is
        // asked to go says so by going.
        let answers = !matches!(action, Action::RequestCancel | Action::Abort | Action::Forget);
        if answers && until > self.now {
            self.order(unit, Task::Step(step, action));
        }
    }

    fn order(&mut self, unit: UnitId, task: Task) {
        let place = self.orders.partition_point(|other| other.unit <= unit);
        self.orders.insert(place, Order { unit, task, slow: false });
    }

    fn write(&mut self, unit: UnitId, row: Row, teller: Teller) {
        let place = self.writes.partition_point(|other| other.unit <= unit);
        self.writes.insert(place, Write { unit, row, teller, slow: false });
    }
}
