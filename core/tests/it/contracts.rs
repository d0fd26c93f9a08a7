//! The five contracts, each by its own numbers.

use winddown_core::*;

use crate::bench::{Bench, unit};

const STOPPED: Answer = Answer::Stopped { status: Status::Stopped, leaked: false };

#[test]
fn a_container_is_stopped_at_once_and_written_once() {
    let mut bench = Bench::running(vec![contracts::container()]);
    bench.after(Span::from_secs(5));
    assert_eq!(bench.stop(0), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Stopped, "in zero time");
    assert!(bench.answers().is_empty(), "no answer before the row is durable");
    assert_eq!(bench.stop(0), Disposition::Applied, "a second caller joins");
    bench.effects = bench.all.iter().map(|(_, effect)| *effect).collect();
    bench.confirm_rows();
    assert_eq!(bench.answers(), [STOPPED, STOPPED]);
    let writes =
        bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Persist { confirm: true, .. }));
    assert_eq!(writes.count(), 1);

    bench.after(Span::from_secs(364));
    assert_eq!(bench.exit(0, Exit::Failed), Disposition::Applied);
    assert!(bench.effects.is_empty(), "the late exit writes nothing, restarts nothing, tells nobody");
    assert_eq!(bench.status(0), Status::Stopped);
    assert_eq!(bench.stop(0), Disposition::Ignored(Why::AlreadyStopped));
    assert_eq!(bench.answers().last(), Some(&STOPPED));
}

#[test]
fn stopping_what_never_ran_or_is_done_is_a_success() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    bench.declare(0, 0);
    assert_eq!(bench.stop(0), Disposition::Applied);
    bench.confirm_rows();
    assert_eq!(bench.answers(), [STOPPED]);

    let mut done = Bench::running(vec![contracts::container()]);
    let _exited = done.exit(0, Exit::Completed);
    done.confirm_rows();
    assert_eq!(done.stop(0), Disposition::Ignored(Why::AlreadyStopped));
    assert_eq!(done.answers(), [Answer::Stopped { status: Status::Completed, leaked: false }]);
}

#[test]
fn a_graceful_task_is_asked_waited_for_and_dropped_and_says_what_is_proven() {
    let grace = Span::from_secs(5);
    let mut bench = Bench::running(vec![contracts::graceful(grace), contracts::graceful(grace)]);
    for number in 0..2 {
        assert_eq!(bench.stop(number), Disposition::Applied);
        assert_eq!(bench.actions(number), ["request-cancel"]);
        assert_eq!(bench.status(number), Status::Stopping, "nothing is final before it is over");
    }
    bench.after(Span::from_secs(4));
    assert_eq!(bench.exit(0, Exit::Completed), Disposition::Applied);
    bench.confirm_rows();
    assert_eq!(bench.answers(), [STOPPED]);
    let polite = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((polite.ending, polite.took), (Ending::OnRung(Action::RequestCancel), Span::from_secs(4)));

    assert_eq!(bench.engine.deadline_of(unit(1)), Moment::START.after(grace));
    let _woken = bench.wake();
    assert_eq!(bench.actions(1), ["request-cancel", "abort"]);
    bench.confirm_rows();
    assert_eq!((bench.status(1), bench.answers().len()), (Status::Stopped, 2));
    assert_eq!(bench.engine.unit_report(unit(1)).unwrap().failed, Some(Action::RequestCancel));
}

#[test]
fn the_report_tells_a_failure_by_itself_from_one_that_was_overdue() {
    let overdue = Kind { start_patience: Some(Span::from_secs(1)), ..contracts::session() };
    let mut bench = Bench::running(vec![contracts::container(), overdue]);
    bench.after(Span::from_millis(10));
    let _exited = bench.exit(0, Exit::Failed);
    let _woken = bench.wake();
    while bench.engine.next_deadline().is_some() {
        let _woken = bench.wake();
    }
    let report = bench.engine.report();
    assert_eq!((report.units[0].status, report.units[0].ending), (Status::Failed, Ending::ByItself));
    assert_eq!((report.units[1].status, report.units[1].ending), (Status::Failed, Ending::Unseen));
}

#[test]
fn a_stop_during_backoff_ends_the_restarts() {
    let restart =
        Restart::OnFailure { limit: 3, backoff: Span::from_secs(1), backoff_max: Span::from_secs(8) };
    let mut bench = Bench::running(vec![Kind { restart, ..contracts::container() }]);
    let _exited = bench.exit(0, Exit::Failed);
    bench.confirm_rows();
    assert_eq!(bench.status(0), Status::Pending, "it waits for its next start");
    assert_eq!(bench.stop(0), Disposition::Applied);
    bench.confirm_rows();
    assert_eq!(bench.engine.next_deadline(), None, "nobody will start it");
    assert_eq!(bench.status(0), Status::Stopped);
}

