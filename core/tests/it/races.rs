//! Two things in the same instant, in either order; and what arrives when nobody expects it any more.

use winddown_core::*;

use crate::bench::{Bench, unit};

const SECOND: Span = Span::from_secs(1);

/// The row that was asked for last.
fn last_row(bench: &Bench, number: usize) -> Row {
    let rows = bench.all.iter().rev().filter_map(|(_, effect)| match *effect {
        Effect::Persist { unit: of, row, .. } if of == unit(number) => Some(row),
        _ => None,
    });
    rows.into_iter().next().unwrap()
}

fn persisted(bench: &mut Bench, number: usize, row: Row, outcome: Outcome) -> Disposition {
    bench.handle(Input::Persisted { unit: unit(number), row, outcome })
}

fn finding(bench: &mut Bench, number: usize, durable: bool) {
    let found = Input::FindingRecorded { unit: unit(number), durable };
    assert_eq!(bench.handle(found), Disposition::Applied);
}

fn acknowledged(bench: &Bench) -> Vec<u32> {
    let acknowledged = bench.all.iter().filter_map(|(_, effect)| match *effect {
        Effect::Acknowledge { findings, .. } => Some(findings),
        _ => None,
    });
    acknowledged.collect()
}

/// 1 depends on 0, and both run.
fn pair(kind: &Kind) -> Bench {
    let mut bench = Bench::running(vec![kind.clone(), kind.clone()]);
    let depends = Input::DependencyDeclared { unit: unit(1), on: unit(0) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
    bench
}

#[test]
fn a_start_that_does_not_wait_for_the_last_row_keeps_nobody_waiting() {
    let mut bench = pair(&contracts::session());
    let _applied = bench.stop_with(1, false, Within::Unset, Caller::Nobody);
    let _applied = bench.stop_with(0, false, Within::Unset, Caller::Nobody);
    assert!(bench.actions(0).is_empty(), "the dependent goes first");
    let _gone = bench.exit(1, Exit::Ended);
    assert_eq!(bench.actions(1), ["disconnect", "forget"]);
    let start = Input::StartRequested { unit: unit(1), caller: Caller::Nobody };
    assert_eq!(bench.handle(start), Disposition::Applied);
    assert_eq!(bench.actions(0), ["disconnect"], "what it waited for is over");
}

#[test]
fn rows_may_be_confirmed_in_any_order() {
    let mut bench = Bench::new(contracts::host(vec![contracts::session()]));
    bench.declare(0, 0);
    let _asked = bench.handle(Input::StartRequested { unit: unit(0), caller: Caller::Nobody });
    let announcement = last_row(&bench, 0);
    finding(&mut bench, 0, true);
    let with_finding = last_row(&bench, 0);
    let _done = persisted(&mut bench, 0, with_finding, Outcome::Done);
    let _done = persisted(&mut bench, 0, announcement, Outcome::Done);
    assert_eq!(bench.status(0), Status::Running);
    assert_eq!(acknowledged(&bench), [1]);
}

#[test]
fn the_last_finding_to_be_written_ends_the_wait() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(5))]);
    let caller = bench.ticket();
    let _applied = bench.handle(Input::CancelRequested { unit: unit(0), reason: Reason::ByUser, caller });
    let cancelled = last_row(&bench, 0);
    finding(&mut bench, 0, false);
    let with_finding = last_row(&bench, 0);
    let _done = persisted(&mut bench, 0, cancelled, Outcome::Done);
    let _gone = bench.exit(0, Exit::Ended);
    assert!(bench.answers().is_empty(), "one finding is on its way");
    let _done = persisted(&mut bench, 0, with_finding, Outcome::Done);
    assert_eq!(bench.answers(), [Answer::Cancelled(true)], "and there is nothing else to wait for");
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn a_row_that_is_written_after_all_is_written() {
    let mut bench = Bench::running(vec![contracts::container()]);
    let _applied = bench.stop(0);
    let first = last_row(&bench, 0);
    finding(&mut bench, 0, false);
    let second = last_row(&bench, 0);
    let _failed = persisted(&mut bench, 0, first, Outcome::Failed);
    assert!(bench.answers().is_empty(), "another one is on its way");
    let _done = persisted(&mut bench, 0, second, Outcome::Done);
    assert_eq!(bench.answers(), [Answer::Stopped { status: Status::Stopped, leaked: false }]);
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert!(report.row_durable, "the second write put the same status there");
    assert_eq!(report.unsaved(), 0);
}

