//! The whole host on its way down.

use winddown_core::*;

use crate::bench::{Bench, answer_to, unit};

fn daemon(engagements: usize, clients: u16) -> Bench {
    let mut bench = Bench::running(vec![contracts::engagement(); engagements]);
    for client in 0..clients {
        assert_eq!(bench.handle(Input::ClientAttached { client: ClientId(client) }), Disposition::Applied);
    }
    bench
}

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

/// Where the effects of one kind stand among all.
fn places(bench: &Bench, test: impl Fn(&Effect) -> bool) -> Vec<usize> {
    bench.all.iter().enumerate().filter(|(_, (_, effect))| test(effect)).map(|(place, _)| place).collect()
}

/// The shutdown that somebody asks for within this time.
const fn asked(within: Within) -> Input {
    Input::ShutdownRequested { graceful: true, within, caller: Caller::Nobody }
}

#[test]
fn the_first_signal_joins_a_shutdown_that_somebody_asked_for_and_the_second_one_forces_it() {
    let deadline = |bench: &Bench| Moment::START.until(bench.engine.shutdown_deadline().unwrap());
    let soon = Within::For(Span::from_secs(20));
    // Asked for, with the deadline that the signal after 10 s leaves it; and with an outer grace of 20 s.
    for (within, outer, left) in [
        (Within::Unset, None, 30),
        (soon, None, 20),
        (Within::Unlimited, None, 40),
        (Within::Unlimited, Some(Span::from_secs(20)), 18),
    ] {
        let plan = Plan { outer_grace: outer, ..contracts::host(vec![contracts::engagement()]) };
        let mut bench = Bench::new(plan);
        bench.declare(0, 0);
        bench.start(0);
        let _begun = bench.handle(asked(within));
        bench.now = Moment::START.after(Span::from_secs(10));
        assert_eq!(bench.handle(TERM), Disposition::Applied);
        assert_eq!(
            (deadline(&bench), bench.engine.report().forced),
            (Span::from_secs(left), false),
            "{within:?}"
        );
        assert_eq!(bench.handle(TERM), Disposition::Applied);
        assert!(bench.engine.report().forced);
        assert!(deadline(&bench) <= Span::from_secs(15));
    }
}

#[test]
fn everything_is_preserved_in_order_and_the_exit_is_zero() {
    let mut bench = daemon(3, 2);
    let _found = bench.handle(Input::FindingRecorded { unit: unit(1), durable: false });
    let _asked = bench.handle(Input::PauseRequested { unit: unit(2), caller: Caller::Nobody });
    let _paused = bench.handle(Input::UnitPaused { unit: unit(2), incarnation: Incarnation(1) });
    assert_eq!(bench.handle(TERM), Disposition::Applied);
    bench.obey();
    assert_eq!(bench.exit_code(), Some(0));
    let is_checkpoint = |effect: &Effect| matches!(effect, Effect::Checkpoint { .. });
    let is_pause = |effect: &Effect| matches!(effect, Effect::Perform { action: Action::Pause, .. });
    let is_disconnect = |effect: &Effect| matches!(effect, Effect::Disconnect { .. });
    let is_wind = |effect: &Effect| matches!(effect, Effect::Wind { .. });
    let (pauses, checkpoints) = (places(&bench, is_pause), places(&bench, is_checkpoint));
    assert_eq!((pauses.len(), checkpoints.len()), (2, 3), "what was paused before is checkpointed, too");
    assert!(pauses.last() < checkpoints.first(), "all hold still before any is checkpointed");
    assert!(checkpoints.last() < places(&bench, is_disconnect).first());
    assert!(places(&bench, is_disconnect).last() < places(&bench, is_wind).first());
    assert_eq!(places(&bench, is_wind).len(), 3);
    let report = bench.engine.report();
    assert_eq!(report.units[1].saved, 1);
    assert!(report.units.iter().all(|unit| unit.status == Status::Stopped));
}

#[test]
fn nothing_to_do_takes_no_time() {
    let mut bench = Bench::new(contracts::host(Vec::new()));
    let _begun = bench.handle(TERM);
    bench.obey();
    assert_eq!((bench.exit_code(), bench.now), (Some(0), Moment::START));
    assert_eq!(bench.handle(TERM), Disposition::Ignored(Why::Exited));
    assert!(bench.effects.is_empty());
}

