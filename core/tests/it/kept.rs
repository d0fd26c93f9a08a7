//! What is kept: how long a run may take, what an earlier host left on record, why something ended, and what
//! others are told of it.

use winddown_core::*;

use crate::bench::{Bench, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn asks(bench: &mut Bench, ask: impl FnOnce(UnitId, Caller) -> Input) {
    assert_eq!(bench.handle(ask(unit(0), Caller::Nobody)), Disposition::Applied);
}

fn pause(bench: &mut Bench) {
    asks(bench, |unit, caller| Input::PauseRequested { unit, caller });
    let incarnation = bench.engine.unit(unit(0)).unwrap().incarnation;
    assert_eq!(bench.handle(Input::UnitPaused { unit: unit(0), incarnation }), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Paused);
}

fn resume(bench: &mut Bench) {
    asks(bench, |unit, caller| Input::ResumeRequested { unit, caller });
    assert_eq!(bench.status(0), Status::Running);
}

/// The rows that the last input asked to be written.
fn rows(bench: &Bench) -> Vec<Row> {
    let rows = bench.effects.iter().filter_map(|effect| match *effect {
        Effect::Persist { row, .. } => Some(row),
        _ => None,
    });
    rows.collect()
}

fn recovered(kind: Kind, status: Status) -> Bench {
    let mut bench = Bench::new(contracts::host(vec![kind]));
    bench.declare(0, 0);
    let row =
        Row { incarnation: Incarnation(3), status, reason: Reason::Stated(7), findings: 0, leaked: false };
    assert_eq!(bench.handle(Input::UnitRecovered { unit: unit(0), row }), Disposition::Applied);
    bench
}

fn reason(bench: &Bench, number: usize) -> Reason {
    bench.engine.unit_report(unit(number)).unwrap().reason
}

fn depend(bench: &mut Bench, number: usize, on: usize) {
    let depends = Input::DependencyDeclared { unit: unit(number), on: unit(on) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
}

#[test]
fn a_run_may_take_no_longer_because_it_was_paused() {
    let kind = Kind { run_budget: Some(Span::from_secs(9)), ..contracts::engagement() };
    for resumes in [false, true] {
        let mut bench = Bench::running(vec![kind.clone()]);
        bench.now = seconds(4);
        pause(&mut bench);
        if resumes {
            bench.now = seconds(6);
            resume(&mut bench);
        }
        let _over = bench.wake();
        assert_eq!((bench.now, bench.status(0)), (seconds(9), Status::Stopping), "resumed: {resumes}");
        assert_eq!(reason(&bench, 0), Reason::RunBudgetOver);
        bench.obey();
        assert_eq!(bench.terminal_notices(0), [Notice::TimedOut]);
    }
}

#[test]
fn going_on_is_on_record_like_holding_still() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    let statuses = |bench: &Bench| rows(bench).iter().map(|row| row.status).collect::<Vec<_>>();
    for _time in 0..2 {
        pause(&mut bench);
        assert_eq!(statuses(&bench), [Status::Paused]);
        resume(&mut bench);
        assert_eq!(statuses(&bench), [Status::Running]);
    }
}

#[test]
fn whatever_a_crash_interrupts_has_failed_and_starts_again() {
    let restart =
        Restart::OnFailure { limit: 1, backoff: Span::from_secs(2), backoff_max: Span::from_secs(2) };
    for kind in [contracts::container(), contracts::session()] {
        for status in [Status::Pending, Status::Running, Status::Paused] {
            let mut bench = recovered(Kind { restart, ..kind.clone() }, status);
            assert_eq!(
                (bench.status(0), reason(&bench, 0)),
                (Status::Failed, Reason::Interrupted),
                "{status}"
            );
            let row = rows(&bench)[0];
            assert_eq!((row.status, row.reason), (Status::Failed, Reason::Interrupted), "{status}");
            bench.confirm_rows();
            assert_eq!(bench.engine.starts_again(unit(0)), Some(seconds(2)), "{status}");
        }
    }
}

#[test]
fn why_something_was_stopping_is_known_after_a_crash() {
    let mut bench = recovered(contracts::graceful(Span::from_secs(5)), Status::Stopping);
    assert_eq!((bench.status(0), reason(&bench, 0)), (Status::Stopped, Reason::Stated(7)));
    let row = rows(&bench)[0];
    assert_eq!((row.status, row.reason), (Status::Stopped, Reason::Stated(7)));
    bench.confirm_rows();
    assert_eq!(reason(&bench, 0), Reason::Stated(7));
}

#[test]
fn whoever_a_shutdown_stops_was_stopped_by_a_shutdown() {
    let kinds =
        vec![contracts::container(), contracts::session(), contracts::engagement(), contracts::provider()];
    let mut bench = Bench::running(kinds);
    let _begun = bench.handle(TERM);
    bench.obey();
    assert_eq!(bench.exit_code(), Some(0));
    for number in 0..4 {
        assert_eq!((number, reason(&bench, number)), (number, Reason::Shutdown));
        let last = bench.all.iter().rev().find_map(|(_, effect)| match *effect {
            Effect::Persist { unit: of, row, confirm: true } if of == unit(number) => Some(row),
            Effect::Checkpoint { unit: of, row, .. } if of == unit(number) => Some(row),
            _ => None,
        });
        assert_eq!((number, last.unwrap().reason), (number, Reason::Shutdown), "and so says its row");
    }
}

#[test]
fn a_body_on_its_way_down_hears_that_its_finding_is_durable() {
    for kind in [contracts::task(Span::from_secs(5)), contracts::graceful(Span::from_secs(5))] {
        let mut bench = Bench::running(vec![kind]);
        assert_eq!(bench.stop(0), Disposition::Applied);
        let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: true });
        bench.confirm_rows();
        assert_eq!(bench.actions(0), ["request-cancel"], "it has its grace, and may wait for that in it");
        assert!(bench.effects.contains(&Effect::Acknowledge { unit: unit(0), findings: 1 }));
    }
}

