//! The edges of rules: the instant that is just still in time, the one wrong kind of thing, the other order.

use winddown_core::*;

use crate::bench::{Bench, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn process(rungs: Vec<Rung<Action>>, budget: Option<Span>) -> Kind {
    Kind { ladder: Ladder::of_unit(rungs, budget), ..contracts::session() }
}

fn report(bench: &Bench, number: usize) -> UnitReport {
    bench.engine.unit_report(unit(number)).unwrap()
}

fn depend(bench: &mut Bench, number: usize, on: usize) {
    let depends = Input::DependencyDeclared { unit: unit(number), on: unit(on) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
}

/// Answers nothing but rows, until the stop of unit 0 is settled.
pub(crate) fn stop_unanswered(bench: &mut Bench) {
    assert_eq!(bench.stop(0), Disposition::Applied);
    while bench.engine.is_ending(unit(0)) {
        let _woken = bench.wake();
        bench.confirm_rows();
    }
}

#[test]
fn a_stop_that_takes_all_of_its_time_and_no_more_does_not_overrun() {
    let rungs = vec![
        Rung::new(Action::Disconnect, Span::from_secs(2)),
        Rung::new(Action::Kill, Span::from_secs(2)),
        Rung::new(Action::Forget, Span::ZERO).always(),
    ];
    let mut bench = Bench::running(vec![process(rungs, None)]);
    stop_unanswered(&mut bench);
    let ended = report(&bench, 0);
    assert_eq!((ended.took, ended.overran, ended.forced), (Span::from_secs(4), false, false));
}

#[test]
fn a_stop_whose_time_is_over_before_its_ladder_overruns_and_asks_nobody_gently() {
    let rungs = vec![
        Rung::new(Action::Disconnect, Span::from_secs(2)),
        Rung::new(Action::Disconnect, Span::from_secs(2)),
        Rung::new(Action::Remove, Span::ZERO),
    ];
    let mut bench = Bench::running(vec![process(rungs, Some(Span::from_secs(2)))]);
    stop_unanswered(&mut bench);
    let ended = report(&bench, 0);
    assert_eq!((ended.took, ended.overran, ended.forced), (Span::from_secs(2), true, true));
    assert_eq!(bench.actions(0), ["disconnect", "remove"]);
}

#[test]
fn a_share_of_the_shutdown_that_is_just_enough_is_not_too_short() {
    for (deadline, overran) in [(32, false), (31, false), (30, true)] {
        let mut plan = contracts::host(vec![contracts::engagement()]);
        let stop = Rung::new(Phase::StopUnits, Span::ZERO).rest();
        // Of what there is, the row's second is kept, and the engagement takes 30 s.
        plan.shutdown = Ladder::of_host(vec![stop], Span::from_secs(deadline));
        let mut bench = Bench::new(plan);
        bench.declare(0, 0);
        bench.start(0);
        let _begun = bench.handle(TERM);
        let _paused = bench.finish(0, Outcome::Done);
        while bench.exit_code().is_none() {
            let _woken = bench.wake();
            bench.confirm_rows();
        }
        assert_eq!(report(&bench, 0).overran, overran, "within {deadline} s");
    }
}

/// A host that is told to go, and waits for one that is to pause. Its second unit has this ladder.
fn held_back(ladder: Vec<Rung<Action>>) -> Bench {
    let slow = Rung::new(Action::Pause, Span::from_secs(20));
    let kill = Rung::new(Action::Kill, Span::ZERO);
    let mut plan = contracts::host(vec![process(vec![slow, kill], None), process(ladder, None)]);
    let phases = vec![
        Rung::new(Phase::PauseUnits, Span::from_secs(20)),
        Rung::new(Phase::StopUnits, Span::ZERO).rest().always(),
    ];
    plan.shutdown = Ladder::of_host(phases, Span::from_secs(60));
    let mut bench = Bench::new(plan);
    for number in 0..2 {
        bench.declare(number, number);
        bench.start(number);
    }
    let _begun = bench.handle(TERM);
    bench
}

#[test]
fn whoever_is_held_back_keeps_a_share_of_its_own_time() {
    let asks = Rung::new(Action::Disconnect, Span::from_secs(5));
    let kills = Rung::new(Action::Kill, Span::ZERO);
    let only = Rung::new(Action::Terminate { grace: Span::ZERO }, Span::from_secs(5)).always();
    for (ladder, action) in [(vec![asks, kills], "disconnect"), (vec![only], "terminate")] {
        let mut bench = held_back(ladder);
        let within = Within::For(Span::from_secs(4));
        assert_eq!(bench.stop_with(1, false, within, Caller::Nobody), Disposition::Applied);
        assert_eq!(bench.engine.next_deadline(), Some(seconds(2)), "half of its time");
        let _woken = bench.wake();
        assert_eq!((bench.actions(1), report(&bench, 1).forced), (vec![action], false));
        assert_eq!(bench.engine.next_deadline(), Some(seconds(4)), "and has the other half");
        bench.after(Span::from_secs(1));
        let _gone = bench.exit(1, Exit::Ended);
        assert_eq!((report(&bench, 1).overran, report(&bench, 1).leaked), (false, false));
    }
}

#[test]
fn whoever_has_as_much_time_as_all_is_held_back_as_long_as_all() {
    for within in [Within::Unset, Within::Unlimited, Within::For(Span::from_secs(90))] {
        let mut bench = held_back(vec![Rung::new(Action::Kill, Span::from_secs(50))]);
        assert_eq!(bench.stop_with(1, false, within, Caller::Nobody), Disposition::Applied);
        let _paused = bench.wake();
        assert_eq!((bench.now, bench.actions(1)), (seconds(20), vec!["kill"]), "{within:?}");
    }
}

#[test]
fn whoever_is_held_back_and_has_no_time_left_overruns_and_is_forced() {
    let asks = Rung::new(Action::Disconnect, Span::from_secs(5));
    let mut bench = held_back(vec![asks, Rung::new(Action::Kill, Span::ZERO)]);
    for within in [4, 1] {
        let within = Within::For(Span::from_secs(within));
        assert_eq!(bench.stop_with(1, false, within, Caller::Nobody), Disposition::Applied);
        bench.after(Span::from_secs(1));
    }
    // Nobody has woken the engine in time.
    let _woken = bench.wake();
    assert_eq!((report(&bench, 1).overran, report(&bench, 1).forced), (true, true));
    assert_eq!(bench.actions(1), ["kill"], "there is no time to ask");
}

#[test]
fn no_rung_is_said_to_have_ended_what_went_before_it() {
    let mut bench = Bench::running(vec![contracts::provider(), contracts::session()]);
    depend(&mut bench, 1, 0);
    let _applied = bench.stop(1);
    let _applied = bench.stop(0);
    let _gone = bench.exit(0, Exit::Ended);
    let _gone = bench.exit(1, Exit::Ended);
    bench.confirm_rows();
    assert_eq!(bench.actions(0), ["remove"]);
    let _removed = bench.finish(0, Outcome::Done);
    assert_eq!(report(&bench, 0).ending, Ending::Unseen);
    // Where a rung was seen to end it, a later one changes nothing.
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let _terminated = bench.finish(0, Outcome::Done);
    let _removed = bench.finish(0, Outcome::Done);
    let by = Action::Terminate { grace: Span::from_secs(5) };
    assert_eq!(report(&bench, 0).ending, Ending::OnRung(by));
}

#[test]
fn a_pause_that_is_confirmed_late_skips_no_checkpoint() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    let _applied = bench.stop(0);
    let _hung = bench.wake();
    assert_eq!(bench.actions(0), ["pause", "checkpoint"]);
    let paused = Input::UnitPaused { unit: unit(0), incarnation: Incarnation(1) };
    assert_eq!(bench.handle(paused), Disposition::Ignored(Why::StaleStep));
    assert_eq!(bench.actions(0), ["pause", "checkpoint"], "it is still being written");
}

#[test]
fn a_process_whose_start_cannot_be_put_on_record_never_lives() {
    let mut bench = Bench::new(contracts::host(vec![contracts::provider()]));
    bench.declare(0, 0);
    let _asked = bench.handle(Input::StartRequested { unit: unit(0), caller: Caller::Nobody });
    assert_eq!(bench.wake(), Disposition::Applied);
    assert_eq!((bench.now, bench.status(0)), (seconds(1), Status::Failed));
    assert_eq!(bench.terminal_notices(0), [Notice::Failed]);
    assert!(!bench.all.iter().any(|(_, effect)| matches!(effect, Effect::Start { .. })));
    assert!(bench.actions(0).is_empty());
}

#[test]
fn units_are_numbered_without_gaps() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    let declare = |number| Input::UnitDeclared { unit: unit(number), kind: KindId(0), owner: OwnerId(0) };
    assert_eq!(bench.handle(declare(1)), Disposition::Refused(Why::NumberTaken));
    assert_eq!(bench.engine.unit_count(), 0);
    assert_eq!(bench.handle(declare(0)), Disposition::Applied);
    assert_eq!(bench.handle(declare(0)), Disposition::Refused(Why::NumberTaken));
    assert_eq!(bench.handle(declare(1)), Disposition::Applied);
    assert_eq!(bench.engine.unit_count(), 2);
}

