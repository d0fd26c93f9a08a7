//! One unit at a time: the other contracts in detail, and what comes before and after a stop.

use winddown_core::*;

use crate::bench::{Bench, unit};

const STOPPED: Answer = Answer::Stopped { status: Status::Stopped, leaked: false };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn confirmed_writes(bench: &Bench) -> Vec<Row> {
    let rows = bench.all.iter().filter_map(|(_, effect)| match *effect {
        Effect::Persist { row, confirm: true, .. } => Some(row),
        _ => None,
    });
    rows.collect()
}

fn notices(bench: &Bench) -> Vec<Notice> {
    let notices = bench.all.iter().filter_map(|(_, effect)| match *effect {
        Effect::Notify { notice, .. } => Some(notice),
        _ => None,
    });
    notices.collect()
}

fn starts(bench: &Bench) -> usize {
    bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Start { .. })).count()
}

fn cancel(bench: &mut Bench, reason: Reason) -> Disposition {
    let caller = bench.ticket();
    bench.handle(Input::CancelRequested { unit: unit(0), reason, caller })
}

#[test]
fn a_hundred_stops_are_one_stop_with_a_hundred_answers() {
    let always = Restart::Always { backoff: Span::from_secs(1) };
    let mut bench = Bench::running(vec![Kind { restart: always, ..contracts::container() }]);
    for _caller in 0..50 {
        let _any = bench.stop(0);
    }
    assert!(bench.answers().is_empty());
    bench.confirm_all();
    for _caller in 0..50 {
        assert_eq!(bench.stop(0), Disposition::Ignored(Why::AlreadyStopped));
    }
    assert_eq!(bench.answers(), [STOPPED; 100]);
    assert_eq!(confirmed_writes(&bench).len(), 1);
    assert_eq!(bench.actions(0), ["abort"]);
    assert_eq!(bench.terminal_notices(0), [Notice::Stopped]);
    bench.now = seconds(369);
    assert_eq!(bench.exit(0, Exit::Panicked), Disposition::Applied);
    assert_eq!(bench.exit(0, Exit::Completed), Disposition::Ignored(Why::AlreadyExited));
    assert_eq!((bench.engine.next_deadline(), starts(&bench)), (None, 1), "a stopped one never restarts");
    assert_eq!(confirmed_writes(&bench).len(), 1);
}

#[test]
fn a_stop_in_the_instant_of_the_end_is_answered_with_what_is_true() {
    // Exit first: it has completed, and the stop finds that out.
    let always = Restart::Always { backoff: Span::ZERO };
    let kind = Kind { restart: always, ..contracts::container() };
    let mut bench = Bench::running(vec![kind.clone()]);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.stop(0), Disposition::Applied);
    bench.confirm_all();
    assert_eq!(bench.answers(), [Answer::Stopped { status: Status::Completed, leaked: false }]);
    assert_eq!((bench.engine.next_deadline(), starts(&bench)), (None, 1), "the stop ends the restarts");
    // Stop first: stopped it is, however it ended.
    let mut bench = Bench::running(vec![kind]);
    assert_eq!(bench.stop(0), Disposition::Applied);
    let _gone = bench.exit(0, Exit::Completed);
    bench.confirm_all();
    assert_eq!(bench.answers(), [STOPPED]);
    assert_eq!(bench.terminal_notices(0), [Notice::Stopped]);
    assert_eq!(confirmed_writes(&bench).len(), 1);
}

#[test]
fn a_row_that_cannot_be_written_is_said_and_tried_again_by_the_next_stop() {
    let mut bench = Bench::running(vec![contracts::container()]);
    let _applied = bench.stop(0);
    let row = confirmed_writes(&bench)[0];
    let persisted = |outcome| Input::Persisted { unit: unit(0), row, outcome };
    assert_eq!(bench.handle(persisted(Outcome::Failed)), Disposition::Applied);
    assert_eq!(bench.answers(), [Answer::NotRecorded]);
    assert_eq!(bench.stop(0), Disposition::Applied);
    assert_eq!(confirmed_writes(&bench), [row, row]);
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.answers()), (seconds(1), vec![Answer::NotRecorded; 2]), "a disk that hangs");
    assert_eq!(bench.stop(0), Disposition::Applied);
    assert_eq!(confirmed_writes(&bench).len(), 2, "the write is on its way");
    assert_eq!(bench.handle(persisted(Outcome::Done)), Disposition::Applied);
    assert_eq!(bench.answers().last(), Some(&STOPPED));
}

