//! The phases of a shutdown in plans of other shapes than the daemon's, and what comes while one is on.

use winddown_core::*;

use crate::bench::{Bench, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn host(kinds: Vec<Kind>, phases: Vec<Rung<Phase>>, deadline: u64) -> Bench {
    let shutdown = Ladder::of_host(phases, Span::from_secs(deadline));
    let count = kinds.len();
    let mut bench = Bench::new(Plan { shutdown, ..contracts::host(kinds) });
    for number in 0..count {
        bench.declare(number, number);
        bench.start(number);
    }
    bench
}

fn stop_units() -> Rung<Phase> {
    Rung::new(Phase::StopUnits, Span::ZERO).rest().always()
}

fn phase(phase: Phase) -> Rung<Phase> {
    Rung::new(phase, Span::from_secs(1))
}

fn reports(bench: &Bench) -> usize {
    bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Report)).count()
}

fn finish(bench: &mut Bench, phase: Phase, outcome: Outcome) -> Disposition {
    bench.handle(Input::PhaseFinished { phase, outcome })
}

#[test]
fn a_forced_shutdown_skips_what_is_only_polite() {
    let all = [
        Phase::Notify,
        Phase::PauseUnits,
        Phase::StopUnits,
        Phase::DisconnectClients,
        Phase::ReleaseLease,
        Phase::CloseListener,
        Phase::UnlinkSocket,
        Phase::RemovePidFile,
    ];
    // None of them is marked to run on every path.
    let all = all.map(|it| if it == Phase::StopUnits { phase(it).rest() } else { phase(it) });
    let mut bench = host(vec![contracts::engagement()], all.to_vec(), 30);
    let _client = bench.handle(Input::ClientAttached { client: ClientId(0) });
    let _begun = bench.handle(Input::ShutdownRequested {
        graceful: false,
        within: Within::Unset,
        caller: Caller::Nobody,
    });
    bench.obey();
    assert_eq!(bench.exit_code(), Some(0));
    assert_eq!(bench.actions(0), ["abort"]);
    let winds = bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Wind { .. })).count();
    assert_eq!(winds, 4, "what others look at is put right on every path");
    let told = bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Tell { .. })).count();
    let sent = bench.all.iter().filter(|(_, effect)| matches!(effect, Effect::Disconnect { .. })).count();
    assert_eq!((told, sent), (0, 1));
}

#[test]
fn nothing_is_said_twice_about_a_shutdown_that_went_well() {
    let mut bench = Bench::running(vec![contracts::engagement(), contracts::container()]);
    let _begun = bench.handle(TERM);
    bench.obey();
    assert_eq!((bench.exit_code(), reports(&bench)), (Some(0), 1));
    assert!(!bench.engine.phase_failed(Phase::CloseListener));
}

#[test]
fn a_failure_far_down_the_ladder_costs_the_exit_its_zero() {
    for place in [1, 62, 63] {
        let mut phases = vec![phase(Phase::CloseListener); 64];
        phases[0] = stop_units();
        phases[place] = phase(Phase::UnlinkSocket);
        let mut bench = host(Vec::new(), phases, 100);
        let _begun = bench.handle(TERM);
        while bench.exit_code().is_none() {
            let (now, _) = bench.engine.present_phase().unwrap();
            let outcome = if now == Phase::UnlinkSocket { Outcome::Failed } else { Outcome::Done };
            assert_eq!(finish(&mut bench, now, outcome), Disposition::Applied);
        }
        assert_eq!(bench.exit_code(), Some(1), "place {place}");
        let failed = |phase| bench.engine.phase_failed(phase);
        assert_eq!((failed(Phase::UnlinkSocket), failed(Phase::CloseListener)), (true, false));
    }
}