#[test]
fn restarts_back_off_and_end() {
    let restart =
        Restart::OnFailure { limit: 3, backoff: Span::from_secs(1), backoff_max: Span::from_secs(3) };
    let mut bench = Bench::running(vec![Kind { restart, ..contracts::container() }]);
    for wait in [1, 2, 3] {
        let _exited = bench.exit(0, Exit::Failed);
        bench.confirm_rows();
        let at = bench.now.after(Span::from_secs(wait));
        assert_eq!(bench.engine.next_deadline(), Some(at));
        let _started = bench.wake();
        assert_eq!(bench.status(0), Status::Running);
    }
    let _exited = bench.exit(0, Exit::Failed);
    bench.confirm_rows();
    assert_eq!(bench.status(0), Status::Failed);
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn a_provider_goes_down_rung_by_rung() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    for (action, seconds) in [("terminate", 15), ("kill", 5), ("remove", 10)] {
        assert_eq!(bench.actions(0).last(), Some(&action));
        assert_eq!(bench.engine.next_deadline(), Some(bench.now.after(Span::from_secs(seconds))));
        let _woken = bench.wake();
    }
    bench.confirm_rows();
    assert_eq!(bench.now, Moment::from_nanos(30_000_000_000));
    assert_eq!(bench.answers(), [Answer::Stopped { status: Status::Stopped, leaked: true }]);
}

#[test]
fn an_error_is_not_waited_for_and_gone_already_is_success() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    assert_eq!(bench.finish(0, Outcome::Failed), Disposition::Applied);
    assert_eq!(bench.actions(0), ["terminate", "kill"]);
    assert_eq!(bench.finish(0, Outcome::Done), Disposition::Applied);
    assert_eq!(bench.actions(0), ["terminate", "kill", "remove"], "remove comes on every path");
    assert_eq!(bench.finish(0, Outcome::Done), Disposition::Applied);
    bench.confirm_rows();
    assert_eq!(bench.answers(), [STOPPED]);
    assert_eq!(bench.now, Moment::START, "nothing was waited for");
}

#[test]
fn an_unhealthy_container_goes_straight_to_the_kill() {
    let mut bench = Bench::running(vec![contracts::provider_probed()]);
    let _applied = bench.stop(0);
    let _failed = bench.finish(0, Outcome::Failed);
    assert_eq!(bench.actions(0), ["probe", "kill"]);
}

#[test]
fn a_later_stop_shortens_or_forces_the_one_in_flight() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let caller = bench.ticket();
    assert_eq!(bench.stop_with(0, false, Within::For(Span::from_secs(60)), caller), Disposition::Applied);
    assert_eq!(bench.engine.next_deadline(), Some(Moment::from_nanos(15_000_000_000)), "longer only joins");
    let within = Within::For(Span::from_secs(4));
    assert_eq!(bench.stop_with(0, false, within, Caller::Nobody), Disposition::Applied);
    assert_eq!(
        bench.engine.next_deadline(),
        Some(Moment::from_nanos(2_000_000_000)),
        "half is kept for the kill"
    );
    assert_eq!(bench.stop_with(0, true, Within::Unset, Caller::Nobody), Disposition::Applied);
    assert_eq!(bench.actions(0), ["terminate", "kill"]);
    assert_eq!(
        bench.stop_with(0, true, Within::Unset, Caller::Nobody),
        Disposition::Ignored(Why::AlreadyStopping)
    );
}

#[test]
fn zero_is_at_once_and_unset_is_not_zero() {
    let mut bench = Bench::running(vec![contracts::session(), contracts::session()]);
    let _applied = bench.stop_with(0, false, Within::For(Span::ZERO), Caller::Nobody);
    assert_eq!(bench.actions(0), ["kill", "forget"]);
    assert_eq!(bench.status(0), Status::Stopped);
    let _applied = bench.stop(1);
    assert_eq!(bench.actions(1), ["disconnect"]);
    assert_eq!(bench.status(1), Status::Stopping);
}

#[test]
fn a_cancel_is_true_once_and_a_late_finish_changes_nothing() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(5))]);
    let first = bench.ticket();
    let cancel = |caller| Input::CancelRequested { unit: unit(0), reason: Reason::ByUser, caller };
    assert_eq!(bench.handle(cancel(first)), Disposition::Applied);
    bench.confirm_rows();
    let second = bench.ticket();
    assert_eq!(bench.handle(cancel(second)), Disposition::Ignored(Why::NotRunning));
    assert_eq!(bench.exit(0, Exit::Completed), Disposition::Applied);
    assert_eq!(bench.answers(), [Answer::Cancelled(false), Answer::Cancelled(true)]);
    assert_eq!(bench.status(0), Status::Cancelled);
    assert_eq!(bench.terminal_notices(0), [Notice::Cancelled]);
}