#[test]
fn what_cannot_be_killed_is_removed_anyway_and_reported() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let _failed = bench.finish(0, Outcome::Failed);
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.actions(0)), (seconds(5), vec!["terminate", "kill", "remove"]));
    let _failed = bench.finish(0, Outcome::Failed);
    assert!(confirmed_writes(&bench).last().unwrap().leaked, "durably, for a later reap");
    bench.confirm_all();
    assert_eq!(bench.answers(), [Answer::Stopped { status: Status::Stopped, leaked: true }]);
    let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
    bench.obey();
    assert_eq!(bench.exit_code(), Some(1));
    assert_eq!(bench.engine.report().leaked().count(), 1);
}

#[test]
fn a_removal_that_works_proves_what_the_kill_could_not() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let _failed = bench.finish(0, Outcome::Failed);
    let _failed = bench.finish(0, Outcome::Failed);
    let _done = bench.finish(0, Outcome::Done);
    bench.confirm_all();
    assert_eq!(bench.answers(), [STOPPED]);
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!(report.ending, Ending::OnRung(Action::Remove));
    assert!(matches!(report.failed, Some(Action::Terminate { .. })));
}

#[test]
fn a_terminate_that_works_after_the_client_gave_up_is_still_proof() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let terminate = bench.steps()[0].1;
    let _woken = bench.wake();
    assert_eq!(bench.actions(0), ["terminate", "kill"]);
    bench.after(Span::from_secs(2));
    let late = Input::StepFinished { unit: unit(0), step: terminate, outcome: Outcome::Done };
    assert_eq!(bench.handle(late), Disposition::Applied);
    assert_eq!(bench.actions(0), ["terminate", "kill", "remove"], "there is nothing left to kill");
    assert_eq!(bench.handle(late), Disposition::Ignored(Why::AlreadyExited));
}

#[test]
fn a_hanging_probe_goes_straight_to_the_kill_and_a_healthy_one_does_not() {
    let mut bench = Bench::running(vec![contracts::provider_probed()]);
    let _applied = bench.stop(0);
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.actions(0)), (seconds(2), vec!["probe", "kill"]));
    let mut bench = Bench::running(vec![contracts::provider_probed()]);
    let _applied = bench.stop(0);
    let _healthy = bench.finish(0, Outcome::Done);
    assert_eq!(bench.actions(0), ["probe", "terminate"]);
}

#[test]
fn an_unlimited_stop_still_goes_down_its_ladder() {
    let mut bench = Bench::running(vec![contracts::provider(), contracts::engagement()]);
    let _applied = bench.stop_with(0, false, Within::Unlimited, Caller::Nobody);
    assert_eq!(bench.engine.next_deadline(), Some(seconds(15)));
    let _applied = bench.stop_with(1, false, Within::Unlimited, Caller::Nobody);
    let _paused = bench.finish(1, Outcome::Done);
    let _woken = bench.wake();
    assert_eq!(bench.actions(1), ["pause", "checkpoint"], "as long as it takes");
    assert_eq!(
        bench.stop_with(1, false, Within::For(Span::from_secs(2)), Caller::Nobody),
        Disposition::Applied
    );
    bench.now = seconds(17);
    let _woken = bench.handle(Input::Woken);
    assert_eq!(bench.status(1), Status::Stopped, "until somebody says how long");
}

#[test]
fn a_short_stop_overruns_and_says_so() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let caller = bench.ticket();
    let _applied = bench.stop_with(0, false, Within::For(Span::from_secs(4)), caller);
    while bench.engine.next_deadline().is_some() {
        let _woken = bench.wake();
    }
    assert_eq!(bench.actions(0), ["terminate", "kill", "remove"], "each has a share");
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((report.took, report.overran), (Span::from_secs(4), true));
}

