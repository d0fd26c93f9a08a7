//! Who goes before whom, and how many at once.

use winddown_core::*;

use crate::bench::{Bench, unit};

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
fn in_a_chain_nobody_is_told_before_those_that_it_waits_for_were() {
    // Each takes more than all the time there is, so each one's turn is half of what those before have left.
    let deaf = || contracts::task(Span::from_secs(60));
    let mut bench = Bench::running(vec![deaf(), deaf(), deaf(), deaf()]);
    for number in 1..4 {
        let depends = Input::DependencyDeclared { unit: unit(number), on: unit(number - 1) };
        assert_eq!(bench.handle(depends), Disposition::Applied);
    }
    let _begun = bench.handle(TERM);
    bench.confirm_rows();
    let ends = bench.engine.units_deadline().unwrap();
    let mut left = bench.now.until(ends);
    for place in 1..4 {
        while stopping(&bench).len() < place + 1 {
            let _woken = bench.wake();
        }
        left = left.half();
        assert_eq!(
            (stopping(&bench)[place], bench.now.until(ends)),
            (u32::try_from(3 - place).unwrap(), left)
        );
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

/// Units that go down these rungs, the second of which depends on the first.
fn two_that_go_down(rungs: Vec<Rung<Action>>, phases: Vec<Rung<Phase>>) -> Bench {
    let ladder = Ladder::of_unit(rungs, None);
    let mut plan = contracts::host(vec![Kind { ladder, ..contracts::session() }]);
    plan.shutdown = Ladder::of_host(phases, Span::from_secs(60));
    let mut bench = Bench::new(plan);
    for number in 0..2 {
        bench.declare(number, 0);
        bench.start(number);
    }
    let depends = Input::DependencyDeclared { unit: unit(1), on: unit(0) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
    bench
}

fn overran(bench: &Bench, number: usize) -> bool {
    bench.engine.unit_report(unit(number)).unwrap().overran
}

#[test]
fn who_had_less_time_because_it_waited_is_cut_off_by_its_deadline() {
    let rungs = vec![Rung::new(Action::Kill, Span::from_secs(10))];
    let mut bench = two_that_go_down(rungs, vec![Rung::new(Phase::StopUnits, Span::ZERO).rest()]);
    for number in [1, 0] {
        assert_eq!(bench.stop(number), Disposition::Applied);
    }
    while bench.engine.is_ending(unit(0)) {
        let _woken = bench.wake();
        bench.confirm_rows();
    }
    let killed = |number: usize| {
        let is = |effect: &Effect| matches!(effect, Effect::Perform { action: Action::Kill, .. });
        bench.all.iter().find(|(_, it)| it.unit() == Some(unit(number)) && is(it)).unwrap().0
    };
    assert_eq!((killed(1), killed(0)), (seconds(0), seconds(5)));
    assert!(!overran(&bench, 1), "its only rung had all of its 10 s");
    assert!(overran(&bench, 0), "it has waited for 5 of its 10 s");
}

#[test]
fn who_is_held_back_still_goes_after_what_depends_on_it() {
    let phases = vec![
        Rung::new(Phase::Notify, Span::from_secs(30)),
        Rung::new(Phase::StopUnits, Span::ZERO).rest().always(),
    ];
    let kill = Rung::new(Action::Kill, Span::from_secs(10));
    let mut bench = two_that_go_down(vec![Rung::new(Action::Disconnect, Span::from_secs(2)), kill], phases);
    let _came = bench.handle(Input::ClientAttached { client: ClientId(0) });
    let _begun = bench.handle(TERM);
    for number in [1, 0] {
        let within = Within::For(Span::from_secs(4));
        assert_eq!(bench.stop_with(number, false, within, Caller::Nobody), Disposition::Applied);
    }
    assert_eq!(stopping(&bench), [] as [u32; 0], "a client is being told");
    let _woken = bench.wake();
    assert_eq!(stopping(&bench), [1]);
    go(&mut bench, 1);
    let _woken = bench.wake();
    assert_eq!(stopping(&bench), [1, 0]);
    assert!(bench.now <= seconds(4));
}

#[test]
fn who_waits_already_waits_for_a_dependent_that_begins_to_stop_later() {
    let mut bench = sessions(3, None, &[(1, 0), (2, 0)]);
    let within = Within::For(Span::from_secs(60));
    assert_eq!(bench.stop(1), Disposition::Applied);
    assert_eq!(bench.stop_with(0, false, within, Caller::Nobody), Disposition::Applied);
    assert_eq!(bench.stop(2), Disposition::Applied);
    go(&mut bench, 1);
    assert_eq!(stopping(&bench), [1, 2], "the other one is still on its way");
    go(&mut bench, 2);
    assert_eq!(stopping(&bench), [1, 2, 0]);
}

#[test]
fn who_still_pauses_waits_then_for_what_depends_on_it_and_begins_to_stop_meanwhile() {
    for by_a_shutdown in [false, true] {
        let rungs = vec![
            Rung::new(Action::Pause, Span::from_secs(5)),
            Rung::new(Action::Checkpoint, Span::from_secs(5)),
            Rung::new(Action::Abort, Span::ZERO),
        ];
        let slow = Kind { ladder: Ladder::of_unit(rungs, None), ..contracts::engagement() };
        let mut bench = Bench::running(vec![slow, contracts::session()]);
        let depends = Input::DependencyDeclared { unit: unit(1), on: unit(0) };
        assert_eq!(bench.handle(depends), Disposition::Applied);
        assert_eq!(bench.stop(0), Disposition::Applied);
        if by_a_shutdown {
            let _begun = bench.handle(TERM);
            // The phase in which all are to hold still is over.
            let _woken = bench.wake();
        } else {
            assert_eq!(bench.stop(1), Disposition::Applied);
        }
        assert_eq!(bench.finish(0, Outcome::Done), Disposition::Applied);
        assert_eq!(bench.actions(0), ["pause"], "its dependent lives");
        go(&mut bench, 1);
        assert_eq!(bench.actions(0), ["pause", "checkpoint"]);
    }
}