#[test]
fn a_shorter_stop_at_the_gate_keeps_half_for_the_rungs() {
    let mut bench = pair(&contracts::engagement());
    let _applied = bench.stop_with(1, false, Within::Unlimited, Caller::Nobody);
    let _paused = bench.finish(1, Outcome::Done);
    let _applied = bench.stop(0);
    let _paused = bench.finish(0, Outcome::Done);
    assert_eq!(bench.actions(0), ["pause"], "1 is not through with its checkpoint");
    let half = |secs: u64| Some(Moment::START.after(Span::from_secs(secs).half()));
    assert_eq!(bench.engine.next_deadline(), half(30));
    let _shorter = bench.stop_with(0, false, Within::For(Span::from_secs(10)), Caller::Nobody);
    assert_eq!(bench.engine.next_deadline(), half(10), "or the checkpoint would have no time at all");
    let _woken = bench.wake();
    assert_eq!(bench.actions(0), ["pause", "checkpoint"]);
}

#[test]
fn a_report_says_nothing_about_earlier_runs() {
    let overdue = Kind {
        start_patience: Some(SECOND),
        restart: Restart::Always { backoff: SECOND },
        ..contracts::provider()
    };
    let mut bench = Bench::running(vec![overdue]);
    let _overdue = bench.wake();
    bench.after(Span::from_secs(3));
    let _gone = bench.exit(0, Exit::Ended);
    let _removed = bench.finish(0, Outcome::Failed);
    bench.confirm_rows();
    assert_eq!(bench.status(0), Status::Pending, "backing off");
    assert_eq!(last_row(&bench, 0).reason, Reason::None, "the next start is not overdue");
    assert_eq!(bench.engine.unit_report(unit(0)).unwrap().ending, Ending::BetweenStarts);
    let _applied = bench.stop(0);
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((report.status, report.incarnation), (Status::Stopped, Incarnation(2)));
    assert_eq!((report.ending, report.failed, report.took), (Ending::BetweenStarts, None, Span::ZERO));
    assert_eq!(report.reason, Reason::None);
}

#[test]
fn how_long_a_stop_took_is_not_said_of_the_next_run() {
    let mut bench = Bench::running(vec![contracts::session()]);
    let _applied = bench.stop(0);
    bench.after(SECOND);
    let _gone = bench.exit(0, Exit::Ended);
    bench.confirm_rows();
    assert_eq!(bench.engine.unit_report(unit(0)).unwrap().took, SECOND);
    bench.start(0);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.engine.unit_report(unit(0)).unwrap().took, Span::ZERO);
}

#[test]
fn the_last_client_number_is_a_client_like_any_other() {
    let mut bench = Bench::new(contracts::host(Vec::new()));
    let client = ClientId(u16::MAX);
    assert_eq!(bench.handle(Input::ClientAttached { client }), Disposition::Applied);
    let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Tell { .. })));
    bench.obey();
    assert!(bench.all.iter().any(|(_, effect)| *effect == Effect::Disconnect { client }));
    assert_eq!(bench.exit_code(), Some(0));
}

#[test]
fn a_recovery_that_comes_late_undoes_no_stop() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    bench.declare(0, 0);
    let _applied = bench.stop(0);
    bench.confirm_rows();
    let row = Row {
        incarnation: Incarnation(3),
        status: Status::Running,
        reason: Reason::None,
        findings: 0,
        leaked: false,
    };
    let late = Input::UnitRecovered { unit: unit(0), row };
    assert_eq!(bench.handle(late), Disposition::Refused(Why::NumberTaken));
    assert_eq!(bench.status(0), Status::Stopped);
}

