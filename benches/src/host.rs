//! A host on a bench: an engine, and a world that answers at once and in order.

use std::sync::Arc;

use winddown_core::{
    Action, Caller, Effect, Effects, Engine, Exit, Input, Kind, KindId, Moment, Outcome, OwnerId, Plan,
    Reason, Signal, Ticket, UnitId, Within, contracts,
};

/// What went through an engine. Exact, and the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Inputs that the engine took.
    pub steps: u64,
    /// What it asked for.
    pub effects: u64,
    /// Rows and checkpoints among that.
    pub rows: u64,
}

/// How the world answers what the engine asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// Everything works, at once.
    Happy,
    /// Nothing is ever answered but writes: every rung uses up its patience.
    Hopeless,
}

/// An engine and the world around it.
#[derive(Clone, Debug)]
pub struct Host {
    engine: Engine,
    effects: Effects,
    /// Inputs that the world has still to give.
    answers: Vec<Input>,
    now: Moment,
    /// What went through so far.
    pub counters: Counters,
}

impl Host {
    /// A host with so many running units of each of these kinds.
    ///
    /// # Panics
    /// If the plan is not sound; those of the contracts are.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]
    pub fn running(kinds: Vec<Kind>, each: u32) -> Self {
        let count = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
        let plan: Plan = contracts::host(kinds);
        let engine = Engine::new(Arc::new(plan)).expect("the plan is sound");
        let mut host = Self {
            engine,
            effects: Effects::new(),
            answers: Vec::new(),
            now: Moment::START,
            counters: Counters::default(),
        };
        for unit in (0..count * each).map(UnitId) {
            let kind = KindId(u16::try_from(unit.0 % count).unwrap_or_default());
            host.give(Input::UnitDeclared { unit, kind, owner: OwnerId(0) }, World::Happy);
            host.start(unit);
        }
        host.counters = Counters::default();
        host
    }

    /// Starts a unit.
    pub fn start(&mut self, unit: UnitId) {
        self.give(Input::StartRequested { unit, caller: Caller::Nobody }, World::Happy);
    }

    /// Stops a unit and answers until all is told.
    pub fn stop(&mut self, unit: UnitId, world: World) {
        let caller = Caller::Outside(Ticket(1));
        self.give(Input::StopRequested { unit, force: false, within: Within::Unset, caller }, world);
    }

    /// Cancels a unit and answers until all is told.
    pub fn cancel(&mut self, unit: UnitId, world: World) {
        let caller = Caller::Outside(Ticket(1));
        self.give(Input::CancelRequested { unit, reason: Reason::ByUser, caller }, world);
    }

    /// A body has found something.
    pub fn find(&mut self, unit: UnitId) {
        self.give(Input::FindingRecorded { unit, durable: false }, World::Happy);
    }

    /// SIGTERM, and everything until the exit.
    pub fn shut_down(&mut self) {
        self.give(Input::SignalReceived { signal: Signal::Terminate }, World::Happy);
    }

    /// Whether it has exited.
    #[must_use]
    pub const fn has_exited(&self) -> bool {
        self.engine.has_exited()
    }

    /// The engine as it stands.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Copies another host's engine over this one's: what an exploration does for each step that it tries.
    pub fn copy_from(&mut self, other: &Self) {
        self.engine.clone_from(&other.engine);
    }

    /// Gives an input, then whatever the world makes of what the engine asks for, until nothing is left.
    fn give(&mut self, input: Input, world: World) {
        self.answers.push(input);
        loop {
            while let Some(input) = self.answers.pop() {
                self.effects.clear();
                let _any = self.engine.handle(self.now, input, &mut self.effects);
                self.counters.steps += 1;
                for effect in self.effects.as_slice().iter().rev() {
                    self.counters.effects += 1;
                    let row = matches!(effect, Effect::Persist { .. } | Effect::Checkpoint { .. });
                    self.counters.rows += u64::from(row);
                    if let Some(answer) = answer(effect, world) {
                        self.answers.push(answer);
                    }
                }
            }
            match self.engine.next_deadline() {
                Some(deadline) if world == World::Hopeless => {
                    self.now = deadline;
                    self.answers.push(Input::Woken);
                }
                Some(_) | None => return,
            }
        }
    }
}

/// What comes back for an effect.
const fn answer(effect: &Effect, world: World) -> Option<Input> {
    let outcome = Outcome::Done;
    let happy = matches!(world, World::Happy);
    match *effect {
        Effect::Persist { unit, row, confirm: true } => Some(Input::Persisted { unit, row, outcome }),
        Effect::Perform { unit, step, action: Action::RequestCancel | Action::Abort, .. } if happy => {
            Some(Input::UnitExited { unit, incarnation: step.incarnation, exit: Exit::Ended })
        }
        Effect::Perform { unit, step, .. } | Effect::Checkpoint { unit, step, .. } if happy => {
            Some(Input::StepFinished { unit, step, outcome })
        }
        Effect::Wind { phase, .. } => Some(Input::PhaseFinished { phase, outcome }),
        Effect::Tell { client, .. } => Some(Input::ClientTold { client, outcome }),
        Effect::Disconnect { client } => Some(Input::ClientLeft { client }),
        Effect::Start { .. }
        | Effect::Pause { .. }
        | Effect::Resume { .. }
        | Effect::Perform { .. }
        | Effect::Checkpoint { .. }
        | Effect::Persist { .. }
        | Effect::Acknowledge { .. }
        | Effect::Reap { .. }
        | Effect::Notify { .. }
        | Effect::Reply { .. }
        | Effect::Reload
        | Effect::Report
        | Effect::Exit { .. } => None,
    }
}
