//! What a plan must be: for each rule a plan that just keeps it, and one that just does not.

use std::sync::Arc;

use winddown_core::*;

fn phases(phases: &[Phase]) -> Plan {
    let rungs = phases.iter().map(|phase| Rung::new(*phase, Span::ZERO).rest()).collect();
    Plan { shutdown: Ladder::of_host(rungs, Span::from_secs(1)), ..contracts::host(Vec::new()) }
}

fn kinds(count: usize) -> Plan {
    let kind = Kind {
        ladder: Ladder::of_unit(vec![Rung::new(Action::Kill, Span::ZERO)], None),
        ..contracts::container()
    };
    contracts::host(vec![kind; count])
}

fn unit_rungs(count: usize) -> Plan {
    let ladder = Ladder::of_unit(vec![Rung::new(Action::Kill, Span::ZERO); count], None);
    contracts::host(vec![contracts::container(), Kind { ladder, ..contracts::container() }])
}

fn host_rungs(count: usize) -> Plan {
    let mut all = vec![Phase::CloseListener; count - 1];
    all.push(Phase::StopUnits);
    phases(&all)
}

fn at_once(at_once: Option<u16>) -> Plan {
    Plan { at_once, ..contracts::host(Vec::new()) }
}

/// What the plan is refused for, by its check and by the engine alike.
#[track_caller]
fn refused(plan: Plan) -> Option<PlanError> {
    let error = plan.check().err();
    assert_eq!(Engine::new(Arc::new(plan)).err(), error);
    error
}

#[test]
fn a_plan_is_as_big_as_its_numbers_can_count() {
    assert_eq!(refused(kinds(0)), None);
    assert_eq!(refused(kinds(65_535)), None);
    assert_eq!(refused(kinds(65_536)), Some(PlanError::TooManyKinds));
    assert_eq!(refused(unit_rungs(254)), None);
    assert_eq!(refused(unit_rungs(255)), Some(PlanError::TooManyRungs));
    assert_eq!(refused(host_rungs(64)), None);
    assert_eq!(refused(host_rungs(65)), Some(PlanError::TooManyRungs));
}

#[test]
fn a_plan_lets_its_units_stop() {
    assert_eq!(refused(at_once(None)), None);
    assert_eq!(refused(at_once(Some(1))), None);
    assert_eq!(refused(at_once(Some(0))), Some(PlanError::NoneAtOnce));
    assert_eq!(refused(phases(&[])), Some(PlanError::UnitsNeverStop));
    assert_eq!(refused(phases(&[Phase::Notify, Phase::PauseUnits])), Some(PlanError::UnitsNeverStop));
}

#[test]
fn a_plan_lets_its_units_start() {
    let cap = |owner_cap| Plan { owner_cap, ..contracts::host(Vec::new()) };
    assert_eq!(refused(cap(None)), None);
    assert_eq!(refused(cap(Some(1))), None);
    assert_eq!(refused(cap(Some(0))), Some(PlanError::NoneForOwners));
}

#[test]
fn a_rung_waits_for_as_long_as_the_grace_that_it_gives() {
    let grace = Span::from_secs(5);
    let terminate = |patience| Rung::new(Action::Terminate { grace }, patience);
    let plan = |rung| {
        let kill = Rung::new(Action::Kill, Span::ZERO);
        let ladder = Ladder::of_unit(vec![Rung::new(Action::Probe, Span::ZERO), rung, kill], None);
        contracts::host(vec![contracts::container(), Kind { ladder, ..contracts::provider() }])
    };
    assert_eq!(refused(plan(terminate(grace))), None);
    assert_eq!(refused(plan(terminate(Span::ZERO).rest())), None);
    let short = terminate(Span::from_nanos(grace.nanos() - 1));
    assert_eq!(refused(plan(short)), Some(PlanError::GraceCutShort));
    assert_eq!(refused(plan(short.always())), Some(PlanError::GraceCutShort));
}

#[test]
fn a_ladder_ends_its_body_also_by_force() {
    let soon = Span::from_secs(1);
    let plan = |rungs: &[Rung<Action>]| {
        let ladder = Ladder::of_unit(rungs.to_vec(), None);
        contracts::host(vec![Kind { ladder, ..contracts::provider() }])
    };
    for action in [Action::Kill, Action::Abort, Action::Remove] {
        assert_eq!(refused(plan(&[Rung::new(action, soon)])), None);
    }
    for gentle in [Action::RequestCancel, Action::Terminate { grace: Span::ZERO }] {
        assert_eq!(refused(plan(&[Rung::new(gentle, soon)])), Some(PlanError::BodyNeverEnds));
        assert_eq!(refused(plan(&[Rung::new(gentle, soon).always()])), None);
    }
    for action in [Action::Probe, Action::Pause, Action::Checkpoint, Action::Disconnect, Action::Forget] {
        assert_eq!(refused(plan(&[Rung::new(action, soon).always()])), Some(PlanError::BodyNeverEnds));
    }
    assert_eq!(refused(plan(&[])), Some(PlanError::BodyNeverEnds));
}

