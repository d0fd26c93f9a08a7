//! Any input, at any time, in any order: the engine has a rule for it, and always comes to an end.

use std::{collections::BTreeMap, sync::Arc};

use winddown_core::*;

/// SplitMix64, enough to mix inputs.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % count
    }

    fn small(&mut self, count: u64) -> u32 {
        u32::try_from(self.below(count)).unwrap()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

pub(crate) const OUTCOMES: [Outcome; 2] = [Outcome::Done, Outcome::Failed];

pub(crate) fn plan(dice: &mut Dice) -> Plan {
    let restart = [
        Restart::Never,
        Restart::Always { backoff: Span::from_secs(1) },
        Restart::OnFailure { limit: 2, backoff: Span::ZERO, backoff_max: Span::from_secs(9) },
    ];
    let mut kinds = vec![
        contracts::container(),
        contracts::provider(),
        contracts::provider_probed(),
        contracts::engagement(),
        contracts::session(),
        contracts::task(Span::from_secs(2)),
    ];
    for kind in &mut kinds {
        kind.restart = dice.one_of(&restart);
        kind.run_budget = dice.one_of(&[None, None, Some(Span::from_secs(7))]);
        kind.start_patience = dice.one_of(&[None, None, Some(Span::from_secs(1))]);
    }
    let mut plan = contracts::host(kinds);
    plan.at_once = dice.one_of(&[None, Some(1), Some(3)]);
    plan.owner_cap = dice.one_of(&[None, None, Some(2)]);
    plan.outer_grace = dice.one_of(&[None, Some(Span::from_secs(10))]);
    plan
}

fn within(dice: &mut Dice) -> Within {
    let span = Span::from_millis(dice.below(9_000));
    dice.one_of(&[Within::Unset, Within::For(Span::ZERO), Within::For(span), Within::Unlimited])
}

fn row(dice: &mut Dice) -> Row {
    Row {
        incarnation: Incarnation(dice.small(4)),
        status: dice.one_of(&Status::ALL),
        reason: Reason::None,
        findings: dice.small(5),
        leaked: dice.below(4) == 0,
    }
}

/// Anything at all about a unit that may not even exist. Shutdowns are rare, or nothing else would be tried.
pub(crate) fn input(dice: &mut Dice, caller: Caller) -> Input {
    let unit = UnitId(dice.small(9));
    let incarnation = Incarnation(dice.small(4));
    let outcome = dice.one_of(&OUTCOMES);
    let client = ClientId(u16::try_from(dice.below(4)).unwrap());
    match dice.below(40) {
        0 => Input::UnitDeclared {
            unit,
            kind: KindId(u16::try_from(dice.below(7)).unwrap()),
            owner: OwnerId(0),
        },
        1 => Input::DependencyDeclared { unit, on: UnitId(dice.small(9)) },
        2 => Input::UnitRecovered { unit, row: row(dice) },
        3..=6 => Input::StartRequested { unit, caller },
        7 => Input::UnitStarted { unit, incarnation },
        8 => Input::StartFailed { unit, incarnation },
        9..=11 => {
            let exit = dice.one_of(&[Exit::Completed, Exit::Failed, Exit::Panicked, Exit::Ended]);
            Input::UnitExited { unit, incarnation, exit }
        }
        12 => Input::Progressed { unit, incarnation },
        13 | 14 => Input::FindingRecorded { unit, durable: dice.below(2) == 0 },
        15 => Input::PauseRequested { unit, caller },
        16 => Input::UnitPaused { unit, incarnation },
        17 => Input::ResumeRequested { unit, caller },
        18..=21 => Input::StopRequested { unit, force: dice.below(4) == 0, within: within(dice), caller },
        22 | 23 => Input::RestartRequested { unit, caller },
        24 | 25 => Input::CancelRequested { unit, reason: Reason::ByUser, caller },
        26 => Input::RemoveRequested { unit, caller },
        27..=31 => {
            let rung = u8::try_from(dice.below(5)).unwrap();
            let round = u16::try_from(dice.below(2)).unwrap();
            Input::StepFinished { unit, step: Step { incarnation, rung, round }, outcome }
        }
        32 | 33 => Input::Persisted { unit, row: row(dice), outcome },
        34 => Input::Reaped { unit, outcome },
        35 => Input::ClientAttached { client },
        36 => dice.one_of(&[Input::ClientTold { client, outcome }, Input::ClientLeft { client }]),
        37 if dice.below(20) == 0 => {
            Input::ShutdownRequested { graceful: dice.below(2) == 0, within: within(dice), caller }
        }
        38 => Input::SignalReceived { signal: Signal::Hangup },
        39 => Input::PhaseFinished { phase: dice.one_of(&[Phase::CloseListener, Phase::StopUnits]), outcome },
        _ => Input::Woken,
    }
}

/// What must be so about the effects of any run.
#[derive(Default)]
struct Ledger {
    answered: BTreeMap<u32, u32>,
    noticed: BTreeMap<(u32, u32), u32>,
    exits: u32,
}

impl Ledger {
    fn note(&mut self, effects: &[Effect], was_draining: bool) {
        for effect in effects {
            assert_eq!(self.exits, 0, "{effect:?} came after the exit");
            match *effect {
                Effect::Reply { ticket, .. } => *self.answered.entry(ticket.0).or_default() += 1,
                Effect::Notify { unit, incarnation, notice } if notice.is_terminal() => {
                    let count = self.noticed.entry((unit.0, incarnation.0)).or_default();
                    *count += 1;
                    assert_eq!(*count, 1, "a second terminal notice for {unit:?} {incarnation:?}");
                }
                Effect::Start { .. } => assert!(!was_draining, "a start while draining"),
                Effect::Exit { .. } => self.exits += 1,
                _ => {}
            }
        }
    }
}

#[test]
fn whatever_comes_in_is_handled_and_the_end_comes() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut engine = Engine::new(Arc::new(plan(&mut dice))).unwrap();
        let mut effects = Effects::new();
        let mut ledger = Ledger::default();
        let mut now = Moment::START;
        let mut tickets = 0;
        for number in 0..6 {
            let declared = Input::UnitDeclared {
                unit: UnitId(number),
                kind: KindId(u16::try_from(number).unwrap()),
                owner: OwnerId(0),
            };
            assert_eq!(engine.handle(now, declared, &mut effects), Disposition::Applied);
        }
        for _ in 0..300 {
            now = now.after(Span::from_millis(dice.below(3) * dice.below(400)));
            let caller = dice.one_of(&[Caller::Nobody, Caller::Outside(Ticket(tickets))]);
            let before = engine.clone();
            effects.clear();
            let what = input(&mut dice, caller);
            let disposition = engine.handle(now, what, &mut effects);
            ledger.note(effects.as_slice(), before.is_draining());
            if disposition != Disposition::Applied {
                assert_eq!(engine, before, "seed {seed}: {what:?} was {disposition:?} and changed something");
            }
            tickets += u32::from(caller != Caller::Nobody && asks(&what));
        }
        run_down(&mut engine, &mut now, &mut effects, &mut ledger);
        assert_eq!(ledger.exits, 1, "seed {seed}");
        for ticket in ledger.answered {
            assert_eq!(ticket.1, 1, "seed {seed}: ticket {}", ticket.0);
        }
    }
}