#[test]
fn a_session_is_forgotten_whatever_fails() {
    let mut bench = Bench::running(vec![contracts::session()]);
    let _applied = bench.stop(0);
    for _rung in ["disconnect", "terminate", "kill"] {
        let _failed = bench.finish(0, Outcome::Failed);
    }
    assert_eq!(bench.actions(0), ["disconnect", "terminate", "kill", "forget"]);
    bench.confirm_all();
    assert_eq!(bench.now, Moment::START);
    assert_eq!(bench.answers(), [Answer::Stopped { status: Status::Stopped, leaked: true }]);
    let late = bench.exit(0, Exit::Ended);
    assert_eq!(late, Disposition::Applied);
    assert!(!bench.engine.unit(unit(0)).unwrap().leaked, "it was seen to go after all");
}

#[test]
fn a_task_that_hears_the_cancel_is_not_aborted() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(5))]);
    assert_eq!(cancel(&mut bench, Reason::Stated(3)), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Cancelled, "before anything else");
    assert_eq!(confirmed_writes(&bench)[0].reason, Reason::Stated(3));
    let delivered = bench.finish(0, Outcome::Done);
    assert_eq!(delivered, Disposition::Ignored(Why::NothingDue), "delivered is not gone");
    bench.confirm_all();
    assert!(bench.answers().is_empty(), "true means that the body is gone, or had its time");
    bench.after(Span::from_secs(1));
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.answers(), [Answer::Cancelled(true)]);
    assert_eq!(bench.actions(0), ["request-cancel"]);
    assert_eq!(notices(&bench), [Notice::Started, Notice::CancellationRequested, Notice::Cancelled]);
}

#[test]
fn a_task_that_does_not_is_dropped_when_its_grace_is_over() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(5))]);
    let _applied = cancel(&mut bench, Reason::ByUser);
    bench.confirm_all();
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.actions(0)), (seconds(5), vec!["request-cancel", "abort"]));
    assert_eq!(bench.answers(), [Answer::Cancelled(true)]);
    assert!(bench.engine.unit_report(unit(0)).unwrap().lingers);
}

#[test]
fn a_timeout_is_one_notice_whatever_comes_with_it() {
    let kind = Kind { run_budget: Some(Span::from_secs(9)), ..contracts::task(Span::from_secs(5)) };
    // In the instant of the timeout: before it, and after it.
    let mut bench = Bench::running(vec![kind.clone()]);
    bench.now = seconds(9);
    assert_eq!(cancel(&mut bench, Reason::ByUser), Disposition::Applied);
    assert_eq!(bench.handle(Input::Woken), Disposition::Ignored(Why::NothingDue));
    assert_eq!(bench.terminal_notices(0), [Notice::Cancelled]);
    let mut bench = Bench::running(vec![kind.clone()]);
    let _woken = bench.wake();
    assert_eq!(cancel(&mut bench, Reason::ByUser), Disposition::Ignored(Why::NotRunning));
    assert_eq!(bench.answers(), [Answer::Cancelled(false)]);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.terminal_notices(0), [Notice::TimedOut]);
    assert_eq!(bench.status(0), Status::Cancelled);
    let mut bench = Bench::running(vec![kind]);
    bench.now = seconds(9);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.handle(Input::Woken), Disposition::Ignored(Why::NothingDue));
    assert_eq!((bench.status(0), bench.terminal_notices(0)), (Status::Completed, vec![Notice::Completed]));
}

#[test]
fn a_cancel_finds_nothing_before_the_start_and_after_the_end() {
    let mut bench = Bench::new(contracts::host(vec![contracts::task(Span::ZERO)]));
    bench.declare(0, 0);
    assert_eq!(cancel(&mut bench, Reason::ByUser), Disposition::Ignored(Why::NotRunning));
    bench.start(0);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(cancel(&mut bench, Reason::ByUser), Disposition::Ignored(Why::NotRunning));
    assert_eq!(bench.answers(), [Answer::Cancelled(false), Answer::Cancelled(false)]);
    let unknown = Input::CancelRequested { unit: unit(7), reason: Reason::ByUser, caller: Caller::Nobody };
    assert_eq!(bench.handle(unknown), Disposition::Refused(Why::UnknownUnit));
}

