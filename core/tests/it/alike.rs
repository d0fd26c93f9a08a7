//! Two engines are equal if they will behave alike: what an exhaustive search leaves out rests on it.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use winddown_core::*;

use crate::{
    bench::{Bench, unit},
    totality::{Dice, input, plan},
};

pub(crate) const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn outside(ticket: u32) -> Caller {
    Caller::Outside(Ticket(ticket))
}

fn depend(number: usize, on: usize) -> Input {
    Input::DependencyDeclared { unit: unit(number), on: unit(on) }
}

fn stop(number: usize, ticket: u32) -> Input {
    Input::StopRequested { unit: unit(number), force: false, within: Within::Unset, caller: outside(ticket) }
}

pub(crate) fn finding(durable: bool) -> Input {
    Input::FindingRecorded { unit: unit(0), durable }
}

fn recovered(number: usize, row: Row) -> Input {
    Input::UnitRecovered { unit: unit(number), row }
}

fn restart(ticket: u32) -> Input {
    Input::RestartRequested { unit: unit(0), caller: outside(ticket) }
}

fn cancel(reason: Reason) -> Input {
    Input::CancelRequested { unit: unit(0), reason, caller: Caller::Nobody }
}

pub(crate) fn client(number: u16) -> Input {
    Input::ClientAttached { client: ClientId(number) }
}

pub(crate) fn shutdown(graceful: bool, secs: u64) -> Input {
    let within = Within::For(Span::from_secs(secs));
    Input::ShutdownRequested { graceful, within, caller: Caller::Nobody }
}

/// Three sessions that run, and what came in after that.
pub(crate) fn after(inputs: &[Input]) -> Engine {
    let mut bench = Bench::new(contracts::host(vec![contracts::session(), contracts::engagement()]));
    for number in 0..3 {
        bench.declare(number, 0);
        bench.start(number);
    }
    for input in inputs {
        assert_eq!(bench.handle(*input), Disposition::Applied, "{input:?}");
    }
    bench.engine
}

fn hash(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.hash(&mut hasher);
    hasher.finish()
}

fn words(engine: &Engine) -> Vec<u64> {
    let mut words = Vec::new();
    engine.visit_state(Moment::START, &mut |word| words.push(word));
    words
}

pub(crate) const ROW: Row = Row {
    incarnation: Incarnation(1),
    status: Status::Completed,
    reason: Reason::None,
    findings: 0,
    leaked: false,
};

const PAUSE: Input = Input::PauseRequested { unit: UnitId(0), caller: Caller::Nobody };
const PAUSED: Input = Input::UnitPaused { unit: UnitId(0), incarnation: Incarnation(1) };

fn disconnected(outcome: Outcome) -> Input {
    let step = Step { incarnation: Incarnation(1), rung: 0, round: 0 };
    Input::StepFinished { unit: unit(0), step, outcome }
}

pub(crate) fn persisted(row: Row, outcome: Outcome) -> Input {
    Input::Persisted { unit: unit(0), row, outcome }
}

pub(crate) fn completed(number: usize) -> Input {
    Input::UnitExited { unit: unit(number), incarnation: Incarnation(1), exit: Exit::Completed }
}

pub(crate) fn told(outcome: Outcome) -> Input {
    Input::ClientTold { client: ClientId(0), outcome }
}

fn another(kind: u16, owner: u16) -> Input {
    Input::UnitDeclared { unit: unit(3), kind: KindId(kind), owner: OwnerId(owner) }
}

/// Who is there, who depends on whom, and what an earlier host left.
fn histories_of_beginnings() -> Vec<Vec<Input>> {
    vec![
        vec![],
        vec![depend(1, 0)],
        vec![depend(2, 0)],
        vec![depend(2, 1)],
        vec![depend(2, 0), depend(2, 1)],
        vec![depend(2, 0), stop(2, 1)],
        vec![depend(2, 0), stop(2, 1), stop(0, 2)],
        vec![another(0, 0)],
        vec![another(0, 1)],
        vec![another(0, 2)],
        vec![another(1, 0)],
        vec![another(0, 0), recovered(3, ROW)],
        vec![another(0, 0), recovered(3, Row { incarnation: Incarnation(2), ..ROW })],
        vec![another(0, 0), recovered(3, Row { status: Status::Failed, ..ROW })],
        vec![another(0, 0), recovered(3, Row { leaked: true, ..ROW })],
        vec![another(0, 0), recovered(3, Row { findings: 1, ..ROW })],
        vec![another(0, 0), recovered(3, Row { findings: 2, ..ROW })],
    ]
}

/// Who asked for what, how far it is, and what was found, asked to be written, and promised.
fn histories_of_units() -> Vec<Vec<Input>> {
    vec![
        vec![stop(0, 1)],
        vec![stop(0, 2)],
        vec![stop(0, 1), stop(0, 2)],
        vec![stop(0, 2), stop(0, 1)],
        vec![restart(1)],
        vec![cancel(Reason::ByUser)],
        vec![cancel(Reason::Stated(1))],
        vec![cancel(Reason::Stated(2))],
        vec![stop(0, 1), disconnected(Outcome::Done)],
        vec![stop(0, 1), disconnected(Outcome::Failed)],
        vec![stop(0, 1), completed(0)],
        vec![stop(0, 1), completed(0), persisted(Row { status: Status::Stopped, ..ROW }, Outcome::Done)],
        vec![completed(0)],
        vec![completed(1)],
        vec![completed(0), persisted(ROW, Outcome::Failed)],
        vec![completed(0), persisted(ROW, Outcome::Done)],
        vec![PAUSE],
        vec![PAUSE, PAUSED],
        vec![finding(false)],
        vec![finding(true)],
        vec![finding(false), finding(false)],
        vec![finding(true), persisted(Row { findings: 1, ..ROW }, Outcome::Done)],
    ]
}