#[test]
fn units_are_paused_once_and_then_stopped_once() {
    let (pause, stop) = (Phase::PauseUnits, Phase::StopUnits);
    assert_eq!(refused(phases(&[stop])), None);
    assert_eq!(refused(phases(&[pause, stop])), None);
    assert_eq!(refused(phases(&[Phase::Notify, stop, Phase::CloseListener])), None);
    for wrong in [&[stop, stop][..], &[stop, pause], &[pause, pause, stop], &[pause, stop, pause]] {
        assert_eq!(refused(phases(wrong)), Some(PlanError::UnitsOutOfOrder), "{wrong:?}");
    }
    let soon = vec![Rung::new(stop, Span::from_secs(1))];
    let shutdown = Ladder::of_host(soon, Span::from_secs(9));
    let plan = Plan { shutdown, ..contracts::host(Vec::new()) };
    assert_eq!(refused(plan), Some(PlanError::UnitsCutShort), "who has 9 s is not left after one");
}

#[test]
fn a_refusal_says_what_is_wrong_with_the_plan() {
    let told = [
        (PlanError::TooManyRungs, "254 rungs"),
        (PlanError::TooManyKinds, "65535 kinds"),
        (PlanError::NoneAtOnce, "leave it out for no limit"),
        (PlanError::NoneForOwners, "no unit could ever start"),
        (PlanError::GraceCutShort, "wait at least as long as the grace"),
        (PlanError::BodyNeverEnds, "add one: kill, abort or remove"),
        (PlanError::UnitsNeverStop, "no stop-units rung"),
        (PlanError::UnitsCutShort, "wait at stop-units for the rest"),
        (PlanError::UnitsOutOfOrder, "one stop-units rung, and pause-units only before it"),
    ];
    for (error, words) in told {
        assert!(error.to_string().contains(words), "{error:?} says: {error}");
    }
}

#[test]
fn what_a_rung_is_made_of_stays_as_later_words_are_added() {
    let rung = Rung::new(Action::Kill, Span::from_secs(3)).always().or_force().rest();
    let expected =
        Rung { action: Action::Kill, patience: Patience::Rest, always: true, otherwise: Otherwise::Force };
    assert_eq!(rung, expected);
    let plain = Rung::new(Action::Kill, Span::from_secs(3));
    assert_eq!((plain.always, plain.otherwise), (false, Otherwise::Next));
    assert_eq!(plain.always(), Rung { always: true, ..plain });
}

#[test]
fn a_reserve_is_for_what_runs_on_forced_paths_too() {
    let second = Span::from_secs(1);
    let rungs = vec![
        Rung::new(Action::Disconnect, second),
        Rung::new(Action::Pause, second),
        Rung::new(Action::Probe, second).always(),
        Rung::new(Action::Kill, second),
        Rung::new(Action::Forget, Span::ZERO),
    ];
    let ladder = Ladder::of_unit(rungs, None);
    let reserves: Vec<u64> = (0..6).map(|rung| ladder.reserve_after(rung).nanos() / second.nanos()).collect();
    assert_eq!(
        reserves,
        [2, 2, 1, 0, 0, 0],
        "a gentle rung is skipped when time is short, so none is kept for it"
    );
    assert_eq!(ladder.budget(), Span::from_secs(4), "with time enough it has its second");
}

#[test]
fn a_ladder_that_is_written_down_has_rungs_and_a_rest_of_something() {
    let kill = Rung::new(Action::Kill, Span::from_secs(3));
    let written = |rungs: &[Rung<Action>], budget| Ladder::written(rungs.to_vec(), budget);
    assert_eq!(written(&[kill], None), Ok(Ladder::of_unit(vec![kill], None)));
    assert_eq!(written(&[], None), Err(LadderError::Rungs(0)));
    assert!(written(&[kill; Plan::RUNGS_MAX], None).is_ok());
    assert_eq!(written(&[kill; Plan::RUNGS_MAX + 1], None), Err(LadderError::Rungs(255)));
    assert_eq!(written(&[kill.rest()], None), Err(LadderError::RestOfNothing));
    assert!(written(&[kill.rest()], Some(Span::from_secs(1))).is_ok());
}