#[test]
fn a_row_that_comes_after_its_phase_does_not_undo_that_it_was_late() {
    let phases = vec![stop_units(), phase(Phase::CloseListener)];
    let mut bench = host(vec![contracts::container()], phases, 4);
    let _begun = bench.handle(Input::ShutdownRequested {
        graceful: true,
        within: Within::For(Span::from_millis(1_500)),
        caller: Caller::Nobody,
    });
    let written = bench.effects.clone();
    while bench.engine.present_phase().unwrap().0 == Phase::StopUnits {
        let _woken = bench.wake();
    }
    assert!(bench.now < seconds(1), "the row had no second");
    bench.effects = written;
    bench.confirm_rows();
    let _closed = finish(&mut bench, Phase::CloseListener, Outcome::Done);
    assert_eq!((bench.exit_code(), bench.engine.report().overran), (Some(1), true));
    assert_eq!(bench.engine.report().unsaved().count(), 0, "and yet it is durable");
}

#[test]
fn who_is_over_in_the_same_instant_as_its_phase_is_not_late() {
    let mut bench = host(vec![contracts::container()], vec![stop_units()], 10);
    let _begun = bench.handle(TERM);
    assert_eq!(bench.engine.next_deadline(), Some(seconds(1)), "the row's");
    bench.now = seconds(1);
    // In the moment in which nobody waits for the row any more, nobody waits for anything.
    let at_once = Within::For(Span::ZERO);
    let caller = Caller::Nobody;
    let _over = bench.handle(Input::ShutdownRequested { graceful: true, within: at_once, caller });
    assert_eq!((bench.exit_code(), reports(&bench)), (Some(1), 1));
}

#[test]
fn a_unit_recovered_while_units_stop_is_waited_for() {
    let row = |status| Row {
        incarnation: Incarnation(2),
        status,
        reason: Reason::None,
        findings: 0,
        leaked: false,
    };
    let mut bench = host(vec![contracts::engagement()], vec![phase(Phase::Notify), stop_units()], 10);
    bench.declare(1, 0);
    bench.declare(2, 0);
    let _client = bench.handle(Input::ClientAttached { client: ClientId(0) });
    let _begun = bench.handle(TERM);
    let recover = |number| Input::UnitRecovered { unit: unit(number), row: row(Status::Running) };
    // While clients are told, it holds up nothing.
    assert_eq!(bench.handle(recover(1)), Disposition::Applied);
    bench.confirm_rows();
    let _told = bench.handle(Input::ClientTold { client: ClientId(0), outcome: Outcome::Done });
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::StopUnits);
    assert_eq!(bench.handle(recover(2)), Disposition::Applied);
    let written = bench.effects.clone();
    let _gone = bench.exit(0, Exit::Ended);
    while bench.status(0) == Status::Stopping {
        let step = bench.steps().last().unwrap().1;
        let _done = bench.handle(Input::StepFinished { unit: unit(0), step, outcome: Outcome::Done });
    }
    bench.confirm_rows();
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::StopUnits, "the row of 2 is on its way");
    bench.effects = written;
    bench.confirm_rows();
    assert_eq!((bench.exit_code(), bench.now), (Some(0), Moment::START));
}

#[test]
fn what_is_found_comes_after_what_is_recovered() {
    let mut bench = Bench::new(contracts::host(vec![contracts::container()]));
    bench.declare(0, 0);
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    let row = Row {
        incarnation: Incarnation(2),
        status: Status::Completed,
        reason: Reason::None,
        findings: 9,
        leaked: false,
    };
    let late = Input::UnitRecovered { unit: unit(0), row };
    assert_eq!(bench.handle(late), Disposition::Refused(Why::NumberTaken));
    assert_eq!(bench.engine.unit(unit(0)).unwrap().recorded, 1, "the finding is not lost");
}

/// A process that an earlier host left behind, and that runs again.
fn left_behind() -> Bench {
    let mut bench = Bench::new(contracts::host(vec![contracts::provider()]));
    bench.declare(0, 0);
    let row = Row {
        incarnation: Incarnation(3),
        status: Status::Running,
        reason: Reason::None,
        findings: 0,
        leaked: false,
    };
    let _recovered = bench.handle(Input::UnitRecovered { unit: unit(0), row });
    bench.confirm_rows();
    bench.start(0);
    bench
}