#[test]
fn every_stop_of_what_has_leaked_is_told_so() {
    let mut bench = Bench::running(vec![contracts::session()]);
    assert_eq!(bench.stop(0), Disposition::Applied);
    while bench.engine.is_ending(unit(0)) {
        let _woken = bench.wake();
        bench.confirm_rows();
    }
    assert_eq!(bench.stop(0), Disposition::Ignored(Why::AlreadyStopped));
    let leaked = |leaked| Answer::Stopped { status: Status::Stopped, leaked };
    assert_eq!(bench.answers(), [leaked(true); 2]);
    assert_eq!(bench.exit(0, Exit::Ended), Disposition::Applied);
    assert_eq!(bench.stop(0), Disposition::Ignored(Why::AlreadyStopped));
    assert_eq!(bench.answers().last(), Some(&leaked(false)), "it was seen to go after all");
}

#[test]
fn clients_are_told_when_the_host_goes_and_not_when_its_units_do() {
    let mut bench = Bench::running(vec![contracts::session()]);
    bench.now = seconds(5);
    let _came = bench.handle(Input::ClientAttached { client: ClientId(0) });
    let _begun = bench.handle(TERM);
    let _came = bench.handle(Input::ClientAttached { client: ClientId(1) });
    let told = bench.all.iter().filter_map(|(_, effect)| match *effect {
        Effect::Tell { client, by } => Some((client, by)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(ClientId(0), seconds(35)), (ClientId(1), seconds(35))]);
    assert!(bench.engine.units_deadline().unwrap() < seconds(35));
}

#[test]
fn a_finding_that_could_not_be_written_is_tried_once_more_before_the_exit() {
    for (outcome, code) in [(Outcome::Done, 0), (Outcome::Failed, 1)] {
        let phases = vec![
            Rung::new(Phase::StopUnits, Span::ZERO).rest().always(),
            Rung::new(Phase::CloseListener, Span::from_secs(1)),
        ];
        let shutdown = Ladder::of_host(phases, Span::from_secs(30));
        let mut bench = Bench::new(Plan { shutdown, ..contracts::host(vec![contracts::container()]) });
        bench.declare(0, 0);
        bench.start(0);
        let _begun = bench.handle(TERM);
        let stopped = rows(&bench)[0];
        // Its body lingers.
        let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
        let row = rows(&bench)[0];
        let persisted = |row, outcome| Input::Persisted { unit: unit(0), row, outcome };
        let _durable = bench.handle(persisted(stopped, Outcome::Done));
        assert_eq!(bench.engine.present_phase().unwrap().0, Phase::CloseListener);
        let _failed = bench.handle(persisted(row, Outcome::Failed));
        assert_eq!(bench.engine.row_of(unit(0)), Some(RowView::Settled), "it is the finding that is missing");
        assert_eq!(rows(&bench), [], "not at once");
        let _closed =
            bench.handle(Input::PhaseFinished { phase: Phase::CloseListener, outcome: Outcome::Done });
        assert_eq!((rows(&bench), bench.exit_code()), (vec![row], None));
        let _told = bench.handle(persisted(row, outcome));
        assert_eq!((bench.exit_code(), bench.now), (Some(code), Moment::START));
        assert_eq!(bench.engine.report().unsaved().count(), usize::from(code));
    }
}

#[test]
fn whoever_depends_on_two_keeps_time_for_the_longer_of_them() {
    // A session takes 5 s, the other one 3 s, and each row has 1 s. Nothing makes one of them wait for the other.
    let quick = contracts::task(Span::from_secs(3));
    let deaf = contracts::task(Span::from_secs(60));
    for kinds in [[contracts::session(), quick.clone()], [quick, contracts::session()]] {
        let [first, second] = kinds;
        let mut bench = Bench::running(vec![first, second, contracts::container(), deaf.clone()]);
        for (number, on) in [(2, 0), (2, 1), (3, 2)] {
            depend(&mut bench, number, on);
        }
        let _begun = bench.handle(TERM);
        bench.confirm_rows();
        while bench.actions(2).is_empty() {
            let _woken = bench.wake();
        }
        let ends = bench.engine.units_deadline().unwrap();
        // Its own ladder takes no time, and its row may take 1 s as well.
        assert_eq!(bench.now.until(ends), Span::from_secs(1 + 6));
    }
}