#[test]
fn a_world_that_never_answers_is_left_at_the_deadline() {
    let mut bench = daemon(2, 3);
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    let caller = bench.ticket();
    let _begun = bench.handle(Input::ShutdownRequested { graceful: true, within: Within::Unset, caller });
    assert_eq!(bench.answers(), [Answer::ShuttingDown { by: Moment::from_nanos(30_000_000_000) }]);
    while bench.exit_code().is_none() {
        assert_eq!(bench.wake(), Disposition::Applied, "no wake-up is for nothing");
    }
    assert_eq!(bench.exit_code(), Some(1));
    assert!(bench.now <= Moment::from_nanos(30_000_000_000));
    assert_eq!(
        places(&bench, |effect| matches!(effect, Effect::Wind { .. })).len(),
        3,
        "artifacts go all the same"
    );
    let report = bench.engine.report();
    assert!(report.overran);
    assert_eq!(report.unsaved().count(), 1, "the report names what was not preserved");
    assert_eq!(places(&bench, |effect| matches!(effect, Effect::Report)).len(), 2);
}

#[test]
fn one_failing_checkpoint_blocks_nobody_and_is_said() {
    let mut bench = daemon(2, 0);
    let _begun = bench.handle(TERM);
    let mut asked = bench.effects.clone();
    while !asked.is_empty() {
        let effect = asked.remove(0);
        let answer = match answer_to(effect, bench.now) {
            Some(Input::StepFinished { unit, step, .. })
                if unit == UnitId(0) && matches!(effect, Effect::Checkpoint { .. }) =>
            {
                Some(Input::StepFinished { unit, step, outcome: Outcome::Failed })
            }
            other => other,
        };
        if let Some(input) = answer {
            let _any = bench.handle(input);
            asked.extend(bench.effects.clone());
        }
    }
    assert_eq!(bench.exit_code(), Some(1));
    assert_eq!(bench.status(1), Status::Stopped);
    assert_eq!(bench.engine.unit_report(unit(0)).unwrap().failed, Some(Action::Checkpoint));
}

#[test]
fn the_second_signal_forces_and_a_hangup_never_stops() {
    let mut bench = daemon(1, 0);
    assert_eq!(bench.handle(Input::SignalReceived { signal: Signal::Hangup }), Disposition::Applied);
    assert_eq!(bench.effects, [Effect::Reload]);
    assert!(!bench.engine.is_draining());
    let _begun = bench.handle(TERM);
    assert_eq!(bench.engine.shutdown_deadline(), Some(Moment::from_nanos(30_000_000_000)));
    assert_eq!(bench.handle(Input::SignalReceived { signal: Signal::Interrupt }), Disposition::Applied);
    assert_eq!(bench.engine.shutdown_deadline(), Some(Moment::from_nanos(5_000_000_000)));
    assert_eq!(bench.actions(0), ["pause", "abort"], "gentle rungs are skipped");
    assert_eq!(bench.handle(TERM), Disposition::Ignored(Why::AlreadyStopping));
    bench.obey();
    assert!(bench.engine.report().forced);
}

#[test]
fn a_signal_before_anything_is_not_lost() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    bench.declare(0, 0);
    let _begun = bench.handle(TERM);
    let caller = bench.ticket();
    let start = Input::StartRequested { unit: unit(0), caller };
    assert_eq!(bench.handle(start), Disposition::Refused(Why::Draining));
    assert_eq!(bench.answers(), [Answer::Refused(Why::Draining)]);
}