const REAPED: Input = Input::Reaped { unit: UnitId(0), outcome: Outcome::Done };
const NOT_REAPED: Input = Input::Reaped { unit: UnitId(0), outcome: Outcome::Failed };

#[test]
fn what_an_earlier_host_left_is_gone_before_its_successor_starts() {
    let starts = |bench: &Bench| bench.effects.iter().any(|effect| matches!(effect, Effect::Start { .. }));
    for (reaped, leaked) in [(REAPED, false), (NOT_REAPED, true)] {
        let mut bench = left_behind();
        assert_eq!((starts(&bench), bench.status(0)), (false, Status::Pending));
        assert_eq!(bench.engine.next_deadline(), None, "it waits for that as long as it takes");
        assert_eq!(bench.handle(reaped), Disposition::Applied);
        // Where it cannot be ended, waiting would not help.
        assert_eq!((starts(&bench), bench.status(0)), (true, Status::Running));
        assert_eq!(bench.engine.unit(unit(0)).unwrap().leaked, leaked);
        assert_eq!(
            bench.handle(reaped),
            Disposition::Ignored(Why::AlreadyExited),
            "nobody waits for it twice"
        );
    }
}

#[test]
fn who_waits_for_what_an_earlier_host_left_can_be_stopped_and_started_again() {
    let mut bench = left_behind();
    let _applied = bench.stop(0);
    bench.confirm_rows();
    assert_eq!((bench.actions(0), bench.status(0)), (vec!["remove"], Status::Stopping));
    let _removed = bench.finish(0, Outcome::Done);
    bench.confirm_rows();
    assert_eq!(bench.status(0), Status::Stopped);
    assert_eq!(bench.handle(REAPED), Disposition::Applied);
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })), "it was stopped");
    bench.start(0);
    assert_eq!(bench.status(0), Status::Running);
}

#[test]
fn what_is_reaped_is_not_the_body_that_the_present_host_left() {
    let mut bench = left_behind();
    assert_eq!(bench.handle(NOT_REAPED), Disposition::Applied);
    let _applied = bench.stop(0);
    while bench.engine.is_ending(unit(0)) {
        let _woken = bench.wake();
        bench.confirm_rows();
    }
    assert_eq!(bench.handle(REAPED), Disposition::Applied);
    let report = bench.engine.unit_report(unit(0)).unwrap();
    assert_eq!((report.leaked, report.lingers, report.abandoned), (true, true, 0));
    let _gone = bench.exit(0, Exit::Ended);
    assert!(!bench.engine.unit(unit(0)).unwrap().leaked, "and once that is gone, too, nothing is left");
}

#[test]
fn a_later_request_that_says_no_time_leaves_the_deadline() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    bench.now = seconds(7);
    let _begun = bench.handle(TERM);
    let again = Input::ShutdownRequested { graceful: true, within: Within::Unset, caller: Caller::Nobody };
    assert_eq!(bench.handle(again), Disposition::Ignored(Why::AlreadyStopping));
    assert_eq!(bench.engine.shutdown_deadline(), Some(seconds(37)));
    assert_eq!(bench.engine.report().began, seconds(7));
}

#[test]
fn force_skips_the_present_phase_only_if_it_is_polite_and_not_for_every_path() {
    let phases = [
        (phase(Phase::Notify), false),
        (phase(Phase::Notify).always(), true),
        (phase(Phase::CloseListener), true),
        (phase(Phase::CloseListener).always(), true),
    ];
    for (first, stays) in phases {
        let mut bench = host(vec![contracts::engagement()], vec![first, stop_units()], 10);
        let _client = bench.handle(Input::ClientAttached { client: ClientId(0) });
        let _begun = bench.handle(TERM);
        let _forced = bench.handle(TERM);
        let expected = if stays { first.action } else { Phase::StopUnits };
        assert_eq!(bench.engine.present_phase().unwrap().0, expected, "{first:?}");
    }
}

