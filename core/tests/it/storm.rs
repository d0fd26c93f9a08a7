//! A world that answers most of what it is asked, late, twice, wrongly or never, with requests from all
//! sides; then silence, or calm. Safety in the storm, an end after it.

use std::sync::Arc;

use winddown_core::*;

use crate::{
    ledger::Ledger,
    totality::{Dice, OUTCOMES, input, plan},
};

const UNITS: u32 = 8;

struct Storm {
    dice: Dice,
    engine: Engine,
    now: Moment,
    ledger: Ledger,
    /// What the world may still say about what it was asked.
    echoes: Vec<Input>,
    tickets: u32,
    /// Nobody asks for unlimited time, so that everything ends in bounded time.
    bounded: bool,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let engine = Engine::new(Arc::new(plan(&mut dice))).unwrap();
        let bounded = dice.below(2) == 0;
        let mut storm = Self {
            dice,
            engine,
            now: Moment::START,
            ledger: Ledger::default(),
            echoes: Vec::new(),
            tickets: 0,
            bounded,
        };
        for number in 0..UNITS {
            let _applied = storm.handle(storm.declaration(number));
            for on in 0..number {
                if storm.dice.below(5) == 0 {
                    let depends = Input::DependencyDeclared { unit: UnitId(number), on: UnitId(on) };
                    assert_eq!(storm.handle(depends), Disposition::Applied);
                }
            }
        }
        storm
    }

    /// One number, one kind: so that the ledger knows it.
    fn declaration(&self, number: u32) -> Input {
        let kinds = u32::try_from(self.engine.plan().kinds.len()).unwrap();
        let kind = KindId(u16::try_from(number % kinds).unwrap());
        Input::UnitDeclared { unit: UnitId(number), kind, owner: OwnerId(u16::try_from(number % 2).unwrap()) }
    }

    fn handle(&mut self, input: Input) -> Disposition {
        let before = self.engine.clone();
        let mut effects = Effects::new();
        self.ledger.before(input);
        let disposition = self.engine.handle(self.now, input, &mut effects);
        if disposition != Disposition::Applied {
            assert_eq!(self.engine, before, "{input:?} was {disposition:?}, and changed something");
            let answers = effects.as_slice().iter().all(|effect| matches!(effect, Effect::Reply { .. }));
            assert!(answers, "{input:?} was {disposition:?}, and led to {effects:?}");
        }
        let counts = disposition == Disposition::Applied || matches!(input, Input::StopRequested { .. });
        let input = if counts { input } else { Input::Woken };
        self.ledger.after(self.now, input, &self.engine, effects.as_slice());
        for effect in effects.drain() {
            self.echoes.extend(echoes(effect, &mut self.dice));
        }
        disposition
    }

    fn wake(&mut self) {
        let due = self.engine.next_deadline().is_some_and(|at| at <= self.now);
        let expected = if due { Disposition::Applied } else { Disposition::Ignored(Why::NothingDue) };
        assert_eq!(self.handle(Input::Woken), expected);
        if self.engine.has_exited() {
            return;
        }
        let next = self.engine.next_deadline();
        assert!(next.is_none_or(|at| at > self.now), "woken at {}, and due again at {next:?}", self.now);
        self.ledger.nothing_due(self.now, &self.engine);
    }

    fn blow(&mut self) {
        match self.dice.below(20) {
            0..=8 if !self.echoes.is_empty() => {
                let place = usize::try_from(self.dice.below(self.echoes.len() as u64)).unwrap();
                let echo = self.echoes[place];
                if self.dice.below(6) > 0 {
                    self.echoes.swap_remove(place);
                }
                let _any = self.handle(echo);
            }
            9 => {
                self.now = self.engine.next_deadline().map_or(self.now, |at| at.max(self.now));
                // Another input may come in first at that very instant.
                if self.dice.below(3) > 0 {
                    self.wake();
                }
            }
            10 => {
                self.now = self.now.after(Span::from_millis(self.dice.below(700)));
            }
            11 => self.wake(),
            _ => self.ask(),
        }
    }

    fn ask(&mut self) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let callers =
            [Caller::Nobody, Caller::Body(ticket), Caller::Outside(ticket), Caller::Outside(ticket)];
        let caller = self.dice.one_of(&callers);
        let asked = match input(&mut self.dice, caller) {
            Input::UnitDeclared { unit, .. } if unit.0 < UNITS => self.declaration(unit.0),
            Input::UnitDeclared { .. } | Input::Woken => return,
            Input::UnitRecovered { unit, row } if self.dice.below(4) > 0 => {
                let row = Row { incarnation: Incarnation(row.incarnation.0 / 2), ..row };
                Input::UnitRecovered { unit, row }
            }
            // What is durable is for the world to say, and only once it was asked for.
            Input::Persisted { .. } | Input::StepFinished { .. } => return,
            Input::StopRequested { unit, force, within: Within::Unlimited, caller } if self.bounded => {
                Input::StopRequested { unit, force, within: Within::Unset, caller }
            }
            Input::ShutdownRequested { graceful, within: Within::Unlimited, caller } if self.bounded => {
                Input::ShutdownRequested { graceful, within: Within::Unset, caller }
            }
            other => other,
        };
        let _any = self.handle(asked);
    }

    /// Nobody says anything any more: whoever waits has an answer when the time for it is over.
    fn silence(&mut self, patience: Span) {
        let ends = self.now.after(patience);
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= ends) {
            self.now = at.max(self.now);
            self.wake();
        }
        self.now = self.now.max(ends);
    }

    /// The world does all that it was asked, and says so in order.
    fn calm(&mut self) {
        while !self.engine.has_exited() {
            for echo in core::mem::take(&mut self.echoes) {
                let _any = self.handle(well(echo));
            }
            if self.echoes.is_empty() && !self.engine.has_exited() {
                self.now = self.engine.next_deadline().unwrap().max(self.now);
                self.wake();
            }
        }
    }

    fn shut_down(&mut self) -> Moment {
        let within = Within::For(Span::from_secs(30));
        let _any = self.handle(Input::ShutdownRequested { graceful: true, within, caller: Caller::Nobody });
        // One that was on its way may be overdue: then it ends with the next wake-up.
        self.engine.shutdown_deadline().unwrap().max(self.now)
    }
}