#[test]
fn pause_and_resume_are_said_once_and_an_end_takes_them_back() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    let pause = Input::PauseRequested { unit: unit(0), caller: Caller::Nobody };
    let resume = Input::ResumeRequested { unit: unit(0), caller: Caller::Nobody };
    let paused = Input::UnitPaused { unit: unit(0), incarnation: Incarnation(1) };
    assert_eq!(bench.handle(resume), Disposition::Refused(Why::NotPaused));
    assert_eq!(bench.handle(paused), Disposition::Ignored(Why::StaleStep), "nobody asked for it");
    assert_eq!(bench.handle(pause), Disposition::Applied);
    assert_eq!(bench.handle(pause), Disposition::Ignored(Why::AlreadyPaused));
    assert_eq!(bench.handle(resume), Disposition::Applied, "before it was confirmed");
    assert_eq!(bench.handle(paused), Disposition::Ignored(Why::StaleStep), "too late");
    assert_eq!(bench.handle(pause), Disposition::Applied);
    assert_eq!(bench.handle(paused), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Paused);
    assert_eq!(bench.handle(resume), Disposition::Applied);
    assert_eq!(bench.handle(pause), Disposition::Applied);
    let _gone = bench.exit(0, Exit::Completed);
    assert_eq!(bench.handle(paused), Disposition::Ignored(Why::StaleStep));
    assert_eq!(bench.status(0), Status::Completed);
    assert_eq!(notices(&bench), [Notice::Started, Notice::Paused, Notice::Resumed, Notice::Completed]);
}

#[test]
fn a_restart_uses_the_ladder_and_then_starts() {
    let mut bench = Bench::running(vec![contracts::session()]);
    let caller = bench.ticket();
    let restart = Input::RestartRequested { unit: unit(0), caller };
    assert_eq!(bench.handle(restart), Disposition::Applied);
    assert_eq!(bench.actions(0), ["disconnect"]);
    let _gone = bench.exit(0, Exit::Ended);
    bench.confirm_rows();
    bench.confirm_rows();
    assert_eq!(bench.answers(), [Answer::Restarted]);
    assert_eq!((bench.status(0), starts(&bench)), (Status::Running, 2));
    // A stop that comes during a restart is a stop.
    let caller = bench.ticket();
    let _applied = bench.handle(Input::RestartRequested { unit: unit(0), caller });
    assert_eq!(bench.stop(0), Disposition::Applied);
    let _gone = bench.exit(0, Exit::Ended);
    bench.confirm_all();
    assert_eq!(bench.answers()[1..], [Answer::Refused(Why::AlreadyStopping), STOPPED]);
    assert_eq!((bench.status(0), bench.engine.next_deadline(), starts(&bench)), (Status::Stopped, None, 2));
}

#[test]
fn a_start_that_is_overdue_goes_down_the_ladder_and_counts_as_a_failure() {
    let restart =
        Restart::OnFailure { limit: 1, backoff: Span::from_secs(2), backoff_max: Span::from_secs(2) };
    let kind = Kind { start_patience: Some(Span::from_secs(3)), restart, ..contracts::task(Span::ZERO) };
    let mut bench = Bench::running(vec![kind]);
    assert_eq!(bench.status(0), Status::Pending);
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.status(0)), (seconds(3), Status::Failed));
    bench.confirm_rows();
    let _restarted = bench.wake();
    assert_eq!((bench.now, starts(&bench)), (seconds(5), 2));
    let late = Input::UnitStarted { unit: unit(0), incarnation: Incarnation(1) };
    assert_eq!(bench.handle(late), Disposition::Ignored(Why::StaleIncarnation));
    let up = Input::UnitStarted { unit: unit(0), incarnation: Incarnation(2) };
    assert_eq!(bench.handle(up), Disposition::Applied);
    assert_eq!(bench.handle(Input::Woken), Disposition::Ignored(Why::NothingDue));
    assert_eq!(bench.status(0), Status::Running);
    assert_eq!(bench.engine.next_deadline(), None, "it is not overdue any more");
}
