//! An engine on a bench: inputs by hand, effects to look at.

use std::sync::Arc;

use winddown_core::*;

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) now: Moment,
    /// What the last input led to.
    pub(crate) effects: Vec<Effect>,
    /// What all inputs led to.
    pub(crate) all: Vec<(Moment, Effect)>,
    tickets: u32,
}

impl Bench {
    pub(crate) fn new(plan: Plan) -> Self {
        let engine = Engine::new(Arc::new(plan)).unwrap();
        Self { engine, now: Moment::START, effects: Vec::new(), all: Vec::new(), tickets: 0 }
    }

    /// A host with one started unit of each kind, in this order.
    pub(crate) fn running(kinds: Vec<Kind>) -> Self {
        let count = kinds.len();
        let mut bench = Self::new(contracts::host(kinds));
        for number in 0..count {
            bench.declare(number, number);
            bench.start(number);
        }
        bench
    }

    pub(crate) fn declare(&mut self, number: usize, kind: usize) {
        let kind = KindId(u16::try_from(kind).unwrap());
        let declared = Input::UnitDeclared { unit: unit(number), kind, owner: OwnerId(0) };
        assert_eq!(self.handle(declared), Disposition::Applied);
    }

    /// Asks for a start, and confirms the row where one is waited for.
    pub(crate) fn start(&mut self, number: usize) {
        let started = self.handle(Input::StartRequested { unit: unit(number), caller: Caller::Nobody });
        assert_eq!(started, Disposition::Applied);
        self.confirm_rows();
    }

    pub(crate) fn handle(&mut self, input: Input) -> Disposition {
        let mut effects = Effects::new();
        let disposition = self.engine.handle(self.now, input, &mut effects);
        self.effects = effects.as_slice().to_vec();
        self.all.extend(self.effects.iter().map(|effect| (self.now, *effect)));
        disposition
    }

    /// Tells the engine that every row that it waits for is durable.
    pub(crate) fn confirm_rows(&mut self) {
        let asked = self.effects.clone();
        for effect in asked {
            if let Effect::Persist { unit, row, confirm: true } = effect {
                let _any = self.handle(Input::Persisted { unit, row, outcome: Outcome::Done });
            }
        }
    }

    /// The same for whatever was ever asked for, also if it is known already.
    pub(crate) fn confirm_all(&mut self) {
        self.effects = self.all.iter().map(|(_, effect)| *effect).collect();
        self.confirm_rows();
    }

    pub(crate) fn ticket(&mut self) -> Caller {
        self.tickets += 1;
        Caller::Outside(Ticket(self.tickets))
    }

    pub(crate) fn remove(&mut self, number: usize) -> Disposition {
        self.handle(Input::RemoveRequested { unit: unit(number), caller: Caller::Nobody })
    }

    pub(crate) fn stop(&mut self, number: usize) -> Disposition {
        let caller = self.ticket();
        self.stop_with(number, false, Within::Unset, caller)
    }

    pub(crate) fn stop_with(
        &mut self,
        number: usize,
        force: bool,
        within: Within,
        caller: Caller,
    ) -> Disposition {
        self.handle(Input::StopRequested { unit: unit(number), force, within, caller })
    }

    pub(crate) fn exit(&mut self, number: usize, exit: Exit) -> Disposition {
        let incarnation = self.engine.unit(unit(number)).unwrap().incarnation;
        self.handle(Input::UnitExited { unit: unit(number), incarnation, exit })
    }

    /// Answers the rung that the last effects ask for.
    pub(crate) fn finish(&mut self, number: usize, outcome: Outcome) -> Disposition {
        let step = self.steps().into_iter().rev().find(|(of, _, _)| *of == unit(number)).unwrap().1;
        self.handle(Input::StepFinished { unit: unit(number), step, outcome })
    }

    /// Every step that was ever asked for, with its action's name.
    pub(crate) fn steps(&self) -> Vec<(UnitId, Step, &'static str)> {
        let steps = self.all.iter().filter_map(|(_, effect)| match *effect {
            Effect::Perform { unit, step, action, .. } => Some((unit, step, action.name())),
            Effect::Checkpoint { unit, step, .. } => Some((unit, step, "checkpoint")),
            _ => None,
        });
        steps.collect()
    }

    /// The actions that were performed on a unit, in order.
    pub(crate) fn actions(&self, number: usize) -> Vec<&'static str> {
        self.steps().into_iter().filter(|(of, _, _)| *of == unit(number)).map(|(_, _, name)| name).collect()
    }

    pub(crate) fn after(&mut self, span: Span) {
        self.now = self.now.after(span);
    }

    /// Goes to the engine's next deadline, and wakes it.
    pub(crate) fn wake(&mut self) -> Disposition {
        self.now = self.now.max(self.engine.next_deadline().expect("a deadline"));
        self.handle(Input::Woken)
    }

    pub(crate) fn status(&self, number: usize) -> Status {
        self.engine.status(unit(number)).unwrap()
    }

    pub(crate) fn answers(&self) -> Vec<Answer> {
        let answers = self.all.iter().filter_map(|(_, effect)| match effect {
            Effect::Reply { answer, .. } => Some(*answer),
            _ => None,
        });
        answers.collect()
    }

    pub(crate) fn terminal_notices(&self, number: usize) -> Vec<Notice> {
        let notices = self.all.iter().filter_map(|(_, effect)| match effect {
            Effect::Notify { unit: of, notice, .. } if *of == unit(number) && notice.is_terminal() => {
                Some(*notice)
            }
            _ => None,
        });
        notices.collect()
    }

    pub(crate) fn exit_code(&self) -> Option<u8> {
        self.all.iter().find_map(|(_, effect)| match effect {
            Effect::Exit { code } => Some(*code),
            _ => None,
        })
    }

    /// A world that answers everything at once and in order: until nothing is asked any more.
    pub(crate) fn obey(&mut self) {
        let mut asked: Vec<Effect> = self.effects.clone();
        while !asked.is_empty() {
            let effect = asked.remove(0);
            if let Some(input) = answer_to(effect, self.now) {
                let _any = self.handle(input);
                asked.extend(self.effects.clone());
            }
        }
    }
}

/// What a world without faults says to an effect.
pub(crate) fn answer_to(effect: Effect, now: Moment) -> Option<Input> {
    let outcome = Outcome::Done;
    match effect {
        Effect::Perform { unit, step, until, .. } if until > now => {
            Some(Input::StepFinished { unit, step, outcome })
        }
        Effect::Perform { unit, step, action: Action::Abort, .. } => {
            Some(Input::UnitExited { unit, incarnation: step.incarnation, exit: Exit::Ended })
        }
        Effect::Checkpoint { unit, step, .. } => Some(Input::StepFinished { unit, step, outcome }),
        Effect::Persist { unit, row, confirm: true } => Some(Input::Persisted { unit, row, outcome }),
        Effect::Tell { client, .. } => Some(Input::ClientTold { client, outcome }),
        Effect::Disconnect { client } => Some(Input::ClientLeft { client }),
        Effect::Wind { phase, .. } => Some(Input::PhaseFinished { phase, outcome }),
        Effect::Reap { unit, .. } => Some(Input::Reaped { unit, outcome }),
        _ => None,
    }
}

pub(crate) fn unit(number: usize) -> UnitId {
    UnitId(u32::try_from(number).unwrap())
}