#[test]
fn dependents_go_first_and_only_so_many_at_once() {
    let mut plan = contracts::host(vec![contracts::session()]);
    plan.at_once = Some(2);
    let mut bench = Bench::new(plan);
    for number in 0..5 {
        bench.declare(number, 0);
        bench.start(number);
    }
    let depends = Input::DependencyDeclared { unit: unit(4), on: unit(0) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
    let circle = Input::DependencyDeclared { unit: unit(0), on: unit(4) };
    assert_eq!(bench.handle(circle), Disposition::Refused(Why::Circular));
    let _begun = bench.handle(TERM);
    let stopping = |bench: &Bench| bench.steps().iter().map(|(unit, _, _)| unit.0).collect::<Vec<_>>();
    assert_eq!(stopping(&bench), [1, 2], "0 waits for 4, and there are two places");
    for (first, next) in [(1, 3), (2, 4)] {
        let _gone = bench.exit(first, Exit::Ended);
        bench.confirm_rows();
        assert_eq!(stopping(&bench).last(), Some(&next));
    }
    let _gone = bench.exit(3, Exit::Ended);
    bench.confirm_rows();
    assert!(!stopping(&bench).contains(&0));
    let _gone = bench.exit(4, Exit::Ended);
    bench.confirm_rows();
    assert!(stopping(&bench).contains(&0));
}

#[test]
fn a_hundred_thousand_that_end_in_one_instant_leave_the_stack_flat() {
    const UNITS: usize = 100_000;
    let mut plan = contracts::host(vec![contracts::container()]);
    plan.at_once = Some(1);
    let mut engine = Engine::new(std::sync::Arc::new(plan)).unwrap();
    let mut effects = Effects::new();
    let mut take = |engine: &mut Engine, input| {
        effects.clear();
        let _any = engine.handle(Moment::START, input, &mut effects);
        effects.as_slice().to_vec()
    };
    for number in 0..UNITS {
        take(&mut engine, Input::UnitDeclared { unit: unit(number), kind: KindId(0), owner: OwnerId(0) });
        take(&mut engine, Input::StartRequested { unit: unit(number), caller: Caller::Nobody });
        if number > 0 {
            take(&mut engine, Input::DependencyDeclared { unit: unit(number), on: unit(number - 1) });
        }
    }
    // All rows are durable before the first unit in line is: then each one ends as the one before it does.
    let mut asked = take(&mut engine, TERM);
    asked.retain(|effect| matches!(effect, Effect::Persist { .. }));
    assert_eq!(asked.len(), UNITS);
    for effect in asked {
        take(&mut engine, answer_to(effect, Moment::START).unwrap());
    }
    assert!((0..UNITS).all(|number| !engine.is_ending(unit(number))));
}

#[test]
fn a_late_client_is_told_and_leaves_with_the_others() {
    let mut bench = daemon(1, 0);
    let _begun = bench.handle(TERM);
    let _late = bench.handle(Input::ClientAttached { client: ClientId(7) });
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Tell { .. })));
    bench.effects = bench.all.iter().map(|(_, effect)| *effect).collect();
    bench.obey();
    assert_eq!(places(&bench, |effect| *effect == Effect::Disconnect { client: ClientId(7) }).len(), 1);
    assert_eq!(bench.exit_code(), Some(0));
}

#[test]
fn an_outer_grace_leaves_a_margin() {
    let mut plan = contracts::host(Vec::new());
    plan.outer_grace = Some(Span::from_secs(10));
    let mut bench = Bench::new(plan);
    bench.now = Moment::from_nanos(1);
    let caller = bench.ticket();
    let _begun = bench.handle(Input::ShutdownRequested { graceful: true, within: Within::Unset, caller });
    assert_eq!(bench.answers(), [Answer::ShuttingDown { by: Moment::from_nanos(9_000_000_001) }]);
}

#[test]
fn after_a_crash_no_unit_runs_without_an_owner() {
    let kinds = vec![contracts::container(), contracts::session()];
    for status in [Status::Running, Status::Paused, Status::Stopping, Status::Pending, Status::Completed] {
        let mut bench = Bench::new(contracts::host(kinds.clone()));
        for number in 0..2 {
            bench.declare(number, number);
            let row =
                Row { incarnation: Incarnation(3), status, reason: Reason::None, findings: 4, leaked: false };
            let _found = bench.handle(Input::UnitRecovered { unit: unit(number), row });
            let reaps = bench.effects.iter().any(|effect| matches!(effect, Effect::Reap { .. }));
            assert_eq!(reaps, number == 1 && !status.is_terminal(), "{status}");
            bench.obey();
            let view = bench.engine.unit(unit(number)).unwrap();
            assert!(view.status.is_terminal(), "{status}");
            assert_eq!((view.recorded, view.saved, view.leaked), (4, 4, false));
        }
    }
}
