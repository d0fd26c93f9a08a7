//! Who goes before whom, how many at once, and what an earlier host left.

use winddown_core::*;

use crate::bench::{Bench, answer_to, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

/// Sessions that run, and who depends on whom.
fn sessions(count: usize, at_once: Option<u16>, edges: &[(usize, usize)]) -> Bench {
    let mut plan = contracts::host(vec![contracts::session()]);
    plan.at_once = at_once;
    let mut bench = Bench::new(plan);
    for number in 0..count {
        bench.declare(number, 0);
        bench.start(number);
    }
    for (from, on) in edges {
        let depends = Input::DependencyDeclared { unit: unit(*from), on: unit(*on) };
        assert_eq!(bench.handle(depends), Disposition::Applied);
    }
    bench
}

fn stopping(bench: &Bench) -> Vec<u32> {
    let mut stopping = Vec::new();
    for (unit, _, _) in bench.steps() {
        if !stopping.contains(&unit.0) {
            stopping.push(unit.0);
        }
    }
    stopping
}

fn go(bench: &mut Bench, number: usize) {
    assert_eq!(bench.exit(number, Exit::Ended), Disposition::Applied);
    bench.confirm_rows();
}

#[test]
fn at_most_so_many_stop_at_once_and_a_place_is_given_on() {
    for (at_once, first) in [(Some(1), 1), (Some(2), 2), (None, 4)] {
        let mut bench = sessions(4, at_once, &[]);
        let _begun = bench.handle(TERM);
        assert_eq!(stopping(&bench).len(), first);
        for number in 0..4 {
            go(&mut bench, number);
            assert_eq!(stopping(&bench).len(), (first + number + 1).min(4));
        }
        assert_eq!(stopping(&bench), [0, 1, 2, 3], "in the order of their numbers");
    }
}

#[test]
fn a_diamond_goes_down_from_its_top() {
    let mut bench = sessions(4, None, &[(1, 0), (2, 0), (3, 1), (3, 2)]);
    let _begun = bench.handle(TERM);
    assert_eq!(stopping(&bench), [3]);
    go(&mut bench, 3);
    assert_eq!(stopping(&bench), [3, 2, 1]);
    go(&mut bench, 2);
    assert_eq!(stopping(&bench), [3, 2, 1]);
    go(&mut bench, 1);
    assert_eq!(stopping(&bench), [3, 2, 1, 0]);
}

#[test]
fn an_order_and_a_single_place_do_not_block_each_other() {
    let mut bench = sessions(4, Some(1), &[(3, 0), (2, 1), (1, 0)]);
    let _begun = bench.handle(TERM);
    for next in [2, 3, 1, 0] {
        assert_eq!(stopping(&bench).last(), Some(&u32::try_from(next).unwrap()));
        go(&mut bench, next);
    }
    assert_eq!(bench.now, Moment::START, "nobody waited for a deadline");
}

#[test]
fn a_dependent_that_does_not_run_is_not_waited_for() {
    let mut bench = sessions(2, None, &[(1, 0)]);
    let _applied = bench.stop(1);
    go(&mut bench, 1);
    let _begun = bench.handle(TERM);
    assert_eq!(stopping(&bench), [1, 0]);
}

#[test]
fn a_dependent_that_ends_by_itself_lets_go() {
    let mut bench = sessions(2, None, &[(1, 0)]);
    let _begun = bench.handle(TERM);
    assert_eq!(stopping(&bench), [1]);
    go(&mut bench, 1);
    assert_eq!(stopping(&bench), [1, 0]);
}

#[test]
fn whoever_waits_for_a_dependent_that_hangs_keeps_half_of_its_time() {
    let mut bench = sessions(2, None, &[(1, 0)]);
    let caller = bench.ticket();
    let _applied = bench.stop_with(1, false, Within::For(Span::from_secs(20)), Caller::Nobody);
    let _applied = bench.stop_with(0, false, Within::For(Span::from_secs(4)), caller);
    assert_eq!(bench.engine.next_deadline(), Some(seconds(2)));
    let _woken = bench.wake();
    assert_eq!(stopping(&bench), [1, 0]);
    while bench.answers().is_empty() {
        let _woken = bench.wake();
        bench.confirm_rows();
    }
    assert!(bench.now <= seconds(4));
}

#[test]
fn whoever_waits_keeps_what_its_own_ladder_takes_and_what_waits_for_it_in_turn() {
    // Each depends on the one before, and the last one takes all the time there is. A session takes 5 s, and a row
    // has 1 s.
    let deaf = contracts::task(Span::from_secs(60));
    let quick = contracts::container();
    for (kinds, kept) in [
        (vec![contracts::session(), deaf.clone()], vec![6]),
        (vec![contracts::session(), contracts::session(), deaf.clone()], vec![12, 6]),
        (vec![quick.clone(), deaf.clone()], vec![1]),
        (vec![quick, contracts::session(), deaf], vec![7, 1]),
    ] {
        let count = kinds.len();
        let mut bench = Bench::running(kinds);
        for number in 1..count {
            let depends = Input::DependencyDeclared { unit: unit(number), on: unit(number - 1) };
            assert_eq!(bench.handle(depends), Disposition::Applied);
        }
        let _begun = bench.handle(TERM);
        bench.confirm_rows();
        let ends = bench.engine.units_deadline().unwrap();
        for (place, kept) in kept.into_iter().enumerate() {
            while stopping(&bench).len() < place + 2 {
                let _woken = bench.wake();
            }
            let next = u32::try_from(count - 2 - place).unwrap();
            assert_eq!((stopping(&bench)[place + 1], bench.now), (next, ends.before(Span::from_secs(kept))));
        }
    }
}

#[test]
fn force_waits_for_nobody() {
    let mut bench = sessions(2, None, &[(1, 0)]);
    let _applied = bench.stop(1);
    let _applied = bench.stop(0);
    assert_eq!(stopping(&bench), [1]);
    assert_eq!(bench.stop_with(0, true, Within::Unset, Caller::Nobody), Disposition::Applied);
    assert_eq!(bench.actions(0), ["kill"]);
}

#[test]
fn who_exits_at_the_gate_has_nothing_left_to_be_asked() {
    let mut bench = sessions(2, None, &[(1, 0)]);
    let _begun = bench.handle(TERM);
    assert_eq!(bench.exit(0, Exit::Completed), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Stopping);
    go(&mut bench, 1);
    assert_eq!(bench.actions(0), ["forget"]);
}

#[test]
fn the_lease_is_kept_until_nothing_works_any_more() {
    let mut plan = contracts::host(vec![contracts::session()]);
    plan.shutdown = contracts::leased_shutdown(Span::from_secs(30));
    let mut bench = Bench::new(plan);
    bench.declare(0, 0);
    bench.start(0);
    let _begun = bench.handle(TERM);
    let released = |bench: &Bench| {
        let wind = |effect: &Effect| matches!(effect, Effect::Wind { phase: Phase::ReleaseLease, .. });
        bench.all.iter().any(|(_, effect)| wind(effect))
    };
    assert!(!released(&bench));
    let _gone = bench.exit(0, Exit::Ended);
    assert!(!released(&bench), "its row is not durable");
    bench.confirm_rows();
    assert!(released(&bench));
    // A lease that cannot be given back is named, and stops nothing else.
    while bench.exit_code().is_none() {
        let _woken = bench.wake();
    }
    assert_eq!(bench.engine.report().failed_phases.len(), 4);
}

#[test]
fn a_margin_is_left_before_the_outer_supervisor_kills() {
    for graceful in [true, false] {
        let mut plan = contracts::host(vec![contracts::session(); 2]);
        plan.outer_grace = Some(Span::from_secs(2));
        let mut bench = Bench::new(plan);
        bench.declare(0, 0);
        bench.start(0);
        let _client = bench.handle(Input::ClientAttached { client: ClientId(0) });
        let caller = Caller::Nobody;
        let _begun = bench.handle(Input::ShutdownRequested { graceful, within: Within::Unlimited, caller });
        while bench.exit_code().is_none() {
            let _woken = bench.wake();
        }
        assert!(bench.now <= Moment::from_nanos(1_800_000_000), "{}", bench.now);
        assert!(bench.actions(0).contains(&"kill"), "what is left is killed, and not just left");
    }
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
