//! Bodies that are left behind, and go after all: each is taken off once, by the proof that is about it.

use winddown_core::*;

use crate::{
    bench::{Bench, unit},
    edges::stop_unanswered,
};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn stop_at_once(bench: &mut Bench) {
    assert_eq!(bench.stop_with(0, false, Within::For(Span::ZERO), Caller::Nobody), Disposition::Applied);
    bench.confirm_rows();
    assert!(!bench.engine.is_ending(unit(0)));
}

/// A unit that has left a body with each of so many starts, and runs again.
fn left(kind: Kind, bodies: u32) -> Bench {
    let mut bench = Bench::running(vec![kind]);
    for _body in 0..bodies {
        stop_at_once(&mut bench);
        bench.start(0);
    }
    bench
}

fn exit_of(bench: &mut Bench, start: u32) -> Disposition {
    let incarnation = Incarnation(start);
    bench.handle(Input::UnitExited { unit: unit(0), incarnation, exit: Exit::Ended })
}

fn report(bench: &Bench) -> (bool, u16) {
    let report = bench.engine.unit_report(unit(0)).unwrap();
    (report.leaked, report.abandoned)
}

const STALE: Disposition = Disposition::Ignored(Why::StaleIncarnation);

#[test]
fn the_exit_of_an_earlier_start_takes_its_leak_back() {
    for (goes, code) in [(true, 0), (false, 1)] {
        let mut bench = left(contracts::provider(), 1);
        assert_eq!(report(&bench), (true, 1));
        if goes {
            assert_eq!(exit_of(&mut bench, 1), Disposition::Applied);
            assert_eq!(bench.effects, [], "it changes no status, and writes nothing");
        }
        assert_eq!((report(&bench), bench.status(0)), ((!goes, u16::from(!goes)), Status::Running));
        let _begun = bench.handle(TERM);
        bench.obey();
        assert_eq!(bench.exit_code(), Some(code), "it goes: {goes}");
    }
}

#[test]
fn each_exit_takes_off_the_body_that_it_is_about_and_no_other() {
    let mut bench = left(contracts::provider(), 3);
    assert_eq!(report(&bench), (true, 3));
    for (start, left) in [(2, 2), (1, 1), (3, 0)] {
        assert_eq!(exit_of(&mut bench, start), Disposition::Applied);
        assert_eq!(report(&bench), (left > 0, left));
        assert_eq!(exit_of(&mut bench, start), STALE, "told twice, it says nothing about the others");
        assert_eq!(report(&bench), (left > 0, left));
    }
    assert_eq!(exit_of(&mut bench, 5), STALE, "nor does one of a start that never was");
}

#[test]
fn a_start_that_was_seen_to_go_is_no_proof_for_one_that_was_not() {
    let mut bench = left(contracts::provider(), 1);
    let _gone = bench.exit(0, Exit::Completed);
    bench.confirm_rows();
    bench.start(0);
    assert_eq!(exit_of(&mut bench, 2), STALE);
    assert_eq!(report(&bench), (true, 1));
    assert_eq!(exit_of(&mut bench, 1), Disposition::Applied);
    assert_eq!(report(&bench), (false, 0));
}

#[test]
fn whoever_says_that_it_has_ended_an_earlier_start_has_seen_it_go() {
    let step = |rung| Step { incarnation: Incarnation(1), rung, round: 0 };
    let finished = |rung, outcome| Input::StepFinished { unit: unit(0), step: step(rung), outcome };
    let (kill, remove) = (1, 2);
    let mut bench = left(contracts::provider(), 1);
    assert_eq!(bench.handle(finished(kill, Outcome::Failed)), STALE, "that is no proof");
    assert_eq!(bench.handle(finished(9, Outcome::Done)), STALE, "nor is what it has no rung for");
    assert_eq!(report(&bench), (true, 1));
    assert_eq!(bench.handle(finished(remove, Outcome::Done)), Disposition::Applied);
    assert_eq!(report(&bench), (false, 0));
    assert_eq!(bench.handle(finished(kill, Outcome::Done)), STALE);
    let unknown = Input::StepFinished { unit: unit(7), step: step(kill), outcome: Outcome::Done };
    assert_eq!(bench.handle(unknown), Disposition::Refused(Why::UnknownUnit));
    // A session's disconnect ends nothing by itself.
    let mut bench = left(contracts::session(), 1);
    assert_eq!(bench.handle(finished(0, Outcome::Done)), STALE);
    assert_eq!(report(&bench), (true, 1));
}

#[test]
fn what_was_left_before_a_backoff_may_go_during_it() {
    let restart = Restart::Always { backoff: Span::from_secs(9) };
    let kind = Kind { restart, start_patience: Some(Span::from_secs(3)), ..contracts::provider() };
    let mut bench = Bench::running(vec![kind]);
    while bench.engine.starts_again(unit(0)).is_none() {
        let _overdue = bench.wake();
        bench.confirm_rows();
    }
    assert_eq!(report(&bench), (true, 1), "it never came up, and was not seen to go");
    assert_eq!(exit_of(&mut bench, 1), Disposition::Applied);
    assert_eq!(report(&bench), (false, 0));
    let _started = bench.wake();
    bench.confirm_rows();
    assert_eq!(report(&bench), (false, 0));
}