#[test]
fn what_is_on_its_way_down_is_not_started_even_if_nobody_waits_for_it() {
    let mut bench = Bench::running(vec![contracts::task(Span::from_secs(2))]);
    let _applied = bench.stop_with(0, false, Within::Unset, Caller::Nobody);
    let start = Input::StartRequested { unit: unit(0), caller: Caller::Nobody };
    assert_eq!(bench.handle(start), Disposition::Refused(Why::StillActive));
    let pause = Input::PauseRequested { unit: unit(0), caller: Caller::Nobody };
    assert_eq!(bench.handle(pause), Disposition::Refused(Why::AlreadyStopping));
}

#[test]
fn a_number_is_kept_while_something_is_unsaved_or_needed() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    for number in 0..3 {
        bench.declare(number, 0);
    }
    depend(&mut bench, 1, 0);
    let _found = bench.handle(Input::FindingRecorded { unit: unit(2), durable: false });
    assert_eq!(bench.remove(0), Disposition::Refused(Why::Needed));
    assert_eq!(bench.remove(2), Disposition::Refused(Why::StillActive));
    let row = Row {
        incarnation: Incarnation(0),
        status: Status::Pending,
        reason: Reason::None,
        findings: 1,
        leaked: false,
    };
    let _saved = bench.handle(Input::Persisted { unit: unit(2), row, outcome: Outcome::Done });
    assert_eq!(bench.remove(2), Disposition::Applied);
}