#[test]
fn a_run_budget_is_told_apart_from_a_cancel() {
    let kind = Kind { run_budget: Some(Span::from_secs(9)), ..contracts::task(Span::from_secs(5)) };
    let mut bench = Bench::running(vec![kind]);
    assert_eq!(bench.wake(), Disposition::Applied);
    assert_eq!(bench.now, Moment::from_nanos(9_000_000_000));
    assert_eq!(bench.terminal_notices(0), [Notice::TimedOut]);
    assert_eq!(bench.engine.unit_report(unit(0)).unwrap().reason, Reason::RunBudgetOver);
}

#[test]
fn a_body_that_stops_itself_is_answered_at_once() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(5))]);
    let caller = Caller::Body(Ticket(1));
    let _applied = bench.handle(Input::CancelRequested { unit: unit(0), reason: Reason::Stated(7), caller });
    assert_eq!(bench.answers(), [Answer::Accepted]);
}

#[test]
fn an_owner_has_a_cap_and_a_stop_gives_its_place_back() {
    let mut plan = contracts::host(vec![contracts::task(Span::ZERO)]);
    plan.owner_cap = Some(1);
    let mut bench = Bench::new(plan);
    bench.declare(0, 0);
    bench.declare(1, 0);
    bench.start(0);
    let start = |number| Input::StartRequested { unit: unit(number), caller: Caller::Nobody };
    assert_eq!(bench.handle(start(0)), Disposition::Refused(Why::AlreadyRunning));
    assert_eq!(bench.handle(start(1)), Disposition::Refused(Why::OwnerAtCap));
    let _applied = bench.stop(0);
    assert_eq!(bench.handle(start(1)), Disposition::Applied);
}

#[test]
fn a_number_is_free_again_only_when_nothing_is_left() {
    let mut bench = Bench::running(vec![contracts::container()]);
    let remove = Input::RemoveRequested { unit: unit(0), caller: Caller::Nobody };
    assert_eq!(bench.handle(remove), Disposition::Refused(Why::StillActive));
    let _applied = bench.stop(0);
    bench.confirm_rows();
    assert_eq!(bench.handle(remove), Disposition::Applied);
    let late = Input::UnitExited { unit: unit(0), incarnation: Incarnation(1), exit: Exit::Ended };
    assert_eq!(bench.handle(late), Disposition::Ignored(Why::StaleIncarnation));
    bench.declare(0, 0);
    bench.start(0);
    assert_eq!(bench.engine.unit(unit(0)).unwrap().incarnation, Incarnation(3), "incarnations go on");
    assert_eq!(bench.handle(late), Disposition::Ignored(Why::StaleIncarnation));
}

#[test]
fn a_process_is_on_record_before_it_lives() {
    let mut bench = Bench::new(contracts::host(vec![contracts::session()]));
    bench.declare(0, 0);
    let _applied = bench.handle(Input::StartRequested { unit: unit(0), caller: Caller::Nobody });
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })));
    bench.confirm_rows();
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })));
}

#[test]
fn an_answer_told_twice_is_no_answer_to_the_next_question() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    let finding = Input::FindingRecorded { unit: unit(0), durable: false };
    let _applied = bench.stop(0);
    let _paused = bench.finish(0, Outcome::Done);
    let first = bench.steps().last().unwrap().1;
    let _late = bench.handle(finding);
    let done = Input::StepFinished { unit: unit(0), step: first, outcome: Outcome::Done };
    assert_eq!(bench.handle(done), Disposition::Applied);
    assert_eq!(
        bench.actions(0),
        ["pause", "checkpoint", "checkpoint"],
        "the finding is not in the first one"
    );
    assert_eq!(bench.handle(done), Disposition::Ignored(Why::StaleStep));
    assert_eq!(bench.engine.unit(unit(0)).unwrap().saved, 0);
    let _done = bench.finish(0, Outcome::Done);
    assert_eq!(bench.engine.unit(unit(0)).unwrap().saved, 1);
}

#[test]
fn what_is_about_to_start_again_keeps_its_number() {
    let always = Restart::Always { backoff: Span::from_secs(1) };
    let mut bench = Bench::running(vec![Kind { restart: always, ..contracts::container() }]);
    let _gone = bench.exit(0, Exit::Failed);
    bench.confirm_rows();
    let remove = Input::RemoveRequested { unit: unit(0), caller: Caller::Nobody };
    assert!(bench.engine.next_deadline().is_some(), "it waits to be started again");
    assert_eq!(bench.handle(remove), Disposition::Refused(Why::StillActive));
}