/// Whether this input has a caller who was given a new ticket.
fn asks(input: &Input) -> bool {
    matches!(
        input,
        Input::StartRequested { .. }
            | Input::PauseRequested { .. }
            | Input::ResumeRequested { .. }
            | Input::StopRequested { .. }
            | Input::RestartRequested { .. }
            | Input::CancelRequested { .. }
            | Input::RemoveRequested { .. }
            | Input::ShutdownRequested { .. }
    )
}

/// A shutdown in a world that never answers: it still ends, by its deadline.
fn run_down(engine: &mut Engine, now: &mut Moment, effects: &mut Effects, ledger: &mut Ledger) {
    effects.clear();
    let within = Within::For(Span::from_secs(30));
    let shutdown = Input::ShutdownRequested { graceful: true, within, caller: Caller::Nobody };
    let was_draining = engine.is_draining();
    let _any = engine.handle(*now, shutdown, effects);
    ledger.note(effects.as_slice(), was_draining);
    let ends = engine.shutdown_deadline().unwrap();
    while let Some(at) = engine.next_deadline() {
        *now = at.max(*now);
        effects.clear();
        let was = engine.clone();
        let disposition = engine.handle(*now, Input::Woken, effects);
        assert_eq!(disposition, Disposition::Applied, "a wake-up that was asked for is for something");
        ledger.note(effects.as_slice(), was.is_draining());
    }
    assert!(engine.has_exited());
    assert!(*now <= ends.max(*now));
    effects.clear();
    assert_eq!(engine.handle(*now, Input::Woken, effects), Disposition::Ignored(Why::Exited));
}
