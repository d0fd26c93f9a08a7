//! What an earlier host left.

use winddown_core::*;

use crate::bench::{Bench, answer_to, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn recovered(kind: Kind, status: Status, leaked: bool) -> (Bench, Disposition) {
    let mut bench = Bench::new(contracts::host(vec![kind]));
    bench.declare(0, 0);
    let row = Row { incarnation: Incarnation(3), status, reason: Reason::ByUser, findings: 2, leaked };
    let found = bench.handle(Input::UnitRecovered { unit: unit(0), row });
    (bench, found)
}

#[test]
fn what_was_stopping_is_stopped_and_never_starts_again() {
    let always = Restart::Always { backoff: Span::from_secs(1) };
    let (mut bench, _) =
        recovered(Kind { restart: always, ..contracts::container() }, Status::Stopping, false);
    bench.confirm_rows();
    assert_eq!(bench.status(0), Status::Stopped);
    assert_eq!(bench.engine.next_deadline(), None);
    let (mut bench, _) =
        recovered(Kind { restart: always, ..contracts::container() }, Status::Running, false);
    bench.confirm_rows();
    assert_eq!(bench.engine.next_deadline(), Some(seconds(1)), "what was running does");
    let _woken = bench.wake();
    assert_eq!(bench.engine.unit(unit(0)).unwrap().incarnation, Incarnation(4));
    assert_eq!(bench.engine.unit(unit(0)).unwrap().recorded, 2, "with its findings");
}

#[test]
fn terminal_rows_are_taken_as_they_are() {
    for status in Status::ALL.into_iter().filter(|status| status.is_terminal()) {
        let (bench, found) = recovered(contracts::container(), status, false);
        assert_eq!((found, bench.status(0)), (Disposition::Applied, status));
        assert!(bench.effects.is_empty());
        let (mut bench, _) = recovered(contracts::provider(), status, true);
        assert_eq!(bench.effects, [Effect::Reap { unit: unit(0), incarnation: Incarnation(3) }]);
        let failed = Input::Reaped { unit: unit(0), outcome: Outcome::Failed };
        assert_eq!(bench.handle(failed), Disposition::Applied, "it is not waited for any longer");
        assert_eq!(bench.handle(failed), Disposition::Ignored(Why::AlreadyExited));
        assert!(bench.engine.unit(unit(0)).unwrap().leaked, "never forgotten before it is proven gone");
        let done = Input::Reaped { unit: unit(0), outcome: Outcome::Done };
        assert_eq!(bench.handle(done), Disposition::Applied);
        bench.confirm_rows();
        let view = bench.engine.unit(unit(0)).unwrap();
        assert_eq!((view.leaked, view.settled, view.status), (false, true, status));
        assert_eq!(bench.handle(done), Disposition::Ignored(Why::AlreadyExited));
    }
}

#[test]
fn the_end_of_what_an_earlier_host_left_says_nothing_about_what_this_one_left() {
    let (mut bench, _) = recovered(contracts::provider(), Status::Running, false);
    bench.confirm_rows();
    let failed = Input::Reaped { unit: unit(0), outcome: Outcome::Failed };
    assert_eq!(bench.handle(failed), Disposition::Applied);
    bench.start(0);
    let _stopping = bench.stop(0);
    while bench.status(0) == Status::Stopping {
        let _woken = bench.wake();
    }
    bench.confirm_rows();
    bench.start(0);
    let done = Input::Reaped { unit: unit(0), outcome: Outcome::Done };
    assert_eq!(bench.handle(done), Disposition::Applied);
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((report.leaked, report.abandoned), (true, 1), "start 4 was never seen to go");
}

#[test]
fn a_unit_is_recovered_once_and_only_before_it_starts() {
    let (mut bench, found) = recovered(contracts::container(), Status::Completed, false);
    assert_eq!(found, Disposition::Applied);
    let row = Row {
        incarnation: Incarnation(9),
        status: Status::Running,
        reason: Reason::None,
        findings: 7,
        leaked: false,
    };
    let again = Input::UnitRecovered { unit: unit(0), row };
    assert_eq!(bench.handle(again), Disposition::Refused(Why::NumberTaken));
    let unknown = Input::UnitRecovered { unit: unit(1), row };
    assert_eq!(bench.handle(unknown), Disposition::Refused(Why::UnknownUnit));
}

#[test]
fn a_shutdown_during_recovery_waits_for_the_rows() {
    let (mut bench, _) = recovered(contracts::container(), Status::Running, false);
    let write = bench.effects.clone();
    let _begun = bench.handle(TERM);
    assert!(write.iter().any(|effect| matches!(effect, Effect::Persist { .. })));
    assert_eq!(bench.effects, [], "no row may say that it still runs");
    for effect in write {
        let _any = bench.handle(answer_to(effect, bench.now).unwrap());
    }
    bench.obey();
    assert_eq!((bench.exit_code(), bench.status(0)), (Some(0), Status::Failed));
}

/// A host that came up after a crash, found what an earlier one left of a unit, and is told to go before
/// anybody has said what came of that.
fn stopped_while_it_looks(status: Status) -> Bench {
    let (mut bench, _) = recovered(contracts::provider(), status, true);
    if !status.is_terminal() {
        bench.confirm_rows();
    }
    let _begun = bench.handle(TERM);
    bench.obey();
    bench
}

#[test]
fn a_shutdown_waits_for_what_an_earlier_host_left_to_be_ended() {
    for status in [Status::Running, Status::Stopping, Status::Failed] {
        let mut bench = stopped_while_it_looks(status);
        assert_eq!(bench.exit_code(), None, "{status}: it is being ended at this moment");
        bench.now = seconds(3);
        let done = Input::Reaped { unit: unit(0), outcome: Outcome::Done };
        assert_eq!(bench.handle(done), Disposition::Applied);
        bench.obey();
        let report = bench.engine.report();
        assert_eq!((bench.exit_code(), report.leaked().count(), report.overran), (Some(0), 0, false));
        assert!(report.units[0].row_durable, "and its row says so");
    }
}

#[test]
fn what_was_not_ended_when_the_time_is_up_is_listed() {
    let mut bench = stopped_while_it_looks(Status::Running);
    let _woken = bench.wake();
    let until = Moment::START.after(Span::from_millis(27_500));
    assert_eq!(bench.now, until, "all but what the phases after the units need");
    bench.obey();
    let report = bench.engine.report();
    assert_eq!((bench.exit_code(), report.leaked().count(), report.overran), (Some(1), 1, true));
}

#[test]
fn a_shutdown_does_not_wait_for_what_could_not_be_ended() {
    for before in [false, true] {
        let (mut bench, _) = recovered(contracts::provider(), Status::Running, false);
        bench.confirm_rows();
        let failed = Input::Reaped { unit: unit(0), outcome: Outcome::Failed };
        let (first, then) = if before { (failed, TERM) } else { (TERM, failed) };
        let _told = bench.handle(first);
        bench.obey();
        let _told = bench.handle(then);
        bench.obey();
        let report = bench.engine.report();
        assert_eq!((bench.exit_code(), report.leaked().count(), report.overran), (Some(1), 1, false));
        assert_eq!(bench.now, Moment::START);
    }
}

#[test]
fn a_number_given_again_takes_no_confirmation_of_the_old_unit() {
    let mut bench = Bench::running(vec![contracts::container()]);
    for _finding in 0..3 {
        let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    }
    let _applied = bench.stop(0);
    let row = bench.all.iter().rev().find_map(|(_, effect)| match *effect {
        Effect::Persist { row, confirm: true, .. } => Some(row),
        _ => None,
    });
    let confirmed = Input::Persisted { unit: unit(0), row: row.unwrap(), outcome: Outcome::Done };
    assert_eq!(bench.handle(confirmed), Disposition::Applied);
    let remove = Input::RemoveRequested { unit: unit(0), caller: Caller::Nobody };
    assert_eq!(bench.handle(remove), Disposition::Applied);
    assert_eq!(bench.engine.status(unit(0)), None);
    bench.declare(0, 0);
    assert_eq!(bench.status(0), Status::Pending);
    for started in [false, true] {
        if started {
            bench.start(0);
        }
        let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
        assert_eq!(bench.handle(confirmed), Disposition::Ignored(Why::StaleIncarnation), "said twice");
        assert_eq!(bench.engine.unit(unit(0)).unwrap().saved, 0);
    }
}

#[test]
fn a_process_whose_final_row_was_written_while_it_lived_is_looked_for() {
    let upfront = Kind { promise: Promise::Upfront, ..contracts::session() };
    let rungs = vec![
        Rung::new(Action::Checkpoint, Span::from_secs(1)),
        Rung::new(Action::Kill, Span::from_secs(2)).always(),
    ];
    let saving = Kind { ladder: Ladder::of_unit(rungs, None), ..contracts::session() };
    for kind in [upfront, saving] {
        let mut bench = Bench::running(vec![kind.clone()]);
        let rows = |bench: &Bench| {
            let final_row = |effect: &Effect| match *effect {
                Effect::Persist { row, .. } | Effect::Checkpoint { row, .. } => Some(row),
                _ => None,
            };
            let rows = bench.all.iter().filter_map(|(_, effect)| final_row(effect));
            rows.filter(|row| row.status.is_terminal()).collect::<Vec<_>>()
        };
        let _applied = bench.stop(0);
        let while_it_lives = *rows(&bench).last().unwrap();
        assert!(bench.engine.unit(unit(0)).unwrap().body_lives);

        let mut next = Bench::new(contracts::host(vec![kind]));
        next.declare(0, 0);
        let _applied = next.handle(Input::UnitRecovered { unit: unit(0), row: while_it_lives });
        assert!(next.effects.iter().any(|effect| matches!(effect, Effect::Reap { .. })));

        assert_eq!(bench.finish(0, Outcome::Done), Disposition::Applied);
        assert_eq!(bench.exit(0, Exit::Ended), Disposition::Applied);
        assert!(!rows(&bench).last().unwrap().leaked, "once it is gone its row says so");
    }
}