#[test]
fn no_row_makes_a_unit_run_that_never_started() {
    for status in [Status::Running, Status::Paused, Status::Stopping] {
        let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
        bench.declare(0, 0);
        let row =
            Row { incarnation: Incarnation(0), status, reason: Reason::None, findings: 0, leaked: false };
        let _found = bench.handle(Input::UnitRecovered { unit: unit(0), row });
        assert!(bench.status(0).is_terminal(), "{status}");
    }
}

#[test]
fn the_highest_incarnation_is_recovered_once() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    bench.declare(0, 0);
    let row = Row {
        incarnation: Incarnation(u32::MAX),
        status: Status::Completed,
        reason: Reason::None,
        findings: 0,
        leaked: false,
    };
    let found = Input::UnitRecovered { unit: unit(0), row };
    assert_eq!(bench.handle(found), Disposition::Applied);
    bench.start(0);
    assert_eq!(bench.handle(found), Disposition::Refused(Why::NumberTaken), "it runs");
    assert_eq!(bench.status(0), Status::Running);
}

#[test]
fn a_finding_of_the_last_moment_is_waited_for() {
    let mut bench = Bench::running(vec![contracts::container(), contracts::container()]);
    let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
    let rows: Vec<Row> = (0..2).map(|number| last_row(&bench, number)).collect();
    // 0 is durable; the row of 1 takes longer than the units have, so it is waited for at the very end.
    let _done = persisted(&mut bench, 0, rows[0], Outcome::Done);
    while !bench.all.iter().any(|(_, effect)| matches!(effect, Effect::Wind { .. })) {
        let _woken = bench.wake();
    }
    bench.obey();
    assert_eq!(bench.exit_code(), None, "the row of 1 is not durable");
    finding(&mut bench, 0, false);
    let late = last_row(&bench, 0);
    let _done = persisted(&mut bench, 1, rows[1], Outcome::Done);
    assert_eq!(bench.exit_code(), None, "there is time left, and a finding on its way");
    let _done = persisted(&mut bench, 0, late, Outcome::Done);
    assert!(bench.exit_code().is_some());
    assert_eq!(bench.engine.report().unsaved().count(), 0);
}

#[test]
fn a_restart_that_finds_no_room_says_so() {
    let mut plan = contracts::host(vec![contracts::session(), contracts::container()]);
    plan.owner_cap = Some(1);
    let mut bench = Bench::new(plan);
    bench.declare(0, 0);
    bench.declare(1, 1);
    bench.start(0);
    let caller = bench.ticket();
    let _applied = bench.handle(Input::RestartRequested { unit: unit(0), caller });
    let _gone = bench.exit(0, Exit::Ended);
    let row = last_row(&bench, 0);
    bench.start(1);
    let _done = persisted(&mut bench, 0, row, Outcome::Done);
    assert_eq!(bench.answers(), [Answer::Refused(Why::OwnerAtCap)]);
    assert_eq!(bench.status(0), Status::Stopped);
}

#[test]
fn a_restart_takes_at_least_an_instant() {
    let restart = Restart::Always { backoff: Span::ZERO };
    let mut plan =
        contracts::host(vec![Kind { restart, start_patience: Some(Span::ZERO), ..contracts::container() }]);
    plan.record_patience = Span::ZERO;
    let mut bench = Bench::new(plan);
    bench.declare(0, 0);
    bench.start(0);
    let _woken = bench.wake();
    assert!(bench.engine.next_deadline() > Some(bench.now), "time goes on between two starts");
}

#[test]
fn what_one_run_left_is_counted_once() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    for _rung in 0..3 {
        let _failed = bench.finish(0, Outcome::Failed);
    }
    bench.confirm_rows();
    assert!(bench.engine.unit(unit(0)).unwrap().leaked);
    for _run in 0..2 {
        bench.start(0);
        let _gone = bench.exit(0, Exit::Completed);
        bench.confirm_rows();
    }
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((report.leaked, report.abandoned), (true, 1), "only the first run left something");
}