/// Clients, and the way down of the host.
fn histories_of_hosts() -> Vec<Vec<Input>> {
    vec![
        vec![client(0)],
        vec![client(1)],
        vec![client(0), TERM],
        vec![client(0), TERM, told(Outcome::Done)],
        vec![client(0), TERM, told(Outcome::Failed)],
        vec![TERM],
        vec![TERM, TERM],
        vec![shutdown(true, 20)],
        vec![shutdown(true, 21)],
        vec![shutdown(false, 20)],
    ]
}

#[test]
fn whatever_will_make_a_difference_is_one() {
    let mut histories = histories_of_beginnings();
    histories.extend(histories_of_units());
    histories.extend(histories_of_hosts());
    let engines: Vec<Engine> = histories.iter().map(|inputs| after(inputs)).collect();
    for (place, engine) in engines.iter().enumerate() {
        let same = after(&histories[place]);
        assert_eq!((&same, hash(&same)), (engine, hash(engine)), "{:?}", histories[place]);
        for (other, history) in engines[..place].iter().zip(&histories) {
            assert_ne!(words(engine), words(other), "{:?} is not {history:?}", histories[place]);
            assert!(engine != other && hash(engine) != hash(other));
        }
    }
}

/// One unit, started, and what was done with it.
pub(crate) fn alone(kind: Kind, act: impl FnOnce(&mut Bench)) -> Engine {
    let mut bench = Bench::running(vec![kind]);
    act(&mut bench);
    bench.engine
}

#[test]
fn what_will_make_no_difference_is_none() {
    // A promise that was kept is as good as none.
    let saved = persisted(Row { findings: 1, ..ROW }, Outcome::Done);
    assert_eq!(after(&[finding(true), saved]), after(&[finding(false), saved]));
    // How a stop was asked for is over with it.
    let ended = |force, within| {
        alone(contracts::session(), |bench| {
            let _applied = bench.stop_with(0, force, within, Caller::Nobody);
            let _gone = bench.exit(0, Exit::Ended);
            bench.confirm_all();
        })
    };
    assert_eq!(ended(true, Within::Unset), ended(false, Within::Unlimited));
}

#[test]
fn units_are_told_apart_by_what_is_wanted_of_them_and_not_by_who_wants_it() {
    let words = |inputs: &[Input]| {
        let engine = after(inputs);
        let mut words = Vec::new();
        engine.visit_unit_state(Moment::START, unit(0), &mut |word| words.push(word));
        assert!(!words.is_empty());
        words
    };
    assert_eq!(words(&[stop(0, 1)]), words(&[stop(0, 700)]));
    assert_ne!(words(&[stop(0, 1)]), words(&[stop(0, 1), stop(0, 2)]));
    assert_ne!(words(&[stop(0, 1)]), words(&[restart(1)]));
    assert_ne!(words(&[]), words(&[finding(false)]));
    let (one, two) = (depend(1, 0), depend(2, 0));
    let waits_for_one = words(&[one, two, stop(1, 1), stop(0, 2)]);
    assert_ne!(waits_for_one, words(&[one, two, stop(1, 1), stop(2, 3), stop(0, 2)]));
}

#[test]
fn another_plan_makes_another_engine() {
    let with = |patience| {
        let plan = Plan { record_patience: patience, ..contracts::host(Vec::new()) };
        Engine::new(Arc::new(plan)).unwrap()
    };
    assert_eq!(with(Span::from_secs(1)), with(Span::from_secs(1)));
    assert_ne!(with(Span::from_secs(1)), with(Span::from_secs(2)));
}

#[test]
fn a_copy_goes_on_as_its_original_does_whatever_it_held_before() {
    let mut copy = after(&[depend(1, 0), depend(2, 1), client(7), stop(0, 3), stop(0, 4), TERM]);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut engine = Engine::new(Arc::new(plan(&mut dice))).unwrap();
        for number in 0..6 {
            let kind = KindId(u16::try_from(number).unwrap());
            let declared = Input::UnitDeclared { unit: unit(number), kind, owner: OwnerId(0) };
            let _applied = engine.handle(Moment::START, declared, &mut Effects::new());
        }
        let mut now = Moment::START;
        for ticket in 0..120 {
            now = now.after(Span::from_millis(dice.below(3) * dice.below(400)));
            let what = input(&mut dice, outside(ticket));
            copy.clone_from(&engine);
            assert_eq!(words(&copy), words(&engine));
            let mut effects = [Effects::new(), Effects::new()];
            let became = engine.handle(now, what, &mut effects[0]);
            assert_eq!(copy.handle(now, what, &mut effects[1]), became, "seed {seed}: {what:?}");
            assert_eq!(effects[0].as_slice(), effects[1].as_slice(), "seed {seed}: {what:?}");
            assert_eq!((copy.next_deadline(), &copy), (engine.next_deadline(), &engine));
        }
    }
}