/// What a world may say about an effect.
fn echoes(effect: Effect, dice: &mut Dice) -> Vec<Input> {
    let outcome = dice.one_of(&[Outcome::Done, Outcome::Done, Outcome::Done, Outcome::Failed]);
    match effect {
        Effect::Start { unit, incarnation } => {
            let exit = dice.one_of(&[Exit::Completed, Exit::Failed, Exit::Panicked]);
            let mut said = vec![Input::UnitStarted { unit, incarnation }];
            said.extend((0..dice.below(3)).map(|durable| {
                let durable = durable == 0;
                Input::FindingRecorded { unit, durable }
            }));
            let ends = [
                Input::StartFailed { unit, incarnation },
                Input::UnitExited { unit, incarnation, exit },
                Input::Progressed { unit, incarnation },
                Input::Progressed { unit, incarnation },
            ];
            said.push(dice.one_of(&ends));
            said
        }
        Effect::Pause { unit, incarnation } => vec![Input::UnitPaused { unit, incarnation }],
        Effect::Perform { unit, step, action, .. } => {
            let incarnation = step.incarnation;
            let finished = Input::StepFinished { unit, step, outcome };
            let gone = Input::UnitExited { unit, incarnation, exit: Exit::Ended };
            match action {
                Action::Pause => vec![finished, Input::UnitPaused { unit, incarnation }],
                Action::Probe | Action::Forget => vec![finished],
                _ => vec![finished, gone],
            }
        }
        Effect::Checkpoint { unit, step, .. } => vec![Input::StepFinished { unit, step, outcome }],
        Effect::Persist { unit, row, confirm: true } => vec![Input::Persisted { unit, row, outcome }],
        Effect::Reap { unit, .. } => vec![Input::Reaped { unit, outcome }],
        Effect::Tell { client, .. } => vec![Input::ClientTold { client, outcome }],
        Effect::Disconnect { client } => vec![Input::ClientLeft { client }],
        Effect::Wind { phase, .. } => vec![Input::PhaseFinished { phase, outcome }],
        _ => Vec::new(),
    }
}

/// The same, from a world in which everything works.
fn well(echo: Input) -> Input {
    let outcome = OUTCOMES[0];
    match echo {
        Input::StepFinished { unit, step, .. } => Input::StepFinished { unit, step, outcome },
        Input::Persisted { unit, row, .. } => Input::Persisted { unit, row, outcome },
        Input::Reaped { unit, .. } => Input::Reaped { unit, outcome },
        Input::ClientTold { client, .. } => Input::ClientTold { client, outcome },
        Input::PhaseFinished { phase, .. } => Input::PhaseFinished { phase, outcome },
        other => other,
    }
}

fn storms(seeds: core::ops::Range<u64>, then: impl Fn(&mut Storm)) {
    for seed in seeds {
        let run = || {
            let mut storm = Storm::new(seed);
            for _ in 0..200 {
                if !storm.engine.has_exited() {
                    storm.blow();
                }
            }
            then(&mut storm);
        };
        if let Err(panic) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(run)) {
            panic!("seed {seed}: {:?}", panic.downcast_ref::<String>());
        }
    }
}

#[test]
fn in_silence_every_stop_ends_and_everybody_is_answered() {
    storms(0..3_000, |storm| {
        if storm.bounded {
            let waiting: Vec<u32> = storm.ledger.open.keys().copied().collect();
            // The longest ladder there is, and a row.
            storm.silence(Span::from_secs(33));
            let left: Vec<_> = waiting.iter().filter_map(|ticket| storm.ledger.open.get(ticket)).collect();
            assert!(left.is_empty(), "nobody answers {left:?}, at {}", storm.now);
        }
    });
}

#[test]
fn in_silence_a_shutdown_ends_by_its_deadline() {
    storms(10_000..13_000, |storm| {
        if !storm.engine.has_exited() {
            let ends = storm.shut_down();
            storm.silence(storm.now.until(ends));
            assert!(storm.engine.has_exited());
            assert!(storm.ledger.exit.unwrap().0 <= ends);
        }
        assert_eq!(storm.handle(Input::Woken), Disposition::Ignored(Why::Exited));
    });
}

#[test]
fn in_calm_a_shutdown_keeps_everything() {
    storms(20_000..23_000, |storm| {
        if !storm.engine.has_exited() {
            let late = storm.engine.is_draining();
            let ends = storm.shut_down();
            storm.calm();
            assert!(storm.ledger.exit.unwrap().0 <= ends);
            // What could not be written on the way out is not tried for ever.
            assert!(late || storm.engine.report().unsaved().count() == 0);
        }
    });
}
