//! Journals are read as they were written, and nothing else is taken for one.

#![expect(clippy::unwrap_used, reason = "a test stops where the world is not as it says")]

use std::sync::Arc;

use winddown_core::{
    Caller, Disposition, Effects, Engine, Incarnation, Input, KindId, Moment, OwnerId, SEMANTICS_VERSION,
    Signal, Span, Ticket, UnitId, Why, Within, contracts,
};
use winddown_journal::{Journal, Name, Step, What, Writer};

const UNIT: UnitId = UnitId(0);

/// A navigation that is stopped, and a shutdown with a second signal.
fn journal() -> Vec<u8> {
    let plan = contracts::host(vec![contracts::engagement()]);
    let mut engine = Engine::new(Arc::new(plan.clone())).unwrap();
    let mut writer = Writer::begin(Vec::new(), vec!["engagement".to_owned()], plan).unwrap();
    writer.name(Name { unit: UNIT, name: "navigation \"1\"\n".to_owned() }).unwrap();
    let stop = Input::StopRequested {
        unit: UNIT,
        force: false,
        within: Within::Unlimited,
        caller: Caller::Outside(Ticket(7)),
    };
    let inputs = [
        (0, Input::UnitDeclared { unit: UNIT, kind: KindId(0), owner: OwnerId(0) }),
        (5, Input::StartRequested { unit: UNIT, caller: Caller::Nobody }),
        (10, Input::FindingRecorded { unit: UNIT, durable: true }),
        (12_000, stop),
        (12_000, Input::SignalReceived { signal: Signal::Terminate }),
        (12_000, Input::UnitPaused { unit: UNIT, incarnation: Incarnation(1) }),
        (12_001, Input::SignalReceived { signal: Signal::Interrupt }),
        (99_000, Input::Woken),
    ];
    let mut effects = Effects::new();
    let mut bytes = Vec::new();
    for (millis, input) in inputs {
        let at = Moment::START.after(Span::from_millis(millis));
        effects.clear();
        let disposition = engine.handle(at, input, &mut effects);
        writer.step(Step { at, input, disposition, effects: effects.as_slice().to_vec() }).unwrap();
    }
    writer.flush().unwrap();
    bytes.extend_from_slice(writer.written());
    bytes
}

fn text() -> String {
    String::from_utf8(journal()).unwrap()
}

#[track_caller]
fn refused(text: &str, line: usize) -> What {
    let error = Journal::read(text.as_bytes()).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    error.what
}

#[test]
fn the_same_inputs_have_the_same_effects() {
    let journal = Journal::read(&*journal()).unwrap();
    assert_eq!((journal.steps.len(), journal.is_torn), (8, false));
    assert_eq!(journal.names, [(0, Name { unit: UNIT, name: "navigation \"1\"\n".to_owned() })]);
    let mut seen = 0;
    let played = journal
        .replay(|step, disposition, effects, _| {
            assert_eq!((disposition, effects), (step.disposition, &*step.effects));
            seen += 1;
        })
        .unwrap();
    assert_eq!((seen, played.difference), (8, None));
    assert!(played.engine.has_exited(), "the journal is of a whole run");
}

#[test]
fn an_engine_that_does_something_else_is_found_out() {
    let mut other = Journal::read(&*journal()).unwrap();
    other.head.plan.kinds = vec![contracts::container()];
    let difference = other.replay(|_, _, _, _| ()).unwrap().difference.unwrap();
    assert_eq!(difference.place, 3, "it has another ladder");
    assert_ne!(difference.effects, other.steps[3].effects);

    let mut other = Journal::read(&*journal()).unwrap();
    other.steps[7].disposition = Disposition::Ignored(Why::NothingDue);
    let difference = other.replay(|_, _, _, _| ()).unwrap().difference.unwrap();
    assert_eq!(difference.place, 7);
}

#[test]
fn a_line_that_is_torn_off_never_was() {
    let whole = journal();
    let journal = Journal::read(&*whole).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for end in last..whole.len() {
        let read = Journal::read(&whole[..end]).unwrap();
        assert_eq!((read.steps.len(), read.is_torn), (7, end > last), "cut at {end}");
        assert_eq!(read.steps[..], journal.steps[..7]);
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_it() {
    let journal = journal();
    let marked = [b"\xef\xbb\xbf", &*journal].concat();
    assert_eq!(Journal::read(&*marked).unwrap(), Journal::read(&*journal).unwrap());
    assert!(matches!(refused("\u{feff}\u{feff}{}\n", 1), What::NoHead));
}

#[test]
fn what_is_no_journal_is_said_so_and_where() {
    let text = text();
    assert!(matches!(refused("", 1), What::CutOff));
    let head = text.find('\n').unwrap();
    assert!((1..=head).all(|end| matches!(refused(&text[..end], 1), What::CutOff)));
    assert!(matches!(refused("hello\n", 1), What::NoHead));
    assert!(matches!(refused("{}\n", 1), What::NoHead));
    let without_head = text.split_once('\n').unwrap().1;
    assert!(matches!(refused(without_head, 1), What::NoHead));
    assert!(matches!(refused(&format!("{text}{text}"), 11), What::SecondHead));
    let holed = text.replacen("\"unit-paused\"", "\"unit-pau", 1);
    assert!(matches!(refused(&holed, 8), What::Json(_)));
    let unknown = text.replacen("\"disposition\"", "\"dispositions\"", 1);
    assert!(matches!(refused(&unknown, 3), What::Json(_)));
    let newer = text.replacen("\"format\":1", "\"format\":2", 1);
    assert!(matches!(refused(&newer, 1), What::Format(2)));
    let found = SEMANTICS_VERSION + 1;
    let semantics = format!("\"semantics\":{SEMANTICS_VERSION}");
    let other = text.replacen(&semantics, &format!("\"semantics\":{found}"), 1);
    assert!(matches!(refused(&other, 1), What::Semantics(other) if other == found));
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(4, 6);
    assert!(matches!(refused(&(lines.join("\n") + "\n"), 7), What::Backwards { .. }));
}