#[test]
fn only_those_that_can_hold_still_are_touched_before_units_stop() {
    let mut bench = Bench::running(vec![contracts::engagement(), contracts::session()]);
    // Holding still is no rung of a session's ladder, so nothing of it is done by a pause.
    let _asked = bench.handle(Input::PauseRequested { unit: unit(1), caller: Caller::Nobody });
    let _paused = bench.handle(Input::UnitPaused { unit: unit(1), incarnation: Incarnation(1) });
    let _begun = bench.handle(TERM);
    assert_eq!((bench.status(0), bench.status(1)), (Status::Stopping, Status::Paused));
    let _paused = bench.finish(0, Outcome::Done);
    assert_eq!(bench.actions(1), ["disconnect"]);
}

#[test]
fn nobody_waits_for_the_pause_of_what_is_past_it() {
    let mut bench = Bench::running(vec![contracts::engagement(); 2]);
    let _applied = bench.stop_with(1, false, Within::Unset, Caller::Nobody);
    let _paused = bench.finish(1, Outcome::Done);
    let _begun = bench.handle(TERM);
    let _paused = bench.finish(0, Outcome::Done);
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::StopUnits);
}

#[test]
fn what_an_earlier_host_left_does_not_end_the_wait_for_what_this_one_runs() {
    let mut bench = left_behind();
    let _begun = bench.handle(TERM);
    assert_eq!(bench.handle(REAPED), Disposition::Applied);
    assert_eq!(
        (bench.engine.present_phase().unwrap().0, bench.status(0)),
        (Phase::StopUnits, Status::Stopping)
    );
}

#[test]
fn the_time_of_a_ladder_is_counted_from_when_its_turn_comes() {
    let mut plan = contracts::host(vec![contracts::provider()]);
    plan.at_once = Some(1);
    plan.shutdown = Ladder::of_host(vec![phase(Phase::Notify), stop_units()], Span::from_secs(200));
    let mut bench = Bench::new(plan);
    for number in 0..3 {
        bench.declare(number, 0);
        bench.start(number);
    }
    let _client = bench.handle(Input::ClientAttached { client: ClientId(0) });
    let _begun = bench.handle(TERM);
    // Who says how long it may take is taken at the word.
    let said = bench.stop_with(2, false, Within::For(Span::from_secs(100)), Caller::Nobody);
    assert_eq!(said, Disposition::Applied);
    let _told = bench.handle(Input::ClientTold { client: ClientId(0), outcome: Outcome::Done });
    for (number, ends) in [(0, 30), (1, 40), (2, 100)] {
        while bench.actions(number).is_empty() {
            let _woken = bench.wake();
        }
        assert_eq!((number, bench.engine.stop_of(unit(number)).unwrap().ends), (number, seconds(ends)));
        bench.after(Span::from_secs(10));
        let _gone = bench.exit(number, Exit::Ended);
        let _removed = bench.finish(number, Outcome::Done);
        bench.confirm_rows();
    }
}

#[test]
fn a_row_that_failed_before_the_shutdown_is_written_by_it() {
    let mut bench = host(vec![contracts::container()], vec![stop_units()], 30);
    let _applied = bench.stop_with(0, false, Within::Unset, Caller::Nobody);
    let written = bench.effects.iter().find_map(|effect| match *effect {
        Effect::Persist { unit, row, confirm: true } => Some((unit, row)),
        _ => None,
    });
    let (unit, row) = written.unwrap();
    let _failed = bench.handle(Input::Persisted { unit, row, outcome: Outcome::Failed });
    let _begun = bench.handle(TERM);
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::StopUnits);
    bench.confirm_rows();
    assert_eq!((bench.exit_code(), bench.now), (Some(0), Moment::START));
}
