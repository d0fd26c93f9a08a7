//! Whatever a host does, its journal reads back; whatever a file holds, it is a journal or an error.

#![expect(clippy::unwrap_used, reason = "a test stops where the world is not as it says")]

use std::sync::Arc;

use proptest::{collection::vec, prelude::*, sample::Index, test_runner::Config};
use winddown_core::{
    Caller, Effects, Engine, Exit, Incarnation, Input, KindId, Moment, OwnerId, Reason, Signal, Span, Ticket,
    UnitId, Within, contracts,
};
use winddown_journal::{Journal, Name, Step, Writer};

fn cases() -> Config {
    let cases = std::env::var("WINDDOWN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn input() -> impl Strategy<Value = Input> {
    let unit = || (0..4_u32).prop_map(UnitId);
    let caller = prop_oneof![
        Just(Caller::Nobody),
        any::<u32>().prop_map(|ticket| Caller::Outside(Ticket(ticket))),
        any::<u32>().prop_map(|ticket| Caller::Body(Ticket(ticket))),
    ];
    let within = prop_oneof![
        Just(Within::Unset),
        Just(Within::Unlimited),
        any::<u64>().prop_map(|nanos| Within::For(Span::from_nanos(nanos))),
    ];
    let signal = prop_oneof![Just(Signal::Terminate), Just(Signal::Interrupt), Just(Signal::Hangup)];
    let exit =
        prop_oneof![Just(Exit::Completed), Just(Exit::Failed), Just(Exit::Panicked), Just(Exit::Ended)];
    let incarnation = || (0..3_u32).prop_map(Incarnation);
    prop_oneof![
        unit().prop_map(|unit| Input::UnitDeclared { unit, kind: KindId(0), owner: OwnerId(0) }),
        (unit(), caller.clone()).prop_map(|(unit, caller)| Input::StartRequested { unit, caller }),
        (unit(), any::<bool>(), within, caller.clone())
            .prop_map(|(unit, force, within, caller)| Input::StopRequested { unit, force, within, caller }),
        (unit(), any::<u32>(), caller).prop_map(|(unit, number, caller)| {
            Input::CancelRequested { unit, reason: Reason::Stated(number), caller }
        }),
        (unit(), any::<bool>()).prop_map(|(unit, durable)| Input::FindingRecorded { unit, durable }),
        (unit(), incarnation()).prop_map(|(unit, incarnation)| Input::UnitPaused { unit, incarnation }),
        (unit(), incarnation(), exit).prop_map(|(unit, incarnation, exit)| Input::UnitExited {
            unit,
            incarnation,
            exit
        }),
        signal.prop_map(|signal| Input::SignalReceived { signal }),
        Just(Input::Woken),
    ]
}

/// What a host that takes in all of this writes, and what it has taken in.
fn recorded(names: Vec<String>, inputs: Vec<(u64, Input)>) -> (Vec<u8>, Vec<Name>, Vec<Step>) {
    let plan = contracts::host(vec![contracts::engagement()]);
    let mut engine = Engine::new(Arc::new(plan.clone())).unwrap();
    let mut writer = Writer::begin(Vec::new(), vec!["engagement".to_owned()], plan).unwrap();
    let names: Vec<Name> =
        names.into_iter().zip(0..).map(|(name, unit)| Name { unit: UnitId(unit), name }).collect();
    for name in &names {
        writer.name(name.clone()).unwrap();
    }
    let (mut at, mut steps) = (Moment::START, Vec::new());
    for (later, input) in inputs {
        at = at.after(Span::from_nanos(later));
        let mut effects = Effects::new();
        let disposition = engine.handle(at, input, &mut effects);
        let step = Step { at, input, disposition, effects: effects.as_slice().to_vec() };
        writer.step(step.clone()).unwrap();
        steps.push(step);
    }
    writer.flush().unwrap();
    (writer.written().to_vec(), names, steps)
}

fn any_host() -> impl Strategy<Value = (Vec<u8>, Vec<Name>, Vec<Step>)> {
    let inputs = vec((0..20_000_000_000_u64, input()), 0..40);
    (vec(any::<String>(), 0..4), inputs).prop_map(|(names, inputs)| recorded(names, inputs))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_journal_reads_back_and_plays_the_same((bytes, names, steps) in any_host()) {
        let journal = Journal::read(&*bytes).unwrap();
        let names: Vec<_> = names.into_iter().map(|name| (0, name)).collect();
        prop_assert_eq!((&journal.names, &journal.steps, journal.is_torn), (&names, &steps, false));
        prop_assert_eq!(journal.replay(|_, _, _, _| ()).unwrap().difference, None);
    }

    #[test]
    fn any_bytes_are_a_journal_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(Journal::read(&*bytes).is_err(), "no head comes by chance");
    }

    #[test]
    fn a_damaged_journal_is_an_error_or_plays(
        (mut bytes, ..) in any_host(),
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(journal) = Journal::read(&*bytes) {
            // A plan that breaks a rule is refused; everything else is played, whatever it says.
            let _played = journal.replay(|_, _, _, _| ());
        }
    }
}