#[test]
fn a_unit_can_be_removed_once_all_that_it_left_is_gone() {
    let mut bench = left(contracts::provider(), 1);
    let _gone = bench.exit(0, Exit::Completed);
    bench.confirm_rows();
    assert_eq!(bench.remove(0), Disposition::Refused(Why::StillActive));
    assert_eq!(exit_of(&mut bench, 1), Disposition::Applied);
    assert_eq!(bench.remove(0), Disposition::Applied);
}

#[test]
fn what_a_removed_unit_left_is_none_of_its_successors() {
    let mut bench = left(contracts::container(), 2);
    assert_eq!(report(&bench), (false, 2), "a task ends with its host");
    stop_at_once(&mut bench);
    assert_eq!(bench.remove(0), Disposition::Applied);
    bench.declare(0, 0);
    bench.start(0);
    stop_at_once(&mut bench);
    bench.start(0);
    let start = bench.engine.unit(unit(0)).unwrap().incarnation.0;
    for earlier in 1..start - 1 {
        assert_eq!(exit_of(&mut bench, earlier), STALE);
    }
    assert_eq!(report(&bench), (false, 1));
    assert_eq!(exit_of(&mut bench, start - 1), Disposition::Applied);
    assert_eq!(report(&bench), (false, 0));
}

#[test]
fn what_is_too_much_to_be_remembered_stays_counted() {
    const LIMIT: u32 = 4_096;
    let mut bench = left(contracts::provider(), LIMIT + 2);
    bench.all.clear();
    for start in 1..=LIMIT {
        assert_eq!(exit_of(&mut bench, start), Disposition::Applied);
    }
    for start in [LIMIT + 1, LIMIT + 2] {
        assert_eq!(exit_of(&mut bench, start), STALE, "nobody knows which ones those were");
    }
    assert_eq!(report(&bench), (true, 2));
    // There is room again.
    stop_at_once(&mut bench);
    bench.start(0);
    assert_eq!(exit_of(&mut bench, LIMIT + 3), Disposition::Applied);
    assert_eq!(report(&bench), (true, 2));
}

#[test]
fn what_an_earlier_host_left_and_what_this_one_left_are_told_apart() {
    let reaped = Input::Reaped { unit: unit(0), outcome: Outcome::Done };
    for reaped_first in [true, false] {
        let mut bench = Bench::new(contracts::host(vec![contracts::provider()]));
        bench.declare(0, 0);
        let row = Row {
            incarnation: Incarnation(3),
            status: Status::Stopped,
            reason: Reason::None,
            findings: 0,
            leaked: true,
        };
        let _found = bench.handle(Input::UnitRecovered { unit: unit(0), row });
        let _failed = bench.handle(Input::Reaped { unit: unit(0), outcome: Outcome::Failed });
        bench.start(0);
        stop_at_once(&mut bench);
        bench.start(0);
        assert_eq!(report(&bench), (true, 1), "start 4 is this host's own");
        assert_eq!(exit_of(&mut bench, 3), STALE, "this host never saw start 3");
        for (place, proof) in [reaped_first, !reaped_first].into_iter().enumerate() {
            let applied = if proof { bench.handle(reaped) } else { exit_of(&mut bench, 4) };
            assert_eq!(applied, Disposition::Applied);
            assert_eq!(report(&bench), (place == 0, u16::from(place == 0 && proof)));
        }
    }
}

#[test]
fn which_body_was_left_is_a_difference() {
    let one = |goes| {
        let mut bench = left(contracts::provider(), 2);
        let _gone = exit_of(&mut bench, goes);
        bench.engine
    };
    let engine = one(1);
    let clone = engine.clone();
    assert_eq!((&clone, &clone), (&engine, &one(1)));
    assert_ne!(engine, one(2), "another exit will be heeded");
    let mut copy = left(contracts::provider(), 3).engine;
    copy.clone_from(&one(2));
    assert_eq!(copy, one(2));
}

#[test]
fn a_late_proof_of_the_end_takes_the_leak_back() {
    let (kill, remove) = (Step { incarnation: Incarnation(1), rung: 1, round: 0 }, 3);
    let mut bench = Bench::running(vec![contracts::provider()]);
    stop_unanswered(&mut bench);
    assert!(report(&bench).0);
    assert_eq!(bench.actions(0).len(), remove);
    let killed = Input::StepFinished { unit: unit(0), step: kill, outcome: Outcome::Done };
    assert_eq!(bench.handle(killed), Disposition::Applied);
    assert!(!report(&bench).0);
    assert_eq!(bench.handle(killed), Disposition::Ignored(Why::AlreadyExited));
}

#[test]
fn a_late_proof_says_nothing_about_what_was_left_before() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    stop_unanswered(&mut bench);
    bench.start(0);
    stop_unanswered(&mut bench);
    let step = Step { incarnation: Incarnation(2), rung: 1, round: 0 };
    let _killed = bench.handle(Input::StepFinished { unit: unit(0), step, outcome: Outcome::Done });
    assert_eq!(
        (report(&bench).0, bench.engine.unit_report(unit(0)).unwrap().lingers),
        (true, false),
        "start 1 is still there"
    );
}