#[test]
fn whoever_waits_for_two_waits_no_longer_because_one_is_down() {
    let mut bench = Bench::running(vec![contracts::session(); 3]);
    depend(&mut bench, 1, 0);
    depend(&mut bench, 2, 0);
    for number in [1, 2] {
        let _applied = bench.stop(number);
    }
    let _applied = bench.stop_with(0, false, Within::For(Span::from_secs(8)), Caller::Nobody);
    assert_eq!(bench.engine.deadline_of(unit(0)), seconds(4), "half of its time");
    bench.after(Span::from_secs(1));
    let _gone = bench.exit(1, Exit::Ended);
    bench.confirm_rows();
    assert_eq!(bench.engine.deadline_of(unit(0)), seconds(4));
    assert!(bench.actions(0).is_empty());
}

#[test]
fn what_was_stopped_before_the_shutdown_holds_still_with_the_others() {
    let mut bench = Bench::running(vec![contracts::engagement(); 2]);
    let _applied = bench.stop_with(1, false, Within::Unset, Caller::Nobody);
    let _begun = bench.handle(TERM);
    let _paused = bench.finish(0, Outcome::Done);
    assert_eq!(bench.actions(0), ["pause"], "1 does not hold still yet");
    let _paused = bench.finish(1, Outcome::Done);
    assert_eq!(
        (bench.actions(0), bench.actions(1)),
        (vec!["pause", "checkpoint"], vec!["pause", "checkpoint"])
    );
}

#[test]
fn a_body_is_told_once_that_what_it_waits_for_is_durable_and_never_unasked() {
    let acknowledged = |bench: &Bench| -> Vec<u32> {
        let told = bench.all.iter().filter_map(|(_, effect)| match *effect {
            Effect::Acknowledge { findings, .. } => Some(findings),
            _ => None,
        });
        told.collect()
    };
    let mut bench = Bench::new(contracts::host(vec![contracts::provider()]));
    bench.declare(0, 0);
    let _asked = bench.handle(Input::StartRequested { unit: unit(0), caller: Caller::Nobody });
    let announced = bench.effects.clone();
    // A row from before the finding does not make the finding durable.
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: true });
    let written = bench.effects.clone();
    bench.effects = announced;
    bench.confirm_rows();
    assert_eq!(acknowledged(&bench), []);
    bench.effects = written;
    bench.confirm_rows();
    assert_eq!(acknowledged(&bench), [1]);
    // Nobody waits for the second.
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    let _forced = bench.stop_with(0, true, Within::Unset, Caller::Nobody);
    bench.obey();
    assert_eq!((bench.engine.unit(unit(0)).unwrap().saved, acknowledged(&bench)), (2, vec![1]));
}

#[test]
fn a_restart_that_a_shutdown_overtakes_is_told_so() {
    let mut bench = Bench::running(vec![contracts::session()]);
    let caller = bench.ticket();
    let _applied = bench.handle(Input::RestartRequested { unit: unit(0), caller });
    let _begun = bench.handle(TERM);
    let _gone = bench.exit(0, Exit::Ended);
    bench.obey();
    assert_eq!(bench.answers(), [Answer::Refused(Why::Draining)]);
}

#[test]
fn a_dependency_is_declared_once() {
    let mut bench = Bench::running(vec![contracts::session(); 2]);
    depend(&mut bench, 1, 0);
    let before = bench.engine.clone();
    let again = Input::DependencyDeclared { unit: unit(1), on: unit(0) };
    assert_eq!(bench.handle(again), Disposition::Ignored(Why::NumberTaken));
    assert_eq!(bench.engine, before);
}

#[test]
fn how_long_a_stop_took_is_counted_from_when_it_was_asked_for() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    bench.now = seconds(5);
    let _applied = bench.stop(0);
    bench.after(Span::from_secs(2));
    let _gone = bench.exit(0, Exit::Ended);
    let _removed = bench.finish(0, Outcome::Done);
    assert_eq!(report(&bench, 0).took, Span::from_secs(2));
}

#[test]
fn what_failed_starts_again_where_its_owner_has_room() {
    let restart = Restart::Always { backoff: Span::from_secs(1) };
    let mut plan = contracts::host(vec![Kind { restart, ..contracts::container() }]);
    plan.owner_cap = Some(1);
    let mut bench = Bench::new(plan);
    bench.declare(0, 0);
    bench.start(0);
    let _gone = bench.exit(0, Exit::Failed);
    bench.confirm_rows();
    bench.confirm_rows();
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.status(0)), (seconds(1), Status::Running));
}

#[test]
fn a_stop_of_one_unit_is_on_record_before_it_is_over() {
    let stopping = |bench: &Bench| {
        let rows = bench.all.iter().filter_map(|(_, effect)| match *effect {
            Effect::Persist { row, confirm, .. } => Some((row.status, confirm)),
            _ => None,
        });
        rows.filter(|(status, _)| *status == Status::Stopping).collect::<Vec<_>>()
    };
    // After a crash, what was stopping is stopped, and not interrupted.
    let mut bench = Bench::running(vec![contracts::session()]);
    let _applied = bench.stop(0);
    assert_eq!(stopping(&bench), [(Status::Stopping, false)]);
    // Where all stop, a row for each would only take time from them.
    let mut bench = Bench::running(vec![contracts::session(); 2]);
    let _begun = bench.handle(TERM);
    assert_eq!(stopping(&bench), []);
}

#[test]
fn the_same_deadline_said_again_changes_nothing() {
    let rungs =
        vec![Rung::new(Action::Kill, Span::from_secs(2)), Rung::new(Action::Forget, Span::ZERO).always()];
    let mut bench = Bench::running(vec![process(rungs, None)]);
    let _applied = bench.stop_with(0, false, Within::Unset, Caller::Nobody);
    let same = bench.stop_with(0, false, Within::For(Span::from_secs(2)), Caller::Nobody);
    assert_eq!(same, Disposition::Ignored(Why::AlreadyStopping));
    let _woken = bench.wake();
    assert!(!report(&bench, 0).overran, "it has had the time of its ladder");
}

#[test]
fn force_does_not_skip_what_is_forced_already() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    let _applied = bench.stop(0);
    let _failed = bench.finish(0, Outcome::Failed);
    assert_eq!(bench.actions(0), ["terminate", "kill"]);
    assert_eq!(bench.stop_with(0, true, Within::Unset, Caller::Nobody), Disposition::Applied);
    assert_eq!(bench.actions(0), ["terminate", "kill"], "the kill is on its way");
    assert_eq!(bench.engine.deadline_of(unit(0)), seconds(5), "and has its time");
}
